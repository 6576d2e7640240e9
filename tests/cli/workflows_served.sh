#!/bin/sh
# serve --workflows: a directory of workflows, watched.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

mkdir "$home/flows"
flow() { # NAME RESULT: a workflow whose function waits for a file, or not
  cat >"$home/flows/.new" <<LUA
local ms = require("moonstep")
local fs = require("fs")
local sleep = require("sleep")
return ms {
  ms.task("Wait", function(input)
    while input.file and not fs.exists(input.file) do sleep(0.02) end
  end):output({}),
  ms.task("Say", function() return "$2" end),
}
LUA
  mv "$home/flows/.new" "$home/flows/$1.lua"
}
flow first one
cp "$home/echo.asl.json" "$home/flows/plain.asl.json"
echo 'return 1' >"$home/flows/broken.lua"

start_server --workflows "$home/flows"
expect 0 machines
out_has "first "
out_has "plain "
grep -q 'workflow broken: .*returns moonstep' "$home/log" ||
  fail "nothing is said of the broken one: $(cat "$home/log")"
expect 0 start first --wait --input '{}'
out_is '"one"'

# A change is for new executions; one that runs keeps what it began with.
expect 0 start first --name old --input "{\"file\": \"$home/go\"}"
flow first two
wait_for 'handlers: changed' "$home/log"
tries=0
until expect 0 start first --wait --input '{}' && grep -q two "$home/out"; do
  tries=$((tries + 1))
  [ $tries -lt 100 ] || fail "the change is not used"
done
: >"$home/go"
tries=0
until expect 0 show first:old --json && grep -q '"SUCCEEDED"' "$home/out"; do
  tries=$((tries + 1))
  [ $tries -lt 600 ] || fail "it does not end"
  sleep 0.05
done
grep -q 'one' "$home/out" || fail "another output: $(cat "$home/out")"

# Another shape is a new revision; a new file a new state machine.
cat >"$home/flows/.new" <<'LUA'
local ms = require("moonstep")
return ms { ms.pass("Only"):output("three") }
LUA
mv "$home/flows/.new" "$home/flows/first.lua"
wait_for 'workflow first: changed' "$home/log"
expect 0 start first --wait --input '{}'
out_is '"three"'
cp "$home/flows/first.lua" "$home/flows/second.lua"
wait_for 'workflow second: ready' "$home/log"
expect 0 start second --wait
out_is '"three"'
sed 's/"A"/"B"/g' "$home/echo.asl.json" >"$home/flows/plain.asl.json"
wait_for 'workflow plain: changed' "$home/log"

# A broken edit leaves what there is; a mended one is taken.
echo 'return ms {' >"$home/flows/first.lua"
wait_for 'handlers: first.lua:2: ' "$home/log"
expect 0 start first --wait --input '{}'
out_is '"three"'
printf '%s\n' 'local ms = require("moonstep")' \
  'return ms { ms.pass("Only"):output("four") }' >"$home/flows/first.lua"
tries=0
until expect 0 start first --wait --input '{}' && grep -q four "$home/out"; do
  tries=$((tries + 1))
  [ $tries -lt 600 ] || fail "the mended one is not used"
  sleep 0.05
done
rm "$home/flows/second.lua"
wait_for 'workflow second: its file is gone' "$home/log"

# A restart changes nothing.
stop_server
start_server --workflows "$home/flows"
expect 0 start first --wait --input '{}'
out_is '"four"'
stop_server
