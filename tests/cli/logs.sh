#!/bin/sh
# `moonstep serve --logs`: what state machines log, SIGHUP, stdout, directories,
# endpoints, and what is refused.
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

# A directory: a file for each log group.
start_server --logs "$home/groups/"
expect 0 start --wait full --name three
wait_for '"type":"ExecutionSucceeded".*:full:three"' \
  "$home/groups/+own+group.jsonl"
mv "$home/groups/+own+group.jsonl" "$home/groups.1"
kill -HUP $server
expect 0 start --wait full --name four
wait_for '"type":"ExecutionSucceeded".*:full:four"' \
  "$home/groups/+own+group.jsonl"
! grep -q ':full:four"' "$home/groups.1" || fail "a file that was moved"
stop_server

# An endpoint which is not there, fails, is there, and is gone at the end.
expect 2 serve --listen 127.0.0.1:0 --data "$home/data2" \
  --logs-headers "$home/headers"
err_has "--logs-headers is for --logs with a URL"
echo 'Authorization: Bearer own' >"$home/headers"
chmod 644 "$home/headers"
expect 2 serve --listen 127.0.0.1:0 --data "$home/data2" \
  --logs http://127.0.0.1:9/in --logs-headers "$home/headers"
err_has "chmod o-rwx"
command -v python3 >/dev/null || exit 0
chmod 600 "$home/headers"
hook=
start_hook() { # start_hook [KEY CERTIFICATE]
  rm -f "$home/port"
  python3 "$(dirname "$(realpath "$0")")/../support/hook.py" "$home/port" \
    "$home/hooked" "$home/status" "$@" &
  hook=$!
  until [ -e "$home/port" ]; do sleep 0.02; done
}
trap '[ -z "$hook" ] || kill $hook; [ -z "$server" ] || kill $server
  rm -rf "$home"' EXIT
echo 503 >"$home/status"
start_hook
start_server --logs "http://127.0.0.1:$(cat "$home/port")/in?key=secret" \
  --logs-headers "$home/headers"
expect 0 start --wait full --name five
wait_for "/in?...: can't be sent, is tried again: HTTP status 503" "$home/log"
rm "$home/status"
wait_for "can be sent again" "$home/log"
! grep -q secret "$home/log" || fail "a key was logged"
curl -s "$MOONSTEP_ENDPOINT/metrics" >"$home/out"
out_has "moonstep_log_lines_total 4"
expect 0 start --wait full --name six
stop_server # sends what is left
python3 - "$home/hooked" >"$home/out" <<'PY'
import json, sys
told = [json.loads(line) for line in open(sys.argv[1])]
names = []
for request in told:
    headers = request["headers"]
    assert headers["content-type"] == "application/x-ndjson", headers
    assert headers["authorization"] == "Bearer own", headers
    assert request["path"] == "/in?key=secret", request
    lines = [json.loads(line) for line in request["body"].splitlines()]
    if request["status"] == 204:
        names += [line["execution_arn"].split(":")[-1] for line in lines]
print(*names)
PY
out_is "five five five five six six six six"

start_server --logs "http://127.0.0.1:$(cat "$home/port")/in"
kill $hook
wait $hook 2>/dev/null || true
hook=
expect 0 start --wait full --name seven
wait_for "can't be sent, is tried again" "$home/log"
expect 0 start --wait full --name eight # nobody waits
stop_server
wait_for "8 lines were lost" "$home/log"

# An endpoint with a certificate of its own: nobody trusts it but who is told.
if command -v openssl >/dev/null; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -keyout "$home/tls.key" -out "$home/tls.crt" -days 1 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 2>"$home/err" || fail "openssl"
  : >"$home/hooked"
  start_hook "$home/tls.key" "$home/tls.crt"
  start_server --logs "https://127.0.0.1:$(cat "$home/port")/in"
  expect 0 start --wait full --name nine
  wait_for "can't be sent, is tried again: .*certificate" "$home/log"
  stop_server
  [ ! -s "$home/hooked" ] || fail "something was sent"
  export AWS_CA_BUNDLE="$home/tls.crt"
  start_server --logs "https://127.0.0.1:$(cat "$home/port")/in"
  unset AWS_CA_BUNDLE
  expect 0 start --wait full --name ten
  wait_for 'execution:full:ten' "$home/hooked"
  stop_server
fi
