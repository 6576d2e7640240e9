#!/bin/bash
# aws.sh - what people do with AWS's command line, against a server of ours.
#
#   aws.sh AWS ENDPOINT DIRECTORY
set -eu
aws=$1 endpoint=$2 home=$3
export AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID:-none}
export AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY:-none}
export AWS_DEFAULT_REGION=us-east-1 AWS_PAGER='' AWS_MAX_ATTEMPTS=1
role=arn:aws:iam::000000000000:role/tour
prefix=arn:aws:states:us-east-1:000000000000

sfn() {
  "$aws" --endpoint-url "$endpoint" --output text --no-cli-pager \
    stepfunctions "$@"
}

fail() {
  echo "failed: $*"
  exit 1
}

# is WANTED COMMAND...: what the command prints.
is() {
  local wanted=$1 got
  shift
  got=$("$@") || fail "$*"
  [ "$got" = "$wanted" ] || fail "$*: got \"$got\", wanted \"$wanted\""
}

# refuses ERROR TEXT COMMAND...: how the command fails.
refuses() {
  local error=$1 text=$2 out
  shift 2
  ! out=$("$@" 2>&1) || fail "$* succeeded: $out"
  [[ $out == *"($error)"*"$text"* ]] || fail "$*: got \"$out\""
}

cat >"$home/hello.json" <<'JSON'
{"StartAt": "Greet", "States": {
  "Greet": {"Type": "Pass", "Result": "hello", "ResultPath": "$.said",
    "Next": "Over"},
  "Over": {"Type": "Succeed"}}}
JSON
cat >"$home/hold.json" <<'JSON'
{"StartAt": "Hold", "States": {
  "Hold": {"Type": "Wait", "Seconds": 9999, "End": true}}}
JSON

create() {
  sfn create-state-machine --name "$1" --role-arn $role \
    --definition "file://$home/$2.json" --query stateMachineArn "${@:3}"
}

status_of() {
  sfn describe-execution --execution-arn "$prefix:execution:$1" --query status
}

await() {
  local tries=0 status
  until status=$(status_of "$1") && [ "$status" != RUNNING ]; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || fail "$1 does not end"
    sleep 0.2
  done
  [ "$status" = "$2" ] || fail "$1 ended as $status"
}

# create, describe, list
is $prefix:stateMachine:hello create hello hello
is $prefix:stateMachine:hello create hello hello
is $prefix:stateMachine:hold create hold hold --tags key=team,value=a
is STANDARD sfn describe-state-machine \
  --state-machine-arn $prefix:stateMachine:hello --query type
is $'hello\nhold' sfn list-state-machines --page-size 1 \
  --query 'stateMachines[].[name]'
echo "passed: create, describe, list"

# start, wait, describe
is $prefix:execution:hello:one sfn start-execution --name one \
  --state-machine-arn $prefix:stateMachine:hello --input '{"n": 1.0}' \
  --query executionArn
await hello:one SUCCEEDED
is '{"n": 1.0,"said":"hello"}' sfn describe-execution \
  --execution-arn $prefix:execution:hello:one --query output
is hello sfn describe-state-machine-for-execution \
  --execution-arn $prefix:execution:hello:one --query name
echo "passed: start, wait, describe"

# history with pages: of the service, and of the command line
is $'ExecutionStarted\nPassStateEntered\nPassStateExited
SucceedStateEntered\nSucceedStateExited\nExecutionSucceeded' \
  sfn get-execution-history --execution-arn $prefix:execution:hello:one \
  --page-size 4 --query 'events[].[type]'
is 6 sfn get-execution-history --reverse-order --no-paginate --max-results 1 \
  --execution-arn $prefix:execution:hello:one --query 'events[0].id'
echo "passed: history"

# list executions
for name in two three; do
  sfn start-execution --name $name >"$home/out" \
    --state-machine-arn $prefix:stateMachine:hello
  await hello:$name SUCCEEDED
done
is $'three\ntwo\none' sfn list-executions --page-size 2 \
  --state-machine-arn $prefix:stateMachine:hello --query 'executions[].[name]'
echo "passed: list executions"

# stop
sfn start-execution --name held >"$home/out" \
  --state-machine-arn $prefix:stateMachine:hold
sfn stop-execution --execution-arn $prefix:execution:hold:held \
  --error Tour.Over --cause "that is all" >"$home/out"
await hold:held ABORTED
is $'Tour.Over\tthat is all' sfn describe-execution \
  --execution-arn $prefix:execution:hold:held --query '[error, cause]'
echo "passed: stop"

# errors
refuses StateMachineDoesNotExist "State Machine Does Not Exist: '" \
  sfn start-execution --state-machine-arn $prefix:stateMachine:none
refuses ExecutionDoesNotExist "Execution Does Not Exist: '" \
  sfn describe-execution --execution-arn $prefix:execution:hello:none
refuses ExecutionAlreadyExists "Execution Already Exists: '" \
  sfn start-execution --name one --input '{"other": 1}' \
  --state-machine-arn $prefix:stateMachine:hello
refuses InvalidExecutionInput "Invalid State Machine Execution Input" \
  sfn start-execution --state-machine-arn $prefix:stateMachine:hello --input '{'
refuses InvalidArn "Invalid Arn" sfn describe-execution --execution-arn nonsense
refuses StateMachineAlreadyExists "State Machine Already Exists" \
  create hello hold
echo '{"StartAt": "A"}' >"$home/broken.json"
refuses InvalidDefinition "Invalid State Machine Definition" \
  create broken broken
echo "passed: errors"

# schedules, if this version knows them
scheduler() {
  "$aws" --endpoint-url "$endpoint" --output text --no-cli-pager \
    scheduler "$@"
}
if "$aws" scheduler help >"$home/out" 2>&1; then
  arn=arn:aws:scheduler:us-east-1:000000000000
  target="{\"Arn\": \"$prefix:stateMachine:hello\", \"RoleArn\": \"$role\",
    \"Input\": \"{\\\"at\\\": \\\"<aws.scheduler.scheduled-time>\\\"}\"}"
  is $arn:schedule-group/tour scheduler create-schedule-group --name tour \
    --tags Key=moonstep:overlap,Value=skip
  is $arn:schedule/tour/now scheduler create-schedule --name now \
    --group-name tour --schedule-expression 'rate(1 day)' \
    --flexible-time-window Mode=OFF --target "$target"
  is $arn:schedule/default/later scheduler create-schedule --name later \
    --schedule-expression 'cron(0 9 ? * MON#1 *)' \
    --schedule-expression-timezone Europe/Berlin --state DISABLED \
    --flexible-time-window Mode=FLEXIBLE,MaximumWindowInMinutes=5 \
    --start-date 2099-01-01T00:00:00Z --target "$target"
  is $'Europe/Berlin\t5\tDISABLED' scheduler get-schedule --name later \
    --query '[ScheduleExpressionTimezone,
      FlexibleTimeWindow.MaximumWindowInMinutes, State]'
  is now scheduler list-schedules --group-name tour --name-prefix n \
    --state ENABLED --query 'Schedules[].Name'
  is $'moonstep:overlap\tskip' scheduler list-tags-for-resource \
    --resource-arn $arn:schedule-group/tour --query 'Tags[].[Key, Value]'
  refuses ConflictException "Schedule later already exists." \
    scheduler create-schedule --name later --target "$target" \
    --schedule-expression 'rate(1 day)' --flexible-time-window Mode=OFF
  refuses ValidationException "Invalid Schedule Expression" \
    scheduler create-schedule --name bad --target "$target" \
    --schedule-expression 'rate(1 week)' --flexible-time-window Mode=OFF
  refuses ResourceNotFoundException "Schedule none does not exist." \
    scheduler delete-schedule --name none
  is "" scheduler delete-schedule --name later
  is "" scheduler delete-schedule-group --name tour
  sfn list-executions --state-machine-arn $prefix:stateMachine:hello \
    --query 'executions[].name' | grep -q 'tour.now-' ||
    fail "nothing was started by a schedule"
  echo "passed: schedules"
else
  echo "skipped: this aws knows no schedules"
fi

# tags, update
is $'team\ta' sfn list-tags-for-resource --query 'tags[].[key, value]' \
  --resource-arn $prefix:stateMachine:hold
sfn tag-resource --resource-arn $prefix:stateMachine:hold \
  --tags key=stage,value=test
sfn untag-resource --resource-arn $prefix:stateMachine:hold --tag-keys team
is $'stage\ttest' sfn list-tags-for-resource --query 'tags[].[key, value]' \
  --resource-arn $prefix:stateMachine:hold
sfn update-state-machine --state-machine-arn $prefix:stateMachine:hello \
  --definition "file://$home/hold.json" >"$home/out"
sfn start-execution --name updated >"$home/out" \
  --state-machine-arn $prefix:stateMachine:hello
is RUNNING status_of hello:updated
sfn stop-execution --execution-arn $prefix:execution:hello:updated >"$home/out"
echo "passed: tags, update"

# delete
for name in hello hold; do
  sfn delete-state-machine --state-machine-arn $prefix:stateMachine:$name
done
is "" sfn list-state-machines --query 'stateMachines[].[name]'
refuses StateMachineDoesNotExist "State Machine Does Not Exist: '" \
  sfn describe-state-machine --state-machine-arn $prefix:stateMachine:hello
echo "passed: delete"
