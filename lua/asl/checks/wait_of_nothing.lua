--- MOONSTEP_WAIT_OF_NOTHING: a Wait state that does not wait.
--
-- @module asl.checks.wait_of_nothing

local diagnostics = require("asl.diagnostics")

local wait_of_nothing = {
  code = "MOONSTEP_WAIT_OF_NOTHING",
  severity = "WARNING",
  summary = "A Wait state of 0 seconds does nothing.",
}

--- Runs the check.
function wait_of_nothing.run(whole, report)
  for _, state in ipairs(whole.states) do
    local seconds = state.type == "Wait" and state.object:get("Seconds")
    if seconds and seconds:number() == 0 then
      report(diagnostics.below(state.location, "Seconds"),
        "The Wait state waits 0 seconds")
    end
  end
end

return wait_of_nothing
