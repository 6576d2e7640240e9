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
    Assign = "assign",
  },
}

pass.jsonata_fields = { types = { Output = "jsonata", Assign = "assign" } }

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
  local result, error, cause = work(ctx, state, input)
  if not result then
    return fail(error, cause)
  end
  local output, assigned
  output, assigned, cause = state.data.leave(ctx, state, input, result)
  if not output then
    return fail(assigned, cause)
  end
  return exit(output, state.next, assigned)
end

-- In JSONata a Pass has no result of its own.
local function enter_jsonata(ctx, state, input)
  local output, assigned, cause = state.data.hand_on(ctx, state, input, state)
  if not output then
    return fail(assigned, cause)
  end
  return exit(output, state.next, assigned)
end

--- Chooses the shortest way when the definition is loaded.
function pass.prepare(state)
  local short = hand_on
  if state.query_language == "JSONata" then
    state.enter = (state.Output or state.Assign) and enter_jsonata or hand_on
    return
  elseif state.is_inspected then
    return -- each stage is to be seen
  end
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
