--- apigateway:invoke: calls an API that API Gateway has, by its address.
--
-- @module aws.api_gateway

local doc = require("wf.doc")
local http_call = require("aws.http_call")

local api_gateway = {}

local METHODS = { GET = true, POST = true, PUT = true, DELETE = true,
  PATCH = true, HEAD = true, OPTIONS = true }
local WITH_BODY = { POST = true, PUT = true, PATCH = true }
local AUTH_TYPES = { NO_AUTH = false, IAM_ROLE = true, RESOURCE_POLICY = true }

-- Headers that are not the caller's to set.
local RESERVED = {}
for name in ("authorization connection content-md5 expect host max-forwards "
    .. "proxy-authenticate server te trailer transfer-encoding upgrade via "
    .. "www-authenticate"):gmatch("%S+") do
  RESERVED[name] = true
end

local function check_headers(headers)
  for name in pairs(headers) do
    local lower = name:lower()
    if RESERVED[lower] or lower:find("^x%-forwarded")
        or lower:find("^x%-amz") then
      http_call.wrong("The header '" .. name
        .. "' is not supported by Step Functions")
    end
  end
  return headers
end

-- A value without the members that are null.
local function without_nulls(value)
  local kind, kept = value:type(), {}
  if kind == "object" then
    for name, member in value:members() do
      if member:type() ~= "null" then
        kept[#kept + 1] = { name, without_nulls(member) }
      end
    end
    return doc.object(kept)
  elseif kind == "array" then
    for index, element in value:elements() do
      kept[index + 1] = without_nulls(element)
    end
    return doc.array(kept)
  end
  return value
end

local function body_of(parameters, method)
  local body = http_call.given(parameters, "RequestBody")
  if not body or not WITH_BODY[method] then
    return nil
  end
  local nulls = http_call.given(parameters, "AllowNullValues")
  if nulls and nulls:boolean() then
    return body:string() or body:text()
  end
  return body:string() or without_nulls(body):text()
end

local function has_type(headers)
  for name in pairs(headers) do
    if name:lower() == "content-type" then
      return true
    end
  end
  return false
end

-- Where the request goes: what the operator says, or the API itself, which
-- only then must be a public address.
local function base_of(kit, host)
  local endpoint = kit.endpoint("apigateway", "execute-api")
  if endpoint then
    return endpoint, false
  end
  return "https://" .. host, true
end

local function is_signed(parameters)
  local name = http_call.text(parameters, "AuthType") or "NO_AUTH"
  if AUTH_TYPES[name] == nil then
    http_call.wrong("The value '" .. name .. "' of the field 'AuthType' is"
      .. " not supported by Step Functions")
  end
  return AUTH_TYPES[name]
end

local function request_of(kit, parameters)
  local host = http_call.text(parameters, "ApiEndpoint")
  if not host:find("^[%w.-]+:?%d*$") then
    http_call.wrong("The ApiEndpoint must be the name of a host, such as "
      .. "example.execute-api.us-east-1.amazonaws.com")
  end
  local method = http_call.method(parameters, METHODS)
  local stage = http_call.text(parameters, "Stage")
  local base, guard = base_of(kit, host)
  local call = {
    method = method, base = base, guard = guard,
    path = (stage and http_call.path(stage) or "")
      .. http_call.path(http_call.text(parameters, "Path") or ""),
    query = http_call.query(parameters, "QueryParameters"),
    headers = check_headers(http_call.headers(parameters, "Headers")),
    body = body_of(parameters, method), error = "ApiGateway",
  }
  if call.body and not has_type(call.headers) then
    call.headers["Content-Type"] = "application/json"
  end
  call.headers.Host = host
  if is_signed(parameters) then
    call.sign = kit.scope("execute-api",
      host:match("%.execute%-api%.([^.]+)%."))
  end
  return call
end

--- Makes the call that the parameters describe.
function api_gateway.run(kit, parameters)
  local response = kit.request(request_of(kit, parameters))
  if not http_call.is_good(response) then
    http_call.fail("ApiGateway." .. response.status, response.body)
  end
  return http_call.result(response, true)
end

return api_gateway
