--- The people and programs outside that executions of asking.lua wait for,
-- what they were told, and whether it holds.
--
--     crash_asked.begin(run)                    -- a new server was started
--     crash_asked.tend(client, run, answered)   -- one request, under load
--     crash_asked.check_end(run, execution, problem)
--
-- Promises: of the answers to an execution's task one was acknowledged at
-- most, and that is what the history has, once. A server hands a task out
-- once; another one, after a kill, does so only with another token, and not
-- if the first had been heard of; a task with HeartbeatSeconds is handed out
-- until an answer was acknowledged. A redrive that was acknowledged is in the
-- history. What a task starts exists once, and ends with it if it should.

local asking = require("asking")
local cjson = require("cjson")

local crash_asked = {}

local POLLS = 3       -- under way at a time
local RECENT = 60     -- executions that somebody cares for under load
local MOST_CALLS = 64 -- under way in the end
local ANSWERS = { TaskSucceeded = true, TaskFailed = true,
  ActivitySucceeded = true, ActivityFailed = true }

--- A new server: what the last one had under way is gone.
function crash_asked.begin(run)
  run.asked = run.asked or { sent = 0, answers = 0, redrives = 0,
    handed = 0, server = 0 }
  run.asked.server = run.asked.server + 1
  run.asked.polls = 0
end

---------------------------------------------------------------------------
-- Answers
---------------------------------------------------------------------------

--- An acknowledged answer.
function crash_asked.note_answer(run, execution, number, problem)
  if execution.accepted then
    problem(run, execution, "both answers %d and %d were accepted",
      execution.accepted, number)
  end
  execution.accepted = number
end

--- Sends an answer; what it says is unique.
local function answer(client, run, execution, answered, problem)
  local asked = run.asked
  asked.sent = asked.sent + 1
  local number, token = asked.sent, execution.token
  local is_refused = asking.is_refused(execution.number)
  execution.sent = execution.sent or {}
  execution.sent[number] = true
  execution.answering = asked.server
  client:call("AWSStepFunctions.SendTask"
    .. (is_refused and "Failure" or "Success"), {
      taskToken = token, output = not is_refused and tostring(number) or nil,
      error = is_refused and asking.REFUSED or nil,
      cause = is_refused and tostring(number) or nil,
    }, function(status, said)
      execution.answering = nil
      local is_over = status == 400 and type(said) == "table" and
        tostring(said.__type):find("TaskTimedOut") ~= nil
      if is_over then
        execution.is_over = true
        if execution.token == token then
          execution.token = nil
        end
      elseif answered(status, said, "SendTask") then
        asked.answers = asked.answers + 1
        execution.is_known = true
        crash_asked.note_answer(run, execution, number, problem)
      end
    end)
end

local function heartbeat(client, execution, answered)
  local token = execution.token
  client:call("AWSStepFunctions.SendTaskHeartbeat", { taskToken = token },
    function(status, said)
      local is_over = status == 400 and type(said) == "table" and
        tostring(said.__type):find("TaskTimedOut") ~= nil
      if not is_over and answered(status, said, "SendTaskHeartbeat") and
        execution.token == token then
        execution.is_known = true
      end
    end)
end

--- A poll was given a task.
local function note_task(run, execution, token, problem)
  local is_watched = execution.machine.is_watched
  if execution.accepted or execution.is_known and not is_watched then
    problem(run, execution, "its task is handed out again")
  elseif execution.handed_by == run.asked.server and not is_watched then
    problem(run, execution, "its task is handed out twice by one server")
  elseif execution.tokens and execution.tokens[token] then
    problem(run, execution, "its task is handed out with a former token")
  end
  execution.tokens = execution.tokens or {}
  execution.tokens[token] = true
  execution.handed_by = run.asked.server
  execution.token = token
  run.asked.handed = run.asked.handed + 1
end

local function poll(client, run, answered, problem)
  local asked = run.asked
  local of = asked.server
  asked.polls = asked.polls + 1
  client:call("AWSStepFunctions.GetActivityTask",
    { activityArn = asking.activity, workerName = "crash" },
    function(status, said)
      if asked.server == of then
        asked.polls = asked.polls - 1
      end
      if answered(status, said, "GetActivityTask") and said.taskToken and
        said.taskToken ~= cjson.null then
        local number = cjson.decode(said.input).number
        local execution = (run.by_number or run.executions)[number]
        if execution then -- or its start was not acknowledged
          note_task(run, execution, said.taskToken, problem)
        end
      end
    end)
end

--- A history that was read tells that the task has been handed over. What it
-- says of a hand-over that we have not heard of yet is no news.
function crash_asked.note_history(run, execution, events)
  if execution.machine.asks == "activity" and run.asked and
    execution.handed_by == run.asked.server then
    for _, event in ipairs(events) do
      execution.is_known = execution.is_known
        or event.type == "ActivityStarted"
    end
  end
end

--- The token that a handler has written down; nil: none yet.
local function token_of(execution)
  local file = io.open(execution.input.path or "", "rb")
  local token = file and file:read("*a"):match("^([^\n]+)\n")
  if file then
    file:close()
  end
  return token
end

--- Takes care of an execution's task; false if there is nothing to do.
local function care_for(client, run, execution, answered, problem)
  local asks = execution.machine.asks
  if not asks or execution.accepted or execution.ended or
    execution.answering == run.asked.server then
    return false
  elseif asks == "file" and not execution.is_over then
    execution.token = execution.token or token_of(execution)
  end
  if not execution.token then
    return false
  elseif asks == "activity" and math.random(4) == 1 then
    heartbeat(client, execution, answered)
    return true
  end
  answer(client, run, execution, answered, problem)
  if math.random(5) == 1 then -- and somebody else at the same time
    answer(client, run, execution, answered, problem)
  end
  return true
end

---------------------------------------------------------------------------
-- Redrives
---------------------------------------------------------------------------

--- An acknowledged redrive.
function crash_asked.note_redrive(execution, date)
  execution.redriven = execution.redriven or {}
  execution.redriven[string.format("%.3f", date)] = true
end

--- Redrives an execution; `done`, if given, gets the acknowledged date.
function crash_asked.redrive(client, run, execution, answered, done)
  execution.asked_redrives = (execution.asked_redrives or 0) + 1
  client:call("AWSStepFunctions.RedriveExecution",
    { executionArn = execution.arn }, function(status, said)
      local is_late = status == 400 and type(said) == "table" and
        tostring(said.__type):find("ExecutionNotRedrivable") ~= nil
      if not is_late and answered(status, said, "RedriveExecution") then
        execution.failed = nil
        crash_asked.note_redrive(execution, said.redriveDate)
        if run.asked then
          run.asked.redrives = run.asked.redrives + 1
        end
        if done then
          done(said.redriveDate)
        end
      end
    end)
end

--- An execution that is to be redriven is seen to have ended: false if that is
-- how it stays.
function crash_asked.note_failure(execution, said)
  if not execution.machine.redrives or said.status ~= "FAILED" then
    return false
  end
  execution.failed = true
  return true
end

--- Redrives an execution that is known to have failed.
function crash_asked.redrive_failed(client, run, execution, answered)
  if execution.failed then
    crash_asked.redrive(client, run, execution, answered)
  end
  return execution.failed
end

---------------------------------------------------------------------------
-- Under load
---------------------------------------------------------------------------

--- Does something for executions that wait for somebody; false if none do.
function crash_asked.tend(client, run, answered, problem)
  if run.asked.polls < POLLS and math.random(3) == 1 then
    poll(client, run, answered, problem)
    return true
  end
  local count = #run.executions
  for _ = 1, 8 do
    local execution = run.executions[math.max(1,
      count - math.random(0, RECENT))]
    if execution and execution.arn and
      (care_for(client, run, execution, answered, problem) or
      crash_asked.redrive_failed(client, run, execution, answered)) then
      return true
    end
  end
  return false
end

--- Does all that is to be done, in the end.
function crash_asked.tend_all(client, run, answered, problem)
  while run.asked.polls < POLLS do
    poll(client, run, answered, problem)
  end
  for _, execution in ipairs(run.executions) do
    if execution.arn and client.count < MOST_CALLS then
      care_for(client, run, execution, answered, problem)
    end
  end
end

---------------------------------------------------------------------------
-- In the end
---------------------------------------------------------------------------

local function details(event)
  return event.taskSucceededEventDetails or event.taskFailedEventDetails
    or event.activitySucceededEventDetails
    or event.activityFailedEventDetails or {}
end

--- The history has one answer, and it is one that was given.
local function check_answer(run, execution, problem)
  local found, started = {}, 0 -- how often it was, and has not timed out
  for _, event in ipairs(execution.events) do
    if ANSWERS[event.type] then
      found[#found + 1] = tonumber(details(event).output
        or details(event).cause)
    elseif event.type == "ActivityStarted" then
      started = started + 1
    elseif event.type == "ActivityTimedOut" then
      started = started - 1
    end
  end
  if #found ~= 1 or not (execution.sent or {})[found[1]] then
    problem(run, execution, "has %d answers, the first is %s", #found,
      tostring(found[1]))
  elseif execution.accepted and execution.accepted ~= found[1] then
    problem(run, execution, "answer %d was accepted, and %d is recorded",
      execution.accepted, found[1])
  elseif execution.machine.asks == "activity" and started ~= 1 then
    problem(run, execution, "was handed over %d times", started)
  end
end

local function check_redrives(run, execution, problem)
  local count, dates = 0, {}
  for _, event in ipairs(execution.events) do
    if event.type == "ExecutionRedriven" then
      count = count + 1
      dates[string.format("%.3f", event.timestamp)] = true
    end
  end
  for date in pairs(execution.redriven or {}) do
    if not dates[date] then
      problem(run, execution, "a redrive at %s is not in the history", date)
    end
  end
  if count > (execution.asked_redrives or 0) then
    problem(run, execution, "was redriven %d times", count)
  end
end

--- Compares an execution that has ended, with its whole history.
function crash_asked.check_end(run, execution, problem)
  if execution.machine.asks then
    check_answer(run, execution, problem)
  elseif execution.machine.redrives then
    check_redrives(run, execution, problem)
  end
end

--- What children there are of each execution, by kind: { [parent] = { [kind]
-- = { arn … } } }.
local function children_of(client, run)
  local found, token = {}, nil
  repeat
    local status, page = client:ask("AWSStepFunctions.ListExecutions",
      { stateMachineArn = run.machine_arns.nested, maxResults = 1000,
        nextToken = token })
    if status ~= 200 then
      return nil, status
    end
    for _, row in ipairs(page.executions) do
      local _, child = client:ask("AWSStepFunctions.DescribeExecution",
        { executionArn = row.executionArn })
      local input = cjson.decode(child.input)
      local of = found[input.parent] or {}
      found[input.parent] = of
      of[input.kind] = of[input.kind] or {}
      table.insert(of[input.kind], row.executionArn)
    end
    token = page.nextToken
  until not token
  return found
end

local function check_child(client, run, execution, arns, expected, problem)
  if #arns > 1 then
    problem(run, execution, "has started the same %d times", #arns)
    return
  end
  local status, said = client:ask("Moonstep.WaitForExecution",
    { executionArn = arns[1], timeoutSeconds = 10 })
  if status ~= 200 or said.status ~= expected then
    problem(run, execution, "what it has started is %s, not %s",
      tostring(said.status), expected)
  end
end

--- Everything that tasks have started, they have started once.
function crash_asked.check_children(client, run, problem)
  if not run.machine_arns.nested then
    return
  end
  local found, why = children_of(client, run)
  if not found then
    run.problems[#run.problems + 1] = "children: " .. tostring(why)
    return
  end
  for _, execution in ipairs(run.executions) do
    local machine, of = execution.machine, found[execution.number] or {}
    for kind, expected in pairs(machine.called and machine.called() or {}) do
      if of[kind] then
        check_child(client, run, execution, of[kind], expected, problem)
        of[kind] = nil
      elseif not machine.may_be_cut then
        problem(run, execution, "has not started %s", kind)
      end
    end
    for kind in pairs(of) do
      problem(run, execution, "has started %s", kind)
    end
  end
end

return crash_asked
