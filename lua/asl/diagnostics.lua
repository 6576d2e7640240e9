--- Diagnostics: what is wrong with a definition, and where.
--
-- Codes and, where they are known, texts are those of
-- ValidateStateMachineDefinition. A location is the way to the value,
-- "/States/A/Choices[0]/Next"; the whole definition is "/".
--
-- @module asl.diagnostics

local diagnostics = {}

diagnostics.DUPLICATE_STATE_NAME = "DUPLICATE_STATE_NAME"
diagnostics.INVALID_JSON_DESCRIPTION = "INVALID_JSON_DESCRIPTION"
diagnostics.INVALID_STATE_NAME = "INVALID_STATE_NAME"
diagnostics.MISSING_END_STATE = "MISSING_END_STATE"
diagnostics.MISSING_TRANSITION_TARGET = "MISSING_TRANSITION_TARGET"
diagnostics.SCHEMA_VALIDATION_FAILED = "SCHEMA_VALIDATION_FAILED"
diagnostics.TOO_DEEPLY_NESTED = "TOO_DEEPLY_NESTED"

-- One more than an answer of the API may have: it says then that there are
-- more.
local MAX_DIAGNOSTICS = 101

--- Adds one to a list that is not full. No severity: an error.
function diagnostics.add(list, code, message, location, severity)
  if #list < MAX_DIAGNOSTICS then
    list[#list + 1] = {
      code = code,
      message = message,
      location = location,
      severity = severity,
    }
  end
end

--- Adds a SCHEMA_VALIDATION_FAILED.
function diagnostics.schema(list, message, location)
  diagnostics.add(list, diagnostics.SCHEMA_VALIDATION_FAILED, message,
    location)
end

--- The location of a member of what is at `location`.
function diagnostics.below(location, name)
  return (location == "/" and "" or location) .. "/" .. name
end

return diagnostics
