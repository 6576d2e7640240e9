--- Cases of modules sleep, log, time and env (tests/core/test_stdlib.c).

local env = require("env")
local fs = require("fs")
local json = require("json")
local log = require("log")
local mini = require("mini")
local sleep = require("sleep")
local template = require("template")
local time = require("time")

local cases = {}

function cases.sleeps()
  local started = time.monotonic()
  local tasks, order = {}, {}
  for i = 1, 200 do
    tasks[i] = mini.go(function()
      sleep(0.2 + (i % 2) * 0.2)
      order[#order + 1] = i % 2
    end)
  end
  for _, task in ipairs(tasks) do
    assert(mini.wait(task))
  end
  local took = time.monotonic() - started
  assert(took >= 0.4 and took < 20, took) -- one after the other: 60 s
  for i = 1, 200 do
    assert(order[i] == (i > 100 and 1 or 0), "not by time")
  end
  sleep(0)
  assert(not pcall(sleep, -1) and not pcall(sleep, "1"))
  assert(not pcall(sleep, 0 / 0))
  local task = mini.go(function() sleep(1000) end)
  sleep(0.01)
  mini.cancel(task)
  assert(not mini.wait(task))
end

function cases.log()
  log("%d of %s", 3, "x")
  log.info("100%")
  log.warn("low")
  log.error("code %d", 7)
  log(nil)
  local fine, err = pcall(function() log("%d", "x") end)
  assert(not fine and err:find("misc.lua", 1, true), err)
  local lines = table.concat(mini.logs(), "|")
  assert(lines == "log: 3 of x|log: 100%|log: warning: low|"
    .. "log: error: code 7|log: nil", lines)
end

function cases.time()
  assert(time.iso(0) == "1970-01-01T00:00:00.000Z")
  assert(time.iso(1704067200123) == "2024-01-01T00:00:00.123Z")
  assert(time.iso(-1) == "1969-12-31T23:59:59.999Z")
  assert(time.parse("2024-02-29T12:00:00Z") == 1709208000000)
  assert(time.parse("2024-02-29T12:00:00.5+02:00") == 1709200800500)
  assert(time.parse("0000-03-01T00:00:00Z") == -62162035200000)
  for _, text in ipairs{ "2023-02-29T00:00:00Z", "2024-01-01", "",
      "2024-01-01T24:00:00Z", "2024-01-01T00:00:00", "2024-13-01T00:00:00Z",
      "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+25:00" } do
    local ms, err = time.parse(text)
    assert(ms == nil and err:find("not an RFC 3339 time"), text)
  end
  local now = time.now()
  assert(now > 1.7e12 and now % 1 == 0)
  assert(math.abs(time.parse(time.iso()) - now) < 60000)
  local ms = -62167219200000
  while ms < 253402300800000 do -- the years 0000 to 9999, 97 days a step
    assert(time.parse(time.iso(ms)) == ms, ms)
    ms = ms + 97 * 86400000 + 3723004
  end
end

function cases.virtual_time()
  local started = time.monotonic()
  mini.virtual(1704067200000)
  assert(time.iso() == "2024-01-01T00:00:00.000Z")
  sleep(90 * 86400)
  assert(time.iso() == "2024-03-31T00:00:00.000Z")
  sleep(0.0001) -- no sleep takes no time at all
  assert(time.now() == 1711843200001)
  assert(time.monotonic() - started < 60)
end

function cases.template()
  local path = require("fixture").directory .. "/motd"
  local values = { list = { 1, "two" }, none = json.null }
  fs.write(path, "{{ list | json }}\n{{ none | default('-') }}")
  assert(template.render_file(path, values) == '[1,"two"]\n-')
  fs.write(path, "\n{{ none }}")
  local fine, err = pcall(template.render_file, path, values)
  assert(not fine and err.Error == "Template.Failed", err)
  assert(err.Cause == path .. ":2: there is no value for {{ none }}",
    err.Cause)
  fine, err = pcall(template.render_file, path .. "-none")
  assert(not fine and err.Error == "Fs.NotFound", err.Error)
end

function cases.env()
  assert(env.get("PATH"):find("/"))
  assert(env.get("MOONSTEP_NO_SUCH") == nil)
  assert(env.get("MOONSTEP_NO_SUCH", "default") == "default")
  assert(env.require("PATH") == env.get("PATH"))
  local fine, err = pcall(env.require, "MOONSTEP_NO_SUCH")
  assert(not fine and err.Error == "Env.Missing")
  assert(err.Cause:find("MOONSTEP_NO_SUCH"))
end

return cases
