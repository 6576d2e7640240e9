#!/bin/sh
# The engine's figures, one after the other: engine.sh BUILD_DIRECTORY [RUNS]
# Each figure RUNS times (default 3); docs/performance.md has the medians.
build=$1
runs=${2:-3}
for figure in transitions tasks one-tasks one-pass express recovery; do
  i=0
  while [ "$i" -lt "$runs" ]; do
    "$build/bench_engine" "$figure" || exit 1
    i=$((i + 1))
  done
done
for figure in waiting list loop timers; do
  "$build/bench_engine" "$figure" || exit 1
done
