--- PASS_RESULT_IS_STATIC: a path in the Result of a Pass state.
--
-- @module asl.checks.pass_result_is_static

local diagnostics = require("asl.diagnostics")
local templates = require("asl.templates")

local pass_result_is_static = {
  code = "PASS_RESULT_IS_STATIC",
  severity = "WARNING",
  summary = "The `Result` of a Pass state has a path or an intrinsic "
    .. "function in it: it is handed on as it stands. `Parameters` are "
    .. "evaluated.",
}

local function has_path(result)
  local found = false
  templates.walk(result, nil, "", function(text, name)
    found = found or templates.is_path(text) or templates.is_intrinsic(text)
      or (name ~= nil and name:sub(-2) == ".$")
  end)
  return found
end

--- Runs the check.
function pass_result_is_static.run(whole, report)
  for _, state in ipairs(whole.states) do
    local result = state.type == "Pass" and state.language == "JSONPath"
      and state.object:get("Result")
    if result and has_path(result) then
      report(diagnostics.below(state.location, "Result"),
        "The field 'Result' has a path in it, but it is handed on as it "
        .. "stands; 'Parameters' are evaluated")
    end
  end
end

return pass_result_is_static
