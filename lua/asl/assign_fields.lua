--- Loads Assign: names of variables, and the template of their values.
--
-- A variable belongs to the scope (asl.loader) whose states assign it. Scopes
-- inside see it, and must not assign one of the same name.
--
-- @module asl.assign_fields

local diagnostics = require("asl.diagnostics")
local fields = require("asl.fields")
local variable_name = require("asl.variable_name")

local assign_fields = {}

local below = diagnostics.below
local kinds = fields.kinds

local function check_names(value, at)
  local assigned = at.scope.assigned
  for member in value:members() do
    local is_template = at.load.language == "JSONPath"
    local name = is_template and member:match("^(.*)%.%$$") or member
    local location = below(at.location, member)
    local problem = variable_name.problem(name)
    if problem then
      diagnostics.schema(at.load.diagnostics, problem, location)
    else
      assigned[#assigned + 1] = { name = name, location = location }
    end
  end
end

--- The field Assign: a template whose values are those of variables.
function kinds.assign(value, at)
  if value:type() ~= "object" then
    return nil, "Expected value of type Object"
  end
  check_names(value, at)
  local kind = at.load.language == "JSONata" and "jsonata" or "template"
  return kinds[kind](value, at)
end

local function names_of(scope)
  local names = {}
  for _, assigned in ipairs(scope.assigned) do
    names[assigned.name] = true
  end
  return names
end

--- Reports what inner scopes assign although an outer one does.
function assign_fields.check_scopes(load)
  for _, scope in ipairs(load.scopes) do
    local outer = scope.parent
    while outer do
      outer.names = outer.names or names_of(outer)
      for _, assigned in ipairs(scope.assigned) do
        if outer.names[assigned.name] then
          diagnostics.schema(load.diagnostics, "Variable '" .. assigned.name
            .. "' is assigned in an outer scope, and can not be assigned here",
            assigned.location)
        end
      end
      outer = outer.parent
    end
  end
end

return assign_fields
