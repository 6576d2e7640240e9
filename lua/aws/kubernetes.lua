--- eks:call and eks:runJob: calls of the Kubernetes API of an EKS cluster.
--
-- @module aws.kubernetes

local doc = require("wf.doc")
local base64 = require("asl.base64")
local http_call = require("aws.http_call")
local job_run = require("aws.job_run")
local request = require("aws.request")
local sigv4 = require("aws.sigv4")
local values = require("aws.values")

local kubernetes = {}

local METHODS = { GET = true, POST = true, PUT = true, DELETE = true,
  PATCH = true, HEAD = true }

-- Who patches says how, but Step Functions has no parameter for it.
local PATCH = "application/merge-patch+json"
local TOKEN_LASTS_S = 60

-- What a cluster knows its callers by: a request to STS, which says who has
-- signed it, for the cluster to send.
local function token_of(kit, cluster)
  local call = {
    method = "GET", path = "/", body = "",
    query = { { "Action", "GetCallerIdentity" },
      { "Version", "2011-06-15" } },
    headers = { Host = "sts." .. kit.region .. ".amazonaws.com",
      ["x-k8s-aws-id"] = cluster },
  }
  sigv4.presign(call, kit.scope("sts"), TOKEN_LASTS_S)
  local url = "https://" .. call.headers.Host .. "/?"
    .. request.query(call.query)
  return "k8s-aws-v1." .. base64.encode(url):gsub("%+", "-"):gsub("/", "_")
    :gsub("=", "")
end

local function text_of(value)
  return value and (value:string() or value:text())
end

-- The cluster that the parameters name, as a function that calls it.
local function cluster_of(kit, parameters)
  local base = http_call.text(parameters, "Endpoint"):gsub("/+$", "")
  local name = http_call.text(parameters, "ClusterName")
  local authority = values.decode_bytes(
    http_call.text(parameters, "CertificateAuthority"))
  if not base:find("^https?://[^/@?#]+$") then
    http_call.wrong("The Endpoint must be the URL of a Kubernetes API server")
  end
  return function(method, path, query, body)
    return kit.request({
      method = method, base = base, guard = true, path = path,
      query = query or {}, body = body, ca = authority, error = "EKS",
      headers = {
        Accept = "application/json",
        Authorization = "Bearer " .. token_of(kit, name),
        ["Content-Type"] = body and (method == "PATCH" and PATCH
          or "application/json") or nil,
      },
    })
  end
end

-- The response of a call that was taken.
local function good(response)
  if not http_call.is_good(response) then
    http_call.fail("EKS." .. response.status,
      http_call.result(response):text())
  end
  return response
end

local function call(kit, parameters)
  local path, query = http_call.text(parameters, "Path"):match(
    "^([^?]*)%??(.*)$")
  local asked = http_call.query(parameters, "QueryParameters")
  for field in query:gmatch("[^&]+") do
    local name, text = field:match("^([^=]*)=?(.*)$")
    asked[#asked + 1] = { name, text }
  end
  return http_call.result(good(cluster_of(kit, parameters)(
    http_call.method(parameters, METHODS), http_call.path(path), asked,
    text_of(http_call.given(parameters, "RequestBody")))))
end

-- ---- jobs ----

local function name_of(object)
  local about = object:get("metadata")
  local name = about and about:type() == "object" and about:get("name")
  return name and name:string()
end

-- "Complete" or "Failed" once the job is over.
local function end_of(job)
  local status = job:get("status")
  local conditions = status and status:get("conditions")
  for _, condition in (conditions and conditions:elements()
      or function() end) do
    local kind = condition:get("type"):string()
    if (kind == "Complete" or kind == "Failed")
        and condition:get("status"):string() == "True" then
      return kind
    end
  end
  return nil
end

local function body_of(response)
  local body = doc.parse(response.body)
  if not body or body:type() ~= "object" then
    http_call.fail("EKS.InvalidResponse",
      "The answer of the Kubernetes API server is not an object")
  end
  return body
end

-- A log, or why it can't be had: it is not what the job was for.
local function log_of(ask, path, container, options)
  local query = http_call.query(options, "LogParameters")
  query[#query + 1] = { "container", container }
  local ok, response = pcall(function()
    return good(ask("GET", path .. "/log", query))
  end)
  if not ok then
    if type(response) ~= "table" then
      error(response, 0)
    end
    return doc.object({ { "error", doc.from(response.Error) },
      { "cause", doc.from(response.Cause) } })
  end
  local raw = http_call.given(options, "RawLogs")
  local is_raw = raw and raw:boolean()
  local is_text, text = pcall(doc.from, response.body)
  return doc.object({ { "log", not is_raw and doc.parse(response.body)
    or is_text and text or doc.from(values.encode_bytes(response.body)) } })
end

local function containers_of(ask, lead, pod, options)
  local members = {}
  local list = pod:get("spec") and pod:get("spec"):get("containers")
  for _, container in (list and list:elements() or function() end) do
    local name = container:get("name"):string()
    members[#members + 1] = { name, log_of(ask,
      lead .. "/pods/" .. request.escape(name_of(pod)), name, options) }
  end
  return doc.object({ { "containers", doc.object(members) } })
end

local function logs_of(ask, lead, job, options)
  local pods = body_of(good(ask("GET", lead .. "/pods",
    { { "labelSelector", "job-name=" .. name_of(job) } })))
  local members = {}
  for _, pod in pods:get("items"):elements() do
    members[#members + 1] = { name_of(pod),
      containers_of(ask, lead, pod, options) }
  end
  return doc.object({ { "pods", doc.object(members) } })
end

local function with_logs(ask, lead, job, parameters)
  local options = http_call.given(parameters, "LogOptions")
  local wanted = options and http_call.given(options, "RetrieveLogs")
  if not wanted or not wanted:boolean() then
    return job
  end
  return job:put(doc.path({ "logs" }), logs_of(ask, lead, job, options))
end

local function run_job(kit, parameters, handle, is_sync)
  local ask = cluster_of(kit, parameters)
  local space = "/namespaces/" .. request.escape(
    http_call.text(parameters, "Namespace") or "default")
  local jobs = "/apis/batch/v1" .. space .. "/jobs"
  local function start()
    return http_call.result(good(ask("POST", jobs, nil,
      text_of(parameters:get("Job")))))
  end
  local function place_of(answer)
    return jobs .. "/" .. request.escape(name_of(answer:get("ResponseBody"))
      or "")
  end
  if not is_sync then
    return start()
  end
  return job_run.run(kit, handle, {
    start = start,
    look = function(answer)
      local job = body_of(good(ask("GET", place_of(answer))))
      local how = end_of(job)
      if how then
        return with_logs(ask, "/api/v1" .. space, job, parameters),
          how == "Failed"
      end
      return nil
    end,
    stop = function(answer)
      good(ask("DELETE", place_of(answer),
        { { "propagationPolicy", "Background" } }))
    end,
  })
end

--- Makes the call that the parameters describe.
function kubernetes.run(kit, parameters, handle, task)
  if task.action == "call" then
    return call(kit, parameters)
  end
  return run_job(kit, parameters, handle, task.sync)
end

return kubernetes
