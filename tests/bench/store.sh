#!/bin/sh
# The store beside a bare LMDB loop: store.sh BUILD_DIRECTORY [OPTION]...
build=$1
shift
exec "$build/bench_store" "$@"
