#!/bin/sh
# `moonstep redrive`: what has failed goes on; what has not does not.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

start_server
expect 0 start "$home/hold.asl.json" --name one --input '{"s":1}'
expect 0 start hold --name two --input '{"s":9999}'
expect 0 stop hold:two --error Own.Stop
prefix=arn:aws:states:us-east-1:000000000000:execution

expect 0 redrive hold:two
out_is "$prefix:hold:two"
expect 0 show hold:two
out_has "RUNNING"
expect 0 history hold:two
out_has "ExecutionRedriven"
expect 0 list hold --json
out_has '"redriveCount":1'

# One that runs can't be, nor what there is not; the others are all the same.
expect 0 stop hold:two
expect 1 redrive hold:nobody hold:two
out_is "$prefix:hold:two"
err_has "ExecutionDoesNotExist"
expect 1 redrive hold:two
err_has "Execution is RUNNING and cannot be redriven"
expect 0 stop hold:two
expect 0 redrive hold:two --json
out_has '"redriveDate":'
stop_server
