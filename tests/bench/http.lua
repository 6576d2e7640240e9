-- For wrk: POSTs one request again and again. TARGET and BODY come from the
-- environment, and what it is signed with; statuses other than 200 are
-- counted by wrk itself.
-- luacheck: globals wrk done
wrk.method = "POST"
wrk.path = "/"
wrk.headers["X-Amz-Target"] = "AWSStepFunctions." .. os.getenv("TARGET")
wrk.headers["Content-Type"] = "application/x-amz-json-1.0"
wrk.body = os.getenv("BODY")
if os.getenv("AUTHORIZATION") then -- good for five minutes
  wrk.headers["Authorization"] = os.getenv("AUTHORIZATION")
  wrk.headers["X-Amz-Date"] = os.getenv("SIGNED_AT")
end

-- The figures as one line of JSON behind wrk's own words.
function done(summary, latency)
  local errors = summary.errors
  local failed = errors.status + errors.read + errors.write + errors.connect
    + errors.timeout
  io.write(('{"figure":"http %s","per_s":%.0f,"p50_ms":%.2f,"p99_ms":%.2f,'
    .. '"requests":%d,"errors":%d}\n'):format(os.getenv("TARGET"),
    summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.requests, failed))
end
