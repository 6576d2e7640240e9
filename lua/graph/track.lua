--- Tracks: which horizontal lines of a gap between two layers lie how high.
--
-- A group is what shares one horizontal line, since it leads to one place:
-- ups (where lines come down into it from the layer above, or go up to it)
-- and downs (the same to the layer below); it reaches from least to most.
-- Groups whose lines would meet get tracks of their own, in the order that
-- crosses least. One line upon another is avoided before that; where dozens of
-- lines fill a gap, what they ask for can contradict itself, and then a short
-- stretch may be shared.
--
-- @module graph.track

local track = {}

local max, min = math.max, math.min

local MAX_COMPARED = 48 -- groups of a gap that are compared in pairs
local APART = 8         -- least room between the ends on one track
local OVERLAP = 1000    -- what two lines upon each other cost

--- A group without lines.
function track.group()
  return { ups = {}, downs = {}, least = math.huge, most = -math.huge,
    track = 1, y = 0 }
end

--- Adds a place to a group's ups or downs.
function track.add(group, list, x)
  local count = #list
  for at = 1, count do
    if list[at] == x then
      return
    end
  end
  list[count + 1] = x
  group.least, group.most = min(group.least, x), max(group.most, x)
end

-- Crossings if `upper` lies above `lower`.
local function cost(upper, lower)
  local sum = 0
  for _, x in ipairs(lower.ups) do
    if x > upper.least and x < upper.most then
      sum = sum + 1
    end
    for _, other in ipairs(upper.downs) do
      if math.abs(x - other) < 5 then
        sum = sum + OVERLAP
      end
    end
  end
  for _, x in ipairs(upper.downs) do
    if x > lower.least and x < lower.most then
      sum = sum + 1
    end
  end
  return sum
end

local function meet(a, b)
  return a.least < b.most + APART and b.least < a.most + APART
end

-- Takes, again and again, the group that costs least above all others left.
local function sorted(groups)
  local loss = {}
  for _, a in ipairs(groups) do
    loss[a] = 0
    for _, b in ipairs(groups) do
      if a ~= b and meet(a, b) then
        loss[a] = loss[a] + cost(a, b) - cost(b, a)
      end
    end
  end
  local list, left = {}, {}
  for at, group in ipairs(groups) do
    left[at] = group
  end
  while #left > 0 do
    local best = 1
    for at = 2, #left do
      if loss[left[at]] < loss[left[best]] then
        best = at
      end
    end
    local group = table.remove(left, best)
    list[#list + 1] = group
    for _, other in ipairs(left) do
      if meet(group, other) then
        loss[other] = loss[other] - cost(other, group) + cost(group, other)
      end
    end
  end
  return list
end

local function by_extent(a, b)
  return a.least < b.least or a.least == b.least and a.number < b.number
end

-- So many groups that only room is looked at: each takes the first free track.
local function assign_simply(groups)
  local ends = {}
  for at, group in ipairs(groups) do
    group.number = at
  end
  table.sort(groups, by_extent)
  for _, group in ipairs(groups) do
    local at = 1
    while ends[at] and ends[at] + APART > group.least do
      at = at + 1
    end
    group.track = at
    ends[at] = group.most
  end
  return #ends
end

--- Sets group.track, from 1 (the highest) on. Returns how many there are.
function track.assign(groups)
  if #groups <= 1 then
    return #groups
  end
  if #groups > MAX_COMPARED then
    return assign_simply(groups)
  end
  local list, count = sorted(groups), 0
  for at, group in ipairs(list) do
    group.track = 1
    for before = 1, at - 1 do
      if meet(list[before], group) then
        group.track = max(group.track, list[before].track + 1)
      end
    end
    count = max(count, group.track)
  end
  return count
end

return track
