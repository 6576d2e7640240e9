--- Map: runs its processor once for each item of an array.
--
-- Entering names the items, or where a distributed Map reads them; the core
-- starts iterations, as many at once as the limit allows, asks for the input
-- of each, and comes back when all have ended, or one has failed (of a
-- distributed Map: more than it tolerates) and the others are stopped.
--
-- @module states.map

local decide = require("asl.decide")
local failing = require("asl.failing")
local map_data = require("asl.map_data")
local map_fields = require("asl.map_fields")
local map_run = require("asl.map_run")

local map = { type = "Map" }

--- Fields of this state beyond those every state has.
map.fields = map_fields.jsonpath
map.jsonata_fields = map_fields.jsonata

map.prepare = map_fields.prepare

local function enter_inline(ctx, state, input, effective)
  local items, fits
  local limit, error, cause = map_data.max_concurrency(ctx, state, effective)
  if limit then
    items, error, cause = map_data.items(ctx, state, effective)
  end
  if items then
    fits, error, cause = map_data.tolerance(ctx, state, effective)
  end
  if not fits then
    return failing.failed(ctx, state, input, error, cause)
  end
  return decide.map(items, limit)
end

-- What fails once the items are known does so after the MapStateStarted.
local function enter_distributed(ctx, state, input, effective)
  local items, error, cause
  if not state.ItemReader then
    items, error, cause = map_data.items(ctx, state, effective)
    if not items then
      return failing.failed(ctx, state, input, error, cause)
    end
  end
  local run, limit, why = map_run.new(ctx, state, effective)
  if not run then
    ctx:map_started(items and items:len() or 0)
    return failing.failed(ctx, state, input, limit, why)
  end
  return decide.map(items, limit, run)
end

--- Decides what entering the state means: its iterations start.
function map.enter(ctx, state, input)
  local effective, error, cause = state.data.input(ctx, state, input)
  if not effective then
    return failing.failed(ctx, state, input, error, cause)
  elseif state.distributed then
    return enter_distributed(ctx, state, input, effective)
  end
  return enter_inline(ctx, state, input, effective)
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

--- All iterations have succeeded: comes with the array of their outputs, or
-- with where a ResultWriter has put them.
map.joined = failing.succeeded

--- An iteration has failed, and the others have been stopped.
map.branch_failed = failing.failed

return map
