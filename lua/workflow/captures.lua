--- What an inline function captures.
--
-- A function of a workflow file runs in a worker, in another load of the file.
-- So it may use what is the same in each load: values that the file defines and
-- nobody changes afterwards. It may not assign a variable of the file (nobody
-- else would see it), nor hold what can't be made again (a file, a coroutine).
--
-- @module workflow.captures

local captures = {}

local util = require("jit.util")
local getupvalue = debug.getupvalue

-- The numbers of the instructions that assign an upvalue, found by looking at
-- functions that do.
local SETS = {}
do
  local u
  local samples = {
    function(v) u = v end, function() u = "" end, function() u = 1 end,
    function() u = nil end,
  }
  for _, sample in ipairs(samples) do
    for pc = 1, 4 do
      local ins = util.funcbc(sample, pc)
      -- the only instruction of these that refers to an upvalue
      local _, mode = util.funcbc(sample, pc)
      if ins and mode and bit.band(mode, 7) == 5 then
        SETS[bit.band(ins, 0xff)] = true
      end
    end
  end
  assert(u == nil)
end

-- Calls found(name of the upvalue, line) for each assignment in a prototype
-- or function, and in those inside it.
local function each_assignment(proto, found)
  local pc = 1
  while true do
    local ins = util.funcbc(proto, pc)
    if not ins then
      break
    elseif SETS[bit.band(ins, 0xff)] then
      local index = bit.band(bit.rshift(ins, 8), 0xff)
      found(util.funcuvname(proto, index),
        util.funcinfo(proto, pc).currentline)
    end
    pc = pc + 1
  end
  local k = -1
  while true do
    local constant = util.funck(proto, k)
    if constant == nil then
      break
    elseif type(constant) == "proto" then
      each_assignment(constant, found)
    end
    k = k - 1
  end
end

local REFUSED = { userdata = true, thread = true, cdata = true }

local check

local function check_value(state, value, name, line)
  if REFUSED[type(value)] then
    error(("%s:%d: the function captures %s, a %s: that can't be made again"
      .. " in the worker; make it inside the function"):format(state.file,
      line, name, type(value)), 0)
  elseif type(value) == "function" then
    check(state, value)
  elseif type(value) == "table" and not state.seen[value]
      and not state.known(value) then
    state.seen[value] = true
    for key, inner in pairs(value) do
      check_value(state, inner, name .. "." .. tostring(key), line)
    end
  end
end

check = function(state, f)
  if state.seen[f] or state.known(f) then
    return
  end
  state.seen[f] = true
  local info = util.funcinfo(f)
  if not info.linedefined then
    return -- a C function: of Lua's own library
  end
  local names = {}
  for i = 1, 255 do
    local name, value = getupvalue(f, i)
    if not name then
      break
    end
    names[name] = true
    check_value(state, value, name, info.linedefined)
  end
  each_assignment(f, function(name, line)
    if names[name] then
      error(("%s:%d: %s is a variable of the file, and the function assigns"
        .. " it: each worker has its own, and forgets it. Return the value,"
        .. " or keep it with :set or kv"):format(state.file, line, name), 0)
    end
  end)
end

--- Checks a function, and those it captures.
-- @tparam function f
-- @tparam string file its name in messages
-- @tparam function known whether a value is of the library: not looked into
-- @raise a text "FILE:LINE: …"
function captures.check(f, file, known)
  check({ seen = {}, file = file, known = known }, f)
end

return captures
