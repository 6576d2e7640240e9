#!/bin/sh
# Map Runs while they run: the progress of `moonstep run`, and what `history
# --follow` tells between their start and their end.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"
command -v python3 >/dev/null || { echo "no python3"; exit 77; }
screen="python3 $(dirname "$(realpath "$0")")/../support/screen.py"
export LC_ALL=C.UTF-8

# Items are numbers; 3 is no good.
definition() { # SECONDS [FIELD]...
  seconds=$1
  shift
  cat <<JSON
{"StartAt": "Each", "States": {"Each": {"Type": "Map", "Label": "Parts",
  $*
  "ItemProcessor": {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "Hold", "States": {
      "Hold": {"Type": "Wait", "Seconds": $seconds, "Next": "Good?"},
      "Good?": {"Type": "Choice", "Default": "Fine", "Choices": [
        {"Variable": "$", "NumericEquals": 3, "Next": "Bad"}]},
      "Bad": {"Type": "Fail", "Error": "Own.Bad", "Cause": "it is a 3"},
      "Fine": {"Type": "Succeed"}}},
  "Next": "Sum"}, "Sum": {"Type": "Pass", "End": true}}}
JSON
}
definition 0 '"ToleratedFailureCount": 1,' >"$home/quick.asl.json"
definition 0 >"$home/strict.asl.json"
definition 2 '"ToleratedFailureCount": 1,' >"$home/slow.asl.json"
definition 9999 '"MaxConcurrency": 2,' >"$home/stuck.asl.json"

# Plain lines: the last counts stand before what follows, in order.
expect 0 run "$home/quick.asl.json" --input '[1,2,3,4]'
err_has 'Each         MapStateStarted                 4 items'
err_has ':mapRun:quick/Parts:'
err_has 'Own.Bad: it is a 3'
grep -o 'ExecutionFailed\|3 of 4 items, 1 failed\|[A-Za-z]*Exited' \
  "$home/err" >"$home/order"
printf '%s\n' ExecutionFailed '3 of 4 items, 1 failed' MapStateExited \
  PassStateExited | cmp -s - "$home/order" || fail "another order"
[ "$(wc -l <"$home/err")" = 8 ] || fail "children are told of"

# On a terminal.
$screen 70 20 0.2 "$moonstep" run "$home/slow.asl.json" \
  --input '[1,2,3,4]' >"$home/out" || fail "it failed"
out_has '░░░░░░░░░░ 0/4, 4 running'
sed -e '1,/^= end/d' -e 's/[0-9a-f]\{12\} /CHILD /' \
  -e 's/  *[0-9.]*[0-9]m\?s / 0s /' -e 's/ *$//' "$home/out" |
  grep 'Each\|CHILD' >"$home/tree"
printf '%s\n' '✓ Each 0s   4 items, 1 failed' \
  '  ✗ CHILD 0s   Own.Bad: it is a 3' | cmp -s - "$home/tree" ||
  fail "the screen is: $(cat "$home/tree")"

# One that is not tolerated: the state fails with what the run failed with.
$screen 100 20 0.2 "$moonstep" run "$home/strict.asl.json" \
  --input '[1,2,3,4]' >"$home/out" && fail "it succeeded"
out_has 'States.ExceedToleratedFailureThreshold'
out_has 'Own.Bad: it is a 3'
out_has 'FAILED in state "Each"'

# Whoever goes on asks for the counts of what was going on.
"$moonstep" run "$home/slow.asl.json" --data "$home/store" --name on \
  --input '[1,2,3,4]' >"$home/out" 2>"$home/killed" &
pid=$!
wait_for MapRunStarted "$home/killed"
kill -9 $pid
wait $pid 2>/dev/null || true
expect 0 run "$home/slow.asl.json" --data "$home/store" --name on
err_has 'continues where it was'
err_has '3 of 4 items, 1 failed'
expect 0 run "$home/quick.asl.json" --input '[3]' --progress none
[ ! -s "$home/err" ] || fail "progress that nobody wanted"

# Following a history.
start_server
expect 0 start "$home/stuck.asl.json" --name f --input '[1,2,3,4]'
"$moonstep" history stuck:f --follow >"$home/events" 2>"$home/notes" &
follower=$!
wait_for 'MapRunStarted  arn:.*:mapRun:stuck/Parts:' "$home/events"
wait_for 'moonstep: Parts: 0 items succeeded, 2 running, 2 pending' \
  "$home/notes"
expect 0 stop stuck:f
wait $follower && fail "following ended with 0"
[ "$(grep -c 'items succeeded' "$home/notes")" = 1 ] ||
  fail "what had not changed was told again"
stop_server
