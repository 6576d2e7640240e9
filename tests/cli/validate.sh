#!/bin/sh
# `moonstep validate`: all findings, where they are, and what to do.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"

cat >"$home/good.asl.json" <<'JSON'
{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}
JSON
cat >"$home/broken.asl.json" <<'JSON'
{
  "StartAt": "Chekc",
  "States": {
    "Check": {"Type": "Pass", "Next": "Pak"},
    "Pack": {"Type": "Pass", "Nxt": "Check", "End": true},
    "Überall": {"Type": "Pass", "InputPath": "$.[", "Next": "Pack"},
    "Do": {"Type": "Pass", "Next": "Pack",
      "Parameters": {"a.$": "States.Nothing($.x)"}}
  }
}
JSON
printf '{\n "StartAt": "A",,\n}\n' >"$home/syntax.asl.json"

expect 0 validate "$home/good.asl.json"
out_is ""
err_has "1 file: 1 valid"

# Every finding of a file, in the order of the text.
expect 1 validate "$home/broken.asl.json"
out_has "broken.asl.json:2:14: error: Missing 'Next' target: Chekc"
out_has '     2 |   "StartAt": "Chekc",'
out_has '       |              ^^^^^^^'
out_has 'at /StartAt'
out_has 'hint: did you mean "Check"?'
out_has "broken.asl.json:4:39: error: Missing 'Next' target: Pak"
out_has 'hint: did you mean "Pack"?'
out_has "broken.asl.json:5:30: error: Field 'Nxt' is not supported"
out_has 'hint: did you mean "Next"?'
out_has "broken.asl.json:6:46: error: The value for the field 'InputPath'"
out_has "broken.asl.json:8:"
out_has "at /States/Do/Parameters"
err_has "1 file: 0 valid, 1 with errors (5 errors, 0 warnings)"
lines=$(sed -n 's/.*asl.json:\([0-9]*\):.*/\1/p' "$home/out" | tr '\n' ' ')
[ "$lines" = "2 4 5 6 8 " ] || fail "the order is $lines"

# Text that is no JSON.
expect 1 validate "$home/syntax.asl.json"
out_has "syntax.asl.json:2:17: error: expected"
out_has "[INVALID_JSON_DESCRIPTION]"
: >"$home/empty.json"
expect 1 validate "$home/empty.json"
out_has "empty.json:1:1: error:"

# Directories, stdin, several; the worst decides the exit status.
expect 1 validate "$home" "$home/good.asl.json"
err_has "4 files: 2 valid, 2 with errors"
out=$("$moonstep" validate - <"$home/good.asl.json" 2>&1) ||
  fail "stdin: $out"
[ "$out" = "1 file: 1 valid" ] || fail "stdin gave $out"
mkdir "$home/none"
expect 2 validate "$home/none"
err_has "there are no files *.asl.json"
expect 2 validate "$home/missing.asl.json" "$home/good.asl.json"
err_has "missing.asl.json: No such file"
err_has "1 file: 1 valid"
expect 2 validate
err_has "validate needs FILE..."

# For programs: a line for each file.
expect 1 validate --json "$home/good.asl.json" "$home/broken.asl.json"
[ "$(wc -l <"$home/out")" = 2 ] || fail "--json has not 2 lines"
out_has '"result":"OK","diagnostics":[]}'
out_has '"code":"MISSING_TRANSITION_TARGET","message":"Missing '"'Next'"
out_has '"location":"/States/Check/Next","pointer":"/States/Check/Next"'
out_has '"line":4,"column":39,"hint":"did you mean \"Pack\"?"}'

# Our extensions are refused where AWS's rules are asked for.
cat >"$home/ours.asl.json" <<'JSON'
{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "lua:a.b",
  "AtMostOnce": true, "End": true}}}
JSON
expect 0 validate "$home/ours.asl.json"
expect 1 validate --profile aws "$home/ours.asl.json"
out_has "Field 'AtMostOnce' is not supported"

# State types of one's own.
mkdir "$home/states"
cat >"$home/states/nap.lua" <<'LUA'
return { type = "Nap", enter = function() return { exit = true } end }
LUA
sed 's/Pass/Nap/' "$home/good.asl.json" >"$home/nap.asl.json"
expect 1 validate "$home/nap.asl.json"
expect 0 validate --states "$home/states" "$home/nap.asl.json"

# Warnings, and remarks, leave a definition valid.
cat >"$home/odd.asl.json" <<'JSON'
{"StartAt": "A", "States": {
  "A": {"Type": "Wait", "Seconds": 0, "Next": "B"},
  "B": {"Type": "Task", "Resource": "lua:a.b", "End": true}}}
JSON
expect 0 validate "$home/odd.asl.json"
out_has "odd.asl.json:2:36: warning: The Wait state waits 0 seconds"
out_has "[MOONSTEP_WAIT_OF_NOTHING]"
out_has "odd.asl.json:3:37: info: AWS does not have lua: resources"
err_has "1 file: 1 valid (0 errors, 1 warning); 1 remark"
expect 1 validate --warnings-as-errors "$home/odd.asl.json"
expect 0 validate --warnings-as-errors "$home/ours.asl.json"
expect 0 validate --json "$home/odd.asl.json"
out_has '"result":"OK","diagnostics":[{"severity":"WARNING"'
out_has '{"severity":"INFO","code":"MOONSTEP_NOT_PORTABLE"'
printf '{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A"}}}' \
  >"$home/endless.asl.json"
expect 1 validate "$home/endless.asl.json"
out_has "endless.asl.json:1:1: error: Workflow has no terminal state"
