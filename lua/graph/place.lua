--- Columns: the horizontal place of each item, given the order in its layer.
--
-- The method of Brandes and Köpf: items are aligned with their median
-- neighbours, four times (upper or lower neighbours, from the left or from
-- the right), each alignment is packed, and the four are balanced. Long edges
-- and the main path (catch edges do not count beside others) come out
-- straight. Time is linear in the size of the graph.
--
-- @module graph.place

local place = {}

-- Least room between two neighbours of a layer, by their kinds.
local ROOM = {
  node = { node = 36, label = 26, bend = 24 },
  label = { node = 26, label = 14, bend = 16 },
  bend = { node = 24, label = 16, bend = 14 },
}

local function distance(left, right)
  return (left.w + right.w) / 2 + ROOM[left.kind][right.kind]
end

-- Links between bends win against links that cross them.
local function mark_conflicts(layers)
  for at = 1, #layers - 1 do
    local below = layers[at + 1]
    local left, scanned = 0, 1
    for pos = 1, #below do
      local right
      for _, link in ipairs(below[pos].up) do
        right = link.inner and link.a.pos or right
      end
      if right or pos == #below then
        right = right or math.huge
        for each = scanned, pos do
          for _, link in ipairs(below[each].up) do
            local from = link.a.pos
            link.blocked = not link.inner and (from < left or from > right)
          end
        end
        scanned, left = pos + 1, right
      end
    end
  end
end

local function by_pos(x, y)
  return x.pos < y.pos
end

-- The neighbours that an item may be aligned with, from left to right.
local function neighbours(item, links, side)
  local found, has_inner, has_main = {}, false, false
  for _, link in ipairs(item[links]) do
    has_inner = has_inner or link.inner
    has_main = has_main or not link.catch
  end
  for _, link in ipairs(item[links]) do
    local counts = not has_main or not link.catch
    if has_inner then
      counts = link.inner
    end
    if counts and not link.blocked then
      found[#found + 1] = link[side]
    end
  end
  if #found > 1 then
    table.sort(found, by_pos)
  end
  return found
end

local RANK = { bend = 1, label = 2, node = 3 }

-- Of the lines that come together in a bend one goes straight on.
local function choose_main(item)
  local main
  for _, link in ipairs(item.up) do
    if not main or RANK[link.a.kind] < RANK[main.a.kind] then
      main = link
    end
  end
  for _, link in ipairs(item.up) do
    link.blocked = link.blocked or link ~= main
  end
end

local function prepare(layers)
  for _, layer in ipairs(layers) do
    for _, item in ipairs(layer) do
      if item.kind == "bend" then
        choose_main(item)
      end
    end
  end
  for _, layer in ipairs(layers) do
    for _, item in ipairs(layer) do
      item.above = neighbours(item, "up", "a")
      item.beneath = neighbours(item, "down", "b")
    end
  end
end

-- One of the two medians: the left one, or the right one.
local function try_align(item, other, last, sign)
  if item.align == item
    and (not last or sign * (other.pos - last) > 0) then
    other.align = item
    item.root = other.root
    item.align = other.root
    return other.pos
  end
  return last
end

local function align(layers, is_down, sign)
  for _, layer in ipairs(layers) do
    for _, item in ipairs(layer) do
      item.root, item.align = item, item
    end
  end
  local first, final, step = 2, #layers, 1
  if not is_down then
    first, final, step = #layers - 1, 1, -1
  end
  local name = is_down and "above" or "beneath"
  for at = first, final, step do
    local layer, last = layers[at], nil
    local from, to = 1, #layer
    if sign < 0 then
      from, to = #layer, 1
    end
    for pos = from, to, sign do
      local item = layer[pos]
      local list = item[name]
      local middle = (#list + 1) / 2
      local low, high = math.floor(middle), math.ceil(middle)
      if sign < 0 then
        low, high = high, low
      end
      if #list > 0 then
        last = try_align(item, list[low], last, sign)
        if high ~= low then
          last = try_align(item, list[high], last, sign)
        end
      end
    end
  end
end

-- Blocks in an order in which each comes behind those to its left.
local function collect_blocks(layers, sign)
  local blocks = {}
  for _, layer in ipairs(layers) do
    local from, to = 1, #layer
    if sign < 0 then
      from, to = #layer, 1
    end
    local before
    for pos = from, to, sign do
      local item = layer[pos]
      local root = item.root
      if root == item then
        root.befores, root.behinds, root.waits = {}, {}, 0
        blocks[#blocks + 1] = root
      end
    end
    before = nil
    for pos = from, to, sign do
      layer[pos].before = before
      before = layer[pos]
    end
  end
  for _, layer in ipairs(layers) do
    for _, item in ipairs(layer) do
      local before = item.before
      if before then
        local gap = distance(before, item)
        local a, b = before.root, item.root
        a.behinds[#a.behinds + 1] = { to = b, gap = gap }
        b.befores[#b.befores + 1] = { to = a, gap = gap }
        b.waits = b.waits + 1
      end
    end
  end
  return blocks
end

local function sorted_blocks(blocks)
  local list = {}
  for _, root in ipairs(blocks) do
    if root.waits == 0 then
      list[#list + 1] = root
    end
  end
  local at = 1
  while list[at] do
    for _, edge in ipairs(list[at].behinds) do
      edge.to.waits = edge.to.waits - 1
      if edge.to.waits == 0 then
        list[#list + 1] = edge.to
      end
    end
    at = at + 1
  end
  return list
end

-- Packs the blocks to one side, then lets them close up to their neighbours.
local function pack(layers, sign, slot)
  local list = sorted_blocks(collect_blocks(layers, sign))
  for _, root in ipairs(list) do
    local x = 0
    for _, edge in ipairs(root.befores) do
      x = math.max(x, edge.to.packed + edge.gap)
    end
    root.packed = x
  end
  for at = #list, 1, -1 do
    local root = list[at]
    local x = math.huge
    for _, edge in ipairs(root.behinds) do
      x = math.min(x, edge.to.packed - edge.gap)
    end
    if x < math.huge then
      root.packed = math.max(root.packed, x)
    end
  end
  local least, most = math.huge, -math.huge
  for _, layer in ipairs(layers) do
    for _, item in ipairs(layer) do
      local x = sign * item.root.packed
      item[slot] = x
      least = math.min(least, x - item.w / 2)
      most = math.max(most, x + item.w / 2)
    end
  end
  return { slot = slot, sign = sign, least = least, most = most }
end

-- Moves the four results over the narrowest of them; the mean of the middle
-- two is the item's place.
local function balance(layers, results)
  local narrow = results[1]
  for _, each in ipairs(results) do
    if each.most - each.least < narrow.most - narrow.least then
      narrow = each
    end
  end
  local shift = {}
  for at, each in ipairs(results) do
    shift[at] = each.sign > 0 and narrow.least - each.least
      or narrow.most - each.most
  end
  local xs = {}
  for _, layer in ipairs(layers) do
    for _, item in ipairs(layer) do
      for at = 1, 4 do
        xs[at] = item[at] + shift[at]
      end
      table.sort(xs)
      item.x = math.floor((xs[2] + xs[3]) / 2 + 0.5)
    end
  end
end

--- Sets x, its centre, of each item.
function place.columns(graph)
  local layers = graph.layers
  mark_conflicts(layers)
  prepare(layers)
  local results = {}
  for _, is_down in ipairs({ true, false }) do
    for _, sign in ipairs({ 1, -1 }) do
      align(layers, is_down, sign)
      results[#results + 1] = pack(layers, sign, #results + 1)
    end
  end
  balance(layers, results)
end

return place
