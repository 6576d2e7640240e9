#!/bin/sh
# Jobs of AWS services that tasks wait for (.sync), at stand-ins: their ends,
# their stop, and an engine that is killed while one runs.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/services.sh"
stand_in aws.py
export MOONSTEP_SERVICE_ENDPOINT="$url"

# The result is the job as it is described at its end.
task ecs:runTask.sync '{"Cluster": "c", "TaskDefinition": "ok-1"}'
run 0
out_has '{"ClusterArn":"c","Containers":[{"Name":"main","LastStatus":"STOPPED",'
out_has '"CreatedAt":1500000000500,"LastStatus":"STOPPED","TaskArn":"ok-1"}'
requested 'DescribeTasks {"cluster":"c","tasks":["ok-1"]}'
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

# A job whose start is answered late, after its task was given up: since the
# execution was stopped, or since the state's time was over.
task ecs:runTask.sync '{"TaskDefinition": "long-slow-1"}'
mv "$home/m.asl.json" "$home/slow.asl.json"
expect 0 start "$home/slow.asl.json" --endpoint "$endpoint" --name slow
until_true "it is asked for" asked '"taskDefinition":"long-slow-1"'
expect 0 stop slow:slow --endpoint "$endpoint"
task glue:startJobRun.sync '{"JobName": "long-slow-2"}' '"TimeoutSeconds": 1,'
mv "$home/m.asl.json" "$home/late.asl.json"
expect 1 start --wait "$home/late.asl.json" --endpoint "$endpoint"
err_has 'States.Timeout'
! asked 'StopTask {"task":"long-slow-1"' || fail "it was not known yet"
touch "$home/go"
until_true "it is stopped" asked 'StopTask {"task":"long-slow-1"'
until_true "it is stopped" asked '"JobName":"long-slow-2","JobRunIds"'
[ "$(requests 'ecs RunTask.*long-slow-1')" = 1 ] || fail "it was started twice"
echo ok
