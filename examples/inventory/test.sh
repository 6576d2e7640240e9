#!/bin/sh
# Runs the example: test.sh MOONSTEP (or the variable MOONSTEP).
#
# The list that comes with it, failures that are not tolerated, and kill -9 in
# the middle of a longer list.
set -eu
here=$(dirname "$(realpath "$0")")
moonstep=$(realpath "${1:-${MOONSTEP:?path of the moonstep binary}}")
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export TMPDIR="$home"
to=$home/out
mkdir "$to" "$home/data"

die() {
  echo "$*"
  tail -n 40 "$home/log"
  exit 1
}

count() { # INPUT
  "$moonstep" run "$here/inventory.asl.json" --input "$1" \
    --files "$to" --files "$here/data" >"$home/output" 2>"$home/log"
}

has() { # TEXT
  grep -qF -e "$1" "$home/output" ||
    die "the output is $(cat "$home/output"), without $1"
}

"$moonstep" validate "$here/inventory.asl.json" >"$home/log" 2>&1 ||
  die "the definition is not valid"

# The list that comes with it, from the directory where the README says so.
cd "$home"
ln -s "$to" inventory-out
count '{}' || die "the list is not good"
has '{"from":"S-01201","to":"S-01250","why":"S-01234: counted is \"1O\""}'
has '{"from":"S-02701","to":"S-02750","why":"S-02718: counted is \"\""}'
has '"north":{"cents":-137973,"differences":44,"missing":76,"too_many":20}'
cmp -s "$home/output" "$to/summary.json" || die "the summary is another one"
grep -q '2900 of 3000 items, 100 failed' "$home/log" || die "other counts"

# Batches of one row: nothing but the two bad rows is left out.
count '{"batch":1,"slack":100}' || die "batches of one row failed"
has '"count_again":[{"from":"S-01234","to":"S-01234"'
has '"warehouses":{}'

# No failures are tolerated.
status=0
count '{"tolerated":0}' || status=$?
[ $status = 1 ] || die "exit status $status"
grep -q 'States.ExceedToleratedFailureThreshold' "$home/log" ||
  die "another error"

# Killed in the middle, as often as it takes: each row counts once.
rm -r "$to/results"
awk 'BEGIN { print "sku,warehouse,booked,counted,cents"
  for (i = 1; i <= 12000; i++) printf "L-%d,west,5,%d,10\n", i, 5 + i % 2 }' \
  >"$home/data/long.csv"
round=0
while :; do
  round=$((round + 1))
  [ $round -le 60 ] || die "it does not get to its end"
  "$moonstep" run "$here/inventory.asl.json" --name killed \
    --data "$home/store" --files "$to" --files "$home/data" \
    --input '{"list":"long.csv","batch":5}' >"$home/output" 2>"$home/log" &
  pid=$!
  sleep "0.$((round % 4))$((round * 7 % 10))"
  [ $round -gt 10 ] || kill -9 $pid 2>/dev/null || true
  status=0
  wait $pid 2>/dev/null || status=$?
  [ $status != 0 ] || break
  [ $status = 137 ] || die "round $round ended with $status"
done
has '"west":{"cents":60000,"differences":6000,"missing":0,"too_many":6000}'
has '"count_again":[]'
[ "$(cat "$to"/results/*/SUCCEEDED_*.jsonl | wc -l)" = 6000 ] ||
  die "a row is there twice, or not at all"
