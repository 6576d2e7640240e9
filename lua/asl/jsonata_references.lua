--- What JSONata expressions of state machines may not refer to.
--
-- They have no context item: what there is comes in $states and variables. So
-- a path cannot begin with a name; and $states has not all of its members
-- everywhere.
--
-- @module asl.jsonata_references

local jsonata_references = {}

-- Binary operators whose right side works on what the left side is.
local STEPS = {
  ["."] = true, ["["] = true, ["^"] = true, ["{"] = true, ["@"] = true,
  ["#"] = true,
}

-- Members that are visited, in their order.
local SIDES = { "lhs", "rhs", "expression", "condition", "then_", "else_",
  "procedure", "body" }
local LISTS = { "expressions", "arguments" }

local find_name

-- The pairs of an object constructor, of "{" as a prefix.
local function find_in_pairs(pairs_of_nodes)
  for _, pair in ipairs(pairs_of_nodes) do
    local name = find_name(pair[1]) or find_name(pair[2])
    if name then
      return name
    end
  end
end

local function find_in_list(list)
  for _, node in ipairs(list) do
    local name = find_name(node)
    if name then
      return name
    end
  end
end

-- The first name that a path begins with, or nil.
find_name = function(node)
  if node.type == "name" then
    return node.value
  elseif node.type == "transform" or node.type == "operator" then
    return nil
  elseif node.type == "binary" and STEPS[node.value] then
    return find_name(node.lhs)
  end
  for _, side in ipairs(SIDES) do
    local name = node[side] and not (node.type == "lambda"
      and side == "procedure") and find_name(node[side])
    if name then
      return name
    end
  end
  for _, list in ipairs(LISTS) do
    local name = node[list] and node.type ~= "lambda"
      and find_in_list(node[list])
    if name then
      return name
    end
  end
  return node.pairs and find_in_pairs(node.pairs)
end

-- Which members $states has in fields that begin so.
local INPUT = { input = true, context = true }
local RESULT = { input = true, context = true, result = true }
local ERROR = { input = true, context = true, errorOutput = true,
  result = true }
local MEMBERS = { Assign = RESULT, Catch = ERROR, Output = RESULT }

-- The name of the member that a step leads to: "result" of `.result[0]`.
local function member_of(node)
  while node.type == "binary" and STEPS[node.value] do
    node = node.lhs
  end
  return node.type == "name" and node.value
end

local function find_member(node, members)
  if node.type == "binary" and node.value == "."
      and node.lhs.type == "variable" and node.lhs.value == "states" then
    local name = member_of(node.rhs)
    if name and not members[name] then
      return name
    end
  end
  for _, child in pairs(node) do
    local name = type(child) == "table" and find_member(child, members)
    if name then
      return name
    end
  end
end

--- What a tree of the parser refers to that is not there, in AWS's words; or
-- nil. `location` is that of the expression within its state.
function jsonata_references.problem(tree, location)
  local name = find_name(tree)
  if name then
    return "Reference to '" .. name .. "' at the top level is not supported."
  end
  name = find_member(tree, MEMBERS[location:match("^%a+")] or INPUT)
  return name and "Field '$states." .. name .. "' does not exist."
end

return jsonata_references
