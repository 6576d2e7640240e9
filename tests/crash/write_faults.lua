--- Writes that fail: the other end of write_faults.c's control file.
--
--     local faults = write_faults.new(library, data_directory, plan_path)
--     server.start({ environment = faults.environment, ... })
--     faults:set("sync", { after = 3 })  -- the third flush from now fails
--     faults:hits()                      -- how many calls failed since set()

local ffi = require("ffi")

ffi.cdef([[
  struct write_faults {
    volatile uint32_t kind, after, hits, unused;
    volatile uint64_t room;
    char file[64];
  };
  void *mmap(void *at, size_t size, int protection, int flags, int fd,
             long offset);
]])

local O_RDWR, PROT_READ_WRITE, MAP_SHARED = 2, 3, 1
local KINDS = { none = 0, write = 1, sync = 2, room = 3, no_room = 4 }

local faults = {}
faults.__index = faults

local write_faults = {}

--- `library` is libwrite_faults.so, `directory` the data directory (absolute,
-- without symbolic links), `plan` a file to be made.
function write_faults.new(library, directory, plan)
  local file = assert(io.open(plan, "wb"))
  file:write(("\0"):rep(ffi.sizeof("struct write_faults")))
  file:close()
  local fd = ffi.C.open(plan, O_RDWR)
  local map = ffi.C.mmap(nil, ffi.sizeof("struct write_faults"),
    PROT_READ_WRITE, MAP_SHARED, fd, 0)
  assert(ffi.cast("intptr_t", map) ~= -1, "mmap")
  ffi.C.close(fd)
  return setmetatable({
    map = ffi.cast("struct write_faults *", map),
    environment = {
      LD_PRELOAD = library,
      WRITE_FAULTS_DIR = directory,
      WRITE_FAULTS_PLAN = plan,
    },
  }, faults)
end

--- `kind` is a key of KINDS; `more` has `after` or `room`.
function faults:set(kind, more)
  self.map.kind = KINDS.none
  self.map.hits = 0
  self.map.after = more and more.after or 0
  self.map.room = more and more.room or 0
  self.map.kind = KINDS[kind]
end

--- How many calls failed since the fault was set.
function faults:hits()
  return self.map.hits
end

--- The name of the file that the last of them was about.
function faults:file()
  return ffi.string(self.map.file)
end

return write_faults
