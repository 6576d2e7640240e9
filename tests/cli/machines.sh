#!/bin/sh
# create, update, delete, machines.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

start_server
prefix=arn:aws:states:us-east-1:000000000000:stateMachine
expect 0 machines
[ "$(wc -l <"$home/out")" = 1 ] || fail "there are machines already"
expect 0 create "$home/echo.asl.json"
out_is "$prefix:echo"
expect 0 create "$home/echo.asl.json" --json # once more changes nothing
out_is "{\"stateMachineArn\":\"$prefix:echo\"}"
expect 0 create "$home/echo.asl.json" --machine fast --express
expect 0 machines
out_has "echo                                  STANDARD    2"
out_has "fast                                  EXPRESS     2"
[ "$(wc -l <"$home/out")" = 3 ] || fail "not a heading and 2 machines"
expect 0 machines --json
out_has '"stateMachines":['
expect 0 machines echo --definition
cmp -s "$home/out" "$home/echo.asl.json" || fail "another definition"
expect 0 machines "$prefix:fast"
out_has "type      EXPRESS"
expect 1 machines none
err_has "StateMachineDoesNotExist"

sed 's/"A"/"B"/g' "$home/echo.asl.json" >"$home/changed.asl.json"
expect 1 create "$home/changed.asl.json" --machine echo
err_has "StateMachineAlreadyExists"
expect 0 update "$home/changed.asl.json" --machine echo
out_is "$prefix:echo"
expect 0 start echo --wait --name new
expect 0 history echo:new
out_has "B               PassStateEntered"
expect 1 update "$home/changed.asl.json"
err_has "StateMachineDoesNotExist"
echo '{' >"$home/broken.json"
expect 1 update "$home/broken.json" --machine echo
err_has "InvalidDefinition"
expect 1 create "$home/broken.json"
err_has "InvalidDefinition"
expect 2 create "$home/none.asl.json"
err_has "No such file"

# EXPRESS child executions have no tasks that wait, whatever starts them.
cat >"$home/waits.json" <<'JSON'
{"StartAt": "M", "States": {"M": {"Type": "Map", "End": true,
  "ItemProcessor": {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
    "StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
      "Resource": "arn:aws:states:::states:startExecution.sync"}}}}}}
JSON
expect 1 create "$home/waits.json"
err_has "Express state machine does not support '.sync'"

expect 0 delete fast
expect 1 delete fast
err_has "StateMachineDoesNotExist"
expect 1 start fast
stop_server
