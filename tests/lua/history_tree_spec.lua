--- The crash suite's comparison of histories with branches must notice what
-- is wrong with one.

package.path = "tests/crash/?.lua;" .. package.path

local history_tree = require("history_tree")
local steps = require("steps")

local function entered(kind, name, previous)
  return { type = kind .. "StateEntered", previousEventId = previous,
    stateEnteredEventDetails = { name = name } }
end

local function exited(kind, name, previous)
  return { type = kind .. "StateExited", previousEventId = previous,
    stateExitedEventDetails = { name = name } }
end

local function iteration(what, index, previous)
  return { type = "MapIteration" .. what, previousEventId = previous,
    ["mapIteration" .. what .. "EventDetails"] = { index = index } }
end

local function plain(name, previous)
  return { type = name, previousEventId = previous }
end

local function numbered(events)
  for i, event in ipairs(events) do
    event.id, event.timestamp = i, i
  end
  return events
end

--- A Map of two iterations with a Wait each, the second one after the first.
local function two_waits()
  return numbered({
    plain("ExecutionStarted", 0),
    entered("Map", "M", 0),
    plain("MapStateStarted", 2),
    iteration("Started", 0, 3),
    iteration("Started", 1, 3),
    entered("Wait", "W", 4),
    entered("Wait", "W", 5),
    exited("Wait", "W", 7),
    iteration("Succeeded", 1, 8),
    exited("Wait", "W", 6),
    iteration("Succeeded", 0, 10),
    plain("MapStateSucceeded", 11),
    exited("Map", "M", 11),
    plain("ExecutionSucceeded", 13),
  })
end

--- The same, but the second iteration fails and the first is aborted.
local function failed()
  return numbered({
    plain("ExecutionStarted", 0),
    entered("Map", "M", 0),
    plain("MapStateStarted", 2),
    iteration("Started", 0, 3),
    iteration("Started", 1, 3),
    entered("Wait", "W", 4),
    entered("Fail", "F", 5),
    iteration("Failed", 1, 7),
    plain("WaitStateAborted", 6),
    iteration("Aborted", 0, 9),
    plain("MapStateFailed", 7),
    exited("Map", "M", 11),
    plain("ExecutionSucceeded", 12),
  })
end

local function expected(fails)
  local list, first, second = { "ExecutionStarted" }, {}, {}
  steps.visit(first, "Wait", "W")
  steps.visit(second, "Wait", "W")
  if fails then
    second = { "FailStateEntered F" }
  end
  steps.fork(list, "Map", "M", { [0] = first, [1] = second },
    fails and { failing = 1 })
  list[#list + 1] = "ExecutionSucceeded"
  return list
end

local function without(events, number)
  table.remove(events, number)
  for _, event in ipairs(events) do
    if event.previousEventId >= number then
      event.previousEventId = event.previousEventId - 1
    end
  end
  return numbered(events)
end

describe("history_tree", function()
  it("takes what was expected, in any order of the branches", function()
    assert.is_nil(history_tree.compare(two_waits(), expected()))
    assert.is_nil(history_tree.compare(failed(), expected(true)))
  end)

  it("takes a history that was cut, as far as it goes", function()
    local events = two_waits()
    for _ = 1, 5 do
      table.remove(events)
    end
    events[#events + 1] = plain("ExecutionAborted", 0)
    local list = expected()
    assert.is_string(history_tree.compare(numbered(events), list))
    list.is_cut_by = "ExecutionAborted"
    assert.is_nil(history_tree.compare(events, list))
  end)

  it("misses each event that is not there", function()
    for number = 1, #two_waits() do
      assert.is_string(history_tree.compare(without(two_waits(), number),
        expected()), number)
    end
    for number = 1, #failed() do
      assert.is_string(history_tree.compare(without(failed(), number),
        expected(true)), number)
    end
  end)

  it("notices each event that follows from another one", function()
    for number = 3, #two_waits() do
      for previous = 0, number - 1 do
        local events = two_waits()
        if events[number].previousEventId ~= previous and
          -- anything within a Map may let the next iteration begin, or be
          -- what its end follows from
          not (number == 5 and previous == 4) and number < 12 then
          events[number].previousEventId = previous
          assert.is_string(history_tree.compare(events, expected()),
            number .. " after " .. previous)
        end
      end
    end
  end)

  it("notices what comes after the end of its branch", function()
    local events = failed()
    table.insert(events, 11, exited("Wait", "W", 9))
    events[12].previousEventId, events[13].previousEventId = 7, 12
    events[14].previousEventId = 13
    assert.is_string(history_tree.compare(numbered(events), expected(true)))
  end)
end)
