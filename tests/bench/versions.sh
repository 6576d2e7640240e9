#!/bin/sh
# Lists by version and alias with a million executions: versions.sh
# BUILD_DIRECTORY
"$1/bench_versions"
