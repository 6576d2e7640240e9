--- Choice: goes on with the first rule that holds.
--
-- A Choice state has neither Next nor End; a rule has Next, and Default takes
-- what no rule wanted.
--
-- @module states.choice

local decide = require("asl.decide")
local errors = require("asl.errors")

local choice = { type = "Choice", chooses = true }

--- Fields of this state beyond those every state has.
choice.fields = {
  types = {
    InputPath = "nullable_path",
    Choices = "rules",
    Default = "state",
    OutputPath = "nullable_path",
  },
  required = { "Choices" },
}

local exit, fail = decide.exit, decide.fail

local function missing_variable(ctx, state, path)
  local _, error, cause = errors.runtime(ctx, state, "Invalid path '"
    .. path.text .. "': The choice state's condition path references an "
    .. "invalid value.")
  return fail(error, cause)
end

local function no_match(ctx, state)
  return fail(errors.NO_CHOICE_MATCHED, errors.cause(ctx, state,
    "Failed to transition out of the state. The state does not point to a "
    .. "next state."))
end

-- The number of the state to enter; or nil, and the path that found nothing.
local function choose(ctx, state, effective)
  local rules = state.Choices
  for i = 1, #rules do
    local rule = rules[i]
    local holds, missing = rule.test(effective, ctx)
    if holds then
      return rule.Next
    elseif holds == nil then
      return nil, missing
    end
  end
  return state.Default
end

--- Decides what entering the state means: it is over at once.
function choice.enter(ctx, state, input)
  local data = state.data
  local effective, error, cause = data.input(ctx, state, input)
  if not effective then
    return fail(error, cause)
  end
  local next, missing = choose(ctx, state, effective)
  if missing then
    return missing_variable(ctx, state, missing)
  elseif not next then
    return no_match(ctx, state)
  end
  local output
  output, error, cause = data.output(ctx, state, effective)
  if not output then
    return fail(error, cause)
  end
  return exit(output, next)
end

return choice
