#!/bin/sh
# `moonstep serve` tells a service manager that it is ready, and that it stops;
# the manual page is one.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

cat >"$home/manager.py" <<'PY'
import os, socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
print("bound", flush=True)
while True:
    state = listener.recv(100).decode()
    print(state, flush=True)
    if state == "STOPPING=1":
        break
PY
python3 "$home/manager.py" "$home/socket" >"$home/states" &
manager=$!
wait_for bound "$home/states"
export NOTIFY_SOCKET="$home/socket"
start_server
wait_for READY=1 "$home/states"
kill -HUP $server # `systemctl reload`: there is nothing to read again
curl -sf "$MOONSTEP_ENDPOINT/healthz" >"$home/out" || fail "SIGHUP ended it"
stop_server
wait $manager
[ "$(tr '\n' ' ' <"$home/states")" = "bound READY=1 STOPPING=1 " ] ||
  fail "said: $(cat "$home/states")"

# A manager that is gone harms nobody.
export NOTIFY_SOCKET="$home/nowhere"
start_server
stop_server

expect 0 help man
out_has ".TH MOONSTEP 1"
out_has '\fB\-\-retention\-days\fR'
if command -v man >/dev/null && command -v groff >/dev/null; then
  groff -man -ww -Tutf8 "$home/out" >/dev/null 2>"$home/complaints"
  [ ! -s "$home/complaints" ] || fail "$(cat "$home/complaints")"
fi
