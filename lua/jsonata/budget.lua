--- What an evaluation may use: steps, time, depth. Generated code and the
-- runtime count here.
--
-- @module jsonata.budget

local core = require("wf.jsonata")
local errors = require("jsonata.errors")

--- The one that runs. Steps are handed out in portions, so that counting them
-- is one subtraction and one comparison.
local budget = {
  steps = 0,    -- left of the portion
  left = 0,     -- behind this portion
  depth = 0,    -- calls that may still be opened
  deadline = nil, -- in core.elapsed_ms(), or nil
  timeout_ms = 0,
  now_ms = nil, -- the moment of the evaluation, once asked for
  site = nil,   -- the call that has begun last: { position, token }
  spend = nil,  -- is told of steps once they are taken, and may raise an error
  portion = 0,  -- how many were handed out last
}

local PORTION = 100000
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

--- Starts an evaluation. Returns what finish() needs to go back to the one
-- around it.
function budget.start(options)
  local saved = { budget.steps, budget.left, budget.depth, budget.deadline,
                  budget.timeout_ms, budget.site, budget.now_ms,
                  budget.spend, budget.portion }
  budget.spend, budget.portion = options and options.spend, 0
  budget.now_ms = options and options.now_ms or nil
  budget.steps = 0
  budget.left = options and options.steps or 1e12
  budget.depth = options and options.depth or 1000
  budget.timeout_ms = options and options.timelimit or 0
  budget.deadline = budget.timeout_ms > 0
    and core.elapsed_ms() + budget.timeout_ms or nil
  budget.site = nil
  return saved
end

function budget.finish(saved)
  local spend, taken = budget.spend, budget.portion - budget.steps
  budget.steps, budget.left, budget.depth = saved[1], saved[2], saved[3]
  budget.deadline, budget.timeout_ms = saved[4], saved[5]
  budget.site, budget.now_ms = saved[6], saved[7]
  budget.spend, budget.portion = saved[8], saved[9]
  if spend and taken > 0 then
    spend(taken)
  end
end

return budget
