#!/bin/sh
# `moonstep test-state`: one state, with an engine of its own or at a server.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

mkdir "$home/handlers"
cat >"$home/handlers/shop.lua" <<'LUA'
return {
  pay = function(input, task)
    task:log("paying")
    return { paid = input.sum }
  end,
}
LUA
cat >"$home/order.asl.json" <<'JSON'
{"StartAt": "Pay", "States": {
  "Pay": {"Type": "Task", "Resource": "lua:shop.pay", "ResultPath": "$.r",
    "Retry": [{"ErrorEquals": ["Refused"], "IntervalSeconds": 3}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Each"}],
    "Next": "Each"},
  "Each": {"Type": "Map", "ItemReader": {
      "Resource": "arn:aws:states:::s3:getObject",
      "Parameters": {"Bucket": "b", "Key": "k"},
      "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}},
    "ItemSelector": {"n.$": "$$.Map.Item.Value.n"},
    "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED",
        "ExecutionType": "STANDARD"},
      "StartAt": "Inner", "States": {"Inner": {"Type": "Succeed"}}},
    "ToleratedFailureCount": 1, "End": true}}}
JSON
order="$home/order.asl.json"

# Without --state the first; handlers/ beside the file.
expect 0 test-state "$order" --input '{"sum": 5}'
out_is '{"sum": 5,"r":{"paid":5}}'
err_has "log: paying"
err_has "SUCCEEDED, next: Each"

# The stages, on stderr.
expect 0 test-state "$order" --mock '{"a": 1}' --level DEBUG
out_is '{"r":{"a": 1}}'
err_has 'afterParameters           {}'
err_has 'afterResultPath           {"r":{"a": 1}}'

# Failures: tried again, caught, for good.
expect 1 test-state "$order" --error Refused --cause "no money" --level DEBUG
out_is ""
err_has "RETRIABLE Refused: no money"
err_has '"retryBackoffIntervalSeconds":3'
expect 0 test-state "$order" --error Refused --retry-count 3
err_has "CAUGHT_ERROR Refused, next: Each"
expect 1 test-state "$order" --state Each --mock '[1,2]' --failure-count 2
err_has "FAILED States.ExceedToleratedFailureThreshold"

# What a reader reads, from a file; and inner states.
printf 'n,m\n1,2\n3,4\n' >"$home/items.csv"
expect 0 test-state "$order" --state Each --mock '[1,2]' --level TRACE \
  --item-data "@$home/items.csv"
err_has 'afterItemSelector         [{"n":"1"},{"n":"3"}]'
expect 0 test-state "$order" --state Inner --input 7
out_is 7

# A state alone, variables and context; the answer as JSON.
cat >"$home/state.json" <<'JSON'
{"Type": "Task", "QueryLanguage": "JSONata", "Resource": "lua:a.b",
  "Output": "{% $x & $states.context.Execution.Name %}", "End": true}
JSON
expect 0 test-state "$home/state.json" --mock 1 --variables '{"x": "a"}' \
  --context '{"Execution": {"Name": "b"}}' --json
out_is '{"output":"\"ab\"","status":"SUCCEEDED"}'

# What can't be.
expect 1 test-state "$order" --state Nothing
err_has "ValidationException: State not found in definition"
expect 1 test-state "$order" --state Each
err_has "InvalidDefinition: TestState API does not support Map or Parallel"
expect 2 test-state "$home/none.json"
expect 2 test-state "$order" --mock "@$home/none.json"
expect 2 test-state - --input -
expect 4 test-state "$order" --endpoint http://127.0.0.1:1
err_has "can't be reached"
[ -z "$(find "$home" -name 'moonstep-run.*')" ] || fail "a store is left"

# At a server.
start_server --handlers "$home/handlers"
expect 0 test-state "$order" --input '{"sum": 6}' --endpoint "$MOONSTEP_ENDPOINT"
out_is '{"sum": 6,"r":{"paid":6}}'
