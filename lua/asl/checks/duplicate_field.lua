--- MOONSTEP_DUPLICATE_FIELD: a name that an object has twice.
--
-- @module asl.checks.duplicate_field

local diagnostics = require("asl.diagnostics")

local duplicate_field = {
  code = "MOONSTEP_DUPLICATE_FIELD",
  severity = "WARNING",
  summary = "An object has two members of the same name: only the last "
    .. "counts.",
}

local function walk(value, location, is_states, report)
  local kind = value:type()
  if kind == "object" then
    local seen = {}
    for name, member in value:members() do
      local below = diagnostics.below(location, name)
      if seen[name] and not is_states then -- DUPLICATE_STATE_NAME says so
        report(below, "The field '" .. name .. "' occurs more than once")
      end
      seen[name] = true
      walk(member, below, name == "States", report)
    end
  elseif kind == "array" then
    for index, element in value:elements() do
      walk(element, location .. "[" .. index .. "]", false, report)
    end
  end
end

--- Runs the check.
function duplicate_field.run(whole, report)
  walk(whole.source, "/", false, report)
end

return duplicate_field
