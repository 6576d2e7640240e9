# For sourcing after cli.sh: a server of the test's own.

cat >"$home/echo.asl.json" <<'JSON'
{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}
JSON
cat >"$home/bad.asl.json" <<'JSON'
{"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Own.Error"}}}
JSON
cat >"$home/hold.asl.json" <<'JSON'
{"StartAt": "Hold", "States": {
  "Hold": {"Type": "Wait", "SecondsPath": "$.s", "Next": "Done"},
  "Done": {"Type": "Pass", "End": true}}}
JSON

# wait_for PATTERN FILE: until the file has it.
wait_for() {
  tries=0
  until grep -q -e "$1" "$2" 2>/dev/null; do
    tries=$((tries + 1))
    if [ $tries -gt 600 ]; then
      echo "failed: $2 never had: $1"
      cat "$2" "$home/log"
      exit 1
    fi
    sleep 0.05
  done
}

# start_server [ARGUMENT]...: on a free port, the next time on the same one.
start_server() {
  : >"$home/log"
  "$moonstep" serve --listen "${address:-127.0.0.1:0}" --data "$home/data" \
    "$@" 2>"$home/log" &
  server=$!
  wait_for 'listening on' "$home/log"
  MOONSTEP_ENDPOINT=$(sed -n 's/.*listening on //p' "$home/log")
  address=${MOONSTEP_ENDPOINT#http://}
  export MOONSTEP_ENDPOINT
}

stop_server() {
  status=0
  kill -TERM $server
  wait $server || status=$?
  server=
  [ $status = 0 ] || { cat "$home/log"; fail "serve ended with $status"; }
}

kill_server() {
  kill -9 $server
  wait $server 2>/dev/null || true
  server=
}
