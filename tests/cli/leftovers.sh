#!/bin/sh
# A program that a stopped execution's task has left running is ended, though
# the server is killed before it could.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

mkdir "$home/handlers"
cat >"$home/handlers/t.lua" <<'LUA'
local exec = require("exec")
return {
  hang = function(input)
    return exec.run({ "sh", "-c",
      "exec 2>/dev/null; trap : TERM; echo $$ >" .. input
      .. "; while :; do sleep 0.1; done" })
  end,
}
LUA
cat >"$home/hang.asl.json" <<'JSON'
{"StartAt": "T", "States": {
  "T": {"Type": "Task", "Resource": "lua:t.hang", "End": true}}}
JSON

# lives: whether the program does. A zombie does not.
lives() {
  grep -q '^State:[[:space:]]*[^Z[:space:]]' "/proc/$program/status" \
    2>/dev/null
}

start_server --handlers "$home/handlers"
expect 0 create "$home/hang.asl.json"
expect 0 start hang --name one --input "\"$home/pid\""
wait_for '[0-9]' "$home/pid"
program=$(cat "$home/pid")
expect 0 stop hang:one # SIGTERM, which it does not heed for 2 s
kill_server
lives || fail "the program did not outlive the server: nothing to test"
start_server --handlers "$home/handlers"
tries=0
while lives; do
  tries=$((tries + 1))
  [ $tries -le 200 ] || { kill -9 -"$program"; fail "the program runs on"; }
  sleep 0.05
done
expect 0 show hang:one
out_has ABORTED
stop_server
