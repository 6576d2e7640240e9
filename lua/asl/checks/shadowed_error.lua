--- MOONSTEP_SHADOWED_ERROR: an error that an earlier element takes.
--
-- @module asl.checks.shadowed_error

local diagnostics = require("asl.diagnostics")
local errors = require("asl.errors")
local survey = require("asl.survey")

local shadowed_error = {
  code = "MOONSTEP_SHADOWED_ERROR",
  severity = "WARNING",
  summary = "A retrier or catcher names an error that an earlier one of the "
    .. "same list takes: it is never used for it.",
}

local function check_names(seen, element, report)
  local shadowed = {}
  for _, name in
      ipairs(survey.elements(element.value, "ErrorEquals", "")) do
    local text = name.value:string()
    if text and text ~= errors.ALL and errors.matches(seen, text) then
      shadowed[#shadowed + 1] = text
    end
  end
  if shadowed[1] then
    report(diagnostics.below(element.location, "ErrorEquals"),
      "An earlier element takes " .. table.concat(shadowed, ", ")
      .. ": this one is never used for it")
  end
end

-- Adds the names of an element to a matcher.
local function add_names(seen, element)
  local names = {}
  for _, name in
      ipairs(survey.elements(element.value, "ErrorEquals", "")) do
    names[#names + 1] = name.value:string()
  end
  local matcher = errors.matcher(names)
  seen.all = seen.all or matcher.all
  seen.task_failed = seen.task_failed or matcher.task_failed
  for name in pairs(matcher.names) do
    seen.names[name] = true
  end
end

--- Runs the check.
function shadowed_error.run(whole, report)
  for _, state in ipairs(whole.states) do
    for _, field in ipairs({ "Retry", "Catch" }) do
      local seen = errors.matcher({})
      for _, element in
          ipairs(survey.elements(state.object, field, state.location)) do
        check_names(seen, element, report)
        add_names(seen, element)
      end
    end
  end
end

return shadowed_error
