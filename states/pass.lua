--- Pass: hands its input on, reshaped, or a fixed result.
--
-- @module states.pass

local decide = require("asl.decide")

local pass = { type = "Pass" }

--- Fields of this state beyond those every state has.
pass.fields = {
  types = {
    InputPath = "nullable_path",
    Parameters = "template",
    Result = "json",
    ResultPath = "result_path",
    OutputPath = "nullable_path",
  },
}

local exit, fail = decide.exit, decide.fail

-- A Pass without fields, the commonest one.
local function hand_on(_, state, input)
  return exit(input, state.next)
end

-- A Pass with Parameters only, the commonest of the others.
local function reshape(ctx, state, input)
  local output, error, cause = state.data.parameters(ctx, state, input)
  if not output then
    return fail(error, cause)
  end
  return exit(output, state.next)
end

local function work(ctx, state, input)
  local data = state.data
  local result, error, cause = data.input(ctx, state, input)
  if not result then
    return nil, error, cause
  end
  result, error, cause = data.parameters(ctx, state, result)
  if not result then
    return nil, error, cause
  end
  return state.Result or result
end

--- Decides what entering the state means: it is over at once.
function pass.enter(ctx, state, input)
  local data = state.data
  local output, error, cause = work(ctx, state, input)
  if output then
    output, error, cause = data.place(ctx, state, input, output)
  end
  if output then
    output, error, cause = data.output(ctx, state, output)
  end
  if not output then
    return fail(error, cause)
  end
  return exit(output, state.next)
end

--- Chooses the shortest way when the definition is loaded.
function pass.prepare(state)
  local short = hand_on
  for name in pairs(pass.fields.types) do
    if name == "Parameters" and state[name] then
      short = reshape
    elseif state[name] ~= nil then
      return
    end
  end
  state.enter = short
end

return pass
