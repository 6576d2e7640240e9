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

# A new one that goes on from an event of that one, which stays as it is.
expect 0 history fix:one --json
cp "$home/out" "$home/before"
expect 2 fork fix:one
expect 2 fork fix:one two
err_has '"two" is no number of an event'
expect 1 fork fix:one 99
err_has "There is no event 99"
expect 1 fork fix:one 3 --name one
err_has "ExecutionAlreadyExists"
expect 0 fork fix:one 2 --latest --dry-run
out_is "$prefix:fix:one  from A"
expect 1 fork fix:one 5 --dry-run
out_has "fix:one  can't: Event 5 is inside of a step"
expect 0 fork fix:one 2 --name two --latest --set x=8 --input '{"n":3}' --wait
out_is '{"n":3}'
expect 0 show fix:two --json
out_has '"forkedFrom":{"executionArn":"'"$prefix"':fix:one","eventId":2}'
expect 0 show fix:two
out_has "forked    $prefix:fix:one  from event 2"
grep -Eq "^redriven  [-0-9]+ [:0-9]+  redrive 2$" "$home/out" ||
  fail "no redrive: $(cat "$home/out")"
expect 0 history fix:two --json
out_has '"forkedFrom":{"executionArn":"'"$prefix"':fix:one","eventId":2}'
expect 0 list fix
out_has "two"
expect 0 search fix --status SUCCEEDED
out_has "fix:two"
expect 1 fork fix:two 1 --from Z --set x=9
err_has "does not exist in the definition"
expect 0 fork fix:two 1 --latest --from Z --set x=9
expect 0 history fix:one --json
cmp "$home/out" "$home/before" || fail "the original has changed"
stop_server
expect 0 check --data "$home/data"
expect 0 verify --data "$home/data"
