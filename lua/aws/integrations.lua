--- Integrations: how Step Functions deals with a service, beyond what the
-- service's model says.
--
-- Those of its own (sqs:sendMessage) call services with AWS's SDK for Java 1,
-- the others (aws-sdk:sqs:sendMessage) with version 2: so errors, causes and
-- moments look different.
--
-- name       before the dot of errors
-- client     the service in causes
-- exception  of errors that the model does not know
--
-- @module aws.integrations

local names = require("aws.names")

local integrations = {}

local OWN = {
  athena = { name = "Athena", client = "AmazonAthena" },
  batch = { name = "Batch", client = "AWSBatch" },
  bedrock = { name = "Bedrock", client = "AmazonBedrock" },
  codebuild = { name = "CodeBuild", client = "AWSCodeBuild" },
  databrew = { name = "DataBrew", client = "AWSGlueDataBrew" },
  dynamodb = { name = "DynamoDB", client = "AmazonDynamoDBv2",
    exception = "AmazonDynamoDBException" },
  ecs = { name = "ECS", client = "AmazonECS" },
  eks = { name = "EKS", client = "AmazonEKS" },
  elasticmapreduce = { name = "ElasticMapReduce",
    client = "AmazonElasticMapReduce" },
  ["emr-containers"] = { name = "EMRContainers",
    client = "AmazonEMRContainers" },
  ["emr-serverless"] = { name = "EMRServerless",
    client = "AWSEMRServerless" },
  events = { name = "EventBridge", client = "AmazonEventBridge" },
  glue = { name = "Glue", client = "AWSGlue" },
  mediaconvert = { name = "MediaConvert", client = "AWSMediaConvert" },
  sagemaker = { name = "SageMaker", client = "AmazonSageMaker" },
  sns = { name = "SNS", client = "AmazonSNS" },
  sqs = { name = "SQS", client = "AmazonSQS" },
}

-- Actions that are more, or something else, than the operation of that name.
--
-- direct              the module of aws/ that makes the call, which no model
--                     describes
-- service, operation  whose and which operation it is
-- ask                 the operation's parameters: see aws.place; nil: the
--                     task's
-- answer              the members of the result: see aws.place; nil: the
--                     answer's
-- json                members of the answer whose bytes are JSON
-- origin              a list, and in each of its elements the list of ARNs that
--                     those of state machine and execution are added to
-- bare                the result does not tell of the call
-- failed              a member that counts what has failed: more than 0 is a
--                     failure of this name
local ACTIONS = {
  ["apigateway:invoke"] = { direct = "api_gateway" },
  ["eks:call"] = { direct = "kubernetes" },
  ["eks:runJob"] = { direct = "kubernetes" },
  ["bedrock:invokeModel"] = {
    service = "bedrock-runtime", json = { Body = true },
  },
  ["events:putEvents"] = {
    bare = true,
    origin = { "Entries", "Resources" },
    failed = { "FailedEntryCount", "EventBridge.FailedEntry" },
  },
  ["elasticmapreduce:addStep"] = {
    operation = "addJobFlowSteps",
    ask = { JobFlowId = "=ClusterId", Steps = "[=Step]" },
    answer = { StepId = "StepIds.0" },
  },
  ["elasticmapreduce:cancelStep"] = {
    operation = "cancelSteps",
    ask = { ClusterId = "=ClusterId", StepIds = "[=StepId]" },
    answer = { CancelStepsInfo = "CancelStepsInfoList.0" },
  },
  ["elasticmapreduce:createCluster"] = {
    operation = "runJobFlow",
    answer = { ClusterId = "JobFlowId", ClusterArn = "ClusterArn" },
  },
  ["elasticmapreduce:setClusterTerminationProtection"] = {
    operation = "setTerminationProtection",
    ask = { JobFlowIds = "[=ClusterId]",
      TerminationProtected = "=TerminationProtected" },
  },
  ["elasticmapreduce:terminateCluster"] = {
    operation = "terminateJobFlows", ask = { JobFlowIds = "[=ClusterId]" },
  },
}

local NOTHING = {}

--- Takes the type and resource of a task apart: { service, action, is_sdk,
-- sync, and of the table above what is in it }. `resource` as in history
-- events, "sendMessage", "runTask.sync".
function integrations.of(kind, resource)
  local sdk = kind:match("^aws%-sdk:(.+)$")
  local action, pattern = resource:match("^([^.]+)%.?(.*)$")
  local special = not sdk and ACTIONS[kind .. ":" .. action] or NOTHING
  return {
    asked = sdk or kind, action = action, is_sdk = sdk ~= nil,
    sync = pattern:find("^sync") ~= nil,
    direct = special.direct, service = special.service or sdk or kind,
    operation = special.operation or action,
    ask = special.ask, answer = special.answer, json = special.json,
    bare = sdk or special.bare, failed = special.failed,
    origin = special.origin, own = not sdk and OWN[kind] or nil,
  }
end

-- Services whose causes tell how often they were asked, as was recorded.
local COUNTED = { Sfn = true }

-- The exception of an error: that of the model if it has it.
local function modelled(service, operation, code)
  local errors = code and operation:get("errors")
  for _, reference in (errors and errors:elements() or function() end) do
    local shape = reference:get("shape"):string()
    local found = service.shapes:get(shape)
    local error = found and found:get("error")
    local other = error and error:get("code")
    if shape == code or other and other:string() == code then
      return shape
    end
  end
  return nil
end

--- What Step Functions makes of a service's failure (aws.decode): its Error
-- and its Cause.
function integrations.failure(task, service, operation, status, found)
  local shape = modelled(service, operation, found.code)
  local message = found.message or "null"
  if task.own then
    local exception = shape and (shape:find("Exception$") and shape
      or shape .. "Exception") or task.own.exception
      or task.own.client .. "Exception"
    return task.own.name .. "." .. exception, ("%s (Service: %s; Status Code:"
      .. " %d; Error Code: %s; Request ID: %s; Proxy: null)"):format(message,
      task.own.client, status, found.query_code or found.code or "null",
      found.request_id or "null")
  end
  local class = names.class(service.metadata:get("serviceId"):string())
  local extended = found.host_id and ", Extended Request ID: " .. found.host_id
  return class .. "." .. (shape and names.exception(shape)
    or class .. "Exception"), ("%s (Service: %s, Status Code: %d, Request ID:"
    .. " %s%s)%s"):format(message, class, status, found.request_id or "null",
    extended or "", COUNTED[class] and " (SDK Attempt Count: 1)" or "")
end

--- What stands before the dot of a service's errors.
function integrations.name(task, service)
  return task.own and task.own.name
    or names.class(service.metadata:get("serviceId"):string())
end

return integrations
