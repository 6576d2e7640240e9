--- What a service is sent: parameters of a task, by the shapes of the model,
-- as JSON, as a form (query), or as XML.
--
-- The parameters have their members in PascalCase, as Step Functions wants
-- them; the model says what the service calls them. What is wrong with them is
-- raised as { Error = "States.Runtime", Cause = TEXT }, in AWS's words.
--
-- @module aws.encode

local doc = require("wf.doc")
local errors = require("asl.errors")
local model = require("aws.model")
local names = require("aws.names")
local values = require("aws.values")
local xml = require("aws.xml")

local encode = {}

-- The type of JSON that a shape's values must have; others may have any.
local EXPECTED = {
  list = "array", map = "object", structure = "object", boolean = "boolean",
  integer = "number", long = "number", float = "number", double = "number",
  short = "number", byte = "number",
}

local function wrong(at, text)
  error({ Error = "States.Runtime", Cause = "The Parameters '"
    .. errors.compact(at.parameters:text())
    .. "' could not be used to start the Task: [" .. text .. "]" }, 0)
end

-- The shape of a reference, and its type, which the value has.
local function shape_of(at, reference, value, field)
  local shape = model.shape(at.service, reference)
  local kind = model.text(shape, "type")
  local expected = EXPECTED[kind]
  if model.flag(shape, "document") then
    return shape, "document"
  elseif expected and value:type() ~= expected then
    wrong(at, "The value for the field '" .. field .. "' must be "
      .. (expected == "array" and "an ARRAY" or "a " .. expected:upper()))
  end
  return shape, kind
end

--- The members of a structure that are given: a list of { name, reference,
-- value, field } in the order of the model.
function encode.members(at, shape, value)
  local found, known = {}, {}
  for name, reference in shape:get("members"):members() do
    local field = names.pascal(name)
    local member = value:get(field)
    known[field] = true
    if not values.is_absent(member) then
      found[#found + 1] = { name = name, reference = reference,
        value = member, field = field }
    elseif model.flag(reference, "idempotencyToken") and at.token then
      found[#found + 1] = { name = name, reference = reference,
        value = doc.from(at.token), field = field }
    end
  end
  for field in value:members() do
    if not known[field] then
      wrong(at, "The field '" .. field
        .. "' is not supported by Step Functions")
    end
  end
  return found
end

local function seconds_of(at, value, field)
  local seconds = value:number() or value:string()
    and values.seconds(value:string())
  return seconds or wrong(at, "The value for the field '" .. field
    .. "' must be a valid date-time")
end

--- A scalar as text; `format` is that of timestamps unless the model says.
function encode.scalar(at, reference, value, field, format)
  local shape, kind = shape_of(at, reference, value, field)
  if kind == "timestamp" then
    local seconds = seconds_of(at, value, field)
    format = model.text(reference, "timestampFormat")
      or model.text(shape, "timestampFormat") or format
    return format == "unixTimestamp" and values.number(seconds)
      or format == "rfc822" and values.http_date(seconds)
      or values.iso(seconds)
  elseif kind == "blob" then
    return values.encode_bytes(values.text(value))
  end
  return values.text(value)
end

-- ---- JSON ----

local json

local function json_list(at, shape, value, field)
  local parts, reference = {}, shape:get("member")
  for _, element in value:elements() do
    parts[#parts + 1] = json(at, reference, element, field)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function json_map(at, shape, value)
  local parts, reference = {}, shape:get("value")
  for name, member in value:members() do
    if not values.is_absent(member) then
      parts[#parts + 1] = doc.quote(name) .. ":"
        .. json(at, reference, member, name)
    end
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- Members (of encode.members) as a JSON object.
function encode.json_members(at, members)
  local parts = {}
  for _, member in ipairs(members) do
    local name = model.text(member.reference, "locationName") or member.name
    parts[#parts + 1] = doc.quote(name) .. ":"
      .. json(at, member.reference, member.value, member.field)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

json = function(at, reference, value, field)
  local shape, kind = shape_of(at, reference, value, field)
  if values.is_absent(value) or kind == "document" or kind == "boolean" then
    return value:text()
  elseif kind == "structure" then
    return encode.json_members(at, encode.members(at, shape, value))
  elseif kind == "list" then
    return json_list(at, shape, value, field)
  elseif kind == "map" then
    return json_map(at, shape, value)
  elseif kind == "timestamp" then
    local text = encode.scalar(at, reference, value, field, "unixTimestamp")
    return tonumber(text) and text or doc.quote(text)
  elseif EXPECTED[kind] then
    return value:text()
  end
  return doc.quote(encode.scalar(at, reference, value, field))
end

-- ---- forms ----

local form

local function form_name(at, member)
  local reference = member.reference
  if at.protocol ~= "ec2" then
    return model.text(reference, "locationName") or member.name
  end
  return model.text(reference, "queryName")
    or names.pascal(model.text(reference, "locationName") or member.name)
end

local function is_flat(at, shape, reference)
  return at.protocol == "ec2" or model.flag(shape, "flattened")
    or model.flag(reference, "flattened")
end

local function form_list(at, reference, shape, value, prefix, fields, field)
  local element = shape:get("member")
  local name = model.text(element, "locationName") or "member"
  if is_flat(at, shape, reference) then
    local named = at.protocol ~= "ec2" and model.text(element, "locationName")
    prefix = named and prefix:gsub("[^.]*$", function()
      return named
    end) or prefix
  else
    prefix = prefix .. "." .. name
  end
  if value:len() == 0 then
    fields[#fields + 1] = { prefix:gsub("%." .. name .. "$", ""), "" }
  end
  for index, item in value:elements() do
    form(at, element, item, prefix .. "." .. index + 1, fields, field)
  end
end

local function form_map(at, reference, shape, value, prefix, fields, field)
  local key, element = shape:get("key"), shape:get("value")
  local index = 0
  prefix = is_flat(at, shape, reference) and prefix or prefix .. ".entry"
  for name, member in value:members() do
    index = index + 1
    local entry = prefix .. "." .. index .. "."
    fields[#fields + 1] = {
      entry .. (model.text(key, "locationName") or "key"), name }
    form(at, element, member,
      entry .. (model.text(element, "locationName") or "value"), fields, field)
  end
end

local function form_structure(at, shape, value, prefix, fields)
  for _, member in ipairs(encode.members(at, shape, value)) do
    local name = form_name(at, member)
    form(at, member.reference, member.value,
      prefix and prefix .. "." .. name or name, fields, member.field)
  end
end

form = function(at, reference, value, prefix, fields, field)
  local shape, kind = shape_of(at, reference, value, field)
  if kind == "structure" then
    form_structure(at, shape, value, prefix, fields)
  elseif kind == "list" then
    form_list(at, reference, shape, value, prefix, fields, field)
  elseif kind == "map" then
    form_map(at, reference, shape, value, prefix, fields, field)
  else
    fields[#fields + 1] = { prefix, encode.scalar(at, reference, value, field) }
  end
end

--- The fields of a form, in addition to those of `fields`: { name, text }.
function encode.form(at, shape, value, fields)
  form_structure(at, shape, value, nil, fields)
  return fields
end

-- ---- XML ----

local element

local function namespace(reference)
  local found = reference and reference:get("xmlNamespace")
  if not found then
    return ""
  end
  local prefix = model.text(found, "prefix")
  return " xmlns" .. (prefix and ":" .. prefix or "") .. '="'
    .. xml.escape(model.text(found, "uri") or found:string()) .. '"'
end

local function xml_structure(at, shape, value, attributes)
  local parts = {}
  for _, member in ipairs(encode.members(at, shape, value)) do
    local reference = member.reference
    local name = model.text(reference, "locationName") or member.name
    if model.flag(reference, "xmlAttribute") then
      attributes[#attributes + 1] = " " .. name .. '="'
        .. xml.escape(values.text(member.value)) .. '"'
    else
      parts[#parts + 1] = element(at, reference, member.value, name,
        member.field)
    end
  end
  return table.concat(parts)
end

local function xml_list(at, reference, shape, value, name, field)
  local parts, item = {}, shape:get("member")
  local flat = is_flat(at, shape, reference)
  local item_name = flat and name or model.text(item, "locationName")
    or "member"
  for _, member in value:elements() do
    parts[#parts + 1] = element(at, item, member, item_name, field)
  end
  local text = table.concat(parts)
  return flat and text or "<" .. name .. ">" .. text .. "</" .. name .. ">"
end

local function xml_map(at, shape, value, name)
  local parts, key, item = {}, shape:get("key"), shape:get("value")
  local key_name = model.text(key, "locationName") or "key"
  for entry, member in value:members() do
    parts[#parts + 1] = "<entry><" .. key_name .. ">" .. xml.escape(entry)
      .. "</" .. key_name .. ">" .. element(at, item, member,
        model.text(item, "locationName") or "value", entry) .. "</entry>"
  end
  return "<" .. name .. ">" .. table.concat(parts) .. "</" .. name .. ">"
end

element = function(at, reference, value, name, field)
  local shape, kind = shape_of(at, reference, value, field)
  if kind == "list" then
    return xml_list(at, reference, shape, value, name, field)
  elseif kind == "map" then
    return xml_map(at, shape, value, name)
  end
  local attributes = {}
  local text
  if kind == "structure" then
    text = xml_structure(at, shape, value, attributes)
  else
    text = xml.escape(encode.scalar(at, reference, value, field))
  end
  return "<" .. name .. (namespace(reference) ~= "" and namespace(reference)
    or namespace(shape)) .. table.concat(attributes) .. ">" .. text .. "</"
    .. name .. ">"
end

--- A value as an XML element of that name.
function encode.xml(at, reference, value, name, field)
  return element(at, reference, value, name, field)
end

--- Members (of encode.members) as an XML element of that name.
function encode.xml_members(at, members, name, lead)
  local parts = {}
  for _, member in ipairs(members) do
    parts[#parts + 1] = element(at, member.reference, member.value,
      model.text(member.reference, "locationName") or member.name,
      member.field)
  end
  return "<" .. name .. namespace(lead) .. ">" .. table.concat(parts) .. "</"
    .. name .. ">"
end

--- Raises what is wrong with the parameters.
encode.wrong = wrong

return encode
