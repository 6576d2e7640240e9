--- Write errors and a full disk: a server under load whose writes fail.
--
--   luajit tests/crash/fault_run.lua --moonstep PROGRAM --library FILE
--     [--rounds N] [--seed N] [--directory DIR]
--     [--leftovers PROGRAM]
--
-- FILE is libwrite_faults.so, which is preloaded (write_faults.h). Each round
-- starts the server and lets writes fail at a random moment under load, or
-- from the start on:
--
-- An I/O error of one write or flush: the server must stop by itself, at once
-- and saying why, although the next write would succeed.
--
-- A disk that is full for a while: new work is refused (executions and state
-- machines), what has ended can still be read, and when there is room again the
-- same server goes on. Some are killed while the disk is full, and started
-- again before there is room.
--
-- After each round `moonstep check` must find the store whole. In the end
-- crash_check.lua compares, as in crash_run.lua: nothing that was acknowledged
-- is lost, and nothing that was refused has been started.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local crash_load = require("crash_load")
local http = require("http")
local machines = require("machines")
local server = require("server")
local write_faults = require("write_faults")

local HANDLERS = here .. "/handlers"
local EXIT_ENGINE = 3 * 256 -- exit status 3, as waitpid() tells it
local HIT_MS = 3000     -- so long there is load while no write has failed
local STOP_MS = 5000    -- by then a server has stopped
local ANSWER_MS = 10000 -- by then it has answered, or noticed a change
local ROOM = 512 * 1024 -- at most so much room is left on a full disk

local run = crash_load.new(arg, { rounds = 20, may_stop = true })
local faults = write_faults.new(run.library, run.directory .. "/data",
  run.directory .. "/plan")
local counts = { stopped = 0, full = 0, killed = 0 }

local function problem(...)
  crash_load.problem(run, ...)
end

local function start_server()
  return crash_load.start_server(run, HANDLERS, faults.environment)
end

--- Waits for something; false, and a problem, if it does not happen.
local function wait_for(limit_ms, what, happens)
  local until_ms = server.now_ms() + limit_ms
  while not happens() do
    if server.now_ms() > until_ms then
      problem("%s", what)
      return false
    end
    server.pause_ms(2)
  end
  return true
end

-- How often the server has said something since it was started.
local function said_count(process, text)
  return select(2, process:said():gsub(text, ""))
end

---------------------------------------------------------------------------
-- I/O errors
---------------------------------------------------------------------------

--- A write has failed or will soon: the server ends by itself.
local function expect_stop(process)
  local what = "goes on after an I/O error of " .. faults:file()
  if not wait_for(STOP_MS, what, function()
    return not process:is_running()
  end) then
    return
  end
  counts.stopped = counts.stopped + 1
  if process.status ~= EXIT_ENGINE then
    problem("after an I/O error it ended with status %d", process.status)
  elseif not process:said():find("nput/output error") then
    problem("it did not say why it stopped: %s", process:said():sub(-300))
  end
end

local function set_error()
  faults:set(math.random(2) == 1 and "write" or "sync",
    { after = math.random(30) })
end

local function error_at_start()
  set_error()
  local process = start_server()
  local url = process:wait_url(ANSWER_MS)
  local client = url and http.new(url)
  if client then
    crash_load.until_ms(run, client, process, server.now_ms() + HIT_MS,
      function() return faults:hits() > 0 end)
  end
  if faults:hits() > 0 then
    expect_stop(process)
  elseif not process:is_running() then
    problem("ended without a fault: %s", process:said():sub(-300))
  end
  return process, client
end

local function error_under_load(process, client)
  set_error()
  crash_load.until_ms(run, client, process, server.now_ms() + HIT_MS,
    function() return faults:hits() > 0 end)
  if faults:hits() > 0 then
    expect_stop(process)
  end
end

---------------------------------------------------------------------------
-- No room
---------------------------------------------------------------------------

local function set_full()
  if math.random(2) == 1 then
    faults:set("no_room")
  else
    local used = crash_load.command(
      "cat '%s'/data/* 2>/dev/null | wc -c", run.directory)
    faults:set("room", { room = tonumber(used) + math.random(0, ROOM) })
  end
end

--- Asks for a start until the answer is `wanted`: refused, or not.
local function expect_starts(client, wanted, what)
  local until_ms = server.now_ms() + ANSWER_MS
  local execution
  repeat
    execution = crash_load.start_execution(run, client)
    while not execution.refused and not execution.arn and
      server.now_ms() < until_ms do
      client:step(20)
    end
    if wanted and execution.refused or not wanted and execution.arn then
      return true
    end
    server.pause_ms(10)
  until server.now_ms() > until_ms
  problem("%s", what)
  return false
end

local asked = 0 -- for state machines

--- No state machine can be made.
local function expect_no_machines(client)
  local until_ms = server.now_ms() + ANSWER_MS
  repeat
    local refused, answered
    asked = asked + 1
    client:call("AWSStepFunctions.CreateStateMachine", {
      name = "asked-" .. asked, definition = machines.pure.text,
      roleArn = "arn:aws:iam::000000000000:role/crash",
    }, function(status, answer)
      answered = true
      refused = status == 400 and
        tostring(answer.__type):find("ThrottlingException")
    end)
    while not answered and server.now_ms() < until_ms do
      client:step(20)
    end
    if refused then
      return
    end
    server.pause_ms(10)
  until server.now_ms() > until_ms
  problem("a full disk, and CreateStateMachine is not refused")
end

--- What had ended before can be read.
local function expect_history(client)
  for i = #run.executions, 1, -1 do
    local execution = run.executions[i]
    if execution.ended then
      local status
      crash_load.read_history(run, client, execution, function(got)
        status = got or "broken"
      end)
      local until_ms = server.now_ms() + ANSWER_MS
      while not status and server.now_ms() < until_ms do
        client:step(20)
      end
      if status ~= 200 then
        problem("%s can't be read while the disk is full: %s",
          execution.name, tostring(status))
      end
      return
    end
  end
end

--- The disk is full from now on; true if the server noticed.
local function fill_up(process, client)
  local before = said_count(process, "no room, refusing")
  set_full()
  if not crash_load.until_ms(run, client, process,
    server.now_ms() + HIT_MS, function()
      return said_count(process, "no room, refusing") > before
    end) then
    problem("a full disk ended it: %s", process:said():sub(-300))
    return false
  end
  return said_count(process, "no room, refusing") > before
end

--- There is room again, and the same server goes on.
local function expect_room(process, client, before)
  faults:set("none")
  return wait_for(ANSWER_MS, "does not notice that there is room",
    function()
      return said_count(process, "there is room again") > before
    end) and
    expect_starts(client, false, "refuses work although there is room")
end

local function full_disk(process, client)
  local before = said_count(process, "there is room again")
  if not fill_up(process, client) then
    faults:set("none")
    return
  end
  counts.full = counts.full + 1
  local other = http.new(client.url) -- the first waits for what waits
  if expect_starts(other, true, "a full disk, and new work is accepted") then
    expect_no_machines(other)
    expect_history(other)
    crash_load.until_ms(run, client, process,
      server.now_ms() + math.random(0, 300))
    if math.random(3) == 1 then
      counts.killed = counts.killed + 1
      process:kill()
    else
      expect_room(process, other, before)
    end
  end
  other:close()
end

--- A disk that was full before the server started.
local function full_at_start()
  set_full()
  local process = start_server()
  local url = crash_load.wait_url(run, process)
  local client = url and http.new(url)
  if client then
    crash_load.until_ms(run, client, process,
      server.now_ms() + math.random(50, 400))
    faults:set("none")
    expect_starts(client, false, "does not go on when there is room")
  end
  return process, client
end

---------------------------------------------------------------------------
-- Rounds
---------------------------------------------------------------------------

--- Some faults, one after the other, as long as the server lives.
local function faults_under_load()
  local process = start_server()
  local url = crash_load.wait_url(run, process)
  local client = url and http.new(url)
  if client and crash_load.create_machines(run, client) then
    repeat
      crash_load.until_ms(run, client, process,
        server.now_ms() + math.random(20, 300))
      local fault = math.random(2) == 1 and error_under_load or full_disk
      fault(process, client)
    until not process:is_running() or #run.problems > 0 or
      math.random(3) == 1
  end
  return process, client
end

local function round(number)
  local dice = number == 1 and 10 or math.random(10)
  local kind = dice == 1 and error_at_start or dice == 2 and full_at_start
    or faults_under_load
  local process, client = kind()
  process:kill()
  crash_load.check_store(run)
  faults:set("none")
  if client then
    crash_load.leave(client)
  end
end

for number = 1, run.rounds do
  round(number)
  if #run.problems > 0 then
    problem("seen in round %d of %d", number, run.rounds)
    break
  end
end

faults:set("none")
if run.rounds >= 10 and (counts.stopped == 0 or counts.full == 0) then
  problem("no fault has had any effect")
end
crash_load.finish(run, HANDLERS, string.format(
  "%d rounds, %d I/O errors, %d times a full disk (%d killed then)",
  run.rounds, counts.stopped, counts.full, counts.killed))
