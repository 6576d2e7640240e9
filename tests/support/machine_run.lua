--- Runs state machines in specs: the loop of the engine in a hundred lines,
-- with time that is moved by hand and tasks that the spec answers.
--
--   local run = machine_run.new(definition):start('{"order":7}')
--   run:advance(30)                 seconds
--   run:succeed('{"ok":true}')      answers the task that was scheduled
--   run:fail("Name", "cause")
--
-- run.status, run.output (JSON text), run.error, run.cause; run.scheduled,
-- the parameters of the last task (JSON text), with run.timeout_s,
-- run.heartbeat_s, run.at_most_once, run.role_arn; run.visited, the names of
-- the states; run.assigned, the last values of variables that a state gave
-- (JSON text); run.failed_location and run.failed_cause of an expression.

local doc = require("wf.doc")
local fake_ctx = require("fake_ctx")
local machine = require("machine")

local machine_run = {}

local Run = {}
Run.__index = Run

local START_MS = 1704067200000 -- 2024-01-01T00:00:00Z

--- A ctx as state scripts see it, over the fields of `run`.
local function new_ctx(run)
  local ctx = {}
  function ctx:now_ms()
    return run.now_ms
  end
  function ctx:entered_event_id()
    return run.entered_event_id
  end
  function ctx:retrier_count(number)
    return run.retriers[number] or 0
  end
  function ctx:random()
    return run.random
  end
  function ctx:uuid()
    return "00000000-0000-4000-8000-000000000001"
  end
  function ctx:variables()
    return run.variables
  end
  function ctx:evaluation_failed(location, cause)
    run.failed_location, run.failed_cause = location, cause
  end
  return fake_ctx.new(function()
    return run:context_text()
  end, ctx)
end

--- The context object of the state that is being run.
function Run:context_text()
  return '{"Execution":{"Id":"arn:aws:states:us-east-1:000000000000:'
    .. 'execution:m:e","Input":' .. self.input_text .. ',"Name":"e"},'
    .. '"State":{"Name":' .. doc.quote(self:state().name)
    .. ',"RetryCount":' .. self.retry_count .. '},"StateMachine":'
    .. '{"Name":"m"},"Task":{"Token":"token"}}'
end

function Run:state()
  return self.loaded.states[self.index]
end

local apply

function Run:enter(index, input)
  self.index, self.input = index, input
  self.retriers, self.retry_count = {}, 0
  self.entered_event_id = #self.visited * 2 + 2
  self.visited[#self.visited + 1] = self:state().name
  apply(self, machine.enter(self.loaded, index, self.ctx, input))
end

function Run:resume(event, a, b)
  self.waiting = nil
  apply(self, machine.resume(self.loaded, self.index, self.ctx, self.input,
    event, a, b))
end

local function merged(variables, assigned)
  local members, place = {}, {}
  for _, object in ipairs({ variables or assigned, assigned }) do
    for name, value in object:members() do
      place[name] = place[name] or #members + 1
      members[place[name]] = { name, value }
    end
  end
  return doc.object(members)
end

apply = function(run, kind, a, b, c, d, e)
  if kind == "exit" and c then
    run.assigned = c:text()
    run.variables = merged(run.variables, c)
  end
  if kind == "exit" and b == 0 then
    run.status, run.output = "SUCCEEDED", a:text()
  elseif kind == "exit" then
    run:enter(b, a)
  elseif kind == "fail" then
    run.status, run.error, run.cause = "FAILED", a, b
  elseif kind == "schedule" then
    run.scheduled, run.timeout_s, run.heartbeat_s = a:text(), b, c
    run.at_most_once, run.role_arn = d, e
    run.waiting = "task"
  elseif kind == "wait" then
    run.waiting, run.due_ms = "timer_fired", a
  elseif kind == "retry" then
    run.waiting, run.due_ms, run.retrier = "retry", a, b
  else
    error("not a decision: " .. tostring(kind))
  end
end

--- Moves time; fires what falls due on the way.
function Run:advance(seconds)
  local until_ms = self.now_ms + seconds * 1000
  while self.waiting and self.waiting ~= "task" and self.due_ms <= until_ms do
    self.now_ms = math.max(self.now_ms, self.due_ms)
    local event = self.waiting
    if event == "retry" then
      self.retriers[self.retrier] = (self.retriers[self.retrier] or 0) + 1
      self.retry_count = self.retry_count + 1
    end
    self:resume(event)
  end
  self.now_ms = until_ms
  return self
end

--- Milliseconds until the timer that is armed.
function Run:delay_ms()
  return self.due_ms - self.now_ms
end

--- The task that was scheduled answers.
function Run:succeed(output)
  assert(self.waiting == "task", "no task is scheduled")
  self:resume("task_succeeded", doc.parse(output))
  return self
end

--- The task that was scheduled fails.
function Run:fail(error_name, cause)
  assert(self.waiting == "task", "no task is scheduled")
  self:resume("task_failed", error_name, cause)
  return self
end

local Machine = {}
Machine.__index = Machine

--- Loads a definition; raises an error with the diagnostics if it is wrong.
function machine_run.new(definition, options)
  local loaded, problems = machine.load(definition, options)
  if not loaded then
    local lines = {}
    for _, problem in ipairs(problems) do
      lines[#lines + 1] = problem.code .. ": " .. problem.message .. " at "
        .. tostring(problem.location)
    end
    error(table.concat(lines, "\n"), 2)
  end
  return setmetatable({ loaded = loaded }, Machine)
end

--- A machine of one state, "A", whose fields are given as JSON members; what
-- it leads to is "End", a Succeed state, or "Caught".
function machine_run.of_state(members, options)
  return machine_run.new('{"StartAt":"A","States":{"A":{' .. members
    .. '},"End":{"Type":"Succeed"}' .. (members:find('"Caught"', 1, true)
    and ',"Caught":{"Type":"Succeed"}' or "") .. "}}", options)
end

--- Starts an execution and runs it until it waits or ends.
function Machine:start(input)
  local run = setmetatable({
    loaded = self.loaded,
    now_ms = START_MS,
    random = 0.5,
    status = "RUNNING",
    input_text = input,
    visited = {},
  }, Run)
  run.ctx = new_ctx(run)
  run:enter(self.loaded.start, assert(doc.parse(input)))
  return run
end

--- The diagnostics of a definition as "CODE: message at /location".
function machine_run.problems(definition, options)
  local loaded, problems = machine.load(definition, options)
  local lines = {}
  for i, problem in ipairs(loaded and {} or problems) do
    lines[i] = problem.code .. ": " .. problem.message
      .. (problem.location and " at " .. problem.location or "")
  end
  return lines
end

return machine_run
