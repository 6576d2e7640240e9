--- Built-in functions on numbers. See jsonata.functions_strings for rows.
--
-- @module jsonata.functions_numbers

local core = require("wf.jsonata")
local errors = require("jsonata.errors")
local values = require("jsonata.values")

local functions = {}

local raise = errors.raise
local number_of = values.number

-- A row for a function of one number, which may be undefined.
local function unary(work)
  return { "<n-:n>", 1, function(number)
    number = number_of(number)
    return number and work(number)
  end }
end

functions.abs = unary(math.abs)
functions.floor = unary(math.floor)
functions.ceil = unary(math.ceil)

functions.sqrt = unary(function(number)
  if number < 0 then
    raise("D3060", nil, nil, number, { index = 1 })
  end
  return math.sqrt(number)
end)

functions.power = { "<n-n:n>", 2, function(base, exponent)
  base, exponent = number_of(base), number_of(exponent)
  if not base or not exponent then
    return nil
  end
  local result = base ^ exponent
  if result - result ~= 0 then
    raise("D3061", nil, nil, base, { index = 1, exp = exponent })
  end
  return result
end }

-- number * 10^digits, computed on its decimal text.
local function shifted(number, digits)
  local text = core.number_text(number)
  local mantissa, exponent = text:match("^([^e]*)e?(.*)$")
  return tonumber(mantissa .. "e"
                  .. ("%d"):format((tonumber(exponent) or 0) + digits))
end

functions.round = { "<n-n?:n>", 2, function(number, precision)
  number, precision = number_of(number), number_of(precision)
  if not number then
    return nil
  elseif number - number ~= 0 then
    return number
  end
  if precision and precision ~= 0 then
    precision = precision < 0 and math.ceil(precision)
      or math.floor(precision)
    number = shifted(number, precision)
  end
  local result = math.floor(number + 0.5)
  if math.abs(result - number) == 0.5 and result % 2 == 1 then
    result = result - 1
  end
  if precision and precision ~= 0 then
    result = shifted(result, -precision)
  end
  return result == 0 and 0 or result
end }

local BASES = { x = 16, X = 16, o = 8, O = 8, b = 2, B = 2 }

local function parsed(text)
  if text:find("^-?%d+%.?%d*[eE]?[-+]?%d*$")
     and text:gsub("%.%d+", ""):find("^-?%d+$")
     or text:find("^-?%d+[eE][-+]?%d+$")
     or text:find("^-?%d+%.%d+[eE][-+]?%d+$") then
    local number = tonumber(text)
    return number and number - number == 0 and number or nil
  end
  local base, digits = text:match("^0([xXoObB])(%w+)$")
  return base and tonumber(digits, BASES[base])
end

functions.number = { "<(nsb)-:n>", 1, function(value)
  if value == nil or type(value) == "number" then
    return value
  elseif type(value) == "boolean" then
    return value and 1 or 0
  elseif type(value) == "string" then
    local number = parsed(value)
    if not number then
      raise("D3030", nil, nil, value, { index = 1 })
    end
    return number
  end
  return value
end }

functions.random = { "<:n>", 0, function()
  return core.random()
end }

---------------------------------------------------------------------------
-- Of arrays
---------------------------------------------------------------------------

functions.sum = { "<a<n>:n>", 1, function(list)
  if list == nil then
    return nil
  end
  local sum = 0
  for i = 1, list[0] do
    local number = list[i]
    if type(number) ~= "number" then
      number = number_of(number)
    end
    sum = sum + number
  end
  return sum
end }

local function extreme(pick)
  return { "<a<n>:n>", 1, function(list)
    if list == nil or list[0] == 0 then
      return nil
    end
    local best = number_of(list[1])
    for i = 2, list[0] do
      best = pick(best, number_of(list[i]))
    end
    return best
  end }
end

functions.max, functions.min = extreme(math.max), extreme(math.min)

functions.average = { "<a<n>:n>", 1, function(list)
  if list == nil or list[0] == 0 then
    return nil
  end
  return functions.sum[3](list) / list[0]
end }

return functions
