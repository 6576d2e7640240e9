--- Lambda functions: handlers of the bundle, or functions behind an endpoint
-- that speaks Lambda's Invoke API.
--
-- The file is a chunk: called with `host` (core/worker/lua_lambda.c) it returns
-- open(require), which returns run(resource, input, handler_of, task).
--
-- host.doc             the module wf.doc
-- host.decode(value)   the value as input of a handler
-- host.endpoint        URL, or nil
-- host.max_bytes       of an output

local host = ...

local doc = host.doc
local concat, error, ipairs, pairs = table.concat, error, ipairs, pairs
local pcall, tostring, type = pcall, tostring, type

-- A function runs for 900 seconds at most; then Lambda answers.
local TIMEOUT_S = 905

-- What AWS's SDK calls the headers that Lambda sends.
local HEADER_NAMES = {}
for _, name in ipairs({
  "Connection", "Content-Length", "Content-Type", "Date",
  "X-Amz-Executed-Version", "X-Amz-Function-Error", "X-Amz-Log-Result",
  "X-Amzn-Trace-Id", "x-amzn-Remapped-Content-Length", "x-amzn-RequestId",
}) do
  HEADER_NAMES[name:lower()] = name
end

local function fail(name, cause)
  error({ Error = name, Cause = cause }, 0)
end

-- "NAME", "NAME:QUALIFIER", "ACCOUNT:function:NAME", or an ARN
local function name_of(text)
  local rest = text:match("^.*:?function:(.+)$") or text
  local name, qualifier = rest:match("^([^:]+):(.+)$")
  return name or rest, qualifier
end

-- The text of a parameter; nil if it is not given.
local function text_of(parameters, name)
  local value = parameters:get(name)
  if not value or value:type() == "null" then
    return nil
  end
  local text = value:string()
  if not text then
    fail("States.Runtime", "The Parameters '" .. parameters:text()
      .. "' could not be used to start the Task: [The field '" .. name
      .. "' must be a STRING]")
  end
  return text
end

-- The bytes that Lambda is sent. Its API takes bytes, so characters that are
-- JSON by themselves go as they are; others are sent as a JSON string.
local function payload_of(parameters)
  local payload = parameters:get("Payload")
  if not payload or payload:type() == "null" then
    return nil
  end
  local text = payload:string()
  return text and doc.parse(text) or payload
end

-- A call of arn:aws:states:::lambda:invoke.
local function service_call(parameters)
  local function_name = parameters:type() == "object"
    and text_of(parameters, "FunctionName")
  if not function_name then
    fail("States.Runtime", "The Parameters '" .. parameters:text()
      .. "' could not be used to start the Task: [The field 'FunctionName' is"
      .. " required but was missing]")
  end
  local name, qualifier = name_of(function_name)
  return {
    service = true, name = name, function_name = function_name,
    payload = payload_of(parameters),
    qualifier = text_of(parameters, "Qualifier") or qualifier,
    kind = text_of(parameters, "InvocationType") or "RequestResponse",
    log = text_of(parameters, "LogType"),
    context = text_of(parameters, "ClientContext"),
  }
end

-- A call by a function's ARN: the input is the payload, the payload returned
-- is the output.
local function direct_call(arn, input)
  local name, qualifier = name_of(arn)
  return { name = name, function_name = arn, payload = input,
    qualifier = qualifier, kind = "RequestResponse" }
end

-- JSON as AWS writes it: no blanks, no escapes without need.
local function compact(value)
  local kind, parts = value:type(), {}
  if kind == "object" then
    for name, member in value:members() do
      parts[#parts + 1] = doc.quote(name) .. ":" .. compact(member)
    end
    return "{" .. concat(parts, ",") .. "}"
  elseif kind == "array" then
    for _, element in value:elements() do
      parts[#parts + 1] = compact(element)
    end
    return "[" .. concat(parts, ",") .. "]"
  elseif kind == "string" then
    return doc.quote(value:string())
  end
  return value:text()
end

-- The function has failed: its own error, and its answer as the cause.
local function function_failed(call, body)
  local value = doc.parse(body)
  local kind = value and value:type() == "object" and value:get("errorType")
  local cause = value and call.service and compact(value) or body
  if not kind or not kind:string() then
    fail("Lambda.Unknown", "The cause could not be determined because Lambda "
      .. "did not return an error type. Returned payload: " .. cause)
  end
  fail(kind:string(), cause)
end

-- Lambda has refused the call.
local function refused(response)
  local value = doc.parse(response.body)
  local function member(name)
    local found = value and value:type() == "object" and value:get(name)
    return found and found:string()
  end
  local code = response.headers["x-amzn-errortype"] or member("__type")
    or "AWSLambdaException"
  code = code:match("^([^:]*)"):match("([^#]*)$")
  local text = member("Message") or member("message") or "null"
  fail("Lambda." .. code, text .. " (Service: AWSLambda; Status Code: "
    .. response.status .. "; Error Code: " .. code .. "; Request ID: "
    .. (response.headers["x-amzn-requestid"] or "null") .. "; Proxy: null)")
end

-- What Lambda was not even asked.
local function unreachable(problem)
  if type(problem) ~= "table" or not problem.Error then
    error(problem, 0)
  elseif problem.Error == "Http.TooLarge" then
    fail("States.DataLimitExceeded", "")
  end
  fail("Lambda.SdkClientException",
    "Unable to execute HTTP request: " .. tostring(problem.Cause))
end

-- What an integration adds to its output about the call.
local function metadata(status, headers, request_id, json)
  local all, plain = json.object({}), json.object({})
  for name, value in pairs(headers) do
    name = HEADER_NAMES[name] or name
    all[name], plain[name] = { value }, value
  end
  return { AllHttpHeaders = all, HttpHeaders = plain,
    HttpStatusCode = status }, { RequestId = request_id }
end

return function(library_require)
  local http, json

  local function modules()
    http = http or library_require("http")
    json = json or library_require("json")
  end

  local function envelope(call, payload, response)
    local headers = response.headers
    local about, ids = metadata(response.status, headers,
      headers["x-amzn-requestid"] or response.request_id, json)
    return {
      ExecutedVersion = call.kind ~= "Event" and
        (headers["x-amz-executed-version"] or call.qualifier or "$LATEST")
        or nil,
      FunctionError = headers["x-amz-function-error"],
      LogResult = headers["x-amz-log-result"],
      Payload = payload,
      SdkHttpMetadata = about, SdkResponseMetadata = ids,
      StatusCode = response.status,
    }
  end

  local function remote(call, task)
    local ok, response = pcall(http.request, {
      method = "POST",
      url = host.endpoint:gsub("/+$", "") .. "/2015-03-31/functions/"
        .. call.name .. "/invocations",
      query = call.qualifier and { Qualifier = call.qualifier } or nil,
      headers = {
        ["Content-Type"] = "application/json",
        ["Idempotency-Key"] = task.idempotency_key,
        ["X-Amz-Client-Context"] = call.context,
        ["X-Amz-Invocation-Type"] = call.kind ~= "RequestResponse"
          and call.kind or nil,
        ["X-Amz-Log-Type"] = call.log,
      },
      body = call.payload and call.payload:text() or "",
      timeout = TIMEOUT_S, max_bytes = host.max_bytes, proxy = "",
    })
    if not ok then
      unreachable(response)
    elseif response.status < 200 or response.status > 299 then
      refused(response)
    elseif response.headers["x-amz-function-error"] then
      function_failed(call, response.body)
    end
    local payload = doc.parse(response.body) or response.body
    return call.service and envelope(call, payload, response) or payload
  end

  -- An event: nobody waits for its result, whatever it is. Here it is over
  -- before the state is.
  local function event(handler, input, task)
    local ok, problem = pcall(handler, input, task)
    if not ok then
      task:log(type(problem) == "table" and problem.Cause or problem)
    end
  end

  local function here(call, handler, task)
    local input = host.decode(call.payload or doc.empty_object)
    if not call.service then
      return handler(input, task)
    end
    local response = { status = 200, headers = {},
      request_id = task.idempotency_key }
    if call.kind == "RequestResponse" then
      local payload = handler(input, task)
      return envelope(call, payload == nil and json.null or payload, response)
    end
    if call.kind == "Event" then
      event(handler, input, task)
    end
    response.status = call.kind == "Event" and 202 or 204
    return envelope(call, "", response)
  end

  --- Runs the function that `resource` names: "arn:aws:lambda:…", or
  -- "invoke:…" with the parameters of lambda:invoke as input.
  return function(resource, input, handler_of, task)
    modules()
    local call = resource:find("^invoke:") and service_call(input)
      or direct_call(resource, input)
    local handler, isolate = handler_of(call.name)
    if handler and isolate then
      return isolate
    elseif handler then
      return here(call, handler, task)
    elseif host.endpoint then
      return remote(call, task)
    end
    fail("Lambda.ResourceNotFoundException", "Function not found: "
      .. call.function_name .. ": the handlers have no " .. call.name
      .. ".lua that returns a function or has a function handler, and there"
      .. " is no --lambda-endpoint")
  end
end
