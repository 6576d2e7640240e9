#!/usr/bin/env bash
# Replays the saved corpus of a fuzz target; with SECONDS above 0 also tries
# new inputs, beginning with the corpus, for that long.
#
#   tests/fuzz/run.sh BUILD_DIR NAME [SECONDS]
#
# What goes wrong is kept in BUILD_DIR/findings/NAME and belongs into the
# corpus once it is mended. (libFuzzer's own status for it, 77, would be taken
# for that of a test that is skipped.)
set -eu
build=$1 name=$2 seconds=${3:-0}
corpus=$(dirname "$0")/corpus/$name
found=$build/findings/$name
[ -d "$corpus" ] || { echo "$corpus is missing" >&2; exit 1; }
mkdir -p "$found/new"
if [ "$seconds" -gt 0 ]; then
  exec "$build/fuzz_$name" -max_total_time="$seconds" -timeout=10 \
    -error_exitcode=1 -rss_limit_mb=2048 -artifact_prefix="$found/" \
    "$found/new" "$corpus"
fi
exec "$build/fuzz_$name" -runs=0 -timeout=10 -error_exitcode=1 \
  -artifact_prefix="$found/" "$corpus"
