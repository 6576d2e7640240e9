--- Filters of JSONPath: what stands in [?( … )].
--
-- A condition is compiled to a closure test(value, root). It knows
-- comparisons (== != < <= > >=) of paths and literals, existence (@.a), &&,
-- ||, ! and parentheses. Values of different types are not equal and have no
-- order. A word without quotes is taken as a string.
--
-- @module asl.filter

local doc = require("wf.doc")

local filter = {}

local MAX_DEPTH = 50
local MAX_TERMS = 100 -- of one && or ||

local MAX_INDEX = 2147483647

--- The number of digits (nil allowed) that may be an index, or nil.
function filter.parse_index(digits)
  local index = digits and tonumber(digits)
  return index and math.abs(index) <= MAX_INDEX and index or nil
end

--- A text in single or double quotes at `at`: returns it and where the text
-- goes on, or nil.
function filter.parse_quoted(text, at)
  local quote = text:match("^['\"]", at)
  if not quote then
    return nil
  end
  local parts, from = {}, at + 1
  while true do
    local stop = text:find("[\\" .. quote .. "]", from)
    if not stop then
      return nil
    end
    parts[#parts + 1] = text:sub(from, stop - 1)
    if text:sub(stop, stop) == quote then
      return table.concat(parts), stop + 1
    end
    parts[#parts + 1] = text:sub(stop + 1, stop + 1)
    from = stop + 2
  end
end

-- Scalars as Lua values of their types; everything else stays as it is.
local function plain(value)
  local kind = doc.is_value(value) and value:type()
  if kind == "string" then
    return value:string()
  elseif kind == "number" then
    return value:number()
  elseif kind == "boolean" then
    return value:boolean()
  end
  return value
end

local function equal(a, b)
  if doc.is_value(a) and doc.is_value(b) then
    return a:equals(b)
  end
  return a == b
end

local function ordered(a, b)
  return type(a) == type(b) and (type(a) == "number" or type(a) == "string")
end

local COMPARE = {
  ["=="] = equal,
  ["!="] = function(a, b)
    return not equal(a, b)
  end,
  ["<"] = function(a, b)
    return ordered(a, b) and a < b
  end,
  ["<="] = function(a, b)
    return ordered(a, b) and a <= b
  end,
  [">"] = function(a, b)
    return ordered(a, b) and a > b
  end,
  [">="] = function(a, b)
    return ordered(a, b) and a >= b
  end,
}

-- Steps of the definite path behind @ or $: "@.a['b'][0]".
local function parse_steps(text, at)
  local steps = {}
  while true do
    local name, stop = text:match("^%.([%w_%-\128-\255]+)()", at)
    if not name then
      name, stop = text:match("^%[%s*(%-?%d+)%s*%]()", at)
      name = filter.parse_index(name)
    end
    if not name and text:find("^%[", at) then
      name, stop = filter.parse_quoted(text, text:match("^%[%s*()", at))
      stop = name and text:match("^%s*%]()", stop)
    end
    if not name or not stop then
      return steps, at
    end
    steps[#steps + 1] = name
    at = stop
  end
end

local function path_operand(text, at)
  local is_root = text:sub(at, at) == "$"
  local steps, stop = parse_steps(text, at + 1)
  local path = doc.path(steps)
  return function(value, root)
    return (is_root and root or value):find(path)
  end, stop
end

local CONSTANTS = { ["true"] = true, ["false"] = false, ["null"] = doc.null }

local function constant_operand(text, at)
  local literal, stop = filter.parse_quoted(text, at)
  if not literal then
    literal, stop = text:match("^(%-?%d+%.?%d*[eE]?[%+%-]?%d*)()", at)
    literal = literal and tonumber(literal)
  end
  if literal == nil then
    literal, stop = text:match("^([%a_][%w_%-%.]*)()", at)
    if CONSTANTS[literal] ~= nil then
      literal = CONSTANTS[literal]
    end
  end
  if literal == nil then
    return nil
  end
  return function()
    return literal
  end, stop
end

-- Returns a function of (value, root), where the text goes on, and whether
-- it is a path.
local function parse_operand(text, at)
  if text:find("^[@$]", at) then
    local operand, stop = path_operand(text, at)
    return operand, stop, true
  end
  return constant_operand(text, at)
end

local function parse_comparison(text, at)
  local left, stop, is_path = parse_operand(text, at)
  if not left then
    return nil
  end
  local operator, after = text:match("^%s*([=!<>]=?)%s*()", stop)
  local compare = COMPARE[operator]
  if not operator then
    return is_path and function(value, root)
      return left(value, root) ~= nil
    end, stop
  end
  local right
  right, stop = parse_operand(text, after)
  if not compare or not right then
    return nil
  end
  return function(value, root)
    return compare(plain(left(value, root)), plain(right(value, root)))
  end, stop
end

local parse_or

local function parse_single(text, at, depth)
  at = text:match("^%s*()", at)
  local mark = text:match("^[!(]", at)
  if not mark then
    return parse_comparison(text, at)
  elseif depth > MAX_DEPTH then
    return nil
  elseif mark == "!" then
    local test, stop = parse_single(text, at + 1, depth + 1)
    return test and function(value, root)
      return not test(value, root)
    end, stop
  end
  local test, stop = parse_or(text, at + 1, depth + 1)
  stop = test and text:match("^%s*%)()", stop)
  return stop and test, stop
end

local function parse_and(text, at, depth)
  local left, stop = parse_single(text, at, depth)
  local terms = 0
  while left do
    local after = text:match("^%s*&&()", stop)
    terms = terms + 1
    if not after then
      break
    elseif terms > MAX_TERMS then
      return nil
    end
    local first, second = left, nil
    second, stop = parse_single(text, after, depth)
    left = second and function(value, root)
      return first(value, root) and second(value, root)
    end
  end
  return left, stop
end

parse_or = function(text, at, depth)
  local left, stop = parse_and(text, at, depth)
  local terms = 0
  while left do
    local after = text:match("^%s*||()", stop)
    terms = terms + 1
    if not after then
      break
    elseif terms > MAX_TERMS then
      return nil
    end
    local first, second = left, nil
    second, stop = parse_and(text, after, depth)
    left = second and function(value, root)
      return first(value, root) or second(value, root)
    end
  end
  return left, stop
end

--- Compiles a condition to test(value, root), or nil if it is none.
function filter.parse(text)
  local test, stop = parse_or(text, 1, 1)
  if not test or text:find("%S", stop) then
    return nil
  end
  return test
end

return filter
