#!/bin/sh
# Runs the example: test.sh MOONSTEP (or the variable MOONSTEP).
#
# Patches demo roots: all well, with a script that fails once, with one that
# always fails (tolerated, and not), and while the engine is killed again and
# again.
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

root_of() { echo "$home/moonstep-patch-demo/$1/root-$2"; }

versions() { # NAME ROOT: the distinct versions and states of its packages
  dpkg-query --root="$(root_of "$1" "$2")" -W \
    -f '${Version} ${db:Status-Status}\n' | sort -u
}

ledger() { # NAME ROOT: without the times
  sed 's/^[^ ]* //' "$(root_of "$1" "$2")/var/log/moonstep-patch.log"
}

expected_ledger() {
  for package in base check service tool; do
    echo "$1 demo-$package 1.0 -> 1.1"
  done
}

check_patched() { # NAME ROOT...
  name=$1
  shift
  for root in "$@"; do
    [ "$(versions "$name" "$root")" = "1.1 installed" ] ||
      die "$name: root $root: $(versions "$name" "$root")"
    [ "$(ledger "$name" "$root" | sort)" = "$(expected_ledger "$name")" ] ||
      die "$name: the ledger of root $root is $(ledger "$name" "$root")"
  done
}

check_rolled_back() { # NAME ROOT
  [ "$(versions "$1" "$2")" = "1.0 installed" ] ||
    die "$1: root $2: $(versions "$1" "$2")"
  left=$(find "$(root_of "$1" "$2")" -name 'only-in-1.1')
  [ -z "$left" ] || die "files of the new packages are left: $left"
  [ "$(ledger "$1" "$2")" = "$1 failed Patch.DpkgFailed" ] ||
    die "$1: the ledger of root $2 is $(ledger "$1" "$2")"
}

"$moonstep" validate "$here/patch.asl.json" >"$home/log" 2>&1 ||
  die "the definition is not valid"

run plain '{"demo":{"roots":4}}' || die "the plain run failed"
check_patched plain 1 2 3 4
grep -q '"count":16' "$home/output" || die "plain: $(cat "$home/output")"

# The canary fails once: it is tried again, and all is well.
run transient '{"demo":{"roots":2,"fail":"transient","failing":[1]}}' ||
  die "no retry"
check_patched transient 1 2
grep -q 'attempt 2' "$home/log" || die "there was no second attempt"

# One root always fails: it is rolled back, and the rollout stops after its
# batch. The root of the next batch is as it was.
status=0
run always '{"demo":{"roots":4,"fail":"always"}}' || status=$?
[ $status = 1 ] || die "a failed patch gave exit status $status"
grep -q 'Patch.TooManyFailures' "$home/log" || die "it was not stopped"
grep -q 'the service does not answer' "$home/log" || die "the cause is lost"
check_patched always 1 3
check_rolled_back always 2
[ "$(versions always 4)" = "1.0 installed" ] || die "root 4 was patched"
[ ! -e "$(root_of always 4)/var/log/moonstep-patch.log" ] ||
  die "root 4 was touched"
grep -q 'root-4: not patched' "$home/log" || die "the report is missing"

# The same, tolerated: the others are patched, the report tells.
run tolerated '{"tolerated":1,"demo":{"roots":4,"fail":"always"}}' ||
  die "a tolerated failure failed the run"
check_patched tolerated 1 3 4
check_rolled_back tolerated 2
grep -q '"count":12,"demo":true,"failed":1' "$home/output" ||
  die "tolerated: $(cat "$home/output")"

# Killed in the middle, as often as it takes, and started again: it goes on,
# no package is patched twice, and no failure is counted twice.
round=0
input='{"tolerated":1,"demo":{"roots":4,"fail":"always"}}'
while :; do
  round=$((round + 1))
  [ $round -le 60 ] || die "it does not get to its end"
  "$moonstep" run "$here/patch.asl.json" --name killed --data "$home/data" \
    --input "$input" >"$home/output" 2>"$home/log" &
  pid=$!
  sleep "0.$((round % 9))$((round * 7 % 10))"
  [ $round -gt 20 ] || kill -9 $pid 2>/dev/null || true
  status=0
  wait $pid || status=$?
  [ $status != 0 ] || break
  [ $status = 137 ] || die "round $round ended with $status"
done
check_patched killed 1 3 4
check_rolled_back killed 2
grep -q '"count":12,"demo":true,"failed":1' "$home/output" ||
  die "killed: $(cat "$home/output")"
