#!/bin/sh
# `moonstep top`: rates, queues, and the executions that run.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

start_server
expect 0 top --once --interval 1
out_has "no execution is running"
expect 0 start "$home/hold.asl.json" --name one --input '{"s":9999}'
expect 0 start hold --name two --input '{"s":9999}'
expect 0 pause hold:two
expect 0 top --interval 1 # stdout is no terminal: one picture
out_has "2 running, the newest first:"
grep -q '^hold  *two .* Hold  *TIMER, paused$' "$home/out" ||
  fail "two is not shown as paused"
grep -q '^hold  *one .* Hold  *TIMER$' "$home/out" || fail "one is not shown"
grep -q '^executions .*/s started, ' "$home/out" || fail "no rates"
[ "$(tail -n 1 "$home/out" | cut -c1-24)" = "hold                one " ] ||
  fail "the newest is not first"
expect 2 top --interval 0
err_has "--interval: from 1 to 3600 seconds"
stop_server
expect 4 top
