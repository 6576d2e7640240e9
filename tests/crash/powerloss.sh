#!/usr/bin/env bash
# The power-loss suite on the store: record a run, cut the power many times,
# and show that the check can fail by switching fsync off.
#
#   tests/crash/powerloss.sh BUILD_DIR [IMAGES [BATCHES [SEED]]]
#
# A failing image is left in the directory that is named.
set -eu

build=$(realpath "$1")
images=${2:-200}
batches=${3:-300}
seed=${4:-1}
here=$(dirname "$(realpath "$0")")
temporary=$(mktemp -d "${TMPDIR:-/tmp}/powerloss.XXXXXX")
store=$build/powerloss_store
check=$build/powerloss_check
. "$here/powerloss_lib.sh"

# LMDB maps its table of readers: nothing in it outlives a process.
record "$temporary/data" "$temporary/log" \
  "$store" run "$temporary/data" "$batches" "$seed"
"$check" --images "$images" --seed "$seed" \
  --compare "$temporary/data" --ignore moonstep.mdb-lock \
  "$temporary/log" "$temporary/image" -- "$store" check "$batches" "$seed"

record "$temporary/data2" "$temporary/log2" \
  "$store" run "$temporary/data2" "$batches" "$seed" --no-sync
"$check" --expect-loss --images "$images" --seed "$seed" \
  "$temporary/log2" "$temporary/image2" -- "$store" check "$batches" "$seed" \
  2>"$temporary/losses"
grep -q . "$temporary/losses" # and it said what was lost

rm -rf "$temporary"
