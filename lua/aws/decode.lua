--- What a service answers, as the JSON that Step Functions makes of it: the
-- members that the model knows, in PascalCase.
--
-- `at`: service (aws.model), operation, protocol, times ("ms": moments are
-- milliseconds since the epoch, else ISO 8601), json (members whose bytes are
-- JSON and are given as such; nil).
--
-- @module aws.decode

local doc = require("wf.doc")
local model = require("aws.model")
local names = require("aws.names")
local values = require("aws.values")
local xml = require("aws.xml")

local decode = {}

-- ---- scalars ----

local function moment(at, text)
  local seconds = values.seconds(text)
  if not seconds then
    return doc.quote(text)
  elseif at.times == "ms" then
    return ("%.0f"):format(seconds * 1000)
  end
  return doc.quote(values.iso(seconds))
end

local NUMBERS = { integer = true, long = true, float = true, double = true,
  short = true, byte = true }

-- A scalar from its text, as XML and headers have it; `raw`: bytes are bytes.
local function scalar(at, kind, text, raw)
  if kind == "timestamp" then
    return moment(at, text)
  elseif kind == "boolean" then
    return text:lower() == "true" and "true" or "false"
  elseif NUMBERS[kind] and tonumber(text) and doc.parse(text) then
    return text
  elseif kind == "blob" then
    return values.quote_bytes(raw and text or values.decode_bytes(text))
  end
  local ok, quoted = pcall(doc.quote, text)
  return ok and quoted or values.quote_bytes(text)
end

local function object(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

local function member_text(field, text)
  return doc.quote(field) .. ":" .. text
end

-- ---- from JSON ----

local from_json

local function json_structure(at, shape, value)
  local parts = {}
  for name, reference in shape:get("members"):members() do
    local member = value:get(model.text(reference, "locationName") or name)
    if not values.is_absent(member) then
      parts[#parts + 1] = member_text(names.pascal(name),
        from_json(at, reference, member))
    end
  end
  return object(parts)
end

local function json_list(at, shape, value)
  local parts, reference = {}, shape:get("member")
  for _, element in value:elements() do
    parts[#parts + 1] = from_json(at, reference, element)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function json_map(at, shape, value)
  local parts, reference = {}, shape:get("value")
  for name, element in value:members() do
    parts[#parts + 1] = member_text(name, from_json(at, reference, element))
  end
  return object(parts)
end

local JSON_KINDS = {
  structure = { "object", json_structure }, list = { "array", json_list },
  map = { "object", json_map },
}

from_json = function(at, reference, value)
  local shape = model.shape(at.service, reference)
  local kind = model.text(shape, "type")
  local inside = JSON_KINDS[kind]
  if inside and value:type() == inside[1] and shape
      and not model.flag(shape, "document") then
    return inside[2](at, shape, value)
  elseif kind == "timestamp" then
    return moment(at, value:string() or value:text())
  elseif kind == "blob" and value:string() then
    return values.quote_bytes(values.decode_bytes(value:string()))
  end
  return value:text()
end

-- ---- from XML ----

local from_xml

local function is_flat(shape, reference)
  return model.flag(shape, "flattened") or model.flag(reference, "flattened")
    or false
end

local function xml_member(at, reference, name, parent)
  local wanted = model.text(reference, "locationName") or name
  local shape = model.shape(at.service, reference)
  local kind = model.text(shape, "type")
  if (kind == "list" or kind == "map") and is_flat(shape, reference) then
    local item = kind == "list"
      and model.text(shape:get("member"), "locationName")
    local found = xml.all(parent, wanted)
    found = #found == 0 and item and xml.all(parent, item) or found
    return #found > 0 and { children = found, text = "" } or nil, true
  elseif model.flag(reference, "xmlAttribute") then
    local text = parent.attributes[wanted]
      or parent.attributes[wanted:match("[^:]+$")]
    return text and { children = {}, text = text }
  end
  return xml.child(parent, wanted)
end

local function xml_structure(at, shape, element)
  local parts = {}
  for name, reference in shape:get("members"):members() do
    if not model.text(reference, "location") then
      local found, flat = xml_member(at, reference, name, element)
      if found then
        parts[#parts + 1] = member_text(names.pascal(name),
          from_xml(at, reference, found, flat))
      end
    end
  end
  return object(parts)
end

local function xml_list(at, shape, element)
  local parts, reference = {}, shape:get("member")
  for index, child in ipairs(element.children) do
    parts[index] = from_xml(at, reference, child)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function xml_map(at, shape, element)
  local parts, key, item = {}, shape:get("key"), shape:get("value")
  for _, entry in ipairs(element.children) do
    local name = xml.child(entry, model.text(key, "locationName") or "key")
    local value = xml.child(entry, model.text(item, "locationName") or "value")
    if name and value then
      parts[#parts + 1] = member_text(name.text, from_xml(at, item, value))
    end
  end
  return object(parts)
end

local XML_KINDS = { structure = xml_structure, list = xml_list, map = xml_map }

from_xml = function(at, reference, element)
  local shape = model.shape(at.service, reference)
  local kind = model.text(shape, "type")
  local inside = XML_KINDS[kind]
  return inside and inside(at, shape, element)
    or scalar(at, kind, element.text)
end

-- ---- REST: headers, status, body ----

local function from_header(at, response, reference, name)
  local text = response.headers[name:lower()]
  local shape = model.shape(at.service, reference)
  local kind = model.text(shape, "type")
  if not text then
    return nil
  elseif kind == "list" then
    local parts = {}
    for item in text:gmatch("[^,]+") do
      parts[#parts + 1] = doc.quote((item:match("^%s*(.-)%s*$")))
    end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  return scalar(at, kind, text)
end

local function from_headers(_, response, _, prefix)
  local found, parts = {}, {}
  prefix = prefix:lower()
  for name in pairs(response.headers) do
    if name:sub(1, #prefix) == prefix then
      found[#found + 1] = name
    end
  end
  table.sort(found)
  for index, name in ipairs(found) do
    parts[index] = member_text(name:sub(#prefix + 1),
      doc.quote(response.headers[name]))
  end
  return object(parts)
end

local function from_status(_, response)
  return tostring(response.status)
end

local PLACES = {
  header = from_header, headers = from_headers, statusCode = from_status,
}

local function payload_text(at, reference, name, response)
  local kind = model.text(model.shape(at.service, reference), "type")
  local body = response.body
  if kind == "blob" or kind == "string" then
    local value = at.json and at.json[names.pascal(name)] and doc.parse(body)
    return value and value:text() or scalar(at, kind, body, true)
  elseif body == "" then
    return nil
  elseif at.protocol == "rest-xml" then
    local root = xml.parse(body)
    return root and from_xml(at, reference, root)
  end
  local value = doc.parse(body)
  return value and from_json(at, reference, value)
end

-- The members of a body that is an object or element.
local function body_parts(at, shape, root)
  if not root then
    return nil
  elseif at.protocol == "rest-xml" then
    return xml_structure(at, shape, root):sub(2, -2)
  end
  return json_structure(at, shape, root):sub(2, -2)
end

local function from_rest(at, shape, response)
  local parts, payload = {}, model.text(shape, "payload")
  local root = not payload and response.body ~= "" and
    (at.protocol == "rest-xml" and xml.parse(response.body)
      or at.protocol == "rest-json" and doc.parse(response.body)) or nil
  local body = body_parts(at, shape, root)
  if body and body ~= "" then
    parts[1] = body
  end
  for name, reference in shape:get("members"):members() do
    local place = PLACES[model.text(reference, "location")]
    local text = nil
    if place then
      text = place(at, response, reference,
        model.text(reference, "locationName") or name)
    elseif name == payload then
      text = payload_text(at, reference, name, response)
    end
    if text then
      parts[#parts + 1] = member_text(names.pascal(name), text)
    end
  end
  return object(parts)
end

local function from_query(at, shape, response)
  local root = xml.parse(response.body)
  local wrapper = model.text(at.operation:get("output"), "resultWrapper")
    or at.name .. "Result"
  local result = root and (xml.child(root, wrapper) or root)
  return result and xml_structure(at, shape, result) or "{}"
end

--- The answer (aws.call: { status, headers, body }) as JSON text.
function decode.result(at, response)
  local shape = model.shape(at.service, at.operation:get("output"))
  if not shape then
    return "{}"
  elseif at.protocol == "json" then
    local value = doc.parse(response.body)
    return value and value:type() == "object"
      and json_structure(at, shape, value) or "{}"
  elseif at.protocol == "query" or at.protocol == "ec2" then
    return from_query(at, shape, response)
  end
  return from_rest(at, shape, response)
end

-- ---- errors ----

local function last_part(code)
  return code and (code:match("^([^:]*)"):match("([^#]*)$"))
end

local function json_error(response)
  local value = doc.parse(response.body)
  local function member(name)
    local found = value and value:type() == "object" and value:get(name)
    return found and found:string()
  end
  local query = response.headers["x-amzn-query-error"]
  return {
    code = last_part(response.headers["x-amzn-errortype"]
      or member("__type") or member("code")),
    query_code = query and query:match("^([^;]+)"),
    message = member("message") or member("Message"),
  }
end

local function xml_error(response)
  local root = xml.parse(response.body)
  local function text_of(name)
    local within = xml.child(root, "Error")
      or xml.child(xml.child(root, "Errors"), "Error") or root
    local found = xml.child(within, name) or xml.child(root, name)
    return found and found.text
  end
  return {
    code = text_of("Code"), message = text_of("Message"),
    request_id = text_of("RequestId") or text_of("RequestID"),
    host_id = text_of("HostId"),
  }
end

--- What the service says of a failure: { code, query_code, message,
-- request_id, host_id }; what it does not say is nil.
function decode.failure(at, response)
  local found = (at.protocol == "json" or at.protocol == "rest-json")
    and json_error(response) or xml_error(response)
  found.request_id = found.request_id
    or response.headers["x-amzn-requestid"]
    or response.headers["x-amz-request-id"]
  found.host_id = found.host_id or response.headers["x-amz-id-2"]
  return found
end

return decode
