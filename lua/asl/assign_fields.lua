--- Loads Assign: names of variables, and the template of their values.
--
-- A variable belongs to the scope (asl.loader) whose states assign it. Scopes
-- inside see it, and must not assign one of the same name; unless it is
-- assigned only later than they run, as by the catchers of the state that they
-- are in.
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
      assigned[#assigned + 1] =
        { name = name, location = location, state = at.scope.current }
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

-- The states of a scope from which a way leads to one of them, without that.
local function states_before(scope, number)
  local sources = {}
  for from, targets in pairs(scope.reaches) do
    for _, target in ipairs(targets) do
      sources[target] = sources[target] or {}
      table.insert(sources[target], from)
    end
  end
  local before, queue, at = { [number] = true }, { number }, 1
  while queue[at] do
    for _, source in ipairs(sources[queue[at]] or {}) do
      if not before[source] then
        before[source] = true
        queue[#queue + 1] = source
      end
    end
    at = at + 1
  end
  before[number] = nil
  return before
end

-- The names that are assigned before the state is entered that a scope is in.
local function names_outside(scope)
  if not scope.names_outside then
    local names, outer = {}, scope.parent
    local before = states_before(outer, scope.container)
    for _, assigned in ipairs(outer.assigned) do
      if before[assigned.state] then
        names[assigned.name] = true
      end
    end
    scope.names_outside = names
  end
  return scope.names_outside
end

local function is_outside(scope, name)
  while scope.parent do
    if names_outside(scope)[name] then
      return true
    end
    scope = scope.parent
  end
  return false
end

--- Reports what inner scopes assign although an outer one has.
function assign_fields.check_scopes(load)
  for _, scope in ipairs(load.scopes) do
    for _, assigned in ipairs(scope.assigned) do
      if is_outside(scope, assigned.name) then
        diagnostics.schema(load.diagnostics, "Variable '" .. assigned.name
          .. "' is assigned in an outer scope, and can not be assigned here",
          assigned.location)
      end
    end
  end
end

return assign_fields
