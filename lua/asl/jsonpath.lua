--- JSONPath that may name many places: wildcards, slices, unions, `..`,
-- filters; and functions. AWS's dialect is the one of the Jayway library.
--
-- Running a path takes a list of values through one selector after the other
-- (asl.selectors). The result is an array, which may be empty; unless only
-- ['a','b'] at the end, or a function, makes the path indefinite: then it is
-- one value, or nothing.
--
-- A path object has the members that asl.path describes.
--
-- @module asl.jsonpath

local context_place = require("asl.context_place")
local doc = require("wf.doc")
local errors = require("asl.errors")
local path_reasons = require("asl.path_reasons")
local selectors = require("asl.selectors")
local steps = require("asl.steps")

local jsonpath = {}

local MAX_VALUES = 250000

local ROOT = doc.path({})

local function array_of(values)
  local texts = {}
  for i, value in ipairs(values) do
    texts[i] = value:text()
  end
  return doc.trusted("[" .. table.concat(texts, ",") .. "]")
end

-- The values, or nil and why there are none.
local function run(self, root, budget)
  local values = { root }
  for i, selector in ipairs(self.selectors) do
    local selected = { budget = budget }
    if i + self.depth == self.collects then
      values = { array_of(values) }
    end
    for _, value in ipairs(values) do
      local problem = selector(value, selected, root)
      if problem then
        return nil, problem
      end
    end
    values = selected
  end
  return values
end

-- As run(), but one value, or an array of them.
local function evaluate(self, root, budget)
  local values, problem = run(self, root, budget)
  if not values then
    return nil, problem
  elseif not self.is_single then
    return array_of(values)
  end
  return values[1]
end

local multiple = {}
multiple.__index = multiple

-- Of a path of the context, the value of its place. (Where there is none, the
-- path finds nothing in `null` either.)
local function root_of(self, input, ctx)
  local place = self.place
  if not place then
    return input
  end
  return place.root(ctx) or doc.null
end

--- What the path finds: an array of the values, or the value; nil if nothing;
-- nil, error, cause if it finds too much. AWS takes an array for empty where
-- the library says that the way to it is not there.
function multiple:find(input, ctx)
  local budget = { left = MAX_VALUES }
  local ok, found = pcall(evaluate, self, root_of(self, input, ctx), budget)
  if ok then
    return found or (not self.is_single and doc.empty_array or nil)
  elseif found ~= budget then
    error(found, 0)
  end
  return nil, errors.RUNTIME, "The JSONPath '" .. self.text
    .. "' visits more than " .. MAX_VALUES .. " values."
end

--- The same as Lua data: see value:scalar().
function multiple:scalar(input, ctx)
  local found, error, cause = self:find(input, ctx)
  if found == nil then
    return nil, error, cause
  end
  return found:scalar(ROOT)
end

--- Why find() found nothing.
function multiple:reason(input, ctx)
  local _, problem =
    evaluate(self, root_of(self, input, ctx), { left = MAX_VALUES })
  return problem or path_reasons.no_results(path_reasons.printed(self.steps))
end

-- The number of the function that $..a.sum() and the like apply to the list
-- of all that was found, not to each.
local function collecting_step(list)
  if list[1].kind ~= "scan" then
    return nil
  end
  for i, step in ipairs(list) do
    if step.kind == "call" then
      return i
    end
  end
  return nil
end

local function new(text, source, list)
  local self = { text = text, definite = false, source = source, steps = list }
  self.place = context_place.of_source(source, list)
  self.selectors, self.is_single =
    selectors.compile(list, self.place and self.place.depth)
  self.depth = self.place and self.place.depth or 0
  self.collects = collecting_step(list)
  self.is_single = self.is_single or self.collects ~= nil
  return setmetatable(self, multiple)
end

--- A path that is not definite, of steps as asl.steps parses them.
jsonpath.new = new

--- The compiled form of a definite path's steps, without the first ones.
function jsonpath.compiled(list, without)
  local parts = {}
  for i = 1 + (without or 0), #list do
    parts[#parts + 1] = list[i].name or list[i].index
  end
  return doc.path(parts)
end

--- The path in a filter whose steps begin at `at`: a function(value, root,
-- budget) that returns Lua data or nil; and where the text goes on.
function jsonpath.operand(text, at, depth, is_root)
  local list, stop, definite = steps.parse(text, at, depth)
  if not list then
    return nil
  elseif definite then
    local path = jsonpath.compiled(list)
    return function(value, root)
      return (is_root and root or value):scalar(path)
    end, stop
  end
  local self = new(text, 1, list)
  return function(value, root, budget)
    local found = evaluate(self, is_root and root or value, budget)
    return found and found:scalar(ROOT)
  end, stop
end

return jsonpath
