#!/bin/sh
# The API under load, wrk on the same machine: http.sh BUILD_DIRECTORY
# [SECONDS] [CONNECTIONS] [signed]. StartExecution of a machine with one Pass state:
# each answer stands for an execution that is durable. Then DescribeExecution
# of one that has ended. `signed`: the server has keys and checks signatures.
set -eu
build=$1
seconds=${2:-10}
connections=${3:-64}
signed=${4:-}
here=$(dirname "$0")
if ! command -v wrk >/dev/null; then
  echo "skipped: no wrk (Debian package wrk)"
  exit 0
fi
data=$(mktemp -d "${TMPDIR:-/tmp}/bench-http.XXXXXX")
(umask 077 && echo "bench 0123456789abcdef admin" >"$data/keys")
"$build/moonstep" serve --listen 127.0.0.1:0 --data "$data" --workers 1 \
  ${signed:+--keys "$data/keys"} 2>"$data/log" &
server=$!
trap 'kill $server; wait $server 2>/dev/null; rm -rf "$data"' EXIT
until url=$(sed -n 's/.*listening on //p' "$data/log") && [ -n "$url" ]; do
  kill -0 $server
done

# ask OPERATION BODY: the answer
ask() {
  curl -sS "$url/" -H "X-Amz-Target: AWSStepFunctions.$1" \
    -H "Content-Type: application/x-amz-json-1.0" -d "$2" \
    ${signed:+--aws-sigv4 aws:amz:us-east-1:states \
      -u bench:0123456789abcdef} ${3:+-v -o /dev/null --stderr -}
}

# sign OPERATION BODY: the headers that curl makes, for wrk.
sign() {
  ask "$1" "$2" verbose >"$data/sent"
  AUTHORIZATION=$(sed -n 's/^> Authorization: //p' "$data/sent" | tr -d '\r')
  SIGNED_AT=$(sed -n 's/^> X-Amz-Date: //p' "$data/sent" | tr -d '\r')
  export AUTHORIZATION SIGNED_AT
}

# member NAME: of the JSON on stdin, a string without escapes
member() {
  sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

# What the server has used so far, in clock ticks.
ticks() {
  sed 's/.*) //' "/proc/$server/stat" | awk '{ print $12 + $13 }'
}

# The line of http.lua, and what a request cost the server in CPU time.
load() {
  [ -z "$signed" ] || sign "$1" "$2"
  before=$(ticks)
  line=$(TARGET=$1 BODY=$2 wrk -t1 -c"$connections" -d"${seconds}s" \
    --latency -s "$here/http.lua" "$url/" | tail -n 1)
  requests=$(echo "$line" | sed 's/.*"requests":\([0-9]*\).*/\1/')
  awk -v line="${line%\}}" -v used=$(($(ticks) - before)) \
    -v requests="$requests" -v hertz="$(getconf CLK_TCK)" 'BEGIN {
      printf "%s,\"server_us\":%.1f}\n", line,
        used / hertz * 1e6 / requests }'
}

definition='{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Pass\",\"End\":true}}}'
machine=$(ask CreateStateMachine "{\"name\":\"bench\",\"roleArn\":\"arn:aws:iam::123456789012:role/r\",
  \"definition\":\"$definition\"}" | member stateMachineArn)
input='{\"order\":7,\"items\":[1,2,3],\"customer\":\"somebody\"}'
start="{\"stateMachineArn\":\"$machine\",\"input\":\"$input\"}"
load StartExecution "$start"
execution=$(ask StartExecution "$start" | member executionArn)
load DescribeExecution "{\"executionArn\":\"$execution\"}"
