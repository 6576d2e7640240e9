--- JSONPath: where a state looks for data.
--
-- A path text is parsed once, when the definition is loaded, and becomes a
-- path object that every user of paths asks in the same way:
--
--   path.text        the text, as in the definition
--   path.definite    true if it names one place at most
--   path.source      path.INPUT ("$"), path.CONTEXT ("$$") or path.VARIABLE
--                    ("$name")
--   path.steps       what asl.steps made of it
--   path.place       where a path looks that does not look into the input
--                    (asl.context_place)
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
local doc = require("wf.doc")
local jsonpath = require("asl.jsonpath")
local path_reasons = require("asl.path_reasons")
local steps = require("asl.steps")
local variable_name = require("asl.variable_name")

local path = {}

path.INPUT = 1
path.CONTEXT = 2
path.VARIABLE = 3

-- In $states all that a JSONata expression has is to be found.
local RESERVED = { states = true }

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
  local value = input
  if self.source == path.CONTEXT then
    value = ctx:context()
  elseif self.source == path.VARIABLE then
    value = ctx:variables() or doc.empty_object
  end
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
  local place = context_place.of_source(source, list)
  return setmetatable({
    text = text,
    definite = true,
    source = source,
    steps = list,
    place = place,
    compiled = jsonpath.compiled(list, place and place.depth),
  }, definite)
end

-- A path of parsed steps; nil if there are none.
local function new(text, source, list, is_definite)
  if not list then
    return nil
  elseif is_definite then
    return new_definite(text, source, list)
  end
  return jsonpath.new(text, source, list)
end

-- What the path at `at` looks into, where its steps begin, and the name if
-- that is a variable.
local function beginning(text, at)
  if text:find("^%$%$", at) then
    return path.CONTEXT, at + 2
  end
  local name, stop = variable_name.at(text, at + 1)
  if name then
    return path.VARIABLE, stop, name
  end
  return path.INPUT, at + 1
end

-- Parses from `at` on, up to the end (depth 0) or as far as it goes.
local function parse(text, at, depth, variables)
  local source, from, name = beginning(text, at)
  local list, stop, is_definite = steps.parse(text, from, depth)
  if list and name then
    table.insert(list, 1, steps.name(name))
    if variables then
      variables[name] = true
    end
  end
  if name and RESERVED[name] then
    return nil, "the variable '" .. name .. "' is reserved"
  end
  return new(text:sub(at, (stop or at) - 1), source, list, is_definite), stop
end

--- Parses a path. Returns a path object, or nil and what is wrong. The name of
-- the variable in it, if there is one, is put into the set `variables`.
function path.parse(text, variables)
  if text:sub(1, 1) ~= "$" then
    return nil, "a path begins with $"
  end
  text = text:match("^(.*%S)") -- "%s+$" would take quadratic time
  local found, problem = parse(text, 1, 0, variables)
  return found, not found and (problem or "it is not understood") or nil
end

--- Parses the path at `at` among other things. Returns a path object and where
-- the text goes on, or nil.
function path.parse_argument(text, at, variables)
  return parse(text, at, 1, variables)
end

--- Parses a path that names one place, wherever it looks.
function path.parse_any_reference(text, variables)
  local found, problem = path.parse(text, variables)
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
