--- State machines of the crash suite that need somebody outside: tasks with
-- tokens, tasks of an activity, executions that are redriven; and those whose
-- tasks start executions. crash_asked.lua is that somebody.
--
-- They are like those of machines.lua. Besides, `asks` says where a client
-- gets the token from: "file", the one that the input names; "activity", a
-- poll. One that `is_watched` has its task handed to another worker if nothing
-- is heard of the first: its `events(number, found)` depend on how often that
-- was. `redrives(number)` is how often an execution fails until it succeeds.
-- `events` may have an optional one, "?TaskSubmitted": who answers before the
-- call has returned makes it needless. `called(number)` is what the execution
-- starts: the kinds of its children, each once; a machine that only tasks
-- start `is_called`.

local steps = require("steps")

local asking = {}

local visit, task = steps.visit, steps.task

local PREFIX = "arn:aws:states:us-east-1:000000000000:"
local NESTED = PREFIX .. "stateMachine:nested"
local LONG = 600 -- seconds: nobody waits for that

--- The activity that tasks are handed out by.
asking.activity_name = "crash"
asking.activity = PREFIX .. "activity:" .. asking.activity_name

--- An answer that fails the task has this error.
asking.REFUSED = "Refused"

--- Whether the answers to an execution are failures.
function asking.is_refused(number)
  return number % 5 == 0
end

local REFUSED = { { ErrorEquals = { asking.REFUSED },
  ResultPath = "$.failure", Next = "Caught" } }

local asking_input = function(number, directory)
  return { number = number, path = directory .. "/" .. number .. ".token" }
end

local function asked_events(number, before)
  local list = { "ExecutionStarted" }
  visit(list, "Pass", "Before")
  list[#list + 1] = "TaskStateEntered Ask"
  for _, label in ipairs(before) do
    list[#list + 1] = label
  end
  local kind = before[1]:match("^(%a-)Scheduled$")
  list[#list + 1] = kind .. (asking.is_refused(number) and "Failed"
    or "Succeeded")
  list[#list + 1] = "TaskStateExited Ask"
  visit(list, "Pass", asking.is_refused(number) and "Caught" or "After")
  list[#list + 1] = "ExecutionSucceeded"
  return list
end

local function asked_states(ask)
  ask.Type = "Task"
  ask.ResultPath = "$.answer"
  ask.Catch = REFUSED
  ask.Next = "After"
  return {
    StartAt = "Before",
    States = {
      Before = { Type = "Pass", Next = "Ask" },
      Ask = ask,
      After = { Type = "Pass", End = true },
      Caught = { Type = "Pass", End = true },
    },
  }
end

--- A handler hands the token on.
local asked = {
  asks = "file",
  definition = asked_states({
    Resource = "lua:crash.hand_on.waitForTaskToken",
    Parameters = { ["token.$"] = "$$.Task.Token", ["path.$"] = "$.path" },
  }),
  input = asking_input,
  events = function(number)
    return asked_events(number,
      { "TaskScheduled", "TaskStarted", "?TaskSubmitted" })
  end,
}

--- Who polls gets it.
local active = {
  asks = "activity",
  definition = asked_states({ Resource = asking.activity }),
  input = asking_input,
  events = function(number)
    return asked_events(number, { "ActivityScheduled", "ActivityStarted" })
  end,
}

--- How often the task of one that was watched has timed out.
local function timeouts(events)
  local count = 0
  for _, event in ipairs(events or {}) do
    count = count + (event.type == "ActivityTimedOut" and 1 or 0)
  end
  return count
end

--- Who polls gets it, and whoever keeps it too long loses it to the next.
local watched = {
  asks = "activity",
  is_watched = true,
  definition = asked_states({ Resource = asking.activity,
    HeartbeatSeconds = 2, Retry = { {
      ErrorEquals = { "States.HeartbeatTimeout" }, IntervalSeconds = 1,
      BackoffRate = 1, MaxAttempts = 1000 } } }),
  input = asking_input,
  events = function(number, found)
    local before = {}
    for _ = 1, timeouts(found) do
      before[#before + 1] = "ActivityScheduled"
      before[#before + 1] = "ActivityStarted"
      before[#before + 1] = "ActivityTimedOut"
    end
    before[#before + 1] = "ActivityScheduled"
    before[#before + 1] = "ActivityStarted"
    return asked_events(number, before)
  end,
}

---------------------------------------------------------------------------
-- Executions that tasks start
---------------------------------------------------------------------------

local nested = {
  is_called = true,
  definition = {
    StartAt = "Hold",
    States = {
      Hold = { Type = "Wait", SecondsPath = "$.seconds", Next = "Last" },
      Last = { Type = "Pass", End = true },
    },
  },
}

local function call(kind, way, seconds, next_state)
  local state = { Type = "Task", ResultPath = "$." .. kind,
    Resource = "arn:aws:states:::states:startExecution" .. way,
    Parameters = { StateMachineArn = NESTED, Input = {
      ["parent.$"] = "$.number", kind = kind, ["seconds.$"] = seconds } },
    ResultSelector = way == "" and { kind = kind }
      or { ["status.$"] = "$.Status", ["child.$"] = "$.Output" },
    Next = next_state }
  return state
end

--- One is started and left alone, for the other its task waits.
local nesting = {
  definition = {
    StartAt = "Begin",
    States = {
      Begin = call("loose", "", "$.seconds", "Call"),
      Call = call("called", ".sync:2", "$.seconds", "After"),
      After = { Type = "Pass", End = true },
    },
  },
  input = function(number)
    return { number = number, seconds = number % 3 }
  end,
  events = function()
    local list = { "ExecutionStarted" }
    task(list, "Begin", { "TaskSucceeded" })
    list[#list + 1] = "TaskStateEntered Call"
    for _, label in ipairs({ "Scheduled", "Started", "Submitted",
      "Succeeded" }) do
      list[#list + 1] = "Task" .. label
    end
    list[#list + 1] = "TaskStateExited Call"
    visit(list, "Pass", "After")
    list[#list + 1] = "ExecutionSucceeded"
    return list
  end,
  output = function(number)
    local seconds = number % 3
    return { number = number, seconds = seconds, loose = { kind = "loose" },
      called = { status = "SUCCEEDED", child = { parent = number,
        kind = "called", seconds = seconds } } }
  end,
  called = function()
    return { loose = "SUCCEEDED", called = "SUCCEEDED" }
  end,
}

--- Somebody stops it while it waits, and so its child.
local nesting_stopped = {
  definition = {
    StartAt = "Call",
    States = {
      Call = call("called", ".sync:2", "$.seconds", "After"),
      After = { Type = "Pass", End = true },
    },
  },
  input = function(number)
    return { number = number, seconds = LONG }
  end,
  status = "ABORTED",
  error = "Stopped",
  is_stopped = true,
  may_be_cut = true,
  events = function()
    return { "ExecutionStarted", "TaskStateEntered Call", "TaskScheduled",
      "TaskStarted", "TaskSubmitted", "ExecutionAborted" }
  end,
  called = function()
    return { called = "ABORTED" }
  end,
}

---------------------------------------------------------------------------
-- Executions that are redriven
---------------------------------------------------------------------------

local function redrives(number)
  return 1 + number % 2
end

local BREAK = { Type = "Task", Resource = "lua:crash.until_redriven",
  Parameters = { ["count.$"] = "$$.Execution.RedriveCount",
    ["wanted.$"] = "$.wanted" },
  ResultPath = "$.broken", End = true }

local redriven = {
  definition = {
    StartAt = "Work",
    States = {
      Work = { Type = "Task", Resource = "lua:crash.echo", Next = "Before" },
      Before = { Type = "Pass", Next = "Break" },
      Break = BREAK,
    },
  },
  input = function(number)
    return { number = number, wanted = redrives(number) }
  end,
  redrives = redrives,
  events = function(number)
    local list = { "ExecutionStarted" }
    task(list, "Work", { "TaskSucceeded" })
    visit(list, "Pass", "Before")
    list[#list + 1] = "TaskStateEntered Break"
    for _ = 1, redrives(number) do
      for _, label in ipairs({ "TaskScheduled", "TaskStarted", "TaskFailed",
        "ExecutionFailed", "ExecutionRedriven" }) do
        list[#list + 1] = label
      end
    end
    for _, label in ipairs({ "TaskScheduled", "TaskStarted", "TaskSucceeded",
      "TaskStateExited Break", "ExecutionSucceeded" }) do
      list[#list + 1] = label
    end
    return list
  end,
  output = function(number)
    local wanted = redrives(number)
    return { number = number, wanted = wanted, broken = wanted }
  end,
}

--- What is redriven are children of a distributed Map: the first, which
-- fails, and those that end with it.
local function redriven_items(number)
  local items = {}
  for i = 0, 2 + number % 4 do
    items[i + 1] = { index = i, wanted = i == 0 and 1 or 0 }
  end
  return items
end

local redriven_map = {
  definition = {
    StartAt = "Each",
    States = { Each = { Type = "Map", ItemsPath = "$.items", Label = "each",
      ToleratedFailurePercentage = 0, End = true,
      ItemProcessor = {
        ProcessorConfig = { Mode = "DISTRIBUTED",
          ExecutionType = "STANDARD" },
        StartAt = "Break", States = { Break = BREAK },
      } } },
  },
  input = function(number)
    return { number = number, items = redriven_items(number) }
  end,
  redrives = function()
    return 1
  end,
  events = function()
    return { "ExecutionStarted", "MapStateEntered Each", "MapStateStarted",
      "MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed",
      "ExecutionRedriven", "MapRunRedriven", "MapRunSucceeded",
      "MapStateSucceeded", "MapStateExited Each", "ExecutionSucceeded" }
  end,
  children = function(number)
    local children = {}
    for _, item in ipairs(redriven_items(number)) do
      children[item.index] = "SUCCEEDED"
    end
    return children
  end,
}

asking.machines = { asked = asked, active = active, watched = watched,
  nested = nested,
  nesting = nesting, nesting_stopped = nesting_stopped,
  redriven = redriven, redriven_map = redriven_map }

return asking
