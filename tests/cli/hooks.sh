#!/bin/sh
# Webhooks of `moonstep serve --triggers`, called with curl and signed with
# openssl, as their senders do.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION http_proxy
umask 077
machine=arn:aws:states:us-east-1:000000000000:stateMachine
secret=secret-of-the-hook-1 old=secret-of-the-hook-0 type=application/json

printf '%s\n%s\n' $secret $old >"$home/secret"
printf 'whsec_%s\n' "$(printf %s $secret | openssl base64)" >"$home/encoded"
write() { # write HOOK...: the file of triggers
  printf '{"Hooks": {' >"$home/triggers"
  comma=
  for hook in "$@"; do
    printf '%s%s' "$comma" "$hook" >>"$home/triggers"
    comma=,
  done
  printf '}}' >>"$home/triggers"
}
hook() { # hook NAME MACHINE SCHEME [MEMBER]...
  name=$1 to=$2 scheme=$3
  shift 3
  printf '"%s": {"StateMachineArn": "%s:%s", "Authentication": {"Scheme": ' \
    "$name" "$machine" "$to"
  printf '%s}' "$scheme"
  for member in "$@"; do printf ', %s' "$member"; done
  printf '}'
}
key='"SecretFile": "secret"'

# What is refused at the start, and where it says so.
serve="serve --listen 127.0.0.1:0 --data $home/data2 --triggers $home/triggers"
write "$(hook a echo '"GITHUB"')"
expect 2 $serve
err_has "triggers: Hooks.a.Authentication.SecretFile: it has to be there"
write "$(hook a echo '"GITLAB"')"
expect 2 $serve
err_has "Hooks.a.Authentication.Scheme: it has to be one of GITHUB, STRIPE"
write "$(hook a echo "\"GITHUB\", $key" '"Idempotencie": {}')"
expect 2 $serve
err_has 'Hooks.a: there is no member "Idempotencie"; there are: StateMachineA'
write "$(hook a echo "\"GITHUB\", $key" '"Input": "{% 1 + %}"')"
expect 2 $serve
err_has "Hooks.a.Input: "
write "$(hook a/b echo "\"GITHUB\", $key")"
expect 2 $serve
err_has "a name has 1 to 40 letters"
write "$(hook a echo "\"GITHUB\", $key" '"MaxBodyBytes": 0.5')"
expect 2 $serve
err_has "Hooks.a.MaxBodyBytes: it has to be from 1"
write "$(hook a echo "\"GITHUB\", $key")"
chmod 620 "$home/triggers"
expect 2 $serve
err_has "can be written by others"
chmod 600 "$home/triggers"
chmod 644 "$home/secret"
expect 2 $serve
err_has "secret holds secrets that others can read"
chmod 600 "$home/secret"
echo short >"$home/short"
write "$(hook a echo '"GITHUB", "SecretFile": "short"')"
expect 2 $serve
err_has "short:1: a secret has 16 to 512 characters"
write "$(hook a echo '"NONE"')"
expect 2 $serve --insecure
err_has "NONE would let anybody in"
echo "root secret-of-the-key-root admin" >"$home/keys"
expect 2 $serve --keys "$home/keys"
err_has "NONE would let anybody in"

write "$(hook github hold "\"GITHUB\", $key" \
    '"Idempotency": {"Header": "X-GitHub-Delivery"}' \
    '"Headers": ["X-GitHub-Event"]' \
    '"Input": {"s": "{% $states.input.body.s %}",
      "event": "{% $states.input.headers.`x-github-event` & \"\" %}",
      "q": "{% $states.input.query.a & \"\" %}"}')" \
  "$(hook stripe echo "\"STRIPE\", $key" \
    '"Idempotency": {"Pointer": "/id", "Required": true}')" \
  "$(hook slack echo "\"SLACK\", $key" \
    '"ContentTypes": ["application/x-www-form-urlencoded"]')" \
  "$(hook standard echo '"STANDARD_WEBHOOKS", "SecretFile": "encoded"' \
    '"Idempotency": {"Header": "webhook-id"}')" \
  "$(hook own echo "\"HMAC\", $key, \"Header\": \"X-Sum\",
     \"Encoding\": \"BASE64\", \"TimestampHeader\": \"X-Time\",
     \"ToleranceSeconds\": 60" '"Idempotency": {"Body": true}')" \
  "$(hook token echo "\"BEARER\", $key" \
    '"RateLimit": {"PerSecond": 0.001, "Burst": 2}' '"MaxBodyBytes": 100')" \
  "$(hook open echo '"NONE"')" \
  "$(hook fast quick "\"GITHUB\", $key" '"Wait": true')" \
  "$(hook lost nowhere "\"GITHUB\", $key")"
start_server --triggers "$home/triggers" --audit "$home/audit"
expect 0 create "$home/hold.asl.json"
expect 0 create "$home/echo.asl.json"
expect 0 create --express --machine quick "$home/echo.asl.json"

# post HOOK [CURL'S ARGUMENT]...: the body stands in $home/body; status and
# answer are kept.
post() {
  to=$1
  shift
  status=$(curl -sS -o "$home/out" -w '%{http_code}' --data-binary \
    @"$home/body" -H "Content-Type: $type" "$@" \
    "$MOONSTEP_ENDPOINT/hooks/$to")
}
is() { [ "$status" = "$1" ] || fail "status $status instead of $1"; }
body() { printf %s "$1" >"$home/body"; }
sum() { # sum KEY [TEXT BEFORE THE BODY]: in hex
  { printf %s "${2-}"; cat "$home/body"; } |
    openssl dgst -sha256 -hmac "$1" | sed 's/.* //'
}
sum64() {
  { printf %s "${2-}"; cat "$home/body"; } |
    openssl dgst -sha256 -hmac "$1" -binary | openssl base64 -A
}
github() {
  to=$1
  shift
  post "$to" -H "X-Hub-Signature-256: sha256=$(sum $secret)" "$@"
}
arn_of() { sed -n 's/.*"executionArn":"\([^"]*\)".*/\1/p' "$home/out"; }

# GitHub's way; the delivery's key is good for one execution.
body '{"s": 9999}'
github github?a=1 -H 'X-GitHub-Delivery: one' -H 'X-GitHub-Event: push'
is 202
first=$(arn_of)
expect 0 show "$first"
out_has '{"s":9999,"event":"push","q":"1"}'
github github -H 'X-GitHub-Delivery: one' -H 'X-GitHub-Event: ping'
is 200
[ "$(arn_of)" = "$first" ] || fail "another execution"
expect 0 stop "$first"
github github -H 'X-GitHub-Delivery: one'
is 200
[ "$(arn_of)" = "$first" ] || fail "another execution after the end"
body '{"s": 0}'
github github -H 'X-GitHub-Delivery: one'
is 409
out_has ConflictException
github github
is 202
[ "$(arn_of)" != "$first" ] || fail "no key, and no other execution"

# What is wrong with a request.
post github
is 401
out_has '"__type":"UnauthorizedException"'
post github -H "X-Hub-Signature-256: sha256=$(sum another-secret-0000)"
is 401
signature=$(sum $secret)
body '{"s": 0, "b": 2}'
post github -H "X-Hub-Signature-256: sha256=$signature"
is 401
post github -H "X-Hub-Signature-256: $signature"
is 401
post github -H "X-Hub-Signature-256: sha256=${signature%?}"
is 401
post github -H "X-Hub-Signature-256: sha256=$(sum $old)"
is 202
github nothing
is 404
github lost
is 500
out_has StateMachineDoesNotExist
github github -X PUT
is 405
type=text/plain
github github
is 415
type='application/vnd.own+json; charset=utf-8'
github github
is 202
type=application/json
github github -H 'Content-Encoding: gzip'
is 415
body '{"s": '
github github
is 400
out_has SerializationException
body "$(printf '%04000d' 0 | sed 's/0/[/g')"
github github
is 400
printf '{"s": "\377"}' >"$home/body"
github github
is 400
body '[]'
github github
is 400
out_has InvalidExecutionInput

# A large body is looked at by a thread, one that is too large by nobody.
{ printf '{"s": 0, "x": "'; printf '%0300000d' 0; printf '"}'; } >"$home/body"
github github
is 202
post github -H "X-Hub-Signature-256: sha256=$signature"
is 401
{ printf '{"s": 0, "x": "'; printf '%02000000d' 0; printf '"}'; } >"$home/body"
github github
is 413

# Times: what is too old is not taken, nor another time for the same body.
now=$(date +%s)
body '{"id": "evt_1", "type": "paid"}'
post stripe -H "Stripe-Signature: t=$now,v1=00,v1=$(sum $secret "$now."),v0=1"
is 202
first=$(arn_of)
post stripe -H "Stripe-Signature: t=$now,v1=$(sum $old "$now.")"
is 200
[ "$(arn_of)" = "$first" ] || fail "Stripe: another execution"
then=$((now - 301))
post stripe -H "Stripe-Signature: t=$then,v1=$(sum $secret "$then.")"
is 401
out_has "too far from now"
post stripe -H "Stripe-Signature: t=$((now + 1)),v1=$(sum $secret "$now.")"
is 401
post stripe -H "Stripe-Signature: v1=$(sum $secret)"
is 401
body '{"type": "paid"}'
post stripe -H "Stripe-Signature: t=$now,v1=$(sum $secret "$now.")"
is 400
out_has "lacks its key"
body 'text=a%20b+c&x=1&x=2&bad=%zz'
type=application/x-www-form-urlencoded
post slack -H "X-Slack-Signature: v0=$(sum $secret "v0:$now:")" \
  -H "X-Slack-Request-Timestamp: $now"
is 202
type=application/json
expect 0 show "$(arn_of)"
out_has '"body":{"text":"a b c","x":["1","2"],"bad":"%zz"}}'
body '{}'
post standard -H "webhook-signature: v1,AAAA v1,$(sum64 $secret "m1.$now.")" \
  -H "webhook-timestamp: $now" -H 'webhook-id: m1'
is 202
post standard -H "webhook-signature: v1,$(sum64 $secret "m1.$now.")" \
  -H "webhook-timestamp: $now" -H 'webhook-id: m2'
is 401
post own -H "X-Sum: $(sum64 $secret "$now.")" -H "X-Time: $now"
is 202
first=$(arn_of)
post own -H "X-Sum: $(sum64 $secret "$now.")" -H "X-Time: $now"
is 200
[ "$(arn_of)" = "$first" ] || fail "a replay has started another execution"
post own -H "X-Sum: $(sum64 $secret "$((now - 61)).")" \
  -H "X-Time: $((now - 61))"
is 401

# A secret that is sent along; a limit of requests.
post token -H "Authorization: Bearer $secret"
is 202
post token -H "Authorization: Bearer ${secret}x"
is 401
post token -H "Authorization: Bearer $secret"
is 202
post token -H "Authorization: Bearer $secret"
is 429

# Without authentication only who may ask anything: no page of another site.
post open
is 202
post open -H 'Origin: http://evil.example'
is 403
post open -H 'Host: evil.example'
is 403
github github -H 'Host: hooks.example.com' -H 'X-GitHub-Delivery: two'
is 400 # signed, so from wherever: it is its body that is wrong

# The answer is the output.
body '{"n": 7}'
github fast
is 200
out_has '"body":{"n": 7}'

# What the audit log and the list have of it.
expect 0 verify --audit "$home/audit"
grep -q '"key":"hook:github","operation":"StartExecution".*"outcome":"OK"' \
  "$home/audit" || fail "no line in the log"
! grep -q "$secret\|hook:open.*Unauth" "$home/audit" "$home/log" ||
  fail "too much in a log"
expect 0 triggers
out_has "/hooks/github  $machine:hold"
out_has "StateMachineDoesNotExist"
expect 0 triggers --json
out_has '"name":"token","type":"HOOK","path":"/hooks/token"'
out_has '"started":2,"repeated":0,"refused":2,"failed":0'

# Read again: other secrets; a file that is refused changes nothing.
echo secret-of-the-hook-2 >"$home/secret"
kill -HUP $server
wait_for '9 triggers were read again' "$home/log"
body '{"s": 0}'
github github -H 'X-GitHub-Delivery: three'
is 401
secret=secret-of-the-hook-2
github github -H 'X-GitHub-Delivery: three'
is 202
cp "$home/triggers" "$home/good"
echo '{"Hooks": 1}' >"$home/triggers"
kill -HUP $server
wait_for 'the triggers stay as they were.*Hooks: it has to be an object' \
  "$home/log"
github github -H 'X-GitHub-Delivery: three'
is 200
cp "$home/good" "$home/triggers"

# Killed between a request and its answer, at one moment or another: the
# sender sends again, and there is one execution.
body '{"s": 9999}'
for delay in 0 0.001 0.002 0.004 0.008 0.016; do
  (github github -H "X-GitHub-Delivery: kill-$delay" || true) \
    >/dev/null 2>&1 &
  sender=$!
  sleep $delay
  kill_server
  wait $sender || true
  start_server --triggers "$home/triggers" --audit "$home/audit"
  github github -H "X-GitHub-Delivery: kill-$delay"
  [ "$status" = 202 ] || is 200
  first=$(arn_of)
  github github -H "X-GitHub-Delivery: kill-$delay"
  is 200
  [ "$(arn_of)" = "$first" ] || fail "two executions of one delivery"
done
expect 0 list hold --status RUNNING
[ "$(grep -c 'github-' "$home/out")" = 6 ] ||
  fail "not one execution for each delivery"
stop_server

# Beyond loopback, with keys: hooks are authenticated by themselves, and
# everything else by signatures.
sed 's/"open": {[^}]*}}, *//; s/,"open": {[^}]*}}//' "$home/good" \
  >"$home/triggers"
address=
start_server --triggers "$home/triggers" --keys "$home/keys" \
  --listen 0.0.0.0:0 --data "$home/data"
MOONSTEP_ENDPOINT=http://127.0.0.1:${MOONSTEP_ENDPOINT##*:}
github github -H 'X-GitHub-Delivery: kill-0'
is 200
github github -H 'X-GitHub-Delivery: far' -H 'Host: hooks.example.com'
is 202
post github
is 401
expect 1 triggers
err_has MissingAuthenticationToken
stop_server
echo ok
