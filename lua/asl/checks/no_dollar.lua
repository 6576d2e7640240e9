--- NO_DOLLAR: a path or intrinsic function in a template that stays text.
--
-- @module asl.checks.no_dollar

local templates = require("asl.templates")

local no_dollar = {
  code = "NO_DOLLAR",
  severity = "WARNING",
  summary = "A text in a template of a JSONPath state reads like a path or "
    .. "an intrinsic function, but the name of its field does not end in "
    .. "`.$`: it stays text.",
}

local function problem(text, name)
  local what = templates.is_path(text) and "a JSONPath"
    or templates.is_intrinsic(text) and "an intrinsic function"
  if not what or (name and name:sub(-2) == ".$") then
    return nil
  elseif not name then
    return "The element looks like " .. what .. ", but elements of arrays "
      .. "are not evaluated"
  end
  return "The field '" .. name .. "' looks like " .. what .. ", but its name "
    .. "does not end in '.$'"
end

--- Runs the check.
function no_dollar.run(whole, report)
  for _, state in ipairs(whole.states) do
    if state.language == "JSONPath" then
      templates.each(state, function(text, name, location)
        local found = problem(text, name)
        if found then
          report(location, found)
        end
      end)
    end
  end
end

return no_dollar
