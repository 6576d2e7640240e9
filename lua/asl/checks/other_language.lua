--- MOONSTEP_OTHER_LANGUAGE: an expression of the query language that the state
-- does not have.
--
-- @module asl.checks.other_language

local templates = require("asl.templates")

local other_language = {
  code = "MOONSTEP_OTHER_LANGUAGE",
  severity = "WARNING",
  summary = "A JSONPath state has a text `{% … %}` in a template, or a "
    .. "JSONata state a field with a name like `x.$` or a text like `$.x`: "
    .. "an expression of the other query language stays text.",
}

local function problem(state, text, name)
  if state.language == "JSONPath" then
    return templates.is_jsonata(text) and "The JSONata expression stays text: "
      .. "the QueryLanguage of the state is JSONPath"
  elseif name and name:sub(-2) == ".$" then
    return "The field '" .. name .. "' keeps its name and value: the "
      .. "QueryLanguage of the state is JSONata"
  end
  return text:find("^%$%$?%.%a") and "The JSONPath stays text: the "
    .. "QueryLanguage of the state is JSONata"
end

--- Runs the check.
function other_language.run(whole, report)
  for _, state in ipairs(whole.states) do
    templates.each(state, function(text, name, location)
      local found = problem(state, text, name)
      if found then
        report(location, found)
      end
    end)
  end
end

return other_language
