--- MOONSTEP_UNKNOWN_ERROR: a name "States.…" that no error has.
--
-- @module asl.checks.unknown_error

local diagnostics = require("asl.diagnostics")
local errors = require("asl.errors")
local survey = require("asl.survey")

local unknown_error = {
  code = "MOONSTEP_UNKNOWN_ERROR",
  severity = "WARNING",
  summary = "`ErrorEquals` has a name that begins with `States.`, which is "
    .. "kept for errors of the language, but is none of them.",
}

local known = {}
for _, name in pairs(errors) do
  if type(name) == "string" then
    known[name] = true
  end
end

local function is_unknown(name, raised)
  return name:find("^States%.") and not known[name] and not raised[name]
    and not name:find("^States%.Http%.StatusCode%.%d+$")
end

-- The names that Fail states of the definition give their errors.
local function raised_in(whole)
  local raised = {}
  for _, state in ipairs(whole.states) do
    local name = state.type == "Fail" and survey.text(state.object, "Error")
    if name then
      raised[name] = true
    end
  end
  return raised
end

local function check_element(element, raised, report)
  for _, name in
      ipairs(survey.elements(element.value, "ErrorEquals", "")) do
    local text = name.value:string()
    if text and is_unknown(text, raised) then
      report(diagnostics.below(element.location, "ErrorEquals"),
        "There is no error '" .. text .. "'")
    end
  end
end

--- Runs the check.
function unknown_error.run(whole, report)
  local raised = raised_in(whole)
  for _, state in ipairs(whole.states) do
    for _, field in ipairs({ "Retry", "Catch" }) do
      for _, element in
          ipairs(survey.elements(state.object, field, state.location)) do
        check_element(element, raised, report)
      end
    end
  end
end

return unknown_error
