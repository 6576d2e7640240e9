--- Wait: holds the execution until a moment, then moves on.
--
-- Entering asks the core for one timer; the state is over when it fires.
-- A Wait state has neither Retry nor Catch.
--
-- @module states.wait

local decide = require("asl.decide")
local errors = require("asl.errors")
local jsonata_fields = require("asl.jsonata_fields")
local timestamp = require("asl.timestamp")

local wait = { type = "Wait" }

--- Fields of this state beyond those every state has.
wait.fields = {
  types = {
    InputPath = "nullable_path",
    Seconds = { "integer", min = 0, max = 99999999 },
    Timestamp = "timestamp",
    SecondsPath = "path",
    TimestampPath = "path",
    OutputPath = "nullable_path",
    Assign = "assign",
  },
  exactly_one_of = {
    { "Seconds", "Timestamp", "SecondsPath", "TimestampPath" },
  },
}

wait.jsonata_fields = {
  types = {
    Seconds = { "jsonata_integer", min = 0, max = 99999999 },
    Timestamp = "jsonata_timestamp",
    Output = "jsonata",
    Assign = "assign",
  },
  exactly_one_of = { { "Seconds", "Timestamp" } },
}

-- AWS's longest delay: 2^31 - 1 seconds, 24,855 days.
local LONGEST_S = 2147483647
local LONGEST_MS = LONGEST_S * 1000

-- The value a path field finds: value; or nil, error, cause.
local function value_at(ctx, state, effective, field)
  local path = state[field]
  local found = path:find(effective, ctx)
  if found == nil then
    return errors.runtime(ctx, state, "The " .. field
      .. " parameter does not reference an input value: " .. path.text)
  end
  return found
end

local function unfit(ctx, state, field, expected, found)
  return errors.runtime(ctx, state, "The " .. field
    .. " parameter does not reference a valid " .. expected .. ": "
    .. state[field].text .. " == "
    .. (found:string() or errors.compact(found:text())))
end

local function delay_at_path(ctx, state, effective)
  local found, error, cause = value_at(ctx, state, effective, "SecondsPath")
  if not found then
    return nil, error, cause
  end
  local seconds = found:number()
  if not seconds or seconds < 0 or seconds % 1 ~= 0 then
    return unfit(ctx, state, "SecondsPath", "integer", found)
  end
  return ctx:now_ms() + seconds * 1000
end

local function moment_at_path(ctx, state, effective)
  local found, error, cause = value_at(ctx, state, effective, "TimestampPath")
  if not found then
    return nil, error, cause
  end
  local text = found:string()
  local seconds, nanos = timestamp.parse(text or "")
  if not seconds then
    return unfit(ctx, state, "TimestampPath",
      "ISO-8601 extended offset date-time format string", found)
  end
  return timestamp.to_ms(seconds, nanos)
end

local function delay_of_expression(ctx, state, input)
  local seconds, error, cause = jsonata_fields.integer(ctx, state,
    state.Seconds, input, 0, LONGEST_S)
  if not seconds then
    return nil, error, cause
  end
  return ctx:now_ms() + seconds * 1000
end

local function moment_of_expression(ctx, state, input)
  local seconds, nanos, cause =
    jsonata_fields.moment(ctx, state, state.Timestamp, input)
  if not seconds then
    return nil, nanos, cause
  end
  return timestamp.to_ms(seconds, nanos)
end

-- The moment the state waits for: milliseconds; or nil, error, cause.
local function due_ms(ctx, state, effective)
  if jsonata_fields.is_expression(state.Seconds) then
    return delay_of_expression(ctx, state, effective)
  elseif jsonata_fields.is_expression(state.Timestamp) then
    return moment_of_expression(ctx, state, effective)
  elseif state.Seconds then
    return ctx:now_ms() + state.Seconds * 1000
  elseif state.Timestamp then
    return timestamp.to_ms(state.Timestamp.seconds, state.Timestamp.nanos)
  elseif state.SecondsPath then
    return delay_at_path(ctx, state, effective)
  end
  return moment_at_path(ctx, state, effective)
end

--- Decides what entering the state means: a timer.
function wait.enter(ctx, state, input)
  local effective, error, cause = state.data.input(ctx, state, input)
  local due
  if effective then
    due, error, cause = due_ms(ctx, state, effective)
  end
  if due and due - ctx:now_ms() > LONGEST_MS then
    due, error, cause =
      errors.runtime(ctx, state, "Wait state delay is too long.")
  end
  if not due then
    return decide.fail(error, cause)
  end
  return decide.wait(due)
end

--- The timer asked for by enter() has fired.
function wait.timer_fired(ctx, state, input)
  local output, assigned, cause = state.data.hand_on(ctx, state, input, state)
  if not output then
    return decide.fail(assigned, cause)
  end
  return decide.exit(output, state.next, assigned)
end

return wait
