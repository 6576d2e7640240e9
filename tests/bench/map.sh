#!/bin/sh
# Figures of Maps: map.sh BUILD_DIRECTORY [RUNS]
build=$1
runs=${2:-3}
for figure in "pass 10000" "task 10000" "pass 100000"; do
  i=0
  while [ "$i" -lt "$runs" ]; do
    # shellcheck disable=SC2086
    "$build/bench_map" $figure || exit 1
    i=$((i + 1))
  done
done
for figure in busy wait token activity; do
  "$build/bench_map" $figure 100000 || exit 1
done
for items in 10000 100000 1000000; do
  "$build/bench_map" distributed $items || exit 1
done
