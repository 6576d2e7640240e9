#!/bin/sh
# The progress of `moonstep run`: on a terminal the tree, else plain lines.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
command -v python3 >/dev/null || { echo "no python3"; exit 77; }
screen="python3 $(dirname "$(realpath "$0")")/../support/screen.py"
export LC_ALL=C.UTF-8

mkdir "$home/handlers"
cat >"$home/handlers/roll.lua" <<'LUA'
local log = require("log")

return {
  patch = function(n, task)
    log("\27[31mroot %d\27[2J", n)
    if n == 3 and task.attempt == 1 then
      error({ Error = "Patch.Transient", Cause = "lock is held" })
    elseif n == 5 then
      error({ Error = "Disk.Full", Cause = "no room" })
    end
    return n
  end,
}
LUA
cat >"$home/roll.asl.json" <<'JSON'
{"StartAt": "Roll", "States": {
  "Roll": {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": {
    "StartAt": "Patch", "States": {"Patch": {"Type": "Task",
      "Resource": "lua:roll.patch", "End": true, "Retry": [
        {"ErrorEquals": ["Patch.Transient"], "IntervalSeconds": 1}]}}},
    "Catch": [{"ErrorEquals": ["Disk.Full"], "Next": "Both"}], "End": true},
  "Both": {"Type": "Parallel", "End": true, "Branches": [
    {"StartAt": "Left", "States": {"Left": {"Type": "Pass", "End": true}}},
    {"StartAt": "Right", "States": {"Right": {"Type": "Pass",
      "Next": "Bad"}, "Bad": {"Type": "Fail", "Error": "No"}}}]}}}
JSON

# What is left on the screen, durations apart: the Map with the iteration that
# failed, the Parallel with its branches.
roll() { # INPUT: with durations as 0ms, and without the log of the screens
  $screen 100 20 0.1 "$moonstep" run "$home/roll.asl.json" --input "$1" |
    sed -n -e 's/[0-9.]*[0-9]m\?s\b/0ms/g' -e 's/  *0ms */ 0ms /' \
      -e 's/ *$//' -e '/^= end/,/^moonstep/p' >"$home/out" || true
}
roll '[1, 5, 2]'
cat >"$home/expected" <<'END'
= end
! Roll 0ms 1/3, 1 failed: caught Disk.Full: no room
  ✗ [1] Patch 0ms Disk.Full: no room
✗ Both 0ms No
├ ✓ Left 0ms
└ ✓ Right 0ms
  ✗ Bad 0ms
✗ ExecutionFailed in 0ms
END
sed -n '/^moonstep/!p' "$home/out" >"$home/tree"
cmp -s "$home/tree" "$home/expected" ||
  fail "the screen is: $(cat "$home/tree")"
out_has 'FAILED in state "Both/Bad"'

# Of 400 iterations that wait, as many as there is room for are shown.
cat >"$home/many.asl.json" <<'JSON'
{"StartAt": "Items", "States": {
  "Items": {"Type": "Pass", "Next": "Many",
    "Parameters": {"all.$": "States.ArrayRange(1, 400, 1)"}},
  "Many": {"Type": "Map", "ItemsPath": "$.all", "ItemProcessor": {
    "StartAt": "Hold", "States": {
      "Hold": {"Type": "Wait", "Seconds": 2, "End": true}}},
    "ResultPath": null, "End": true}}}
JSON
$screen 60 12 0.2 "$moonstep" run "$home/many.asl.json" \
  --name many >"$home/out" || fail "400 iterations"
out_has '░ 0/400, 400 running'
out_has '[0] Hold'
out_has 'more running'
grep -q '✓ Many .* 400 items' "$home/out" || fail "the end is not shown"
awk '/^=/ { n = 0 } /^= end/ { exit } { if (++n > 14) exit 1 }' \
  "$home/out" || fail "more lines than the terminal has"

# Plain lines name the iteration, and are few where there are many.
expect 1 run "$home/roll.asl.json" --input '[1, 3, 5]'
err_has 'Roll[1]/Patch TaskFailed'
err_has 'Roll[1]/Patch next attempt in'
err_has 'attempt 2'
err_has 'Roll[2]       MapIterationFailed'
err_has 'Both/Bad'
err_has '| root 5'
expect 0 run "$home/many.asl.json" --virtual-time
err_has '200 of 400 iterations'
[ "$(wc -l <"$home/err")" -lt 25 ] || fail "many lines of 400 iterations"

# Whoever goes on knows what runs where, however much has happened before.
cat >"$home/nested.asl.json" <<'JSON'
{"StartAt": "Items", "States": {
  "Items": {"Type": "Pass", "Next": "Outer",
    "Parameters": {"all.$": "States.ArrayRange(1, 30, 1)"}},
  "Outer": {"Type": "Map", "ItemsPath": "$.all", "ItemSelector": {
      "all.$": "$.all"}, "ResultPath": null, "End": true,
    "ItemProcessor": {"StartAt": "Inner", "States": {
      "Inner": {"Type": "Map", "ItemsPath": "$.all", "End": true,
        "ItemProcessor": {"StartAt": "Hold", "States": {
          "Hold": {"Type": "Wait", "Seconds": 600, "End": true}}}}}}}}}
JSON
"$moonstep" run "$home/nested.asl.json" --data "$home/data" --name nested \
  >"$home/out" 2>"$home/err" &
pid=$!
tries=0
until grep -qF 'Outer[29]/Inner[29]/Hold' "$home/err"; do
  tries=$((tries + 1))
  [ $tries -lt 600 ] || fail "the last iteration did not begin"
  sleep 0.05
done
kill -9 $pid
wait $pid 2>/dev/null || true
expect 0 run "$home/nested.asl.json" --data "$home/data" --name nested \
  --virtual-time
err_has 'Outer[0]/Inner[0]/Hold   WaitStateExited'
err_has 'Outer[29]/Inner[29]/Hold WaitStateExited'
