--- A call of a service as a request of HTTP, without address and signature.
--
-- @module aws.request

local base64 = require("asl.base64")
local doc = require("wf.doc")
local encode = require("aws.encode")
local model = require("aws.model")
local values = require("aws.values")

local request = {}

--- A text as it stands in URLs; with `is_path`, slashes stay.
function request.escape(text, is_path)
  return (text:gsub(is_path and "[^%w._~/-]" or "[^%w._~-]", function(char)
    return ("%%%02X"):format(char:byte())
  end))
end

--- Names and texts as they stand behind a "?", in the order of signatures.
function request.query(fields)
  local parts = {}
  for index, field in ipairs(fields) do
    parts[index] = request.escape(field[1]) .. "=" .. request.escape(field[2])
  end
  table.sort(parts)
  return table.concat(parts, "&")
end

local function form(fields)
  local parts = {}
  for index, field in ipairs(fields) do
    parts[index] = request.escape(field[1]) .. "=" .. request.escape(field[2])
  end
  return table.concat(parts, "&")
end

local function build_json(at, call, shape)
  local version = model.text(at.service.metadata, "jsonVersion") or "1.0"
  call.headers["Content-Type"] = "application/x-amz-json-" .. version
  call.headers["X-Amz-Target"] = model.text(at.service.metadata,
    "targetPrefix") .. "." .. at.name
  call.body = shape and encode.json_members(at,
    encode.members(at, shape, at.parameters)) or "{}"
end

local function build_form(at, call, shape)
  local fields = {
    { "Action", at.name },
    { "Version", model.text(at.service.metadata, "apiVersion") },
  }
  call.headers["Content-Type"] =
    "application/x-www-form-urlencoded; charset=utf-8"
  call.body = form(shape and encode.form(at, shape, at.parameters, fields)
    or fields)
end

-- ---- REST ----

local function place_uri(at, call, member, name)
  local text = encode.scalar(at, member.reference, member.value, member.field)
  if text == "" then
    encode.wrong(at, "The value for the field '" .. member.field
      .. "' must not be empty")
  end
  call.labels[name] = text
end

local function query_value(at, call, reference, value, name, field)
  local shape = model.shape(at.service, reference)
  local kind = model.text(shape, "type")
  if kind == "list" then
    for _, element in value:elements() do
      query_value(at, call, shape:get("member"), element, name, field)
    end
  elseif kind == "map" then
    for key, element in value:members() do
      query_value(at, call, shape:get("value"), element, key, field)
    end
  else
    call.query[#call.query + 1] = { name,
      encode.scalar(at, reference, value, field) }
  end
end

local function place_querystring(at, call, member, name)
  query_value(at, call, member.reference, member.value, name, member.field)
end

-- Whoever sends a line break in a header sends another header.
local function header_text(at, text, field)
  if text:find("[%z\r\n]") then
    encode.wrong(at, "The value for the field '" .. field
      .. "' must not have line breaks")
  end
  return text
end

local function place_header(at, call, member, name)
  local reference, value = member.reference, member.value
  local shape = model.shape(at.service, reference)
  if model.text(shape, "type") == "list" then
    local parts = {}
    for _, element in value:elements() do
      parts[#parts + 1] = encode.scalar(at, shape:get("member"), element,
        member.field, "rfc822")
    end
    call.headers[name] = header_text(at, table.concat(parts, ","),
      member.field)
  else
    local text = encode.scalar(at, reference, value, member.field, "rfc822")
    if model.flag(reference, "jsonvalue") then
      text = values.encode_bytes(text)
    end
    call.headers[name] = header_text(at, text, member.field)
  end
end

local function place_headers(at, call, member, prefix)
  for name, value in member.value:members() do
    if not name:find("^[%w_.-]+$") then
      encode.wrong(at, "The field '" .. name .. "' can't name a header")
    end
    call.headers[prefix .. name] = header_text(at, values.text(value), name)
  end
end

local PLACES = {
  uri = place_uri, querystring = place_querystring, header = place_header,
  headers = place_headers,
}

-- The member that is the body as it is.
local function set_payload(at, call, member)
  local shape = model.shape(at.service, member.reference)
  local kind = model.text(shape, "type")
  local is_xml = at.protocol == "rest-xml"
  if kind == "blob" or kind == "string" then
    call.body = values.text(member.value)
    call.headers["Content-Type"] = call.headers["Content-Type"]
      or member.value:string() and "text/plain; charset=UTF-8"
      or "application/json"
  elseif is_xml then
    call.body = encode.xml(at, member.reference, member.value,
      model.text(member.reference, "locationName") or member.name,
      member.field)
  elseif kind == "structure" then
    call.body = encode.json_members(at,
      encode.members(at, shape, member.value))
  else
    call.body = member.value:text()
  end
end

local function set_body(at, call, members)
  if #members == 0 and (at.protocol == "rest-xml"
      or call.method == "GET" or call.method == "DELETE"
      or call.method == "HEAD") then
    return
  elseif at.protocol == "rest-xml" then
    local input = at.operation:get("input")
    call.body = encode.xml_members(at, members,
      model.text(input, "locationName") or model.text(input, "shape"), input)
  else
    call.body = encode.json_members(at, members)
  end
end

local function place_members(at, call, shape)
  local rest, payload = {}, nil
  local payload_name = model.text(shape, "payload")
  for _, member in ipairs(encode.members(at, shape, at.parameters)) do
    local place = PLACES[model.text(member.reference, "location")]
    if place then
      place(at, call, member,
        model.text(member.reference, "locationName") or member.name)
    elseif member.name == payload_name then
      payload = member
    else
      rest[#rest + 1] = member
    end
  end
  if payload then
    set_payload(at, call, payload)
  elseif not payload_name then
    set_body(at, call, rest)
  end
end

local function fill_path(at, call, uri)
  local path, query = uri:match("^([^?]*)%??(.*)$")
  path = path:gsub("{([%w_.-]+)(%+?)}", function(name, greedy)
    local text = call.labels[name]
    if not text then
      encode.wrong(at, "The field '" .. name
        .. "' is required but was missing")
    end
    return request.escape(text, greedy == "+")
  end)
  for field in query:gmatch("[^&]+") do
    local name, text = field:match("^([^=]*)=?(.*)$")
    call.query[#call.query + 1] = { name, text }
  end
  call.path = path
end

local function build_rest(at, call, shape)
  call.labels = {}
  if shape then
    place_members(at, call, shape)
  end
  fill_path(at, call, model.text(at.operation:get("http"), "requestUri"))
  if call.body and not call.headers["Content-Type"] then
    call.headers["Content-Type"] = at.protocol == "rest-xml"
      and "application/xml" or "application/json"
  end
end

local BUILDERS = {
  json = build_json, query = build_form, ec2 = build_form,
  ["rest-json"] = build_rest, ["rest-xml"] = build_rest,
}

local function digest(text)
  local hex = doc.hash("MD5", text)
  return base64.encode((hex:gsub("..", function(pair)
    return string.char(tonumber(pair, 16))
  end)))
end

--- Whether requests can be made as a protocol wants them.
function request.speaks(protocol)
  return BUILDERS[protocol] ~= nil
end

--- The request of a call: { method, path, query (list of { name, text }),
-- headers, body }. `at`: service (aws.model), operation, its name, parameters
-- (a value), protocol, token (for members that make a call idempotent).
function request.build(at)
  local builder = BUILDERS[at.protocol]
  local http = at.operation:get("http")
  local call = {
    method = http and model.text(http, "method") or "POST", path = "/",
    query = {}, headers = {},
  }
  if not builder then
    encode.wrong(at, "The protocol '" .. tostring(at.protocol)
      .. "' of this service is not spoken here")
  elseif at.parameters:type() ~= "object" then
    encode.wrong(at, "The parameters must be an object")
  end
  builder(at, call, model.shape(at.service, at.operation:get("input")))
  call.body = call.body or ""
  if model.flag(at.operation, "httpChecksumRequired") and call.body ~= "" then
    call.headers["Content-MD5"] = digest(call.body)
  end
  return call
end

return request
