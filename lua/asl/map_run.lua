--- What a distributed Map asks the core for: a run.
--
-- A run is an object of JSON; members without a value are left out:
--
--   label, executionType ("STANDARD" or "EXPRESS"), maxConcurrency (0: no
--   limit), toleratedFailureCount, toleratedFailurePercentage
--   maxItemsPerBatch, maxInputBytesPerBatch, batchInput
--   reader   resource, parameters (a value), inputType, headerLocation,
--            headers, delimiter (a character), maxItems (0: all),
--            itemsPointer, manifestType, transformation
--   writer   resource, parameters (a value), transformation, outputType
--
-- @module asl.map_run

local doc = require("wf.doc")
local item_batcher = require("asl.item_batcher")
local item_reader = require("asl.item_reader")
local map_data = require("asl.map_data")
local map_label = require("asl.map_label")
local result_writer = require("asl.result_writer")

local map_run = {}

local function limits(ctx, state, effective, run)
  local limit, error, cause = map_data.max_concurrency(ctx, state, effective)
  local count, percentage
  if limit then
    count, percentage, cause = map_data.tolerance(ctx, state, effective)
    error = percentage
  end
  if not count then
    return nil, error, cause
  end
  run.maxConcurrency = limit
  run.toleratedFailureCount = count
  run.toleratedFailurePercentage = percentage
  return true
end

-- Each adds its members to a run; or returns nil, error, cause.
local PARTS = { limits, item_reader.evaluate, item_batcher.evaluate,
  result_writer.evaluate }

--- The run of a state, and how many child executions may run at once; or nil,
-- error, cause.
function map_run.new(ctx, state, effective)
  local run = {
    label = state.Label or map_label.default(ctx, state),
    executionType = state.execution_type,
  }
  for _, add in ipairs(PARTS) do
    local added, error, cause = add(ctx, state, effective, run)
    if not added then
      return nil, error, cause
    end
  end
  return doc.from(run), run.maxConcurrency
end

return map_run
