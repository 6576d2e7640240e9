--- Which members of its context an expression looks at: what is worth
-- fetching of a document for all elements of an array at once.
--
-- A guess: what is fetched in vain costs a little, what is not fetched comes
-- when it is asked for.
--
-- @module jsonata.hints

local hints = {}

local MAX_NAMES = 6

local CHILDREN = { "lhs", "rhs", "condition", "then_", "else_", "expression",
                   "procedure", "body", "pattern", "update", "delete" }
local LISTS = { "expressions", "arguments", "stages", "predicate" }

local function add(names, name)
  if names.seen[name] or #names >= MAX_NAMES then
    return
  end
  names.seen[name] = true
  names[#names + 1] = name
end

local visit

-- `variable`: the members of that variable's value, not of the context.
local function visit_path(names, node, variable)
  local first, second = node.steps[1], node.steps[2]
  if variable then
    if first.type == "variable" and first.value == variable and second
       and second.type == "name" then
      add(names, second.value)
    end
    for _, step in ipairs(node.steps) do
      visit(names, step, variable)
    end
  elseif first.type == "name" then
    add(names, first.value)
  else
    visit(names, first, nil)
  end
  if variable and node.group then
    visit(names, node.group, variable)
  end
end

visit = function(names, node, variable)
  if node.type == "path" then
    return visit_path(names, node, variable)
  end
  for _, field in ipairs(CHILDREN) do
    if node[field] then
      visit(names, node[field], variable)
    end
  end
  for _, field in ipairs(LISTS) do
    for _, child in ipairs(node[field] or {}) do
      visit(names, child, variable)
    end
  end
  for _, pair in ipairs(node.pairs or {}) do
    visit(names, pair[1], variable)
    visit(names, pair[2], variable)
  end
  for _, term in ipairs(node.terms or {}) do
    visit(names, term.expression, variable)
  end
end

--- The names that the nodes look at in their context; nil if there are none.
-- A step that is a name is looked at itself.
function hints.of(nodes, variable)
  local names = { seen = {} }
  for _, node in ipairs(nodes) do
    if node.type == "name" then
      add(names, node.value)
    else
      visit(names, node, variable)
    end
  end
  names.seen = nil
  return names[1] and names or nil
end

return hints
