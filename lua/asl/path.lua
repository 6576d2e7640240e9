--- JSONPath: where a state looks for data.
--
-- A path text is parsed once, when the definition is loaded, and becomes a
-- path object that every user of paths asks in the same way:
--
--   path.text        the text, as in the definition
--   path.definite    true if it names one place at most
--   path.source      path.INPUT ("$") or path.CONTEXT ("$$")
--   path.steps       what asl.steps made of it
--   path.place       where a path of the context looks (asl.context_place)
--   path.compiled    a definite path for value:find() and value:put(), from
--                    that place on
--   path:find(input, ctx)  the value it finds, or nil; an error and a cause
--                          after it if more went wrong
--   path:scalar(input, ctx)  the same as Lua data (value:scalar())
--   path:reason(input, ctx)  why find() found nothing, in AWS's words
--
-- Definite paths are here, and run in the core; the others are objects with
-- the same members, made by asl.jsonpath.
--
-- @module asl.path

local context_place = require("asl.context_place")
local jsonpath = require("asl.jsonpath")
local path_reasons = require("asl.path_reasons")
local steps = require("asl.steps")

local path = {}

path.INPUT = 1
path.CONTEXT = 2

local definite = {}
definite.__index = definite

local function root_of(self, input, ctx)
  local place = self.place
  if place then
    return place.root(ctx)
  end
  return input
end

--- The value at the path: of `input`, or of the context object.
function definite:find(input, ctx)
  local root = root_of(self, input, ctx)
  return root and root:find(self.compiled)
end

--- The same as Lua data: see value:scalar().
function definite:scalar(input, ctx)
  local root = root_of(self, input, ctx)
  return root and root:scalar(self.compiled)
end

-- Why a step cannot be taken from `value`; nil if it only is not there.
local function misfit(self, i, value)
  local step, kind = self.steps[i], value:type()
  if step.name and kind ~= "object" then
    return path_reasons.no_object(step.fragment,
      path_reasons.printed(self.steps, i - 1), value)
  elseif step.index and kind ~= "array" then
    return path_reasons.no_array(step.fragment, value)
  end
end

--- Why find() returned nil: what the Jayway library says.
function definite:reason(input, ctx)
  local value = self.source == path.CONTEXT and ctx:context() or input
  local list = self.steps
  for i, step in ipairs(list) do
    local problem = misfit(self, i, value)
    if problem then
      return problem
    end
    value = step.name and value:get(step.name)
      or step.index and value:at(step.index)
    if not value and step.name and i < #list then
      return path_reasons.missing(path_reasons.printed(list, i))
    elseif not value then
      break
    end
  end
  return path_reasons.no_results(path_reasons.printed(list))
end

local function new_definite(text, source, list)
  local place = source == path.CONTEXT and context_place.of(list) or nil
  return setmetatable({
    text = text,
    definite = true,
    source = source,
    steps = list,
    place = place,
    compiled = jsonpath.compiled(list, place and place.depth),
  }, definite)
end

-- A path of parsed steps; nil and what is wrong if there are none.
local function new(text, source, list, is_definite)
  if not list then
    return nil, "it is not understood"
  elseif is_definite then
    return new_definite(text, source, list)
  end
  return jsonpath.new(text, source, list)
end

local function source_at(text, at)
  return text:find("^%$%$", at) and path.CONTEXT or path.INPUT
end

--- Parses a path. Returns a path object, or nil and what is wrong.
function path.parse(text)
  if text:sub(1, 1) ~= "$" then
    return nil, "a path begins with $"
  end
  text = text:match("^(.*%S)") -- "%s+$" would take quadratic time
  local source = source_at(text, 1)
  local list, _, is_definite = steps.parse(text, source + 1, 0)
  return new(text, source, list, is_definite)
end

--- Parses the path at `at` among other things. Returns a path object and where
-- the text goes on, or nil.
function path.parse_argument(text, at)
  local source = source_at(text, at)
  local list, stop, is_definite = steps.parse(text, at + source, 1)
  local found =
    new(text:sub(at, (stop or at) - 1), source, list, is_definite)
  return found, stop
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
