#!/bin/sh
# `moonstep backup`: a copy that can be served, and harms no original.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

mkdir "$home/handlers"
cat >"$home/handlers/job.lua" <<'LUA'
local exec = require("exec")
return {
  hold = function(input)
    return exec.run({ "sh", "-c", "echo $$ >" .. input.pid .. "; exec sleep 600" })
  end,
}
LUA
cat >"$home/job.asl.json" <<'JSON'
{"StartAt": "Job", "States": {
  "Job": {"Type": "Task", "Resource": "lua:job.hold", "End": true}}}
JSON

start_server --handlers "$home/handlers"
for name in one two three; do
  expect 0 start "$home/echo.asl.json" --name $name --wait
done
expect 0 start "$home/hold.asl.json" --name wait --input '{"s":9999}'
expect 0 start "$home/job.asl.json" --name job \
  --input "{\"pid\": \"$home/pid\"}"
wait_for '[0-9]' "$home/pid"
pid=$(cat "$home/pid")

expect 1 backup "$home/no/such"
err_has "$home/no"
mkdir "$home/there"
expect 1 backup "$home/there"
err_has "must not exist"
(cd "$home" && "$moonstep" backup copy/ >out)
out_is "$home/copy"
[ ! -e "$home/copy.partial" ] || fail "something is left"

# Both at once: the copy goes on with what was running, and does not take the
# original's programs for its own.
original=$server
original_endpoint=$MOONSTEP_ENDPOINT
address=127.0.0.1:0
mv "$home/pid" "$home/pid.original"
cp "$home/log" "$home/log.original"
: >"$home/log2"
"$moonstep" serve --listen 127.0.0.1:0 --data "$home/copy" \
  --handlers "$home/handlers" 2>"$home/log2" &
server=$!
wait_for 'listening on' "$home/log2"
MOONSTEP_ENDPOINT=$(sed -n 's/.*listening on //p' "$home/log2")
expect 0 show echo:two
out_has SUCCEEDED
expect 0 show hold:wait
out_has RUNNING
wait_for '[0-9]' "$home/pid"
kill -0 "$pid" || fail "the original's program was ended"
[ "$(cat "$home/pid")" != "$pid" ] || fail "it is the same program"
expect 0 stop job:job
expect 0 show job:job
out_has ABORTED
kill -TERM $server
wait $server || true
kill -0 "$pid" || fail "the original's program was ended"
server=$original
MOONSTEP_ENDPOINT=$original_endpoint
expect 0 show job:job
out_has RUNNING
