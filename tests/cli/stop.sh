#!/bin/sh
# `moonstep stop`: one, several, all; what has ended, what there is not.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

start_server
for name in one two three four five; do
  expect 0 start "$home/hold.asl.json" --name $name --input '{"s":9999}'
done
expect 0 start "$home/echo.asl.json" --name over --wait
prefix=arn:aws:states:us-east-1:000000000000:execution

expect 0 stop hold:one --error Own.Stop --cause "enough of it"
out_is "$prefix:hold:one"
expect 0 show hold:one
out_has "ABORTED"
out_has "error     Own.Stop"
out_has "cause     enough of it"

# What has ended stays as it ended, and is no error.
expect 0 stop hold:one echo:over
out_is ""
err_has "hold:one has already ended: ABORTED, 2"
err_has "echo:over has already ended: SUCCEEDED, 2"

# The unknown is an error; the others are stopped all the same.
expect 1 stop hold:nobody "$prefix:hold:two"
out_is "$prefix:hold:two"
err_has "ExecutionDoesNotExist"
expect 0 stop hold:three --json
out_has '"status":"ABORTED"'

# All: only with --yes.
expect 2 stop --all --machine hold
err_has "this would stop 2 running executions"
expect 0 list hold --status RUNNING
[ "$(wc -l <"$home/out")" = 3 ] || fail "something was stopped"
expect 0 stop --all --machine hold --yes
out_has "$prefix:hold:four"
out_has "$prefix:hold:five"
err_has "2 of 2 stopped"
expect 0 stop --all --machine hold --yes
err_has "0 of 0 stopped"
out_is ""
expect 1 stop --all --machine nothing --yes
err_has "StateMachineDoesNotExist"

# Command lines that can't be meant.
expect 2 stop
err_has "stop needs EXECUTION..."
expect 2 stop --all --yes
err_has "--all and --machine"
expect 2 stop hold:one --machine hold
err_has "--all and --machine"
expect 2 stop hold:one --all --machine hold
err_has "not both"
stop_server
expect 4 stop hold:one
err_has "can't be reached"
