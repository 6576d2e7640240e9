--- For specs of JSONata: evaluates an expression on JSON text.
--
-- @module jsonata_case

require("wf.doc")
local jsonata = require("jsonata")

local jsonata_case = {}

--- The result as JSON text; "undefined"; or the error's code.
-- `bindings`: values by name. `options` as of program:run().
function jsonata_case.evaluate(expression, input, bindings, options)
  local program, err = jsonata.compile(expression)
  if not program then
    return err.code
  end
  local data = input and assert(jsonata.parse(input))
  local ok, result = pcall(program.run, program, data, bindings, options)
  if not ok then
    return result.code
  elseif result == nil then
    return "undefined"
  end
  local fine, text = pcall(jsonata.encode, result)
  return fine and text or text.code
end

--- The error table of an expression that fails.
function jsonata_case.failure(expression, input, options)
  local program, err = jsonata.compile(expression)
  if not program then
    return err
  end
  local data = input and assert(jsonata.parse(input))
  local ok, result = pcall(program.run, program, data, nil, options)
  assert(not ok, "it does not fail")
  return result
end

return jsonata_case
