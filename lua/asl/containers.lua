--- Loads what is special to Parallel and Map: the machines inside them.
--
-- The states of a branch or item processor join the machine's one list of
-- states; what stays with the state is the number of the first of them:
--
--   a Parallel state   state.branches = { number, ... }, one for each branch
--   a Map state        state.processor = number
--
-- The schemas of both types are here: states/parallel.lua and states/map.lua
-- use them as their fields.
--
-- @module asl.containers

local diagnostics = require("asl.diagnostics")
local failing = require("asl.failing")
local fields = require("asl.fields")

require("asl.failure_fields")

local containers = {}

local below = diagnostics.below
local kinds = fields.kinds

local LARGEST = 99999999

local BRANCH = { types = { Comment = "string" } }

local PROCESSOR_CONFIG = {
  types = {
    Mode = { "enum", values = { "INLINE", "DISTRIBUTED" } },
    ExecutionType = { "enum", values = { "STANDARD", "EXPRESS" } },
  },
}

local PROCESSOR = {
  types = {
    Comment = "string",
    ProcessorConfig = { "record", schema = PROCESSOR_CONFIG },
  },
}

-- The processor of a distributed Map, whose iterations are executions.
local ISOLATED = { types = PROCESSOR.types, is_isolated = true }

--- The list of branches: the number of the first state of each.
function kinds.branches(value, at)
  if value:type() ~= "array" or value:len() == 0 then
    return nil, "Expected value of type non-empty Array"
  end
  local starts = {}
  for index, branch in value:elements() do
    local scope, problem = kinds.scope(branch, {
      load = at.load,
      name = at.name,
      location = at.location .. "[" .. index .. "]",
      scope = at.scope,
    }, BRANCH)
    if problem then
      diagnostics.schema(at.load.diagnostics, problem,
        at.location .. "[" .. index .. "]")
    end
    starts[#starts + 1] = scope and scope.start or 0
  end
  return starts
end

-- The fields of a processor beside StartAt and States.
local function processor_fields(value, at)
  local config = value:get("ProcessorConfig")
  local read = config and kinds.record(config, {
    load = at.load,
    location = below(at.location, "ProcessorConfig"),
  }, PROCESSOR.types.ProcessorConfig)
  return read or {}
end

--- The processor of a Map, or the Iterator of an older one: the number of its
-- first state.
function kinds.processor(value, at)
  if value:type() ~= "object" then
    return nil, "Expected value of type Object"
  end
  local config = processor_fields(value, at)
  if config.Mode == "DISTRIBUTED" then
    diagnostics.schema(at.load.diagnostics, "A Map in Mode 'DISTRIBUTED' is "
      .. "not supported by this engine", below(at.location, "ProcessorConfig"))
  elseif config.ExecutionType then
    diagnostics.schema(at.load.diagnostics, "Field 'ExecutionType' is not "
      .. "supported", below(at.location, "ProcessorConfig"))
  end
  local scope, problem = kinds.scope(value, at,
    config.Mode == "DISTRIBUTED" and ISOLATED or PROCESSOR)
  return scope and scope.start, problem
end

--- Fields of a Parallel state.
containers.parallel_fields = {
  types = {
    Branches = "branches",
    InputPath = "nullable_path",
    Parameters = "template",
    ResultSelector = "template",
    ResultPath = "result_path",
    OutputPath = "nullable_path",
    Assign = "assign",
    Retry = "retriers",
    Catch = "catchers",
  },
  required = { "Branches" },
}

--- Fields of a Map state.
containers.map_fields = {
  types = {
    ItemProcessor = "processor",
    Iterator = "processor",
    InputPath = "nullable_path",
    ItemsPath = "any_reference_path",
    ItemSelector = "template",
    Parameters = "template",
    MaxConcurrency = { "integer", min = 0, max = LARGEST },
    MaxConcurrencyPath = "path",
    ResultSelector = "template",
    ResultPath = "result_path",
    OutputPath = "nullable_path",
    Assign = "assign",
    Retry = "retriers",
    Catch = "catchers",
  },
  exactly_one_of = { { "ItemProcessor", "Iterator" } },
  at_most_one_of = {
    { "ItemSelector", "Parameters" },
    { "MaxConcurrency", "MaxConcurrencyPath" },
  },
}

--- The same in JSONata.
containers.parallel_jsonata_fields = {
  types = {
    Branches = "branches",
    Arguments = "jsonata",
    Output = "jsonata",
    Assign = "assign",
    Retry = "retriers",
    Catch = "catchers",
  },
  required = { "Branches" },
}

containers.map_jsonata_fields = {
  types = {
    ItemProcessor = "processor",
    Items = "jsonata_items",
    ItemSelector = "jsonata",
    MaxConcurrency = { "jsonata_integer", min = 0, max = LARGEST },
    ToleratedFailureCount = { "jsonata_integer", min = 0, max = LARGEST },
    ToleratedFailurePercentage = { "jsonata_number", min = 0, max = 100 },
    Output = "jsonata",
    Assign = "assign",
    Retry = "retriers",
    Catch = "catchers",
  },
  required = { "ItemProcessor" },
}

--- What a Parallel state needs once it is loaded.
function containers.prepare_parallel(state)
  failing.prepare(state)
  state.branches = state.Branches
end

--- What a Map state needs once it is loaded.
function containers.prepare_map(state)
  failing.prepare(state)
  state.processor = state.ItemProcessor or state.Iterator
  state.ItemSelector = state.ItemSelector or state.Parameters
end

return containers
