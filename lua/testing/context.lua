--- The Context object that a request of TestState may give in place of the
-- one that a state would see.
--
-- @module testing.context

local doc = require("wf.doc")

local context = {}

local TEXTS = { Id = "string", Name = "string" }

-- What may stand in each member. Execution.Input may be anything.
local MEMBERS = {
  Execution = {
    Id = "string", Input = "any", Name = "string", RoleArn = "string",
    StartTime = "string", RedriveCount = "number", RedriveTime = "string",
  },
  State = { EnteredTime = "string", Name = "string", RetryCount = "number" },
  StateMachine = TEXTS,
  Task = { Token = "string" },
}

local ARTICLES = { string = "a string", number = "a number" }

local function problem_of(name, members, object)
  if object:type() ~= "object" then
    return name .. " must be an object"
  end
  for member, value in object:members() do
    local expected = members[member]
    if not expected then
      return "Field '" .. name .. "." .. member .. "' is not allowed"
    elseif expected ~= "any" and value:type() ~= expected then
      return name .. "." .. member .. " must be " .. ARTICLES[expected]
    end
  end
  return nil
end

local function problem_in(object, has_token)
  for name, value in object:members() do
    local members = MEMBERS[name]
    if name == "Map" then
      return "'Map' field is not supported when mocking a Context object"
    elseif not members then
      return "Field '" .. name .. "' is not allowed"
    elseif name == "Task" and not has_token then
      return "Context object contains 'Task' when state is not a Task state "
        .. "with a '.sync' or '.waitForTaskToken' service integration pattern"
    end
    local problem = problem_of(name, members, value)
    if problem then
      return problem
    end
  end
  return nil
end

--- What is wrong with a Context object, JSON text; nil if nothing is.
-- `has_token`: the state is one that AWS lets see a Task.
function context.problem(text, has_token)
  local object, problem = doc.parse(text)
  if not object then
    problem = "The Context object must be valid JSON: " .. problem
  elseif object:type() ~= "object" then
    problem = "The Context object must be an object"
  else
    problem = problem_in(object, has_token)
  end
  return problem and "Invalid Context object provided: " .. problem
end

return context
