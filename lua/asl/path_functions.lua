--- Functions at the end of a path: $.items.length(), $.prices.max() ...
--
-- A call is function(value) and returns a value; or nil and why there is
-- none, in the words of the Jayway library.
--
-- @module asl.path_functions

local doc = require("wf.doc")
local scanner = require("asl.scanner")

local path_functions = {}

local MAX_ARGUMENTS = 100

--- A number as Java prints a double: 3.0, 2.5, 1.0E7.
local function double_text(number)
  local text
  for digits = 15, 17 do
    text = string.format("%." .. digits - 1 .. "e", number)
    if tonumber(text) == number then
      break
    end
  end
  local sign, mantissa, exponent = text:match("^(%-?)([%d%.]+)e([%+%-]%d+)$")
  local digits = mantissa:gsub("%.", ""):gsub("0+$", "")
  exponent = tonumber(exponent)
  if exponent >= 7 or exponent < -3 then
    local rest = digits:sub(2)
    return sign .. (digits ~= "" and digits:sub(1, 1) or "0") .. "."
      .. (rest ~= "" and rest or "0") .. "E" .. exponent
  elseif exponent < 0 then
    return sign .. "0." .. ("0"):rep(-exponent - 1) .. digits
  end
  digits = digits .. ("0"):rep(exponent + 1 - #digits)
  local rest = digits:sub(exponent + 2)
  return sign .. digits:sub(1, exponent + 1) .. "."
    .. (rest ~= "" and rest or "0")
end

local function new_double(number)
  return doc.trusted(number == 0 and "0.0" or double_text(number))
end

local function is(value, kind)
  return value:type() == kind
end

-- The numbers of an array, and of the arguments.
local function numbers_of(value, arguments)
  local numbers = {}
  if is(value, "array") then
    for _, element in value:elements() do
      numbers[#numbers + 1] = element:number()
    end
  end
  for _, argument in ipairs(arguments) do
    numbers[#numbers + 1] = argument:number()
  end
  return numbers
end

local function aggregation(combine)
  return function(value, arguments)
    local numbers = numbers_of(value, arguments)
    if not numbers[1] then
      return nil, "Aggregation function attempted to calculate value using "
        .. "empty array"
    end
    return new_double(combine(numbers))
  end
end

local function sum(numbers)
  local total = 0
  for _, number in ipairs(numbers) do
    total = total + number
  end
  return total
end

local function deviation(numbers)
  local squares = 0
  for _, number in ipairs(numbers) do
    squares = squares + number * number
  end
  local mean = sum(numbers) / #numbers
  return math.sqrt(math.max(squares / #numbers - mean * mean, 0))
end

local function length(value)
  if is(value, "array") or is(value, "object") then
    return doc.from(value:len())
  end
  return nil
end

local function element(value, index)
  local found = is(value, "array") and value:at(index)
  if not found then
    return nil, "Aggregation function attempted to calculate value using "
      .. "empty array"
  end
  return found
end

local function keys(value)
  if not is(value, "object") then
    return nil
  end
  local names = {}
  for name in value:members() do
    names[#names + 1] = name
  end
  return doc.array(names)
end

local function concatenated(value, arguments)
  local parts = {}
  if is(value, "array") then
    for _, item in value:elements() do
      parts[#parts + 1] = item:string()
    end
  end
  for _, argument in ipairs(arguments) do
    parts[#parts + 1] = argument:string() or argument:text()
  end
  return doc.from(table.concat(parts))
end

local function appended(value, arguments)
  local items = {}
  if not is(value, "array") then
    return value
  end
  for _, item in value:elements() do
    items[#items + 1] = item
  end
  for _, argument in ipairs(arguments) do
    items[#items + 1] = argument
  end
  return doc.array(items)
end

local FUNCTIONS = {
  append = appended,
  avg = aggregation(function(numbers)
    return sum(numbers) / #numbers
  end),
  concat = concatenated,
  first = function(value)
    return element(value, 0)
  end,
  index = function(value, arguments)
    local index = arguments[1] and scanner.index(arguments[1]:text())
    return element(value, index or 0)
  end,
  keys = keys,
  last = function(value)
    return element(value, -1)
  end,
  length = length,
  max = aggregation(function(numbers)
    local greatest = numbers[1]
    for _, number in ipairs(numbers) do
      greatest = math.max(greatest, number)
    end
    return greatest
  end),
  min = aggregation(function(numbers)
    local least = numbers[1]
    for _, number in ipairs(numbers) do
      least = math.min(least, number)
    end
    return least
  end),
  size = length,
  stddev = aggregation(deviation),
  sum = aggregation(sum),
}

-- A literal: a number or a text in quotes.
local function parse_argument(text, at)
  local quoted, stop = scanner.quoted(text, at)
  if quoted then
    return doc.from(quoted), stop
  end
  local number
  number, stop = scanner.number(text, at)
  local value = number and doc.parse(number)
  return value or nil, stop
end

local function parse_arguments(text, at)
  local list = {}
  at = scanner.skip(text, at)
  if text:sub(at, at) == ")" then
    return list, at + 1
  end
  while #list < MAX_ARGUMENTS do
    local argument, stop = parse_argument(text, at)
    if not argument then
      return nil
    end
    list[#list + 1] = argument
    local mark, after = text:match("^%s*([,)])%s*()", stop)
    if mark == ")" then
      return list, after
    elseif not mark then
      return nil
    end
    at = after
  end
end

--- Parses the call of function `name`, whose opening parenthesis is at `at`:
-- a step, and where the text goes on; or nil.
function path_functions.parse(text, name, at)
  local run = FUNCTIONS[name]
  local arguments, stop = parse_arguments(text, at + 1)
  if not run or not arguments then
    return nil
  end
  return {
    kind = "call",
    fragment = "." .. name .. "()",
    call = function(value)
      return run(value, arguments)
    end,
  }, stop
end

return path_functions
