--- The events that a machine of the crash suite is expected to record, in
-- lists: of labels, "PassStateEntered First", "TaskScheduled" …, and forks.
--
-- A fork is a table: `kind` (Map, Parallel), `children`, their lists by the
-- index of the iteration, or the first state of the branch; `failing`, the key
-- of the child that fails and has the others aborted, or nil.

local steps = {}

--- The state is entered and left.
function steps.visit(list, kind, state)
  list[#list + 1] = kind .. "StateEntered " .. state
  list[#list + 1] = kind .. "StateExited " .. state
end

local function attempt(list, result)
  list[#list + 1] = "TaskScheduled"
  list[#list + 1] = "TaskStarted"
  list[#list + 1] = result
end

--- A Task with the results of its attempts.
function steps.task(list, state, results)
  list[#list + 1] = "TaskStateEntered " .. state
  for _, result in ipairs(results) do
    attempt(list, result)
  end
  list[#list + 1] = "TaskStateExited " .. state
end

--- A Map or Parallel with its children; `fails` (or nil) may have `failing`
-- and `attempts`: a catcher takes the last failure.
function steps.fork(list, kind, state, children, fails)
  list[#list + 1] = kind .. "StateEntered " .. state
  for _ = 1, fails and fails.attempts or 1 do
    list[#list + 1] = kind .. "StateStarted"
    list[#list + 1] = { kind = kind, children = children,
      failing = fails and fails.failing }
  end
  list[#list + 1] = kind .. "State" .. (fails and "Failed" or "Succeeded")
  list[#list + 1] = kind .. "StateExited " .. state
end

return steps
