#!/bin/sh
# Reading items: items.sh BUILD_DIRECTORY [MEGABYTES] [DIRECTORY]
build=$1
shift
exec "$build/bench_items" "$@"
