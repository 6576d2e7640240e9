--- Fail: ends the execution, or the branch, with an error.
--
-- @module states.fail

local decide = require("asl.decide")
local errors = require("asl.errors")
local jsonata_fields = require("asl.jsonata_fields")

local fail = { type = "Fail", terminal = true }

--- Fields of this state beyond those every state has.
fail.fields = {
  types = {
    Error = "string",
    Cause = "string",
    ErrorPath = "expression",
    CausePath = "expression",
  },
  at_most_one_of = { { "Error", "ErrorPath" }, { "Cause", "CausePath" } },
}

fail.jsonata_fields = {
  types = { Error = "jsonata_string", Cause = "jsonata_string" },
}

-- The text an expression finds: text; or nil, error, cause.
local function text_at(ctx, state, input, field)
  local expression = state[field]
  local found, error, cause = expression:find(input, ctx)
  if found == nil and error then
    return nil, error, errors.cause(ctx, state, cause)
  elseif found == nil then
    return state.data.no_result(ctx, state, expression, input)
  end
  local text = found:string()
  if not text then
    return errors.runtime(ctx, state, "The " .. field
      .. " parameter does not reference a string: " .. expression.text
      .. " == " .. errors.compact(found:text()))
  end
  return text
end

--- Decides what entering the state means: the failure it describes.
function fail.enter(ctx, state, input)
  local name, text, error, cause
  name, error, cause =
    jsonata_fields.value(ctx, state, state.Error, input, "string")
  if not error then
    text, error, cause =
      jsonata_fields.value(ctx, state, state.Cause, input, "string")
  end
  if error then
    return decide.fail(error, cause)
  end
  if state.ErrorPath then
    name, error, cause = text_at(ctx, state, input, "ErrorPath")
    if not name then
      return decide.fail(error, cause)
    end
  end
  if state.CausePath then
    text, error, cause = text_at(ctx, state, input, "CausePath")
    if not text then
      return decide.fail(error, cause)
    end
  end
  return decide.fail(name, text)
end

return fail
