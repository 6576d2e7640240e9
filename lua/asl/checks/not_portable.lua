--- MOONSTEP_NOT_PORTABLE: what AWS would refuse.
--
-- @module asl.checks.not_portable

local diagnostics = require("asl.diagnostics")
local survey = require("asl.survey")
local types = require("asl.types")

local not_portable = {
  code = "MOONSTEP_NOT_PORTABLE",
  severity = "INFO",
  summary = "The definition uses an extension of ours (`lua:` "
    .. "and `file:` resources, fields such as `AtMostOnce`, state types of "
    .. "one's own), which AWS refuses. Reported once for each extension; an "
    .. "error with `--profile aws`.",
}

local PREFIXES = { "lua:", "file:" }

-- The resources of a state and its parts.
local function add_resources(found, state)
  for _, part in ipairs(survey.parts(state)) do
    local resource = survey.text(part.object, "Resource") or ""
    for _, prefix in ipairs(PREFIXES) do
      if resource:sub(1, #prefix) == prefix then
        found[prefix .. " resources"] =
          diagnostics.below(part.location, "Resource")
      end
    end
  end
end

-- What a state has of them, and where.
local function extensions_of(state)
  local found = {}
  if not types.is_aws(state.type) then
    found["the state type " .. state.type] =
      diagnostics.below(state.location, "Type")
  else
    add_resources(found, state)
  end
  for _, schema in
      ipairs({ state.script.fields or {}, state.script.jsonata_fields }) do
    for name in pairs(schema.extensions or {}) do
      if state.object:get(name) then
        found["the field " .. name] = diagnostics.below(state.location, name)
      end
    end
  end
  return found
end

-- Where each extension is used first, and how often.
local function uses_in(whole)
  local uses, order = {}, {}
  for _, state in ipairs(whole.states) do
    for what, location in pairs(state.script and extensions_of(state) or {}) do
      if not uses[what] then
        uses[what] = { what = what, location = location, count = 0 }
        order[#order + 1] = uses[what]
      end
      uses[what].count = uses[what].count + 1
    end
  end
  table.sort(order, function(a, b)
    return a.what < b.what
  end)
  return order
end

--- Runs the check.
function not_portable.run(whole, report)
  if whole.profile == "aws" then
    return -- the loader refuses them
  end
  for _, use in ipairs(uses_in(whole)) do
    local times = use.count > 1 and " (" .. use.count .. " times)" or ""
    report(use.location, "AWS does not have " .. use.what .. times)
  end
end

return not_portable
