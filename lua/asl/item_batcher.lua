--- ItemBatcher: how many items of a distributed Map one child execution gets.
-- The limits and BatchInput are evaluated here; the core makes the batches.
--
-- @module asl.item_batcher

local map_number = require("asl.map_number")
local map_part = require("asl.map_part")

local item_batcher = {}

local LARGEST = 99999999
local MAX_BYTES = 262144

--- The schemas of ItemBatcher, by query language.
item_batcher.schemas = {
  JSONPath = {
    types = {
      MaxItemsPerBatch = { "integer", min = 1, max = LARGEST },
      MaxItemsPerBatchPath = "path",
      MaxInputBytesPerBatch = { "integer", min = 1, max = MAX_BYTES },
      MaxInputBytesPerBatchPath = "path",
      BatchInput = "template",
    },
    at_least_one_of = { { "MaxItemsPerBatch", "MaxItemsPerBatchPath",
      "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath" } },
    at_most_one_of = {
      { "MaxItemsPerBatch", "MaxItemsPerBatchPath" },
      { "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath" },
    },
  },
  JSONata = {
    types = {
      MaxItemsPerBatch = { "jsonata_integer", min = 1, max = LARGEST },
      MaxInputBytesPerBatch = { "jsonata_integer", min = 1, max = MAX_BYTES },
      BatchInput = "jsonata",
    },
    at_least_one_of = { { "MaxItemsPerBatch", "MaxInputBytesPerBatch" } },
    other_language =
      { MaxItemsPerBatchPath = true, MaxInputBytesPerBatchPath = true },
  },
}

map_part.add_kind("item_batcher", item_batcher.schemas)

--- Adds the batcher of a Map to its run (asl.map_run), a table. Returns true;
-- or nil, error, cause.
function item_batcher.evaluate(ctx, state, effective, run)
  local batcher = state.ItemBatcher
  if not batcher then
    return true
  end
  local items, bytes, input, error, cause
  items, error, cause = map_number.integer(ctx, state, batcher,
    "MaxItemsPerBatch", effective, 1, LARGEST)
  if not error then
    bytes, error, cause = map_number.integer(ctx, state, batcher,
      "MaxInputBytesPerBatch", effective, 1, MAX_BYTES)
  end
  if not error and batcher.BatchInput then
    input, error, cause =
      map_part.render(ctx, state, batcher.BatchInput, effective)
  end
  if error then
    return nil, error, cause
  end
  run.maxItemsPerBatch = items
  run.maxInputBytesPerBatch = bytes
  run.batchInput = input
  return true
end

return item_batcher
