--- Succeed: ends the execution, or the branch, successfully.
--
-- @module states.succeed

local decide = require("asl.decide")

local succeed = { type = "Succeed", terminal = true }

--- Fields of this state beyond those every state has.
succeed.fields = {
  types = { InputPath = "nullable_path", OutputPath = "nullable_path" },
}

succeed.jsonata_fields = { types = { Output = "jsonata" } }

--- Decides what entering the state means: the end.
function succeed.enter(ctx, state, input)
  local output, error, cause = state.data.hand_on(ctx, state, input, state)
  if not output then
    return decide.fail(error, cause)
  end
  return decide.exit(output, 0)
end

return succeed
