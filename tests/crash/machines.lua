--- The state machines of the crash suite, and what each execution of them has
-- to look like in the end, computed from its number alone.
--
-- A machine has `definition`; `input(number, directory)`; `events(number)`,
-- the event types (and state names) of its history; `output(number)`, a table
-- that the output must equal.

local cjson = require("cjson")

local machines = {}

local function visit(list, kind, state)
  list[#list + 1] = kind .. "StateEntered " .. state
  list[#list + 1] = kind .. "StateExited " .. state
end

local function attempt(list, result)
  list[#list + 1] = "TaskScheduled"
  list[#list + 1] = "TaskStarted"
  list[#list + 1] = result
end

local function task(list, state, results)
  list[#list + 1] = "TaskStateEntered " .. state
  for _, result in ipairs(results) do
    attempt(list, result)
  end
  list[#list + 1] = "TaskStateExited " .. state
end

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

--- Names in a fixed order, and definitions as text.
machines.names = { "pure", "waiting", "tasks", "locked" }
for _, name in ipairs(machines.names) do
  machines[name].name = name
  machines[name].text = cjson.encode(machines[name].definition)
end

return machines
