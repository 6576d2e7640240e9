--- Help on the states language: the fields of a type of states, from the
-- schemas that the loader checks definitions with.
--
-- @module asl.help

local choice = require("asl.choice")
local containers = require("asl.containers")
local failure_fields = require("asl.failure_fields")
local field_help = require("asl.field_help")
local item_batcher = require("asl.item_batcher")
local item_reader = require("asl.item_reader")
local loader = require("asl.loader")
local result_writer = require("asl.result_writer")
local types = require("asl.types")

local help = {}

local COLUMNS = 78
local LANGUAGES = { "JSONPath", "JSONata" }

local KINDS = {
  any = "JSON",
  any_reference_path = "reference path",
  assign = "object of variables",
  boolean = "true or false",
  branches = "list of branches",
  catchers = "list of catchers",
  end_flag = "true",
  expression = "path, or intrinsic function",
  integer = "integer",
  item_batcher = "object",
  item_reader = "object",
  json = "JSON",
  json_pointer = "JSON Pointer",
  jsonata = "JSON with expressions in it",
  jsonata_boolean = "true or false, or an expression",
  jsonata_integer = "integer, or an expression",
  jsonata_items = "array or object, or an expression",
  jsonata_number = "number, or an expression",
  jsonata_rules = "list of rules",
  jsonata_string = "text, or an expression",
  jsonata_timestamp = "moment, or an expression",
  label = "text",
  nullable_path = "path, or null",
  number = "number",
  object = "object",
  path = "path",
  processor = "object with StartAt and States",
  query_language = "JSONPath or JSONata",
  reader_config = "object",
  record = "object",
  reference_path = "reference path",
  resource = "text",
  result_path = "reference path, or null",
  result_writer = "object",
  retriers = "list of retriers",
  rules = "list of rules",
  state = "name of a state",
  states = "object of states",
  string = "text",
  strings = "list of texts",
  template = "payload template",
  timestamp = "moment",
}

local function number_text(number)
  return number % 1 == 0 and ("%d"):format(number) or tostring(number)
end

local function range(options)
  if options.min and options.max then
    return " (" .. number_text(options.min) .. " to "
      .. number_text(options.max) .. ")"
  elseif options.min then
    return " (at least " .. number_text(options.min) .. ")"
  end
  return ""
end

local function kind_text(kind)
  local name, options = kind, {}
  if type(kind) == "table" then
    name, options = kind[1], kind
  end
  if name == "enum" then
    return table.concat(options.values, " or ")
  elseif name == "map_resource" then
    return table.concat(options.actions, " or ")
  end
  return (KINDS[name] or name) .. range(options)
end

local function name_of(kind)
  return type(kind) == "table" and kind[1] or kind
end

local function type_text(jsonpath, jsonata)
  local one = jsonpath and kind_text(jsonpath)
  local other = jsonata and kind_text(jsonata)
  if not one or not other then
    return (one or other) .. (one and "; JSONPath only" or "; JSONata only")
  elseif one == other then
    return one
  elseif name_of(jsonata) == "jsonata_" .. name_of(jsonpath) then
    return one .. "; in JSONata also an expression"
  end
  return one .. "; in JSONata " .. other
end

local function contains(list, name)
  for _, element in ipairs(list or {}) do
    if element == name then
      return true
    end
  end
  return false
end

local function add_wrapped(out, indent, text)
  local line = indent
  for word in text:gmatch("%S+") do
    if #line + #word + 1 > COLUMNS and line ~= indent then
      out[#out + 1] = line
      line = indent
    end
    line = line == indent and indent .. word or line .. " " .. word
  end
  out[#out + 1] = line
end

-- Fields of both schemas: Type first, those that end the state last.
local function names_of(schemas)
  local set, names = {}, {}
  for _, language in ipairs(LANGUAGES) do
    for name in pairs(schemas[language].types) do
      if not set[name] then
        names[#names + 1] = name
      end
      set[name] = true
    end
  end
  table.sort(names)
  return names
end

local function is_required(schemas, name)
  for _, language in ipairs(LANGUAGES) do
    if schemas[language].types[name]
        and not contains(schemas[language].required, name) then
      return false
    end
  end
  return true
end

local function add_field(out, topic, schemas, name, own)
  local types_of = { schemas.JSONPath.types[name], schemas.JSONata.types[name] }
  local marks = type_text(schemas.JSONPath.types[name],
    schemas.JSONata.types[name])
  if is_required(schemas, name) or (name == "Type" and types_of[1]) then
    marks = marks .. "; required"
  end
  if schemas.JSONPath.extensions and schemas.JSONPath.extensions[name] then
    marks = marks .. "; extension"
  end
  add_wrapped(out, "  ", name .. ": " .. marks)
  local text = field_help.of(topic, name, own)
  if text then
    add_wrapped(out, "        ", text)
  end
end

-- "Exactly one of …", in each language where it holds, once if in both.
local function add_rules(out, schemas)
  local said = {}
  local function say(start, lists)
    for _, list in ipairs(lists or {}) do
      local text = start .. table.concat(list, ", ") .. "."
      if not said[text] then
        said[text] = true
        add_wrapped(out, "", text)
      end
    end
  end
  local before = #out
  for _, language in ipairs(LANGUAGES) do
    say("Exactly one of ", schemas[language].exactly_one_of)
    say("At least one of ", schemas[language].at_least_one_of)
    say("At most one of ", schemas[language].at_most_one_of)
  end
  if #out > before then
    table.insert(out, before + 1, "")
  end
end

local function describe(topic, title, schemas, own)
  local out = { title, "", "Fields:" }
  for _, name in ipairs(names_of(schemas)) do
    add_field(out, topic, schemas, name, own)
  end
  add_rules(out, schemas)
  return table.concat(out, "\n") .. "\n"
end

local function same(schema)
  return { JSONPath = schema, JSONata = schema }
end

local function rules_text()
  local out = { "Choices - the rules of a Choice state.", "" }
  add_wrapped(out, "", "A rule has Next, the state to go on with, and may have "
    .. "Assign and Comment. In JSONata it has Condition, true or false or an "
    .. "expression, and may have Output. In JSONPath it has Variable, a path, "
    .. "and one comparison; or one of And, Or (lists of rules) and Not (a "
    .. "rule), whose inner rules have no Next.")
  out[#out + 1] = ""
  out[#out + 1] = "Comparisons:"
  local names = {}
  for name in pairs(choice.operators) do
    names[#names + 1] = name
  end
  table.sort(names)
  add_wrapped(out, "  ", table.concat(names, " "))
  return table.concat(out, "\n") .. "\n"
end

local TOPICS = {
  Machine = function()
    local types_of = { StartAt = "state", States = "states" }
    for name, kind in pairs(loader.machine_schema.types) do
      types_of[name] = types_of[name] or kind
    end
    return describe("Machine", "Machine - the whole definition.",
      same({ types = types_of, required = { "StartAt", "States" } }))
  end,
  Retry = function()
    return describe("Retry", "Retry - a retrier: what errors are tried again.",
      same(failure_fields.retrier))
  end,
  Catch = function()
    return describe("Catch", "Catch - a catcher: where to go on after errors.",
      failure_fields.catcher)
  end,
  Choices = rules_text,
  ProcessorConfig = function()
    return describe("ProcessorConfig", "ProcessorConfig - how a Map runs its "
      .. "processor.", same(containers.processor_config))
  end,
  ItemReader = function()
    return describe("ItemReader", "ItemReader - where a distributed Map reads "
      .. "its items.", item_reader.schemas)
  end,
  ReaderConfig = function()
    return describe("ReaderConfig", "ReaderConfig - what an ItemReader reads.",
      item_reader.config_schemas)
  end,
  ItemBatcher = function()
    return describe("ItemBatcher", "ItemBatcher - batches of items.",
      item_batcher.schemas)
  end,
  ResultWriter = function()
    return describe("ResultWriter", "ResultWriter - where a distributed Map "
      .. "writes its results.", result_writer.schemas)
  end,
  WriterConfig = function()
    return describe("WriterConfig", "WriterConfig - the form of the results.",
      same(result_writer.config_schema))
  end,
}

local PARTS = { "Machine", "Retry", "Catch", "Choices", "ProcessorConfig",
  "ItemReader", "ReaderConfig", "ItemBatcher", "ResultWriter", "WriterConfig" }

local function state_text(script)
  local own = script.help or {}
  local summary = own.summary or field_help.summaries[script.type]
    or "A state type of your own."
  return describe(script.type, script.type .. " - " .. summary, {
    JSONPath = loader.schema(script, "JSONPath"),
    JSONata = loader.schema(script, "JSONata"),
  }, own.fields)
end

local function overview()
  local out = { "The Amazon States Language: `moonstep help asl NAME`.", "",
    "Types of states:" }
  for _, name in ipairs(types.names()) do
    local own = types.get(name).help or {}
    out[#out + 1] = ("  %-10s%s"):format(name, own.summary
      or field_help.summaries[name] or "A state type of your own.")
  end
  out[#out + 1] = ""
  add_wrapped(out, "", "Other parts: " .. table.concat(PARTS, ", ") .. ".")
  return table.concat(out, "\n") .. "\n"
end

--- All topics: the types of states, then the others.
function help.topics()
  local names = types.names()
  for _, name in ipairs(PARTS) do
    names[#names + 1] = name
  end
  return names
end

--- The text of a topic; without one, what there is. nil: no such topic, and a
-- list of those there are.
function help.text(topic)
  if not topic then
    return overview()
  end
  for _, name in ipairs(help.topics()) do
    if name:lower() == topic:lower() then
      return TOPICS[name] and TOPICS[name]() or state_text(types.get(name))
    end
  end
  return nil, table.concat(help.topics(), ", ")
end

return help
