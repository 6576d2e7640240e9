--- NO_PATH: a path in a field that has a sibling for paths.
--
-- @module asl.checks.no_path

local choice = require("asl.choice")
local diagnostics = require("asl.diagnostics")
local survey = require("asl.survey")
local templates = require("asl.templates")

local no_path = {
  code = "NO_PATH",
  severity = "WARNING",
  summary = "The value of a field of a JSONPath state reads like a path, but "
    .. "it is the field of the same name with `Path` at its end that takes "
    .. "one.",
}

local function message(name)
  return "The value of the field '" .. name .. "' looks like a path, but only "
    .. "the field '" .. name .. "Path' takes one"
end

local function check_fields(part, report)
  for name, member in part.object:members() do
    local text = member:string()
    if text and templates.is_path(text) and part.types[name]
        and part.types[name .. "Path"] then
      report(diagnostics.below(part.location, name), message(name))
    end
  end
end

local function check_rules(state, report)
  for _, rule in
      ipairs(survey.elements(state.object, "Choices", state.location)) do
    templates.walk(rule.value, nil, rule.location, function(text, name, at)
      if name and choice.operators[name] and choice.operators[name .. "Path"]
          and templates.is_path(text) then
        report(at, message(name))
      end
    end)
  end
end

--- Runs the check.
function no_path.run(whole, report)
  for _, state in ipairs(whole.states) do
    if state.language == "JSONPath" then
      for _, part in ipairs(survey.parts(state)) do
        check_fields(part, report)
      end
      if state.type == "Choice" then
        check_rules(state, report)
      end
    end
  end
end

return no_path
