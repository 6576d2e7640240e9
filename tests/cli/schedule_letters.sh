#!/bin/sh
# Dead letters of schedules: sent to a stand-in of SQS, which checks how they
# are signed; kept while there is nobody to send them to, whatever is killed.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/services.sh"
stand_in aws.py

# Its first slot is at once.
schedule() {
  python3 - "$endpoint" "$1" <<'PYTHON'
import json, sys, urllib.request
endpoint, name = sys.argv[1:]
body = {
    "ScheduleExpression": "rate(1 day)",
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "Target": {
        "Arn": "arn:aws:states:us-east-1:000000000000:stateMachine:none",
        "RoleArn": "arn:aws:iam::000000000000:role/r",
        "Input": json.dumps({"order": 7}),
        "RetryPolicy": {"MaximumRetryAttempts": 0},
        "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:000000000000:" +
                             name}}}
request = urllib.request.Request(endpoint + "/schedules/" + name,
                                 json.dumps(body).encode(),
                                 {"Content-Type": "application/json"})
urllib.request.urlopen(request).read()
PYTHON
}

# Nobody to send it to: that is said, and it is kept.
serve
schedule dlq
until_true "it is kept" grep -q 'can.t be sent and is kept' "$home/log"
grep -q 'States.TaskFailed: There is no endpoint of sqs' "$home/log" ||
  fail "it is not said why"
grep -qF '{"deadLetter":{"scheduleArn":"' "$home/log" ||
  fail "the log has no dead letter"
[ ! -e "$home/requests" ] || fail "something was asked for"
kill -9 $server
wait $server 2>/dev/null || true
server=
expect 0 check --data "$home/data"

# The queue is not there yet.
serve --service-endpoint "sqs=$url"
until_true "it is tried" test -e "$home/requests"
until_true "it is said" grep -q 'SQS.QueueDoesNotExistException' "$home/log"
kill -9 $server
wait $server 2>/dev/null || true
server=

# Now it is.
task aws-sdk:sqs:createQueue '{"QueueName": "dlq"}'
run 0 --service-endpoint "sqs=$url"
: >"$home/requests"
serve --service-endpoint "sqs=$url"
until_true "it is sent" asked 'sqs SendMessage'
requested '"QueueUrl":"https://sqs.us-east-1.amazonaws.com/000000000000/dlq"'
requested '"MessageBody":"{\"order\": 7}"'
grep -o '"[A-Z_]*":{[^}]*}' "$home/requests" >"$home/attributes"
grep -o '"[A-Z_]*":{[^}]*}' "$home/requests" >"$home/attributes"
attribute() {
  grep "^\"$1\":{" "$home/attributes" >"$home/attribute" &&
    grep -qF '"DataType":"String"' "$home/attribute" &&
    grep -qF "\"StringValue\":\"${2:-}" "$home/attribute" ||
    fail "$1 is not $2: $(cat "$home/attributes")"
}
attribute ERROR_CODE StateMachineDoesNotExist
attribute EXHAUSTED_RETRY_CONDITION MaximumRetryAttempts
attribute IS_PAYLOAD_TRUNCATED false
attribute RETRY_ATTEMPTS 0
attribute SCHEDULED_TIME 20
attribute SCHEDULE_ARN \
  arn:aws:scheduler:us-east-1:000000000000:schedule/default/dlq
attribute TARGET_ARN arn:aws:states:us-east-1:000000000000:stateMachine:none
attribute EXECUTION_ID
attribute ERROR_MESSAGE "State Machine Does Not Exist: 'arn:"
[ "$(grep -c . "$home/attributes")" = 9 ] || fail "other attributes"

# Another engine finds nothing that is left to be sent.
kill -TERM $server
wait $server || fail "serve failed"
server=
task aws-sdk:sqs:receiveMessage \
  "{\"QueueUrl\": \"$url/000000000000/dlq\", \"MaxNumberOfMessages\": 10}"
run 0 --service-endpoint "sqs=$url"
[ "$(grep -o '"MessageId"' "$home/out" | wc -l)" = 1 ] ||
  fail "it was not sent once"
expect 0 check --data "$home/data"
