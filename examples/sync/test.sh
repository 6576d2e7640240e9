#!/bin/sh
# Runs the example: test.sh MOONSTEP (or the variable MOONSTEP).
#
# Trees that differ in every way, then: a file that vanishes, one that can't
# be read, and kill -9 in the middle.
set -eu
here=$(dirname "$(realpath "$0")")
moonstep=$(realpath "${1:-${MOONSTEP:?path of the moonstep binary}}")
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
export TMPDIR="$home"
from=$home/from to=$home/to

die() {
  echo "$*"
  tail -n 40 "$home/log"
  exit 1
}

input() { # [MORE]
  echo "{\"from\":\"$from\",\"to\":\"$to\"${1:+,$1}}"
}

sync() { # INPUT [OPTION]...
  input=$1
  shift
  "$moonstep" run "$here/sync.asl.json" --input "$input" "$@" \
    >"$home/output" 2>"$home/log"
}

has() {
  grep -q "$1" "$home/output" || die "no $1 in $(cat "$home/output")"
}

same() {
  diff -r --no-dereference "$from" "$to" >"$home/diff" ||
    die "they differ: $(cat "$home/diff")"
}

"$moonstep" validate "$here/sync.asl.json" >"$home/log" 2>&1 ||
  die "the definition is not valid"

mkdir -p "$from/a/b" "$from/empty" "$to/a" "$to/old/deep"
echo one >"$from/a/one"
echo two >"$from/a/b/two words"
: >"$from/nothing"
ln -s a/one "$from/link"
echo other >"$to/a/one"
touch -d 2001-01-01 "$to/a/one"
echo gone >"$to/old/deep/gone"

# Without delete the target keeps what only it has.
sync "$(input)" || die "the first run failed"
has '"copied":6' # a/b, a/b/two words, a/one, empty, link, nothing
[ -e "$to/old/deep/gone" ] || die "it was deleted unasked"
[ "$(cat "$to/a/one")" = one ] || die "a/one was not copied"
[ "$(readlink "$to/link")" = a/one ] || die "the link was not copied"

# Again: nothing to do. With delete: the same trees.
sync "$(input)" || die "the second run failed"
has '"copied":0'
sync "$(input '"delete":true')" || die "delete failed"
has '"deleted":3'
same

# Conflicts: the target's file is newer.
echo mine >"$to/a/one"
touch -d 2100-01-01 "$to/a/one"
status=0
sync "$(input '"conflict":"fail"')" || status=$?
[ $status = 1 ] || die "a conflict gave exit status $status"
grep -q 'Sync.Conflict' "$home/log" || die "the conflict has no name"
sync "$(input '"conflict":"target"')" || die "conflict: target failed"
has '"conflicts":\["a/one"\]'
[ "$(cat "$to/a/one")" = mine ] || die "the target's file was overwritten"
sync "$(input)" || die "conflict: source failed"
same

# A file vanishes between the listing and the copy, another appears.
echo late >"$from/vanishes"
echo late >"$from/stays"
"$moonstep" run "$here/sync.asl.json" --input "$(input '"settle":3')" \
  >"$home/output" 2>"$home/log" &
pid=$!
tries=0
until grep -q 'Settle .*WaitStateEntered' "$home/log"; do
  tries=$((tries + 1))
  [ $tries -lt 600 ] || die "it never settled"
  sleep 0.05
done
rm "$from/vanishes"
wait $pid || die "a file that vanished failed the run"
has '"vanished":1'
same

# A file that can't be read fails alone, and nothing is deleted then. The
# superuser can read everything, so somebody else has to try.
echo secret >"$from/secret"
chmod 000 "$from/secret"
echo plain >"$from/plain"
echo extra >"$to/extra"
somebody=
if [ "$(id -u)" = 0 ]; then
  somebody="setpriv --reuid=65534 --regid=65534 --clear-groups"
  chown -R 65534:65534 "$home"
fi
if $somebody test -x "$moonstep" && $somebody test -r "$here/sync.asl.json"
then
  status=0
  $somebody "$moonstep" run "$here/sync.asl.json" \
    --input "$(input '"delete":true')" >"$home/output" 2>"$home/log" ||
    status=$?
  [ $status = 1 ] || die "an unreadable file gave exit status $status"
  grep -q 'secret: Fs.PermissionDenied' "$home/log" || die "no cause"
  [ "$(cat "$to/plain")" = plain ] || die "the others were not copied"
  [ -e "$to/extra" ] || die "it was deleted although something failed"
else
  echo "skipped: nobody but the superuser can read $moonstep"
fi
rm -f "$from/secret" "$to/extra"

# Killed in the middle, as often as it takes, and started again. Whoever reads
# the target meanwhile sees old files or new ones.
i=0
while [ $i -lt 300 ]; do
  i=$((i + 1))
  mkdir -p "$from/many/$((i % 7))"
  echo "file $i" >"$from/many/$((i % 7))/$i"
done
head -c 8000000 /dev/zero | tr '\0' n >"$from/big"
head -c 8000000 /dev/zero | tr '\0' o >"$to/big"
touch -d 2001-01-01 "$to/big"
new=$(cksum <"$from/big") old=$(cksum <"$to/big")
round=0
while :; do
  round=$((round + 1))
  [ $round -le 60 ] || die "it does not get to its end"
  "$moonstep" run "$here/sync.asl.json" --name killed --data "$home/data" \
    --input "$(input)" >"$home/output" 2>"$home/log" &
  pid=$!
  sleep "0.$((round % 4))$((round * 7 % 10))"
  [ $round -gt 12 ] || kill -9 $pid 2>/dev/null || true
  status=0
  wait $pid 2>/dev/null || status=$?
  seen=$(cksum <"$to/big")
  [ "$seen" = "$new" ] || [ "$seen" = "$old" ] || die "half a file was seen"
  [ $status != 0 ] || break
  [ $status = 137 ] || die "round $round ended with $status"
done
same
has '"failed":0'
[ ! -e "$to/.moonstep-sync" ] || die "its workshop is left"
