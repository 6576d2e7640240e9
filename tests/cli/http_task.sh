#!/bin/sh
# HTTP Tasks: what is sent and what comes of it, connections, servers that mean
# no good, and secrets that are nowhere.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
command -v python3 >/dev/null || { echo "no python3"; exit 77; }

python3 "$(dirname "$0")/../support/web_api.py" "$home" &
standin=$!
trap 'kill $standin 2>/dev/null; rm -rf "$home"' EXIT
tries=0
until [ -e "$home/urls" ]; do
  tries=$((tries + 1))
  [ $tries -lt 600 ] || fail "the stand-in did not come up"
  sleep 0.05
done
url=$(sed -n 1p "$home/urls") other=$(sed -n 2p "$home/urls")
unset http_proxy https_proxy

cat >"$home/connections" <<JSON
{"basic": {"AuthorizationType": "BASIC", "AuthParameters": {
   "BasicAuthParameters": {"Username": "ann", "Password": "pass-word-1"}}},
 "key": {"AuthorizationType": "API_KEY", "AuthParameters": {
   "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "key-\"value-1"},
   "InvocationHttpParameters": {
     "HeaderParameters": [{"Key": "X-More", "Value": "header-secret-1"}],
     "QueryStringParameters": [{"Key": "q", "Value": "query secret 1"}],
     "BodyParameters": [{"Key": "b", "Value": "shown", "IsValueSecret": false},
       {"Key": "c", "Value": "body-secret-1"}]}}},
 "head": {"AuthorizationType": "API_KEY", "AuthParameters": {
   "ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "value-1"},
   "InvocationHttpParameters": {
     "HeaderParameters": [{"Key": "X-More", "Value": "header-secret-1"}],
     "QueryStringParameters": [{"Key": "q", "Value": "query secret 1"}]}}},
 "oauth": {"AuthorizationType": "OAUTH_CLIENT_CREDENTIALS", "AuthParameters": {
   "OAuthParameters": {"AuthorizationEndpoint": "$url/token",
     "HttpMethod": "POST", "ClientParameters": {"ClientID": "client-1",
       "ClientSecret": "client-secret-1"}}}}}
JSON
chmod 600 "$home/connections"

# task PATH MORE [FIELDS]: a machine that calls; MORE are parameters.
task() {
  case $1 in http* | file*) endpoint=$1 ;; *) endpoint=$url$1 ;; esac
  echo "{\"StartAt\": \"T\", \"States\": {\"T\": {\"Type\": \"Task\",
    \"Resource\": \"arn:aws:states:::http:invoke\", \"Parameters\": {
      \"ApiEndpoint\": \"$endpoint\", $2}, ${3:-}
    \"End\": true}}}" >"$home/m.asl.json"
}
connection() {
  echo "\"Authentication\": {\"ConnectionArn\": \"arn:aws:events:us-east-1:\
123456789012:connection/$1/81210c42-8af1-456b-9c4a-6ff02fc664ac\"}"
}
GET='"Method": "GET"' POST='"Method": "POST"'
machines=0
run() {
  wanted_status=$1 machines=$((machines + 1))
  shift
  expect "$wanted_status" run "$home/m.asl.json" --progress none \
    --data "$home/data" --machine m$machines --connections "$home/connections" \
    --http-allow 127.0.0.1/32 "$@"
}
sent() { tail -n 1 "$home/requests" | grep -qF -e "$1" ||
  fail "not sent: $1 but $(tail -n 1 "$home/requests")"; }
asked() { wc -l <"$home/requests"; }

# What is sent, what comes back.
task /echo "$GET, \"QueryParameters\": {\"a\": \"1 2\", \"b\": [\"x\", \"y\"]},
  \"Headers\": {\"X-Mine\": \"me\"}"
run 0
sent '"query": "a=1%202&b=x&b=y"'
sent '"x-mine": "me"'
sent '"user-agent": "Amazon|StepFunctions|HttpInvoke|us-east-1"'
out_has '"StatusCode":200'
out_has '"StatusText":"OK"'
out_has '"content-type":["application/json"]'
out_has '"ResponseBody":{"method": "GET"'
task /echo "$POST, \"RequestBody\": {\"n\": 1.0, \"l\": []}"
run 0
sent '"body": "{\"n\": 1.0, \"l\": []}"'
sent '"content-type": "application/json"'
for format in 'INDICES:a[0]=x&a[1]=y%26' 'REPEAT:a=x&a=y%26' \
  'COMMAS:a=x,y%26' 'BRACKETS:a[]=x&a[]=y%26'; do
  task /echo "$POST, \"RequestBody\": {\"a\": [\"x\", \"y&\"], \"o\": {\"k\": true}},
    \"Transform\": {\"RequestBodyEncoding\": \"URL_ENCODED\",
      \"RequestEncodingOptions\": {\"ArrayFormat\": \"${format%%:*}\"}}"
  run 0
  sent "\"body\": \"${format#*:}&o[k]=true\""
  sent '"content-type": "application/x-www-form-urlencoded"'
done
task /text "$GET"
run 0
out_has '"ResponseBody":"höflich"'

# Failures.
task /status/404 "$GET"
run 1
err_has States.Http.StatusCode.404
task /image "$GET"
run 1
err_has "States.Runtime"
task /binary "$GET"
run 1
err_has "States.Runtime"
task http://127.0.0.1:1/ "$GET"
run 1
err_has States.Http.Socket
task /huge "$GET"
run 1 --payload-bytes 262144
err_has States.DataLimitExceeded
task /slow "$GET" '"TimeoutSeconds": 1,'
run 1
err_has States.Timeout
task /round "$GET"
run 1
err_has States.Http.Socket
task file:///etc/passwd "$GET"
run 1
err_has "must be an http or https URL"
task /echo "\"Method\": \"TRACE\""
run 1
err_has States.Runtime

# Private addresses need to be allowed; of any name, and behind redirects.
before=$(asked)
task /echo "$GET"
for allow in 10.0.0.0/8 127.0.0.2/31 ::1/128; do
  expect 1 run "$home/m.asl.json" --progress none --http-allow $allow
  err_has States.Http.Socket
  err_has "not allowed"
done
task "http://localhost:${url##*:}/echo" "$GET"
expect 1 run "$home/m.asl.json" --progress none
err_has "not allowed"
task "http://[::ffff:127.0.0.1]:${url##*:}/echo" "$GET"
expect 1 run "$home/m.asl.json" --progress none
err_has "not allowed"
task "http://2130706433:${url##*:}/echo" "$GET"
expect 1 run "$home/m.asl.json" --progress none
err_has "not allowed"
[ "$(asked)" = "$before" ] || fail "something was sent"
task /metadata "$GET"
run 1
err_has States.Http.Socket
err_has "169.254.169.254"
err_has "not allowed"
expect 3 run "$home/m.asl.json" --http-allow nonsense
err_has "a network is expected"

# Connections.
task /echo "$GET, $(connection basic)"
run 0
sent '"authorization": "Basic YW5uOnBhc3Mtd29yZC0x"'
out_has '"authorization": "Basic ****"'
task /echo "$POST, \"RequestBody\": {\"b\": 1, \"d\": 2}, $(connection key)"
run 0
sent '"x-key": "key-\"value-1"'
sent '"x-more": "header-secret-1"'
sent '"query": "q=query%20secret%201"'
sent '"body": "{\"d\":2,\"b\":\"shown\",\"c\":\"body-secret-1\"}"'
before=$(asked)
task /echo "$GET, $(connection oauth)"
run 0
sent '"authorization": "Bearer token-of-oauth'
[ "$(asked)" = $((before + 2)) ] || fail "not a token and a call"
task /status/401 "$GET, $(connection basic)"
run 1
err_has States.Http.StatusCode.401
err_has '"said": "Basic ****"'
err_lacks YW5uOnBhc3Mtd29yZC0x
task /status/401 "$GET, $(connection oauth)"
run 1
err_has States.Http.StatusCode.401
# Another origin gets no secret.
task /elsewhere "$GET, $(connection head)"
run 0
sent "\"host\": \"${other#http://}\""
tail -n 1 "$home/requests" | grep -q 'secret\|value-1\|x-key' &&
  fail "a secret went elsewhere"
before=$(asked)
task /elsewhere307 "$POST, \"RequestBody\": {}, $(connection key)"
run 1
err_has States.Http.StatusCode.307
[ "$(asked)" = $((before + 1)) ] || fail "the body went elsewhere"

task /echo "$GET, $(connection none)"
run 1
err_has Events.ConnectionResource.ResourceNotFound
expect 1 run "$home/m.asl.json" --progress none --http-allow 127.0.0.1
err_has "give --connections"
chmod 664 "$home/connections"
expect 3 run "$home/m.asl.json" --connections "$home/connections"
err_has "can be written by others"
chmod 604 "$home/connections"
expect 3 run "$home/m.asl.json" --connections "$home/connections"
err_has "others can read"

# No secret is in the store.
for secret in pass-word-1 YW5uOnBhc3Mtd29yZC0x value-1 header-secret \
  'query secret' 'query%20secret' body-secret client-secret token-of-oauth; do
  ! grep -rqaF -e "$secret" "$home/data" || fail "the store has $secret"
done
