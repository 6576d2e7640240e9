#!/bin/sh
# `moonstep serve --log-format`: what the server says, as text and as JSON.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

time='20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]'
start_server
grep -q "^$time [0-9:]\{8\} listening on http://" "$home/log" ||
  fail "another line: $(cat "$home/log")"
stop_server

# --log-level: what is less is not said.
for level in notice warning error; do
  echo '{"Hooks": {}}' >"$home/hooks"
  : >"$home/log"
  "$moonstep" serve --listen "$address" --data "$home/data" \
    --triggers "$home/hooks" --log-level $level 2>"$home/log" &
  server=$!
  until curl -sf "http://$address/healthz" >"$home/out"; do sleep 0.02; done
  kill -HUP $server
  [ $level != notice ] || wait_for '0 triggers were read again' "$home/log"
  echo '{' >"$home/hooks"
  kill -HUP $server
  [ $level = error ] || wait_for 'triggers stay as they were' "$home/log"
  stop_server
  ! grep -e listening -e stopping "$home/log" || fail "$level: info is said"
  case $level in
    warning) ! grep -q 'read again' "$home/log" || fail "a notice is said" ;;
    error) [ ! -s "$home/log" ] || fail "a warning is said" ;;
  esac
done
expect 2 serve --log-level loud
err_has "--log-level"

expect 2 serve --log-format xml
err_has "--log-format"
expect 2 serve --log-format json --logs "$home/none/log"
line="{\"time\":\"${time}T[0-9:]\{8\}\.[0-9]\{3\}Z\",\"level\""
grep -q "^$line:\"error\",\"message\":\".*No such file.*\"}$" "$home/err" ||
  fail "another line"

# Each line is one JSON object.
: >"$home/log"
"$moonstep" serve --listen 127.0.0.1:0 --data "$home/data" --log-format json \
  --logs "$home/logs/" 2>"$home/log" &
server=$!
wait_for '"url":"http://127.0.0.1:[0-9]*"}$' "$home/log"
grep -q "^$line:\"info\",\"message\":\"listening on http://" "$home/log" ||
  fail "another line: $(cat "$home/log")"
MOONSTEP_ENDPOINT=$(sed -n 's/.*"url":"\(.*\)"}/\1/p' "$home/log")
export MOONSTEP_ENDPOINT
mv "$home/logs" "$home/gone" # the directory is not there any more
curl -sf -H 'X-Amz-Target: AWSStepFunctions.CreateStateMachine' \
  -H 'Content-Type: application/x-amz-json-1.0' -d '{"name":"logged",
  "roleArn":"arn:aws:iam::000000000000:role/r","definition":
  "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true}}}",
  "loggingConfiguration":{"level":"ALL","destinations":[
  {"cloudWatchLogsLogGroup":{"logGroupArn":
  "arn:aws:logs:us-east-1:000000000000:log-group:/own:*"}}]}}' \
  "$MOONSTEP_ENDPOINT/" >"$home/out" || fail "it was not made"
expect 0 start --wait logged
wait_for '"level":"warning","message":"--logs .*+own.jsonl can.t be written' \
  "$home/log"
mv "$home/gone" "$home/logs"
wait_for '"level":"notice","message":"--logs .*can be written again"}' \
  "$home/log"
stop_server
wait_for '"level":"info","message":"stopping"}$' "$home/log"
! grep -v "^$line:\".*}$" "$home/log" || fail "a line is no object"
