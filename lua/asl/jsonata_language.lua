--- JSONata as state machines have it: with AWS's functions, without $eval,
-- with the time and the random numbers of the transition, and steps that count
-- against the budget of the decision.
--
-- @module asl.jsonata_language

local aws_functions = require("jsonata.aws_functions")
local doc = require("wf.doc")
local jsonata = require("jsonata")

local jsonata_language = {}

-- The ctx of the expression that is being evaluated.
local current

local FUNCTIONS = jsonata.functions(aws_functions.of({
  random = function()
    return current:random()
  end,
  uuid = function()
    return current:uuid()
  end,
}))

local COMPILE = { builtins = FUNCTIONS }
local RUN = { spend = doc.spend }

--- Whether a name is that of a function.
function jsonata_language.is_function(name)
  return FUNCTIONS[name] ~= nil
end

--- Compiles a text. Returns a program, or nil and an error of JSONata.
function jsonata_language.compile(text)
  return jsonata.compile(text, COMPILE)
end

--- Runs a program with the bindings of a view (asl.jsonata_view). Returns a
-- value; raises an error of JSONata, or that a budget is used up.
function jsonata_language.run(program, view)
  current = view.ctx
  RUN.now_ms = current:now_ms()
  return program:run(nil, view:bindings(), RUN)
end

return jsonata_language
