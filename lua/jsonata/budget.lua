--- What an evaluation may use: steps, time, depth. Generated code and the
-- runtime count here.
--
-- @module jsonata.budget

local core = require("wf.jsonata")
local errors = require("jsonata.errors")

--- The one that runs. Steps are handed out in portions, so that counting them
-- is one subtraction and one comparison. What is not there is false, never
-- nil: a key that comes and goes would have the table made anew each time.
local budget = {
  steps = 0,    -- left of the portion
  left = 0,     -- behind this portion
  depth = 0,    -- calls that may still be opened
  deadline = false, -- in core.elapsed_ms()
  timeout_ms = 0,
  active = false,
  now_ms = false, -- the moment of the evaluation, once asked for
  site = false, -- the call that has begun last: { position, token }
  spend = false, -- is told of steps once they are taken, and may raise an error
  portion = 0,  -- how many were handed out last
}

local PORTION = 100000

--- What one value may be: elements of an array, bytes of a string.
budget.MAX_ITEMS = 1e7
budget.MAX_TEXT = 64 * 1024 * 1024

--- Raises an error if an array would be too long.
function budget.check_items(count)
  if count > budget.MAX_ITEMS then
    errors.raise("D2015", nil, nil, budget.MAX_ITEMS)
  end
end

--- Raises an error if a string would be too long; counts its steps.
function budget.check_text(length)
  if length > budget.MAX_TEXT then
    errors.raise("D2015", nil, nil, budget.MAX_TEXT)
  end
  budget.tick(length / 16)
end
local SPENT_PORTION = 1000

--- Called when a portion is used up: raises an error, or hands out the next.
function budget.next_portion()
  if budget.deadline and core.elapsed_ms() > budget.deadline then
    errors.raise("D1012", nil, nil, budget.timeout_ms)
  end
  if budget.left <= 0 then
    errors.raise("D1012", nil, nil, budget.timeout_ms,
                 { message = "The expression takes too many steps" })
  end
  local used = -budget.steps
  if budget.spend then
    budget.spend(budget.portion + used)
  end
  budget.portion = budget.spend and SPENT_PORTION or PORTION
  budget.left = budget.left - budget.portion - used
  budget.steps = budget.portion
end

--- Counts `count` steps.
function budget.tick(count)
  local steps = budget.steps - count
  budget.steps = steps
  if steps < 0 then
    budget.next_portion()
  end
end

--- The moment of the evaluation, the same throughout it.
function budget.now()
  if not budget.now_ms then
    budget.now_ms = core.wall_ms()
  end
  return budget.now_ms
end

local FIELDS = { "steps", "left", "depth", "deadline", "timeout_ms", "site",
                 "now_ms", "spend", "portion" }

local function saved_state()
  local saved = {}
  for _, name in ipairs(FIELDS) do
    saved[name] = budget[name]
  end
  return saved
end

local DEFAULT_DEPTH = 1000
local DEFAULT_STEPS = 1e12

--- Starts an evaluation. Returns what finish() needs to go back to the one
-- around it.
function budget.start(options)
  local saved = budget.active and saved_state() or nil
  budget.active = true
  budget.steps, budget.left, budget.depth = 0, DEFAULT_STEPS, DEFAULT_DEPTH
  budget.timeout_ms, budget.deadline = 0, false
  budget.site, budget.now_ms = false, false
  budget.spend, budget.portion = false, 0
  if options then
    budget.spend = options.spend or false
    budget.now_ms = options.now_ms or false
    budget.left = options.steps or DEFAULT_STEPS
    budget.depth = options.depth or DEFAULT_DEPTH
    budget.timeout_ms = options.timelimit or 0
    budget.deadline = budget.timeout_ms > 0
      and core.elapsed_ms() + budget.timeout_ms or false
  end
  return saved
end

--- Ends an evaluation: who wants to know is told of the last steps.
function budget.finish(saved)
  local spend, taken = budget.spend, budget.portion - budget.steps
  budget.active = saved ~= nil
  if saved then
    for _, name in ipairs(FIELDS) do
      budget[name] = saved[name]
    end
  end
  if spend and taken > 0 then
    spend(taken)
  end
end

return budget
