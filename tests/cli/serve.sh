#!/bin/sh
# `moonstep serve`, and the commands that ask it.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

start_server
expect 0 start "$home/echo.asl.json" --input '{"n":1}' --name first --wait
out_is '{"n":1}'
err_has ":execution:echo:first"
expect 0 start echo --name second
out_is "arn:aws:states:us-east-1:000000000000:execution:echo:second"
expect 1 start "$home/bad.asl.json" --wait
err_has "Own.Error"
expect 1 start none
err_has "StateMachineDoesNotExist"
expect 1 start echo --input '{'
err_has "InvalidExecutionInput"

expect 0 list echo
out_has "first"
out_has "SUCCEEDED"
[ "$(wc -l <"$home/out")" = 3 ] || fail "list has not 2 rows"
expect 0 list echo --max 1
[ "$(wc -l <"$home/out")" = 2 ] || fail "list --max 1 has not 1 row"
expect 0 list echo --json
out_has '"executions":['
expect 0 show echo:first
out_has 'status    SUCCEEDED'
out_has 'output    {"n":1}'
expect 0 show echo:first --json
out_has '"status":"SUCCEEDED"'
expect 1 show echo:third
err_has "ExecutionDoesNotExist"
expect 0 history echo:first
out_has "PassStateExited"
[ "$(wc -l <"$home/out")" = 5 ] || fail "history has not 4 events"
expect 0 history echo:first --reverse --max 1
out_has "ExecutionSucceeded"
stop_server

# What was acknowledged is there after a restart.
start_server
expect 0 show echo:second
out_has "SUCCEEDED"
expect 3 serve --listen 127.0.0.1:0 --data "$home/data"
err_has "$server"
expect 2 serve --listen 0.0.0.0:0 --data "$home/data2"
stop_server
