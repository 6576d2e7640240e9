--- Integrations that EXPRESS state machines do not have.
--
-- @module asl.checks.express

local diagnostics = require("asl.diagnostics")
local resource = require("asl.resource")
local survey = require("asl.survey")

local express = {
  code = diagnostics.SCHEMA_VALIDATION_FAILED,
  severity = "ERROR",
  is_shared = true, -- the code is the loader's, too
}

local PATTERNS = { ".sync", ".waitForTaskToken" }

local function problem(text)
  local parsed = resource.parse(text)
  if not parsed then
    return nil
  elseif parsed.type == "activity" then
    return "Express state machine does not support Activity ARN"
  end
  for _, pattern in ipairs(PATTERNS) do
    if parsed.family == "Task" and text:find(pattern, 1, true) then
      return "Express state machine does not support '" .. pattern
        .. "' service integration"
    end
  end
end

--- Runs the check.
function express.run(whole, report)
  if whole.type ~= "EXPRESS" then
    return
  end
  for _, state in ipairs(whole.states) do
    local text = survey.text(state.object, "Resource")
    local found = text and problem(text)
    if found then
      report(diagnostics.below(state.location, "Resource"), found)
    end
  end
end

return express
