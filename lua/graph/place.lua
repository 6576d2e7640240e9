--- Columns: the horizontal place of each item, given the order in its layer.
--
-- The method of Brandes and Köpf: items are aligned with their median
-- neighbours, four times (upper or lower neighbours, from the left or from
-- the right), each alignment is packed, and the four are balanced. Long edges
-- and the main path (catch edges do not count beside others) come out
-- straight. Time is linear in the size of the graph.
--
-- Works on lists of numbers, since it is the longest part of a layout: items
-- are numbered layer by layer, from left to right.
--
-- @module graph.place

local place = {}

-- Least room between two neighbours of a layer, by their kinds.
local ROOM = {
  node = { node = 36, label = 26, bend = 24 },
  label = { node = 26, label = 14, bend = 16 },
  bend = { node = 24, label = 16, bend = 14 },
}
local RANK = { bend = 1, label = 2, node = 3 }

local floor, huge, max, min = math.floor, math.huge, math.max, math.min

-- Whether a layer's lines from above have bends at both ends.
local function has_inner(layer)
  for pos = 1, #layer do
    local links = layer[pos].up
    for at = 1, #links do
      if links[at].inner then
        return true
      end
    end
  end
  return false
end

-- Links between bends win against links that cross them.
local function mark_conflicts(layers)
  for at = 1, #layers - 1 do
    local below = layers[at + 1]
    local left, scanned = 0, 1
    local count = #layers[at] > 1 and has_inner(below) and #below or 0
    for pos = 1, count > 1 and count or 0 do
      local links, right = below[pos].up, pos == count and huge or nil
      for number = 1, #links do
        local link = links[number]
        right = link.inner and link.a.pos or right
      end
      for each = scanned, right and pos or 0 do
        links = below[each].up
        for number = 1, #links do
          local link = links[number]
          local from = link.a.pos
          link.blocked = not link.inner and (from < left or from > right)
        end
      end
      if right then
        scanned, left = pos + 1, right
      end
    end
  end
end

-- Of the lines that come together in a bend one goes straight on.
local function choose_main(links)
  local main = links[1]
  for at = 2, #links do
    if RANK[links[at].a.kind] < RANK[main.a.kind] then
      main = links[at]
    end
  end
  for at = 1, #links do
    links[at].blocked = links[at].blocked or links[at] ~= main
  end
end

-- The numbers of the two medians of what an item may be aligned with, the
-- same one twice if their count is odd; 0 if there is nothing. `found` is
-- scratch.
local function medians(links, side, found)
  local count = #links
  if count <= 1 then
    local link = links[1]
    local number = link and not link.blocked and link[side].number or 0
    return number, number
  end
  local has_inner_link, has_main = false, false
  for at = 1, count do
    local link = links[at]
    has_inner_link = has_inner_link or link.inner
    has_main = has_main or not link.catch
  end
  local used = 0
  for at = 1, count do
    local link = links[at]
    local counts = not has_main or not link.catch
    if has_inner_link then
      counts = link.inner
    end
    if counts and not link.blocked then
      used = used + 1
      found[used] = link[side].number
    end
  end
  if used == 0 then
    return 0, 0
  elseif used == 1 then
    return found[1], found[1]
  end
  for at = used + 1, #found do
    found[at] = nil
  end
  table.sort(found)
  return found[floor((used + 1) / 2)], found[floor(used / 2 + 1)]
end

-- A list of zeros: one that is filled from its end, or anyhow, would be slow.
local function zeros(count)
  local list = {}
  for at = 1, count do
    list[at] = 0
  end
  return list
end

-- The items as lists of numbers: left and right are the distances from an
-- item's neighbours, 0 if there is none; up and down its medians, each of two
-- lists; after, waits and list belong to the alignment that is being packed.
local function numbered(layers)
  local net = {
    first = {}, last = {}, items = {}, left = {}, right = {},
    up = { {}, {} }, down = { {}, {} }, list = {},
  }
  local items, left, right = net.items, net.left, net.right
  local count = 0
  for at = 1, #layers do
    local layer, before = layers[at], nil
    net.first[at] = count + 1
    for pos = 1, #layer do
      local item = layer[pos]
      local gap = before and (before.w + item.w) / 2
        + ROOM[before.kind][item.kind] or 0
      right[count] = gap
      count = count + 1
      left[count] = gap
      item.number = count
      items[count] = item
      before = item
    end
    right[count] = 0
    net.last[at] = count
  end
  net.count, net.after, net.waits = count, zeros(count), zeros(count)
  return net
end

local function prepare(layers)
  local net, found = numbered(layers), {}
  local up, up_right, down, down_right = net.up[1], net.up[2], net.down[1],
    net.down[2]
  local items = net.items
  for at = 1, net.count do
    local item = items[at]
    if item.kind == "bend" and item.up[2] then
      choose_main(item.up)
    end
    up[at], up_right[at] = medians(item.up, "a", found)
  end
  for at = 1, net.count do
    down[at], down_right[at] = medians(items[at].down, "b", found)
  end
  return net
end

-- Builds blocks: root[i] is the topmost item (the lowest, going up) of i's
-- block, after[i] the next one in it, the root behind the last; waits[i] of a
-- root is how many neighbours its block must wait for, those on the side that
-- it is packed to (the left if sign > 0).
local function align(net, is_down, sign, root)
  local after, waits = net.after, net.waits
  local gaps = sign > 0 and net.left or net.right
  local medians_of = is_down and net.up or net.down
  local near = medians_of[sign > 0 and 1 or 2]
  local other = medians_of[sign > 0 and 2 or 1]
  local from, to, step = 1, #net.first, 1
  if not is_down then
    from, to, step = to, 1, -1
  end
  local firsts, lasts = net.first, net.last
  if sign < 0 then
    firsts, lasts = lasts, firsts
  end
  for layer = from, to, step do
    local limit = sign > 0 and 0 or huge
    for at = firsts[layer], lasts[layer], sign do
      local target, wait = near[at], gaps[at] > 0 and 1 or 0
      if target ~= 0 and (target - limit) * sign <= 0 then
        target = other[at]
      end
      if target ~= 0 and (target - limit) * sign > 0 then
        local block = root[target]
        root[at], after[at], after[target] = block, block, at
        waits[block] = waits[block] + wait
        limit = target
      else
        root[at], after[at], waits[at] = at, at, wait
      end
    end
  end
end

-- Packs the blocks to one side, in an order in which each comes behind those
-- that it is packed against: list is that order, x the places of the roots.
-- Returns how many blocks there are.
local function pack_blocks(net, sign, root, x)
  local after, waits, list, count = net.after, net.waits, net.list, 0
  local before, behind, firsts = net.left, net.right, net.first
  if sign < 0 then
    before, behind, firsts = behind, before, net.last
  end
  for layer = 1, #firsts do
    local block = root[firsts[layer]]
    if waits[block] == 0 then
      waits[block] = -1
      count = count + 1
      list[count] = block
    end
  end
  local done = 0
  while done < count do
    done = done + 1
    local block = list[done]
    local place_of, at = 0, block
    repeat
      local gap = before[at]
      if gap > 0 then
        local reach = x[root[at - sign]] + gap
        place_of = reach > place_of and reach or place_of
      end
      if behind[at] > 0 then
        local next_block = root[at + sign]
        local left = waits[next_block] - 1
        waits[next_block] = left
        if left == 0 then
          count = count + 1
          list[count] = next_block
        end
      end
      at = after[at]
    until at == block
    x[block] = place_of
  end
  return count
end

-- Blocks close up to those behind them.
local function close_up(net, sign, root, x, count)
  local after, list = net.after, net.list
  local behind = sign > 0 and net.right or net.left
  for number = count, 1, -1 do
    local block = list[number]
    local room, at = huge, block
    repeat
      local gap = behind[at]
      if gap > 0 then
        local reach = x[root[at + sign]] - gap
        room = reach < room and reach or room
      end
      at = after[at]
    until at == block
    if room < huge and room > x[block] then
      x[block] = room
    end
  end
end

-- One of the four results: the place of an item i is sign * x[root[i]].
local function pack(net, is_down, sign)
  local root, x, items = zeros(net.count), zeros(net.count), net.items
  align(net, is_down, sign, root)
  close_up(net, sign, root, x, pack_blocks(net, sign, root, x))
  local least, most = huge, -huge
  for layer = 1, #net.first do
    local first, last = net.first[layer], net.last[layer]
    if first <= last then
      least = min(least, sign * x[root[first]] - items[first].w / 2)
      most = max(most, sign * x[root[last]] + items[last].w / 2)
    end
  end
  return { root = root, x = x, sign = sign, least = least, most = most }
end

-- Moves the four results over the narrowest of them; the mean of the middle
-- two is the item's place.
local function balance(net, one, two, three, four)
  local results, narrow = { one, two, three, four }, one
  for at = 2, 4 do
    local each = results[at]
    if each.most - each.least < narrow.most - narrow.least then
      narrow = each
    end
  end
  for at = 1, 4 do
    local each = results[at]
    each.shift = each.sign > 0 and narrow.least - each.least
      or narrow.most - each.most
  end
  local r1, r2, r3, r4 = one.root, two.root, three.root, four.root
  local x1, x2, x3, x4 = one.x, two.x, three.x, four.x
  local d1, d2, d3, d4 = one.shift, two.shift, three.shift, four.shift
  for at = 1, net.count do
    local a, b, c, d = d1 + x1[r1[at]], d2 - x2[r2[at]], d3 + x3[r3[at]],
      d4 - x4[r4[at]]
    net.items[at].x = floor((a + b + c + d - min(a, b, c, d)
      - max(a, b, c, d)) / 2 + 0.5)
  end
end

--- Sets x, its centre, of each item.
function place.columns(graph)
  local layers = graph.layers
  mark_conflicts(layers)
  local net = prepare(layers)
  balance(net, pack(net, true, 1), pack(net, true, -1), pack(net, false, 1),
    pack(net, false, -1))
end

return place
