#!/bin/sh
# `moonstep schedule`: made, shown, changed, fired, deleted.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

# Without a server: when an expression fires.
expect 0 schedule next 'cron(0 0 1 1 ? 2199)' --next 3
out_is "next      2199-01-01T00:00:00Z"
expect 1 schedule next 'cron(0 0 30 2 ? *)'
err_has "there is no such day"
expect 1 schedule next 'rate(1 day)' --timezone Mars/Olympus
err_has "there is no time zone Mars/Olympus"
expect 2 schedule frobnicate x
err_has 'there is no "frobnicate"'
expect 2 schedule create only-a-name

start_server
expect 0 start "$home/echo.asl.json" --wait
expect 0 schedule create now 'rate(1 day)' echo --input '{"a":1}' --next 0
out_is "arn:aws:scheduler:us-east-1:000000000000:schedule/default/now"
expect 1 schedule create now 'rate(1 day)' echo
err_has "Schedule now already exists."
expect 0 schedule create later 'cron(0 0 1 1 ? 2199)' echo --missed ALL \
  --overlap SKIP --window 15 --description "in a while"
out_has "next      2199-01-01T00:00:00Z"
expect 0 schedule list
out_has "default/later                         ENABLED   2199-01-01"
out_has "default/now "
expect 0 schedule show later
out_has "missed    ALL"
out_has "overlap   SKIP"
out_has "about     in a while"
out_has "next      2199-01-01T00:00:00Z"
expect 0 schedule disable later
expect 0 schedule show default/later --next 0
out_has "state     DISABLED"
out_has "missed    ALL"
expect 0 schedule enable later
expect 0 schedule show later --json
out_has '"State":"ENABLED"'
out_has '"MaximumWindowInMinutes":15'

# One has begun at once.
tries=0
until "$moonstep" list echo >"$home/out" &&
  grep -q 'now-2.*SUCCEEDED' "$home/out"; do
  tries=$((tries + 1))
  [ $tries -lt 200 ] || fail "it never fired"
  sleep 0.05
done
expect 0 schedule show now
out_has "started   1, skipped 0, failed 0, tried again 0"
expect 0 schedule delete now
expect 1 schedule delete now
err_has "Schedule now does not exist."
