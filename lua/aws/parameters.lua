--- Parameters of a service's operation, looked at before the task is
-- scheduled: what can't be sent fails the state.
--
-- @module aws.parameters

local doc = require("wf.doc")
local integrations = require("aws.integrations")
local model = require("aws.model")
local place = require("aws.place")
local request = require("aws.request")

local parameters_ = {}

-- More than a decision may cost on the loop: models are read by threads.
local READING_STEPS = 100000

--- The operation that a resource calls, as its type and resource say; nil if
-- no model describes it.
function parameters_.operation(resource_type, resource)
  local task = integrations.of(resource_type, resource)
  if (task.is_sdk or task.own) and not task.direct then
    return task
  end
  return nil
end

--- What is wrong with the parameters (a value), as a Cause; nil if nothing is,
-- or if there is no model to say so.
function parameters_.problem(task, parameters)
  doc.spend(READING_STEPS)
  local service = model.service(task.service)
  local operation, name
  if service then
    operation, name = model.operation(service, task.operation)
  end
  if not operation or not request.speaks(model.protocol(service)) then
    return nil
  end
  local asked = task.ask and parameters:type() == "object"
    and place.object(task.ask, parameters, parameters) or parameters
  local ok, err = pcall(request.build, { service = service, name = name,
    operation = operation, parameters = asked, token = "none",
    protocol = model.protocol(service) })
  if ok then
    return nil
  elseif type(err) ~= "table" or not err.Cause then
    error(err, 0)
  end
  return err.Cause
end

return parameters_
