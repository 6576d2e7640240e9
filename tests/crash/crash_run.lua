--- The crash suite: a server under load, killed with SIGKILL again and again.
--
--   luajit tests/crash/crash_run.lua --moonstep PROGRAM [--rounds N]
--     [--seed N] [--directory DIR] [--leftovers PROGRAM]
--
-- Each round starts the server, drives it with many requests at a time and
-- kills it at a random moment: mostly under load, sometimes while it recovers.
-- `moonstep check` must find the store whole then, and in some rounds before.
-- Whatever it answered is remembered. In the end it is left alone until every
-- execution has ended, and crash_check.lua compares what it says then with
-- what it promised. Exit status 1 if something was lost or done twice; the
-- data, the log and the ledgers are kept then.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local crash_load = require("crash_load")
local http = require("http")
local server = require("server")

local HANDLERS = here .. "/handlers"

local run = crash_load.new(arg, { rounds = 25 })

-- Mostly short; some see timers, parked frames and aborts come.
local function round_ms()
  return math.random(8) == 1 and math.random(1000, 2500)
    or math.random(30, 500)
end

local function round()
  local process = crash_load.start_server(run, HANDLERS)
  if run.machine_arns.locked and math.random(5) == 1 then
    server.pause_ms(math.random(0, 20)) -- while it recovers
    process:kill()
    crash_load.check_store(run)
    return
  end
  local url = crash_load.wait_url(run, process)
  local client = url and http.new(url)
  if client and crash_load.create_machines(run, client) and
    not crash_load.until_ms(run, client, process,
      server.now_ms() + round_ms()) then
    crash_load.problem(run, "the server ended by itself, status %d",
      process.status)
  end
  if math.random(4) == 1 then
    crash_load.check_store(run) -- in use
  end
  process:kill()
  crash_load.check_store(run)
  if client then
    crash_load.leave(client)
  end
end

for number = 1, run.rounds do
  round()
  if #run.problems > 0 then
    crash_load.problem(run, "seen in round %d of %d", number, run.rounds)
    break
  end
end

crash_load.finish(run, HANDLERS, run.rounds .. " kills")
