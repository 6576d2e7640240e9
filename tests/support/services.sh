# For sourcing after cli.sh: stand-ins of AWS services, and machines of one
# task that call them. Needs Python.
command -v python3 >/dev/null || { echo "no python3"; exit 77; }

# until_true WHAT COMMAND...: tries again for 30 seconds.
until_true() {
  what=$1 tries=0
  shift
  until "$@"; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || fail "never: $what"
    sleep 0.05
  done
}

# stand_in PROGRAM: starts tests/support/PROGRAM, which checks signatures by
# the keys here; its address is in $url.
stand_in() {
  python3 "$(dirname "$(realpath "$0")")/../support/$1" "$home" &
  standin=$!
  trap 'kill $standin $server 2>/dev/null; rm -rf "$home"' EXIT
  until_true "the stand-in is up" test -e "$home/url"
  url=$(cat "$home/url")
  unset AWS_SESSION_TOKEN AWS_ENDPOINT_URL
  export AWS_ACCESS_KEY_ID=AKTEST AWS_SECRET_ACCESS_KEY=secret/+key
}

# task RESOURCE PARAMETERS [FIELDS]: a machine of one task.
task() {
  echo "{\"StartAt\": \"T\", \"States\": {\"T\": {\"Type\": \"Task\",
    \"Resource\": \"arn:aws:states:::$1\", \"Parameters\": $2, ${3:-}
    \"End\": true}}}" >"$home/m.asl.json"
}

# run STATUS ARGUMENT...: runs that machine.
run() {
  wanted_status=$1
  shift
  expect "$wanted_status" run "$home/m.asl.json" --progress none "$@"
}

# requests LEAD: how often something that begins so was asked for.
requests() { grep -c "^$1" "$home/requests" || true; }
asked() { grep -qF -e "$1" "$home/requests"; }
requested() { asked "$1" || fail "not asked: $1"; }

# serve ARGUMENT...: a server, its address in $endpoint; the next time the
# same data.
serve() {
  : >"$home/log"
  "$moonstep" serve --listen 127.0.0.1:0 --data "$home/data" "$@" \
    2>"$home/log" &
  server=$!
  until_true "the server is up" grep -q 'listening on' "$home/log"
  endpoint=$(sed -n 's/.*listening on //p' "$home/log")
}
