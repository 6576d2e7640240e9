--- Decisions: what a state script answers with (states/README.md).
--
-- A decision is several values, so that answering costs no table. Scripts
-- end with `return decide.exit(output, state.next)` and the like.
--
-- @module asl.decide

local decide = {}

--- The state is over; `next` is the number of the state to enter, 0 the end.
-- `assigned`: new values of variables, an object; may be nil.
function decide.exit(output, next, assigned)
  return "exit", output, next, assigned
end

--- The state has failed and nothing caught it. Both may be nil.
function decide.fail(error, cause)
  return "fail", error, cause
end

--- Run the state's resource; comes back as task_succeeded or task_failed.
-- All but the parameters may be nil. `role_arn` is for the history.
function decide.schedule(parameters, timeout_s, heartbeat_s, at_most_once,
    role_arn)
  return "schedule", parameters, timeout_s, heartbeat_s, at_most_once, role_arn
end

--- Wait until a moment (milliseconds since the epoch, which may be past);
-- comes back as timer_fired.
function decide.wait(due_ms)
  return "wait", due_ms
end

--- Wait until a moment, then try again; `retrier` is the number of the
-- retrier whose count rises. Comes back as retry.
function decide.retry(due_ms, retrier)
  return "retry", due_ms, retrier
end

--- Run all branches of the state, each with `input`; comes back as joined,
-- or branch_failed.
function decide.parallel(input)
  return "parallel", input
end

--- Run the state's processor for each element of `items` (an array or
-- object), at most `limit` at once (0: no limit). Asks item() for the input
-- of each; comes back as joined, or branch_failed. `run`: those are executions
-- of a Map Run, as this object (asl.map_run) says; items may be nil then.
function decide.map(items, limit, run)
  return "map", items, limit, run
end

--- The input of the iteration that item() was asked for.
function decide.item(input)
  return "item", input
end

return decide
