--- What the crash suite does to a server: many requests at a time, of which it
-- remembers what they were told (crash_check.lua).
--
--     local run = crash_load.new(arg)     -- options, see the programs
--     crash_load.create_machines(run, client)
--     crash_load.until_ms(run, client, process, when)
--     crash_load.finish(run, server_options, what)

local asking = require("asking")
local crash_asked = require("crash_asked")
local crash_check = require("crash_check")
local crash_paused = require("crash_paused")
local http = require("http")
local machines = require("machines")
local server = require("server")
local store_check = require("store_check")

local IN_FLIGHT = 24
local MOST_REFUSED = 30
local READY_MS = 20000  -- a server that takes longer is stuck
local FINISH_MS = 60000 -- so are executions that take longer in the end
local LEAVE_MS = 2000   -- by then all connections of one that died are broken
local SWEEP_MS = 20000  -- by then the store has nothing more of them
local JOURNALS = { "64K", "1M", "64M" } -- a small one packs all the time

local crash_load = {}

--- First line of what a shell command says.
function crash_load.command(format, ...)
  local pipe = io.popen(string.format(format, ...))
  local line = pipe:read("*l")
  pipe:close()
  return line
end

--- A run with the options of the command line (`--name value` …) over
-- `defaults`. It has a directory of its own.
function crash_load.new(arguments, defaults)
  local run = { seed = os.time() }
  for name, value in pairs(defaults) do
    run[name] = value
  end
  for i = 1, #arguments, 2 do
    run[arguments[i]:gsub("^%-%-", "")] = tonumber(arguments[i + 1])
      or arguments[i + 1]
  end
  if not run.moonstep then
    io.stderr:write("--moonstep PROGRAM is missing\n")
    os.exit(2)
  end
  math.randomseed(run.seed)
  run.directory = run.directory or
    crash_load.command("realpath \"$(mktemp -d ${TMPDIR:-/tmp}/crash.XXXXXX)\"")
  run.ledgers = run.directory .. "/ledgers"
  crash_load.command("mkdir -p '%s'", run.ledgers)
  run.executions = {} -- in the order they were asked for
  run.machine_arns = {}
  run.refused = 0     -- starts, for want of room
  run.problems = {}
  return run
end

--- Notes that something is wrong.
function crash_load.problem(run, format, ...)
  run.problems[#run.problems + 1] = string.format(format, ...)
end

--- A server on the run's data. `handlers` is the directory of theirs.
function crash_load.start_server(run, handlers, environment)
  crash_asked.begin(run)
  return server.start({
    program = run.moonstep, data = run.directory .. "/data",
    handlers = handlers, log = run.directory .. "/server.log",
    environment = environment,
    extra = { "--journal-bytes", JOURNALS[math.random(#JOURNALS)] },
  })
end

--- The server has ended: hears what it has said before, and closes.
function crash_load.leave(client)
  local until_ms = server.now_ms() + LEAVE_MS
  while client.count > 0 and server.now_ms() < until_ms do
    client:step(50)
  end
  client:close()
end

--- Waits until the server listens; without an URL that is a problem.
function crash_load.wait_url(run, process)
  local url = process:wait_url(READY_MS)
  if not url then
    crash_load.problem(run, "the server did not start: %s",
      process:said():sub(-500))
  end
  return url
end

--- Whatever has happened, and also while a server runs, the store is whole.
function crash_load.check_store(run)
  local why = store_check.problem(run.moonstep, run.directory .. "/data")
  if why then
    crash_load.problem(run, "%s", why)
  end
end

---------------------------------------------------------------------------
-- What is asked under load. Each notes what has been promised.
---------------------------------------------------------------------------

local function is_throttled(answer)
  return type(answer) == "table" and
    tostring(answer.__type):find("Throttling") ~= nil
end

-- For callbacks: true for 200. A broken connection is none, a refusal for
-- want of room is fine, so is that of a server that stops by itself if it may
-- (run.may_stop). Anything else is a problem.
local function answered(run)
  return function(status, answer, what)
    if status == 200 then
      return true
    end
    if status and not is_throttled(answer) and
      not (status == 503 and run.may_stop) then
      local is_table = type(answer) == "table"
      crash_load.problem(run, "%s: %s %s %s", what, status,
        is_table and tostring(answer.__type) or "",
        is_table and tostring(answer.message) or answer)
    end
    return false
  end
end

--- Starts a new execution of some machine, which is returned; it is `refused`
-- if the answer said so.
function crash_load.start_execution(run, client)
  local number = #run.executions + 1
  local machine = machines.any()
  local execution = {
    number = number, machine = machine, name = "crash-" .. number,
    input = machine.input(number, run.ledgers),
  }
  local check = answered(run)
  run.executions[number] = execution
  crash_check.start(client, run, execution, function(status, answer, what)
    if status and is_throttled(answer) then
      execution.refused = true
      run.refused = run.refused + 1
    end
    return check(status, answer, what)
  end)
  return execution
end

local function wait_for_execution(run, client, execution)
  client:call("Moonstep.WaitForExecution", {
    executionArn = execution.arn, timeoutSeconds = 1,
  }, function(status, answer)
    if answered(run)(status, answer, "WaitForExecution") and
      answer.status ~= "RUNNING" and
      not crash_asked.note_failure(execution, answer) then
      crash_check.note_end(run, execution, answer)
    end
  end)
end

--- Reads a history; `done`, if given, gets the HTTP status.
function crash_load.read_history(run, client, execution, done)
  client:call("AWSStepFunctions.GetExecutionHistory", {
    executionArn = execution.arn, maxResults = 1000,
  }, function(status, answer)
    if answered(run)(status, answer, "GetExecutionHistory") then
      crash_check.note_history(run, execution, answer.events)
    end
    if done then
      done(status)
    end
  end)
end

local function one_request(run, client)
  local count = #run.executions
  local dice = math.random(14)
  local execution = count > 0 and
    run.executions[math.max(1, count - math.random(0, 40))]
  if dice == 14 and execution and crash_paused.touch(client, run, execution,
    answered(run), crash_check.problem) then
    return
  elseif dice > 10 and run.machine_arns.active and
    crash_asked.tend(client, run, answered(run), crash_check.problem) then
    return
  elseif dice <= 5 or not execution or not execution.arn then
    crash_load.start_execution(run, client)
  elseif dice == 6 and execution.machine.is_stopped then
    crash_check.stop(client, run, execution, answered(run))
  elseif dice <= 8 then
    wait_for_execution(run, client, execution)
  else
    crash_load.read_history(run, client, execution)
  end
end

local function create_activity(run, client)
  local status, answer = client:ask("AWSStepFunctions.CreateActivity",
    { name = asking.activity_name })
  return answered(run)(status, answer, "CreateActivity")
end

--- Creates the state machines that are not there yet, and the activity; false
-- if it can't.
function crash_load.create_machines(run, client)
  if not run.machine_arns.active and not create_activity(run, client) then
    return false
  end
  for _, name in ipairs(machines.names) do
    if not run.machine_arns[name] then
      local status, answer = client:ask("AWSStepFunctions.CreateStateMachine",
        { name = name, definition = machines[name].text,
          roleArn = "arn:aws:iam::000000000000:role/crash" })
      if not answered(run)(status, answer, "CreateStateMachine") then
        return false
      end
      run.machine_arns[name] = answer.stateMachineArn
    end
  end
  return true
end

--- Load until a moment, or until `enough()`. False if the server has ended.
-- Where starts are refused, the load is lighter.
function crash_load.until_ms(run, client, process, until_ms, enough)
  local pause = enough and 10 or 1000
  local refused = run.refused + MOST_REFUSED
  while server.now_ms() < until_ms and not (enough and enough()) do
    while client.count < IN_FLIGHT and run.refused < refused do
      one_request(run, client)
    end
    client:step(math.max(0, math.min(pause,
      math.floor(until_ms - server.now_ms()))))
    if not process:is_running() then
      return false
    end
  end
  return true
end

---------------------------------------------------------------------------
-- In the end
---------------------------------------------------------------------------

--- Nothing runs: rows of frames, timers, checkpoints and results must go.
local function check_leftovers(run)
  local program = run.leftovers or
    run.moonstep:gsub("[^/]+$", "") .. "leftovers"
  local until_ms = server.now_ms() + SWEEP_MS
  local row
  repeat
    row = crash_load.command("'%s' '%s/data' 2>&1", program, run.directory)
    if not row then
      return
    end
    server.pause_ms(200)
  until server.now_ms() > until_ms
  crash_load.problem(run, "left in the store: %s", row)
end

--- A last server ends what was begun, all is compared, problems are printed,
-- and the process ends. `what` says what the run did.
function crash_load.finish(run, handlers, what)
  local told = crash_check.totals(run)
  if #run.problems == 0 then
    local process = crash_load.start_server(run, handlers)
    local url = crash_load.wait_url(run, process)
    if url then
      local client = http.new(url)
      crash_check.run(client, run, server.now_ms() + FINISH_MS,
        server.now_ms)
      client:close()
      check_leftovers(run)
    end
    process:stop()
    crash_load.check_store(run)
  end
  print(string.format("%s, %d executions (%d ends, %d stops, %d " ..
    "histories, %d answers, %d pauses and %d redrives acknowledged, %d " ..
    "tasks handed out, %d refused), seed %d: %d problems", what,
    #run.executions, told.ends, told.stops, told.histories,
    run.asked.answers, run.pauses or 0, run.asked.redrives,
    run.asked.handed, run.refused, run.seed, #run.problems))
  for i = 1, math.min(20, #run.problems) do
    print("  " .. run.problems[i])
  end
  if #run.problems > 0 then
    print("kept: " .. run.directory)
    os.exit(1)
  end
  crash_load.command("rm -rf '%s'", run.directory)
end

return crash_load
