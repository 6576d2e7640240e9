--- Intrinsic functions: calls like States.Format('{}', $.name).
--
-- A call is parsed once, when the definition is loaded, into an expression
-- (asl.expression). Arguments are strings in single quotes, numbers, true,
-- false, null, paths, and calls, nested at most ten deep. In strings \', \{,
-- \} and \\ are the only escapes.
--
-- @module asl.intrinsics

local doc = require("wf.doc")
local errors = require("asl.errors")
local functions = require("asl.functions")
local path = require("asl.path")
local scanner = require("asl.scanner")

local intrinsics = {}

local MAX_DEPTH = 10
local MAX_ARGUMENTS = 100

local call = {}
call.__index = call

local function missing(self, argument, input)
  return nil, errors.RUNTIME, "The function '" .. self.text
    .. "' had the following error: The JsonPath argument for the field '"
    .. argument.text .. "' could not be found in the input '"
    .. errors.compact(input:text()) .. "'"
end

-- The arguments' values, or nil, error, cause.
local function evaluate(self, input, ctx)
  local values = {}
  for i, argument in ipairs(self.arguments) do
    local value, error, cause = argument:find(input, ctx)
    if value == nil and error then
      return nil, error, cause
    elseif value == nil then
      return missing(self, argument, input)
    end
    values[i] = value
  end
  return values
end

--- Calls the function. Returns a value; or nil, error, cause.
function call:find(input, ctx)
  local values, error, cause = evaluate(self, input, ctx)
  if not values then
    return nil, error, cause
  end
  local result, problem = self.run(values, ctx)
  if not result then
    return nil, errors.INTRINSIC_FAILURE, "The function '" .. self.text
      .. "' had the following error: " .. problem
  end
  return result
end

local literal = {}
literal.__index = literal

--- The value itself.
function literal:find()
  return self.value
end

local function new_literal(text)
  return setmetatable({ value = doc.trusted(text) }, literal)
end

-- A string as it stands between quotes. For Format, which needs to know a
-- brace from an escaped one, the escapes of braces stay.
local function parse_string(text, at, is_template)
  local parts, from = {}, at + 1
  while true do
    local stop = text:find("[\\']", from)
    if not stop then
      return nil
    end
    parts[#parts + 1] = text:sub(from, stop - 1)
    if text:sub(stop, stop) == "'" then
      return new_literal(doc.quote(table.concat(parts))), stop + 1
    end
    local escaped = text:match("^[\\'{}]", stop + 1)
    if not escaped then
      return nil
    end
    local keeps = is_template and escaped ~= "'"
    parts[#parts + 1] = keeps and "\\" .. escaped or escaped
    from = stop + 2
  end
end

local function parse_constant(text, at)
  local number, stop = scanner.number(text, at)
  local word, word_stop = text:match("^(%a+)()", at)
  if number and doc.parse(number) then
    return new_literal(number), stop
  elseif word == "true" or word == "false" or word == "null" then
    return new_literal(word), word_stop
  end
  return nil
end

local parse_call

local function parse_argument(text, at, depth, is_template, variables)
  local char = text:sub(at, at)
  if char == "'" then
    return parse_string(text, at, is_template)
  elseif char == "$" then
    return path.parse_argument(text, at, variables)
  elseif text:find("^States%.", at) then
    return parse_call(text, at, depth + 1, variables)
  end
  return parse_constant(text, at)
end

-- The arguments behind an opening parenthesis: a list, and where the text
-- goes on behind the closing one.
local function parse_arguments(text, at, depth, name, variables)
  local list = {}
  at = scanner.skip(text, at)
  if text:sub(at, at) == ")" then
    return list, at + 1
  end
  while true do
    local is_template = name == "Format" and not list[1]
    local argument, stop =
      parse_argument(text, at, depth, is_template, variables)
    if not argument or #list == MAX_ARGUMENTS then
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

parse_call = function(text, at, depth, variables)
  local name, start = text:match("^States%.(%a%w*)%s*%(()", at)
  local found = name and functions[name]
  if not found or depth > MAX_DEPTH then
    return nil
  end
  local arguments, stop =
    parse_arguments(text, start, depth, name, variables)
  if not arguments or #arguments < found.min or #arguments > found.max then
    return nil
  end
  return setmetatable({
    text = text:sub(at, stop - 1):match("^(.*%S)"),
    definite = false,
    arguments = arguments,
    run = found.run,
  }, call), stop
end

--- Parses a call. Returns an expression, or nil and what is wrong. Names of
-- variables in it are put into the set `variables`, if that is given.
function intrinsics.parse(text, variables)
  local found, stop = parse_call(text, 1, 1, variables)
  if not found or text:find("%S", stop) then
    return nil, "not a call of an intrinsic function"
  end
  return found
end

return intrinsics
