--- Rows and lines: the vertical place of each item, and the way of each arc.
--
-- Lines are orthogonal. From layer to layer they go straight down where the
-- two ends face each other; else through a track of the gap between the
-- layers (graph.track). Gap number g lies below layer g; gap 0 above all.
--
-- @module graph.route

local track = require("graph.track")

local route = {}

local abs, floor, max, min = math.abs, math.floor, math.max, math.min
local NOTHING = {}

local TRACK = 12       -- from track to track
local GAP = 34         -- a gap without tracks
local LABEL_ABOVE, LABEL_BELOW = 18, 26 -- where labels begin and end it
local FIRST, LAST = 15, 21 -- to the first track, from the last
local INSET = 22       -- how near to a corner a line may leave
local APART = 16       -- between lines that leave at the bottom
local SLOT = 22        -- between lines that leave at a side
local HEADER = 26      -- where they leave a container: beside its title

local function by_target(p, q)
  return p.to < q.to or p.to == q.to and p.number < q.number
end

local function turn_ports(graph)
  local turns = {}
  for _, arc in ipairs(graph.arcs) do
    if arc.turns and not arc.attach then
      local list = turns[arc.from] or {}
      turns[arc.from] = list
      list[#list + 1] = arc
    end
  end
  return turns
end

-- What leaves a node at the bottom: links, and arcs that turn back up.
local function ports_of(item, turns)
  local ports = {}
  for at, link in ipairs(item.down) do
    ports[at] = { x = 0, to = link.b.x - item.x, owner = link, number = at }
  end
  for _, arc in ipairs(turns or NOTHING) do
    ports[#ports + 1] = { x = 0, to = arc.lane.items[item.layer].x - item.x,
      owner = arc, number = #ports + 1 }
  end
  if #ports > 1 then
    table.sort(ports, by_target)
  end
  return ports
end

-- Each port goes where its line can go straight down, as far as it may, and
-- keeps its distance from the others: those that can't reach their end keep
-- away to the outside.
local function spread(ports, width)
  local reach = max(0, width / 2 - INSET)
  local widest = max(0, width / 2 - 8)
  local apart = min(APART, 2 * widest / max(1, #ports - 1))
  local middle = #ports + 1
  for at = #ports, 1, -1 do
    local port = ports[at]
    port.x = max(-reach, min(reach, port.to))
    if port.to >= -reach then
      middle = at
    end
  end
  for at = middle - 2, 1, -1 do
    ports[at].x = min(ports[at].x, ports[at + 1].x - apart)
  end
  for at = max(middle, 2), #ports do
    ports[at].x = max(ports[at].x, ports[at - 1].x + apart)
  end
  local limit = widest
  for at = #ports, 1, -1 do
    ports[at].x = min(ports[at].x, limit)
    limit = ports[at].x - apart
  end
  limit = -widest
  for at = 1, #ports do
    local port = ports[at]
    port.x = max(port.x, limit)
    limit = port.x
  end
end

-- Where a link arrives: the middle, or a little beside it if it is alone and
-- can so be straight.
local function arrival(link)
  local b, x = link.b, link.from_x
  if b.kind == "node" and x ~= b.x and #b.up == 1 and not b.lane_above
    and abs(x - b.x) <= b.w / 2 - INSET then
    return x
  end
  return b.x
end

local function set_node_ports(item, turns)
  local links, x = item.down, item.x
  if #links == 1 and not turns then
    local reach = max(0, item.w / 2 - INSET)
    links[1].from_x = x + max(-reach, min(reach, links[1].b.x - x))
    return
  end
  local ports = ports_of(item, turns)
  spread(ports, item.w)
  for at = 1, #ports do
    ports[at].owner.from_x = x + ports[at].x
  end
end

local function set_ports(graph)
  local turns = turn_ports(graph)
  for _, lane in ipairs(graph.lanes) do
    lane.to.lane_above = lane.to.lane_above or not lane.entry
  end
  local items = graph.items
  for at = 1, #items do
    local item = items[at]
    item.mark = false
    if item.kind == "node" then
      set_node_ports(item, turns[item])
    else
      local links = item.down
      for number = 1, #links do
        links[number].from_x = item.x
      end
    end
  end
end

local function new_group(gaps, gap)
  local groups, group = gaps[gap], track.group()
  if groups == NOTHING then
    gaps[gap] = { group }
  else
    groups[#groups + 1] = group
  end
  return group
end

-- The group of the lines that lead to an item from the gap above it.
local function group_above(gaps, item)
  item.mark = item.mark or new_group(gaps, item.layer - 1)
  return item.mark
end

-- The group of the lines that turn back up, in a gap, into a lane.
local function group_beside(gaps, gap, lane)
  lane.turns = lane.turns or {}
  lane.turns[gap] = lane.turns[gap] or new_group(gaps, gap)
  return lane.turns[gap]
end

-- Straight down if the two ends face each other, else by a group's track.
local function collect_group(gaps, link)
  link.to_x = arrival(link)
  if abs(link.from_x - link.to_x) >= 1 then
    local group = group_above(gaps, link.b)
    track.add(group, group.ups, link.from_x)
    track.add(group, group.downs, link.to_x)
    link.group = group
  end
end

local function collect_groups(graph)
  local gaps, layers = {}, graph.layers
  gaps[0] = NOTHING
  for gap = 1, #layers do
    local layer = layers[gap]
    gaps[gap] = NOTHING
    for pos = 1, #layer do
      local links = layer[pos].down
      for at = 1, #links do
        collect_group(gaps, links[at])
      end
    end
  end
  for _, arc in ipairs(graph.arcs) do
    if arc.turns then
      local layer = arc.from.layer
      local group = group_beside(gaps, layer, arc.lane)
      arc.from_x = arc.from_x or arc.attach.x
      track.add(group, group.ups, arc.from_x)
      track.add(group, group.ups, arc.lane.items[layer].x)
      arc.turn = group
    end
  end
  for _, lane in ipairs(graph.lanes) do
    if not lane.entry then
      local group = group_above(gaps, lane.to)
      track.add(group, group.downs, lane.items[lane.top].x)
      track.add(group, group.downs, lane.to.x)
      lane.over = group
    end
  end
  return gaps
end

local function only_labels(layer)
  local has_label = false
  for pos = 1, #layer do
    local kind = layer[pos].kind
    if kind == "node" then
      return false
    end
    has_label = has_label or kind == "label"
  end
  return has_label
end

local function gap_height(is_first, is_last, after_labels, to_labels, tracks)
  local height = GAP
  if is_first or is_last then
    height = 0
  elseif to_labels then
    height = LABEL_ABOVE
  elseif after_labels then
    height = LABEL_BELOW
  end
  if tracks == 0 then
    return height
  end
  return max(height, FIRST + (tracks - 1) * TRACK + (is_last and 8 or LAST))
end

-- Sets y of a layer's items; returns its height.
local function set_row(layer, y, is_labels)
  local tallest = 0
  for pos = 1, #layer do
    local item = layer[pos]
    item.y = y
    tallest = max(tallest, item.h)
  end
  for pos = 1, is_labels and #layer or 0 do
    local item = layer[pos]
    item.y = y + floor((tallest - item.h) / 2)
  end
  return tallest
end

-- Sets y (the upper edge) of layers and items, and of the tracks.
local function set_rows(graph)
  local gaps, y, after_labels = collect_groups(graph), 0, false
  for gap = 0, graph.depth do
    local groups, layer = gaps[gap], graph.layers[gap + 1] or NOTHING
    local tracks, is_labels = track.assign(groups), only_labels(layer)
    local height = gap_height(gap == 0, gap == graph.depth, after_labels,
      is_labels, tracks)
    local first = y + FIRST
    if tracks > 0 and height > FIRST + (tracks - 1) * TRACK + LAST then
      first = y + (height - LAST - (tracks - 1) * TRACK + FIRST) / 2
    end
    for at = 1, #groups do
      groups[at].y = floor(first + (groups[at].track - 1) * TRACK)
    end
    y = y + height
    y, after_labels = y + set_row(layer, y, is_labels), is_labels
  end
  graph.h = y
end

-- Lines at a side, from top to bottom: those that go up, near ones first,
-- then those that go down, far ones first. So they do not cross.
local function by_slot(p, q)
  if p.heads ~= q.heads then
    return p.heads == "up"
  end
  local near = abs(p.far.pos - p.from.pos)
    - abs(q.far.pos - q.from.pos)
  if near ~= 0 then
    return (near < 0) == (p.heads == "up")
  end
  return p.number < q.number
end

local function joins_at(item, side)
  if not item.joins then
    return NOTHING
  end
  local list = {}
  for at, join in ipairs(item.joins) do
    if join.side == side then
      join.number, join.from = at, item
      list[#list + 1] = join
    end
  end
  if #list > 1 then
    table.sort(list, by_slot)
  end
  return list
end

--- Height that an item needs for the lines at its sides.
function route.least_height(item)
  local most = 0
  local sides = { left = 0, right = 0 }
  for _, join in ipairs(item.joins) do
    sides[join.side] = sides[join.side] + 1
    most = max(most, sides[join.side])
  end
  if item.node.is_container then
    return most > 0 and HEADER + most * SLOT or 0
  end
  return most > 0 and most * SLOT + 8 or 0
end

local function set_slots(item, side, shift)
  local list = joins_at(item, side)
  if #list == 0 then
    return
  end
  local is_container = item.node.is_container
  local top = is_container and HEADER or item.h / 2 - (#list - 1) * SLOT / 2
  for at, join in ipairs(list) do
    join.y = floor(item.y + top + (at - 1) * SLOT + shift)
    if join.arc then
      join.arc.side_y = join.y
      local sign = join.arc.sign
      if sign then
        sign.y = join.y - sign.h / 2
      end
      if join.far == join.arc.attach and not sign then
        join.far.y = join.y
      end
    else
      join.lane.entry_y = join.y
    end
  end
end

local function has_joins(item, side)
  for _, join in ipairs(item.joins or NOTHING) do
    if join.side == side then
      return true
    end
  end
  return false
end

-- Lines of two neighbours that face each other must not lie upon each other.
local function set_all_slots(graph)
  for _, layer in ipairs(graph.layers) do
    local before
    for pos = 1, #layer do
      local item = layer[pos]
      if item.kind == "node" then
        local faces = before and before.joins and item.joins
          and has_joins(before, "right") and has_joins(item, "left")
        if before and before.joins then
          set_slots(before, "right", faces and -5 or 0)
        end
        if item.joins then
          set_slots(item, "left", faces and 6 or 0)
        end
        before = item
      end
    end
    if before and before.joins then
      set_slots(before, "right", 0)
    end
  end
end

local function add_point(points, x, y)
  local count = #points
  local last = count > 0 and points[count]
  if last and last.x == x and last.y == y then
    return
  end
  local one = count > 1 and points[count - 1]
  if one and (one.x == last.x and last.x == x
    or one.y == last.y and last.y == y) then
    last.x, last.y = x, y
    return
  end
  points[count + 1] = { x = x, y = y }
end

local function edge_of(item, side)
  return item.x + (side == "right" and 1 or -1) * item.w / 2
end

-- The last bend of a chain that can be reached straight down.
local function jump(bend)
  local at = bend
  while not at.jump do
    local link = at.down[1]
    if link.group or link.b.kind ~= "bend" then
      at.jump = at
      break
    end
    at = link.b
  end
  local final = at.jump
  while bend ~= at do
    bend.jump = final
    bend = bend.down[1].b
  end
  return final
end

local function follow(points, link)
  while link do
    local b = link.b
    add_point(points, link.from_x, link.a.y + link.a.h)
    if link.group then
      add_point(points, link.from_x, link.group.y)
      add_point(points, link.to_x, link.group.y)
    end
    add_point(points, link.to_x, b.y)
    if b.kind == "node" then
      return
    end
    if b.kind == "bend" then
      b = jump(b)
    end
    link = b.down[1]
  end
end

-- Up a lane, from where `points` end, to its target.
local function climb(points, lane, layer)
  local at = layer
  while at > lane.top do
    local link = lane.items[at].up[1]
    if link.group then
      add_point(points, link.to_x, link.group.y)
      add_point(points, link.from_x, link.group.y)
    end
    at = at - 1
  end
  local bend, to = lane.items[lane.top], lane.to
  if lane.entry then
    add_point(points, bend.x, lane.entry_y)
    add_point(points, edge_of(to, lane.entry), lane.entry_y)
  else
    add_point(points, bend.x, lane.over.y)
    add_point(points, to.x, lane.over.y)
    add_point(points, to.x, to.y)
  end
end

local function way_of(arc)
  local points, from = { nil, nil, nil, nil }, arc.from
  if arc.side then
    add_point(points, edge_of(from, arc.side), arc.side_y)
    local far = arc.join or arc.attach
    add_point(points, far.x, arc.side_y)
  end
  if arc.turns then
    local bend = arc.lane.items[from.layer]
    if not arc.side then
      add_point(points, arc.from_x, from.y + from.h)
    end
    add_point(points, arc.from_x, arc.turn.y)
    add_point(points, bend.x, arc.turn.y)
    climb(points, arc.lane, from.layer)
  elseif arc.lane then
    climb(points, arc.lane, from.layer)
  elseif arc.join then
    follow(points, jump(arc.join).down[1])
  elseif arc.attach then
    follow(points, arc.attach.down[1])
  elseif arc.label then
    local down = arc.label.up[1]
    add_point(points, down.from_x, from.y + from.h)
    follow(points, down)
  else
    add_point(points, arc.link.from_x, from.y + from.h)
    follow(points, arc.link)
  end
  return points
end

--- Sets y of the items, graph.h, and points of the arcs.
function route.run(graph)
  set_ports(graph)
  set_rows(graph)
  set_all_slots(graph)
  for _, arc in ipairs(graph.arcs) do
    arc.points = way_of(arc)
  end
end

return route
