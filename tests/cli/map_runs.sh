#!/bin/sh
# `moonstep map-runs`, show of a Map Run and of a child, list --map-run.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

cat >"$home/each.asl.json" <<'JSON'
{"StartAt": "Each", "States": {"Each": {
  "Type": "Map", "Label": "Parts", "MaxConcurrency": 2,
  "ToleratedFailurePercentage": 12.5,
  "ItemProcessor": {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "Hold", "States": {
      "Hold": {"Type": "Wait", "SecondsPath": "$", "End": true}}},
  "End": true}}}
JSON

# until_out TEXT ARGUMENT...: runs moonstep until stdout has the text.
until_out() {
  text=$1 tries=0
  shift
  expect 0 "$@"
  until grep -qF -e "$text" "$home/out"; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || fail "moonstep $*: never had: $text"
    sleep 0.05
    expect 0 "$@"
  done
}

start_server
prefix=arn:aws:states:us-east-1:000000000000
expect 0 start "$home/each.asl.json" --name done --input '[0,0,0]' --wait
out_is '[0,0,0]'
expect 0 map-runs each:done
out_has "LABEL                                 STATUS     ITEMS DONE "
out_has "Parts                                 SUCCEEDED  3/3          "
run=$(sed -n 's/.*\(arn:.*\)/\1/p' "$home/out")
case $run in
  $prefix:mapRun:each/Parts:*) ;;
  *) fail "no ARN of a Map Run: $run" ;;
esac
expect 0 map-runs each:done --json
out_has "\"mapRunArn\":\"$run\""

expect 0 show "$run"
out_has "map run   $run"
out_has "execution $prefix:execution:each:done"
out_has "status    SUCCEEDED"
out_has "at once   2"
out_has "tolerated 0 failed items, or 12.5 %"
out_has "              TOTAL    PENDING    RUNNING  SUCCEEDED     FAILED"
out_has "items             3          0          0          3          0"
out_has "children          3          0          0          3          0"
expect 0 show "$run" --json
out_has '"toleratedFailurePercentage":12.5'

# Children are executions.
expect 0 list --map-run "$run"
[ "$(grep -c ' SUCCEEDED ' "$home/out")" = 3 ] || fail "not 3 children"
child=each/Parts:$(sed -n '2s/ .*//p' "$home/out")
expect 0 list --map-run "$run" --status FAILED
[ "$(wc -l <"$home/out")" = 1 ] || fail "a child has failed"
expect 0 show "$child"
out_has "map run   $run"
out_has "machine   $prefix:stateMachine:each/Parts"
expect 0 history "$child"
out_has "WaitStateExited"
expect 0 list each
[ "$(wc -l <"$home/out")" = 2 ] || fail "children are among the executions"

# One that goes on.
expect 0 start each --name on --input '[9999,9999,9999]'
until_out "Parts                                 RUNNING    0/3          " \
  map-runs each:on
run=$(sed -n 's/.*\(arn:.*\)/\1/p' "$home/out")
until_out "items             3          1          2          0          0" \
  show "$run"
expect 0 stop each:on
expect 0 show "$run"
out_has "status    ABORTED"

# What there is not, and command lines that can't be meant.
expect 1 map-runs each:nobody
err_has "ExecutionDoesNotExist"
expect 1 show "${run}0"
err_has "ResourceNotFound"
expect 1 list --map-run "${run}0"
err_has "ResourceNotFound"
expect 2 list
err_has "give STATE-MACHINE or --map-run ARN"
expect 2 list each --map-run "$run"
err_has "give STATE-MACHINE or --map-run ARN"
stop_server
