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

--- Runs a job and returns its result. A job is started once: what was
-- answered is kept for the next engine.
--
-- job.start()       makes the request: its answer, as it is recorded
-- job.look(answer)  the result, and true if the job has failed; nil while it
--                   runs
-- job.stop(answer)  ends the job, in little time; nil: it can't be
function job_run.run(kit, handle, job)
  local answer
  if handle.cursor then
    answer = doc.parse(handle.cursor)
  else
    answer = job.start()
    handle:checkpoint(answer:text())
  end
  if job.stop then
    handle:on_cancel(function()
      kit.hurry()
      job.stop(answer)
    end)
  end
  return follow(kit, job, answer)
end

return job_run
