--- MOONSTEP_TOKEN_NOT_PASSED: a task that nobody can answer.
--
-- @module asl.checks.token_not_passed

local diagnostics = require("asl.diagnostics")
local survey = require("asl.survey")

local token_not_passed = {
  code = "MOONSTEP_TOKEN_NOT_PASSED",
  severity = "WARNING",
  summary = "A task waits for its token to come back "
    .. "(`.waitForTaskToken`), but neither its parameters nor a variable "
    .. "has the token in it.",
}

-- What may hold the token: the token, the context, a variable, all of a value
-- that came from elsewhere.
local HOLDERS = { "Task.Token", "$$.Task\"", "$$\"", "context" }

local function may_hold_token(state)
  local parameters = state.object:get("Parameters")
    or state.object:get("Arguments")
  if not parameters then
    return true -- what comes in may name another way
  end
  local text = parameters:text()
  for _, holder in ipairs(HOLDERS) do
    if text:find(holder, 1, true) then
      return true
    end
  end
  return parameters:type() == "string"
end

--- Runs the check.
function token_not_passed.run(whole, report)
  for _, state in ipairs(whole.states) do
    local resource = survey.text(state.object, "Resource")
    if resource and resource:find("%.waitForTaskToken$")
        and not may_hold_token(state) then
      local field = state.object:get("Parameters") and "Parameters"
        or "Arguments"
      report(diagnostics.below(state.location, field),
        "The task waits for its token, but the token is not passed on")
    end
  end
end

return token_not_passed
