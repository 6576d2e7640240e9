--- The child executions of distributed Maps, in the end of a crash suite: each
-- item has had one, it has ended as it should, and its Map Run counts it.

local cjson = require("cjson")

local crash_children = {}

local function ask(look, operation, question)
  local status, answer = look.client:ask(operation, question)
  if status == 200 then
    return answer
  end
  look.problem("%s: %s %s", operation, tostring(status),
    type(answer) == "table" and cjson.encode(answer) or tostring(answer))
end

--- All rows of a list of which an answer has a page.
local function ask_list(look, operation, question, name)
  local rows = {}
  repeat
    local answer = ask(look, operation, question)
    for _, row in ipairs(answer and answer[name] or {}) do
      rows[#rows + 1] = row
    end
    question.nextToken = answer and answer.nextToken
  until not question.nextToken
  return rows
end

--- How a child has ended, and what it was given. Those of an execution that
-- was stopped end a little later.
local function end_of_child(look, arn)
  ask(look, "Moonstep.WaitForExecution",
    { executionArn = arn, timeoutSeconds = 10 })
  local child = ask(look, "AWSStepFunctions.DescribeExecution",
    { executionArn = arn })
  if child then
    return child.status, cjson.decode(child.input).index
  end
end

local function check_child(look, expected, seen, status, index)
  if seen[index] then
    look.problem("item %d has two executions", index)
  elseif not expected[index] then
    look.problem("item %s is none", tostring(index))
  elseif status == "RUNNING" or expected[index] ~= true and
    expected[index] ~= status then
    look.problem("item %d: %s", index, status)
  end
  seen[index] = true
end

--- What a run says of its children; how those of an aborted one ended is known
-- only later.
local function check_counts(look, arn, counts, total)
  local answer = ask(look, "AWSStepFunctions.DescribeMapRun",
    { mapRunArn = arn })
  local said = answer and answer.executionCounts
  if not said then
    return
  elseif answer.status == "RUNNING" or said.total ~= total or
    said.running ~= 0 or answer.status ~= "ABORTED" and
    (said.succeeded ~= (counts.SUCCEEDED or 0) or
      said.failed ~= (counts.FAILED or 0)) then
    look.problem("of %d children its run says: %s", total,
      cjson.encode(answer))
  end
end

local function check_map_run(look, arn)
  local expected = look.machine.children(look.number)
  local seen, counts = {}, {}
  local children = ask_list(look, "AWSStepFunctions.ListExecutions",
    { mapRunArn = arn, maxResults = 1000 }, "executions")
  for _, child in ipairs(children) do
    local status, index = end_of_child(look, child.executionArn)
    if status then
      check_child(look, expected, seen, status, index)
      counts[status] = (counts[status] or 0) + 1
    end
  end
  for index, status in pairs(expected) do
    if not seen[index] and status ~= true then
      look.problem("item %d has no execution", index)
    end
  end
  check_counts(look, arn, counts, #children)
end

--- Looks at the children of an execution that has ended. `problem(format, …)`
-- notes what is wrong.
function crash_children.check(client, execution, problem)
  local machine = execution.machine
  if not machine.children then
    return
  end
  local look = { client = client, problem = problem, machine = machine,
    number = execution.number }
  local runs = ask_list(look, "AWSStepFunctions.ListMapRuns",
    { executionArn = execution.arn }, "mapRuns")
  if #runs ~= 1 and not machine.may_be_cut then
    problem("has %d Map Runs", #runs)
  end
  for _, map_run in ipairs(runs) do
    check_map_run(look, map_run.mapRunArn)
  end
end

return crash_children
