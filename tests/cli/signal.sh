#!/bin/sh
# `moonstep signal`: a state that waits for one; `moonstep vars`.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

cat >"$home/gate.asl.json" <<'END'
{"StartAt": "Gate", "States": {
  "Gate": {"Type": "Task", "End": true,
    "Resource": "arn:aws:states:::moonstep:waitForSignal",
    "Parameters": {"Name": "go"}}}}
END
expect 0 validate "$home/gate.asl.json"
expect 1 validate --profile aws "$home/gate.asl.json"
expect 0 graph "$home/gate.asl.json"
out_has Gate

start_server
expect 0 start "$home/gate.asl.json" --name one
expect 0 signal gate:one other 1
expect 0 signal gate:one go '{"by": "ann"}' --id a
expect 0 start gate --name two --input '{}'
expect 0 signal gate:two go
expect 0 history gate:two --follow
expect 0 start gate --name three --input '{}'
expect 0 vars gate:three
out_has "Gate (Task), waits for SIGNAL go, attempt 1, since "
out_has "    input     {}"
expect 0 vars gate:three --json
out_has '"waitsFor":"SIGNAL"'
expect 1 vars gate:two
err_has ExecutionNotRunning
expect 2 signal gate:three go @/nowhere
expect 1 signal gate:three go '{'
err_has InvalidSignalPayload
expect 1 signal gate:nobody go
err_has ExecutionDoesNotExist
expect 0 history gate:one --follow
expect 0 show gate:one
out_has '{"by": "ann"}'
expect 1 signal gate:one go
err_has ExecutionNotRunning
