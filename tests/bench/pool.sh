#!/bin/sh
# Trivial tasks of one worker process: pool.sh BUILD_DIRECTORY [TASKS]
build=$1
exec "$build/bench_pool" "${2:-300000}"
