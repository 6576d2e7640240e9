--- Side lanes: error handling to the right of a state, loops to its left.
--
-- Runs on ordered layers and inserts what leaves a state at its side:
--
-- - A catch edge leaves at the side, through its label if it has one, and
--   turns down; if bends on their way to the same handler pass beside the
--   state, it joins them.
-- - Edges back to a state share a lane, a column of bends beside the part of
--   the graph that the loop goes through (left, unless right is freer). They
--   enter the lane from the side, and it enters its target at the side. Where
--   another item is in between, they go through the gap between layers.
--
-- What this leaves behind, for graph.place and graph.route:
--   arc.side    "left" or "right": where the arc leaves, nil: at the bottom
--   arc.join    the bend where it meets a lane at once
--   arc.attach  the item beside its source from which it goes on downwards
--   arc.sign    an item that shows its label, in the arc's horizontal part
--   arc.lane    the lane of an arc that leads back: items by layer, top and
--               bottom layer, entry (the side; nil: from above)
--   item.joins  what touches the item's sides: { side, arc or lane, far (the
--               item where the horizontal line ends), heads ("up", "down") }
--
-- @module graph.lanes

local net = require("graph.net")
local order = require("graph.order")

local lanes = {}

local function layer_of(graph, item)
  return graph.layers[item.layer]
end

local function insert(graph, layer, pos, item)
  item.layer = layer
  table.insert(graph.layers[layer], pos, item)
  order.number(graph.layers[layer])
end

-- Puts an item beside another one: between it and what stood there.
local function insert_beside(graph, beside, side, item)
  item.owner = beside
  insert(graph, beside.layer, beside.pos + (side == "right" and 1 or 0), item)
end

-- True if nothing but lines (and what belongs to `item`) is in between.
local function is_clear(graph, item, other)
  local layer = layer_of(graph, item)
  local step = other.pos > item.pos and 1 or -1
  for pos = item.pos + step, other.pos - step, step do
    if layer[pos].kind ~= "bend" and layer[pos].owner ~= item then
      return false
    end
  end
  return true
end

local function add_join(item, join)
  item.joins = item.joins or {}
  item.joins[#item.joins + 1] = join
end

local function remove(list, element)
  for at, each in ipairs(list) do
    if each == element then
      return table.remove(list, at)
    end
  end
end

-- The item for an arc's label; a bend if it has none.
local function sign_of(graph, arc, tools)
  if arc.edge.label then
    return net.add_item(graph, "label", tools.label_size(arc.edge))
  end
  return net.add_item(graph, "bend", 0, 0)
end

local function attach(graph, arc, tools)
  local item, link = sign_of(graph, arc, tools), arc.link
  insert_beside(graph, arc.from, arc.side, item)
  remove(arc.from.down, link)
  link.a = item
  link.inner = item.kind == "bend" and link.b.kind == "bend"
  item.down = { link }
  arc.attach = item
  arc.sign = item.kind == "label" and item
  add_join(arc.from, { side = arc.side, arc = arc, far = item,
    heads = "down" })
end

local function join(graph, arc, bend, heads, tools)
  arc.join = bend
  arc.side = bend.pos > arc.from.pos and "right" or "left"
  if arc.edge.label then
    arc.sign = sign_of(graph, arc, tools)
    insert_beside(graph, arc.from, arc.side, arc.sign)
  end
  add_join(arc.from, { side = arc.side, arc = arc, far = bend,
    heads = heads })
end

-- Where the item's other ways down lead, on average; nil if there are none.
local function other_ways(item)
  local sum, count = 0, 0
  for _, link in ipairs(item.down) do
    if not link.catch then
      sum, count = sum + link.b.pos, count + 1
    end
  end
  return count > 0 and sum / count or nil
end

local function by_distance(x, y)
  local px, py = x.link.b.pos, y.link.b.pos
  if x.side ~= y.side then
    return x.side == "left"
  elseif px ~= py then
    return (px > py) == (x.side == "right")
  end
  return x.number < y.number
end

local function catch_of_item(graph, item, arcs, tools)
  local others = other_ways(item)
  local rest = {}
  for _, arc in ipairs(arcs) do
    local bend = arc.chain and arc.chain.items[item.layer]
    if bend and is_clear(graph, item, bend) then
      remove(item.down, arc.link)
      remove(arc.link.b.up, arc.link)
      join(graph, arc, bend, "down", tools)
    else
      local is_left = others and arc.link.b.pos < others
      arc.side = is_left and "left" or "right"
      rest[#rest + 1] = arc
      arc.number = #rest
    end
  end
  table.sort(rest, by_distance)
  for _, arc in ipairs(rest) do
    attach(graph, arc, tools)
  end
end

local function add_catchers(graph, tools)
  local count = #graph.items
  for at = 1, count do
    local item, arcs = graph.items[at], nil
    for _, arc in ipairs(item.arcs) do
      if arc.catch and not arc.back then
        arcs = arcs or {}
        arcs[#arcs + 1] = arc
      end
    end
    if arcs then
      catch_of_item(graph, item, arcs, tools)
    end
  end
end

-- Loops: arcs back to the same item, the shortest loops first.
local function collect_loops(graph)
  local loops, list = {}, {}
  for _, arc in ipairs(graph.arcs) do
    if arc.back then
      local lane = loops[arc.to]
      if not lane then
        lane = { to = arc.to, arcs = {}, items = {}, top = arc.to.layer,
          bottom = arc.to.layer, number = #list }
        loops[arc.to] = lane
        list[#list + 1] = lane
      end
      lane.arcs[#lane.arcs + 1] = arc
      lane.bottom = math.max(lane.bottom, arc.from.layer)
      arc.lane = lane
    end
  end
  table.sort(list, function(a, b)
    local la, lb = a.bottom - a.top, b.bottom - b.top
    return la < lb or la == lb and a.number < b.number
  end)
  return list
end

-- Marks what can be reached over `links`; `side` is the end they lead to.
local function mark(roots, links, side, name, stamp, lane)
  local stack = {}
  for _, item in ipairs(roots) do
    stack[#stack + 1] = item
  end
  while #stack > 0 do
    local item = table.remove(stack)
    if item[name] ~= stamp and item.layer >= lane.top
      and item.layer <= lane.bottom then
      item[name] = stamp
      for _, link in ipairs(item[links]) do
        stack[#stack + 1] = link[side]
      end
      if links == "up" and item.owner then
        stack[#stack + 1] = item.owner
      elseif links == "down" then
        for _, each in ipairs(item.joins or {}) do
          if each.heads == "down" then
            stack[#stack + 1] = each.far
          end
        end
      end
    end
  end
end

-- The outermost items of the loop in each layer: { left, right } by layer.
local function extent_of(graph, lane)
  local sources = {}
  for at, arc in ipairs(lane.arcs) do
    sources[at] = arc.from
  end
  mark({ lane.to }, "down", "b", "mark", lane, lane)
  mark(sources, "up", "a", "above", lane, lane)
  local extent = {}
  for layer = lane.top, lane.bottom do
    for _, item in ipairs(graph.layers[layer]) do
      if item.mark == lane and item.above == lane then
        local found = extent[layer] or { left = item }
        found.right = item
        extent[layer] = found
      end
    end
  end
  return extent
end

-- What a lane at that side would cost: blocked ends, crossed links.
local function cost_of(graph, lane, extent, side)
  local cost = 0
  local function count_blocked(item)
    local edge = extent[item.layer]
    if edge and not is_clear(graph, item, edge[side])
      or edge and edge[side] ~= item and edge[side].kind ~= "bend" then
      cost = cost + 4
    end
  end
  count_blocked(lane.to)
  for _, arc in ipairs(lane.arcs) do
    count_blocked(arc.from)
  end
  for layer = lane.top, lane.bottom - 1 do
    local here, below = extent[layer], extent[layer + 1]
    for _, item in ipairs(here and below and graph.layers[layer] or {}) do
      for _, link in ipairs(item.down) do
        local from = item.pos - here[side].pos
        local to = link.b.pos - below[side].pos
        if side == "left" and (from < 0) ~= (to < 0)
          or side == "right" and (from > 0) ~= (to > 0) then
          cost = cost + 1
        end
      end
    end
  end
  return cost
end

local function choose_side(graph, lane, extent)
  local prefers = "left"
  for _, arc in ipairs(lane.arcs) do
    prefers = arc.catch and "right" or prefers
  end
  local left = cost_of(graph, lane, extent, "left")
  local right = cost_of(graph, lane, extent, "right")
  if left == right then
    return prefers
  end
  return left < right and "left" or "right"
end

-- The place for a lane's bend: outside of the loop and what belongs to it.
local function place_in(graph, layer, edge, side)
  local list = graph.layers[layer]
  if not edge then
    return side == "left" and 1 or #list + 1
  end
  local step = side == "left" and -1 or 1
  local pos = edge.pos
  while list[pos + step] and list[pos + step].owner == edge do
    pos = pos + step
  end
  return side == "left" and pos or pos + 1
end

local function fill_lane(graph, lane, extent, side)
  local above
  for layer = lane.top, lane.bottom do
    local bend = net.add_item(graph, "bend", 0, 0)
    insert(graph, layer, place_in(graph, layer,
      extent[layer] and extent[layer][side], side), bend)
    lane.items[layer] = bend
    if above then
      net.add_link(above, bend, true)
    end
    above = bend
  end
end

local function enter_lane(graph, arc, side, tools)
  local bend = arc.lane.items[arc.from.layer]
  if is_clear(graph, arc.from, bend) then
    join(graph, arc, bend, "up", tools)
  elseif arc.edge.label then
    arc.side, arc.turns = side, true
    arc.attach = sign_of(graph, arc, tools)
    arc.sign = arc.attach
    insert_beside(graph, arc.from, side, arc.attach)
    add_join(arc.from, { side = side, arc = arc, far = arc.attach,
      heads = "down" })
  else
    arc.turns = true
  end
end

local function add_loop(graph, lane, tools)
  local extent = extent_of(graph, lane)
  local side = choose_side(graph, lane, extent)
  fill_lane(graph, lane, extent, side)
  local first = lane.items[lane.top]
  if is_clear(graph, lane.to, first) then
    lane.entry = first.pos > lane.to.pos and "right" or "left"
    add_join(lane.to, { side = lane.entry, lane = lane, far = first,
      heads = "down" })
  end
  for _, arc in ipairs(lane.arcs) do
    enter_lane(graph, arc, side, tools)
  end
end

--- Inserts the lanes into graph.layers. `tools` as for net.build.
function lanes.insert(graph, tools)
  add_catchers(graph, tools)
  graph.lanes = collect_loops(graph)
  for _, lane in ipairs(graph.lanes) do
    add_loop(graph, lane, tools)
  end
end

return lanes
