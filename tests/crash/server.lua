--- A `moonstep serve` that can be killed.
--
--     local server = server.start({ program = ..., data = ..., log = ... })
--     local url = server:url()        -- nil until it listens
--     server:kill()                   -- SIGKILL, and awaited

local ffi = require("ffi")

ffi.cdef([[
  int fork(void);
  int execv(const char *path, char *const argv[]);
  void _exit(int status);
  int open(const char *path, int flags, ...);
  int dup2(int from, int to);
  int close(int fd);
  int kill(int pid, int signal);
  int waitpid(int pid, int *status, int options);
  int prctl(int option, ...);
  int setenv(const char *name, const char *value, int overwrite);
  struct timespec { long sec; long nsec; };
  int clock_gettime(int clock, struct timespec *now);
  int nanosleep(const struct timespec *wanted, struct timespec *left);
]])

local O_LOG = 0x441 -- write only, create, append
local SIGKILL, SIGTERM, WNOHANG, PR_SET_PDEATHSIG = 9, 15, 1, 1

local process = {}
process.__index = process

local server = {}

--- Milliseconds of a clock that never steps.
function server.now_ms()
  local now = ffi.new("struct timespec")
  ffi.C.clock_gettime(1, now)
  return tonumber(now.sec) * 1000 + tonumber(now.nsec) / 1e6
end

--- The date, in seconds with three decimals, rounded down.
function server.date_s()
  local now = ffi.new("struct timespec")
  ffi.C.clock_gettime(0, now)
  return tonumber(now.sec) + math.floor(tonumber(now.nsec) / 1e6) / 1000
end

--- Lets a moment pass while a condition is polled.
function server.pause_ms(ms)
  ffi.C.nanosleep(ffi.new("struct timespec", 0, ms * 1e6), nil)
end

local function child(arguments, log, environment)
  local argv = ffi.new("char *[?]", #arguments + 1)
  for i, argument in ipairs(arguments) do
    argv[i - 1] = ffi.cast("char *", argument)
  end
  argv[#arguments] = nil
  local fd = ffi.C.open(log, O_LOG, ffi.cast("int", 420))
  local pid = ffi.C.fork()
  if pid == 0 then
    ffi.C.prctl(PR_SET_PDEATHSIG, ffi.cast("long", SIGKILL))
    ffi.C.dup2(fd, 1)
    ffi.C.dup2(fd, 2)
    for name, value in pairs(environment) do
      ffi.C.setenv(name, value, 1)
    end
    ffi.C.execv(arguments[1], argv)
    ffi.C._exit(127)
  end
  return pid, fd
end

--- Starts a server on a free port. `options`: program, data, handlers, log,
-- extra (a list of more arguments, or nil), environment (what is added to
-- ours, or nil).
function server.start(options)
  local from = io.open(options.log, "ab")
  local offset = from:seek("end")
  from:close()
  local arguments = {
    options.program, "serve", "--listen", "127.0.0.1:0",
    "--data", options.data, "--handlers", options.handlers,
    "--workers", "1", "--idle-ms", "300",
  }
  for _, argument in ipairs(options.extra or {}) do
    arguments[#arguments + 1] = argument
  end
  local pid, fd = child(arguments, options.log, options.environment or {})
  ffi.C.close(fd)
  return setmetatable({
    pid = pid, log = options.log, offset = offset, running = true,
  }, process)
end

--- What it has said since it was started.
function process:said()
  local file = io.open(self.log, "rb")
  file:seek("set", self.offset)
  local text = file:read("*a")
  file:close()
  return text
end

--- Where it listens, or nil while it does not.
function process:url()
  local port = self:said():match("127%.0%.0%.1:(%d+)[^\n]*\n")
  return port and "http://127.0.0.1:" .. port .. "/"
end

--- Waits until it listens; nil if it ended instead, or took too long.
function process:wait_url(limit_ms)
  local until_ms = server.now_ms() + limit_ms
  while server.now_ms() < until_ms do
    local url = self:url()
    if url then
      return url
    elseif not self:is_running() then
      return nil
    end
    server.pause_ms(2)
  end
end

--- True until it has ended by itself or was ended.
function process:is_running()
  local status = ffi.new("int[1]")
  if self.running and ffi.C.waitpid(self.pid, status, WNOHANG) == self.pid then
    self.running = false
    self.status = status[0]
  end
  return self.running
end

local function signal(self, number)
  if self:is_running() then
    ffi.C.kill(self.pid, number)
    local status = ffi.new("int[1]")
    ffi.C.waitpid(self.pid, status, 0)
    self.running = false
    self.status = status[0]
  end
end

--- Ends it without giving it a moment.
function process:kill()
  signal(self, SIGKILL)
end

--- Asks it to end, and waits for that.
function process:stop()
  signal(self, SIGTERM)
end

return server
