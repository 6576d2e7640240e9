--- MOONSTEP_LATE_HEARTBEAT: a heartbeat that is due after the timeout.
--
-- @module asl.checks.heartbeat

local diagnostics = require("asl.diagnostics")

local heartbeat = {
  code = "MOONSTEP_LATE_HEARTBEAT",
  severity = "WARNING",
  summary = "`HeartbeatSeconds` is not smaller than `TimeoutSeconds`: the "
    .. "timeout always comes first.",
}

local function number_of(object, name)
  local member = object:get(name)
  return member and member:number()
end

--- Runs the check.
function heartbeat.run(whole, report)
  for _, state in ipairs(whole.states) do
    local timeout_s = number_of(state.object, "TimeoutSeconds")
    local heartbeat_s = number_of(state.object, "HeartbeatSeconds")
    if timeout_s and heartbeat_s and heartbeat_s >= timeout_s then
      report(diagnostics.below(state.location, "HeartbeatSeconds"),
        "HeartbeatSeconds must be smaller than TimeoutSeconds to have an "
        .. "effect")
    end
  end
end

return heartbeat
