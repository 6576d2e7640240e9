#!/bin/sh
# `moonstep history --follow`: every event once, through kill -9 of the server.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

mkdir "$home/handlers"
cat >"$home/handlers/flaky.lua" <<'LUA'
return { run = function(input, task)
  if task.attempt == 1 then error({ Error = "Own.Flaky", Cause = "a\nb" }) end
  return { attempt = task.attempt }
end }
LUA
cat >"$home/flaky.asl.json" <<'JSON'
{"StartAt": "Try", "States": {"Try": {"Type": "Task",
  "Resource": "lua:flaky.run", "TimeoutSeconds": 60, "End": true,
  "Retry": [{"ErrorEquals": ["Own.Flaky"], "IntervalSeconds": 1}]}}}
JSON

# follow ARGUMENT...: in the background; events and notes go to files.
follow() {
  : >"$home/notes"
  "$moonstep" history "$@" --follow >"$home/events" 2>>"$home/notes" &
  follower=$!
}

follower_ends() {
  status=0
  wait $follower || status=$?
  [ $status = "$1" ] ||
    { cat "$home/notes"; fail "the follower ended with $status, not $1"; }
}

ids_are() {
  sed 's/.*"id":\([0-9]*\),.*/\1/' "$home/events" >"$home/ids"
  seq 1 "$1" | cmp - "$home/ids" || fail "these are not the ids 1 to $1"
}

start_server --handlers "$home/handlers"
expect 0 start "$home/flaky.asl.json" --name a
expect 0 history flaky:a --follow
out_has "  TaskScheduled  lua:flaky.run  timeout 60s  {}"
out_has "Try             TaskFailed"
out_has "Own.Flaky: a b"
out_has "TaskScheduled  retry 1  lua:flaky.run"
out_has '{"attempt":2}'
err_has "SUCCEEDED in 1"
[ "$(wc -l <"$home/out")" = 11 ] || fail "not a heading and 10 events"
expect 0 history flaky:a # the same without following
[ "$(wc -l <"$home/out")" = 11 ] || fail "history has other lines"
expect 0 history flaky:a --follow --json
[ "$(wc -l <"$home/out")" = 10 ] || fail "--json has not 10 lines"
head -n 1 "$home/out" | grep -q '^{"timestamp":.*"id":1,.*}$' ||
  fail "the first line is not event 1"

# Iterations and branches are told apart.
cat >"$home/nest.asl.json" <<'JSON'
{"StartAt": "Each", "States": {"Each": {"Type": "Map", "End": true,
  "ItemProcessor": {"StartAt": "Both", "States": {"Both": {
    "Type": "Parallel", "End": true, "Branches": [
      {"StartAt": "Left", "States": {"Left": {"Type": "Pass", "End": true}}},
      {"StartAt": "Right", "States": {"Right": {"Type": "Pass",
        "End": true}}}]}}}}}}
JSON
expect 0 start "$home/nest.asl.json" --name a --input '[1,2]'
expect 0 history nest:a --follow
out_has "  Each            MapStateStarted  2 items"
out_has "  │ [0] Both      ParallelStateEntered  1"
out_has "  │ │ Left        PassStateExited"
out_has "  │ [1] Each      MapIterationSucceeded"
! grep -q "$(printf '\033')" "$home/out" || fail "colours in a pipe"
if command -v script >/dev/null; then # a terminal has colours, if wanted
  export TERM=xterm LC_ALL=C.UTF-8
  command="'$moonstep' history nest:a --follow"
  script -qec "$command" /dev/null >"$home/out" 2>&1 </dev/null ||
    fail "on a terminal"
  grep -q "$(printf '\033\[32mMapStateSucceeded')" "$home/out" ||
    fail "no colours on a terminal"
  NO_COLOR=1 script -qec "$command" /dev/null >"$home/out" 2>&1 </dev/null
  ! grep -q "$(printf '\033')" "$home/out" || fail "colours with NO_COLOR"
fi

# The exit status is that of the execution.
expect 0 start "$home/bad.asl.json" --name b
expect 1 history bad:b --follow
err_has "FAILED"
err_has "Error: Own.Error"
expect 1 history bad:none --follow
err_has "ExecutionDoesNotExist"
expect 2 history bad:b --follow --reverse
expect 2 history bad:b --follow --max 5

# The server is killed and started again, twice, while nothing happens.
expect 0 start "$home/hold.asl.json" --name c --input '{"s":999}'
follow hold:c --json
wait_for WaitStateEntered "$home/events"
for time in 1 2; do
  : >"$home/notes"
  kill_server
  wait_for "the server is gone" "$home/notes"
  start_server --handlers "$home/handlers"
  wait_for "connected again" "$home/notes"
done
expect 0 stop hold:c --error Own.Stop
follower_ends 1
ids_are 3
grep -q "Error: Own.Stop" "$home/notes" || fail "the end was not told"

# And while it works: no event is missing, none comes twice.
cat >"$home/loop.asl.json" <<'JSON'
{"StartAt": "Next", "States": {
  "Next": {"Type": "Pass", "Next": "Over", "Parameters":
    {"n.$": "States.MathAdd($.n, 1)"}},
  "Over": {"Type": "Choice", "Default": "Done", "Choices":
    [{"Variable": "$.n", "NumericLessThan": 4000, "Next": "Next"}]},
  "Done": {"Type": "Succeed"}}}
JSON
expect 0 start "$home/loop.asl.json" --name f --input '{"n":0}'
follow loop:f --json
wait_for '"id":1000,' "$home/events"
kill_server
start_server --handlers "$home/handlers"
follower_ends 0
ids_are 16004
grep -q "SUCCEEDED in" "$home/notes" || fail "the end was not told"
expect 0 history loop:f
err_has "there are more; --max 0 shows all"

# start --wait goes on, too.
: >"$home/notes"
"$moonstep" start hold --input '{"s":999}' --name w --wait \
  >"$home/events" 2>>"$home/notes" &
follower=$!
wait_for "execution:hold:w" "$home/notes"
kill_server
wait_for "the server is gone" "$home/notes"
start_server --handlers "$home/handlers"
wait_for "connected again" "$home/notes"
expect 0 stop hold:w --error Own.Stop
follower_ends 1
grep -q "Error: Own.Stop" "$home/notes" || fail "start --wait lost its end"

# Ctrl-C ends the following, not the execution.
expect 0 start "$home/hold.asl.json" --name d --input '{"s":999}'
follow hold:d
wait_for WaitStateEntered "$home/events"
kill -INT $follower
follower_ends 130
[ ! -s "$home/notes" ] || fail "interrupted: $(cat "$home/notes")"
follow hold:d
wait_for WaitStateEntered "$home/events"
expect 0 stop hold:d --error Own.Stop
follower_ends 1
grep -q "ExecutionAborted .*Own.Stop" "$home/events" || fail "no last event"

# Interrupted while the server is away; and no server from the beginning.
expect 0 start "$home/hold.asl.json" --name e --input '{"s":999}'
follow hold:e
wait_for WaitStateEntered "$home/events"
stop_server
wait_for "the server is gone" "$home/notes"
kill -INT $follower
follower_ends 130
expect 4 history hold:e --follow
err_has "can't be reached"
