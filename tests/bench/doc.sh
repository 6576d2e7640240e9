#!/bin/sh
# Payload documents: doc.sh BUILD_DIRECTORY [SECONDS]
build=$1
shift
exec "$build/bench_doc" "$@"
