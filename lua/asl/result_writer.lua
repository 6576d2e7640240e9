--- ResultWriter: where, and how, the results of a distributed Map are written.
-- Without a Resource it only says what the state's result is like.
--
-- @module asl.result_writer

local diagnostics = require("asl.diagnostics")
local map_part = require("asl.map_part")

require("asl.resource")

local result_writer = {}

local WRITERS = { "s3:putObject", "file:write" }

--- The schema of WriterConfig.
result_writer.config_schema = {
  types = {
    Transformation = { "enum", values = { "NONE", "COMPACT", "FLATTEN" } },
    OutputType = { "enum", values = { "JSON", "JSONL" } },
  },
}

local function writer_schema(parameters, kind, other)
  return {
    types = {
      Resource = { "map_resource", actions = WRITERS },
      [parameters] = kind,
      WriterConfig = { "record", schema = result_writer.config_schema },
    },
    at_least_one_of = { { "Resource", "WriterConfig" } },
    other_language = { [other] = true },
  }
end

--- The schemas of ResultWriter, by query language.
result_writer.schemas = {
  JSONPath = writer_schema("Parameters", "template", "Arguments"),
  JSONata = writer_schema("Arguments", "jsonata", "Parameters"),
}

local NAMES = { JSONPath = "Parameters", JSONata = "Arguments" }

-- A resource and its parameters go together.
local function check(_, at, value)
  local parameters = NAMES[at.load.language]
  local resource, given = value:get("Resource"), value:get(parameters)
  local missing = resource and not given and parameters
    or given and not resource and "Resource"
  if missing then
    diagnostics.schema(at.load.diagnostics, "The field '" .. missing
      .. "' is required but was missing", at.location)
  end
end

map_part.add_kind("result_writer", result_writer.schemas, check)

--- Adds the writer of a Map to its run (asl.map_run), a table. Returns true;
-- or nil, error, cause.
function result_writer.evaluate(ctx, state, effective, run)
  local writer = state.ResultWriter
  if not writer then
    return true
  end
  local config = writer.WriterConfig or {}
  local template = writer.Parameters or writer.Arguments
  local parameters, error, cause
  if template then
    parameters, error, cause = map_part.render(ctx, state, template, effective)
    if not parameters then
      return nil, error, cause
    end
  end
  run.writer = {
    resource = writer.Resource and writer.Resource.text,
    parameters = parameters,
    transformation = config.Transformation,
    outputType = config.OutputType,
  }
  return true
end

return result_writer
