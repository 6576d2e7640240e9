--- JSONPath: where a state looks for data.
--
-- A path text is parsed once, when the definition is loaded, and becomes a
-- path object that every user of paths asks in the same way:
--
--   path.text        the text, as in the definition
--   path.definite    true if it names one place at most
--   path.source      path.INPUT ("$") or path.CONTEXT ("$$")
--   path.steps       a definite path's names (strings) and 0-based indices
--   path.compiled    a definite path for value:find() and value:put()
--   path:find(input, ctx)  the value it finds, or nil; an error and a cause
--                          after it if more went wrong
--   path:scalar(input, ctx)  the same as Lua data (value:scalar())
--   path:reason(input, ctx)  why find() found nothing, in AWS's words
--
-- Definite paths are here, and run in the core; the others are objects with
-- the same members, made by asl.jsonpath.
--
-- @module asl.path

local doc = require("wf.doc")
local jsonpath = require("asl.jsonpath")

local path = {}

path.INPUT = 1
path.CONTEXT = 2

local definite = {}
definite.__index = definite

--- The value at the path: of `input`, or of the context object.
function definite:find(input, ctx)
  if self.source == path.CONTEXT then
    return ctx:context():find(self.compiled)
  end
  return input:find(self.compiled)
end

--- The same as Lua data: see value:scalar().
function definite:scalar(input, ctx)
  if self.source == path.CONTEXT then
    return ctx:context():scalar(self.compiled)
  end
  return input:scalar(self.compiled)
end

local function bracketed(steps, count)
  local parts = { "$" }
  for i = 1, count do
    local step = steps[i]
    parts[#parts + 1] = type(step) == "number" and "[" .. step .. "]"
      or "['" .. step .. "']"
  end
  return table.concat(parts)
end

local CLASSES = {
  array = "com.fasterxml.jackson.databind.node.ArrayNode",
  boolean = "com.fasterxml.jackson.databind.node.BooleanNode",
  null = "null",
  number = "com.fasterxml.jackson.databind.node.NumericNode",
  object = "com.fasterxml.jackson.databind.node.ObjectNode",
  string = "com.fasterxml.jackson.databind.node.TextNode",
}

-- Why step number i cannot be taken from `value`; nil if it only is not there.
local function misfit(self, i, value)
  local step = self.steps[i]
  local kind = value:type()
  if type(step) == "string" and kind ~= "object" then
    return "Expected to find an object with property ['" .. step
      .. "'] in path " .. bracketed(self.steps, i - 1) .. " but found '"
      .. CLASSES[kind] .. "'. This is not a json object according to the "
      .. "JsonProvider: 'com.jayway.jsonpath.spi.json."
      .. "JacksonJsonNodeJsonProvider'."
  elseif type(step) == "number" and kind ~= "array" then
    return "Filter: [" .. step .. "] can only be applied to arrays. Current "
      .. "context is: " .. value:text()
  end
end

--- Why find() returned nil: what the Jayway library says.
function definite:reason(input, ctx)
  local value = self.source == path.CONTEXT and ctx:context() or input
  local steps = self.steps
  for i, step in ipairs(steps) do
    local problem = misfit(self, i, value)
    if problem then
      return problem
    end
    if type(step) == "string" then
      value = value:get(step)
    else
      value = value:at(step)
    end
    if value == nil and type(step) == "string" and i < #steps then
      return "Missing property in path " .. bracketed(steps, i)
    elseif value == nil then
      break
    end
  end
  return "No results for path: " .. bracketed(steps, #steps)
end

-- A name in quotes: returns it and where the text goes on, or nil.
local function quoted_name(text, at)
  local quote = text:sub(at, at)
  if quote ~= "'" and quote ~= '"' then
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

local function bracket_step(text, at)
  local index, stop = text:match("^%[%s*(%-?%d+)%s*%]()", at)
  if index then
    return tonumber(index), stop
  end
  local start = text:match("^%[%s*()", at)
  local name, after = quoted_name(text, start)
  if not name then
    return nil
  end
  stop = text:match("^%s*%]()", after)
  return stop and name, stop
end

local MAX_STEPS = 1000
local MAX_INDEX = 2147483647

-- The steps of a definite path behind its `$`, or nil if it is not definite.
local function definite_steps(text, at)
  local steps = {}
  while at <= #text do
    local step, stop
    local first = text:sub(at, at)
    if first == "." then
      step, stop = text:match("^%.([^%.%[%]%*%s'\"?@,:]+)()", at)
    elseif first == "[" then
      step, stop = bracket_step(text, at)
    end
    if not step or #steps == MAX_STEPS
        or (type(step) == "number" and math.abs(step) > MAX_INDEX) then
      return nil
    end
    steps[#steps + 1] = step
    at = stop
  end
  return steps
end

local function parse_definite(text)
  local source, at = path.INPUT, 2
  if text:sub(1, 2) == "$$" then
    source, at = path.CONTEXT, 3
  end
  local steps = definite_steps(text, at)
  if not steps then
    return nil
  end
  return setmetatable({
    text = text,
    definite = true,
    source = source,
    steps = steps,
    compiled = doc.path(steps),
  }, definite)
end

--- Parses a path. Returns a path object, or nil and what is wrong.
function path.parse(text)
  if text:sub(1, 1) ~= "$" then
    return nil, "a path begins with $"
  end
  text = text:match("^(.*%S)") -- "%s+$" would take quadratic time
  local found = parse_definite(text) or jsonpath.parse(text)
  if not found then
    return nil, "it is not understood"
  end
  return found
end

--- Parses a path that names one place, in the input or the context.
function path.parse_any_reference(text)
  local found, problem = path.parse(text)
  if found and not found.definite then
    return nil, "a Reference Path names one place"
  end
  return found, problem
end

--- Parses a Reference Path: definite, and into the input.
function path.parse_reference(text)
  local found, problem = path.parse(text)
  if not found then
    return nil, problem
  elseif not found.definite or found.source ~= path.INPUT then
    return nil, "a Reference Path names one place in the input"
  end
  return found
end

return path
