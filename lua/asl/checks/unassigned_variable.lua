--- MOONSTEP_UNASSIGNED_VARIABLE: a variable that nothing assigns.
--
-- @module asl.checks.unassigned_variable

local survey = require("asl.survey")
local variable_references = require("asl.variable_references")

local unassigned_variable = {
  code = "MOONSTEP_UNASSIGNED_VARIABLE",
  severity = "WARNING",
  summary = "A state refers to a variable that no state of its scope or of a "
    .. "scope around it assigns.",
}

local function add_assigned(names, object)
  local assign = object:type() == "object" and object:get("Assign")
  if assign and assign:type() == "object" then
    for name in assign:members() do
      names[name:match("^(.*)%.%$$") or name] = true
    end
  end
end

-- The names that the states of a scope assign.
local function assigned_in(scope)
  local names = {}
  for _, state in ipairs(scope.states) do
    add_assigned(names, state.object)
    for _, field in ipairs({ "Choices", "Catch" }) do
      for _, element in ipairs(survey.elements(state.object, field, "")) do
        add_assigned(names, element.value)
      end
    end
  end
  return names
end

-- Iterations that are executions of their own see nothing of what is outside.
local function is_isolated(scope)
  local config = scope.object:get("ProcessorConfig")
  return config and survey.text(config, "Mode") == "DISTRIBUTED"
end

local function is_assigned(scope, name, cache)
  while scope do
    cache[scope] = cache[scope] or assigned_in(scope)
    if cache[scope][name] then
      return true
    end
    scope = scope.parent and not is_isolated(scope) and scope.parent.scope
  end
  return false
end

--- Runs the check. It needs the loaded machine, which knows what states refer
-- to.
function unassigned_variable.run(whole, report)
  local cache = {}
  for number, loaded in ipairs(whole.machine and whole.machine.states or {}) do
    local state = whole.states[number]
    local names = variable_references.sorted(loaded.variables or {})
    for _, name in ipairs(names) do
      if state.name == loaded.name
          and not is_assigned(state.scope, name, cache) then
        report(state.location, "The variable '$" .. name
          .. "' is never assigned")
      end
    end
  end
end

return unassigned_variable
