--- Filters of JSONPath: what stands in [?( … )], as the Jayway library has it.
--
-- A condition is compiled to a closure test(value, root, budget). It knows
-- comparisons of paths and literals (asl.filter_operators), existence (@.a),
-- &&, ||, ! and parentheses. A word without quotes is taken as a string.
--
-- What is compared is Lua data: string, number, boolean, doc.null; a value
-- where it is an array or object; nil where a path found nothing.
--
-- @module asl.filter

local doc = require("wf.doc")
local filter_operators = require("asl.filter_operators")
local scanner = require("asl.scanner")

local filter = {}

local MAX_DEPTH = 50
local MAX_TERMS = 100 -- of one && or ||
local MAX_LITERAL = 10000 -- bytes of a list or object

local skip = scanner.skip

local WORDS = { ["true"] = true, ["false"] = false, ["null"] = doc.null }

local function parse_word(text, at)
  local word, stop = text:match("^([%a_\128-\255][%w_%-%.\128-\255]*)()", at)
  if WORDS[word] ~= nil then
    return WORDS[word], stop
  end
  return word, stop
end

local function parse_scalar(text, at)
  local literal, stop = scanner.quoted(text, at)
  if not literal then
    literal, stop = scanner.number(text, at)
    literal = literal and tonumber(literal)
  end
  if literal == nil then
    literal, stop = parse_word(text, at)
  end
  return literal, stop
end

local parse_json

-- The items of a list or object behind its opening bracket. Quotes may be
-- single, as people write them here.
local function parse_items(text, at, depth, close, parse_item)
  local items = {}
  at = skip(text, at)
  while text:sub(at, at) ~= close do
    local item, stop = parse_item(text, at, depth)
    if item == nil then
      return nil
    end
    items[#items + 1] = item
    at = skip(text, stop)
    if text:sub(at, at) == "," then
      at = skip(text, at + 1)
    elseif text:sub(at, at) ~= close then
      return nil
    end
  end
  return items, at + 1
end

local function parse_member(text, at, depth)
  local name, stop = parse_scalar(text, at)
  stop = type(name) == "string" and text:match("^%s*:%s*()", stop)
  if not stop then
    return nil
  end
  local value
  value, stop = parse_json(text, stop, depth)
  return value ~= nil and { name, value } or nil, stop
end

parse_json = function(text, at, depth)
  local first = text:sub(at, at)
  if depth > MAX_DEPTH then
    return nil
  elseif first == "[" then
    local items, stop = parse_items(text, at + 1, depth + 1, "]", parse_json)
    return items and doc.array(items), stop
  elseif first == "{" then
    local items, stop = parse_items(text, at + 1, depth + 1, "}", parse_member)
    return items and doc.object(items), stop
  end
  local value, stop = parse_scalar(text, at)
  if value == math.huge or value == -math.huge then
    return nil -- a document has no such number
  end
  return value, stop
end

-- A regular expression between slashes, with flags behind the second.
local function parse_regex(text, at)
  local stop = at
  repeat
    stop = text:find("[\\/]", stop + 1)
    local escapes = stop and text:sub(stop, stop) == "\\"
    stop = escapes and stop + 1 or stop
  until not escapes
  if not stop then
    return nil
  end
  local pattern = text:sub(at + 1, stop - 1)
  local flags, after = text:match("^(%a*)()", stop + 1)
  local regex = doc.regex(pattern, flags)
  return regex and filter_operators.pattern(regex), after
end

-- Returns a function of (value, root, budget), where the text goes on, and
-- whether it is a path.
local function parse_operand(text, at, depth)
  local first = text:sub(at, at)
  if first == "@" or first == "$" then
    local operand, stop =
      require("asl.jsonpath").operand(text, at + 1, depth, first == "$")
    return operand, stop, true
  end
  local literal, stop
  if first == "/" then
    literal, stop = parse_regex(text, at)
  elseif first == "[" or first == "{" then
    literal, stop = parse_json(text:sub(1, at + MAX_LITERAL), at, depth)
  else
    literal, stop = parse_scalar(text, at)
  end
  if literal == nil then
    return nil
  end
  return function()
    return literal
  end, stop
end

-- The comparison that is named at `at`, if any, and where it ends.
local function parse_operator(text, at)
  local mark, stop = text:match("^([=!<>~]+)()", at)
  if mark then
    return filter_operators.get(mark), stop
  end
  mark, stop = text:match("^(%a+)%s*()", at)
  return mark and filter_operators.get(mark:lower()), stop
end

local function parse_comparison(text, at, depth)
  local left, stop, is_path = parse_operand(text, at, depth)
  if not left then
    return nil
  end
  at = skip(text, stop)
  local compare, after = parse_operator(text, at)
  if not after then
    return is_path and function(value, root, budget)
      return left(value, root, budget) ~= nil
    end, stop
  end
  local right
  right, stop = parse_operand(text, skip(text, after), depth)
  if not compare or not right then
    return nil
  end
  return function(value, root, budget)
    return compare(left(value, root, budget), right(value, root, budget))
  end, stop
end

local parse_or

local function parse_single(text, at, depth)
  at = skip(text, at)
  local mark = text:match("^[!(]", at)
  if not mark then
    return parse_comparison(text, at, depth)
  elseif depth > MAX_DEPTH then
    return nil
  elseif mark == "!" then
    local test, stop = parse_single(text, at + 1, depth + 1)
    return test and function(value, root, budget)
      return not test(value, root, budget)
    end, stop
  end
  local test, stop = parse_or(text, at + 1, depth + 1)
  stop = test and text:match("^%s*%)()", stop)
  return stop and test, stop
end

-- Terms with `mark` between them, joined by `join`.
local function parse_terms(text, at, depth, parse_term, mark, join)
  local left, stop = parse_term(text, at, depth)
  for _ = 1, MAX_TERMS do
    local after = left and text:match(mark, stop)
    if not after then
      return left, stop
    end
    local right
    right, stop = parse_term(text, after, depth)
    left = right and join(left, right)
  end
  return nil
end

local function both(left, right)
  return function(value, root, budget)
    return left(value, root, budget) and right(value, root, budget)
  end
end

local function either(left, right)
  return function(value, root, budget)
    return left(value, root, budget) or right(value, root, budget)
  end
end

local function parse_and(text, at, depth)
  return parse_terms(text, at, depth, parse_single, "^%s*&&()", both)
end

parse_or = function(text, at, depth)
  return parse_terms(text, at, depth, parse_and, "^%s*||()", either)
end

--- Compiles the condition at `at` to test(value, root, budget). Returns it and
-- where the text goes on, or nil if it is none. `depth` counts nested filters.
function filter.parse(text, at, depth)
  return parse_or(text, at, depth)
end

return filter
