--- Operators of JSONPath filters: name -> function(left, right) -> boolean.
--
-- Operands are Lua data, as asl.filter has them. A number and a text are
-- equal if the text is that number; beyond that, values of different types
-- are not equal and have no order, and what a path did not find equals
-- nothing, not even itself: so the Jayway library has it.
--
-- @module asl.filter_operators

local characters = require("asl.characters")
local doc = require("wf.doc")
local errors = require("asl.errors")

local filter_operators = {}

local operators = {}

local is_value = doc.is_value

local Pattern = {}
Pattern.__index = Pattern

--- A regular expression as an operand.
function filter_operators.pattern(regex)
  return setmetatable({ regex = regex }, Pattern)
end

local function is_pattern(operand)
  return getmetatable(operand) == Pattern
end

local function is_array(operand)
  return is_value(operand) and operand:type() == "array"
end

-- An element of an array as an operand.
local SELF = doc.path({})

local function equal(a, b)
  if a == nil or b == nil then
    return false
  elseif is_value(a) and is_value(b) then
    return a:equals(b)
  elseif type(a) == "number" and type(b) == "string" then
    return tonumber(b) == a
  elseif type(a) == "string" and type(b) == "number" then
    return tonumber(a) == b
  end
  return a == b
end

local function same(a, b)
  return type(a) == type(b) and equal(a, b)
end

-- Numbers and strings have an order, each among themselves.
local function ordered(holds)
  return function(a, b)
    local kind = type(a)
    return kind == type(b) and (kind == "number" or kind == "string")
      and holds(a, b)
  end
end

local function negated(holds)
  return function(a, b)
    return not holds(a, b)
  end
end

-- True if an element of the array equals the operand.
local function holds_one(array, operand)
  for _, element in array:elements() do
    if equal(element:scalar(SELF), operand) then
      return true
    end
  end
  return false
end

-- How many of the elements of `list` are in `array`, and how many there are.
local function count_in(list, array)
  local found = 0
  for _, element in list:elements() do
    if holds_one(array, element:scalar(SELF)) then
      found = found + 1
    end
  end
  return found, list:len()
end

local function of_arrays(holds)
  return function(a, b)
    if not is_array(a) or not is_array(b) then
      return false
    end
    return holds(a, b)
  end
end

local function text_of(operand)
  local kind = type(operand)
  if kind == "string" then
    return operand
  elseif kind == "number" or kind == "boolean" then
    return tostring(operand)
  end
  return ""
end

-- Whether a regular expression matches all of a value's text. That it would
-- take too long to find out fails the state.
local function is_match(pattern, value)
  local found = pattern.regex:matches(text_of(value))
  if found == nil then
    error({ Error = errors.RUNTIME, Cause = "A regular expression of a "
      .. "JSONPath filter takes too long to match" }, 0)
  end
  return found
end

local function matches(a, b)
  if is_pattern(a) == is_pattern(b) then
    return false
  elseif is_pattern(a) then
    a, b = b, a
  end
  if not is_array(a) then
    return is_match(b, a)
  end
  for _, element in a:elements() do
    if is_match(b, element:scalar(SELF)) then
      return true
    end
  end
  return false
end

local function is_in(a, b)
  return is_array(b) and holds_one(b, a)
end

local function contains(a, b)
  if type(a) == "string" and type(b) == "string" then
    return doc.search(a, b, 1) ~= nil
  end
  return is_array(a) and holds_one(a, b)
end

-- The length of a text in characters, or of an array.
local function size_of(operand)
  if type(operand) == "string" then
    return characters.count(operand)
  end
  return is_array(operand) and operand:len() or -1
end

local function is_empty(operand)
  if type(operand) == "string" then
    return operand == ""
  end
  return is_value(operand) and operand:len() == 0
end

local TYPES = { array = "json", object = "json" }

local function type_of(operand)
  if is_value(operand) then
    return TYPES[operand:type()] or operand:type()
  end
  return operand == nil and "undefined" or type(operand)
end

operators["=="] = equal
operators["!="] = negated(equal)
operators["==="] = same
operators["!=="] = negated(same)
operators["<"] = ordered(function(a, b)
  return a < b
end)
operators["<="] = ordered(function(a, b)
  return a <= b
end)
operators[">"] = ordered(function(a, b)
  return a > b
end)
operators[">="] = ordered(function(a, b)
  return a >= b
end)
operators["=~"] = matches
operators["in"] = is_in
operators.nin = negated(is_in)
operators.contains = contains
operators.size = function(a, b)
  return type(b) == "number" and size_of(a) == b
end
operators.empty = function(a, b)
  local may_be = type(a) == "string" or (is_value(a) and a:len() ~= nil)
  return may_be and is_empty(a) == b
end
operators.exists = function(a, b)
  return (a ~= nil) == b
end
operators.type = function(a, b)
  return type_of(a) == b
end
operators.all = of_arrays(function(a, b)
  local found, count = count_in(b, a)
  return found == count
end)
operators.subsetof = of_arrays(function(a, b)
  local found, count = count_in(a, b)
  return found == count
end)
operators.anyof = of_arrays(function(a, b)
  return count_in(a, b) > 0
end)
operators.noneof = of_arrays(function(a, b)
  return count_in(a, b) == 0
end)

--- The operator of that name, or nil.
function filter_operators.get(name)
  return operators[name]
end

return filter_operators
