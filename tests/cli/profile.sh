#!/bin/sh
# --profile: what AWS would refuse or end is refused and ended.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

cat >"$home/ours.asl.json" <<'JSON'
{"StartAt": "T", "States": {
  "T": {"Type": "Task", "Resource": "lua:t.one", "End": true}}}
JSON
cat >"$home/loop.asl.json" <<'JSON'
{"StartAt": "A", "States": {
  "A": {"Type": "Pass", "Next": "C"},
  "C": {"Type": "Choice", "Default": "A", "Choices": [
    {"Variable": "$.end", "IsPresent": true, "Next": "S"}]},
  "S": {"Type": "Succeed"}}}
JSON
mkdir "$home/handlers"
echo 'return { one = function() return 1 end }' >"$home/handlers/t.lua"

# letters COUNT: a JSON string of so many bytes.
letters() {
  printf '"%*s"' $(($1 - 2)) '' | tr ' ' x
}
letters 262144 >"$home/fits.json"
letters 262145 >"$home/long.json"

expect 0 run "$home/ours.asl.json"
out_is 1
expect 1 run --profile aws "$home/ours.asl.json"
err_has "lua:t.one is not recognized"
MOONSTEP_PROFILE=aws expect 1 run "$home/ours.asl.json"
err_has "lua:t.one is not recognized"
expect 1 run --profile aws "$home/loop.asl.json"
err_has "reached the maximum number of history events (25000)."
expect 0 run "$home/echo.asl.json" --input "@$home/long.json"
expect 0 run --profile aws "$home/echo.asl.json" --input "@$home/fits.json"
expect 1 run --profile aws "$home/echo.asl.json" --input "@$home/long.json"
expect 2 run --profile azure "$home/echo.asl.json"

# The API refuses in the model's words.
start_server --profile aws
expect 0 create "$home/echo.asl.json"
expect 1 create "$home/ours.asl.json"
err_has "InvalidDefinition"
expect 0 start echo --input "@$home/fits.json" --wait
expect 1 start echo --input "@$home/long.json"
err_has "ValidationException: 1 validation error detected: Value at 'input' \
failed to satisfy constraint: Member must have length less than or equal to \
262144"
stop_server
rm -r "$home/data"
start_server
expect 0 create "$home/echo.asl.json"
expect 0 create "$home/ours.asl.json"
expect 0 start echo --input "@$home/long.json" --wait
stop_server
