--- Map: runs its processor once for each item of an array.
--
-- Entering names the items; the core starts iterations, as many at once as
-- the limit allows, asks for the input of each, and comes back when all have
-- ended, or one has failed and the others are stopped.
--
-- @module states.map

local containers = require("asl.containers")
local decide = require("asl.decide")
local failing = require("asl.failing")
local map_data = require("asl.map_data")

local map = { type = "Map" }

--- Fields of this state beyond those every state has.
map.fields = containers.map_fields
map.jsonata_fields = containers.map_jsonata_fields

map.prepare = containers.prepare_map

--- Decides what entering the state means: its iterations start.
function map.enter(ctx, state, input)
  local items, limit
  local effective, error, cause = state.data.input(ctx, state, input)
  if effective then
    limit, error, cause = map_data.max_concurrency(ctx, state, effective)
  end
  if limit then
    items, error, cause = map_data.items(ctx, state, effective)
  end
  if items and state.query_language == "JSONata" then
    local fits
    fits, error, cause = map_data.check_tolerance(ctx, state, effective)
    items = fits and items
  end
  if not items then
    return failing.failed(ctx, state, input, error, cause)
  end
  return decide.map(items, limit)
end

--- A retrier's interval is over: everything again from the state's input.
map.retry = map.enter

--- The input of one iteration.
function map.item(ctx, state, input, index, item)
  local effective, error, cause = state.data.input(ctx, state, input)
  local value
  if effective then
    value, error, cause =
      map_data.item_input(ctx, state, effective, index, item)
  end
  if not value then
    return decide.fail(error, cause)
  end
  return decide.item(value)
end

--- All iterations have succeeded: comes with the array of their outputs.
map.joined = failing.succeeded

--- An iteration has failed, and the others have been stopped.
map.branch_failed = failing.failed

return map
