#!/bin/sh
# JSONata against the reference implementation on node:
#
#   jsonata.sh BUILD_DIRECTORY [EXPRESSIONS.json]
#
# Times are CPU times, the best of many short rounds. Without node or npm, or
# if the package can't be installed, only our own times are shown.
set -eu
build=$(realpath "$1")
cd "$(dirname "$(realpath "$0")")/../.."
suite=${2:-../shared/bench/jsonata.json}
if [ ! -f "$suite" ]; then
  echo "skipped: no $suite"
  exit 0
fi
export LUA_PATH="lua/?.lua;;"
export LUA_CPATH="$build/lua_modules/?.so;;"
modules=$build/bench_jsonata
mkdir -p "$modules"
reference=
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "no comparison: node and npm are not installed"
elif [ -d "$modules/node_modules/jsonata" ] || {
  cp tests/bench/jsonata/package*.json "$modules" &&
    npm ci --prefix "$modules" --no-audit --no-fund >"$modules/npm.log" 2>&1
}; then
  reference=$modules/reference.tsv
  node tests/bench/jsonata/jsonata.js "$suite" "$modules/node_modules" \
    >"$reference"
else
  echo "no comparison: npm could not install jsonata, see $modules/npm.log"
fi
exec luajit tests/bench/bench_jsonata.lua "$suite" $reference
