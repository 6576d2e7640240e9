#!/bin/sh
# Payloads of 64 MiB, and what others see of them: large.sh BUILD_DIRECTORY
exec "$1/bench_large"
