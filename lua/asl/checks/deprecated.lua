--- MOONSTEP_DEPRECATED: fields that have a better successor.
--
-- @module asl.checks.deprecated

local diagnostics = require("asl.diagnostics")

local deprecated = {
  code = "MOONSTEP_DEPRECATED",
  severity = "INFO",
  summary = "A Map state has `Iterator` or `Parameters`, which AWS replaced "
    .. "by `ItemProcessor` and `ItemSelector`. Both go on working.",
}

local SUCCESSORS = { Iterator = "ItemProcessor", Parameters = "ItemSelector" }

--- Runs the check.
function deprecated.run(whole, report)
  for _, state in ipairs(whole.states) do
    for name in state.object:members() do
      if state.type == "Map" and SUCCESSORS[name] then
        report(diagnostics.below(state.location, name), "The field '" .. name
          .. "' is deprecated in favour of '" .. SUCCESSORS[name] .. "'")
      end
    end
  end
end

return deprecated
