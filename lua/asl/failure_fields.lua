--- Loads Retry and Catch.
--
-- @module asl.failure_fields

local catcher = require("asl.catcher")
local diagnostics = require("asl.diagnostics")
local errors = require("asl.errors")
local fields = require("asl.fields")
local retrier = require("asl.retrier")

local failure_fields = {}

local LONGEST_S = 99999999

failure_fields.retrier = {
  types = {
    Comment = "string",
    ErrorEquals = "strings",
    IntervalSeconds = { "integer", min = 1, max = LONGEST_S },
    MaxAttempts = { "integer", min = 0, max = LONGEST_S },
    BackoffRate = { "number", min = 1 },
    MaxDelaySeconds = { "integer", min = 1, max = 31622400 },
    JitterStrategy = { "enum", values = { "FULL", "NONE" } },
  },
  required = { "ErrorEquals" },
}

local function catcher_schema(types, other_language)
  types.Comment = "string"
  types.ErrorEquals = "strings"
  types.Next = "state"
  types.Assign = "assign"
  return {
    types = types,
    required = { "ErrorEquals", "Next" },
    other_language = other_language,
  }
end

--- By query language.
failure_fields.catcher = {
  JSONPath = catcher_schema({ ResultPath = "result_path" }, { Output = true }),
  JSONata = catcher_schema({ Output = "jsonata" }, { ResultPath = true }),
}

local function check_names(at, element, location, is_last)
  local names = element.ErrorEquals or {}
  location = diagnostics.below(location, "ErrorEquals")
  for _, name in ipairs(names) do
    local problem
    if name == errors.ALL and #names > 1 then
      problem = "States.ALL must appear alone"
    elseif name == errors.ALL and not is_last then
      problem = "States.ALL must appear in the last element of the array"
    end
    if problem then
      diagnostics.schema(at.load.diagnostics, problem, location)
    end
  end
end

local function compile_list(value, at, schema, compile)
  if value:type() ~= "array" then
    return nil, "Expected value of type Array"
  end
  local list, count = {}, value:len()
  for index, element in value:elements() do
    local location = at.location .. "[" .. index .. "]"
    local read = fields.compile(at.load, element, schema, location, at.scope)
    check_names(at, read, location, index == count - 1)
    read.ErrorEquals = read.ErrorEquals or {}
    list[#list + 1] = compile(read, at, location)
  end
  return list
end

--- The field Retry.
function fields.kinds.retriers(value, at)
  local schema = failure_fields.retrier
  return compile_list(value, at, schema, function(read, _, location)
    local interval_s = read.IntervalSeconds or 1
    if read.MaxDelaySeconds and read.MaxDelaySeconds <= interval_s then
      diagnostics.schema(at.load.diagnostics,
        "MaxDelaySeconds must be greater than IntervalSeconds", location)
    end
    return retrier.compile(read)
  end)
end

--- The field Catch.
function fields.kinds.catchers(value, at)
  local schema = failure_fields.catcher[at.load.language]
  return compile_list(value, at, schema, catcher.compile)
end

return failure_fields
