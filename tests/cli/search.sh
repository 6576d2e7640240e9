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
