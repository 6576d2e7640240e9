--- TestState: from a request to the state that is to be tested.
--
-- @module testing.state

local loader = require("asl.loader")
local request = require("testing.request")

local state = {}

local function number_of(loaded, name)
  for number, candidate in ipairs(loaded.states) do
    if candidate.name == name and candidate.script then
      return number
    end
  end
  return nil
end

-- The messages of diagnostics, as core.stub.lua has them.
local function refused(diagnostics)
  return nil, "InvalidDefinition", diagnostics
end

local function load(definition, asked)
  local options = { profile = asked.profile, is_inspected = true }
  if not asked.state_name then
    local loaded, diagnostics = loader.load_state(definition, options)
    return loaded, diagnostics, 1
  end
  local loaded, diagnostics = loader.load(definition, options)
  return loaded, diagnostics, loaded and number_of(loaded, asked.state_name)
end

--- Loads what is to be tested. Returns a machine, the number of the state in
-- it, how many retriers that has and whether it is of JSONPath; or nil, an
-- exception and a message (also a list of diagnostics).
function state.load(definition, asked)
  local exception, message = request.check_alone(asked)
  if exception then
    return nil, exception, message
  end
  local loaded, diagnostics, number = load(definition, asked)
  if not loaded then
    return refused(diagnostics)
  elseif not number then
    return nil, "ValidationException", "State not found in definition"
  end
  local tested = loaded.states[number]
  exception, message = request.check(loaded, tested, asked)
  if exception then
    return nil, exception, message
  end
  return loaded, number, #(tested.Retry or {}),
    tested.query_language == "JSONPath"
end

return state
