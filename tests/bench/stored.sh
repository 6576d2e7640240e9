#!/bin/sh
# A million stored executions, and a backup under load: stored.sh
# BUILD_DIRECTORY
"$1/bench_stored"
