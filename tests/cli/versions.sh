#!/bin/sh
# publish, versions, alias, aliases, and what takes their ARNs.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

start_server
prefix=arn:aws:states:us-east-1:000000000000:stateMachine
sed 's/"A"/"B"/g' "$home/echo.asl.json" >"$home/changed.asl.json"

expect 0 create "$home/echo.asl.json"
expect 0 publish echo --description first
out_is "$prefix:echo:1"
expect 0 publish echo --revision INITIAL
out_is "$prefix:echo:1"
expect 1 publish echo --revision other
err_has "ConflictException"
expect 1 publish none
err_has "StateMachineDoesNotExist"
expect 0 update "$home/changed.asl.json" --machine echo --publish \
  --description second
out_is "$prefix:echo:2"
expect 1 update "$home/changed.asl.json" --machine echo --description third
err_has "Version description can only be set when publish is true"
expect 0 create "$home/echo.asl.json" --machine new --publish --json
out_is "{\"stateMachineVersionArn\":\"$prefix:new:1\"}"

expect 0 versions echo
[ "$(wc -l <"$home/out")" = 3 ] || fail "not a heading and 2 versions"
sed -n 2p "$home/out" | grep -q '^2 .*second$' || fail "not the newest first"
sed -n 3p "$home/out" | grep -q '^1 .*first$' || fail "no first version"
expect 0 versions echo --json
out_has '"stateMachineVersions":['
expect 0 machines echo:1 --definition
cmp -s "$home/out" "$home/echo.asl.json" || fail "another definition"
expect 0 machines echo:2
out_has "about     second"

expect 0 alias create echo:PROD 1 --description "what runs"
out_is "$prefix:echo:PROD"
expect 0 start echo:PROD --wait --name one
expect 0 history echo:one
out_has "A               PassStateEntered"
expect 0 show echo:one
out_has "version   $prefix:echo:1"
out_has "alias     $prefix:echo:PROD"
expect 0 alias update echo:PROD 1=0 "$prefix:echo:2=100"
expect 0 aliases echo
out_has "PROD                  1=0 2=100          2"
out_has "what runs"
expect 0 alias show echo:PROD
out_has "versions  1=0 2=100"
expect 0 start echo:PROD --wait --name two
expect 0 history echo:two
out_has "B               PassStateEntered"
expect 0 start echo --wait --name three
expect 0 list echo:PROD
[ "$(wc -l <"$home/out")" = 3 ] || fail "not a heading and 2 executions"
expect 0 list echo:2
[ "$(wc -l <"$home/out")" = 2 ] || fail "not a heading and 1 execution"

expect 2 alias create echo:NEW
err_has "which version"
expect 2 alias create echo 1
err_has "STATE-MACHINE:ALIAS"
expect 2 alias create echo:NEW x=1
err_has 'no VERSION or VERSION=WEIGHT'
expect 2 alias move echo:PROD 2
err_has 'not "move"'
expect 1 alias create echo:NEW 1=50 2=49
err_has "must equal 100"
expect 1 alias show echo:NEW
err_has "ResourceNotFound"

expect 1 delete echo:2
err_has "must not be referenced by an alias"
expect 0 alias delete echo:PROD
expect 1 alias delete echo:PROD
expect 0 delete echo:2
expect 1 delete echo:2
err_has "StateMachineDoesNotExist"
expect 0 versions echo
[ "$(wc -l <"$home/out")" = 2 ] || fail "not a heading and 1 version"
expect 0 machines echo # it is still there
stop_server
