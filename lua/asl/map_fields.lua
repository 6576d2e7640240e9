--- The fields of a Map state, inline and distributed (containers.lua loads its
-- processor). Those of a distributed one only: Label, ItemReader, ItemBatcher,
-- ResultWriter and what it tolerates; an inline one ignores Label and
-- tolerances.
--
-- @module asl.map_fields

local failing = require("asl.failing")

require("asl.containers")
require("asl.item_batcher")
require("asl.item_reader")
require("asl.map_label")
require("asl.result_writer")

local map_fields = {}

local LARGEST = 99999999

-- Those that both query languages have.
local function with_common(types)
  types.ItemProcessor = "processor"
  types.ItemReader = "item_reader"
  types.ItemBatcher = "item_batcher"
  types.ResultWriter = "result_writer"
  types.Label = "label"
  types.Assign = "assign"
  types.Retry = "retriers"
  types.Catch = "catchers"
  return types
end

--- In JSONPath.
map_fields.jsonpath = {
  types = with_common({
    Iterator = "processor",
    InputPath = "nullable_path",
    ItemsPath = "any_reference_path",
    ItemSelector = "template",
    Parameters = "template",
    MaxConcurrency = { "integer", min = 0, max = LARGEST },
    MaxConcurrencyPath = "path",
    ToleratedFailureCount = { "integer", min = 0, max = LARGEST },
    ToleratedFailureCountPath = "path",
    ToleratedFailurePercentage = { "number", min = 0, max = 100 },
    ToleratedFailurePercentagePath = "path",
    ResultSelector = "template",
    ResultPath = "result_path",
    OutputPath = "nullable_path",
  }),
  exactly_one_of = { { "ItemProcessor", "Iterator" } },
  at_most_one_of = {
    { "ItemSelector", "Parameters" },
    { "MaxConcurrency", "MaxConcurrencyPath" },
    { "ToleratedFailureCount", "ToleratedFailureCountPath" },
    { "ToleratedFailurePercentage", "ToleratedFailurePercentagePath" },
  },
}

--- In JSONata.
map_fields.jsonata = {
  types = with_common({
    Items = "jsonata_items",
    ItemSelector = "jsonata",
    MaxConcurrency = { "jsonata_integer", min = 0, max = LARGEST },
    ToleratedFailureCount = { "jsonata_integer", min = 0, max = LARGEST },
    ToleratedFailurePercentage = { "jsonata_number", min = 0, max = 100 },
    Output = "jsonata",
  }),
  required = { "ItemProcessor" },
}

--- What a Map state needs once it is loaded: `processor`, the number of the
-- first state in it; of a distributed one `distributed`, `execution_type` and
-- `processor_text`, the processor's JSON.
function map_fields.prepare(state)
  local processor = state.ItemProcessor or state.Iterator
  failing.prepare(state)
  state.processor = processor.start
  state.distributed = processor.execution_type ~= nil
  state.execution_type = processor.execution_type
  state.processor_text = processor.text
  state.ItemSelector = state.ItemSelector or state.Parameters
end

return map_fields
