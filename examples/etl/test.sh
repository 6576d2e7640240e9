#!/bin/sh
# Runs the example: test.sh MOONSTEP (or the variable MOONSTEP).
#
# The data that comes with it, sums that are known, sources that are broken,
# and kill -9 in the middle.
set -eu
here=$(dirname "$(realpath "$0")")
moonstep=$(realpath "${1:-${MOONSTEP:?path of the moonstep binary}}")
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export TMPDIR="$home"
to=$home/to

die() {
  echo "$*"
  tail -n 40 "$home/log"
  exit 1
}

etl() { # INPUT [OPTION]...
  input=$1
  shift
  "$moonstep" run "$here/etl.asl.json" --input "$input" "$@" \
    >"$home/output" 2>"$home/log"
}

is() { # FILE EXPECTED
  [ "$(cat "$1")" = "$2" ] || die "$1 is $(cat "$1"), not $2"
}

lines() { # FILE NUMBER
  [ "$(wc -l <"$1")" = "$2" ] || die "$1 has $(wc -l <"$1") lines, not $2"
}

"$moonstep" validate "$here/etl.asl.json" >"$home/log" 2>&1 ||
  die "the definition is not valid"

# The data that comes with it, from the directory where the README says so.
(cd "$here/../.." && etl "{\"to\":\"$to\"}") || die "the data is not good"
lines "$to/orders.jsonl" 100
lines "$to/rejected.jsonl" 5
for reason in 'no id' 'no date' 'no amount' 'unknown country'; do
  grep -q "\"reason\":\"$reason\"" "$to/rejected.jsonl" || die "no '$reason'"
done
[ -z "$(ls -A "$to/.staging")" ] ||
  die "staging files are left"

# Sums that are known, rounded to the cent; quotes, commas, CRLF.
data=$home/data
mkdir "$data"
printf 'country,region\nDE,north\nIT,south\n' >"$data/countries"
printf 'order,day,country,note,amount\r\n' >"$data/web"
printf 'w-1,2024-01-01,DE,"a ""b"", c",0.1\r\n' >>"$data/web"
printf 'w-2,2024-01-02,IT,,19.99\r\nw-3,2024-01-03,DE,,0.2\r\n' >>"$data/web"
echo '{"id":"s-1","when":"2024-02-03T04:05:06Z","country":"DE","total":1e2}' \
  >"$data/shops"
sources="\"web\":\"$data/web\",\"shops\":\"$data/shops\""
sources="$sources,\"countries\":\"$data/countries\",\"to\":\"$to\""
etl "{$sources}" || die "small sources failed"
sums='{"accepted":4,"cents":12029,"regions":{'
sums="$sums\"north\":{\"cents\":10030,\"orders\":3},"
sums="$sums\"south\":{\"cents\":1999,\"orders\":1}},\"rejected\":0}"
is "$home/output" "$sums"
is "$to/summary.json" "$sums"
lines "$to/rejected.jsonl" 0
grep -q '"day":"2024-02-03"' "$to/orders.jsonl" || die "the day is wrong"

# What is broken is reported, and what was published stays.
fails() { # INPUT ERROR
  status=0
  etl "$1" || status=$?
  [ $status = 1 ] || die "$2: exit status $status"
  grep -q "\"Error\":\"$2\"" "$to/failure.json" || die "$2 is not reported"
  is "$to/summary.json" "$sums"
  lines "$to/orders.jsonl" 4
  [ -z "$(ls -A "$to/.staging")" ] || die "$2: staging files are left"
}
fails "{$sources,\"shops\":\"$data/none\"}" Fs.NotFound
echo 'w-4,2024-01-04,DE,"open,1' >>"$data/web"
fails "{$sources}" Etl.BadSource
grep -q 'line 5: a quote is not closed' "$to/failure.json" ||
  die "the line is not told"
sed -i '$d' "$data/web"
echo 'w-4,2024-01-04,DE,,nothing' >>"$data/web"
fails "{$sources,\"max_rejected\":0}" Etl.TooManyRejected
lines "$to/rejected.jsonl" 1
etl "{$sources}" || die "one rejected row is allowed"
[ ! -e "$to/failure.json" ] || die "the failure is over"

# Killed in the middle, as often as it takes: each order counts once.
awk 'BEGIN { print "order,day,country,note,amount"
  for (i = 1; i <= 1500; i++)
    printf "w-%d,2024-01-01,%s,,%d.25\n", i, i % 3 ? "DE" : "IT", i }' \
  >"$data/web"
round=0
while :; do
  round=$((round + 1))
  [ $round -le 60 ] || die "it does not get to its end"
  "$moonstep" run "$here/etl.asl.json" --name killed --data "$home/store" \
    --input "{$sources}" >"$home/output" 2>"$home/log" &
  pid=$!
  sleep "0.$((round % 4))$((round * 7 % 10))"
  [ $round -gt 10 ] || kill -9 $pid 2>/dev/null || true
  status=0
  wait $pid 2>/dev/null || status=$?
  [ $status != 0 ] || break
  [ $status = 137 ] || die "round $round ended with $status"
done
sums='{"accepted":1501,"cents":112622500,"regions":{'
sums="$sums\"north\":{\"cents\":75035000,\"orders\":1001},"
sums="$sums\"south\":{\"cents\":37587500,\"orders\":500}},\"rejected\":0}"
is "$home/output" "$sums"
lines "$to/orders.jsonl" 1501
[ "$(cut -d'"' -f10 "$to/orders.jsonl" | sort -u | wc -l)" = 1501 ] ||
  die "an order is there twice"
