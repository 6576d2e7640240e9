--- Fields: checks the members of an object of a definition against its
-- schema, and compiles their values.
--
-- A schema is a table that stands beside the code that uses the fields:
--
--   types = { Seconds = { "integer", min = 0 }, Comment = "string" },
--   required = { "Resource" },
--   exactly_one_of = { "Seconds", "Timestamp" },    all of these optional;
--   at_most_one_of = { { "Error", "ErrorPath" } },  pairs or longer lists
--   at_least_one_of = { … },  the same
--   extensions = { AtMostOnce = true },  refused in profile "aws"
--   is_open = true,  other fields are of no interest
--   other_language = { Output = …, … },  types in the other query language
--
-- Each type is a function of fields.kinds that returns the compiled value; or
-- nil and what is wrong (nothing if it has reported that itself).
--
-- @module asl.fields

local diagnostics = require("asl.diagnostics")
local doc = require("wf.doc")
local expression = require("asl.expression")
local path = require("asl.path")
local template = require("asl.template")
local timestamp = require("asl.timestamp")

local fields = {}

local below = diagnostics.below

--- Types of fields: functions of the value, a table { load, location, name,
-- scope } that says where it is, and the options of the schema.
fields.kinds = {}

local kinds = fields.kinds

-- A copy of a value that does not keep the definition alive.
local function detached(value)
  return doc.trusted(value:text())
end

local function expected(kind)
  return nil, "Expected value of type " .. kind
end

--- Whatever is checked elsewhere.
function kinds.any()
  return true
end

--- A text.
function kinds.string(value)
  local text = value:string()
  if not text then
    return expected("String")
  end
  return text
end

--- true or false.
function kinds.boolean(value)
  local flag = value:boolean()
  if flag == nil then
    return expected("Boolean")
  end
  return flag
end

local function in_range(number, options)
  local min, max = options.min or -math.huge, options.max or math.huge
  if number < min or number > max then
    return nil, "The value must be between " .. min .. " and " .. max
  end
  return number
end

--- A number from options.min to options.max.
function kinds.number(value, _, options)
  local number = value:number()
  if not number then
    return expected("Number")
  end
  return in_range(number, options)
end

--- An integer from options.min to options.max.
function kinds.integer(value, _, options)
  local number = value:number()
  if not number or value:text():find("[%.eE]") then
    return expected("Integer")
  end
  return in_range(number, options)
end

--- One of options.values.
function kinds.enum(value, at, options)
  local text = value:string()
  for _, allowed in ipairs(options.values) do
    if text == allowed then
      return text
    end
  end
  return nil, "The field '" .. at.name .. "' should have one of these values: ["
    .. table.concat(options.values, ", ") .. "]"
end

--- Any JSON, as a value of its own.
function kinds.json(value)
  return detached(value)
end

--- A JSON object, as a value of its own.
function kinds.object(value)
  if value:type() ~= "object" then
    return expected("Object")
  end
  return detached(value)
end

--- A non-empty list of strings.
function kinds.strings(value)
  if value:type() ~= "array" then
    return expected("Array")
  elseif value:len() == 0 then
    return nil, "The array must not be empty"
  end
  local list = {}
  for _, element in value:elements() do
    local text = element:string()
    if not text then
      return expected("String")
    end
    list[#list + 1] = text
  end
  return list
end

--- A moment: { text, seconds, nanos }.
function kinds.timestamp(value)
  local text = value:string()
  if not text then
    return expected("String")
  end
  local seconds, nanos = timestamp.parse(text)
  if not seconds then
    return nil, "String does not match RFC3339 timestamp"
  end
  return { text = text, seconds = seconds, nanos = nanos }
end

local function parsed(value, at, parse, what)
  local text = value:string()
  if not text then
    return expected("String")
  end
  local found, problem = parse(text, at.load.variables)
  if not found then
    return nil, "The value for the field '" .. at.name .. "' must be a valid "
      .. what .. ": " .. problem
  end
  return found
end

--- A path.
function kinds.path(value, at)
  return parsed(value, at, path.parse, "JSONPath")
end

--- A Reference Path.
function kinds.reference_path(value, at)
  return parsed(value, at, path.parse_reference, "Reference Path")
end

--- A path that names one place, in the input or the context object.
function kinds.any_reference_path(value, at)
  return parsed(value, at, path.parse_any_reference, "Reference Path")
end

--- A path, or an intrinsic function call.
function kinds.expression(value, at)
  return parsed(value, at, expression.parse,
    "JSONPath or a valid intrinsic function call")
end

--- A path; false for null.
function kinds.nullable_path(value, at)
  if value:type() == "null" then
    return false
  end
  return kinds.path(value, at)
end

--- A Reference Path; false for null.
function kinds.result_path(value, at)
  if value:type() == "null" then
    return false
  end
  return kinds.reference_path(value, at)
end

--- A payload template.
function kinds.template(value, at)
  if value:type() ~= "object" then
    return expected("Object")
  end
  return template.compile(value, at.load.variables)
end

--- The name of a state of the same scope; the loader replaces it by the
-- state's number, in `at.target`.
function kinds.state(value, at)
  local text = value:string()
  if not text then
    return expected("String")
  end
  at.scope.transitions[#at.scope.transitions + 1] = {
    name = text,
    field = at.name,
    location = at.location,
    target = at.target,
    from = at.scope.current,
  }
  return 0
end

--- An object with a schema of its own: options.schema.
function kinds.record(value, at, options)
  return fields.compile(at.load, value, options.schema, at.location, at.scope)
end

local function names(list)
  return "[" .. table.concat(list, ", ") .. "]"
end

local function present(object, list)
  local count = 0
  for _, name in ipairs(list) do
    if object:get(name) then
      count = count + 1
    end
  end
  return count
end

local function check_presence(load, object, schema, location)
  local report = load.diagnostics
  for _, name in ipairs(schema.required or {}) do
    if not object:get(name) then
      diagnostics.schema(report, "The field '" .. name
        .. "' is required but was missing", location)
    end
  end
  for _, list in ipairs(schema.exactly_one_of or {}) do
    local count = present(object, list)
    if count ~= 1 then
      diagnostics.schema(report, "Exactly one of these fields is required: "
        .. names(list), location)
    end
  end
  for _, list in ipairs(schema.at_least_one_of or {}) do
    if present(object, list) == 0 then
      diagnostics.schema(report, "At least one of these fields is required: "
        .. names(list), location)
    end
  end
  for _, list in ipairs(schema.at_most_one_of or {}) do
    if present(object, list) > 1 then
      diagnostics.schema(report, "Only one of these fields is allowed: "
        .. names(list), location)
    end
  end
end

local NO_OPTIONS = {}

local function wrong_language(language, name)
  local other = language == "JSONPath" and "JSONata" or "JSONPath"
  return "The QueryLanguage is set to '" .. language .. "', but field '"
    .. name .. "' is only supported for the '" .. other .. "' QueryLanguage"
end

local function compile_member(load, name, member, schema, at)
  local kind = schema.types[name]
  local extension = schema.extensions and schema.extensions[name]
  if not kind and schema.is_open then
    return nil
  elseif not kind or (extension and load.profile == "aws") then
    local other = not kind and schema.other_language
      and schema.other_language[name]
    diagnostics.schema(load.diagnostics, other
      and wrong_language(load.language, name)
      or "Field '" .. name .. "' is not supported", at.object_location)
    return nil
  end
  local options = NO_OPTIONS
  if type(kind) == "table" then
    kind, options = kind[1], kind
  end
  local compiled, problem = kinds[kind](member, at, options)
  if problem then
    diagnostics.schema(load.diagnostics, problem, at.location)
  end
  return compiled
end

--- Compiles an object. Returns a table of the compiled values by name
-- (`target`, if given, is filled); what is wrong goes to load.diagnostics.
function fields.compile(load, object, schema, location, scope, target)
  target = target or {}
  if object:type() ~= "object" then
    diagnostics.schema(load.diagnostics, "Expected value of type Object",
      location)
    return target
  end
  for name, member in object:members() do
    target[name] = compile_member(load, name, member, schema, {
      load = load,
      name = name,
      object = object,
      object_location = location,
      location = below(location, name),
      scope = scope,
      target = target,
    })
  end
  check_presence(load, object, schema, location)
  return target
end

return fields
