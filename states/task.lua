--- Task: has a resource do the work, and waits for its answer.
--
-- Entering schedules the task; its answer, or its failure, ends the state,
-- unless a retrier asks for another attempt or a catcher takes the error.
--
-- @module states.task

local decide = require("asl.decide")
local errors = require("asl.errors")
local failing = require("asl.failing")
local integration = require("asl.integration")
local jsonata_fields = require("asl.jsonata_fields")
local service_parameters = require("aws.parameters")

local task = { type = "Task" }

local LONGEST_S = 99999999

--- Fields of this state beyond those every state has.
task.fields = {
  types = {
    Resource = "resource",
    InputPath = "nullable_path",
    Parameters = "template",
    TimeoutSeconds = { "integer", min = 1, max = LONGEST_S },
    TimeoutSecondsPath = "path",
    HeartbeatSeconds = { "integer", min = 1, max = LONGEST_S },
    HeartbeatSecondsPath = "path",
    Credentials = { "record", schema = {
      types = { RoleArn = "string", ["RoleArn.$"] = "expression" },
      exactly_one_of = { { "RoleArn", "RoleArn.$" } },
    } },
    ResultSelector = "template",
    ResultPath = "result_path",
    OutputPath = "nullable_path",
    Assign = "assign",
    Retry = "retriers",
    Catch = "catchers",
    AtMostOnce = "boolean",
  },
  required = { "Resource" },
  at_most_one_of = {
    { "TimeoutSeconds", "TimeoutSecondsPath" },
    { "HeartbeatSeconds", "HeartbeatSecondsPath" },
  },
  extensions = { AtMostOnce = true },
}

task.jsonata_fields = {
  types = {
    Resource = "resource",
    Arguments = "jsonata",
    TimeoutSeconds = { "jsonata_integer", min = 1, max = LONGEST_S },
    HeartbeatSeconds = { "jsonata_integer", min = 1, max = LONGEST_S },
    Credentials = { "record", schema = {
      types = { RoleArn = "jsonata_string" },
      required = { "RoleArn" },
      is_open = true,
    } },
    Output = "jsonata",
    Assign = "assign",
    Retry = "retriers",
    Catch = "catchers",
    AtMostOnce = "boolean",
  },
  required = { "Resource" },
  extensions = { AtMostOnce = true },
}

--- The task has failed: a retrier, a catcher, or the end.
task.task_failed = failing.failed

local failed = failing.failed

-- A number of seconds from `Field` or `FieldPath`: seconds, or nil if neither
-- is given; an error and a cause after nil if the path does not help.
local function seconds_of(ctx, state, effective, field)
  local path = state[field .. "Path"]
  if not path then
    return jsonata_fields.integer(ctx, state, state[field], effective, 1,
      LONGEST_S)
  end
  local found = path:find(effective, ctx)
  if not found then
    return state.data.no_result(ctx, state, path, effective)
  end
  local seconds = found:number()
  if not seconds or seconds < 1 or seconds > LONGEST_S or seconds % 1 ~= 0 then
    return errors.runtime(ctx, state, "The " .. field
      .. 'Path field refers to value "'
      .. (found:string() or errors.compact(found:text()))
      .. '" which is not a valid integer: ' .. path.text)
  end
  return seconds
end

-- The role of Credentials, given or found; nil if there are none.
local function role_of(ctx, state, effective)
  local credentials = state.Credentials
  local path = credentials and credentials["RoleArn.$"]
  if not path then
    return jsonata_fields.value(ctx, state,
      credentials and credentials.RoleArn, effective, "string")
  end
  local found, error, cause = path:find(effective, ctx)
  if not found then
    if error then
      return nil, error, cause
    end
    return state.data.no_result(ctx, state, path, effective)
  end
  if found:type() ~= "string" then
    return errors.runtime(ctx, state, "The RoleArn field refers to value '"
      .. errors.compact(found:text()) .. "' which is not a string: "
      .. path.text)
  end
  return found:string()
end

local function problem_of(state, parameters)
  if state.action then
    return integration.problem(state.action, parameters)
  elseif state.operation then
    return service_parameters.problem(state.operation, parameters)
  end
  return nil
end

-- What an integration wants to be asked.
local function parameters_of(ctx, state, effective)
  local parameters, error, cause =
    state.data.parameters(ctx, state, effective)
  local problem = parameters and problem_of(state, parameters)
  if problem then
    return errors.runtime(ctx, state, problem)
  end
  return parameters, error, cause
end

--- Decides what entering the state means: its task is scheduled.
function task.enter(ctx, state, input)
  local effective, error, cause = state.data.input(ctx, state, input)
  if not effective then
    return failed(ctx, state, input, error, cause)
  end
  local timeout_s, heartbeat_s, role_arn, parameters
  timeout_s, error, cause = seconds_of(ctx, state, effective, "TimeoutSeconds")
  if not error then
    heartbeat_s, error, cause =
      seconds_of(ctx, state, effective, "HeartbeatSeconds")
  end
  if not error then
    role_arn, error, cause = role_of(ctx, state, effective)
  end
  if not error then
    parameters, error, cause = parameters_of(ctx, state, effective)
  end
  if error then
    return failed(ctx, state, input, error, cause)
  end
  return decide.schedule(parameters, timeout_s, heartbeat_s,
    state.AtMostOnce, role_arn)
end

--- A retrier's interval is over: everything again from the state's input.
task.retry = task.enter

--- The task has succeeded: comes with its result.
task.task_succeeded = failing.succeeded

--- Names that the core reads, and defaults, when the definition is loaded.
function task.prepare(state)
  local resource = state.Resource
  state.resource_type = resource.type
  state.resource = resource.resource
  state.family = resource.family
  state.action = integration.action(resource.type, resource.resource)
  state.operation = resource.family == "Task"
    and service_parameters.operation(resource.type, resource.resource) or nil
  state.waits_for_token = resource.pattern == "waitForTaskToken"
  state.has_token = resource.pattern ~= nil
  failing.prepare(state)
  state.AtMostOnce = state.AtMostOnce or false
end

return task
