--- What the power-loss suite promises to those outside: who answers tasks by
-- their tokens, polls activities, sends signals, makes schedules and is
-- notified. The executions are those of asking.lua, and "signalled" here.
--
--     local outside = powerloss_asked.new(url, mark) -- while it is recorded
--     outside:begin()
--     outside:schedule(arn)
--     outside:care(execution)
--     outside:step() -- again and again
--     outside:finish()
--
--     powerloss_asked.begin(read) -- of an image
--     powerloss_asked.note(read, told, execution, problem) -- each mark
--     powerloss_asked.check(client, read, lost)
--     powerloss_asked.let_go_on(client, read, lost, problem) -- of some, and
--     powerloss_asked.check_slots(client, read, lost) -- that all has ended
--
-- Promises: what was acknowledged is there after the cut: an answer, as the
-- history has it; a task that was handed out and then answered is not handed
-- out again; a signal is taken, once and in order; a slot of a schedule starts
-- one execution, which stays; each start and end is on the way to the target
-- of notifications, which is never there.

local asking = require("asking")
local cjson = require("cjson")
local crash_asked = require("crash_asked")
local http = require("http")
local machines = require("machines")
local server = require("server")

local powerloss_asked = {}

local POLLS = 2
local SLOTS, SLOTS_A_SECOND = 16, 4
local LISTED_EVERY_MS = 300
local LIMIT_MS = 20000
local BASE = 1e6 -- answers of the check have higher numbers

local function gate(next_state)
  return { Type = "Task", Next = next_state,
    Resource = "arn:aws:states:::moonstep:waitForSignal",
    Parameters = { Name = "go" }, ResultPath = "$." .. next_state }
end

--- Two states that wait for signals of one name.
machines.signalled = {
  name = "signalled",
  is_signalled = true,
  definition = { StartAt = "A", States = { A = gate("first"),
    first = gate("second"), second = { Type = "Pass", End = true } } },
  input = function(number)
    return { number = number }
  end,
  events = function()
    local list = { "ExecutionStarted" }
    for _, name in ipairs({ "A", "first" }) do
      list[#list + 1] = "TaskStateEntered " .. name
      list[#list + 1] = "TaskScheduled"
      list[#list + 1] = "TaskStarted"
      list[#list + 1] = "TaskSucceeded"
      list[#list + 1] = "TaskStateExited " .. name
    end
    list[#list + 1] = "PassStateEntered second"
    list[#list + 1] = "PassStateExited second"
    list[#list + 1] = "ExecutionSucceeded"
    return list
  end,
  output = function(number)
    return { number = number, first = { 1, number }, second = { 2, number } }
  end,
}
machines.signalled.text = cjson.encode(machines.signalled.definition)

--- The server's arguments: notifications to where nobody listens.
function powerloss_asked.arguments(directory)
  local path = directory .. ".notifications"
  os.remove(path)
  local file = assert(io.open(path, "w"))
  file:write(cjson.encode({ Targets = { { Id = "nobody",
    HttpEndpoint = { Url = "http://127.0.0.1:9/" },
    RetryPolicy = { IntervalSeconds = 5 } } } }))
  file:close()
  os.execute(string.format("chmod 600 '%s'", path))
  return { "--notifications", path }
end

---------------------------------------------------------------------------
-- While it is recorded
---------------------------------------------------------------------------

local outside = {}
outside.__index = outside

--- `mark` is told what was acknowledged.
function powerloss_asked.new(url, mark)
  return setmetatable({ client = http.new(url), mark = mark, open = {},
    by_number = {}, early = {}, polls = 0, listed_ms = 0, seen = {} },
    outside)
end

--- Makes the activity.
function outside:begin()
  local status = self.client:ask("AWSStepFunctions.CreateActivity",
    { name = asking.activity_name })
  assert(status == 200, "CreateActivity")
  self.mark({ kind = "activity" })
end

function outside:schedule(arn)
  local begin = os.time() + 2
  self.scheduled = arn
  self.until_s = begin + SLOTS / SLOTS_A_SECOND
  for i = 1, SLOTS do
    local time = begin + math.floor((i - 1) / SLOTS_A_SECOND)
    local name = "slot" .. i
    self.client:call("Scheduler.CreateSchedule", {
      Name = name, FlexibleTimeWindow = { Mode = "OFF" },
      ScheduleExpression = os.date("!at(%Y-%m-%dT%H:%M:%S)", time),
      ActionAfterCompletion = "DELETE",
      Target = {
        Arn = "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
        RoleArn = "arn:aws:iam::000000000000:role/r",
        Input = cjson.encode({ StateMachineArn = arn,
          Input = '{"number":2,"odd":false}',
          Name = name .. "-<aws.scheduler.execution-id>" }),
      },
    }, function(status)
      assert(status == 200, "CreateSchedule")
      self.mark({ kind = "slot", name = name })
    end)
  end
end

--- Answers; `again`: as somebody else does at the same time.
local function answer(self, execution, again)
  local number = execution.number * 10 + (again and 1 or 0)
  local is_refused = asking.is_refused(execution.number)
  self.client:call("AWSStepFunctions.SendTask"
    .. (is_refused and "Failure" or "Success"), {
      taskToken = execution.token,
      output = not is_refused and tostring(number) or nil,
      error = is_refused and asking.REFUSED or nil,
      cause = is_refused and tostring(number) or nil,
    }, function(status)
      if status == 200 then
        self.mark({ kind = "answer", arn = execution.arn, answer = number })
      end
    end)
end

--- Every other worker dies with its first task, if that is watched.
local function dies(execution)
  local is_first = not execution.was_handed
  execution.was_handed = true
  return execution.machine.is_watched and execution.number % 2 == 0 and
    is_first
end

local function answer_all(self, execution, token)
  if dies(execution) then
    return
  end
  execution.token = token
  self.open[execution.number] = nil
  answer(self, execution)
  if execution.number % 3 == 0 then
    answer(self, execution, true)
  end
end

local function signal(self, execution, count)
  self.client:call("Moonstep.SendSignal", { executionArn = execution.arn,
    name = "go", id = "signal-" .. count,
    payload = cjson.encode({ count, execution.number }) },
    function(status)
      if status == 200 then
        self.mark({ kind = "signal", arn = execution.arn, count = count })
        if count == 1 then
          signal(self, execution, 2)
        end
      end
    end)
end

--- An execution was started that waits for somebody.
function outside:care(execution)
  local machine = execution.machine
  self.by_number[execution.number] = execution
  if machine.asks then
    self.open[execution.number] = execution
  elseif machine.is_signalled then
    signal(self, execution, 1)
  end
  local token = self.early[execution.number]
  if token then
    answer_all(self, execution, token)
  end
end

--- Whose task it is may not be known yet: its start has not been answered.
local function note_token(self, number, token)
  local execution = self.by_number[number]
  self.mark({ kind = "token", number = number, token = token })
  if execution then
    answer_all(self, execution, token)
  else
    self.early[number] = token
  end
end

local function poll(self)
  self.polls = self.polls + 1
  self.client:call("AWSStepFunctions.GetActivityTask",
    { activityArn = asking.activity, workerName = "power" },
    function(status, said)
      self.polls = self.polls - 1
      if status == 200 and type(said.taskToken) == "string" then
        note_token(self, cjson.decode(said.input).number, said.taskToken)
      end
    end)
end

--- Executions that schedules have started.
local function list(self)
  self.client:call("AWSStepFunctions.ListExecutions",
    { stateMachineArn = self.scheduled, maxResults = 1000 },
    function(status, said)
      for _, row in ipairs(status == 200 and said.executions or {}) do
        if row.name:find("^slot") and not self.seen[row.name] then
          self.seen[row.name] = true
          self.mark({ kind = "fired", arn = row.executionArn })
        end
      end
    end)
end

function outside:step()
  for _, execution in pairs(self.open) do
    local file = execution.machine.asks == "file" and
      io.open(execution.path, "rb")
    local token = file and file:read("*a"):match("^([^\n]+)\n")
    if file then
      file:close()
    end
    if token then
      note_token(self, execution.number, token)
    end
  end
  while self.polls < POLLS do
    poll(self)
  end
  if self.scheduled and server.now_ms() > self.listed_ms then
    self.listed_ms = server.now_ms() + LISTED_EVERY_MS
    list(self)
  end
  self.client:step(5)
end

--- Until every schedule has fired and every task is answered.
function outside:finish()
  local limit = server.now_ms() + LIMIT_MS
  while (next(self.open) or os.time() <= self.until_s or
    self.client.count > self.polls) and server.now_ms() < limit do
    self:step()
  end
  assert(not next(self.open), "a task was never handed out")
  self.client:close()
end

---------------------------------------------------------------------------
-- Of an image
---------------------------------------------------------------------------

function powerloss_asked.begin(read)
  crash_asked.begin(read)
  read.asked.sent = BASE
  read.by_number, read.tokens, read.slots, read.fired = {}, {}, {}, {}
  read.starts, read.ends = 0, 0
end

--- A token that a worker has got, perhaps before the start was acknowledged.
local function note_told_token(read, number, token)
  local execution = read.by_number[number]
  read.tokens[number] = token
  if execution then
    execution.tokens = execution.tokens or {}
    execution.tokens[token] = true
    execution.token = token
  end
end

local function note_execution(read, told, execution, problem)
  if told.kind == "answer" then
    execution.is_known = true
    crash_asked.note_answer(read, execution, told.answer, problem)
  elseif told.kind == "signal" then
    execution.signals = told.count
  elseif told.kind == "start" then
    read.starts = read.starts + 1
    read.by_number[execution.number] = execution
    execution.sent = { [execution.number * 10] = true,
      [execution.number * 10 + 1] = true }
    if read.tokens[execution.number] then
      note_told_token(read, execution.number, read.tokens[execution.number])
    end
  elseif told.kind == "end" then
    read.ends = read.ends + 1
  end
end

function powerloss_asked.note(read, told, execution, problem)
  if told.kind == "activity" then
    read.has_activity = true
  elseif told.kind == "slot" then
    read.slots[told.name] = true
  elseif told.kind == "token" then
    note_told_token(read, told.number, told.token)
  elseif told.kind == "fired" then
    read.fired[told.arn] = true
  elseif execution then
    note_execution(read, told, execution, problem)
  end
end

--- The whole history of one was read: the answer that was acknowledged is in
-- it, and the token that was handed on.
function powerloss_asked.check_history(read, execution, problem)
  if execution.accepted then
    crash_asked.check_end(read, execution, problem)
  end
  for _, event in ipairs(execution.events) do
    execution.is_known = execution.is_known
      or event.type == "ActivityStarted"
    local details = event.taskScheduledEventDetails
    if details and execution.machine.asks == "file" then
      local token = cjson.decode(details.parameters).token
      execution.token = execution.token or token
      if execution.token ~= token then
        problem(read, execution, "its task has another token")
      end
    end
  end
end

--- How many executions each slot has started.
local function counts(client, read, lost)
  local found, listed = {}, {}
  local status, said = client:ask("AWSStepFunctions.ListExecutions",
    { stateMachineArn = read.machine_arns.pure, maxResults = 1000 })
  if status ~= 200 then
    lost(read, "ListExecutions", "pure", status, said)
    return found
  end
  for _, row in ipairs(said.executions) do
    local name = row.name:match("^(slot%d+)%-")
    listed[row.executionArn] = true
    if name then
      found[name] = (found[name] or 0) + 1
      if found[name] > 1 then
        lost(read, "a second execution", name, 200, row.name)
      end
    end
  end
  for arn in pairs(read.fired) do
    if not listed[arn] then
      lost(read, "the execution", arn, 200, "is not listed")
    end
  end
  return found
end

--- What is told of every start and every end is delivered, or waits.
local function check_notifications(client, read, lost)
  local status, said = client:ask("Moonstep.ListNotificationTargets",
    cjson.decode("{}"))
  local target = status == 200 and said.targets[1]
  local count = target and target.backlog + target.deadLetters or 0
  if count < read.starts + read.ends then
    lost(read, "notifications", tostring(count), status,
      string.format("of %d starts and %d ends", read.starts, read.ends))
  end
end

function powerloss_asked.check(client, read, lost)
  check_notifications(client, read, lost)
  if read.machine_arns.pure then
    counts(client, read, lost)
  end
  if read.has_activity then
    local status, said = client:ask("AWSStepFunctions.DescribeActivity",
      { activityArn = asking.activity })
    if status ~= 200 then
      lost(read, "DescribeActivity", asking.activity_name, status, said)
    end
  end
end

--- Signals that nobody has confirmed are sent again: their ids make them once.
local function send_signals(client, read, lost)
  for _, execution in ipairs(read.executions) do
    local from = execution.machine.is_signalled and
      (execution.signals or 0) + 1 or 3
    for count = from, 2 do
      local status, said = client:ask("Moonstep.SendSignal", {
        executionArn = execution.arn, name = "go", id = "signal-" .. count,
        payload = cjson.encode({ count, execution.number }) })
      if status ~= 200 and
        not tostring(said.__type):find("ExecutionNotRunning") then
        lost(read, "SendSignal", execution.name, status, said)
      end
    end
  end
end

--- Tasks of which no token was known when the history was read.
local function await_tokens(client, read, lost, problem)
  local limit = server.now_ms() + LIMIT_MS
  for _, execution in ipairs(read.executions) do
    while execution.machine.asks == "file" and not execution.token do
      local status, said = client:ask("AWSStepFunctions.GetExecutionHistory",
        { executionArn = execution.arn })
      if status ~= 200 or server.now_ms() > limit then
        lost(read, "the token", execution.name, status, said)
        return
      end
      execution.events = said.events
      powerloss_asked.check_history(read, execution, problem)
      server.pause_ms(execution.token and 0 or 5)
    end
  end
end

--- A task that was handed over when the power went, before we saw the token,
-- is with a worker that we know nothing of. Nobody else gets it, and as nothing
-- limits its time, it waits until the execution is stopped. There are no more
-- of them than there were polls.
local function stop_orphans(client, read, lost)
  local count = 0
  for _, execution in ipairs(read.executions) do
    local machine = execution.machine
    if machine.asks == "activity" and not machine.is_watched and
      execution.is_known and not execution.token and not execution.ended then
      local status, said = client:ask("AWSStepFunctions.DescribeExecution",
        { executionArn = execution.arn })
      count = count + 1
      if count > POLLS then
        lost(read, "the hand-over", execution.name, status, "to nobody")
      end
      if status ~= 200 or said.status ~= "RUNNING" then
        lost(read, "the wait", execution.name, status, said)
      end
      status, said = client:ask("AWSStepFunctions.StopExecution",
        { executionArn = execution.arn })
      if status ~= 200 then
        lost(read, "StopExecution", execution.name, status, said)
      end
      execution.arn = nil -- nothing more is expected of it
    end
  end
end

--- Before all are awaited: what they wait for.
function powerloss_asked.let_go_on(client, read, lost, problem)
  if not read.has_activity then
    client:ask("AWSStepFunctions.CreateActivity",
      { name = asking.activity_name })
  end
  stop_orphans(client, read, lost)
  send_signals(client, read, lost)
  await_tokens(client, read, lost, problem)
end

--- Every slot that was made has come up once, now that its time is over.
function powerloss_asked.check_slots(client, read, lost)
  local limit, status, said = server.now_ms() + LIMIT_MS
  repeat
    status, said = client:ask("Scheduler.ListSchedules", { MaxResults = 1 })
    if status ~= 200 or server.now_ms() > limit then
      lost(read, "ListSchedules", "slots", status, said)
      return
    end
    server.pause_ms(#said.Schedules == 0 and 0 or 20)
  until #said.Schedules == 0
  local found = read.machine_arns.pure and counts(client, read, lost) or {}
  for name in pairs(read.slots) do
    if found[name] ~= 1 then
      lost(read, "the execution", name, status, "was not started")
    end
  end
end

return powerloss_asked
