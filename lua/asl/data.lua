--- The flow of data through a state: what it works on, what it hands on.
--
-- A query language is a table of functions; the loader puts the one of the
-- state's QueryLanguage into state.data, and state scripts call
--
--   state.data.input(ctx, state, input)           what comes of InputPath
--   state.data.parameters(ctx, state, effective)  ... and of Parameters
--   state.data.result(ctx, state, result)         ResultSelector
--   state.data.place(ctx, state, input, result)   ResultPath over the input
--   state.data.output(ctx, state, output)         OutputPath
--
-- Each returns a value; or nil, error, cause. Those that end a state return
-- its output, and an object of new values of variables, or nil if it has none;
-- or nil, error, cause:
--
--   state.data.leave(ctx, state, input, result)    of a state with a result
--   state.data.hand_on(ctx, state, input, chosen)  of one without; `chosen`,
--                    the state or one of its rules, has Assign (and Output)
--   state.data.caught(ctx, state, input, catcher, error_output)
--
-- Fields are read from the state, compiled: `false` stands for a null in the
-- definition, nil for none.
--
-- @module asl.data

local data = {}

data.languages = {
  JSONPath = require("asl.data_jsonpath"),
  JSONata = require("asl.data_jsonata"),
}

--- The functions of a query language, or nil if it is not known.
function data.of(query_language)
  return data.languages[query_language]
end

return data
