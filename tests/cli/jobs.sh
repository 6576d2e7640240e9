#!/bin/sh
# Jobs of AWS services that tasks wait for (.sync), at stand-ins: their ends,
# their stop, and an engine that is killed while one runs.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
command -v python3 >/dev/null || { echo "no python3"; exit 77; }

# until_true WHAT COMMAND...: tries again for 30 seconds.
until_true() {
  what=$1 tries=0
  shift
  until "$@"; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || fail "never: $what"
    sleep 0.05
  done
}

python3 "$(dirname "$0")/../support/aws.py" "$home" &
standin=$!
trap 'kill $standin $server 2>/dev/null; rm -rf "$home"' EXIT
until_true "the stand-in is up" test -e "$home/url"
url=$(cat "$home/url")
unset AWS_SESSION_TOKEN AWS_ENDPOINT_URL
export AWS_ACCESS_KEY_ID=AKTEST AWS_SECRET_ACCESS_KEY=secret/+key
export MOONSTEP_SERVICE_ENDPOINT="$url"

# task RESOURCE PARAMETERS [FIELDS]: a machine of one task.
task() {
  echo "{\"StartAt\": \"T\", \"States\": {\"T\": {\"Type\": \"Task\",
    \"Resource\": \"arn:aws:states:::$1\", \"Parameters\": $2, ${3:-}
    \"End\": true}}}" >"$home/m.asl.json"
}

run() {
  wanted_status=$1
  shift
  expect "$wanted_status" run "$home/m.asl.json" --progress none "$@"
}

requests() { grep -c "^$1" "$home/requests" || true; }
asked() { grep -qF -e "$1" "$home/requests"; }

# The result is the job as it is described at its end.
task ecs:runTask.sync '{"Cluster": "c", "TaskDefinition": "ok-1"}'
run 0
out_has '{"ClusterArn":"c","Containers":[{"Name":"main","LastStatus":"STOPPED",'
out_has '"CreatedAt":1500000000500,"LastStatus":"STOPPED","TaskArn":"ok-1"}'
asked 'DescribeTasks {"cluster":"c","tasks":["ok-1"]}' || fail "not asked"
task glue:startJobRun.sync '{"JobName": "ok-2"}'
run 0
out_has '{"Id":"run-ok-2","JobName":"ok-2","StartedOn":1500000000000,'
out_has '"JobRunState":"SUCCEEDED"'

# A job that fails, fails the state, with the job as the cause.
task ecs:runTask.sync '{"TaskDefinition": "bad-1"}'
run 1
err_has 'States.TaskFailed'
err_has '"ExitCode":1'
task glue:startJobRun.sync '{"JobName": "bad-2"}'
run 1
err_has '"JobRunState":"FAILED"'

serve() {
  : >"$home/log"
  "$moonstep" serve --listen 127.0.0.1:0 --data "$home/data" 2>"$home/log" &
  server=$!
  until_true "the server is up" grep -q 'listening on' "$home/log"
  endpoint=$(sed -n 's/.*listening on //p' "$home/log")
}
describing() { [ "$(requests "ecs DescribeTasks.*$1")" -gt "$2" ]; }

# A job whose time is over is stopped, and so is that of a stopped execution.
serve
task ecs:runTask.sync '{"TaskDefinition": "long-1"}' '"TimeoutSeconds": 1,'
expect 1 start --wait "$home/m.asl.json" --endpoint "$endpoint"
err_has 'States.Timeout'
until_true "it is stopped" asked 'StopTask {"task":"long-1"'
task ecs:runTask.sync '{"Cluster": "c", "TaskDefinition": "long-2"}'
mv "$home/m.asl.json" "$home/two.asl.json"
expect 0 start "$home/two.asl.json" --endpoint "$endpoint" --name two
until_true "it is looked at" describing long-2 0

# Another engine goes on with it: it is not started again.
kill -9 $server
wait $server 2>/dev/null || true
before=$(requests "ecs DescribeTasks.*long-2")
serve
until_true "it is looked at again" describing long-2 "$before"
[ "$(requests 'ecs RunTask.*long-2')" = 1 ] || fail "it was started twice"
expect 0 stop two:two --endpoint "$endpoint"
until_true "it is stopped" asked 'StopTask {"cluster":"c","task":"long-2"'
expect 0 history two:two --json --endpoint "$endpoint"
[ "$(grep -o '"TaskSubmitted"' "$home/out" | wc -l)" = 1 ] ||
  fail "TaskSubmitted is not there once"
echo ok
