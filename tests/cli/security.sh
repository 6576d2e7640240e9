#!/bin/sh
# `moonstep serve` with keys, TLS and an audit log; commands that sign.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_CA_BUNDLE
unset AWS_REGION AWS_DEFAULT_REGION
umask 077

# be KEY: signs with its secret from now on; be nobody: does not.
be() {
  unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
  [ "$1" != nobody ] || return 0
  AWS_ACCESS_KEY_ID=$1 AWS_SECRET_ACCESS_KEY=secret-of-the-key-$1
  export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
}

keys() {
  for line in "$@"; do
    set -- $line
    echo "$1 secret-of-the-key-$1 $2 ${3-}"
  done >"$home/keys"
}

# What is refused at the start.
serve="serve --listen 127.0.0.1:0 --data $home/data2"
expect 3 $serve --keys "$home/keys"
err_has "No such file"
keys "root admin"
chmod 620 "$home/keys"
expect 2 $serve --keys "$home/keys"
err_has "can be written by others"
chmod 644 "$home/keys"
expect 2 $serve --keys "$home/keys"
err_has "others can read"
chmod 600 "$home/keys"
echo "root too-short admin" >"$home/wrong"
expect 2 $serve --keys "$home/wrong"
err_has "wrong:1: a secret has 16 to 128 characters"
err_lacks "too-short"
expect 2 $serve --keys "$home/keys" --insecure
err_has "either"
expect 2 $serve --tls-key "$home/keys"
err_has "need each other"
mkdir "$home/files"
cp "$home/keys" "$home/files/keys"
expect 2 $serve --keys "$home/files/keys" --files "$home/files"
err_has "overlaps the file of --keys"
echo "no log" >"$home/nolog"
expect 2 $serve --audit "$home/nolog"
err_has "no line of an audit log"
expect 2 serve --listen 0.0.0.0:0 --data "$home/data2"
err_has "--keys"

# Who may do what.
keys "root admin" "eyes viewer" "ci starter" "hand worker" "ops operator"
start_server --keys "$home/keys" --audit "$home/audit"
be nobody
expect 1 list echo
err_has "MissingAuthenticationTokenException"
be root
expect 0 start "$home/hold.asl.json" --input '{"s":9999}' --name one
AWS_SECRET_ACCESS_KEY=secret-of-the-key-boot
expect 1 list hold
err_has "InvalidSignatureException"
be eyes
expect 0 show hold:one
expect 0 list hold
expect 1 start hold --input '{"s":9999}'
err_has "AccessDeniedException: User: eyes is not authorized to perform: \
states:StartExecution"
expect 1 stop hold:one
err_has "AccessDeniedException"
be ci
expect 0 start hold --input '{"s":9999}' --name two
expect 1 stop hold:two
err_has "AccessDeniedException"
expect 1 create "$home/echo.asl.json"
err_has "AccessDeniedException"
be hand
expect 1 show hold:one
err_has "AccessDeniedException"
be ops
expect 0 stop hold:two
expect 1 delete hold
err_has "AccessDeniedException"
AWS_REGION=eu-west-1 expect 0 list hold

# SIGHUP: other keys; those of a file that is refused are not taken.
keys "root admin" "slow viewer rate=0.001/2"
kill -HUP $server
wait_for '2 keys were read again' "$home/log"
be ops
expect 1 list hold
err_has "UnrecognizedClientException"
be slow
expect 0 list hold
expect 0 list hold
expect 1 list hold
err_has "ThrottlingException: Rate exceeded"
echo "nonsense" >>"$home/keys"
kill -HUP $server
wait_for 'the keys stay as they were' "$home/log"
expect 1 list hold
err_has "ThrottlingException"
be root
expect 0 list hold
stop_server
! grep -q secret-of "$home/log" "$home/audit" || fail "a secret was logged"

# What the audit log has of it.
expect 0 verify --audit "$home/audit"
out_has "9 lines, the last one is "
cut -d, -f2-5 "$home/audit" | sed 's/arn:[^"]*:execution:/E:/; s/arn:[^"]*://' \
  >"$home/short"
cat >"$home/wanted" <<'TEXT'
"key":"root","operation":"CreateStateMachine","resource":"hold","outcome":"OK"
"key":"root","operation":"StartExecution","resource":"E:hold:one","outcome":"OK"
"key":"eyes","operation":"StartExecution","resource":null,"outcome":"AccessDeniedException"
"key":"eyes","operation":"StopExecution","resource":null,"outcome":"AccessDeniedException"
"key":"ci","operation":"StartExecution","resource":"E:hold:two","outcome":"OK"
"key":"ci","operation":"StopExecution","resource":null,"outcome":"AccessDeniedException"
"key":"ci","operation":"CreateStateMachine","resource":null,"outcome":"AccessDeniedException"
"key":"ops","operation":"StopExecution","resource":"E:hold:two","outcome":"OK"
"key":"ops","operation":"DeleteStateMachine","resource":null,"outcome":"AccessDeniedException"
TEXT
diff "$home/wanted" "$home/short" || fail "the audit log is another"
sed 's/"key":"ops"/"key":"eye"/' "$home/audit" >"$home/altered"
expect 1 verify --audit "$home/altered"
err_has "altered:8: its hash is not that of its text"
expect 2 verify "$home/audit"
err_has "did you mean --audit $home/audit"
expect 2 verify # the histories of a store, then
err_has "there is no store in"
expect 2 verify "$home"
err_has "did you mean --data $home"

# Killed in the middle of a line: it goes on. Without keys it has the uid.
head -c -20 "$home/audit" >"$home/torn"
be nobody
start_server --audit "$home/torn"
grep -q 'ended within a line' "$home/log" || fail "a torn line unnoticed"
expect 0 start hold --input '{"s":9999}' --name three
kill_server
expect 0 verify --audit "$home/torn"
out_has "9 lines"
tail -n 1 "$home/torn" | grep -q "\"uid\":$(id -u),\"operation\":\"Start" ||
  fail "no uid in the log"

# TLS.
if command -v openssl >/dev/null; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
    -keyout "$home/tls.key" -out "$home/tls.crt" -days 1 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 2>"$home/err" || fail "openssl"
  openssl genrsa -out "$home/other.key" 2048 2>"$home/err"
  expect 2 $serve --tls-cert "$home/tls.crt" --tls-key "$home/other.key"
  err_has "do not belong together"
  expect 2 $serve --tls-cert "$home/keys" --tls-key "$home/tls.key"
  err_has "--tls-cert: there is no certificate in it"
  expect 2 $serve --tls-cert "$home/tls.crt" --tls-key "$home/tls.crt"
  err_has "--tls-key: there is no private key in it"
  chmod 644 "$home/tls.key"
  expect 2 $serve --tls-cert "$home/tls.crt" --tls-key "$home/tls.key"
  err_has "others can read"
  chmod 600 "$home/tls.key"
  keys "root admin"
  address=127.0.0.1:0
  start_server --keys "$home/keys" --tls-cert "$home/tls.crt" \
    --tls-key "$home/tls.key"
  case $MOONSTEP_ENDPOINT in
    https://*) ;;
    *) fail "no https in $MOONSTEP_ENDPOINT" ;;
  esac
  be root
  expect 4 list hold # a certificate that nobody vouches for
  export AWS_CA_BUNDLE="$home/tls.crt"
  expect 0 list hold
  be nobody
  expect 1 list hold
  err_has "MissingAuthenticationTokenException"
  port=${MOONSTEP_ENDPOINT##*:}
  for version in tls1 tls1_1; do
    ! openssl s_client -connect "127.0.0.1:$port" -$version \
      -cipher ALL:@SECLEVEL=0 </dev/null >"$home/out" 2>&1 ||
      fail "$version is spoken"
  done
  for version in tls1_2 tls1_3; do
    openssl s_client -connect "127.0.0.1:$port" -$version </dev/null \
      >"$home/out" 2>&1 || fail "$version is not spoken"
  done
  stop_server
fi
