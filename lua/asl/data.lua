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
-- Each returns a value; or nil, error, cause. Fields are read from the state,
-- compiled: `false` stands for a null in the definition, nil for none.
--
-- @module asl.data

local data = {}

data.languages = { JSONPath = require("asl.data_jsonpath") }

--- The functions of a query language, or nil if it is not known.
function data.of(query_language)
  return data.languages[query_language]
end

return data
