--- A job of a service, from its start to its end, or until the task that
-- waits for it is given up.
--
-- @module aws.job_run

local doc = require("wf.doc")

local job_run = {}

local FIRST_LOOK_S, LAST_LOOK_S = 0.5, 15

local function follow(kit, job, answer)
  local pause = FIRST_LOOK_S
  while true do
    local result, has_failed = job.look(answer)
    if has_failed then
      error({ Error = "States.TaskFailed", Cause = result:text() }, 0)
    elseif result then
      return result
    end
    kit.sleep(pause)
    pause = pause * 1.5 < LAST_LOOK_S and pause * 1.5 or LAST_LOOK_S
  end
end

-- Starts a job that can be stopped. If the task is given up meanwhile, it is
-- known what to stop only when the answer is there: it is waited for. nil: that
-- has happened.
local function start(kit, handle, job)
  local answer
  local function stop()
    kit.hurry()
    job.stop(answer)
  end
  if handle.cursor then
    answer = doc.parse(handle.cursor)
    handle:on_cancel(stop)
    return answer
  end
  handle:defer_cancel(true)
  answer = job.start()
  handle:on_cancel(stop)
  if handle:defer_cancel(false) then
    stop()
    return nil
  end
  handle:checkpoint(answer:text())
  return answer
end

local function start_for_good(handle, job)
  if handle.cursor then
    return doc.parse(handle.cursor)
  end
  local answer = job.start()
  handle:checkpoint(answer:text())
  return answer
end

--- Runs a job and returns its result. A job is started once: what was
-- answered is kept for the next engine.
--
-- job.start()       makes the request: its answer, as it is recorded
-- job.look(answer)  the result, and true if the job has failed; nil while it
--                   runs
-- job.stop(answer)  ends the job, in little time; nil: it can't be
function job_run.run(kit, handle, job)
  local answer
  if job.stop then
    answer = start(kit, handle, job)
  else
    answer = start_for_good(handle, job)
  end
  return answer and follow(kit, job, answer)
end

return job_run
