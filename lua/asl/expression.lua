--- Expressions: the texts that stand for data in JSONPath states. A text that
-- begins with "$" is a path, one that begins with "States." a call of an
-- intrinsic function.
--
-- Every expression is an object with the members of asl.path: find(input,
-- ctx) returns the value, or nil; with an error and a cause after it where
-- more went wrong than that nothing was found.
--
-- @module asl.expression

local intrinsics = require("asl.intrinsics")
local path = require("asl.path")

local expression = {}

expression.INPUT = path.INPUT
expression.CONTEXT = path.CONTEXT
expression.VARIABLE = path.VARIABLE

--- Parses a text. Returns an expression, or nil and what is wrong. Names of
-- variables in it are put into the set `variables`, if that is given.
function expression.parse(text, variables)
  if text:sub(1, 7) == "States." then
    return intrinsics.parse(text, variables)
  end
  return path.parse(text, variables)
end

return expression
