--- Retriers: whether, and when, a failed state is tried again.
--
-- Each retrier has a count of its own, which the core keeps for the visit of
-- the state. The first retrier whose ErrorEquals has the error decides: when
-- its attempts are used up, no other is asked.
--
-- @module asl.retrier

local errors = require("asl.errors")

local retrier = {}

local matches = errors.matches

--- Compiles one element of Retry: the fields as the loader read them.
function retrier.compile(fields)
  return {
    matcher = errors.matcher(fields.ErrorEquals),
    interval_s = fields.IntervalSeconds or 1,
    max_attempts = fields.MaxAttempts or 3,
    backoff_rate = fields.BackoffRate or 2,
    max_delay_s = fields.MaxDelaySeconds or math.huge,
    full_jitter = fields.JitterStrategy == "FULL",
  }
end

local LONGEST_S = 99999999

-- The delay before the next attempt, after `used` ones. Jitter comes last:
-- it picks from the capped delay.
local function delay_ms(chosen, used, ctx)
  local delay_s = chosen.interval_s * chosen.backoff_rate ^ used
  delay_s = math.min(delay_s, chosen.max_delay_s, LONGEST_S)
  if chosen.full_jitter then
    delay_s = delay_s * ctx:random()
  end
  return math.floor(delay_s * 1000)
end

--- When to try again after `error`: the moment in milliseconds and the number
-- of the retrier; nil if no retrier wants to, and its number if one has, but
-- its attempts are used up.
function retrier.due_ms(retriers, error, ctx)
  for number = 1, #retriers do
    local candidate = retriers[number]
    if matches(candidate.matcher, error) then
      local used = ctx:retrier_count(number)
      if used >= candidate.max_attempts then
        return nil, number
      end
      return ctx:now_ms() + delay_ms(candidate, used, ctx), number
    end
  end
  return nil
end

return retrier
