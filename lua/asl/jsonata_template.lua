--- JSON with JSONata expressions in it: Arguments, Output, Assign …
--
-- As a payload template (asl.template), it is compiled to literal text and
-- holes. A value that is one expression becomes what that evaluates to;
-- texts that are no expressions stay what they are.
--
-- @module asl.jsonata_template

local doc = require("wf.doc")
local expression = require("asl.jsonata_expression")

local jsonata_template = {}

local constant = {}
constant.__index = constant

--- The same whatever the view is.
function constant:render()
  return self.value
end

local single = {}
single.__index = single

--- What the expression evaluates to; or nil, error, cause.
function single:render(ctx, state, view)
  return self.expression:document(ctx, state, view)
end

local mixed = {}
mixed.__index = mixed

--- Fills the holes, in the order of the text. Returns a value; or nil, error,
-- cause.
function mixed:render(ctx, state, view)
  local found = {}
  for i, hole in ipairs(self.holes) do
    local value, error, cause = hole:document(ctx, state, view)
    if value == nil then
      return nil, error, cause
    end
    found[i] = value:text()
  end
  local parts = {}
  for i, literal in ipairs(self.literals) do
    parts[2 * i - 1] = literal
    parts[2 * i] = found[i]
  end
  return doc.trusted(table.concat(parts))
end

local add_value

local function add_object(build, object, location)
  local before = "{"
  for name, member in object:members() do
    build.open[#build.open + 1] = before .. doc.quote(name) .. ":"
    add_value(build, member, location .. "/" .. name)
    before = ","
  end
  build.open[#build.open + 1] = before == "{" and "{}" or "}"
end

local function add_array(build, array, location)
  local before = "["
  for index, element in array:elements() do
    build.open[#build.open + 1] = before
    add_value(build, element, location .. "[" .. index .. "]")
    before = ","
  end
  build.open[#build.open + 1] = before == "[" and "[]" or "]"
end

-- Returns whether it was an expression.
local function add_string(build, text, location)
  local inner, problem = expression.inner(text)
  local hole
  if inner then
    hole, problem = expression.compile(inner, location, build.variables)
  end
  build.problem = build.problem or problem
  if not hole then
    return false
  end
  build.literals[#build.literals + 1] = table.concat(build.open)
  build.open = {}
  build.holes[#build.holes + 1] = hole
  return true
end

add_value = function(build, value, location)
  local kind = value:type()
  if kind == "object" then
    return add_object(build, value, location)
  elseif kind == "array" then
    return add_array(build, value, location)
  elseif kind == "string"
      and add_string(build, value:string(), location) then
    return
  end
  build.open[#build.open + 1] = value:text()
end

--- Compiles a value that stands at a location within its state. Returns an
-- object with render(ctx, state, view), and `expression` if it is nothing but
-- one; or nil and what is wrong. Names of variables in it are put into the set
-- `variables`.
function jsonata_template.compile(value, location, variables)
  local build = {
    literals = {},
    holes = {},
    open = {}, -- pieces of the literal that is being collected
    variables = variables,
  }
  add_value(build, value, location)
  if build.problem then
    return nil, build.problem
  elseif not build.holes[1] then
    return setmetatable({ value = doc.trusted(value:text()) }, constant)
  elseif value:type() == "string" then
    return setmetatable({ expression = build.holes[1] }, single)
  end
  build.literals[#build.literals + 1] = table.concat(build.open)
  return setmetatable({ literals = build.literals, holes = build.holes }, mixed)
end

return jsonata_template
