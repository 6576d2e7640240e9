--- Diagnostics: what is wrong with a definition, and where.
--
-- Codes and, where they are known, texts are those of
-- ValidateStateMachineDefinition. A location is the way to the value,
-- "/States/A/Choices[0]/Next"; the whole definition is "/".
--
-- @module asl.diagnostics

local diagnostics = {}

--- The codes of errors, with what docs/validation.md says of them.
diagnostics.errors = {
  { "INVALID_JSON_DESCRIPTION", "The text is not JSON." },
  { "SCHEMA_VALIDATION_FAILED", "A field is missing, is not known to the "
    .. "type of state, or has a value that it may not have." },
  { "MISSING_TRANSITION_TARGET", "A transition (`StartAt`, `Next`, "
    .. "`Default`) leads to a state that there is not, or no transition "
    .. "leads to a state." },
  { "MISSING_END_STATE", "No state ends the workflow, a branch or an item "
    .. "processor." },
  { "DUPLICATE_STATE_NAME", "Two states have the same name: it is unique in "
    .. "the whole definition." },
  { "INVALID_STATE_NAME", "The name of a state has not 1 to 80 "
    .. "characters." },
  { "DUPLICATE_LABEL_NAME", "Two Map states have the same `Label`." },
  { "INVALID_LABEL_NAME", "A `Label` has more than 40 characters, or a blank, "
    .. "a bracket, a wildcard, a control or a special character." },
  { "INVALID_JSONATA_EXPRESSION", "A JSONata expression cannot be parsed." },
  { "UNSUPPORTED_JSONATA_EXPRESSION", "A JSONata expression begins a path "
    .. "with a name, or refers to a member that `$states` does not have "
    .. "there." },
  { "TOO_DEEPLY_NESTED", "More than 50 branches or item processors are "
    .. "inside each other." },
}

for _, code in ipairs(diagnostics.errors) do
  diagnostics[code[1]] = code[1]
end

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

--- Adds a SCHEMA_VALIDATION_FAILED; or what `message` is, a table { code,
-- message, location }.
function diagnostics.schema(list, message, location)
  if type(message) == "table" then
    diagnostics.add(list, message.code, message.message, message.location)
    return
  end
  diagnostics.add(list, diagnostics.SCHEMA_VALIDATION_FAILED, message,
    location)
end

--- The location of a member of what is at `location`.
function diagnostics.below(location, name)
  return (location == "/" and "" or location) .. "/" .. name
end

return diagnostics
