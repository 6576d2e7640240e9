--- The order of the items in each layer: few crossings, text order else.
--
-- Starts with the order in which a walk from the start meets the items (the
-- main path first, error handlers last), then sweeps over the layers and
-- sorts each by where its neighbours are; ties keep their order, and a sweep
-- that brings no fewer crossings changes nothing. So the picture is stable:
-- what an edit does not touch stays where it was.
--
-- @module graph.order

local bit = require("bit")

local order = {}

local MAX_SWEEPS = 8
local CATCH_WEIGHT = 0.25 -- beside 1 of other links

-- Deep first, so that what belongs together comes together.
local function walk(graph, root, seen)
  local stack, next_link, depth = { root }, { 0 }, 1
  while depth > 0 do
    local item, at = stack[depth], next_link[depth]
    if at == 0 and not seen[item] then
      seen[item] = true
      local layer = graph.layers[item.layer]
      layer[#layer + 1] = item
    elseif at == 0 then
      at = #item.down
    end
    local link = item.down[at + 1]
    if link then
      next_link[depth] = at + 1
      depth = depth + 1
      stack[depth], next_link[depth] = link.b, 0
    else
      depth = depth - 1
    end
  end
end

--- Sets each item's pos to its place in its layer.
function order.number(layer)
  for pos = 1, #layer do
    layer[pos].pos = pos
  end
end

local function start_order(graph)
  local seen = {}
  for layer = 1, graph.depth do
    graph.layers[layer] = {}
  end
  for _, item in ipairs(graph.items) do
    if #item.up == 0 then
      walk(graph, item, seen)
    end
  end
  for _, layer in ipairs(graph.layers) do
    order.number(layer)
  end
end

local MAX_PAIRS = 24 -- links that are compared in pairs

local function count_pairs(from, to, count)
  local sum = 0
  for one = 2, count do
    local f, t = from[one], to[one]
    for two = 1, one - 1 do
      if (f - from[two]) * (t - to[two]) < 0 then
        sum = sum + 1
      end
    end
  end
  return sum
end

-- Inversions, counted with a tree of sums over the positions below; links
-- come in the order of their upper ends.
local function count_inversions(from, to, count, size)
  local tree, sum, waiting = {}, 0, 1
  for at = 1, size do
    tree[at] = 0
  end
  for one = 1, count do
    while from[waiting] < from[one] do -- those of one item do not cross
      local at = to[waiting]
      while at <= size do
        tree[at] = tree[at] + 1
        at = at + bit.band(at, -at)
      end
      waiting = waiting + 1
    end
    local at, not_behind = to[one], 0
    while at > 0 do
      not_behind = not_behind + tree[at]
      at = at - bit.band(at, -at)
    end
    sum = sum + waiting - 1 - not_behind
  end
  return sum
end

-- Crossings between a layer and the next. `from` and `to` are scratch.
local function crossings(layer, below, from, to)
  if #layer == 1 or #below == 1 then
    return 0
  end
  local count, is_sorted, last = 0, true, 0
  for pos = 1, #layer do
    local links, before = layer[pos].down, last
    for at = 1, #links do
      local below_pos = links[at].b.pos
      count = count + 1
      from[count], to[count] = pos, below_pos
      is_sorted = is_sorted and below_pos >= before
      last = below_pos > last and below_pos or last
    end
  end
  if is_sorted then
    return 0
  elseif count <= MAX_PAIRS then
    return count_pairs(from, to, count)
  end
  return count_inversions(from, to, count, #below)
end

local function all_crossings(graph)
  local sum, from, to = 0, {}, {}
  for at = 1, #graph.layers - 1 do
    sum = sum + crossings(graph.layers[at], graph.layers[at + 1], from, to)
  end
  return sum
end

-- The weighted mean of where an item's neighbours are.
local function centre(item, links, side)
  local sum, weights = 0, 0
  for at = 1, #links do
    local link = links[at]
    local weight = link.catch and CATCH_WEIGHT or 1
    sum = sum + link[side].pos * weight
    weights = weights + weight
  end
  return weights > 0 and sum / weights or item.pos
end

local function by_key(x, y)
  return x.key < y.key or x.key == y.key and x.pos < y.pos
end

local function sort_layer(layer, links, side)
  local is_sorted, last = true, -1
  for pos = 1, #layer do
    local item = layer[pos]
    local key = centre(item, item[links], side)
    item.key = key
    is_sorted = is_sorted and key >= last
    last = key
  end
  if not is_sorted then
    table.sort(layer, by_key)
    order.number(layer)
  end
end

local function shallow(list)
  local copy = {}
  for at = 1, #list do
    copy[at] = list[at]
  end
  return copy
end

local function copy_of(layers)
  local copy = {}
  for at, layer in ipairs(layers) do
    copy[at] = shallow(layer)
  end
  return copy
end

local function sweep(layers, is_down)
  if is_down then
    for at = 2, #layers do
      sort_layer(layers[at], "up", "a")
    end
  else
    for at = #layers - 1, 1, -1 do
      sort_layer(layers[at], "down", "b")
    end
  end
end

--- Fills graph.layers with the items, in order.
function order.arrange(graph)
  start_order(graph)
  local least = all_crossings(graph)
  local best = least > 0 and copy_of(graph.layers)
  for number = 1, MAX_SWEEPS do
    if least == 0 then
      break
    end
    sweep(graph.layers, number % 2 == 1)
    local found = all_crossings(graph)
    if found < least then
      least, best = found, copy_of(graph.layers)
    end
  end
  if best then
    graph.layers = best
    for _, layer in ipairs(best) do
      order.number(layer)
    end
  end
end

return order
