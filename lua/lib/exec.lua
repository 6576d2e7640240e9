--- exec: runs programs.
--
--     local exec = require("exec")
--     local out = exec("uname", "-r").stdout
--     exec.run{ "apt-get", "-y", "install", "nginx",
--       env = { DEBIAN_FRONTEND = "noninteractive" }, stream = true }
--
-- A program is given as a list of arguments; no shell sees them. It leads a
-- process group of its own, which the engine has recorded durably before the
-- program starts: if the engine or the worker dies, the group is ended before
-- the task runs again. If the task is cancelled or passes its deadline, the
-- group gets SIGTERM and, 2 seconds later, SIGKILL.
--
-- While a program runs, other tasks of the worker go on.
--
-- @module exec

local core = require("exec.core")
local task = require("task.core")

local exec = {}

--- How much of each of stdout and stderr is kept unless max_output says.
exec.MAX_OUTPUT = 1024 * 1024

local OPTIONS = {
  stdin = "string", env = "table", clear_env = "boolean", cwd = "string",
  timeout = "number", max_output = "number", check = "boolean",
  stream = "boolean", shell = "string",
}

local function check_text(text, what, level)
  if type(text) == "number" then
    text = tostring(text)
  end
  if type(text) ~= "string" then
    error(what .. " must be text, not " .. type(text), level + 1)
  end
  if text:find("\0", 1, true) then
    error(what .. " contains a NUL byte", level + 1)
  end
  return text
end

local function check_options(command, level)
  for name, value in pairs(command) do
    if type(name) ~= "number" then
      local expected = OPTIONS[name]
      if not expected then
        error("exec: no option '" .. tostring(name) .. "'", level + 1)
      elseif type(value) ~= expected then
        error("exec: " .. name .. " must be a " .. expected .. ", not "
          .. type(value), level + 1)
      end
    end
  end
  if command.timeout and not (command.timeout > 0
      and command.timeout <= 1e9) then
    error("exec: timeout must be seconds, more than 0", level + 1)
  end
  if command.max_output and not (command.max_output >= 0
      and command.max_output <= 2 ^ 31) then
    error("exec: max_output must be 0 to 2^31 bytes", level + 1)
  end
end

local function arguments(command, level)
  local argv = {}
  if command.shell then
    argv = { "/bin/sh", "-c", check_text(command.shell, "exec: shell",
      level + 1), "sh" }
  end
  local count = #argv
  for i = 1, #command do
    argv[count + i] = check_text(command[i], "exec: argument " .. i,
      level + 1)
  end
  if #argv == 0 then
    error("exec: no program given", level + 1)
  end
  return argv
end

-- The complete environment as a list of NAME=value, and its PATH; nil: the
-- worker's own.
local function environment(command, level)
  if not command.env and not command.clear_env then
    return nil, task.getenv("PATH")
  end
  local all = command.clear_env and {} or task.environment()
  for name, value in pairs(command.env or {}) do
    name = check_text(name, "exec: name in env", level + 1)
    if name == "" or name:find("=", 1, true) then
      error("exec: '" .. name .. "' can't name a variable", level + 1)
    end
    -- false takes a variable away
    all[name] = value and check_text(value, "exec: env." .. name, level + 1)
  end
  local list = {}
  for name, value in pairs(all) do
    if value and name ~= "MOONSTEP_TASK" then
      list[#list + 1] = name .. "=" .. value
    end
  end
  return list, all.PATH or nil
end

-- How a command reads in a cause: quoted only where it has to be.
local function display(argv)
  local words = {}
  for i, word in ipairs(argv) do
    if word == "" or word:find("[^%w_@%%+=:,./-]") then
      word = "'" .. word:gsub("'", "'\\''") .. "'"
    end
    words[i] = word
  end
  local text = table.concat(words, " ")
  return #text <= 1000 and text or text:sub(1, 1000) .. " ..."
end

-- The last lines of stderr, or of stdout if that is empty.
local function last_lines(result)
  local text = result.stderr:find("%S") and result.stderr or result.stdout
  text = text:gsub("%s+$", "")
  text = text:sub(-4000)
  local lines = {}
  for line in text:gmatch("[^\n]+") do
    lines[#lines + 1] = line
  end
  return table.concat(lines, "\n", math.max(1, #lines - 19))
end

local START_ERRORS = {
  ENOENT = "Exec.NotFound", ENOTDIR = "Exec.NotFound",
  EACCES = "Exec.PermissionDenied", EPERM = "Exec.PermissionDenied",
}

local function raise_not_started(argv, command, result, path)
  local why = result.exec_reason
  if result.exec_error == "ENOENT" and not argv[1]:find("/", 1, true) then
    why = "not found in PATH (" .. (path or "not set") .. ")"
  elseif result.exec_error == "ENOENT" then
    why = why .. " (the program, or the interpreter it names)"
  elseif result.exec_error == "ENOEXEC" then
    why = why .. " (a script needs a #! line)"
  elseif result.exec_error == "ECANCELED" then
    why = "the engine did not record the process"
  end
  if command.cwd then
    why = why .. "; in directory " .. command.cwd
  end
  error({
    Error = START_ERRORS[result.exec_error] or "Exec.Failed",
    Cause = "can't run " .. argv[1] .. ": " .. why,
  }, 0)
end

local function raise_unsuccessful(argv, command, result)
  local name, how
  if result.timed_out then
    name = "Exec.Timeout"
    how = ("ended after its timeout of %g s"):format(command.timeout)
  elseif result.signal then
    name = "Exec.Signal." .. result.signal
    how = "ended by " .. result.signal
  else
    name = "Exec.ExitStatus." .. result.status
    how = "exit status " .. result.status
  end
  local cause = display(argv) .. ": " .. how
  local lines = last_lines(result)
  if lines ~= "" then
    cause = cause .. "\n" .. lines
  end
  error({ Error = name, Cause = cause, result = result }, 0)
end

--- Runs a program and waits until it has ended.
--
-- The list part of `command` is the program and its arguments (numbers become
-- text). Without a slash the program is looked for in the PATH of its own
-- environment. Options:
--
--   stdin       text the program reads; without it, /dev/null
--   env         variables by name, beside the worker's; false takes one away
--   clear_env   true: the program gets only what `env` has
--   cwd         directory it runs in
--   timeout     seconds, after which its process group gets SIGTERM, and
--               SIGKILL 2 seconds later; without it the task's deadline holds
--   max_output  bytes kept of stdout and of stderr, 1 MiB unless given: the
--               first half and the last half, and between them a line
--               "[... N bytes left out ...]"
--   check       false: an unsuccessful end is returned, not raised
--   stream      true: each line printed is also a log line of the execution
--   shell       a text for /bin/sh -c; the list part becomes "$1", "$2" ...
--
-- What the program leaves in the background is not waited for; its output is
-- read for 0.2 seconds more at most.
--
-- @tparam table command
-- @treturn table status (number, nil if a signal ended it), signal ("SIGTERM",
-- or nil), stdout, stderr, truncated (true if output was left out),
-- timed_out (boolean), seconds (how long it ran)
-- @raise Exec.ExitStatus.N, Exec.Signal.SIGNAME, Exec.Timeout (these three
-- only if `check` is not false; the error's field `result` is what would have
-- been returned); Exec.NotFound, Exec.PermissionDenied, Exec.Failed (the
-- program did not start). The cause names the command, how it ended and the
-- last 20 lines of its stderr.
function exec.run(command)
  if type(command) ~= "table" then
    error("exec.run: a table expected, not " .. type(command), 2)
  end
  check_options(command, 2)
  local argv = arguments(command, 2)
  local env, path = environment(command, 2)
  for _, name in ipairs({ "cwd", "shell" }) do
    if command[name] then
      check_text(command[name], "exec: " .. name, 2)
    end
  end
  local result, err = core.run(argv, env, command)
  if not result then
    error({ Error = "Exec.Failed", Cause = "can't run " .. argv[1] .. ": "
      .. err }, 0)
  end
  if result.exec_error then
    raise_not_started(argv, command, result, path)
  end
  if command.check ~= false and result.status ~= 0
      or command.check ~= false and result.timed_out then
    raise_unsuccessful(argv, command, result)
  end
  return result
end

--- exec(...): short for exec.run.
--
--     exec("systemctl", "restart", "nginx")
--     exec{ "sha256sum", path, cwd = "/srv" }
--
-- @param ... the arguments, or one table as for exec.run
-- @treturn table as exec.run
-- @function exec
return setmetatable(exec, {
  __call = function(_, first, ...)
    if type(first) == "table" then
      return exec.run(first)
    end
    return exec.run({ first, ... })
  end,
})
