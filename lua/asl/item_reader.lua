--- ItemReader: where the items of a distributed Map are read from.
--
-- The definition is checked and the parameters are evaluated here; the core
-- reads. Our own resources, refused in profile "aws", are for files below the
-- directories that the operator allows: file:read and file:list.
--
-- @module asl.item_reader

local diagnostics = require("asl.diagnostics")
local fields = require("asl.fields")
local map_number = require("asl.map_number")
local map_part = require("asl.map_part")

require("asl.resource")

local item_reader = {}

local LARGEST = 9007199254740991

local READERS = { "s3:getObject", "s3:listObjectsV2", "file:read",
  "file:list" }

local DELIMITERS =
  { COMMA = ",", PIPE = "|", SEMICOLON = ";", SPACE = " ", TAB = "\t" }

--- A JSON Pointer (RFC 6901).
function fields.kinds.json_pointer(value)
  local text = value:string()
  if not text then
    return nil, "Expected value of type String"
  elseif text:find("^[^/]") or text:gsub("~[01]", ""):find("~", 1, true) then
    return nil, "The value for the field 'ItemsPointer' must be a valid JSON "
      .. "Pointer"
  end
  return text
end

local function reader_config(types, only_one, other_language)
  types.InputType =
    { "enum", values = { "CSV", "JSON", "JSONL", "PARQUET", "MANIFEST" } }
  types.CSVHeaderLocation = { "enum", values = { "FIRST_ROW", "GIVEN" } }
  types.CSVHeaders = "strings"
  types.CSVDelimiter = { "enum",
    values = { "COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB" } }
  types.ItemsPointer = "json_pointer"
  types.ManifestType =
    { "enum", values = { "ATHENA_DATA", "S3_INVENTORY" } }
  types.Transformation = { "enum", values = { "NONE", "LOAD_AND_FLATTEN" } }
  return {
    types = types,
    at_most_one_of = only_one,
    other_language = other_language,
  }
end

local MAX_ITEMS = { "integer", min = 0, max = 100000000 }

--- The schemas of ReaderConfig, by query language.
item_reader.config_schemas = {
  JSONPath = reader_config({ MaxItems = MAX_ITEMS, MaxItemsPath = "path" },
    { { "MaxItems", "MaxItemsPath" } }),
  JSONata = reader_config({
    MaxItems = { "jsonata_integer", min = 0, max = MAX_ITEMS.max },
  }, nil, { MaxItemsPath = true }),
}

local function reader_schema(parameters, kind, other)
  return {
    types = {
      Resource = { "map_resource", actions = READERS },
      [parameters] = kind,
      ReaderConfig = "reader_config",
    },
    required = { "Resource", parameters },
    other_language = { [other] = true },
  }
end

--- The schemas of ItemReader, by query language.
item_reader.schemas = {
  JSONPath = reader_schema("Parameters", "template", "Arguments"),
  JSONata = reader_schema("Arguments", "jsonata", "Parameters"),
}

local function require_field(at, name, location)
  diagnostics.schema(at.load.diagnostics, "The field '" .. name
    .. "' is required but was missing", location)
end

-- Whether it must be said what the data are. Of files of the engine's their
-- names tell.
local function needs_type(reader)
  local action = reader.Resource and reader.Resource.action
  local config = reader.ReaderConfig or {}
  return action == "s3:getObject" or (action == "s3:listObjectsV2"
    and config.Transformation == "LOAD_AND_FLATTEN")
end

local function check_config(reader, at, config)
  local read = reader.ReaderConfig
  local is_needed = {
    InputType = needs_type(reader),
    CSVHeaderLocation = read.InputType == "CSV",
    CSVHeaders = read.CSVHeaderLocation == "GIVEN",
  }
  for _, name in ipairs({ "InputType", "CSVHeaderLocation", "CSVHeaders" }) do
    if is_needed[name] and not config:get(name) then
      require_field(at, name, diagnostics.below(at.location, "ReaderConfig"))
    end
  end
end

-- What depends on values of other fields.
local function check(reader, at, value)
  local config = value:get("ReaderConfig")
  if config then
    check_config(reader, at, config)
  elseif needs_type(reader) then
    require_field(at, "ReaderConfig", at.location)
  end
end

map_part.add_kind("reader_config", item_reader.config_schemas)
map_part.add_kind("item_reader", item_reader.schemas, check)

--- Adds the reader of a Map to its run (asl.map_run), a table. Returns true;
-- or nil, error, cause.
function item_reader.evaluate(ctx, state, effective, run)
  local reader = state.ItemReader
  if not reader then
    return true
  end
  local config = reader.ReaderConfig or {}
  local max_items
  local parameters, error, cause = map_part.render(ctx, state,
    reader.Parameters or reader.Arguments, effective)
  if parameters then
    max_items, error, cause = map_number.integer(ctx, state, config,
      "MaxItems", effective, 0, LARGEST)
  end
  if error then
    return nil, error, cause
  end
  run.reader = {
    resource = reader.Resource.text,
    parameters = parameters,
    inputType = config.InputType,
    headerLocation = config.CSVHeaderLocation,
    headers = config.CSVHeaders,
    delimiter = DELIMITERS[config.CSVDelimiter],
    maxItems = max_items,
    itemsPointer = config.ItemsPointer,
    manifestType = config.ManifestType,
    transformation = config.Transformation,
  }
  return true
end

return item_reader
