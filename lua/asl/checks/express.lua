--- What EXPRESS state machines do not have: integrations that wait, and
-- distributed Maps. The same for the child executions of type EXPRESS of a
-- distributed Map.
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

-- A member of a Map's ProcessorConfig, the scope being its processor.
local function configured(scope, name)
  local config = scope.object:get("ProcessorConfig")
  return config and survey.text(config, name)
end

-- Whether the executions that run the states of a scope are EXPRESS.
local function is_express(whole, scope)
  while scope.parent do
    if configured(scope, "Mode") == "DISTRIBUTED" then
      return configured(scope, "ExecutionType") == "EXPRESS"
    end
    scope = scope.parent.scope
  end
  return whole.type == "EXPRESS"
end

local function check_resources(whole, report)
  for _, state in ipairs(whole.states) do
    local text = survey.text(state.object, "Resource")
    local found = text and is_express(whole, state.scope) and problem(text)
    if found then
      report(diagnostics.below(state.location, "Resource"), found)
    end
  end
end

--- Runs the check.
function express.run(whole, report)
  check_resources(whole, report)
  for _, scope in ipairs(whole.scopes) do
    if scope.parent and configured(scope, "Mode") == "DISTRIBUTED"
        and is_express(whole, scope.parent.scope) then
      report(diagnostics.below(scope.location, "ProcessorConfig"),
        "Express state machine does not support a Map with the Mode "
        .. "'DISTRIBUTED'")
    end
  end
end

return express
