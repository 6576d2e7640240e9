--- Words for pictures: the condition of a choice rule, what a state does.
--
-- Everything here takes decoded parts of a definition, which may be anything,
-- and returns a string. Nothing is cut: that is the renderer's business.
--
-- @module graph.caption

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

local NOTHING = {}

--- The fields of what should be an object; none if it is something else.
function caption.fields(value)
  return type(value) == "table" and value or NOTHING
end

--- A field that is a string, else nil.
function caption.string(fields, name)
  local value = fields[name]
  return type(value) == "string" and value or nil
end

local fields_of, string_of = caption.fields, caption.string

-- "NumericLessThanEqualsPath" -> "≤", for every operator.
local OPERATORS = {}
for _, kind in ipairs(KINDS) do
  for name, sign in pairs(SIGNS) do
    OPERATORS[kind .. name] = sign
    OPERATORS[kind .. name .. "Path"] = sign
  end
end

local function number(value)
  local is_whole = value % 1 == 0 and math.abs(value) < 2 ^ 53
  return string.format(is_whole and "%.0f" or "%.14g", value)
end

-- What is compared with: paths and numbers as they are, strings in quotes.
local function operand(operator, value)
  if type(value) == "number" then
    return number(value)
  elseif type(value) ~= "string" then
    return type(value) == "boolean" and tostring(value) or "?"
  end
  value = text.one_line(value)
  return operator:sub(-4) == "Path" and value or '"' .. value .. '"'
end

local condition

local function joined(fields, name, word, depth)
  local terms = {}
  for _, rule in ipairs(fields_of(fields[name])) do
    if #terms == MAX_TERMS then
      terms[#terms + 1] = "…"
      break
    end
    local term, is_compound = condition(rule, depth + 1)
    terms[#terms + 1] = is_compound and "(" .. term .. ")" or term
  end
  return table.concat(terms, " " .. word .. " "), true
end

-- A rule that compares, from its one operator.
local function comparison(variable, operator, value)
  local test, sign = TESTS[operator], OPERATORS[operator]
  if test then
    return variable .. (value == false and " is not " or " is ") .. test
  end
  return variable .. " " .. sign .. " " .. operand(operator, value)
end

condition = function(rule, depth)
  if depth > MAX_DEPTH then
    return "…"
  end
  local fields = fields_of(rule)
  if type(fields.And) == "table" then
    return joined(fields, "And", "and", depth)
  elseif type(fields.Or) == "table" then
    return joined(fields, "Or", "or", depth)
  elseif type(fields.Not) == "table" then
    return "not (" .. condition(fields.Not, depth + 1) .. ")"
  end
  local expression = string_of(fields, "Condition")
  if expression then
    expression = text.one_line(expression)
    return expression:match("^{%%%s*(.-)%s*%%}$") or expression
  end
  local variable = text.one_line(string_of(fields, "Variable") or "?")
  local operator -- there is one; of many, always the same
  for name in pairs(fields) do
    if (TESTS[name] or OPERATORS[name])
      and not (operator and operator < name) then
      operator = name
    end
  end
  return operator and comparison(variable, operator, fields[operator])
    or variable
end

--- The condition of a choice rule, in one line.
function caption.condition(rule)
  return (condition(rule, 0))
end

--- The errors of a catcher (its fields), in one line.
function caption.errors(catcher)
  local names = {}
  for _, name in ipairs(fields_of(catcher.ErrorEquals)) do
    names[#names + 1] = type(name) == "string" and text.one_line(name) or "?"
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
  if resource:sub(1, 4) ~= "arn:" then
    return resource
  end
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
  return number(seconds) .. " s"
end

local function wait(state)
  if type(state.Seconds) == "number" then
    return "Wait " .. duration(state.Seconds)
  end
  local length = string_of(state, "Seconds") or string_of(state, "SecondsPath")
  if length then
    return "Wait " .. text.one_line(length) .. " s"
  end
  local moment = string_of(state, "Timestamp")
    or string_of(state, "TimestampPath")
  return moment and "Wait until " .. text.one_line(moment) or "Wait"
end

local function processor_config(state)
  return fields_of(fields_of(state.ItemProcessor).ProcessorConfig)
end

--- Whether a state (its fields) is a distributed Map.
function caption.is_distributed(state)
  return string_of(processor_config(state), "Mode") == "DISTRIBUTED"
end

-- "Distributed Map LABEL (EXPRESS)"
local function distributed_map(state)
  local label = string_of(state, "Label")
  local kind = string_of(processor_config(state), "ExecutionType")
  return "Distributed Map" .. (label and " " .. text.one_line(label) or "")
    .. (kind and " (" .. text.one_line(kind) .. ")" or "")
end

local function map(state)
  local limit = tonumber(state.MaxConcurrency)
  return (caption.is_distributed(state) and distributed_map(state) or "Map")
    .. (limit and limit > 0 and ", " .. number(limit) .. " at a time" or "")
end

local function parallel(state)
  local count = #fields_of(state.Branches)
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

--- What a state (its fields) does, in a few words: "Wait 30 s".
function caption.detail(state, kind)
  local describe = DETAILS[kind]
  return describe and describe(state) or kind
end

return caption
