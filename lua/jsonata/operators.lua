--- What operators do at run time. Part of the runtime that generated code
-- calls.
--
-- @module jsonata.operators

local budget = require("jsonata.budget")
local core = require("wf.jsonata")
local errors = require("jsonata.errors")
local values = require("jsonata.values")

local operators = {}

local raise = errors.raise
local equal, number_of = values.equal, values.number
local SEQUENCE = values.SEQUENCE
local MAX_RANGE = 1e7

-- An operand as a double: raises an error unless it is a finite number.
local function checked(value, code, token, position)
  local number = number_of(value)
  if not number or number ~= number then
    raise(code, position, token, value)
  elseif number - number ~= 0 then
    raise("D1001", position, nil, number)
  end
  return number
end

-- Both operands checked; nil if one is undefined.
local function both(a, b, token, position)
  a = a ~= nil and checked(a, "T2001", token, position) or nil
  b = b ~= nil and checked(b, "T2002", token, position) or nil
  if a == nil or b == nil then
    return nil
  end
  return a, b
end

--- a + b
function operators.add(a, b, position)
  if type(a) == "number" and type(b) == "number" then
    local sum = a + b
    if sum - sum == 0 then
      return sum
    end
  end
  a, b = both(a, b, "+", position)
  return a and a + b
end

--- a - b
function operators.subtract(a, b, position)
  if type(a) == "number" and type(b) == "number" then
    local difference = a - b
    if difference - difference == 0 then
      return difference
    end
  end
  a, b = both(a, b, "-", position)
  return a and a - b
end

--- a * b
function operators.multiply(a, b, position)
  if type(a) == "number" and type(b) == "number" then
    local product = a * b
    if product - product == 0 then
      return product
    end
  end
  a, b = both(a, b, "*", position)
  return a and a * b
end

--- a / b
function operators.divide(a, b, position)
  if type(a) ~= "number" or type(b) ~= "number" or a - a ~= 0
     or b - b ~= 0 then
    a, b = both(a, b, "/", position)
  end
  return a and a / b
end

-- As C's fmod: the sign is that of the left operand.
function operators.remainder(a, b, position)
  if type(a) ~= "number" or type(b) ~= "number" or a - a ~= 0
     or b - b ~= 0 then
    a, b = both(a, b, "%", position)
  end
  return a and math.fmod(a, b)
end

--- -a
function operators.negate(a, position)
  if type(a) == "number" and a - a == 0 then
    return -a
  elseif a == nil then
    return nil
  end
  return -checked(a, "D1002", "-", position)
end

--- a = b; false if either is undefined.
function operators.equal(a, b)
  if a == nil or b == nil then
    return false
  end
  return equal(a, b)
end

--- a != b; false if either is undefined.
function operators.unequal(a, b)
  if a == nil or b == nil then
    return false
  end
  return not equal(a, b)
end

-- Operands of a comparison that are neither two numbers nor two strings:
-- doubles, or nil.
local function comparable(a, b, token, position)
  local x, y = number_of(a), number_of(b)
  if a ~= nil and not x and type(a) ~= "string" then
    raise("T2010", position, token, a)
  elseif b ~= nil and not y and type(b) ~= "string" then
    raise("T2010", position, token, b)
  elseif a == nil or b == nil then
    return nil
  elseif (x == nil) ~= (y == nil) then
    raise("T2009", position, token, a, { value2 = b })
  end
  return x, y
end

local less = values.less

--- a < b
function operators.less(a, b, position)
  if type(a) == "number" and type(b) == "number" then
    return a < b
  elseif type(a) == "string" and type(b) == "string" then
    return less(a, b)
  end
  a, b = comparable(a, b, "<", position)
  return a and a < b
end

--- a <= b
function operators.less_equal(a, b, position)
  if type(a) == "number" and type(b) == "number" then
    return a <= b
  elseif type(a) == "string" and type(b) == "string" then
    return not less(b, a)
  end
  a, b = comparable(a, b, "<=", position)
  return a and a <= b
end

--- a > b
function operators.greater(a, b, position)
  if type(a) == "number" and type(b) == "number" then
    return a > b
  elseif type(a) == "string" and type(b) == "string" then
    return less(b, a)
  end
  a, b = comparable(a, b, ">", position)
  return a and a > b
end

--- a >= b
function operators.greater_equal(a, b, position)
  if type(a) == "number" and type(b) == "number" then
    return a >= b
  elseif type(a) == "string" and type(b) == "string" then
    return not less(a, b)
  end
  a, b = comparable(a, b, ">=", position)
  return a and a >= b
end

--- a in b
function operators.includes(a, b)
  if a == nil or b == nil then
    return false
  elseif not values.is_array(b) then
    return equal(a, b)
  end
  budget.tick(b[0])
  for i = 1, b[0] do
    if equal(a, b[i]) then
      return true
    end
  end
  return false
end

local function integer(value, code, position)
  local number = number_of(value)
  if value ~= nil and (not number or number % 1 ~= 0) then
    raise(code, position, "..", value)
  end
  return number
end

--- [from..to]
function operators.range(from, to, position)
  from = integer(from, "T2003", position)
  to = integer(to, "T2004", position)
  if not from or not to or from > to then
    return nil
  end
  local count = to - from + 1
  if count > MAX_RANGE then
    raise("D2014", position, "..", count)
  end
  budget.tick(count)
  local result = core.table_new(count, 0)
  for i = 1, count do
    result[i] = from + i - 1
  end
  result[0] = count
  return values.marked(result, SEQUENCE)
end

--- A value as a condition.
function operators.truth(value)
  if value == true then
    return true
  elseif not value then
    return false
  end
  return values.boolean(value)
end

local value_text = values.text

--- A value's text for &.
function operators.text(value)
  if type(value) == "string" then
    return value
  end
  return value_text(value)
end

--- The result of &, if it is not too long.
function operators.joined(text)
  if #text > 4096 then
    budget.check_text(#text)
  end
  return text
end

return operators
