#!/bin/sh
# Watched directories of `moonstep serve --triggers`.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"
umask 077
machine=arn:aws:states:us-east-1:000000000000:stateMachine
in=$home/in
mkdir "$in"
cat >"$home/check.asl.json" <<'JSON'
{"QueryLanguage": "JSONata", "StartAt": "Choose", "States": {
  "Choose": {"Type": "Choice", "Default": "Fine", "Choices": [
    {"Condition": "{% $states.input.size = 3 %}", "Next": "Bad"}]},
  "Bad": {"Type": "Fail", "Error": "Own.Bad"},
  "Fine": {"Type": "Succeed"}}}
JSON

write() { # write MACHINE [MEMBER]...
  printf '{"Watches": {"in": {"StateMachineArn": "%s:%s", "Directory": "%s"' \
    "$machine" "$1" "$in" >"$home/triggers"
  shift
  for member in "$@"; do printf ', %s' "$member" >>"$home/triggers"; done
  printf '}}}' >>"$home/triggers"
}
settle='"SettleMilliseconds": 100'

# What is refused at the start.
serve="serve --listen 127.0.0.1:0 --data $home/data2 --triggers $home/triggers"
write check '"Directory": "relative"'
expect 2 $serve
err_has "Watches.in.Directory: it has to begin with a slash"
write check "\"Directory\": \"$home/none\""
expect 2 $serve
err_has "none: No such file or directory"
write check '"MoveOnSuccess": "."'
expect 2 $serve
err_has "Watches.in.MoveOnSuccess: it is the watched directory itself"
write check '"MaxConcurrency": 0'
expect 2 $serve
err_has "Watches.in.MaxConcurrency: it has to be from 1 to 1000"

# list: the executions, one a line.
list() {
  expect 0 list check
  grep -c '^in-' "$home/out" || true
}
# until COUNT: that many have started.
until_started() {
  tries=0
  while [ "$(list)" -lt "$1" ]; do
    tries=$((tries + 1))
    [ $tries -lt 400 ] || fail "$1 executions have not started"
    sleep 0.05
  done
}
until_there() {
  tries=0
  until [ -e "$1" ]; do
    tries=$((tries + 1))
    [ $tries -lt 400 ] || fail "$1 never came: $(ls -R "$in")"
    sleep 0.05
  done
}

# Files that are there at the start, and those that come; not those of other
# names, nor hidden ones, parts, directories and links.
echo one >"$in/one.csv"
echo no >"$in/one.txt"
echo no >"$in/.hidden.csv"
echo no >"$in/two.csv.part"
mkdir "$in/directory.csv"
ln -s "$home/triggers" "$in/link.csv"
write check "$settle" '"Patterns": ["*.csv", "*.part"]'
start_server --triggers "$home/triggers"
wait_for 'StateMachineDoesNotExist' "$home/log"
expect 0 create "$home/check.asl.json"
until_started 1
mv "$in/two.csv.part" "$in/two.csv"
until_started 2
echo three, longer >"$in/three.csv"
until_started 3
expect 0 list check --json
cp "$home/out" "$home/before"
expect 0 triggers
out_has "in ($in)  $machine:check"

# What was seen stays seen: a death, another server, SIGHUP.
kill_server
echo while it was away >"$in/four.csv"
start_server --triggers "$home/triggers"
until_started 4
kill -HUP $server
wait_for '1 triggers were read again' "$home/log"
echo five >"$in/five.csv"
until_started 5
expect 0 triggers --json
out_has '"started":2,'

# Another content is another execution; a file that is written slowly is
# waited for, also if a scan has found it.
echo one more line >>"$in/one.csv"
until_started 6
write check "$settle" '"Patterns": ["*.csv"]' '"RescanSeconds": 1'
kill -HUP $server
wait_for 'read again.*' "$home/log"
exec 3>"$in/slow.csv"
echo half >&3
expect 0 triggers --json
sleep 2.5 # two scans go by: nothing is to happen
[ "$(list)" = 6 ] || fail "it did not wait for the rest"
echo and half >&3
exec 3>&-
until_started 7
expect 0 search check --where '{% input.name = "slow.csv" %}' --json
out_has '"executionArn"'
stop_server

# Moved at the end; what is there of that name stays.
write check "$settle" '"Patterns": ["*.csv"]' '"MoveOnSuccess": "done"' \
  '"MoveOnFailure": "failed"' \
  '"Input": {"size": "{% $length($states.input.name) - 4 %}",
    "path": "{% $states.input.path %}"}'
mkdir "$in/done"
echo mine >"$in/done/five.csv"
start_server --triggers "$home/triggers"
echo 3 >"$in/bad.csv"
until_there "$in/failed/bad.csv"
until_there "$in/done/slow.csv"
until_there "$in/done/one.csv"
tries=0
until ls "$in/done" | grep -q 'five.csv\.[0-9a-f]\{8\}$'; do
  tries=$((tries + 1))
  [ $tries -lt 200 ] || fail "five.csv was not moved: $(ls -R "$in")"
  sleep 0.05
done
[ "$(cat "$in/done/five.csv")" = mine ] || fail "a file was overwritten"
[ "$(list)" = 8 ] || fail "what had started was started again"

# Killed at one moment or another: one execution for each file, and all of
# them are moved in the end.
n=0
for delay in 0.05 0.1 0.12 0.14 0.16 0.2; do
  for i in 1 2 3 4 5; do
    n=$((n + 1))
    echo $n >"$in/kill-$n.csv"
  done
  sleep $delay
  kill_server
  start_server --triggers "$home/triggers"
done
while [ $n -gt 0 ]; do
  until_there "$in/done/kill-$n.csv"
  n=$((n - 1))
done
[ "$(list)" = 38 ] || fail "not one execution for each file: $(list)"

# The directory goes away and comes back.
mv "$in" "$home/away"
wait_for "$in is gone" "$home/log"
mkdir "$in" "$in/done" "$in/failed"
echo back >"$in/back.csv"
until_there "$in/done/back.csv"

# Many files at once.
i=0
while [ $i -lt 300 ]; do
  i=$((i + 1))
  echo $i >"$home/away/many-$i.csv"
done
mv "$home"/away/many-*.csv "$in"
until_there "$in/done/many-300.csv"
tries=0
until [ "$(ls "$in/done" | grep -c many-)" = 300 ]; do
  tries=$((tries + 1))
  [ $tries -lt 400 ] || fail "$(ls "$in/done" | grep -c many-) of 300 moved"
  sleep 0.05
done
stop_server
echo ok
