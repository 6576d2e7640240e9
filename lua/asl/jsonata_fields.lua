--- Loads the fields of JSONata states: JSON with expressions in it, and what
-- is either a literal or an expression.
--
-- A literal is compiled as its type says; an expression to an object of
-- asl.jsonata_expression. jsonata_fields.value() gets either.
--
-- @module asl.jsonata_fields

local expression = require("asl.jsonata_expression")
local fields = require("asl.fields")
local jsonata_template = require("asl.jsonata_template")
local jsonata_view = require("asl.jsonata_view")
local timestamp = require("asl.timestamp")
local values = require("jsonata.values")

local jsonata_fields = {}

local kinds = fields.kinds

-- The location within the state.
local function inside(at)
  return at.location:sub(#at.load.state_location + 2)
end

-- What is wrong with an expression is where it stands, not where its field
-- does.
local function located(at, compiled, problem)
  if type(problem) == "table" then
    problem.location = at.load.state_location .. "/" .. problem.place
  end
  return compiled, problem
end

--- JSON with expressions in it.
function kinds.jsonata(value, at)
  return located(at,
    jsonata_template.compile(value, inside(at), at.load.variables))
end

-- A literal of a type, or an expression.
local function either(kind)
  return function(value, at, options)
    local text = value:string()
    local inner, problem
    if text then
      inner, problem = expression.inner(text)
    end
    if problem then
      return nil, problem
    elseif inner then
      return located(at,
        expression.compile(inner, inside(at), at.load.variables))
    end
    return kinds[kind](value, at, options)
  end
end

kinds.jsonata_boolean = either("boolean")
kinds.jsonata_integer = either("integer")
kinds.jsonata_number = either("number")
kinds.jsonata_string = either("string")
kinds.jsonata_timestamp = either("timestamp")

--- An array or object with expressions in it, or an expression.
function kinds.jsonata_items(value, at)
  local compiled, problem = kinds.jsonata(value, at)
  if not compiled then
    return nil, problem
  end
  local kind = value:type()
  if kind ~= "array" and kind ~= "object" and not compiled.expression then
    return nil, "Expected value of type Array or Object"
  end
  return compiled
end

local function is_expression(given)
  return type(given) == "table" and given.program ~= nil
end

jsonata_fields.is_expression = is_expression

-- The value of an expression as Lua data; or nil, error, cause.
local function evaluated(ctx, state, given, input, kind)
  local view = jsonata_view.new(ctx, input)
  local value, error, cause = given:expect(ctx, state, view, kind)
  if value == nil then
    return nil, error, cause
  elseif kind == "number" then
    return values.number(value)
  end
  return value
end

--- The value of a field: `given`, or what that expression evaluates to; or
-- nil, error, cause. Nothing if nothing is given.
function jsonata_fields.value(ctx, state, given, input, kind)
  if not is_expression(given) then
    return given
  end
  return evaluated(ctx, state, given, input, kind)
end

--- The same for an integer from min to max.
function jsonata_fields.integer(ctx, state, given, input, min, max)
  if not is_expression(given) then
    return given
  end
  local number, error, cause = evaluated(ctx, state, given, input, "number")
  if not number then
    return nil, error, cause
  elseif number % 1 ~= 0 or number < min or number > max then
    return given:fail(ctx, state, "returned " .. expression.json(number)
      .. ", which is not an integer from " .. min .. " to " .. max .. ".")
  end
  return number
end

--- A moment: seconds and nanoseconds; or nil, error, cause.
function jsonata_fields.moment(ctx, state, given, input)
  local text, error, cause = evaluated(ctx, state, given, input, "string")
  if not text then
    return nil, error, cause
  end
  local seconds, nanos = timestamp.parse(text)
  if not seconds then
    return expression.fail(ctx, state, given.location, "The "
      .. given.location .. " field cannot be parsed as an ISO-8601 extended "
      .. "offset date-time format string: " .. text)
  end
  return seconds, nanos
end

return jsonata_fields
