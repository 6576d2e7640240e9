--- What a failed state does: retriers, then catchers, then the end.
--
-- Task, Parallel and Map share this; their states have Retry and Catch, both
-- compiled lists (failing.prepare() puts empty ones where none are given).
--
-- @module asl.failing

local catcher = require("asl.catcher")
local decide = require("asl.decide")
local errors = require("asl.errors")
local retrier = require("asl.retrier")

local failing = {}

--- Puts empty lists where a definition has no Retry or Catch.
function failing.prepare(state)
  state.Retry = state.Retry or {}
  state.Catch = state.Catch or {}
end

-- The error goes to the first catcher that wants it, with the state's input.
-- `used_up`: the number of the retrier that would have wanted it.
local function caught(ctx, state, input, error, cause, used_up)
  local found, number = catcher.find(state.Catch, error)
  if state.is_inspected then
    ctx:handled(error, cause, used_up, number)
  end
  if not found then
    -- By its own name in ErrorEquals only: histories say States.Timeout.
    if error == errors.HEARTBEAT_TIMEOUT then
      error = errors.TIMEOUT
    end
    return decide.fail(error, cause)
  end
  local output, assigned, problem = state.data.caught(ctx, state, input,
    found, catcher.error_output(error, cause))
  if not output then
    return decide.fail(assigned, problem)
  end
  return decide.exit(output, found.Next, assigned)
end

--- The decision when the work is done: the state is over, unless what its
-- fields make of the result fails.
function failing.succeeded(ctx, state, input, result)
  local output, assigned, cause = state.data.leave(ctx, state, input, result)
  if not output then
    return failing.failed(ctx, state, input, assigned, cause)
  end
  return decide.exit(output, state.next, assigned)
end

--- The decision after a failure: a retry, a catcher's state, or the end.
-- Error and cause may be missing (a timeout has no cause); then the
-- execution's are, too. `input` is the state's raw input.
function failing.failed(ctx, state, input, error, cause)
  error = error ~= "" and error or nil
  cause = cause ~= "" and cause or nil
  local due_ms, number = retrier.due_ms(state.Retry, error, ctx)
  if not due_ms then
    return caught(ctx, state, input, error, cause, number)
  end
  if state.is_inspected then
    ctx:handled(error, cause, number)
  end
  return decide.retry(due_ms, number)
end

return failing
