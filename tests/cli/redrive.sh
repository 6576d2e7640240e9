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

# With a fix: refused where it can't be, looked at, and done.
cat >"$home/fix.asl.json" <<'END'
{"StartAt": "A", "States": {
  "A": {"Type": "Pass", "Next": "F"},
  "F": {"Type": "Fail", "Error": "E"}}}
END
expect 1 start --wait "$home/fix.asl.json" --name one --input '{"n":1}'
cat >"$home/fix.asl.json" <<'END'
{"StartAt": "A", "States": {
  "A": {"Type": "Pass", "Next": "Z"},
  "Z": {"Type": "Pass", "Assign": {"y.$": "$x"}, "End": true}}}
END
expect 0 update "$home/fix.asl.json"
expect 1 redrive fix:one --latest --dry-run
out_has "fix:one  can't: State 'F', where the execution goes on, does not"
expect 1 redrive fix:one --latest
err_has "say from which state it is to go on"
expect 2 redrive fix:one --set 'x={"a":}'
err_has "--set x: line 1, column 6"
expect 0 redrive --search --machine fix --latest --from Z --dry-run
out_has "fix:one  from Z"
expect 0 redrive fix:one --latest --from Z --set x=7 --input '{"n":2}'
out_is "$prefix:fix:one"
expect 0 history fix:one --follow
expect 0 history fix:one --json
out_has '"fromState":"Z","input":"{\"n\":2}","variables":"{\"x\":7}"'
expect 0 show fix:one --json
out_has '"moonstep":{"revisionId":"'
out_has '"output":"{\"n\":2}"'
stop_server
