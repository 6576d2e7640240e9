#!/bin/sh
# Decisions of the state scripts: states.sh BUILD_DIRECTORY [SECONDS]
build=$1
shift
exec "$build/bench_states" "$@"
