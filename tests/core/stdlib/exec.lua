--- Cases of module exec (tests/core/test_stdlib.c).

local exec = require("exec")
local mini = require("mini")
local sleep = require("sleep")
local time = require("time")
local fs = require("fs")

local DIRECTORY = require("fixture").directory

local cases = {}

local function fails(name, command)
  local fine, err = pcall(exec.run, command)
  assert(not fine, "it should have failed with " .. name)
  assert(type(err) == "table", tostring(err))
  assert(err.Error == name, tostring(err.Error) .. ": " .. err.Cause)
  return err
end

local function misuse(text, command)
  local fine, err = pcall(function()
    local result = exec(command)
    return result
  end)
  assert(not fine and type(err) == "string", "no misuse")
  assert(err:find(text, 1, true), err)
  -- the place of the mistake, not of the library
  assert(err:find("stdlib/exec.lua:", 1, true), err)
end

--- Is there a process of this group that is more than a zombie?
local function group_lives(group)
  for _, entry in ipairs(fs.list("/proc")) do
    if entry.name:find("^%d+$") then
      local fine, stat = pcall(fs.read, "/proc/" .. entry.name .. "/stat")
      local state, pgrp = (fine and stat or ""):match("%) (%a) %d+ (%d+)")
      if pgrp == group and state ~= "Z" and state ~= "X" then
        return true
      end
    end
  end
  return false
end

local function wait_until(condition)
  local deadline = time.monotonic() + 20
  while not condition() do
    assert(time.monotonic() < deadline, "it never came true")
    sleep(0.01)
  end
end

function cases.status()
  assert(exec("true").status == 0)
  local err = fails("Exec.ExitStatus.3",
    { shell = "echo noise; echo 'it broke' >&2; exit 3" })
  assert(err.Cause:find("exit status 3\nit broke", 1, true), err.Cause)
  assert(err.result.stdout == "noise\n")
  assert(exec.run{ "false", check = false }.status == 1)
  -- 255 is a status, not a failure to start
  assert(exec.run{ shell = "exit 127", check = false }.status == 127)
end

function cases.signal()
  local err = fails("Exec.Signal.SIGKILL", { shell = "kill -9 $$" })
  assert(err.Cause:find("ended by SIGKILL"), err.Cause)
  local result = exec.run{ shell = "kill -TERM $$", check = false }
  assert(result.signal == "SIGTERM" and result.status == nil)
end

function cases.output()
  local result = exec.run{ "printf", "%s\n%s", "a b", "$HOME;'\"" }
  assert(result.stdout == "a b\n$HOME;'\"", result.stdout)
  assert(result.stderr == "" and result.truncated == false)
  assert(result.timed_out == false and result.seconds >= 0)
  assert(exec.run{ shell = "echo out; echo err >&2" }.stderr == "err\n")
  assert(exec("printf", "a\\0b").stdout == "a\0b")
end

function cases.stdin()
  assert(exec.run{ "cat", stdin = "hello\0you" }.stdout == "hello\0you")
  assert(exec("cat").stdout == "", "without stdin there is an end at once")
  assert(exec.run{ "cat", stdin = "" }.stdout == "")
  -- a program that reads nothing is no failure
  local much = ("x"):rep(1024 * 1024)
  assert(exec.run{ "true", stdin = much }.status == 0)
end

function cases.large_stdin()
  local data = ("0123456789abcdef"):rep(65536) -- 1 MiB
  local result = exec.run{ "cat", stdin = data, max_output = 2 * #data }
  assert(result.stdout == data)
end

function cases.env()
  local script = "echo $A-$B-${HOME-none}-$MOONSTEP_TASK"
  local result = exec.run{ shell = script,
    env = { A = "1", B = 2, HOME = false } }
  assert(result.stdout:find("^1%-2%-none%-[^\n]+\n$"), result.stdout)
end

function cases.clear_env()
  local result = exec.run{ "/usr/bin/env", clear_env = true,
    env = { ONLY = "this" } }
  local lines = {}
  for line in result.stdout:gmatch("[^\n]+") do
    lines[#lines + 1] = line
  end
  table.sort(lines)
  assert(#lines == 2 and lines[2] == "ONLY=this", result.stdout)
  assert(lines[1]:find("^MOONSTEP_TASK=."), result.stdout)
end

function cases.cwd()
  assert(exec.run{ "pwd", "-P", cwd = "/usr" }.stdout == "/usr\n")
  local err = fails("Exec.NotFound", { "pwd", cwd = "/no/such/dir" })
  assert(err.Cause:find("/no/such/dir", 1, true), err.Cause)
end

function cases.shell()
  local result = exec.run{ shell = "echo \"$1|$2|$#\"", "a b", "c" }
  assert(result.stdout == "a b|c|2\n", result.stdout)
end

function cases.timeout()
  local err = fails("Exec.Timeout", { "sleep", "1000", timeout = 0.1 })
  assert(err.Cause:find("sleep 1000: ended after its timeout of 0.1 s", 1,
    true), err.Cause)
  local result = exec.run{ "sleep", "1000", timeout = 0.1, check = false }
  assert(result.timed_out and result.signal == "SIGTERM")
  -- a program that does not heed SIGTERM gets SIGKILL
  result = exec.run{ shell = "trap '' TERM; while :; do sleep 0.1; done",
    timeout = 0.2, check = false }
  assert(result.timed_out and result.signal == "SIGKILL")
end

function cases.grandchildren()
  local result = exec.run{
    shell = "(trap '' TERM; sleep 1000) & echo $$; wait",
    timeout = 0.3, check = false }
  assert(result.timed_out)
  local group = result.stdout:match("%d+")
  wait_until(function() return not group_lives(group) end)
end

function cases.clipped()
  local result = exec.run{ shell =
    "echo first; head -c 10000000 /dev/zero | tr '\\0' x; echo last" }
  assert(result.truncated)
  assert(#result.stdout < 1024 * 1024 + 100, #result.stdout)
  assert(result.stdout:sub(1, 6) == "first\n")
  assert(result.stdout:sub(-5) == "last\n")
  local left_out = 10000000 + 11 - 1024 * 1024
  assert(result.stdout:find("\n[... " .. left_out .. " bytes left out ...]\n",
    1, true))
  result = exec.run{ "printf", "0123456789", max_output = 4 }
  assert(result.stdout == "01\n[... 6 bytes left out ...]\n89")
end

function cases.stream()
  exec.run{ shell = "echo one; echo two >&2; printf three", stream = true }
  local lines = mini.logs()
  table.sort(lines)
  assert(table.concat(lines, ",") ==
    "stderr: two,stdout: one,stdout: three", table.concat(lines, ","))
  exec("echo", "quiet")
  assert(#mini.logs() == 3)
end

function cases.missing()
  local err = fails("Exec.NotFound", { "no-such-program-at-all" })
  assert(err.Cause:find("can't run no-such-program-at-all: not found in PATH",
    1, true), err.Cause)
  err = fails("Exec.NotFound", { "/no/such/program" })
  assert(err.Cause:find("No such file or directory"), err.Cause)
end

function cases.not_executable()
  local path = DIRECTORY .. "/plain"
  fs.write(path, "just text")
  local err = fails("Exec.PermissionDenied", { path })
  assert(err.Cause:find(path, 1, true), err.Cause)
end

-- A program left in the background keeps the pipe open and is not waited for.
function cases.background()
  local result = exec.run{ shell = "sleep 1000 & echo $$ $!" }
  local group, pid = result.stdout:match("(%d+) (%d+)")
  assert(result.seconds < 10)
  assert(group_lives(group), "nobody ended it")
  exec("kill", pid)
end

function cases.misuse()
  misuse("no program given", {})
  misuse("no option 'chdir'", { "true", chdir = "/" })
  misuse("timeout must be a number", { "true", timeout = "5" })
  misuse("timeout must be", { "true", timeout = 0 })
  misuse("argument 2 must be text", { "echo", {} })
  misuse("NUL byte", { "echo", "a\0b" })
  misuse("can't name a variable", { "true", env = { ["A=B"] = "1" } })
  misuse("NUL byte", { "true", cwd = "a\0b" })
end

function cases.cancelled()
  local pid
  local task = mini.go(function()
    pid = DIRECTORY .. "/pid"
    exec.run{ shell = "echo $$ > $1.new; mv $1.new $1; sleep 1000", pid }
  end)
  wait_until(function() return pid and fs.exists(pid) end)
  local group = fs.read(pid):match("%d+")
  mini.cancel(task)
  local fine, err = mini.wait(task)
  assert(not fine and err == "cancelled")
  wait_until(function() return not group_lives(group) end)
end

function cases.many()
  local tasks = {}
  for i = 1, 40 do
    tasks[i] = mini.go(function()
      local text = tostring(i)
      assert(exec.run{ "cat", stdin = text }.stdout == text)
    end)
  end
  for _, task in ipairs(tasks) do
    assert(mini.wait(task))
  end
end

return cases
