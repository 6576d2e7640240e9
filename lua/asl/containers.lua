--- Loads what is special to Parallel and Map: the machines inside them.
--
-- The states of a branch or item processor join the machine's one list of
-- states; what stays with the state is the number of the first of them:
--
--   a Parallel state   state.branches = { number, ... }, one for each branch
--   a Map state        state.processor = number
--
-- The schemas of Parallel are here (states/parallel.lua uses them as its
-- fields), those of Map in asl.map_fields.
--
-- @module asl.containers

local diagnostics = require("asl.diagnostics")
local failing = require("asl.failing")
local fields = require("asl.fields")

require("asl.failure_fields")

local containers = {}

local below = diagnostics.below
local kinds = fields.kinds

local BRANCH = { types = { Comment = "string" } }

--- The schema of ProcessorConfig.
containers.processor_config = {
  types = {
    Mode = { "enum", values = { "INLINE", "DISTRIBUTED" } },
    ExecutionType = { "enum", values = { "STANDARD", "EXPRESS" } },
  },
}

local PROCESSOR = {
  types = {
    Comment = "string",
    ProcessorConfig = { "record", schema = containers.processor_config },
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

local DISTRIBUTED_ONLY = { "ItemReader", "ItemBatcher", "ResultWriter" }

-- What only a distributed Map has: fields of the state and its processor.
local function check_inline(config, at)
  local report = at.load.diagnostics
  if config.ExecutionType then
    diagnostics.schema(report, "Field 'ExecutionType' is not supported",
      below(at.location, "ProcessorConfig"))
  end
  for _, name in ipairs(DISTRIBUTED_ONLY) do
    if at.object:get(name) then
      diagnostics.schema(report, "Field '" .. name .. "' is only supported "
        .. "for a Map with the Mode 'DISTRIBUTED'", at.object_location)
    end
  end
end

local function check_distributed(config, at)
  if not config.ExecutionType then
    diagnostics.schema(at.load.diagnostics, "The field 'ExecutionType' is "
      .. "required but was missing", below(at.location, "ProcessorConfig"))
  end
end

--- The processor of a Map, or the Iterator of an older one: { start, the
-- number of its first state; execution_type and text, its JSON, of a
-- distributed one }.
function kinds.processor(value, at)
  if value:type() ~= "object" then
    return nil, "Expected value of type Object"
  end
  local config = processor_fields(value, at)
  local is_distributed = config.Mode == "DISTRIBUTED"
  if is_distributed then
    check_distributed(config, at)
  else
    check_inline(config, at)
  end
  local scope, problem =
    kinds.scope(value, at, is_distributed and ISOLATED or PROCESSOR)
  return scope and {
    start = scope.start,
    execution_type = is_distributed and config.ExecutionType or nil,
    text = is_distributed and value:text() or nil,
  }, problem
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

--- What a Parallel state needs once it is loaded.
function containers.prepare_parallel(state)
  failing.prepare(state)
  state.branches = state.Branches
end

return containers
