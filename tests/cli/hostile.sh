#!/bin/sh
# A server and clients that mean no good: tests/support/hostile.py.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"
command -v python3 >/dev/null || { echo "no python3"; exit 77; }
[ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge 10500 ] ||
  { echo "too few files may be open"; exit 77; }

ulimit -n "$(ulimit -Hn)"
start_server
timeout 120 python3 "$(dirname "$(realpath "$0")")/../support/hostile.py" \
  "$address" $server >"$home/out" 2>"$home/err" ||
  fail "a hostile client has won"
out_has passed
stop_server
