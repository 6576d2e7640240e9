--- Coroutines of handlers, which may wait as the handler itself may.
--
-- A library function that waits yields `await` to whoever resumed it, and is
-- resumed with `await` when its operation is over. If that was a coroutine of
-- the handler's own, the handler's resume() sees it here, and waits likewise:
-- the mark passes through every level up to the worker.
--
-- The file is a chunk: called with the mark, it replaces `coroutine.resume`
-- and `coroutine.wrap`, and returns the function that makes a C function that
-- yields into a Lua function: `resolve` turns the mark into results.

-- luacheck: globals coroutine.resume coroutine.wrap

local await = ...

local raw_resume = coroutine.resume
local create, yield = coroutine.create, coroutine.yield
local error, type = error, type

local function settle(co, ok, first, ...)
  if ok and first == await then
    return settle(co, raw_resume(co, yield(await)))
  end
  return ok, first, ...
end

--- Lua's own, but that waiting passes through it.
function coroutine.resume(co, ...)
  return settle(co, raw_resume(co, ...))
end

local function result(ok, ...)
  if ok then
    return ...
  end
  error((...), 0)
end

--- Lua's own, but that waiting passes through it.
function coroutine.wrap(f)
  local co = create(f)
  return function(...)
    return result(settle(co, raw_resume(co, ...)))
  end
end

return function(start, resolve)
  assert(type(start) == "function")
  return function(...)
    return resolve(start(...))
  end
end
