--- What the crash suite remembers of a server's answers, and the comparison
-- with what the server says in the end.
--
-- Promises: an execution whose start was acknowledged exists, with that start
-- time; one reported as ended, or stopped, stays as it ended; a history once
-- read is the beginning of every later one. Truths: ids are contiguous and
-- causal, times never decrease, every state was entered and left once (those
-- with branches: history_tree.lua), the output is right, no program ran twice
-- at once, and nothing is left in the store of what has ended. What is promised
-- to those whom executions wait for: crash_asked.lua.

local cjson = require("cjson")
local crash_asked = require("crash_asked")
local crash_children = require("crash_children")
local crash_paused = require("crash_paused")
local history_tree = require("history_tree")
local http = require("http")
local machines = require("machines")

local crash_check = {}

local PAGE = 400 -- events a page; some histories have several

-- Times are milliseconds, as text: what passes through cjson has 14 digits.
local function moment(seconds)
  return seconds and string.format("%.3f", seconds)
end

--- Notes what is wrong with an execution.
function crash_check.problem(run, execution, format, ...)
  run.problems[#run.problems + 1] = string.format("%s (%s): ",
    execution.name, execution.machine.name) .. string.format(format, ...)
end

local problem = crash_check.problem

--- Starts an execution, or starts it again: the answer is the same.
function crash_check.start(client, run, execution, answered)
  execution.arn = nil
  client:call("AWSStepFunctions.StartExecution", {
    stateMachineArn = run.machine_arns[execution.machine.name],
    name = execution.name, input = cjson.encode(execution.input),
  }, function(status, answer)
    if answered(status, answer, "StartExecution") then
      execution.arn = answer.executionArn
      crash_check.note_start(run, execution, answer.startDate)
    end
  end)
end

--- An acknowledged start.
function crash_check.note_start(run, execution, start_date)
  start_date = moment(start_date)
  if execution.start_date and execution.start_date ~= start_date then
    problem(run, execution, "started at %s, then said to be at %s",
      execution.start_date, start_date)
  end
  execution.start_date = start_date
end

--- An acknowledged end.
function crash_check.note_end(run, execution, answer)
  local ended = { status = answer.status, output = answer.output,
    stopDate = moment(answer.stopDate), error = answer.error }
  for name, value in pairs(execution.ended or {}) do
    if ended[name] ~= value then
      problem(run, execution, "ended with %s %s, then with %s", name, value,
        tostring(ended[name]))
    end
  end
  execution.ended = ended
end

--- An acknowledged StopExecution.
function crash_check.note_stop(run, execution, stop_date)
  stop_date = moment(stop_date)
  if execution.stop_date and execution.stop_date ~= stop_date then
    problem(run, execution, "stopped at %s, then said to be at %s",
      execution.stop_date, stop_date)
  end
  execution.stop_date = stop_date
end

--- Stops an execution; its cause tells which one it was.
function crash_check.stop(client, run, execution, answered)
  client:call("AWSStepFunctions.StopExecution", {
    executionArn = execution.arn, error = execution.machine.error,
    cause = execution.name,
  }, function(status, answer)
    if answered(status, answer, "StopExecution") then
      crash_check.note_stop(run, execution, answer.stopDate)
    end
  end)
end

local function same_event(a, b)
  return a.id == b.id and a.type == b.type
    and a.previousEventId == b.previousEventId
    and moment(a.timestamp) == moment(b.timestamp)
end

--- A history that was read; the longer one of two is remembered.
function crash_check.note_history(run, execution, events)
  local old = execution.events or {}
  for i = 1, math.min(#old, #events) do
    if not same_event(old[i], events[i]) then
      problem(run, execution, "event %d was %s, now is %s", i, old[i].type,
        events[i].type)
      return
    end
  end
  crash_asked.note_history(run, execution, events)
  if #events >= #old then
    execution.events = events
  elseif execution.complete then
    problem(run, execution, "%d events, and once there were %d", #events,
      #old)
  end
end

--- How much had been acknowledged.
function crash_check.totals(run)
  local told = { ends = 0, histories = 0, stops = 0 }
  for _, execution in ipairs(run.executions) do
    told.stops = told.stops + (execution.stop_date and 1 or 0)
    told.ends = told.ends + (execution.ended and 1 or 0)
    told.histories = told.histories + (execution.events and 1 or 0)
  end
  return told
end

---------------------------------------------------------------------------
-- In the end
---------------------------------------------------------------------------

--- Runs `send(execution)` for all, some at a time, until all are answered, and
-- `meanwhile` (or nil) again and again.
local function for_all(client, run, send, meanwhile)
  local function step()
    client:step(meanwhile and 20 or 1000)
    if meanwhile then
      meanwhile()
    end
  end
  for _, execution in ipairs(run.executions) do
    while client.count >= 32 do
      step()
    end
    send(execution)
  end
  while client.count > 0 do
    step()
  end
end

-- For callbacks, in the end: all must be answered.
local function expect_answer(run)
  return function(status, answer, what)
    if status ~= 200 then
      run.problems[#run.problems + 1] = string.format("%s: %s %s", what,
        tostring(status), type(answer) == "table" and cjson.encode(answer)
        or tostring(answer))
    end
    return status == 200
  end
end

local function arn_of(run, execution)
  return run.machine_arns[execution.machine.name]
    :gsub(":stateMachine:", ":execution:") .. ":" .. execution.name
end

--- What was refused has not been started.
local function check_refused(client, run)
  for_all(client, run, function(execution)
    if not execution.refused then
      return
    end
    client:call("AWSStepFunctions.DescribeExecution",
      { executionArn = arn_of(run, execution) }, function(status)
        if status ~= 400 then
          problem(run, execution, "was refused, and yet exists: %s",
            tostring(status))
        end
      end)
  end)
end

--- An execution nobody confirmed is asked for again; if it has ended in the
-- meantime, AWS's answer is ExecutionAlreadyExists.
local function start_unconfirmed(client, run)
  for_all(client, run, function(execution)
    if execution.arn then
      return
    end
    crash_check.start(client, run, execution, function(status, answer)
      if status == 400 and
        tostring(answer.__type):find("ExecutionAlreadyExists") then
        execution.arn = arn_of(run, execution)
        return false
      elseif status ~= 200 then
        problem(run, execution, "can't be started: %s %s", tostring(status),
          type(answer) == "table" and cjson.encode(answer) or answer)
      end
      return status == 200
    end)
  end)
end

--- Those that would go on for ever are stopped, once more if need be.
local function stop_all(client, run)
  for_all(client, run, function(execution)
    if not execution.arn or not execution.machine.is_stopped then
      return
    end
    crash_check.stop(client, run, execution, function(status)
      if status ~= 200 then
        problem(run, execution, "can't be stopped: %s", tostring(status))
      end
      return status == 200
    end)
  end)
end

local function wait_all(client, run, until_ms, now_ms)
  local others = http.new(client.url)
  local function wait(execution)
    client:call("Moonstep.WaitForExecution",
      { executionArn = execution.arn, timeoutSeconds = 5 },
      function(status, answer)
        if status ~= 200 then
          problem(run, execution, "is lost: %s %s", tostring(status),
            type(answer) == "table" and cjson.encode(answer) or answer)
        elseif crash_asked.note_failure(execution, answer) then
          crash_asked.redrive_failed(client, run, execution,
            expect_answer(run))
          wait(execution)
        elseif answer.status ~= "RUNNING" then
          crash_check.note_start(run, execution, answer.startDate)
          crash_check.note_end(run, execution, answer)
        elseif now_ms() < until_ms then
          wait(execution)
        else
          problem(run, execution, "does not end")
        end
      end)
  end
  for_all(client, run, function(execution)
    if execution.arn then
      wait(execution)
    end
  end, run.asked and function()
    crash_asked.tend_all(others, run, expect_answer(run), problem)
    others:step(0)
  end)
  others:close()
end

--- All pages of a history, from one on.
local function read_pages(client, run, execution, events, token)
  client:call("AWSStepFunctions.GetExecutionHistory", {
    executionArn = execution.arn, maxResults = PAGE, nextToken = token,
  }, function(status, answer)
    if status ~= 200 then
      problem(run, execution, "has no history: %s", tostring(status))
      return
    end
    for _, event in ipairs(answer.events) do
      events[#events + 1] = event
    end
    if answer.nextToken then
      read_pages(client, run, execution, events, answer.nextToken)
      return
    end
    execution.complete = true
    crash_check.note_history(run, execution, events)
  end)
end

local function read_histories(client, run)
  for_all(client, run, function(execution)
    if execution.arn then
      read_pages(client, run, execution, {})
    end
  end)
end

local function equals(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not equals(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

local function check_end(run, execution)
  local ended, machine = execution.ended, execution.machine
  if ended.status ~= (machine.status or "SUCCEEDED") or
    ended.error ~= machine.error then
    problem(run, execution, "ended %s %s", tostring(ended.status),
      tostring(ended.error))
    return
  elseif execution.stop_date and execution.stop_date ~= ended.stopDate then
    problem(run, execution, "was stopped at %s and ended at %s",
      execution.stop_date, ended.stopDate)
  end
  if not machine.output then
    return
  end
  local ok, output = pcall(cjson.decode, ended.output)
  if not ok or not equals(output, machine.output(execution.number)) then
    problem(run, execution, "has the output %s", tostring(ended.output))
  end
end

--- Without branches each event follows from the one before. The first state's
-- entering follows, as with AWS, from nothing, and a distributed Map's exit
-- from MapRunStarted, or, if the Map is the first state, from its run's end.
local function is_before(event, previous, i)
  return previous == i - 1 or i == 2 and previous == 0
    or event.type == "MapStateExited" and
      (previous == i - 3 or previous == i - 2)
    or event.type == "ExecutionAborted" and previous == 0
end

local function check_order(run, execution)
  local before = 0
  for i, event in ipairs(execution.events) do
    local previous = event.previousEventId or 0
    if event.id ~= i then
      problem(run, execution, "event %d has the id %s", i, event.id)
      return
    elseif not is_before(event, previous, i) then
      problem(run, execution, "event %d follows from %d", i, previous)
    elseif event.timestamp < before then
      problem(run, execution, "event %d is before event %d", i, i - 1)
    end
    before = event.timestamp
  end
end

--- One that is stopped early has only the last of the events that it lacks.
local function cut_short(expected, events)
  while #expected > math.max(2, #events) do
    table.remove(expected, #expected - 1)
  end
end

--- Optional ones that are not there are not expected.
local function drop_optional(expected, events)
  for i = #expected, 1, -1 do
    local label = expected[i]:match("^%?(.*)")
    if label and events[i] and history_tree.label(events[i]) == label then
      expected[i] = label
    elseif label then
      table.remove(expected, i)
    end
  end
end

local function check_steps(run, execution)
  local expected = execution.machine.events(execution.number,
    execution.events)
  drop_optional(expected, execution.events)
  if execution.machine.may_be_cut then
    cut_short(expected, execution.events)
  end
  for i = 1, math.max(#expected, #execution.events) do
    local event = execution.events[i]
    local found = event and history_tree.label(event) or "nothing"
    if found ~= (expected[i] or "nothing") then
      problem(run, execution, "event %d is %s, not %s", i, found,
        expected[i] or "nothing")
      return
    end
  end
end

local function check_history(run, execution)
  local machine = execution.machine
  if not machine.tree then
    check_order(run, execution)
    check_steps(run, execution)
    return
  end
  local why = history_tree.compare(execution.events,
    machine.tree(execution.number))
  if why then
    problem(run, execution, "%s", why)
  end
end

local function check_ledger(run, execution)
  local file = io.open(execution.input.ledger or "", "rb")
  if not file then
    return
  end
  local text = file:read("*a")
  file:close()
  if text:find("clash") then
    problem(run, execution, "its program ran twice at once: %s",
      text:gsub("\n", " "))
  elseif not text:find("end\n$") then
    problem(run, execution, "its program did not run to its end: %s",
      text:gsub("\n", " "))
  end
end

--- Every name is listed exactly once, and none that was not asked for.
local function check_list(client, run)
  for name, arn in pairs(run.machine_arns) do
    local listed, token = {}, nil
    repeat
      local status, answer = client:ask("AWSStepFunctions.ListExecutions",
        { stateMachineArn = arn, maxResults = 1000, nextToken = token })
      if status ~= 200 then
        run.problems[#run.problems + 1] = "ListExecutions: "
          .. tostring(status)
        return
      end
      for _, row in ipairs(answer.executions) do
        listed[row.name] = (listed[row.name] or 0) + 1
      end
      token = answer.nextToken
    until not token
    for _, execution in ipairs(run.executions) do
      if execution.machine.name == name then
        if listed[execution.name] ~= 1 then
          problem(run, execution, "is listed %d times",
            listed[execution.name] or 0)
        end
        listed[execution.name] = nil
      end
    end
    for stranger in pairs(machines[name].is_called and {} or listed) do
      run.problems[#run.problems + 1] = "nobody started " .. stranger
    end
  end
end

--- Lets all acknowledged executions end and compares them.
function crash_check.let_end(client, run, until_ms, now_ms)
  stop_all(client, run)
  wait_all(client, run, until_ms, now_ms)
  read_histories(client, run)
  for _, execution in ipairs(run.executions) do
    if execution.ended and execution.events then
      check_end(run, execution)
      check_history(run, execution)
      check_ledger(run, execution)
      crash_asked.check_end(run, execution, problem)
      crash_paused.check_end(run, execution, problem)
      crash_children.check(client, execution, function(format, ...)
        problem(run, execution, format, ...)
      end)
    end
  end
end

--- Lets all executions end, also those that nobody confirmed, and compares.
function crash_check.run(client, run, until_ms, now_ms)
  check_refused(client, run)
  start_unconfirmed(client, run)
  crash_paused.resume_all(client, run, expect_answer(run), problem)
  crash_check.let_end(client, run, until_ms, now_ms)
  crash_asked.check_children(client, run, problem)
  check_list(client, run)
end

return crash_check
