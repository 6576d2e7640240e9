--- Choice rules: comparisons of what a path finds, and And, Or, Not.
--
-- A rule is compiled to a closure test(input, ctx). It returns true or false;
-- or nil and the path that found nothing, which fails the state. Operands are
-- looked at from left to right and no further than needed, so IsPresent can
-- guard what stands behind it.
--
-- @module asl.choice

local doc = require("wf.doc")
local timestamp = require("asl.timestamp")

local choice = {}

local NULL = doc.null

local parse_timestamp = timestamp.parse
local compare_timestamps = timestamp.compare

-- Orders: functions of two comparable operands.
local ORDERS = {
  Equals = function(a, b)
    return a == b
  end,
  LessThan = function(a, b)
    return a < b
  end,
  GreaterThan = function(a, b)
    return a > b
  end,
  LessThanEquals = function(a, b)
    return a <= b
  end,
  GreaterThanEquals = function(a, b)
    return a >= b
  end,
}

-- Families of operators by the Lua type of their operands.
local FAMILIES = { Boolean = "boolean", Numeric = "number", String = "string" }

-- StringEquals and the like: the most used. Values of different types differ.
local function equals_test(path, expected)
  return function(input, ctx)
    local found = path:scalar(input, ctx)
    if found == nil then
      return nil, path
    end
    return found == expected
  end
end

local function literal_test(path, kind, holds, expected)
  return function(input, ctx)
    local found = path:scalar(input, ctx)
    if found == nil then
      return nil, path
    end
    return type(found) == kind and holds(found, expected)
  end
end

local function path_test(path, kind, holds, other_path)
  return function(input, ctx)
    local found = path:scalar(input, ctx)
    if found == nil then
      return nil, path
    end
    local other = other_path:scalar(input, ctx)
    if other == nil then
      return nil, other_path
    end
    return type(found) == kind and type(other) == kind
      and holds(found, other)
  end
end

-- Of timestamps the order of the two moments against 0 decides.
local function timestamp_holds(holds, text, seconds, nanos)
  local at, at_nanos = parse_timestamp(text)
  return at ~= nil
    and holds(compare_timestamps(at, at_nanos, seconds, nanos), 0)
end

local function timestamp_test(path, holds, expected)
  local seconds, nanos = parse_timestamp(expected)
  return function(input, ctx)
    local found = path:scalar(input, ctx)
    if found == nil then
      return nil, path
    end
    return type(found) == "string"
      and timestamp_holds(holds, found, seconds, nanos)
  end
end

local function timestamp_path_test(path, holds, other_path)
  return function(input, ctx)
    local found = path:scalar(input, ctx)
    if found == nil then
      return nil, path
    end
    local other = other_path:scalar(input, ctx)
    if other == nil then
      return nil, other_path
    end
    if type(found) ~= "string" or type(other) ~= "string" then
      return false
    end
    local seconds, nanos = parse_timestamp(other)
    return seconds ~= nil and timestamp_holds(holds, found, seconds, nanos)
  end
end

-- A StringMatches pattern as the literal pieces between its asterisks; "\*"
-- is an asterisk, "\\" a backslash.
local function pattern_pieces(pattern)
  local pieces, piece, at = {}, {}, 1
  while at <= #pattern do
    local char = pattern:sub(at, at)
    if char == "*" then
      pieces[#pieces + 1] = table.concat(piece)
      piece = {}
    elseif char == "\\" and pattern:find("^[%*\\]", at + 1) then
      at = at + 1
      piece[#piece + 1] = pattern:sub(at, at)
    else
      piece[#piece + 1] = char
    end
    at = at + 1
  end
  pieces[#pieces + 1] = table.concat(piece)
  return pieces
end

-- Taking each piece at its first place is enough: no backtracking.
local function pieces_match(pieces, text)
  local count = #pieces
  local first, last = pieces[1], pieces[count]
  if count == 1 then
    return text == first
  elseif #text < #first + #last or text:sub(1, #first) ~= first
      or (last ~= "" and text:sub(-#last) ~= last) then
    return false
  end
  local at, stop = #first + 1, #text - #last
  for i = 2, count - 1 do
    local _, found_stop = doc.search(text, pieces[i], at)
    if not found_stop or found_stop > stop then
      return false
    end
    at = found_stop + 1
  end
  return true
end

local function matches_test(path, pattern)
  local pieces = pattern_pieces(pattern)
  return function(input, ctx)
    local found = path:scalar(input, ctx)
    if found == nil then
      return nil, path
    end
    return type(found) == "string" and pieces_match(pieces, found)
  end
end

local function is_type(kind)
  return function(found)
    return type(found) == kind
  end
end

local CHECKS = {
  IsBoolean = is_type("boolean"),
  IsNull = function(found)
    return found == NULL
  end,
  IsNumeric = is_type("number"),
  IsString = is_type("string"),
  IsTimestamp = function(found)
    return type(found) == "string" and parse_timestamp(found) ~= nil
  end,
}

local function check_test(path, check, expected)
  return function(input, ctx)
    local found = path:scalar(input, ctx)
    if found == nil then
      return nil, path
    end
    return check(found) == expected
  end
end

local function present_test(path, expected)
  return function(input, ctx)
    return (path:scalar(input, ctx) ~= nil) == expected
  end
end

--- Operators: name -> { operand = type of the field's value, test =
-- function(path, operand) returning a closure }.
choice.operators = {
  IsPresent = { operand = "boolean", test = present_test },
  StringMatches = { operand = "string", test = matches_test },
}

for name, check in pairs(CHECKS) do
  choice.operators[name] = {
    operand = "boolean",
    test = function(path, expected)
      return check_test(path, check, expected)
    end,
  }
end

local function define(family, kind, order, holds)
  choice.operators[family .. order] = {
    operand = kind,
    test = function(path, expected)
      if order == "Equals" then
        return equals_test(path, expected)
      end
      return literal_test(path, kind, holds, expected)
    end,
  }
  choice.operators[family .. order .. "Path"] = {
    operand = "path",
    test = function(path, other_path)
      return path_test(path, kind, holds, other_path)
    end,
  }
end

for order, holds in pairs(ORDERS) do
  for family, kind in pairs(FAMILIES) do
    if family ~= "Boolean" or order == "Equals" then
      define(family, kind, order, holds)
    end
  end
  choice.operators["Timestamp" .. order] = {
    operand = "timestamp",
    test = function(path, expected)
      return timestamp_test(path, holds, expected)
    end,
  }
  choice.operators["Timestamp" .. order .. "Path"] = {
    operand = "path",
    test = function(path, other_path)
      return timestamp_path_test(path, holds, other_path)
    end,
  }
end

--- And: the first operand that is not true decides.
function choice.all_of(tests)
  return function(input, ctx)
    for i = 1, #tests do
      local holds, missing = tests[i](input, ctx)
      if not holds then
        return holds, missing
      end
    end
    return true
  end
end

--- Or: the first operand that is not false decides.
function choice.any_of(tests)
  return function(input, ctx)
    for i = 1, #tests do
      local holds, missing = tests[i](input, ctx)
      if holds ~= false then
        return holds, missing
      end
    end
    return false
  end
end

--- Not.
function choice.negation(test)
  return function(input, ctx)
    local holds, missing = test(input, ctx)
    if holds == nil then
      return nil, missing
    end
    return not holds
  end
end

return choice
