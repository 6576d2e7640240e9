--- Map: runs its processor once for each item of an array.
--
-- @module states.map

local containers = require("asl.containers")
local failing = require("asl.failing")
local map_data = require("asl.map_data")

local map = { type = "Map" }

--- Fields of this state beyond those every state has.
map.fields = containers.map_fields

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
  if not items then
    return failing.failed(ctx, state, input, error, cause)
  end
  return "map", items, limit
end

return map
