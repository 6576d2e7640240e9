#!/bin/sh
# Runs the example: test.sh MOONSTEP (or the variable MOONSTEP).
#
# Patches the demo root, with a script that fails once, with one that always
# fails, and while the engine is killed again and again.
set -eu
here=$(dirname "$(realpath "$0")")
moonstep=${1:-${MOONSTEP:?path of the moonstep binary}}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export TMPDIR="$home"

die() {
  echo "$*"
  tail -n 40 "$home/log"
  exit 1
}

run() { # NAME INPUT [OPTION]...
  name=$1 input=$2
  shift 2
  "$moonstep" run "$here/patch.asl.json" --name "$name" --input "$input" \
    "$@" >"$home/output" 2>"$home/log"
}

root_of() { echo "$home/moonstep-patch-demo/$1/root"; }

versions() { # NAME: the distinct versions and states of its packages
  dpkg-query --root="$(root_of "$1")" -W \
    -f '${Version} ${db:Status-Status}\n' | sort -u
}

ledger() { # NAME: without the times
  sed 's/^[^ ]* //' "$(root_of "$1")/var/log/moonstep-patch.log"
}

expected_ledger() {
  for package in base check service tool; do
    echo "$1 demo-$package 1.0 -> 1.1"
  done
}

check_patched() { # NAME
  [ "$(versions "$1")" = "1.1 installed" ] || die "$1: $(versions "$1")"
  [ "$(ledger "$1" | sort)" = "$(expected_ledger "$1")" ] ||
    die "$1: the ledger is $(ledger "$1")"
  grep -q '"count":4' "$home/output" || die "$1: $(cat "$home/output")"
}

run plain '{}' || die "the plain run failed"
check_patched plain

run transient '{"demo":{"fail":"transient"}}' || die "no retry"
check_patched transient
grep -q 'attempt 2' "$home/log" || die "there was no second attempt"

status=0
run always '{"demo":{"fail":"always"}}' || status=$?
[ $status = 1 ] || die "a failed patch gave exit status $status"
grep -q 'Patch.RolledBack' "$home/log" || die "it was not rolled back"
grep -q 'the service does not answer' "$home/log" || die "the cause is lost"
[ "$(versions always)" = "1.0 installed" ] || die "$(versions always)"
left=$(find "$(root_of always)" -name 'only-in-1.1')
[ -z "$left" ] || die "files of the new packages are left: $left"

# Killed in the middle, as often as it takes, and started again: it goes on,
# and no package is patched twice.
round=0
while :; do
  round=$((round + 1))
  [ $round -le 60 ] || die "it does not get to its end"
  "$moonstep" run "$here/patch.asl.json" --name killed --data "$home/data" \
    >"$home/output" 2>"$home/log" &
  pid=$!
  sleep "0.$((round % 9))$((round * 7 % 10))"
  [ $round -gt 25 ] || kill -9 $pid 2>/dev/null || true
  status=0
  wait $pid || status=$?
  [ $status != 0 ] || break
  [ $status = 137 ] || die "round $round ended with $status"
done
check_patched killed
