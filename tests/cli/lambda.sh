#!/bin/sh
# Lambda functions behind --lambda-endpoint: answers, failures, timeouts, and
# an engine that is killed while one runs.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/services.sh"
stand_in lambda.py
arn=arn:aws:lambda:us-east-1:000000000000:function

# machine RESOURCE FIELDS: one task.
machine() {
  echo "{\"StartAt\": \"T\", \"States\": {\"T\": {\"Type\": \"Task\",
    \"Resource\": \"$1\", $2 \"End\": true}}}" >"$home/m.asl.json"
}

# invoke PARAMETERS: a task of lambda:invoke.
invoke() {
  machine arn:aws:states:::lambda:invoke "\"Parameters\": {$1},"
}

run() {
  wanted_status=$1
  shift
  expect "$wanted_status" run "$home/m.asl.json" --lambda-endpoint "$url" \
    --progress none "$@"
}

# What goes there and comes back keeps its text.
machine "$arn:echo" ""
run 0 --input '{"n": 0.0, "big": 12345678901234567890}'
out_is '{"n": 0.0, "big": 12345678901234567890}'
machine "$arn:text" ""
run 0
out_is '"plain text"'

invoke '"FunctionName": "echo:live", "Payload": {"n": 0.0}'
run 0
out_has '{"ExecutedVersion":"7","Payload":{"n": 0.0},"SdkHttpMetadata":'
out_has '"X-Amz-Executed-Version":"7"'
out_has '"StatusCode":200}'
invoke "\"FunctionName\": \"$arn:about\", \"Qualifier\": \"q\",
  \"LogType\": \"Tail\", \"InvocationType\": \"Event\",
  \"ClientContext\": \"e30=\""
run 0
out_has '"LogResult":"bG9n"'
out_has '"SdkResponseMetadata":{"RequestId":"r-1"}'
out_has '{"x-amz-client-context": "e30=", '
out_has '"x-amz-invocation-type": "Event", '
out_has '"x-amz-log-type": "Tail"}, "Qualifier=q", ""]'

# A function's error is the task's; its answer is the cause, as it came to
# LambdaFunctionFailed, rewritten to TaskFailed.
caught='"Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "C"}],
  "End": true}, "C": {"Type": "Pass",'
machine "$arn:fails" "$caught"
run 0
out_has '{"Error":"My.Error","Cause":"{\"errorMessage\": \"caf\\u00e9\", '
machine arn:aws:states:::lambda:invoke \
  "\"Parameters\": {\"FunctionName\": \"fails\"}, $caught"
run 0
out_has '{"Error":"My.Error","Cause":"{\"errorMessage\":\"café\",\"errorType\"'

invoke '"FunctionName": "untyped"'
run 1
err_has Lambda.Unknown
err_has 'Returned payload: {"errorMessage":"Task timed out'
machine "$arn:nowhere" ""
run 1
err_has Lambda.ResourceNotFoundException
err_has "Function not found: nowhere (Service: AWSLambda; Status Code: 404; "
err_has "Error Code: ResourceNotFoundException; Request ID: null; Proxy: null)"
machine "$arn:busy" ""
run 1
err_has Lambda.TooManyRequestsException
err_has "Rate Exceeded. (Service: AWSLambda; Status Code: 429; Error Code: "
err_has "TooManyRequestsException; Request ID: r-2; "
machine "$arn:down" ""
run 1
err_has Lambda.AWSLambdaException

# Nobody listens: a retrier may help.
machine "$arn:echo" '"Retry": [{"ErrorEquals": ["Lambda.SdkClientException"],
  "MaxAttempts": 2}],'
expect 1 run "$home/m.asl.json" --lambda-endpoint http://127.0.0.1:1 \
  --virtual-time
err_has Lambda.SdkClientException
[ "$(grep -c LambdaFunctionFailed "$home/err")" = 3 ] || fail "no 3 attempts"

# It takes too long.
machine "$arn:hold" '"TimeoutSeconds": 1,'
run 1
err_has States.Timeout
rm "$home/held"

# The engine is killed while the function runs: it is invoked once more, with
# the same key.
machine "$arn:hold" ""
serve --lambda-endpoint "$url"
export MOONSTEP_ENDPOINT="$endpoint"
expect 0 start "$home/m.asl.json" --name one
until_true "it is invoked" test -s "$home/held"
kill -KILL $server
wait $server 2>/dev/null || true
serve --lambda-endpoint "$url"
export MOONSTEP_ENDPOINT="$endpoint"
until_true "it is invoked again" sh -c "[ \$(wc -l <'$home/held') = 2 ]"
[ "$(sort -u "$home/held" | wc -l)" = 1 ] || fail "another key"
touch "$home/go"
until_true "it succeeds" sh -c \
  "'$moonstep' show m:one | grep -q 'status *SUCCEEDED'"
expect 0 history m:one --json
out_has '"type":"LambdaFunctionSucceeded"'
kill -TERM $server
wait $server || fail "serve did not end well"
server=
