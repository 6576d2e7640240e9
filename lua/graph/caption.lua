--- Words for pictures: the condition of a choice rule, what a state does.
--
-- Everything here takes a value of the definition that may be anything, and
-- returns a string. Nothing is cut: that is the renderer's business.
--
-- @module graph.caption

local doc = require("wf.doc")
local text = require("graph.text")

local caption = {}

local SIGNS = {
  Equals = "=", LessThan = "<", GreaterThan = ">",
  LessThanEquals = "≤", GreaterThanEquals = "≥",
  Matches = "matches",
}
local KINDS = { "String", "Numeric", "Boolean", "Timestamp" }
local TESTS = {
  IsNull = "null", IsPresent = "present", IsNumeric = "a number",
  IsString = "a string", IsBoolean = "a boolean", IsTimestamp = "a timestamp",
}

local MAX_TERMS = 12 -- of And, Or: nobody reads more in a picture
local MAX_DEPTH = 6

local function of_type(value, name, wanted)
  local member = value:get(name)
  if member and member:type() == wanted then
    return member
  end
end

local function string_of(value, name)
  local member = of_type(value, name, "string")
  return member and member:string()
end

-- "NumericLessThanEqualsPath" -> "≤"
local function sign_of(operator)
  for _, kind in ipairs(KINDS) do
    if operator:sub(1, #kind) == kind then
      local rest = operator:sub(#kind + 1)
      return SIGNS[rest] or SIGNS[rest:match("^(.*)Path$") or ""]
    end
  end
end

-- What is compared with: paths and numbers as they are, strings in quotes.
local function operand(operator, value)
  local plain = value:string()
  if not plain then
    return text.one_line(value:text())
  end
  plain = text.one_line(plain)
  return operator:sub(-4) == "Path" and plain or '"' .. plain .. '"'
end

local function comparison(rule)
  local variable = text.one_line(string_of(rule, "Variable") or "?")
  for operator, value in rule:members() do
    local test, sign = TESTS[operator], sign_of(operator)
    if test then
      return variable .. (value:boolean() == false and " is not " or " is ")
        .. test
    elseif sign then
      return variable .. " " .. sign .. " " .. operand(operator, value)
    end
  end
  return variable
end

local condition

local function joined(rules, word, depth)
  local terms = {}
  for _, rule in rules:elements() do
    if #terms == MAX_TERMS then
      terms[#terms + 1] = "…"
      break
    end
    local is_compound = rule:type() == "object"
      and (rule:get("And") or rule:get("Or"))
    local term = condition(rule, depth + 1)
    terms[#terms + 1] = is_compound and "(" .. term .. ")" or term
  end
  return table.concat(terms, " " .. word .. " ")
end

condition = function(rule, depth)
  if rule:type() ~= "object" then
    return "?"
  elseif depth > MAX_DEPTH then
    return "…"
  end
  local list = of_type(rule, "And", "array")
  if list then
    return joined(list, "and", depth)
  end
  list = of_type(rule, "Or", "array")
  if list then
    return joined(list, "or", depth)
  end
  local negated = of_type(rule, "Not", "object")
  if negated then
    return "not (" .. condition(negated, depth + 1) .. ")"
  end
  local expression = string_of(rule, "Condition")
  if expression then
    expression = text.one_line(expression)
    return expression:match("^{%%%s*(.-)%s*%%}$") or expression
  end
  return comparison(rule)
end

--- The condition of a choice rule, in one line.
function caption.condition(rule)
  return condition(rule, 0)
end

--- The errors of a catcher, in one line.
function caption.errors(catcher)
  local names = {}
  local list = of_type(catcher, "ErrorEquals", "array") or doc.empty_array
  for _, name in list:elements() do
    names[#names + 1] = text.one_line(name:string() or "?")
    if #names > MAX_TERMS then
      break
    end
  end
  return table.concat(names, ", ")
end

local SERVICES = {
  lambda = "Lambda", dynamodb = "DynamoDB", sns = "SNS", sqs = "SQS",
  ecs = "ECS", eks = "EKS", ec2 = "EC2", rds = "RDS", s3 = "S3", fis = "FIS",
  states = "Step Functions", sfn = "Step Functions", http = "HTTP",
  events = "EventBridge", eventbridge = "EventBridge", batch = "Batch",
  athena = "Athena", glue = "Glue", sagemaker = "SageMaker", ssm = "SSM",
  codebuild = "CodeBuild", apigateway = "API Gateway", bedrock = "Bedrock",
  elasticmapreduce = "EMR", rekognition = "Rekognition", redshiftdata =
  "Redshift Data", textract = "Textract", translate = "Translate",
  comprehend = "Comprehend", polly = "Polly", transcribe = "Transcribe",
  ses = "SES", sesv2 = "SES", kms = "KMS", iam = "IAM", sts = "STS",
  cloudwatch = "CloudWatch", cloudwatchlogs = "CloudWatch Logs",
  databrew = "DataBrew", mediaconvert = "MediaConvert", appflow = "AppFlow",
  secretsmanager = "Secrets Manager", organizations = "Organizations",
}

local PATTERNS = {
  sync = "sync", waitForTaskToken = "callback",
}

local function integration(resource)
  local service, action = resource:match(":states:::aws%-sdk:([^:]+):(.+)$")
  if not service then
    service, action = resource:match(":states:::([^:]+):(.+)$")
  end
  if not service then
    return nil
  end
  local name, suffix = action:match("^(.-)%.(.*)$")
  name = name or action
  local pattern = suffix and PATTERNS[suffix:match("^%a+")]
  return (SERVICES[service] or service) .. ": "
    .. name:sub(1, 1):upper() .. name:sub(2)
    .. (pattern and " (" .. pattern .. ")" or "")
end

local function task(state)
  local resource = string_of(state, "Resource")
  if not resource then
    return "Task"
  end
  resource = text.one_line(resource)
  local name = resource:match(":lambda:.*:function:([^:]+)")
  if name then
    return "Lambda: " .. name
  end
  name = resource:match(":states:.*:activity:(.+)$")
  if name then
    return "Activity: " .. name
  end
  return integration(resource) or resource
end

local UNITS = { { 86400, "d" }, { 3600, "h" }, { 60, "min" } }

local function duration(seconds)
  for _, unit in ipairs(UNITS) do
    if seconds >= unit[1] and seconds % unit[1] == 0 then
      return string.format("%d %s", seconds / unit[1], unit[2])
    end
  end
  return string.format("%.14g s", seconds)
end

local function wait(state)
  local seconds = state:get("Seconds")
  if seconds and seconds:type() == "number" then
    return "Wait " .. duration(seconds:number())
  end
  local length = seconds and seconds:string() or string_of(state, "SecondsPath")
  if length then
    return "Wait " .. text.one_line(length) .. " s"
  end
  local moment = string_of(state, "Timestamp")
    or string_of(state, "TimestampPath")
  return moment and "Wait until " .. text.one_line(moment) or "Wait"
end

local function map(state)
  local processor = of_type(state, "ItemProcessor", "object")
  local config = processor and of_type(processor, "ProcessorConfig", "object")
  local mode = config and string_of(config, "Mode")
  local limit = state:get("MaxConcurrency")
  limit = limit and limit:number()
  return (mode == "DISTRIBUTED" and "Distributed Map" or "Map")
    .. (limit and limit > 0 and string.format(", %.14g at a time", limit)
      or "")
end

local function parallel(state)
  local branches = of_type(state, "Branches", "array")
  local count = branches and branches:len() or 0
  return count == 1 and "Parallel, 1 branch"
    or "Parallel, " .. count .. " branches"
end

local function fail(state)
  local name = string_of(state, "Error") or string_of(state, "ErrorPath")
  return name and "Fail: " .. text.one_line(name) or "Fail"
end

local DETAILS = {
  Task = task, Wait = wait, Map = map, Parallel = parallel, Fail = fail,
}

--- What a state does, in a few words: "Lambda: Invoke", "Wait 30 s".
function caption.detail(state, kind)
  local describe = DETAILS[kind]
  return describe and describe(state) or kind
end

return caption
