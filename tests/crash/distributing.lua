--- State machines of the crash suite with distributed Maps.
--
-- They are like those of machines.lua, and have `children(number)` besides: by
-- the index of each item how its execution ends, or true if any way will do;
-- such an execution may be missing, but there are never two of an item.

local steps = require("steps")

local distributing = {}

local visit = steps.visit

local LONG = 600 -- seconds: nobody waits for that

local PROCESSOR = {
  ProcessorConfig = { Mode = "DISTRIBUTED", ExecutionType = "STANDARD" },
  StartAt = "Kind",
  States = {
    Kind = { Type = "Choice", Default = "Plain", Choices = {
      { Variable = "$.kind", StringEquals = "flaky", Next = "Flaky" },
      { Variable = "$.kind", StringEquals = "echo", Next = "Echo" },
      { Variable = "$.kind", StringEquals = "wait", Next = "Hold" },
    } },
    Plain = { Type = "Pass", End = true },
    Echo = { Type = "Task", Resource = "lua:crash.echo", End = true },
    Hold = { Type = "Wait", SecondsPath = "$.seconds", End = true },
    Flaky = { Type = "Task", Resource = "lua:crash.flaky", End = true },
  },
}

local function items_of(count, f)
  local items = {}
  for i = 0, count - 1 do
    items[i + 1] = f(i)
    items[i + 1].index = i
  end
  return items
end

---------------------------------------------------------------------------
-- distributed: some fail, which is tolerated
---------------------------------------------------------------------------

local KINDS = { [0] = "flaky", "echo", "echo", "wait", "wait" }

local function distributed_items(number)
  local is_large = number % 31 == 0
  return items_of(is_large and 150 or 3 + number % 6, function(i)
    local dice = (number * 7 + i * (is_large and 13 or 3))
      % (is_large and 60 or 11)
    return { kind = KINDS[dice] or "plain", seconds = dice == 4 and 3 or 1 }
  end)
end

local function distributed_input(number)
  return { number = number, items = distributed_items(number),
    limit = number % 3 == 0 and 2 or 0 }
end

distributing.distributed = {
  definition = {
    StartAt = "Before",
    States = {
      Before = { Type = "Pass", Next = "Each" },
      Each = { Type = "Map", ItemsPath = "$.items", Label = "each",
        MaxConcurrencyPath = "$.limit", ToleratedFailurePercentage = 100,
        ItemProcessor = PROCESSOR, ResultPath = "$.results", End = true },
    },
  },
  input = distributed_input,
  events = function()
    local list = { "ExecutionStarted" }
    visit(list, "Pass", "Before")
    for _, label in ipairs({ "MapStateEntered Each", "MapStateStarted",
      "MapRunStarted", "MapRunSucceeded", "MapStateSucceeded",
      "MapStateExited Each", "ExecutionSucceeded" }) do
      list[#list + 1] = label
    end
    return list
  end,
  output = function(number)
    local output = distributed_input(number)
    output.results = distributed_items(number)
    for i, item in ipairs(output.results) do
      if item.kind == "flaky" then
        output.results[i] = { Error = "Flaky", Cause = "as always" }
      end
    end
    return output
  end,
  children = function(number)
    local children = {}
    for _, item in ipairs(distributed_items(number)) do
      children[item.index] = item.kind == "flaky" and "FAILED" or "SUCCEEDED"
    end
    return children
  end,
}

---------------------------------------------------------------------------
-- orphaned: the execution is stopped, and so are its children
---------------------------------------------------------------------------

local function orphaned_items(number)
  return items_of(number % 9 == 0 and 300 or 2 + number % 5, function(i)
    return { kind = "wait", seconds = i % 4 == 3 and 1 or LONG }
  end)
end

distributing.orphaned = {
  definition = {
    StartAt = "Each",
    States = { Each = { Type = "Map", ItemsPath = "$.items",
      ItemProcessor = PROCESSOR, End = true } },
  },
  input = function(number)
    return { number = number, items = orphaned_items(number) }
  end,
  status = "ABORTED",
  error = "Stopped",
  is_stopped = true,
  may_be_cut = true,
  events = function()
    return { "ExecutionStarted", "MapStateEntered Each", "MapStateStarted",
      "MapRunStarted", "ExecutionAborted" }
  end,
  children = function(number)
    local children = {}
    for _, item in ipairs(orphaned_items(number)) do
      children[item.index] = true
    end
    return children
  end,
}

return distributing
