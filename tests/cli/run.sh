#!/bin/sh
# `moonstep run`: input, output, exit status, stores, continuing.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"

cat >"$home/echo.asl.json" <<'JSON'
{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}
JSON
cat >"$home/wait.asl.json" <<'JSON'
{"StartAt": "Hold", "States": {
  "Hold": {"Type": "Wait", "Seconds": 7776000, "Next": "Done"},
  "Done": {"Type": "Pass", "Result": {"waited": true}, "End": true}}}
JSON
cat >"$home/broken.asl.json" <<'JSON'
{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}
JSON
cat >"$home/bad.asl.json" <<'JSON'
{"StartAt": "No", "States": {
  "No": {"Type": "Fail", "Error": "Own.Error", "Cause": "so it goes"}}}
JSON
echo=$home/echo.asl.json

# Input from three sources, and what passes through is kept to the byte.
expect 0 run "$echo"
out_is '{}'
expect 0 run "$echo" --input '{"b":1.0,"a":[],"n":12345678901234567890}'
out_is '{"b":1.0,"a":[],"n":12345678901234567890}'
echo '{"from": "file"}' >"$home/in.json"
expect 0 run "$echo" --input "@$home/in.json"
out_is '{"from": "file"}'
out=$(echo '[1]' | "$moonstep" run "$echo" --input - --progress none 2>&1)
[ "$out" = '[1]' ] || fail "stdin gave $out"

# Progress is for stderr, and can be switched off.
expect 0 run "$echo"
err_has "ExecutionSucceeded"
expect 0 run "$echo" --progress none
[ ! -s "$home/err" ] || fail "--progress none printed"
expect 0 run "$echo" --progress tree
err_has "ExecutionSucceeded in"

# Failures.
expect 1 run "$home/bad.asl.json"
err_has 'FAILED in state "No"'
err_has "Error: Own.Error"
err_has "Cause: so it goes"
out_is ""
expect 1 run "$home/broken.asl.json"
err_has "InvalidDefinition"
expect 1 run "$echo" --input '{"a":'
err_has "InvalidExecutionInput"

# 90 days in no time, and reproducible.
expect 0 run "$home/wait.asl.json" --virtual-time --seed 7
err_has "waits 90d00h"
out_is '{"waited": true}'
cp "$home/err" "$home/first"
expect 0 run "$home/wait.asl.json" --virtual-time --seed 7
cmp -s "$home/first" "$home/err" || fail "the same seed tells another story"

# Nor does it depend on the pace of commits and workers what comes first.
mkdir -p "$home/paced"
cat >"$home/paced/paced.lua" <<'LUA'
return { give = function(input) return input end }
LUA
cat >"$home/each.asl.json" <<'JSON'
{"StartAt": "Each", "States": {"Each": {
  "Type": "Map", "MaxConcurrency": 5,
  "ItemProcessor": {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "Give", "States": {
      "Give": {"Type": "Task", "Resource": "lua:paced.give", "Next": "Name"},
      "Name": {"Type": "Pass", "Parameters": {"id.$": "States.UUID()"},
        "End": true}}},
  "End": true}}}
JSON
items=$(seq -s , 200)
for turn in 1 2 3 4; do
  expect 0 run "$home/each.asl.json" --virtual-time --seed 7 \
    --handlers "$home/paced" --input "[$items]"
  [ $turn -gt 1 ] || cp "$home/out" "$home/first"
  cmp -s "$home/first" "$home/out" || fail "the same seed, other results"
done

# No temporary store stays.
left=$(find "$home" -maxdepth 1 -name 'moonstep-run.*')
[ -z "$left" ] || fail "left: $left"

# The same name again shows the result again; another input is refused.
data="$home/my data"
expect 0 run "$echo" --data "$data" --name one --input '{"x":1}'
expect 0 run "$echo" --data "$data" --name one
out_is '{"x":1}'
err_has "has ended before"
expect 2 run "$echo" --data "$data" --name one --input '{"x":2}'
err_has "has another input"

# Another definition under the same name is refused, not mixed up.
sed 's/"A"/"B"/g' "$echo" >"$home/changed"
mkdir "$home/other" && mv "$home/changed" "$home/other/echo.asl.json"
expect 1 run "$home/other/echo.asl.json" --data "$data" --name two
err_has "another definition"
expect 0 run "$home/other/echo.asl.json" --data "$data" --machine second

# Ctrl-C keeps the run and says how to go on; and so it does.
"$moonstep" run "$home/wait.asl.json" --data "$data" --name held \
  >"$home/out" 2>"$home/err" &
pid=$!
tries=0
until grep -q WaitStateEntered "$home/err"; do
  tries=$((tries + 1))
  [ $tries -lt 300 ] || fail "the Wait was never entered"
  sleep 0.05
done
expect 3 run "$echo" --data "$data" # the store is in use
err_has "$pid"
kill -INT $pid
status=0
wait $pid || status=$?
[ $status = 130 ] || fail "interrupted: exit status $status"
expect 0 run "$home/wait.asl.json" --data "$data" --name held --virtual-time
out_is '{"waited": true}'
err_has "continues where it was"
