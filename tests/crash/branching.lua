--- State machines of the crash suite whose executions are trees: Parallel and
-- Map, nested, limited, retried, aborted, stopped and timed out.
--
-- They are like those of machines.lua, but instead of `events` they have
-- `tree(number)`, for history_tree.lua. `status` is how they end, if not
-- SUCCEEDED; `is_stopped` says that somebody has to stop them.

local steps = require("steps")

local branching = {}

local visit, task, fork = steps.visit, steps.task, steps.fork

local LONG = 600 -- seconds: nobody waits for that

local function processor(start, states)
  return { StartAt = start, States = states }
end

--- A list of f(0) … f(count - 1).
local function list_of(count, f)
  local list = {}
  for i = 0, count - 1 do
    list[i + 1] = f(i)
  end
  return list
end

--- The same as a table by index, as forks want it.
local function children_of(list, steps_of)
  local children = {}
  for i, item in ipairs(list) do
    local child = {}
    steps_of(child, item)
    children[i - 1] = child
  end
  return children
end

---------------------------------------------------------------------------
-- branches: all that succeeds
---------------------------------------------------------------------------

local function item_of(number, index, is_large)
  local item = { index = index, kind = "plain", seconds = 1 }
  local dice = (number * 7 + index * (is_large and 13 or 3))
    % (is_large and 60 or 12)
  if dice == 0 then
    item.kind = "flaky"
  elseif dice <= 2 then
    item.kind = "echo"
  elseif dice <= 5 and not (is_large and number % 2 == 0) then
    item.kind = "wait"
    item.seconds = (is_large or dice == 5) and 3 or 1
  end
  return item
end

local function branches_input(number)
  local is_large = number % 23 == 0
  return {
    number = number,
    limit = (is_large and number or number % 3) % 2 == 0 and 2 or 0,
    seconds = number % 4,
    retried = number % 4 == 1,
    items = list_of(is_large and 130 + number % 150 or 3 + number % 6,
      function(i) return item_of(number, i, is_large) end),
    rows = list_of(1 + number % 3, function(r)
      return list_of(1 + (number + r) % 3, function(c)
        return r * 10 + c
      end)
    end),
    doomed = list_of(5, function(i)
      return { doom = i == number % 5, task = i % 2 == 0 }
    end),
  }
end

local EACH = processor("Kind", {
  Kind = { Type = "Choice", Default = "Plain", Choices = {
    { Variable = "$.kind", StringEquals = "flaky", Next = "Flaky" },
    { Variable = "$.kind", StringEquals = "echo", Next = "Echo" },
    { Variable = "$.kind", StringEquals = "wait", Next = "Hold" },
  } },
  Plain = { Type = "Pass", End = true },
  Echo = { Type = "Task", Resource = "lua:crash.echo", End = true },
  Hold = { Type = "Wait", SecondsPath = "$.seconds", End = true },
  Flaky = { Type = "Task", Resource = "lua:crash.flaky", End = true,
    Retry = { { ErrorEquals = { "Flaky" }, IntervalSeconds = 1,
      MaxAttempts = 1 } },
    Catch = { { ErrorEquals = { "Flaky" }, ResultPath = "$.failure",
      Next = "Caught" } } },
  Caught = { Type = "Pass", End = true },
})

local INNER = processor("Size", {
  Size = { Type = "Choice", Default = "Pick", Choices = {
    { Variable = "$", NumericGreaterThanEquals = 20, Next = "Nap" },
  } },
  Pick = { Type = "Pass", End = true },
  Nap = { Type = "Wait", Seconds = 1, End = true },
})

local DOOMED = processor("Which", {
  Which = { Type = "Choice", Default = "Stay", Choices = {
    { Variable = "$.doom", BooleanEquals = true, Next = "Doom" },
    { Variable = "$.task", BooleanEquals = true, Next = "Work" },
  } },
  Doom = { Type = "Fail", Error = "Doomed", Cause = "always" },
  Work = { Type = "Task", Resource = "lua:crash.echo", Next = "Stay" },
  Stay = { Type = "Wait", Seconds = LONG, End = true },
})

local BRANCHES = {
  StartAt = "Fork",
  States = {
    Fork = { Type = "Parallel", ResultPath = "$.results", Next = "Whether",
      Branches = {
        processor("Each", { Each = { Type = "Map", ItemsPath = "$.items",
          MaxConcurrencyPath = "$.limit", ItemProcessor = EACH,
          End = true } }),
        processor("Rest", { Rest = { Type = "Wait",
          SecondsPath = "$.seconds", OutputPath = "$.number",
          End = true } }),
        processor("Outer", { Outer = { Type = "Map", ItemsPath = "$.rows",
          End = true,
          ItemProcessor = processor("Inner", { Inner = { Type = "Map",
            ItemProcessor = INNER, End = true } }) } }),
      } },
    Whether = { Type = "Choice", Default = "Last", Choices = {
      { Variable = "$.retried", BooleanEquals = true, Next = "Again" },
    } },
    Again = { Type = "Map", ItemsPath = "$.doomed", ItemProcessor = DOOMED,
      Next = "Last", ResultPath = "$.again",
      Retry = { { ErrorEquals = { "Doomed" }, IntervalSeconds = 1,
        MaxAttempts = 1 } },
      Catch = { { ErrorEquals = { "Doomed" }, ResultPath = "$.again",
        Next = "Last" } } },
    Last = { Type = "Pass", End = true },
  },
}

local function each_steps(list, item)
  visit(list, "Choice", "Kind")
  if item.kind == "plain" then
    visit(list, "Pass", "Plain")
  elseif item.kind == "echo" then
    task(list, "Echo", { "TaskSucceeded" })
  elseif item.kind == "wait" then
    visit(list, "Wait", "Hold")
  else
    task(list, "Flaky", { "TaskFailed", "TaskFailed" })
    visit(list, "Pass", "Caught")
  end
end

local function inner_steps(list, value)
  visit(list, "Choice", "Size")
  if value >= 20 then
    visit(list, "Wait", "Nap")
  else
    visit(list, "Pass", "Pick")
  end
end

local function doomed_steps(list, item)
  visit(list, "Choice", "Which")
  if item.doom then
    list[#list + 1] = "FailStateEntered Doom"
    return
  elseif item.task then
    task(list, "Work", { "TaskSucceeded" })
  end
  visit(list, "Wait", "Stay")
end

local function branches_tree(number)
  local input = branches_input(number)
  local each, rest, outer = {}, {}, {}
  fork(each, "Map", "Each", children_of(input.items, each_steps))
  visit(rest, "Wait", "Rest")
  fork(outer, "Map", "Outer", children_of(input.rows, function(list, row)
    fork(list, "Map", "Inner", children_of(row, inner_steps))
  end))
  local list = { "ExecutionStarted" }
  fork(list, "Parallel", "Fork", { Each = each, Rest = rest, Outer = outer })
  visit(list, "Choice", "Whether")
  if input.retried then
    fork(list, "Map", "Again", children_of(input.doomed, doomed_steps),
      { failing = number % 5, attempts = 2 })
  end
  visit(list, "Pass", "Last")
  list[#list + 1] = "ExecutionSucceeded"
  return list
end

branching.branches = {
  definition = BRANCHES,
  input = branches_input,
  tree = branches_tree,
  output = function(number)
    local output = branches_input(number)
    local items = branches_input(number).items
    for _, item in ipairs(items) do
      if item.kind == "flaky" then
        item.failure = { Error = "Flaky", Cause = "as always" }
      end
    end
    output.results = { items, number, output.rows }
    if output.retried then
      output.again = { Error = "Doomed", Cause = "always" }
    end
    return output
  end,
}

---------------------------------------------------------------------------
-- aborted: a branch fails, and what runs beside it ends
---------------------------------------------------------------------------

local function aborted_input(number)
  return {
    number = number,
    seconds = number % 3,
    tasks = list_of(1 + number % 3, function(i)
      return { seconds = i == 0 and 20 or number % 3 + 0.1 * (i - 1) }
    end),
    holds = list_of(number % 17 == 0 and 140 or 2 + number % 4,
      function(i) return i % 3 == 2 and number % 3 or LONG end),
  }
end

local function hold_steps(list)
  visit(list, "Wait", "Hold")
end

branching.aborted = {
  definition = {
    StartAt = "All",
    States = {
      All = { Type = "Parallel", End = true,
        Catch = { { ErrorEquals = { "Flaky" }, ResultPath = "$.failure",
          Next = "Caught" } },
        Branches = {
          processor("Soon", {
            Soon = { Type = "Wait", SecondsPath = "$.seconds",
              Next = "Breaks" },
            Breaks = { Type = "Task", Resource = "lua:crash.flaky",
              End = true },
          }),
          processor("Tasks", { Tasks = { Type = "Map", ItemsPath = "$.tasks",
            End = true, ItemProcessor = processor("Slow", {
              Slow = { Type = "Task", Resource = "lua:crash.slow",
                End = true },
            }) } }),
          processor("Holds", { Holds = { Type = "Map", ItemsPath = "$.holds",
            End = true, ItemProcessor = processor("Hold", {
              Hold = { Type = "Wait", SecondsPath = "$", End = true },
            }) } }),
        } },
      Caught = { Type = "Pass", End = true },
    },
  },
  input = aborted_input,
  tree = function(number)
    local input = aborted_input(number)
    local soon, tasks, holds = {}, {}, {}
    visit(soon, "Wait", "Soon")
    task(soon, "Breaks", { "TaskFailed" })
    soon[#soon] = "TaskStateAborted" -- as AWS does, in a Parallel's branch
    fork(tasks, "Map", "Tasks", children_of(input.tasks, function(list)
      task(list, "Slow", { "TaskSucceeded" })
    end))
    fork(holds, "Map", "Holds", children_of(input.holds, hold_steps))
    local list = { "ExecutionStarted" }
    fork(list, "Parallel", "All",
      { Soon = soon, Tasks = tasks, Holds = holds }, { failing = "Soon" })
    visit(list, "Pass", "Caught")
    list[#list + 1] = "ExecutionSucceeded"
    return list
  end,
  output = function(number)
    local output = aborted_input(number)
    output.failure = { Error = "Flaky", Cause = "as always" }
    return output
  end,
}

---------------------------------------------------------------------------
-- stopped, timed: they end from outside, with all branches at work
---------------------------------------------------------------------------

local function endless_input(number)
  local is_large = number % 9 == 0 -- more rows than are swept at a time
  return {
    number = number,
    task = { seconds = number % 6 == 0 and 20 or 0 },
    holds = list_of(is_large and 300 or 2 + number % 5, function(i)
      return i % 4 == 3 and 1 or LONG
    end),
    pairs = list_of(1 + number % 4, function(i) return i end),
  }
end

local ENDLESS = {
  StartAt = "All",
  States = {
    All = { Type = "Parallel", End = true, Branches = {
      processor("Holds", { Holds = { Type = "Map", ItemsPath = "$.holds",
        End = true, ItemProcessor = processor("Hold", {
          Hold = { Type = "Wait", SecondsPath = "$", Next = "Stay" },
          Stay = { Type = "Wait", Seconds = LONG, End = true },
        }) } }),
      processor("Slow", {
        Slow = { Type = "Task", Resource = "lua:crash.slow",
          InputPath = "$.task", Next = "Rest" },
        Rest = { Type = "Wait", Seconds = LONG, End = true },
      }),
      processor("Pairs", { Pairs = { Type = "Map", ItemsPath = "$.pairs",
        MaxConcurrency = 2, End = true,
        ItemProcessor = processor("Pair", { Pair = { Type = "Parallel",
          End = true, Branches = {
            processor("One", { One = { Type = "Pass", End = true } }),
            processor("Two", { Two = { Type = "Wait", Seconds = LONG,
              End = true } }),
          } } }) } }),
    } },
  },
}

local function endless_tree(number, last)
  local input = endless_input(number)
  local holds, slow, pairs_list = {}, {}, {}
  fork(holds, "Map", "Holds", children_of(input.holds, function(list)
    visit(list, "Wait", "Hold")
    visit(list, "Wait", "Stay")
  end))
  task(slow, "Slow", { "TaskSucceeded" })
  visit(slow, "Wait", "Rest")
  fork(pairs_list, "Map", "Pairs", children_of(input.pairs, function(list)
    local one, two = {}, {}
    visit(one, "Pass", "One")
    visit(two, "Wait", "Two")
    fork(list, "Parallel", "Pair", { One = one, Two = two })
  end))
  local list = { "ExecutionStarted", is_cut_by = last }
  fork(list, "Parallel", "All",
    { Holds = holds, Slow = slow, Pairs = pairs_list })
  return list
end

branching.stopped = {
  definition = ENDLESS,
  input = endless_input,
  status = "ABORTED",
  error = "Stopped",
  is_stopped = true,
  tree = function(number)
    return endless_tree(number, "ExecutionAborted")
  end,
}

branching.timed = {
  definition = { StartAt = ENDLESS.StartAt, States = ENDLESS.States,
    TimeoutSeconds = 3 },
  input = endless_input,
  status = "TIMED_OUT",
  tree = function(number)
    return endless_tree(number, "ExecutionTimedOut")
  end,
}

return branching
