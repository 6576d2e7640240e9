#!/bin/sh
# Many schedules: schedules.sh BUILD_DIRECTORY
"$1/bench_schedules" 100000
"$1/bench_schedules" 1000000
