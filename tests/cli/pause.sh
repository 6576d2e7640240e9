#!/bin/sh
# `moonstep pause` and `moonstep resume`, and what others show of it.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

start_server
prefix=arn:aws:states:us-east-1:000000000000:execution
expect 0 start "$home/hold.asl.json" --name one --input '{"s":9999}'
expect 0 start hold --name two --input '{"s":9999}'

expect 0 pause hold:one --reason "asked the customer"
out_is "$prefix:hold:one"
expect 0 show hold:one
out_has "RUNNING"
out_has "paused    2"
out_has "reason    asked the customer"
expect 0 list hold
out_has "one                                   PAUSED"
out_has "two                                   RUNNING"
expect 0 resume hold:one --json
out_has '"status":"RUNNING"'
expect 0 list hold
! grep -q PAUSED "$home/out" || fail "still paused"

expect 0 pause hold --reason maintenance
err_has "2 running executions paused"
expect 0 start hold --name three --input '{"s":9999}'
expect 0 search hold
[ "$(grep -c PAUSED "$home/out")" = 3 ] || fail "search"
expect 0 machines hold --json
out_has '"pauseReason":"maintenance"'
expect 0 resume hold:two
expect 0 resume hold
err_has "2 running executions resumed"
expect 0 pause hold --new-only
err_has "0 running executions paused"
expect 0 resume hold

expect 2 pause
expect 2 pause hold --search
expect 2 pause --search --machine hold
err_has "this would pause 3 running executions; add --yes"
expect 0 pause --search --where '{% input.s = 9999 %}' --yes
err_has "3 of 3 paused"
expect 0 resume --search --yes
err_has "3 of 3 resumed"
expect 0 stop hold:one
expect 1 pause hold:one
err_has "ExecutionNotRunning"
expect 1 resume hold:nobody
err_has "ExecutionDoesNotExist"
