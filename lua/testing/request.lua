--- What a request of TestState may ask of a state: mocks, and what is
-- configured with them.
--
-- A request is a table of what was given, texts as they came:
--
--   mock         { result, error, cause, mode } or nil
--   context      JSON text
--   reveals_secrets
--   retries, caused_by, failures, reader_data   of stateConfiguration
--
-- Functions return nil if all is well; or an exception and its message.
--
-- @module testing.request

local context = require("testing.context")
local doc = require("wf.doc")
local mock_check = require("mock.check")

local request = {}

local INVALID = "ValidationException"
local INVALID_DEFINITION = "InvalidDefinition"

local function invalid(message)
  return INVALID, message
end

-- What makes sense beside a mock only, as AWS names it.
local WITH_A_MOCK = {
  { "context", "Context" },
  { "retries", "RetrierRetryCount" },
  { "caused_by", "ErrorCausedByState" },
  { "failures", "MapIterationFailureCount" },
  { "reader_data", "MapItemReaderData" },
}

local function without_mock(asked)
  for _, pair in ipairs(WITH_A_MOCK) do
    if asked[pair[1]] ~= nil then
      return invalid("TestState does not support " .. pair[2]
        .. " when a mock is not specified.")
    end
  end
  return nil
end

--- What can be said without looking at the state.
function request.check_alone(asked)
  local mock = asked.mock
  if not mock then
    return without_mock(asked)
  elseif asked.reveals_secrets then
    return invalid("TestState does not support RevealSecrets when a mock is "
      .. "specified.")
  elseif (mock.result ~= nil) == (mock.fails == true) then
    return invalid("A test mock should have only one of the following "
      .. "fields: [result, errorOutput].")
  elseif mock.fails and not mock.error then
    return invalid("The errorOutput of a mock must have an error.")
  end
  return nil
end

local MOCKABLE = { Task = true, Parallel = true, Map = true }

local UNSUPPORTED = "TestState API does not support Map or Parallel states. "
  .. "Supported state types include: [Task, Wait, Pass, Succeed, Fail, "
  .. "Choice]"

-- What the state waits for beyond a response: "sync", "sync:2",
-- "waitForTaskToken", "activity"; nil: nothing.
local function pattern_of(state)
  local resource = state.type == "Task" and state.Resource
  if not resource then
    return nil
  end
  return resource.family == "Activity" and "activity" or resource.pattern
end

-- What can't be tested by doing it.
local function check_unmocked(state)
  if state.type == "Parallel" or state.type == "Map" then
    return INVALID_DEFINITION, UNSUPPORTED
  end
  local pattern = pattern_of(state)
  if pattern then
    return INVALID_DEFINITION, "TestState API does not support "
      .. (pattern == "activity" and "Activity tasks"
        or "the '." .. pattern:match("^%a+") .. "' service integration pattern")
      .. " when a mock is not specified."
  end
  return nil
end

-- Whether a branch, or the processor, of the state has one of that name.
local function contains(loaded, state, name)
  for number = state.index + 1, state.last_inside do
    if loaded.states[number].name == name then
      return true
    end
  end
  return false
end

local function check_configuration(loaded, state, asked)
  local is_map = state.type == "Map"
  if asked.failures and not is_map then
    return invalid("MapIterationFailureCount is for Map states only.")
  elseif asked.reader_data and not (is_map and state.ItemReader) then
    return invalid("MapItemReaderData is for Map states with an ItemReader "
      .. "only.")
  elseif not asked.caused_by then
    return nil
  elseif not is_map and state.type ~= "Parallel" then
    return invalid("ErrorCausedByState is for Map and Parallel states only.")
  elseif not contains(loaded, state, asked.caused_by) then
    return invalid("ErrorCausedByState is not a state inside the tested one: "
      .. asked.caused_by)
  end
  return nil
end

local function check_list(state, asked, result)
  if state.type == "Map" and state.ResultWriter then
    return nil
  elseif result:type() ~= "array" then
    return invalid("Mocked result must be an array.")
  elseif (asked.failures or 0) > result:len() then
    return invalid("Map iteration failure count must be less than or equal "
      .. "to the number of Map iterations")
  end
  return nil
end

local function check_result(state, asked)
  local text = asked.mock.result
  if not text then
    return nil
  end
  local result, problem = doc.parse(text)
  if not result then
    return invalid("Mocked result must be valid JSON: " .. problem)
  elseif state.type ~= "Task" then
    return check_list(state, asked, result)
  end
  problem = mock_check.result(state.Resource.text, result,
    asked.mock.mode or "STRICT")
  if problem then
    return invalid(problem)
  end
  return nil
end

--- What can be said of the state that is asked for.
function request.check(loaded, state, asked)
  if not asked.mock then
    return check_unmocked(state)
  elseif not MOCKABLE[state.type] then
    return invalid("State type '" .. state.type
      .. "' is not supported when a mock is specified")
  end
  local exception, message
  if asked.context then
    local pattern = pattern_of(state)
    message = context.problem(asked.context,
      pattern ~= nil and pattern ~= "activity")
    if message then
      return invalid(message)
    end
  end
  exception, message = check_configuration(loaded, state, asked)
  if exception then
    return exception, message
  end
  return check_result(state, asked)
end

return request
