--- Choice: goes on with the first rule that holds.
--
-- A Choice state has neither Next nor End; a rule has Next, and Default takes
-- what no rule wanted.
--
-- @module states.choice

local decide = require("asl.decide")
local errors = require("asl.errors")
local jsonata_fields = require("asl.jsonata_fields")
local jsonata_view = require("asl.jsonata_view")

local choice = { type = "Choice", chooses = true }

--- Fields of this state beyond those every state has.
choice.fields = {
  types = {
    InputPath = "nullable_path",
    Choices = "rules",
    Default = "state",
    OutputPath = "nullable_path",
    Assign = "assign",
  },
  required = { "Choices" },
}

choice.jsonata_fields = {
  types = {
    Choices = "jsonata_rules",
    Default = "state",
    Output = "jsonata",
    Assign = "assign",
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

-- What decides: the rule that holds, or else the state, which has `Default` in
-- place of Next; or nil, and the path that found nothing.
local function choose(ctx, state, effective)
  local rules = state.Choices
  for i = 1, #rules do
    local rule = rules[i]
    local holds, missing = rule.test(effective, ctx)
    if holds then
      return rule, rule.Next
    elseif holds == nil then
      return nil, missing
    end
  end
  return state, state.Default
end

-- The same of JSONata rules; or nil, error, cause.
local function choose_jsonata(ctx, state, input)
  local rules = state.Choices
  local view
  for i = 1, #rules do
    local rule = rules[i]
    local holds, error, cause = rule.Condition, nil, nil
    if jsonata_fields.is_expression(holds) then
      view = view or jsonata_view.new(ctx, input)
      holds, error, cause = holds:expect(ctx, state, view, "boolean")
    end
    if holds == nil then
      return nil, error, cause
    elseif holds then
      return rule, rule.Next
    end
  end
  return state, state.Default
end

local function leave(ctx, state, input, chosen, next)
  if not next then
    return no_match(ctx, state)
  end
  local output, assigned, cause = state.data.hand_on(ctx, state, input, chosen)
  if not output then
    return fail(assigned, cause)
  end
  return exit(output, next, assigned)
end

local function enter_jsonata(ctx, state, input)
  local chosen, next, cause = choose_jsonata(ctx, state, input)
  if not chosen then
    return fail(next, cause)
  end
  return leave(ctx, state, input, chosen, next)
end

--- Decides what entering the state means: it is over at once.
function choice.enter(ctx, state, input)
  local data = state.data
  local effective, error, cause = data.input(ctx, state, input)
  if not effective then
    return fail(error, cause)
  end
  local chosen, next = choose(ctx, state, effective)
  if not chosen then
    return missing_variable(ctx, state, next)
  end
  return leave(ctx, state, input, chosen, next)
end

--- Chooses the way when the definition is loaded.
function choice.prepare(state)
  if state.query_language == "JSONata" then
    state.enter = enter_jsonata
  end
end

return choice
