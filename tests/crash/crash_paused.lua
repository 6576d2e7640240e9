--- Executions of the crash suite that are paused and resumed, and whether what
-- was said of it holds.
--
--     crash_paused.touch(client, run, execution, answered, problem)
--     crash_paused.resume_all(client, run, answered, problem) -- in the end
--     crash_paused.check_end(run, execution, problem)
--
-- Promises: a pause that was acknowledged stays, with its date, until somebody
-- asks to resume; a resumed execution is paused no more. Between the two, no
-- state is entered. In the end nobody can tell that it was ever paused.

local server = require("server")

local crash_paused = {}

local MOST_CALLS = 32 -- under way in the end

local function moment(seconds)
  return string.format("%.3f", seconds)
end

local function is_over(status, said)
  return status == 400 and type(said) == "table" and
    tostring(said.__type):find("ExecutionNotRunning") ~= nil
end

--- Nothing is known of it until `execution.pause` is set again.
local function begin(run, execution)
  execution.pausing = run.asked.server
  execution.pause_asks = (execution.pause_asks or 0) + 1
end

local function pause(client, run, execution, answered, problem)
  begin(run, execution)
  client:call("Moonstep.PauseExecution", { executionArn = execution.arn,
    reason = execution.name }, function(status, said)
      execution.pausing = nil
      if is_over(status, said) or not answered(status, said,
        "PauseExecution") then
        return
      end
      local date = said.pausedDate and moment(said.pausedDate)
      if not date or execution.pause and execution.pause ~= date then
        problem(run, execution, "paused at %s, then at %s",
          tostring(execution.pause), tostring(date))
      elseif not execution.pause then
        execution.pause = date
        execution.pauses = execution.pauses or {}
        table.insert(execution.pauses, { from = date })
        run.pauses = (run.pauses or 0) + 1
      end
    end)
end

local function resume(client, run, execution, answered, problem)
  begin(run, execution)
  if execution.pause then
    execution.pauses[#execution.pauses].till = moment(server.date_s())
  end
  execution.pause = nil
  client:call("Moonstep.ResumeExecution", { executionArn = execution.arn },
    function(status, said)
      execution.pausing = nil
      if not is_over(status, said) and answered(status, said,
        "ResumeExecution") then
        execution.pause = false
        if said.pausedDate then
          problem(run, execution, "was resumed, and paused at %s",
            moment(said.pausedDate))
        end
      end
    end)
end

local function is_ready(run, execution)
  return execution.arn and not execution.ended and
    execution.pausing ~= run.asked.server
end

--- Compares what is said of it with what was acknowledged; false if nothing
-- was.
local function check(client, run, execution, answered, problem)
  local expected, asks = execution.pause, execution.pause_asks
  if not is_ready(run, execution) or expected == nil then
    return false
  end
  client:call("AWSStepFunctions.DescribeExecution",
    { executionArn = execution.arn }, function(status, said)
      if not answered(status, said, "DescribeExecution") or
        said.status ~= "RUNNING" or execution.pause_asks ~= asks then
        return
      end
      local found = said.pausedDate and moment(said.pausedDate) or false
      if found ~= expected then
        problem(run, execution, "is paused: %s, and was %s", tostring(found),
          tostring(expected))
      end
    end)
  return true
end

--- Under load: pauses it, resumes it, or looks at it; false if that can't be.
function crash_paused.touch(client, run, execution, answered, problem)
  local dice = math.random(3)
  if not is_ready(run, execution) then
    return false
  elseif dice == 1 and check(client, run, execution, answered, problem) then
    return true
  elseif dice == 2 and execution.pause_asks then
    resume(client, run, execution, answered, problem)
  else
    pause(client, run, execution, answered, problem)
  end
  return true
end

local function for_all(client, run, send)
  for _, execution in ipairs(run.executions) do
    if execution.arn and execution.pause_asks then
      send(execution)
    end
    while client.count >= MOST_CALLS do
      client:step(1000)
    end
  end
  while client.count > 0 do
    client:step(1000)
  end
end

--- All that was acknowledged is there; then all may go on.
function crash_paused.resume_all(client, run, answered, problem)
  for_all(client, run, function(execution)
    check(client, run, execution, answered, problem)
  end)
  for_all(client, run, function(execution)
    resume(client, run, execution, answered, problem)
  end)
end

--- No state was entered while it was paused.
function crash_paused.check_end(run, execution, problem)
  for _, span in ipairs(execution.pauses or {}) do
    for _, event in ipairs(execution.events) do
      local at = moment(event.timestamp)
      if event.type:find("StateEntered") and at > span.from and
        span.till and at < span.till then
        problem(run, execution, "event %d at %s, and it was paused at %s",
          event.id, at, span.from)
        return
      end
    end
  end
end

return crash_paused
