--- Integrations: what the parameters of a service's action may have.
--
-- @module asl.integration

local errors = require("asl.errors")

local integration = {}

-- By resource type and resource, without .sync and the like.
local ACTIONS = {
  ["apigateway invoke"] = {
    required = { "ApiEndpoint", "Method" },
    types = {
      AllowNullValues = "boolean", ApiEndpoint = "string",
      AuthType = "string", Headers = "object", Method = "string",
      Path = "string", QueryParameters = "object", RequestBody = "any",
      Stage = "string",
    },
  },
  ["eks call"] = {
    required = { "ClusterName", "CertificateAuthority", "Endpoint", "Method",
      "Path" },
    types = {
      CertificateAuthority = "string", ClusterName = "string",
      Endpoint = "string", Method = "string", Path = "string",
      QueryParameters = "object", RequestBody = "any",
    },
  },
  ["eks runJob"] = {
    required = { "ClusterName", "CertificateAuthority", "Endpoint", "Job" },
    types = {
      CertificateAuthority = "string", ClusterName = "string",
      Endpoint = "string", Job = "any", LogOptions = "object",
      Namespace = "string",
    },
  },
  ["lambda invoke"] = {
    required = { "FunctionName" },
    types = {
      ClientContext = "string", FunctionName = "string",
      InvocationType = "string", LogType = "string", Payload = "any",
      Qualifier = "string",
    },
  },
  ["http invoke"] = {
    required = { "ApiEndpoint", "Method" },
    types = {
      ApiEndpoint = "string", Authentication = "object", Headers = "object",
      InvocationConfig = "object", Method = "string",
      QueryParameters = "object", RequestBody = "any", Transform = "object",
    },
  },
  ["moonstep waitForSignal"] = {
    required = { "Name" },
    types = { Name = "string" },
  },
  ["states startExecution"] = {
    required = { "StateMachineArn" },
    types = { Input = "any", Name = "string", StateMachineArn = "string" },
  },
}

local function problems_of(action, parameters)
  local problems = {}
  for name, value in parameters:members() do
    local expected = action.types[name]
    if not expected then
      problems[#problems + 1] = "The field '" .. name
        .. "' is not supported by Step Functions"
    elseif expected ~= "any" and value:type() ~= expected then
      problems[#problems + 1] = "The value for the field '" .. name
        .. "' must be a " .. expected:upper()
    end
  end
  for _, name in ipairs(action.required) do
    if not parameters:get(name) then
      problems[#problems + 1] = "The field '" .. name
        .. "' is required but was missing"
    end
  end
  return problems
end

--- What is known of an action; nil if nothing is.
function integration.action(resource_type, resource)
  return ACTIONS[resource_type .. " " .. resource:gsub("%..*$", "")]
end

--- What is wrong with the parameters for an action; nil if nothing is.
function integration.problem(action, parameters)
  local problems = { "The parameters must be an object" }
  if parameters:type() == "object" then
    problems = problems_of(action, parameters)
  end
  if #problems == 0 then
    return nil
  end
  return "The Parameters '" .. errors.compact(parameters:text())
    .. "' could not be used to start the Task: ["
    .. table.concat(problems, ", ") .. "]"
end

return integration
