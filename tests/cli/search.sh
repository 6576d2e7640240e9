#!/bin/sh
# `moonstep search`, and what `stop` and `redrive` do with it.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

start_server
expect 0 start "$home/echo.asl.json" --name one --input '{"n":1}' --wait
expect 1 start "$home/bad.asl.json" --name two --input '{"n":2}' --wait
expect 0 start "$home/hold.asl.json" --name three --input '{"s":9999,"n":3}'
expect 0 start hold --name four --input '{"s":9999,"n":4}'

expect 0 search
out_has "hold:three"
out_has "bad:two "
out_has "echo:one "
expect 0 search bad
out_has "bad:two"
[ "$(wc -l <"$home/out")" = 2 ] || fail "search bad"
expect 0 search --status FAILED --status RUNNING --name-prefix t --json
out_has '"name":"two"'
out_has '"name":"three"'
expect 0 search --since 2h --where '{% error = "Own.Error" %}'
out_has "bad:two"
[ "$(wc -l <"$home/out")" = 2 ] || fail "search --where"
expect 0 search --where '{"Variable":"$.input.n","NumericEquals":1}'
out_has "echo:one"
expect 0 search --until 1h
[ "$(wc -l <"$home/out")" = 1 ] || fail "search --until"
expect 0 search --stopped-since 2020-01-01 --stopped-until 2100-01-01T00:00:00Z
out_has "echo:one"
[ "$(wc -l <"$home/out")" = 3 ] || fail "search --stopped-since"
expect 0 search --where '{% $error("oh") %}'
err_has "could not be evaluated on 4 executions"
expect 1 search --where '{% ( %}'
err_has "ValidationException"
expect 2 search --since yesterday
err_has "neither a time"
expect 0 search --tag team
[ "$(wc -l <"$home/out")" = 1 ] || fail "search --tag"

prefix=arn:aws:states:us-east-1:000000000000:execution
expect 2 stop --search hold:four
expect 2 stop --search --all --machine hold
expect 2 stop --search --machine hold
err_has "this would stop 2 running executions"
expect 0 stop --search --where '{% input.n = 4 %}' --yes
out_is "$prefix:hold:four"
err_has "1 of 1 stopped"
expect 0 stop --search --where '{% input.n = 4 %}' --yes
err_has "0 of 0 stopped"
expect 0 list hold --status RUNNING
out_has three

expect 2 redrive
expect 2 redrive --search
err_has "this would redrive 2 executions"
expect 0 redrive --search --machine hold --yes
out_is "$prefix:hold:four"
err_has "1 of 1 redriven"
expect 0 redrive --search --machine hold --yes
err_has "0 of 0 redriven"

# In bulk, page by page: an answer that is lost, a server that is killed.
call() {
  curl -s -X POST "$MOONSTEP_ENDPOINT/" -H "X-Amz-Target: Moonstep.$1" \
    -H 'Content-Type: application/x-amz-json-1.0' -d "$2" >"$home/out"
}
token() { sed -n 's/.*"nextToken":"\([^"]*\)".*/\1/p' "$home/out"; }
for i in 1 2 3 4 5; do
  expect 0 start hold --name "bulk-$i" --input '{"s":9999,"n":9}'
done
call BulkStopExecutions '{"namePrefix":"bulk","maxResults":2,"dryRun":true}'
out_has '"foundCount":2,"doneCount":2,"refusedCount":0,"refused":[]'
out_has '"status":"RUNNING"'
call BulkStopExecutions '{"namePrefix":"bulk","maxResults":2,"error":"E"}'
out_has '"status":"ABORTED"'
kept=$(token)
call BulkStopExecutions \
  '{"namePrefix":"bulk","maxResults":2,"nextToken":"'"$kept"'"}'
out_has '"foundCount":2'
kill_server
start_server
call BulkStopExecutions \
  '{"namePrefix":"bulk","maxResults":2,"nextToken":"'"$kept"'"}'
out_has '"foundCount":1,"doneCount":1'
[ -z "$(token)" ] || fail "there is nothing more"
expect 0 stop --search --name-prefix bulk --yes
err_has "0 of 0 stopped"
expect 0 show hold:bulk-5
out_has ABORTED
out_has E
call BulkRedriveExecutions '{"namePrefix":"bulk","statusFilter":["RUNNING"]}'
out_has '"foundCount":0'
call BulkStopExecutions '{"namePrefix":"two","statusFilter":["FAILED"]}'
out_has '"error":"ExecutionNotRunning","message":"Execution has already ended'
expect 0 redrive --search --name-prefix bulk --yes
[ "$(wc -l <"$home/out")" = 5 ] || fail "redrive --search"
err_has "5 of 5 redriven"
expect 0 pause --search --name-prefix bulk --yes
err_has "5 of 5 paused"
expect 0 resume --search --name-prefix bulk --yes
err_has "5 of 5 resumed"
expect 0 stop --search --name-prefix bulk --yes --json
err_has "5 of 5 stopped"
out_has '"status":"ABORTED"'
expect 1 redrive --search --name-prefix one --status SUCCEEDED --yes
err_has "ExecutionNotRedrivable: "
err_has "0 of 1 redriven"

# Of a version and an alias.
expect 0 publish echo
expect 0 alias create echo:PROD 1
expect 0 start echo:PROD --name by-alias --wait
expect 0 search echo:1
out_has "echo:by-alias"
[ "$(wc -l <"$home/out")" = 2 ] || fail "search echo:1"
expect 0 search echo:PROD
out_has "echo:by-alias"
expect 1 search echo:7
err_has "StateMachineDoesNotExist"

# All pages, and what is running after a restart.
kill_server
start_server
expect 0 stop --search --name-prefix f --yes
out_is "$prefix:hold:four"
for i in 1 2 3; do
  expect 0 start echo --name "more-$i"
done
expect 0 search echo --max 2
[ "$(wc -l <"$home/out")" = 3 ] || fail "search --max"
stop_server
