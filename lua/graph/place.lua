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

local max, min = math.max, math.min

-- Links between bends win against links that cross them.
local function mark_conflicts(layers)
  for at = 1, #layers - 1 do
    local below = layers[at + 1]
    local left, scanned = 0, 1
    for pos = 1, #layers[at] > 1 and #below > 1 and #below or 0 do
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

-- The numbers of the two medians of what an item may be aligned with, the
-- same one twice if their count is odd; 0 if there is nothing.
local function medians(links, side, found)
  if #links == 1 then
    local number = links[1].blocked and 0 or links[1][side].number
    return number, number
  end
  local has_inner, has_main = false, false
  for at = 1, #links do
    has_inner = has_inner or links[at].inner
    has_main = has_main or not links[at].catch
  end
  local count = 0
  for at = 1, #links do
    local link = links[at]
    local counts = not has_main or not link.catch
    if has_inner then
      counts = link.inner
    end
    if counts and not link.blocked then
      count = count + 1
      found[count] = link[side].number
    end
  end
  if count == 0 then
    return 0, 0
  elseif count > 1 then
    for at = count + 1, #found do
      found[at] = nil
    end
    table.sort(found)
  end
  local middle = (count + 1) / 2
  return found[math.floor(middle)], found[math.ceil(middle)]
end

-- The items as lists of numbers: left and right are an item's neighbours, 0 if
-- there is none; root to x belong to the alignment that is being packed.
local function numbered(layers)
  local net = {
    layer_count = #layers, first = {}, last = {},
    items = {}, gap = {}, left = {}, right = {},
    up = { {}, {} }, down = { {}, {} },
    root = {}, after = {}, waits = {}, list = {}, x = {},
  }
  local count = 0
  for at, layer in ipairs(layers) do
    net.first[at] = count + 1
    for pos, item in ipairs(layer) do
      count = count + 1
      item.number = count
      net.items[count] = item
      local before = layer[pos - 1]
      net.left[count] = before and count - 1 or 0
      net.right[count] = layer[pos + 1] and count + 1 or 0
      net.gap[count] = before and (before.w + item.w) / 2
        + ROOM[before.kind][item.kind] or 0
    end
    net.last[at] = count
  end
  net.count = count
  return net
end

local function prepare(layers)
  local net, found = numbered(layers), {}
  for _, item in ipairs(net.items) do
    if item.kind == "bend" and #item.up > 1 then
      choose_main(item)
    end
  end
  for at, item in ipairs(net.items) do
    net.up[1][at], net.up[2][at] = medians(item.up, "a", found)
    net.down[1][at], net.down[2][at] = medians(item.down, "b", found)
  end
  return net
end

-- Builds blocks: root[i] is the topmost item (the lowest, going up) of i's
-- block, after[i] the next one in it, the root behind the last.
local function align(net, is_down, sign)
  local root, after = net.root, net.after
  for at = 1, net.count do
    root[at], after[at] = at, at
  end
  local medians_of = is_down and net.up or net.down
  local near = medians_of[sign > 0 and 1 or 2]
  local other = medians_of[sign > 0 and 2 or 1]
  local from, to, step = 2, net.layer_count, 1
  if not is_down then
    from, to, step = net.layer_count - 1, 1, -1
  end
  for layer = from, to, step do
    local first, last = net.first[layer], net.last[layer]
    if sign < 0 then
      first, last = last, first
    end
    local limit = sign > 0 and 0 or math.huge
    for at = first, last, sign do
      local target = near[at]
      if target == 0 or (target - limit) * sign <= 0 then
        target = other[at]
      end
      if target ~= 0 and (target - limit) * sign > 0 then
        after[target] = at
        root[at] = root[target]
        after[at] = root[target]
        limit = target
      end
    end
  end
end

-- How many blocks each block waits for: those to its left (sign > 0).
local function count_waits(net, sign)
  local root, waits = net.root, net.waits
  local befores = sign > 0 and net.left or net.right
  for at = 1, net.count do
    waits[at] = 0
  end
  for at = 1, net.count do
    if befores[at] ~= 0 then
      waits[root[at]] = waits[root[at]] + 1
    end
  end
end

-- Packs the blocks to one side, in an order in which each comes behind those
-- that it is packed against: list is that order, x the places of the roots.
-- Returns how many blocks there are.
local function pack_blocks(net, sign)
  local root, after, waits = net.root, net.after, net.waits
  local befores = sign > 0 and net.left or net.right
  local behinds = sign > 0 and net.right or net.left
  local gap, list, count, x = net.gap, net.list, 0, net.x
  for at = 1, net.count do
    if root[at] == at and waits[at] == 0 then
      count = count + 1
      list[count] = at
    end
  end
  local done = 0
  while done < count do
    done = done + 1
    local block, place_of, at = list[done], 0, list[done]
    repeat
      local before, behind = befores[at], behinds[at]
      if before ~= 0 then
        place_of = max(place_of, x[root[before]]
          + gap[sign > 0 and at or before])
      end
      if behind ~= 0 then
        local next_root = root[behind]
        waits[next_root] = waits[next_root] - 1
        if waits[next_root] == 0 then
          count = count + 1
          list[count] = next_root
        end
      end
      at = after[at]
    until at == block
    x[block] = place_of
  end
  return count
end

-- Blocks close up to those behind them.
local function close_up(net, sign, count)
  local root, after, list, x = net.root, net.after, net.list, net.x
  local behinds = sign > 0 and net.right or net.left
  local gap = net.gap
  for number = count, 1, -1 do
    local block, room, at = list[number], math.huge, list[number]
    repeat
      local behind = behinds[at]
      if behind ~= 0 then
        room = min(room, x[root[behind]] - gap[sign > 0 and behind or at])
      end
      at = after[at]
    until at == block
    if room < math.huge then
      x[block] = max(x[block], room)
    end
  end
end

local function pack(net, is_down, sign)
  align(net, is_down, sign)
  count_waits(net, sign)
  close_up(net, sign, pack_blocks(net, sign))
  local root, x, places = net.root, net.x, {}
  local least, most = math.huge, -math.huge
  for at = 1, net.count do
    places[at] = sign * x[root[at]]
  end
  for layer = 1, net.layer_count do
    local first, last = net.first[layer], net.last[layer]
    if first <= last then
      least = min(least, places[first] - net.items[first].w / 2)
      most = max(most, places[last] + net.items[last].w / 2)
    end
  end
  return { places = places, sign = sign, least = least, most = most }
end

-- Moves the four results over the narrowest of them; the mean of the middle
-- two is the item's place.
local function balance(net, results)
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
  local one, two, three, four = results[1].places, results[2].places,
    results[3].places, results[4].places
  local d1, d2, d3, d4 = shift[1], shift[2], shift[3], shift[4]
  for at = 1, net.count do
    local a, b, c, d = one[at] + d1, two[at] + d2, three[at] + d3,
      four[at] + d4
    local least, most = min(a, b, c, d), max(a, b, c, d)
    net.items[at].x = math.floor((a + b + c + d - least - most) / 2 + 0.5)
  end
end

--- Sets x, its centre, of each item.
function place.columns(graph)
  local layers = graph.layers
  mark_conflicts(layers)
  local net = prepare(layers)
  balance(net, {
    pack(net, true, 1), pack(net, true, -1),
    pack(net, false, 1), pack(net, false, -1),
  })
end

return place
