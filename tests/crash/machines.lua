--- The state machines of the crash suite, and what each execution of them has
-- to look like in the end, computed from its number alone.
--
-- A machine has `definition`; `input(number, directory)`; `events(number)`,
-- its history as a list of labels (steps.lua); `output(number)`, a table that
-- the output must equal. Those of branching.lua are trees, those of
-- distributing.lua have child executions, those of asking.lua wait for others.

local asking = require("asking")
local branching = require("branching")
local cjson = require("cjson")
local distributing = require("distributing")
local steps = require("steps")

local machines = {}

local visit, task = steps.visit, steps.task

--- Only states that decide at once.
machines.pure = {
  definition = {
    StartAt = "First",
    States = {
      First = { Type = "Pass", Next = "IsOdd" },
      IsOdd = {
        Type = "Choice",
        Choices = {
          { Variable = "$.odd", BooleanEquals = true, Next = "Odd" },
        },
        Default = "Even",
      },
      Odd = { Type = "Pass", Result = "odd", ResultPath = "$.kind",
        Next = "Last" },
      Even = { Type = "Pass", Result = "even", ResultPath = "$.kind",
        Next = "Last" },
      Last = { Type = "Succeed" },
    },
  },
  input = function(number)
    return { number = number, odd = number % 2 == 1 }
  end,
  events = function(number)
    local list = { "ExecutionStarted" }
    visit(list, "Pass", "First")
    visit(list, "Choice", "IsOdd")
    visit(list, "Pass", number % 2 == 1 and "Odd" or "Even")
    visit(list, "Succeed", "Last")
    list[#list + 1] = "ExecutionSucceeded"
    return list
  end,
  output = function(number)
    return { number = number, odd = number % 2 == 1,
      kind = number % 2 == 1 and "odd" or "even" }
  end,
}

--- A durable timer.
machines.waiting = {
  definition = {
    StartAt = "Before",
    States = {
      Before = { Type = "Pass", Next = "Hold" },
      Hold = { Type = "Wait", SecondsPath = "$.seconds", Next = "After" },
      After = { Type = "Pass", End = true },
    },
  },
  input = function(number)
    return { number = number, seconds = number % 2 + 1 }
  end,
  events = function()
    local list = { "ExecutionStarted" }
    visit(list, "Pass", "Before")
    visit(list, "Wait", "Hold")
    visit(list, "Pass", "After")
    list[#list + 1] = "ExecutionSucceeded"
    return list
  end,
  output = function(number)
    return { number = number, seconds = number % 2 + 1 }
  end,
}

--- Tasks: one that succeeds, one that is retried in vain and then caught.
machines.tasks = {
  definition = {
    StartAt = "Echo",
    States = {
      Echo = { Type = "Task", Resource = "lua:crash.echo", Next = "Flaky" },
      Flaky = {
        Type = "Task", Resource = "lua:crash.flaky", End = true,
        Retry = { { ErrorEquals = { "Flaky" }, IntervalSeconds = 1,
          MaxAttempts = 1 } },
        Catch = { { ErrorEquals = { "Flaky" }, ResultPath = "$.failure",
          Next = "Caught" } },
      },
      Caught = { Type = "Pass", End = true },
    },
  },
  input = function(number)
    return { number = number }
  end,
  events = function()
    local list = { "ExecutionStarted" }
    task(list, "Echo", { "TaskSucceeded" })
    task(list, "Flaky", { "TaskFailed", "TaskFailed" })
    visit(list, "Pass", "Caught")
    list[#list + 1] = "ExecutionSucceeded"
    return list
  end,
  output = function(number)
    return { number = number,
      failure = { Error = "Flaky", Cause = "as always" } }
  end,
}

--- A program that must never run twice at once.
machines.locked = {
  definition = {
    StartAt = "Locked",
    States = {
      Locked = { Type = "Task", Resource = "lua:crash.locked", End = true },
    },
  },
  input = function(number, directory)
    local base = directory .. "/" .. number
    return { number = number, lock = base .. ".lock",
      ledger = base .. ".ledger",
      seconds = string.format("0.%d", 1 + number % 5) }
  end,
  events = function()
    local list = { "ExecutionStarted" }
    task(list, "Locked", { "TaskSucceeded" })
    list[#list + 1] = "ExecutionSucceeded"
    return list
  end,
  output = function(number)
    return { done = number }
  end,
}

for _, others in ipairs({ branching, distributing, asking.machines }) do
  for name, machine in pairs(others) do
    machines[name] = machine
  end
end

--- Names in a fixed order, and definitions as text.
machines.names = { "pure", "waiting", "tasks", "locked", "branches",
  "aborted", "stopped", "timed", "distributed", "orphaned", "asked",
  "active", "watched", "nested", "nesting", "nesting_stopped", "redriven",
  "redriven_map" }
for _, name in ipairs(machines.names) do
  machines[name].name = name
  machines[name].text = cjson.encode(machines[name].definition)
end

-- How often each is started: trees are much work.
local SHARES = { pure = 11, waiting = 7, tasks = 8, locked = 6,
  branches = 10, aborted = 8, stopped = 5, timed = 4, distributed = 7,
  orphaned = 3, asked = 7, active = 6, watched = 3, nested = 0,
  nesting = 4, nesting_stopped = 3, redriven = 5, redriven_map = 3 }

--- Any machine.
function machines.any()
  local dice = math.random(100)
  for _, name in ipairs(machines.names) do
    dice = dice - SHARES[name]
    if dice <= 0 then
      return machines[name]
    end
  end
end

return machines
