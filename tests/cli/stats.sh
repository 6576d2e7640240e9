#!/bin/sh
# `moonstep stats` and /metrics: what a server says of itself.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/server.sh"

start_server
expect 0 start "$home/echo.asl.json" --name one --wait
expect 0 start "$home/hold.asl.json" --name two --input '{"s":9999}'
expect 0 stats
out_has "executions   2 started, 1 ended, 0 in memory, 1 parked"
out_has " in use, "
out_has "tasks        0 dispatched, 0 running, 0 queued"
expect 0 stats --json
out_has '"executionsStarted":2'
curl -fsS "$MOONSTEP_ENDPOINT/metrics" >"$home/out"
out_has 'moonstep_executions_ended_total{status="SUCCEEDED"} 1'
out_has 'moonstep_api_call_seconds_count{operation="StartExecution"} 2'
out_has 'moonstep_durable_seconds_bucket{le="+Inf"}'
