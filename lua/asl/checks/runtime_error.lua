--- MOONSTEP_RUNTIME_NOT_CAUGHT: a catcher for what cannot be caught.
--
-- @module asl.checks.runtime_error

local diagnostics = require("asl.diagnostics")
local errors = require("asl.errors")
local survey = require("asl.survey")

local runtime_error = {
  code = "MOONSTEP_RUNTIME_NOT_CAUGHT",
  severity = "WARNING",
  summary = "A retrier or catcher has nothing but `States.Runtime` in its "
    .. "`ErrorEquals`, which ends the execution whatever it says.",
}

local function is_futile(element)
  local names = survey.elements(element.value, "ErrorEquals", "")
  for _, name in ipairs(names) do
    if name.value:string() ~= errors.RUNTIME then
      return false
    end
  end
  return names[1] ~= nil
end

--- Runs the check.
function runtime_error.run(whole, report)
  for _, state in ipairs(whole.states) do
    for _, field in ipairs({ "Retry", "Catch" }) do
      for _, element in
          ipairs(survey.elements(state.object, field, state.location)) do
        if is_futile(element) then
          report(diagnostics.below(element.location, "ErrorEquals"),
            "States.Runtime is neither retried nor caught")
        end
      end
    end
  end
end

return runtime_error
