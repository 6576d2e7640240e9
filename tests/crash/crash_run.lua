--- The crash suite: a server under load, killed with SIGKILL again and again.
--
--   luajit tests/crash/crash_run.lua --moonstep PROGRAM [--rounds N]
--     [--seed N] [--directory DIR]
--
-- Each round starts the server, drives it with many requests at a time and
-- kills it at a random moment: mostly under load, sometimes while it recovers.
-- Whatever it answered is remembered. In the end it is left alone until every
-- execution has ended, and crash_check.lua compares what it says then with
-- what it promised. Exit status 1 if something was lost or done twice; the
-- data, the log and the ledgers are kept then.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local crash_check = require("crash_check")
local http = require("http")
local machines = require("machines")
local server = require("server")

local IN_FLIGHT = 24
local READY_MS = 20000  -- a server that takes longer is stuck
local JOURNALS = { "64K", "1M", "64M" } -- a small one packs all the time
local FINISH_MS = 60000 -- so are executions that take longer in the end

local function options()
  local given = { rounds = 25, seed = os.time() }
  for i = 1, #arg, 2 do
    given[arg[i]:gsub("^%-%-", "")] = tonumber(arg[i + 1]) or arg[i + 1]
  end
  if not given.moonstep then
    io.stderr:write("--moonstep PROGRAM is missing\n")
    os.exit(2)
  end
  return given
end

local run = options()
math.randomseed(run.seed)

local function command(format, ...)
  local pipe = io.popen(string.format(format, ...))
  local line = pipe:read("*l")
  pipe:close()
  return line
end

run.directory = run.directory or
  command("mktemp -d ${TMPDIR:-/tmp}/crash.XXXXXX")
run.ledgers = run.directory .. "/ledgers"
command("mkdir -p '%s'", run.ledgers)
run.executions = {} -- in the order they were asked for
run.machine_arns = {}
run.problems = {}

local function problem(format, ...)
  run.problems[#run.problems + 1] = string.format(format, ...)
end

local function start_server()
  return server.start({
    program = run.moonstep, data = run.directory .. "/data",
    handlers = here .. "/handlers", log = run.directory .. "/server.log",
    extra = { "--journal-bytes", JOURNALS[math.random(#JOURNALS)] },
  })
end

---------------------------------------------------------------------------
-- What is asked under load. Each notes what has been promised.
---------------------------------------------------------------------------

--- An answer under load: 200; or nil, the connection broke; else a problem.
local function answered(status, answer, what)
  if status == 200 then
    return true
  end
  local kind = type(answer) == "table" and tostring(answer.__type) or ""
  if status and not kind:find("Throttling") then
    problem("%s: %s %s %s", what, status, kind,
      type(answer) == "table" and tostring(answer.message) or answer)
  end
  return false
end

local function start_execution(client)
  local number = #run.executions + 1
  local machine = machines[machines.names[math.random(#machines.names)]]
  local execution = {
    number = number, machine = machine, name = "crash-" .. number,
    input = machine.input(number, run.ledgers),
  }
  run.executions[number] = execution
  crash_check.start(client, run, execution, answered)
end

local function wait_for_execution(client, execution)
  client:call("Moonstep.WaitForExecution", {
    executionArn = execution.arn, timeoutSeconds = 1,
  }, function(status, answer)
    if answered(status, answer, "WaitForExecution") and
      answer.status ~= "RUNNING" then
      crash_check.note_end(run, execution, answer)
    end
  end)
end

local function read_history(client, execution)
  client:call("AWSStepFunctions.GetExecutionHistory", {
    executionArn = execution.arn, maxResults = 1000,
  }, function(status, answer)
    if answered(status, answer, "GetExecutionHistory") then
      crash_check.note_history(run, execution, answer.events)
    end
  end)
end

local function one_request(client)
  local count = #run.executions
  local dice = math.random(10)
  local execution = count > 0 and
    run.executions[math.max(1, count - math.random(0, 40))]
  if dice <= 5 or not execution or not execution.arn then
    start_execution(client)
  elseif dice <= 8 then
    wait_for_execution(client, execution)
  else
    read_history(client, execution)
  end
end

---------------------------------------------------------------------------
-- Rounds
---------------------------------------------------------------------------

local function create_machines(client)
  for _, name in ipairs(machines.names) do
    if not run.machine_arns[name] then
      local status, answer = client:ask("AWSStepFunctions.CreateStateMachine",
        { name = name, definition = machines[name].text,
          roleArn = "arn:aws:iam::000000000000:role/crash" })
      if not answered(status, answer, "CreateStateMachine") then
        return false
      end
      run.machine_arns[name] = answer.stateMachineArn
    end
  end
  return true
end

local function load_until(client, process, until_ms)
  while server.now_ms() < until_ms do
    while client.count < IN_FLIGHT do
      one_request(client)
    end
    client:step(math.max(0, math.floor(until_ms - server.now_ms())))
    if not process:is_running() then
      problem("the server ended by itself, status %d", process.status)
      return
    end
  end
end

local function round()
  local process = start_server()
  if run.machine_arns.locked and math.random(5) == 1 then
    server.pause_ms(math.random(0, 20)) -- while it recovers
    process:kill()
    return
  end
  local url = process:wait_url(READY_MS)
  if not url then
    problem("the server did not start: %s", process:said():sub(-500))
    process:kill()
    return
  end
  local client = http.new(url)
  if create_machines(client) then
    load_until(client, process, server.now_ms() + math.random(30, 500))
  end
  process:kill()
  client:close()
end

for number = 1, run.rounds do
  round()
  if #run.problems > 0 then
    problem("seen in round %d of %d", number, run.rounds)
    break
  end
end

local function last_round()
  local process = start_server()
  local url = process:wait_url(READY_MS)
  if url then
    local client = http.new(url)
    crash_check.run(client, run, server.now_ms() + FINISH_MS, server.now_ms)
    client:close()
  else
    problem("the server did not start: %s", process:said():sub(-500))
  end
  process:stop()
end

local told = crash_check.totals(run)
if #run.problems == 0 then
  last_round()
end

print(string.format("%d kills, %d executions (%d ends, %d histories " ..
  "acknowledged), seed %d: %d problems", run.rounds, #run.executions,
  told.ends, told.histories, run.seed, #run.problems))
for i = 1, math.min(20, #run.problems) do
  print("  " .. run.problems[i])
end
if #run.problems > 0 then
  print("kept: " .. run.directory)
  os.exit(1)
end
command("rm -rf '%s'", run.directory)
