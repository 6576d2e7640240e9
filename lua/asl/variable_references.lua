--- Which states refer to which variables: what DescribeStateMachine shows.
--
-- @module asl.variable_references

local doc = require("wf.doc")

local variable_references = {}

--- The names of a set, in the order of their bytes.
function variable_references.sorted(set)
  local list = {}
  for name in pairs(set) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

--- The states that refer to variables, with those, as JSON; nil: none do.
function variable_references.text(states)
  local found = {}
  for _, state in ipairs(states) do
    local names = variable_references.sorted(state.variables or {})
    if names[1] then
      found[#found + 1] = { state.name, doc.from(names) }
    end
  end
  return found[1] and doc.object(found):text()
end

return variable_references
