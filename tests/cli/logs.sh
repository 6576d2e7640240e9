#!/bin/sh
# `moonstep serve --logs`: what state machines log, SIGHUP, stdout, and a file
# that is refused.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

call() {
  curl -sf -H "X-Amz-Target: AWSStepFunctions.$1" \
    -H 'Content-Type: application/x-amz-json-1.0' -d "$2" \
    "$MOONSTEP_ENDPOINT/" >"$home/out" || fail "$1 failed"
}
group=arn:aws:logs:us-east-1:000000000000:log-group:/own/group:*
pass='{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true}}}'
# make NAME TYPE LEVEL DATA
make() {
  call CreateStateMachine "{\"name\":\"$1\",\"type\":\"$2\",\
\"roleArn\":\"arn:aws:iam::000000000000:role/r\",\"definition\":\"$pass\",\
\"loggingConfiguration\":{\"level\":\"$3\",\"includeExecutionData\":$4,\
\"destinations\":[{\"cloudWatchLogsLogGroup\":{\"logGroupArn\":\"$group\"}}]}}"
}

expect 2 serve --listen 127.0.0.1:0 --data "$home/data2" --logs "$home/no/log"
err_has "No such file"

start_server --logs "$home/logged"
make full STANDARD ALL true
make fast EXPRESS ALL false
make quiet EXPRESS ERROR true
expect 0 start --wait full --name one --input '{"a":1}'
wait_for '"type":"ExecutionSucceeded".*:full:one"' "$home/logged"
grep -c . "$home/logged" >"$home/out"
out_is 4
grep -q '^{"id":"2","type":"PassStateEntered","details":{"name":"A",'\
'"input":"{\\"a\\":1}","inputDetails":{"truncated":false}},'\
'"redrive_count":"0","previous_event_id":"0","event_timestamp":"[0-9]*",'\
'"execution_arn":"arn:aws:states:us-east-1:000000000000:execution:full:one",'\
'"log_group":"/own/group"}$' "$home/logged" || fail "another line"

# logrotate: move, then SIGHUP.
mv "$home/logged" "$home/logged.1"
kill -HUP $server
until [ -e "$home/logged" ]; do sleep 0.05; done
expect 0 start quiet
expect 0 start fast
wait_for '"type":"ExecutionSucceeded".*:express:fast:' "$home/logged"
! grep -q 'put"' "$home/logged" || fail "data was logged"
! grep -q ':quiet:' "$home/logged" || fail "ERROR takes in what went well"
curl -s "$MOONSTEP_ENDPOINT/metrics" >"$home/out"
out_has "moonstep_log_lines_total 8"
out_has "moonstep_log_lines_lost_total 0"
stop_server

# What is left is written at the end; stdout.
start_server --logs - >"$home/stdout"
expect 0 start --wait full --name two
stop_server
grep -c ':full:two"' "$home/stdout" >"$home/out"
out_is 4
