#!/usr/bin/env bash
# Replays recorded answers of AWS Step Functions, and cases of our own,
# against an engine, and compares the failures with tests/conformance/known.txt.
#
#   tests/conformance/run.sh MOONSTEP [RUN_CASES.PY [OPTION...]]
#
# OPTIONs go to the runner (--filter TEXT, -v …); with any, only failures are
# judged, not what known.txt has too much. Without the recordings the case is
# skipped. MOONSTEP_CONFORMANCE names their directory.
set -eu
shopt -s nullglob
here=$(dirname "$(realpath "$0")")
moonstep=$(realpath "${1:?path of the moonstep binary}")
recorded=${MOONSTEP_CONFORMANCE:-$here/../../../shared/conformance}
runner=${2:-$recorded/run_cases.py}
shift $(($# < 2 ? $# : 2))
if [ ! -e "$runner" ]; then
  echo "$runner is not there"
  exit 77
fi
command -v python3 >/dev/null || { echo "no python3"; exit 77; }

machine=StateMachine
operations=Create$machine,Update$machine,Describe$machine,Delete$machine
operations+=,List${machine}s,Validate${machine}Definition
operations+=,Describe${machine}ForExecution,StartExecution,StartSyncExecution
operations+=,DescribeExecution,ListExecutions,StopExecution,RedriveExecution
operations+=,GetExecutionHistory,TagResource,UntagResource
operations+=,CreateActivity,DescribeActivity,DeleteActivity,ListActivities
operations+=,GetActivityTask,SendTaskSuccess,SendTaskFailure,SendTaskHeartbeat
operations+=,ListTagsForResource,ListMapRuns,DescribeMapRun,UpdateMapRun
operations+=,Publish${machine}Version,List${machine}Versions
operations+=,Delete${machine}Version,Create${machine}Alias
operations+=,Update${machine}Alias,Describe${machine}Alias
operations+=,Delete${machine}Alias,List${machine}Aliases
operations+=,TestState
home=$(mktemp -d)
server=
buckets=
services=
trap '[ -z "$server" ] || kill $server || true
  [ -z "$buckets" ] || kill $buckets || true
  [ -z "$services" ] || kill $services || true; wait; rm -rf "$home"' EXIT
unset MOONSTEP_CONFIG MOONSTEP_DATA MOONSTEP_ENDPOINT

lambda_port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
mkdir "$home/buckets"
: >"$home/log" >"$home/port"
"$here/buckets.py" "$home/buckets" >"$home/port" &
buckets=$!
python3 "$here/../support/aws.py" "$home" "$home/logs" &
services=$!
tries=0
until [ -s "$home/url" ]; do
  tries=$((tries + 1))
  [ $tries -lt 300 ] || { echo "no stand-ins"; exit 1; }
  sleep 0.05
done
"$moonstep" serve --listen 127.0.0.1:0 --data "$home/data" \
  --files "$home/buckets" --profile aws --logs "$home/logs/" \
  --lambda-endpoint "http://127.0.0.1:$lambda_port" \
  --service-endpoint "$(cat "$home/url")" \
  2>"$home/log" &
server=$!
tries=0
until grep -q 'listening on' "$home/log" && [ -s "$home/port" ]; do
  tries=$((tries + 1))
  [ $tries -lt 300 ] || { cat "$home/log"; exit 1; }
  sleep 0.05
done

# What needs S3 counts as an integration; ours reads and writes those buckets.
buckets_only=(--filter item_reader --filter result_writer
  --filter max_items_path --filter list_map_runs)
everything=versions,logging

# replay WITHOUT [OPTION]...: adds to the report.
replay() {
  local status=0
  python3 "$runner" --endpoint "$(sed -n 's/.*listening on //p' "$home/log")" \
    --lambda-port "$lambda_port" --jobs 4 --ops "$operations" \
    --provide "s3=http://127.0.0.1:$(cat "$home/port")" --without "$@" \
    "$(dirname "$runner")/cases" "$here"/cases* >>"$home/report" 2>&1 ||
    status=$?
  [ $status -le 1 ] || { cat "$home/report"; exit 1; }
}
replay $everything,integrations "$@"
[ $# -gt 0 ] || replay $everything "${buckets_only[@]}"
# So do executions that tasks start, which need nobody.
[ $# -gt 0 ] || replay $everything --filter test_sfn_task_service \
  --filter test_sfn_start_execution_sync \
  --filter callback/test_callback.py::TestCallback::test_start_execution
# Calls of services, what comes of them, and logs.
provided=
for name in s3 sqs sns dynamodb events secretsmanager logs; do
  provided+=,$name=$(cat "$home/url")
done
[ $# -gt 0 ] || replay versions --provide "${provided#,}" \
  --filter services/ --filter error_handling/test_aws_sdk \
  --filter error_handling/test_task_service_sqs \
  --filter timeouts/test_heartbeats --filter test_sqs --filter test_sns \
  --filter heartbeat_notifications --filter local_mocking/test_base \
  --filter express/test_express_async
# Those need nobody: what is not mocked is a Lambda function.
[ $# -gt 0 ] || replay logging --kind teststate
luajit "$here/judge.lua" "$here/known.txt" "$home/report" $#
