#!/bin/sh
# Searches with a million executions: search.sh BUILD_DIRECTORY
"$1/bench_search"
