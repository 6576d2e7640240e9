#!/bin/sh
# `moonstep serve --notifications`: status changes to an endpoint and a handler,
# signed, tried again, over a restart and a kill; dead letters.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

command -v python3 >/dev/null || exit 77
support=$(dirname "$(realpath "$0")")/../support
python3 "$support/hook.py" "$home/port" "$home/hooked" "$home/status" &
hook=$!
trap 'kill $hook; [ -z "$server" ] || kill $server; rm -rf "$home"' EXIT
until [ -e "$home/port" ]; do sleep 0.02; done
touch "$home/hooked"
url=http://127.0.0.1:$(cat "$home/port")/hook

mkdir "$home/handlers"
cat >"$home/handlers/told.lua" <<LUA
local told = {}
function told.of(event, task)
  local file = assert(io.open("$home/told", "a"))
  file:write(event.detail.name, " ", event.detail.status, " ",
    event.id == task.idempotency_key and "same" or "another", "\n")
  file:close()
end
return told
LUA
secret=c2VjcmV0IG9mIHRoaXMgdGVzdA==
cat >"$home/notifications.json" <<JSON
{"Targets": [
  {"Id": "hook",
   "EventPattern": {"source": ["aws.states"], "detail": {
     "stateMachineArn": [{"suffix": ":echo"}, {"suffix": ":bad"}],
     "name": [{"anything-but": {"prefix": "quiet"}}]}},
   "HttpEndpoint": {"Url": "$url?key=1", "Secret": "whsec_$secret",
                    "Headers": {"X-Team": "ops"}},
   "RetryPolicy": {"IntervalSeconds": 0.05, "MaxDelaySeconds": 0.2}},
  {"Id": "told", "Handler": "told.of",
   "EventPattern": {"detail": {"status": ["FAILED"]}}}]}
JSON

# A file that others may read, and mistakes in it.
chmod 644 "$home/notifications.json"
expect 3 serve --listen 127.0.0.1:0 --data "$home/no" \
  --notifications "$home/notifications.json"
err_has "chmod o-rwx"
chmod 600 "$home/notifications.json"
echo '{"Targets":[{"Id":"a","Handler":"a.b","Paterns":{}}]}' >"$home/wrong"
chmod 600 "$home/wrong"
expect 3 serve --listen 127.0.0.1:0 --data "$home/no" \
  --notifications "$home/wrong"
err_has 'target 1: there is no member "Paterns"'

serve() {
  start_server --notifications "$home/notifications.json" \
    --handlers "$home/handlers"
}

# lines NUMBER: until so many events were answered with 204.
lines() {
  tries=0
  until [ "$(grep -c '"status": 204' "$home/hooked")" -ge "$1" ]; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || fail "there never were $1: $(cat "$home/hooked")"
    sleep 0.05
  done
}

serve
expect 0 create "$home/echo.asl.json"
expect 0 create "$home/bad.asl.json"
expect 0 start --wait echo --name one --input '{"a": 1}'
expect 1 start --wait bad --name two
expect 0 start --wait echo --name quiet-1
lines 4
wait_for 'two FAILED same' "$home/told"
python3 - "$home/hooked" $secret >"$home/out" <<'PY'
import base64, hashlib, hmac, json, sys
key = base64.b64decode(sys.argv[2])
told = [json.loads(line) for line in open(sys.argv[1])]
by_name = {}
for one in told:
    h, body = one["headers"], one["body"]
    event = json.loads(body)
    signed = f'{h["webhook-id"]}.{h["webhook-timestamp"]}.{body}'.encode()
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    assert h["webhook-signature"] == "v1," + mac.decode(), h
    assert h["webhook-id"] == event["id"], h
    assert h["x-team"] == "ops" and one["path"] == "/hook?key=1"
    assert h["content-type"] == "application/json"
    by_name.setdefault(event["detail"]["name"], []).append(event)
assert sorted(by_name) == ["one", "two"], by_name.keys()
runs, done = by_name["one"]
arn = "arn:aws:states:us-east-1:000000000000:execution:echo:one"
assert set(runs) == {"version", "id", "detail-type", "source", "account",
                     "time", "region", "resources", "detail"}
assert runs["version"] == "0" and runs["source"] == "aws.states"
assert runs["detail-type"] == "Step Functions Execution Status Change"
assert runs["resources"] == [arn] and runs["account"] == "0" * 12
assert runs["region"] == "us-east-1" and len(runs["time"]) == 20
d = runs["detail"]
assert d["executionArn"] == arn and d["status"] == "RUNNING", d
assert d["stateMachineArn"].endswith(":stateMachine:echo")
assert isinstance(d["startDate"], int) and d["stopDate"] is None
assert d["input"] == '{"a": 1}' and d["inputDetails"] == {"included": True}
assert d["output"] is None and d["outputDetails"] is None
assert d["stateMachineVersionArn"] is None
assert d["redriveCount"] == 0 and d["redriveStatus"] == "NOT_REDRIVABLE"
d = done["detail"]
assert d["status"] == "SUCCEEDED" and d["output"] == '{"a": 1}', d
assert d["stopDate"] >= d["startDate"] and d["input"] == '{"a": 1}'
assert runs["id"] != done["id"]
d = by_name["two"][1]["detail"]
assert d["status"] == "FAILED" and d["error"] == "Own.Error", d
assert d["redriveStatus"] == "REDRIVABLE"
assert d["redriveStatusReason"] is None and d["output"] is None
print("good")
PY
out_is good

# The endpoint is in trouble: it is tried again, over a kill, in order.
echo 503 >"$home/status"
expect 0 start --wait echo --name three
wait_for '"status": 503' "$home/hooked"
expect 0 notifications
out_has "HTTP status 503"
out_has "$url"
kill_server
serve
rm "$home/status"
lines 6
expect 0 redrive bad:two
lines 8

# What it refuses is a dead letter, which can be sent again.
echo 400 >"$home/status"
expect 0 start --wait echo --name four
until [ "$(grep -c '"status": 400' "$home/hooked")" = 2 ]; do sleep 0.05; done
until "$moonstep" notifications hook >"$home/out" && grep -q four "$home/out"; do
  sleep 0.05
done
expect 0 notifications hook
out_has "HTTP status 400"
out_has "execution:echo:four"
rm "$home/status"
expect 0 notifications hook --resend
out_is 2
lines 10
expect 0 notifications hook --json
out_is '{"deadLetters":[]}'
expect 1 notifications nobody
err_has "no such target"
curl -s "$MOONSTEP_ENDPOINT/metrics" >"$home/out"
out_has "moonstep_notifications_queued 0"
out_has "moonstep_notifications_died_total 2"
stop_server

# Each once at least, with one id for each event, RUNNING before the end.
python3 - "$home/hooked" >"$home/out" <<'PY'
import json, sys
ids, order = {}, {}
for line in open(sys.argv[1]):
    one = json.loads(line)
    event = json.loads(one["body"])
    d = event["detail"]
    what = (d["name"], d["redriveCount"], d["status"])
    assert ids.setdefault(what, event["id"]) == event["id"], what
    if one["status"] == 204:
        order.setdefault(d["name"], []).append((d["redriveCount"],
                                                d["status"]))
assert len(set(ids.values())) == len(ids)
ran = [(0, "RUNNING"), (0, "SUCCEEDED")]
assert order["one"] == ran and order["three"] == ran, order
assert order["two"] == [(0, "RUNNING"), (0, "FAILED"), (1, "RUNNING"),
                        (1, "FAILED")], order
print("good")
PY
out_is good
