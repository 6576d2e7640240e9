--- Calls of AWS services: the tasks whose resource is one of a service.
--
-- A handler in the bundle stands in for a service: function OPERATION of
-- aws/SERVICE.lua. Else the service's endpoint is called, as its model says.
--
-- The file is a chunk: called with `host` (core/worker/lua_aws.c) it returns
-- open(require), which returns run(resource, input, handler_of, task).
--
-- host.doc             the module wf.doc
-- host.models          the module wf.service_models
-- host.decode(value)   the value as input of a handler
-- host.source(path)    the text of a file of lua/
-- host.seconds()       since the epoch, by the real clock
-- host.endpoints       "SERVICE=URL" or "URL" a line
-- host.api_endpoint    URL of this engine's own API, or ""
-- host.region
-- host.allow           networks that may be called though they are private
-- host.max_bytes       of an output

local host = ...

local doc = host.doc
local error, ipairs, loadstring = error, ipairs, loadstring
local pcall, setfenv, setmetatable = pcall, setfenv, setmetatable
local tostring, type = tostring, type

-- Longer than any service takes to answer; messages may be waited for.
local TIMEOUT_S = 70
local STOP_S = 5

-- Modules of lua/, for this file alone: handlers can't require them.
local loaded = { ["wf.doc"] = doc, ["wf.service_models"] = host.models }
local environment = setmetatable({}, { __index = _G })

local function engine_require(name)
  if loaded[name] == nil then
    local path = "lua/" .. name:gsub("%.", "/") .. ".lua"
    local chunk, message = loadstring(host.source(path), "@" .. path)
    if not chunk then
      error(message, 0)
    end
    loaded[name] = setfenv(chunk, environment)()
  end
  return loaded[name]
end
environment.require = engine_require

local function fail(name, cause)
  error({ Error = name, Cause = cause }, 0)
end

local function endpoints_of(text)
  local found = {}
  for line in text:gmatch("[^\n]+") do
    local service, url = line:match("^([%w-]+)=(.+)$")
    found[service or "*"] = (url or line):gsub("/+$", "")
  end
  return found
end

-- What idempotent operations are told, so that a call that is made again has
-- no effect of its own: the same for every try of a task.
local function token_of(task)
  local hash = doc.hash("MD5", task.idempotency_key)
  return hash:gsub("^(%x%x%x%x%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)",
    "%1-%2-%3-%4-")
end

return function(library_require)
  local modules = nil
  local endpoints = endpoints_of(host.endpoints)

  -- Loaded with the first call of a service.
  local function use()
    if not modules then
      modules = { env = library_require("env"),
        http = library_require("http"), sleep = library_require("sleep") }
      for _, name in ipairs({ "decode", "integrations", "job_run", "jobs",
        "metadata", "model", "names", "place", "request", "sigv4",
        "values" }) do
        modules[name] = engine_require("aws." .. name)
      end
    end
    return modules
  end

  -- AWS's SDKs know these variables, too.
  local function endpoint_variable(service)
    local get = use().env.get
    local name = use().model.text(service.metadata, "serviceId")
    return get("AWS_ENDPOINT_URL_" .. name:gsub("[ -]", "_"):upper())
      or get("AWS_ENDPOINT_URL")
  end

  local function endpoint_of(task, service)
    local use_ = use()
    local folder = use_.names.folder(task.service)
    local own = folder == "stepfunctions" and host.api_endpoint
    return endpoints[task.asked] or endpoints[task.service]
      or endpoints[folder] or own and own ~= "" and own
      or endpoints[use_.model.text(service.metadata, "endpointPrefix")]
      or endpoints["*"] or endpoint_variable(service)
  end

  -- With what requests to a service are signed, in a region.
  local function scope_of(name, region)
    local env = use().env
    return {
      service = name, region = region or host.region,
      access_key = env.get("AWS_ACCESS_KEY_ID", "moonstep"),
      secret_key = env.get("AWS_SECRET_ACCESS_KEY", "moonstep"),
      session_token = env.get("AWS_ACCESS_KEY_ID")
        and env.get("AWS_SESSION_TOKEN"),
      date = use().values.iso(host.seconds()):gsub("[-:]", ""),
    }
  end

  local function signing_name(service)
    local text = use().model.text
    return text(service.metadata, "signingName")
      or text(service.metadata, "endpointPrefix")
  end

  -- Sends a request: { method, base, path, query, headers, body; sign: a scope;
  -- guard: the address comes from outside; ca: certificates to trust; error:
  -- whose failure it is to get no answer }. Returns the response.
  local function send(task, call)
    local use_ = use()
    local base, prefix = call.base:match("^(%a+://[^/]+)(.*)$")
    call.path, call.body = prefix .. call.path, call.body or ""
    call.headers.Host = call.headers.Host or base:match("^%a+://(.+)$")
    if call.sign then
      use_.sigv4.sign(call, call.sign)
    end
    local query = use_.request.query(call.query)
    local ok, response = pcall(use_.http.request, {
      method = call.method, headers = call.headers,
      url = base .. call.path .. (query ~= "" and "?" .. query or ""),
      body = (call.body ~= "" or call.method == "POST") and call.body or nil,
      timeout = task.timeout or TIMEOUT_S, max_bytes = host.max_bytes,
      follow = false, proxy = "", ca = call.ca, guard = call.guard,
      allow = call.guard and host.allow or nil,
    })
    if ok then
      return response
    elseif type(response) ~= "table" or not response.Error then
      error(response, 0)
    elseif response.Error == "Http.TooLarge" then
      fail("States.DataLimitExceeded", "")
    end
    return fail(call.error .. ".SdkClientException",
      "Unable to execute HTTP request: " .. tostring(response.Cause))
  end

  -- Calls an operation. Returns the answer as a value, and the response.
  local function call(task, service, operation, parameters)
    local use_ = use()
    local shape, name = use_.model.operation(service, operation)
    if not shape then
      fail("States.Runtime", "The model of " .. task.service
        .. " has no operation " .. operation
        .. " (--service-models gives other models)")
    end
    local at = {
      service = service, operation = shape, name = name,
      parameters = parameters, token = task.token,
      protocol = use_.model.protocol(service), json = task.json,
      times = not task.is_sdk and "ms" or nil,
    }
    local ask = use_.request.build(at)
    ask.base, ask.sign = task.endpoint, scope_of(signing_name(service))
    ask.error = use_.integrations.name(task, service)
    local response = send(task, ask)
    if response.status < 200 or response.status > 299 then
      fail(use_.integrations.failure(task, service, shape, response.status,
        use_.decode.failure(at, response)))
    end
    return doc.parse(use_.decode.result(at, response)), response
  end

  -- The result of a task that is over with its request.
  local function result_of(task, answer, response)
    local use_ = use()
    local failed = task.failed and answer:get(task.failed[1])
    if failed and failed:number() ~= 0 then
      fail(task.failed[2], answer:text())
    elseif task.bare then
      return answer
    end
    return use_.metadata.add(answer, response)
  end

  -- ---- jobs ----

  local function is_failed(job, answer, state)
    if job.failed and job.failed[state] then
      return true
    end
    local each = job.each and use().place.find(answer, job.each)
    for _, element in (each and each:elements() or function() end) do
      local code = element:get(job.exit_code)
      if not code or code:number() ~= 0 then
        return true
      end
    end
    return false
  end

  local function job_result(job, answer)
    local result = job.result and use().place.find(answer, job.result)
      or answer
    return job.result_as and doc.object({ { job.result_as, result } })
      or result
  end

  -- What describes a job; nil: there is none any more, as was asked for.
  local function look_at(task, service, job, ask)
    local ok, found = pcall(call, task, service, job.poll, ask)
    if ok then
      return found
    elseif job.gone and type(found) == "table" and found.Error
        and found.Error:find(job.gone, 1, true) then
      return nil
    end
    return error(found, 0)
  end

  -- A job as aws.job_run has it; `start` makes the request.
  local function job_of(task, service, parameters, start)
    local place, job = use().place, use().jobs.of(task.asked, task.action)
    if not job or not job.ask then
      fail("States.Runtime", "The resource " .. task.asked .. ":"
        .. task.action .. " can't be waited for with .sync")
    end
    local function look(answer)
      local found = look_at(task, service, job,
        place.object(job.ask, answer, parameters))
      local state = found and place.find(found, job.state)
      state = state and state:string()
      if not found then
        return answer
      elseif job.done[state] then
        return job_result(job, found), is_failed(job, found, state)
      end
      return nil
    end
    local function stop(answer)
      local ask = place.object(job.stop_ask, answer, parameters)
      if job.stop_reason then
        ask = ask:put(doc.path({ job.stop_reason }),
          doc.from("The execution was stopped"))
      end
      call(task, service, job.stop, ask)
    end
    return { start = start, look = look, stop = job.stop and stop or nil }
  end

  -- The parameters, with what Step Functions adds to them.
  local function with_origin(task, handle, parameters)
    local list, field = task.origin[1], task.origin[2]
    local found = use().place.find(parameters, list)
    if not found or found:type() ~= "array" then
      return parameters
    end
    local elements = {}
    for index, element in found:elements() do
      local arns = {}
      local given = element:type() == "object" and element:get(field)
      for _, arn in (given and given:elements() or function() end) do
        arns[#arns + 1] = arn
      end
      arns[#arns + 1] = handle.execution:gsub(":execution:([^:]*):.*$",
        ":stateMachine:%1")
      arns[#arns + 1] = handle.execution
      elements[index + 1] = element:put(doc.path({ field }), doc.array(arns))
        or element
    end
    return parameters:put(doc.path({ list }), doc.array(elements))
  end

  -- What modules of aws/ that make calls themselves get of this file.
  local function kit_of(task)
    return {
      region = host.region, scope = scope_of, sleep = use().sleep,
      request = function(call_)
        return send(task, call_)
      end,
      hurry = function() -- the task has been given up
        task.timeout = STOP_S
      end,
      -- Where the operator has a service, known by several names.
      endpoint = function(...)
        for _, name in ipairs({ ... }) do
          if endpoints[name] then
            return endpoints[name]
          end
        end
        return endpoints["*"]
      end,
    }
  end

  local function remote(task, handle, parameters)
    local use_ = use()
    local service, problem = use_.model.service(task.service)
    if not service then
      fail("States.Runtime", problem .. " (--service-models gives others)")
    end
    task.endpoint = endpoint_of(task, service)
    task.token = token_of(handle)
    if not task.endpoint then
      fail("States.TaskFailed", "There is no endpoint of " .. task.asked
        .. ", and the handlers have no aws/" .. task.asked .. ".lua with a"
        .. " function " .. task.action .. ": give --service-endpoint "
        .. task.asked .. "=URL")
    end
    if task.origin then
      parameters = with_origin(task, handle, parameters)
    end
    local function start()
      local ask = task.ask
        and use_.place.object(task.ask, parameters, parameters) or parameters
      local answer, response = call(task, service, task.operation, ask)
      return result_of(task, task.answer
        and use_.place.object(task.answer, answer, parameters) or answer,
        response)
    end
    if task.sync then
      return use_.job_run.run(kit_of(task), handle,
        job_of(task, service, parameters, start))
    end
    return start()
  end

  --- Runs "sqs:sendMessage", "aws-sdk:s3:getObject" or "ecs:runTask.sync".
  -- handler_of(file, function) finds a handler.
  return function(resource, input, handler_of, handle)
    local kind, action = resource:match("^(.+):([^:]+)$")
    if action == "2" then -- .sync:2
      kind, action = resource:match("^(.+):([^:]+:2)$")
    end
    local task = use().integrations.of(kind, action)
    local handler, isolate = handler_of("aws." .. task.asked, task.action)
    if handler and isolate then
      return isolate
    elseif handler then
      return handler(host.decode(input), handle)
    elseif task.direct then
      return engine_require("aws." .. task.direct).run(kit_of(task), input,
        handle, task)
    end
    return remote(task, handle, input)
  end
end
