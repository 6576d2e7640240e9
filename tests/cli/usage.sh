#!/bin/sh
# Help, versions, and what a wrong command line is told.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"

expect 0 --version
out_has "moonstep "
for part in LuaJIT libev LMDB libmicrohttpd libcurl OpenSSL PCRE2 \
  zlib expat lua-cjson; do
  grep -Eq "^$part +[0-9]" "$home/out" || fail "no version of $part"
done

expect 0
out_has "Usage: moonstep COMMAND"
out_has "130  interrupted"
for command in run validate graph serve start list show history map-runs \
  stop machines create update delete publish versions aliases alias \
  version help; do
  expect 0 help $command
  out_has "Usage: moonstep $command"
  out_has "Examples:"
  out_has "  moonstep $command"
  expect 0 $command --help
  out_has "Usage: moonstep "
done
expect 0 help config
out_has "#listen = 127.0.0.1:8083"

# The document names every command, and the same exit statuses.
document=$(dirname "$(realpath "$0")")/../../docs/command-line.md
expect 0 help
grep -Eq "^  test-state +run one state" "$home/out" || fail "no test-state"
sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' "$home/out" | while read -r command; do
  grep -q "\`$command[ \`]" "$document" || fail "no $command in $document"
done
[ "$(sed -n 's/^  \([0-9][0-9]*\)  .*/\1/p' "$home/out")" = \
  "$(sed -n 's/^| \([0-9][0-9]*\) |.*/\1/p' "$document")" ] ||
  fail "the exit statuses in $document are others"

# The fields of the language, types of one's own too.
expect 0 help asl
out_has "  Parallel  Runs several branches"
expect 0 help asl task
out_has "  Resource: text; required"
expect 0 help asl Retry
out_has "  MaxAttempts: integer (0 to 99999999)"
expect 2 help asl Tsk
err_has 'there is no help on "Tsk"; there is on Task, '
mkdir "$home/types"
cat >"$home/types/flip.lua" <<'LUA'
return { type = "Flip", enter = function() end,
  fields = { types = { Heads = "state" }, required = { "Heads" } },
  help = { summary = "Throws a coin.", fields = { Heads = "Where to." } } }
LUA
expect 0 help asl Flip --states "$home/types"
out_has "Flip - Throws a coin."
out_has "  Heads: name of a state; required"
out_has "        Where to."
expect 2 help list more
err_has 'one argument too many: "more"'

expect 2 rnu
err_has 'did you mean "run"?'
out_is ""
expect 2 help srve
err_has 'did you mean "serve"?'
expect 2 run
err_has "run needs FILE"
expect 2 run x.asl.json --dta here
err_has "did you mean --data?"
expect 2 run x.asl.json --seed many
err_has "give a whole number"
expect 2 run "$home/none.asl.json"
err_has "none.asl.json: No such file"
echo 'handler = x' >"$home/conf"
expect 2 serve --config "$home/conf"
err_has "conf:1: there is no setting \"handler\"; did you mean \"handlers\"?"

expect 4 list m --endpoint http://127.0.0.1:9
err_has "can't be reached"
out_is ""
