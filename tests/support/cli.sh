# For sourcing by tests/cli/*.sh: runs moonstep and compares.
#
# Sets `moonstep` from the script's argument or the variable MOONSTEP, and
# `home`, a directory that goes away with the script.
set -eu
moonstep=$(realpath "${1:-${MOONSTEP:?path of the moonstep binary}}")
home=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill $server; rm -rf "$home"' EXIT
export TMPDIR="$home"
unset MOONSTEP_CONFIG MOONSTEP_DATA MOONSTEP_ENDPOINT NO_COLOR

fail() {
  echo "failed: $*"
  echo "--- stdout"; tail -n 20 "$home/out"
  echo "--- stderr"; tail -n 20 "$home/err"
  exit 1
}

# expect STATUS ARGUMENT...: runs moonstep; output in $home/out, $home/err.
expect() {
  wanted=$1 status=0
  shift
  "$moonstep" "$@" >"$home/out" 2>"$home/err" </dev/null || status=$?
  [ $status = "$wanted" ] ||
    fail "moonstep $*: exit status $status instead of $wanted"
}

out_is() { [ "$(cat "$home/out")" = "$1" ] || fail "stdout is not: $1"; }
out_has() { grep -qF -e "$1" "$home/out" || fail "stdout lacks: $1"; }
err_has() { grep -qF -e "$1" "$home/err" || fail "stderr lacks: $1"; }
err_lacks() { ! grep -qF -e "$1" "$home/err" || fail "stderr has: $1"; }
