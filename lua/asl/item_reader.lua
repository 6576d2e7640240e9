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

local READS_FILE = { ["s3:getObject"] = true, ["file:read"] = true }

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

--- The schemas of ItemReader, by query language.
item_reader.schemas = {
  JSONPath = {
    types = {
      Resource = { "map_resource", actions = READERS },
      Parameters = "template",
      ReaderConfig = "reader_config",
    },
    required = { "Resource", "Parameters" },
    other_language = { Arguments = true },
  },
  JSONata = {
    types = {
      Resource = { "map_resource", actions = READERS },
      Arguments = "jsonata",
      ReaderConfig = "reader_config",
    },
    required = { "Resource", "Arguments" },
    other_language = { Parameters = true },
  },
}

local function require_field(at, name, location)
  diagnostics.schema(at.load.diagnostics, "The field '" .. name
    .. "' is required but was missing", location)
end

-- What depends on values of other fields.
local function check(reader, at)
  local config = reader.ReaderConfig or {}
  local location = diagnostics.below(at.location, "ReaderConfig")
  local reads_files = config.Transformation == "LOAD_AND_FLATTEN"
    or READS_FILE[reader.Resource and reader.Resource.action]
  if reads_files and not config.InputType then
    require_field(at, "InputType", location)
  elseif config.InputType == "CSV" and not config.CSVHeaderLocation then
    require_field(at, "CSVHeaderLocation", location)
  elseif config.CSVHeaderLocation == "GIVEN" and not config.CSVHeaders then
    require_field(at, "CSVHeaders", location)
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
