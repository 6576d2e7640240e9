--- Which variables a JSONata expression refers to: names with "$" that the
-- expression does not bind itself and that are no functions of the language.
--
-- @module asl.jsonata_variables

local language = require("asl.jsonata_language")

local jsonata_variables = {}

-- Nodes that bind a variable, and their member that names it.
local BINDERS = { [":="] = "lhs", ["@"] = "rhs", ["#"] = "rhs" }

local NONE = {}

-- $, $$, and what holds the rest.
local OWN = { [""] = true, ["$"] = true, states = true }

local function bound_by(node, bound)
  local member = node.type == "binary" and BINDERS[node.value]
  if member then
    bound[node[member].value] = true
  end
  for _, argument in ipairs(node.type == "lambda" and node.arguments or NONE) do
    bound[argument.value] = true
  end
end

-- Visits a node and what is in it. What is called is a function, and so no
-- variable of a state machine.
local function visit(node, found, bound)
  bound_by(node, bound)
  if node.type == "variable" then
    found[node.value] = true
  end
  for name, child in pairs(node) do
    if type(child) == "table"
        and not (name == "procedure" and child.type == "variable") then
      visit(child, found, bound)
    end
  end
end

--- Puts the names in a tree of the parser into the set `variables`.
function jsonata_variables.collect(tree, variables)
  local found, bound = {}, {}
  visit(tree, found, bound)
  for name in pairs(found) do
    if not bound[name] and not OWN[name]
        and not language.is_function(name) then
      variables[name] = true
    end
  end
end

return jsonata_variables
