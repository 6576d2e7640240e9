#!/usr/bin/env bash
# The power-loss suite on the whole engine, over HTTP: whatever a client was
# told must still be true. See powerloss.sh for the store alone.
#
#   tests/crash/powerloss_engine.sh BUILD_DIR [IMAGES [EXECUTIONS [SEED]]]
set -eu

build=$(realpath "$1")
images=${2:-60}
executions=${3:-90}
seed=${4:-1}
here=$(dirname "$(realpath "$0")")
temporary=$(mktemp -d "${TMPDIR:-/tmp}/powerloss.XXXXXX")
check=$build/powerloss_check
engine=(luajit "$here/powerloss_engine.lua")
. "$here/powerloss_lib.sh"

record "$temporary/data" "$temporary/log" \
  "${engine[@]}" run "$build/moonstep" "$temporary/data" "$executions"
"$check" --images "$images" --seed "$seed" \
  --compare "$temporary/data" --ignore moonstep.mdb-lock \
  "$temporary/log" "$temporary/image" \
  -- "${engine[@]}" check "$build/moonstep"

POWERLOSS_NO_SYNC=1 record "$temporary/data2" "$temporary/log2" \
  "${engine[@]}" run "$build/moonstep" "$temporary/data2" "$executions"
"$check" --expect-loss --images "$images" --seed "$seed" \
  "$temporary/log2" "$temporary/image2" \
  -- "${engine[@]}" check "$build/moonstep" 2>"$temporary/losses"
grep -q . "$temporary/losses" # and it said what was lost

rm -rf "$temporary"
