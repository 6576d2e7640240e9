--- JSONata expressions: texts like "{% $states.input.total > 100 %}".
--
-- An expression is compiled once, when the definition is loaded, and becomes
-- an object:
--
--   expression.text       what stands between the marks, without blanks
--   expression.location   where it stands in its state: "Output/total[0]"
--   expression:evaluate(ctx, state, view)  a value of JSONata (see
--                         jsonata.values); or nil, error, cause
--   expression:document(ctx, state, view)  the same as a value of wf.doc
--   expression:encoded(ctx, state, value)  a value of it as one of wf.doc
--   expression:expect(ctx, state, view, kind)  the same, of that type
--   expression:fail(ctx, state, text)  nil, error, cause
--
-- A view (asl.jsonata_view) is what $states and the variables are.
--
-- @module asl.jsonata_expression

local diagnostics = require("asl.diagnostics")
local doc = require("wf.doc")
local errors = require("asl.errors")
local jsonata_direct = require("asl.jsonata_direct")
local jsonata = require("jsonata")
local jsonata_references = require("asl.jsonata_references")
local jsonata_variables = require("asl.jsonata_variables")
local language = require("asl.jsonata_language")
local parser = require("jsonata.parser")
local values = require("jsonata.values")

local jsonata_expression = {}

local run = language.run

local expression = {}
expression.__index = expression

--- The failure of a field: nil, error, cause. `location` may be nil.
function jsonata_expression.fail(ctx, state, location, text)
  local cause = errors.cause(ctx, state, text)
  ctx:evaluation_failed(location or "", cause)
  return nil, errors.QUERY_EVALUATION_ERROR, cause
end

--- The failure of the expression, in AWS's words.
function expression:fail(ctx, state, text)
  return jsonata_expression.fail(ctx, state, self.location,
    "The JSONata expression '" .. self.text .. "' specified for the field '"
    .. self.location .. "' " .. text)
end

-- What an error of the program says. That a budget is used up (no table) must
-- not be caught, but has a name.
local function threw(self, ctx, state, problem)
  if type(problem) == "userdata" then
    error({ Error = errors.QUERY_EVALUATION_ERROR }, 0)
  elseif type(problem) ~= "table" or not problem.code then
    error(problem, 0)
  end
  return self:fail(ctx, state, "threw an error during evaluation. "
    .. problem.code .. ": " .. jsonata.message(problem))
end

--- Evaluates the expression. Undefined, and functions, are failures.
function expression:evaluate(ctx, state, view)
  if self.is_whole then
    view:fill()
  end
  local ok, value = pcall(run, self.program, view)
  if not ok then
    return threw(self, ctx, state, value)
  elseif value == nil then
    return self:fail(ctx, state, "returned nothing (undefined).")
  elseif values.is_function(value) then
    return self:fail(ctx, state, "returned an unsupported result type.")
  end
  return value
end

local LETTERS = {
  a = "array",
  b = "boolean",
  l = "null",
  n = "number",
  o = "object",
  s = "string",
}

local function type_of(value)
  if values.number(value) then
    return "number"
  end
  return LETTERS[values.symbol(value)]
end

--- Evaluates the expression to a value of a type: "array" (which an object is
-- as good as), "boolean", "number", "string".
function expression:expect(ctx, state, view, kind)
  local value, error, cause = self:evaluate(ctx, state, view)
  if value == nil then
    return nil, error, cause
  end
  local found = type_of(value)
  if found ~= kind and not (kind == "array" and found == "object") then
    return self:fail(ctx, state, "returned an unexpected result type. "
      .. "Expected '" .. kind .. "', but was '" .. found .. "' for value: "
      .. jsonata.encode(value))
  end
  return value
end

--- A value that the expression has given as a value of wf.doc.
function expression:encoded(ctx, state, value)
  local ok, text, problem = pcall(jsonata.text, value)
  if not ok or not text then
    return threw(self, ctx, state, ok and problem or text)
  end
  return doc.trusted(text)
end

--- The same as evaluate(), as a value of wf.doc.
function expression:document(ctx, state, view)
  local found = self.find and self.find(view)
  if found then
    return found
  end
  local value, error, cause = self:evaluate(ctx, state, view)
  if value == nil then
    return nil, error, cause
  end
  return self:encoded(ctx, state, value)
end

--- A value of JSONata as JSON.
jsonata_expression.json = jsonata.encode

--- What is between "{%" and "%}" of a text; nil if it is no expression; nil
-- and what is wrong if it only begins like one.
function jsonata_expression.inner(text)
  if text:sub(1, 2) ~= "{%" then
    return nil
  elseif text:sub(-2) ~= "%}" or #text < 4 then
    return nil, "A JSONata expression begins with '{%' and ends with '%}'"
  end
  return text:sub(3, -3):match("^%s*(.*)$"):match("^(.*%S)") or ""
end

-- True if it may look at all of $states, not at single members.
local function looks_at_whole(text)
  return text:gsub("%$states%.%a+", {
    ["$states.input"] = "",
    ["$states.result"] = "",
    ["$states.errorOutput"] = "",
    ["$states.context"] = "",
  }):find("$states", 1, true) ~= nil
end

--- Compiles the text between the marks. Returns an expression; or nil and
-- what is wrong, a table { code, message, place }. Names of variables in it
-- are put into the set `variables`.
function jsonata_expression.compile(text, location, variables)
  local program, problem = language.compile(text)
  if not program then
    return nil, {
      code = diagnostics.INVALID_JSONATA_EXPRESSION,
      message = jsonata.message(problem),
      place = location,
    }
  end
  local tree = parser.parse(text)
  problem = jsonata_references.problem(tree, location)
  if problem then
    return nil, {
      code = diagnostics.UNSUPPORTED_JSONATA_EXPRESSION,
      message = problem,
      place = location,
    }
  end
  jsonata_variables.collect(tree, variables)
  return setmetatable({
    text = text,
    location = location,
    program = program,
    is_whole = looks_at_whole(text),
    find = jsonata_direct.find(text),
  }, expression)
end

return jsonata_expression
