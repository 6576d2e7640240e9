--- The engine under the power-loss suite (powerloss.h).
--
--   luajit powerloss_engine.lua run MOONSTEP DIR EXECUTIONS
--       (recorded) starts a server on DIR and executions on it; each answer
--       becomes a mark, a line of JSON
--   luajit powerloss_engine.lua check MOONSTEP DIR MARKS
--       sees whether DIR is whole, starts a server on it and compares what it
--       says with the marks
--
-- Exit status: 0 every answer still holds, 1 one does not, 2 not checked.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local cjson = require("cjson")
local crash_asked = require("crash_asked")
local crash_check = require("crash_check")
local ffi = require("ffi")
local http = require("http")
local machines = require("machines")
local powerloss_asked = require("powerloss_asked")
local server = require("server")
local store_check = require("store_check")

ffi.cdef("void powerloss_mark(const char *text);")

local KINDS = { "pure", "waiting", "branches", "aborted", "tasks", "stopped",
  "distributed", "nesting", "redriven", "asked", "active",
  "watched", "signalled" }
local MACHINES = { "nested", unpack(KINDS) }
local IN_FLIGHT = 16
local LIMIT_MS = 20000
local ENDS_EVERY = 10 -- images of which all executions are awaited: one in

local mode, program, directory = arg[1], arg[2], arg[3]

local function fail(format, ...)
  io.stderr:write(string.format(format, ...), "\n")
  os.exit(1)
end

local function start_server()
  local extra = powerloss_asked.arguments(directory)
  extra[#extra + 1] = "--journal-bytes"
  extra[#extra + 1] = "64K"
  local process = server.start({
    program = program, data = directory, handlers = here .. "/handlers",
    log = directory .. ".log", extra = extra,
  })
  local url = process:wait_url(LIMIT_MS)
  if not url then
    local said = process:said()
    process:kill()
    fail("the server did not start: %s", said:sub(-500))
  end
  return process, http.new(url), url
end

---------------------------------------------------------------------------
-- run
---------------------------------------------------------------------------

local function mark(what)
  ffi.C.powerloss_mark(cjson.encode(what))
end

local function create_machines(client)
  local arns = {}
  for _, name in ipairs(MACHINES) do
    local status, answer = client:ask("AWSStepFunctions.CreateStateMachine",
      { name = name, definition = machines[name].text,
        roleArn = "arn:aws:iam::000000000000:role/crash" })
    if status ~= 200 then
      fail("CreateStateMachine: %s", tostring(status))
    end
    arns[name] = answer.stateMachineArn
    mark({ kind = "machine", name = name, arn = answer.stateMachineArn })
  end
  return arns
end

local function note_history(client, arn)
  client:call("AWSStepFunctions.GetExecutionHistory",
    { executionArn = arn, maxResults = 1000 }, function(status, answer)
      if status == 200 then
        local events = {}
        for i, event in ipairs(answer.events) do
          events[i] = { id = event.id, type = event.type,
            timestamp = event.timestamp,
            previousEventId = event.previousEventId }
        end
        mark({ kind = "history", arn = arn, events = events })
      end
    end)
end

local function note_end(client, arn, seconds, and_then)
  client:call("Moonstep.WaitForExecution",
    { executionArn = arn, timeoutSeconds = seconds },
    function(status, answer)
      if status == 200 and answer.status ~= "RUNNING" then
        mark({ kind = "end", arn = arn, status = answer.status,
          output = answer.output, error = answer.error,
          stopDate = answer.stopDate })
      elseif and_then then
        and_then()
      end
    end)
end

local function note_stop(client, arn, number)
  client:call("AWSStepFunctions.StopExecution", {
    executionArn = arn, error = machines.stopped.error,
    cause = "power-" .. number,
  }, function(status, answer)
    if status == 200 then
      mark({ kind = "stop", arn = arn, stopDate = answer.stopDate })
      note_history(client, arn)
    end
  end)
end

--- Waits for its end; if it is to be redriven, it is, and so on.
local function redrive_until_done(client, execution)
  client:call("Moonstep.WaitForExecution",
    { executionArn = execution.arn, timeoutSeconds = 5 },
    function(status, answer)
      if status == 200 and answer.status == "FAILED" then
        crash_asked.redrive(client, {}, execution, function(redriven)
          return redriven == 200
        end, function(date)
          mark({ kind = "redrive", arn = execution.arn, date = date })
          redrive_until_done(client, execution)
        end)
      elseif status == 200 and answer.status ~= "RUNNING" then
        note_end(client, execution.arn, 1)
      end
    end)
end

local function start_one(client, arns, number, outside)
  local kind = KINDS[(number - 1) % #KINDS + 1]
  local input = machines[kind].input(number, directory .. ".tokens")
  client:call("AWSStepFunctions.StartExecution", {
    stateMachineArn = arns[kind], name = "power-" .. number,
    input = cjson.encode(input),
  }, function(status, answer)
    if status ~= 200 then
      fail("StartExecution: %s", tostring(status))
    end
    local arn = answer.executionArn
    mark({ kind = "start", arn = arn, machine = kind, number = number,
      startDate = answer.startDate })
    outside:care({ arn = arn, number = number, machine = machines[kind],
      path = input.path })
    note_history(client, arn)
    if machines[kind].is_stopped then
      note_end(client, arn, 1, function()
        note_stop(client, arn, number)
      end)
    elseif machines[kind].redrives then
      redrive_until_done(client, { arn = arn })
    else
      note_end(client, arn, 5)
    end
  end)
end

local function run(count)
  os.execute(string.format("mkdir -p '%s.tokens'", directory))
  local process, client, url = start_server()
  local arns = create_machines(client)
  local outside = powerloss_asked.new(url, mark)
  local function step()
    client:step(5)
    outside:step()
  end
  outside:begin()
  outside:schedule(arns.pure)
  for number = 1, count do
    start_one(client, arns, number, outside)
    while client.count >= IN_FLIGHT do
      step()
    end
  end
  while client.count > 0 do
    step()
  end
  outside:finish()
  process:stop()
end

---------------------------------------------------------------------------
-- check
---------------------------------------------------------------------------

local function read_marks(path)
  local read = { problems = {}, executions = {}, by_arn = {},
    machine_arns = {}, count = 0 }
  powerloss_asked.begin(read)
  for line in io.lines(path) do
    local told = cjson.decode(line)
    read.count = read.count + 1
    if told.kind == "machine" then
      read.machine_arns[told.name] = told.arn
    elseif told.kind == "start" then
      local execution = { arn = told.arn, machine = machines[told.machine],
        name = "power-" .. told.number, number = told.number, input = {} }
      execution.asked_redrives = execution.machine.redrives and
        execution.machine.redrives(told.number)
      crash_check.note_start(read, execution, told.startDate)
      read.executions[#read.executions + 1] = execution
      read.by_arn[told.arn] = execution
    elseif told.kind == "end" then
      crash_check.note_end(read, read.by_arn[told.arn], told)
    elseif told.kind == "stop" then
      crash_check.note_stop(read, read.by_arn[told.arn], told.stopDate)
    elseif told.kind == "redrive" then
      crash_asked.note_redrive(read.by_arn[told.arn], told.date)
    elseif told.kind == "history" then
      crash_check.note_history(read, read.by_arn[told.arn], told.events)
    end
    powerloss_asked.note(read, told, read.by_arn[told.arn],
      crash_check.problem)
  end
  return read
end

local function lost(read, what, name, status, answer)
  read.problems[#read.problems + 1] = string.format("%s of %s: %s %s", what,
    name, tostring(status),
    type(answer) == "table" and tostring(answer.__type) or tostring(answer))
end

local function check_execution(client, read, execution)
  local question = { executionArn = execution.arn, maxResults = 1000 }
  client:call("AWSStepFunctions.DescribeExecution",
    { executionArn = execution.arn }, function(status, answer)
      if status ~= 200 then
        lost(read, "DescribeExecution", execution.name, status, answer)
        return
      end
      crash_check.note_start(read, execution, answer.startDate)
      if execution.ended then
        crash_check.note_end(read, execution, answer)
      end
      if execution.stop_date then
        crash_check.note_stop(read, execution, answer.stopDate or 0)
      end
    end)
  client:call("AWSStepFunctions.GetExecutionHistory", question,
    function(status, answer)
      if status ~= 200 then
        lost(read, "GetExecutionHistory", execution.name, status, answer)
        return
      end
      execution.complete = true
      crash_check.note_history(read, execution, answer.events)
      if execution.machine.asks then
        powerloss_asked.check_history(read, execution, crash_check.problem)
      else
        crash_asked.check_end(read, execution, crash_check.problem)
      end
    end)
end

--- What was found must also be able to go on.
local function check_going_on(client, read)
  local arn = read.machine_arns.pure
  if not arn then
    return
  end
  local status, answer = client:ask("AWSStepFunctions.StartExecution",
    { stateMachineArn = arn, name = "after-power-loss",
      input = '{"number":1,"odd":true}' })
  if status == 200 then
    status, answer = client:ask("Moonstep.WaitForExecution",
      { executionArn = answer.executionArn, timeoutSeconds = 10 })
  end
  if status ~= 200 or answer.status ~= "SUCCEEDED" then
    lost(read, "a new execution", "pure", status, answer)
  end
end

local function check(marks)
  local read = read_marks(marks)
  local why = store_check.problem(program, directory)
  if why then
    fail("%s", why)
  end
  local process, client = start_server()
  for _, execution in ipairs(read.executions) do
    check_execution(client, read, execution)
    while client.count >= IN_FLIGHT do
      client:step(1000)
    end
  end
  while client.count > 0 do
    client:step(1000)
  end
  powerloss_asked.check(client, read, lost)
  check_going_on(client, read)
  if read.count % ENDS_EVERY == 0 then
    powerloss_asked.let_go_on(client, read, lost, crash_check.problem)
    crash_check.let_end(client, read, server.now_ms() + LIMIT_MS,
      server.now_ms)
    powerloss_asked.check_slots(client, read, lost)
  end
  process:kill()
  for _, problem in ipairs(read.problems) do
    io.stderr:write(problem, "\n")
  end
  os.exit(#read.problems == 0 and 0 or 1)
end

if mode == "run" then
  run(tonumber(arg[4]))
elseif mode == "check" then
  check(arg[4])
else
  os.exit(2)
end
