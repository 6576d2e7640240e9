--- Resources: what a Task state runs, taken apart.
--
-- @module asl.resource

local diagnostics = require("asl.diagnostics")
local fields = require("asl.fields")

local resource = {}

-- Any partition, region and account: AWS takes "arn:partition:…", and
-- "arn:aws:lambda:your-region:your-account-id:function:…", too.
local PARTITION = "^arn:[%w%-]+:"
local STATES = PARTITION .. "states:[%w%-]*:%d*:"

local function pattern_of(action)
  return action:match("%.(sync)$") or action:match("%.(sync:2)$")
    or action:match("%.(waitForTaskToken)$")
end

-- "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
-- "arn:aws:states:::aws-sdk:s3:listBuckets"
local function parse_integration(text)
  local service, action = text:match(STATES .. "([%w%-]+):(.+)$")
  if service == "aws-sdk" then
    local name
    name, action = action:match("^([%w%-]+):([%w%.:]+)$")
    service = name and "aws-sdk:" .. name
  end
  if not service or not action:find("^%a[%w%.:]*$") then
    return nil
  end
  return {
    type = service,
    resource = action,
    family = "Task",
    pattern = pattern_of(action),
  }
end

--- Takes a Resource apart: { type, resource, family, pattern }. Type and
-- resource are what history events call resourceType and resource; the family
-- says whose events they are; the pattern is what the task waits for beyond
-- the response, "sync", "sync:2" or "waitForTaskToken". nil if it is none of
-- the known forms.
function resource.parse(text)
  local handler = text:match("^lua:([%w_%-]+%.[^%c]+)$")
  if handler and not handler:find("%.%.") and not handler:find("%.$") then
    return {
      type = "lua",
      resource = handler,
      family = "Task",
      pattern = handler:match("%.[^%.]+%.(waitForTaskToken)$"),
    }
  elseif text:find(PARTITION
      .. "lambda:[%w%-]*:[%w%-]*:function:[%w_%-:%$]+$") then
    return { type = "lambda", resource = text, family = "LambdaFunction" }
  elseif text:find(STATES .. "activity:.+$") then
    return { type = "activity", resource = text, family = "Activity" }
  end
  return parse_integration(text)
end

-- The actions of services with few, all of them; others may have any.
local ACTIONS = {
  apigateway = { "invoke" },
  batch = { "submitJob" },
  dynamodb = { "getItem", "putItem", "updateItem", "deleteItem" },
  ecs = { "runTask" },
  events = { "putEvents" },
  glue = { "startJobRun" },
  http = { "invoke" },
  lambda = { "invoke" },
  moonstep = { "waitForSignal" },
  sns = { "publish" },
  sqs = { "sendMessage" },
  states = { "startExecution" },
}

-- AWS does not have these.
local OURS = { lua = true, moonstep = true }

-- What those can wait for.
local TOKEN = { waitForTaskToken = true }
local SYNC = { sync = true }
local PATTERNS = {
  apigateway = TOKEN,
  batch = SYNC,
  ecs = { sync = true, waitForTaskToken = true },
  events = TOKEN,
  glue = SYNC,
  lambda = TOKEN,
  sns = TOKEN,
  sqs = TOKEN,
  states = { sync = true, ["sync:2"] = true, waitForTaskToken = true },
}

local function has_action(found)
  local actions = found.family == "Task" and ACTIONS[found.type]
  local action, pattern = found.resource:match("^(%a+)%.?(.*)$")
  for _, name in ipairs(actions or {}) do
    if name == action then
      return pattern == "" or (PATTERNS[found.type] or {})[pattern] == true
    end
  end
  return not actions
end

local function not_recognized(text, at)
  diagnostics.schema(at.load.diagnostics, "The resource provided " .. text
    .. " is not recognized. The value is not a valid resource ARN, or the "
    .. "resource is not available in this region.", at.location)
end

--- The field Resource.
function fields.kinds.resource(value, at)
  local text = value:string()
  if not text then
    return nil, "Expected value of type String"
  end
  local found = resource.parse(text)
  if not found or not has_action(found)
      or (OURS[found.type] and at.load.profile == "aws") then
    not_recognized(text, at)
    return nil
  end
  found.text = text
  return found
end

--- The field Resource of a Map's ItemReader or ResultWriter: { text, action },
-- the action being one of options.actions, as "s3:getObject". Those of "file"
-- are ours.
function fields.kinds.map_resource(value, at, options)
  local text = value:string()
  if not text then
    return nil, "Expected value of type String"
  end
  local found = resource.parse(text)
  local action = found and found.type .. ":" .. found.resource
    or at.load.profile ~= "aws" and text:match("^file:.*$")
  for _, name in ipairs(options.actions) do
    if name == action then
      return { text = text, action = action }
    end
  end
  not_recognized(text, at)
  return nil
end

return resource
