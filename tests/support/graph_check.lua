--- What must be true of every layout of graph.layout: returns a list of
-- sentences about what is not.

local graph_check = {}

-- Ids of a node's containers, as a set.
local function ancestors(by_id, node)
  local set = {}
  local parent = node.parent
  while parent do
    set[parent] = true
    parent = by_id[parent].parent
  end
  return set
end

local function overlap(a, b)
  return a.x < b.x + b.w and b.x < a.x + a.w
    and a.y < b.y + b.h and b.y < a.y + a.h
end

local function inside(a, b)
  return a.x >= b.x and a.y >= b.y and a.x + a.w <= b.x + b.w
    and a.y + a.h <= b.y + b.h
end

-- True if the segment from p to q runs through the inside of a box.
local function crosses(p, q, box)
  return math.min(p.x, q.x) < box.x + box.w
    and math.max(p.x, q.x) > box.x
    and math.min(p.y, q.y) < box.y + box.h
    and math.max(p.y, q.y) > box.y
end

local function on_border(point, node)
  local x = point.x == node.x or point.x == node.x + node.w
  local y = point.y == node.y or point.y == node.y + node.h
  local within_x = point.x >= node.x and point.x <= node.x + node.w
  local within_y = point.y >= node.y and point.y <= node.y + node.h
  return x and within_y or y and within_x
end

local function check_nodes(layout, by_id, say)
  local nodes = layout.nodes
  for at, node in ipairs(nodes) do
    local above = ancestors(by_id, node)
    if node.parent then
      local is_in_lane = false
      for _, lane in ipairs(by_id[node.parent].lanes) do
        is_in_lane = is_in_lane or inside(node, lane)
      end
      if not is_in_lane then
        say("%s is in no lane of its container", node.id)
      end
    end
    for other = at + 1, #nodes do
      local second = nodes[other]
      if not above[second.id] and not ancestors(by_id, second)[node.id]
        and overlap(node, second) then
        say("%s lies on %s", node.id, second.id)
      end
    end
  end
end

local function check_ends(edge, from, to, say)
  local first, last = edge.points[1], edge.points[#edge.points]
  if not on_border(first, from) then
    say("%s -> %s does not begin at its border", edge.from, edge.to)
  end
  if not on_border(last, to) then
    say("%s -> %s does not end at its border", edge.from, edge.to)
  end
end

local function check_segment(layout, by_id, edge, p, q, say)
  if p.x ~= q.x and p.y ~= q.y then
    say("%s -> %s is not orthogonal", edge.from, edge.to)
  end
  local above = ancestors(by_id, by_id[edge.from])
  for _, node in ipairs(layout.nodes) do
    if not above[node.id] and crosses(p, q, node) then
      say("%s -> %s runs through %s", edge.from, edge.to, node.id)
    end
  end
  for _, other in ipairs(layout.edges) do
    if other ~= edge and other.box and crosses(p, q, other.box)
      and not (other.from == edge.from and other.to == edge.to) then
      say("%s -> %s runs through the label %s", edge.from, edge.to,
        other.label)
    end
  end
end

local function check_edges(layout, by_id, say)
  for _, edge in ipairs(layout.edges) do
    check_ends(edge, by_id[edge.from], edge.target, say)
    for at, point in ipairs(edge.points) do
      if point.x < 0 or point.x > layout.width or point.y < 0
        or point.y > layout.height then
        say("%s -> %s leaves the picture", edge.from, edge.to)
      end
      if at > 1 then
        check_segment(layout, by_id, edge, edge.points[at - 1], point, say)
      end
    end
  end
end

-- How long two ranges run together.
local function shared(a, b, c, d)
  return math.min(math.max(a, b), math.max(c, d))
    - math.max(math.min(a, b), math.min(c, d))
end

local function lie_on_each_other(a, b)
  return a.p.x == a.q.x and b.p.x == b.q.x and a.p.x == b.p.x
    and shared(a.p.y, a.q.y, b.p.y, b.q.y) > 2
    or a.p.y == a.q.y and b.p.y == b.q.y and a.p.y == b.p.y
    and shared(a.p.x, a.q.x, b.p.x, b.q.x) > 2
end

-- Only what has the same source or target may share a line.
local function check_lines(layout, say)
  local segments = {}
  for _, edge in ipairs(layout.edges) do
    for at = 2, #edge.points do
      local segment = { edge = edge, p = edge.points[at - 1],
        q = edge.points[at] }
      for _, other in ipairs(segments) do
        if other.edge.from ~= edge.from and other.edge.to ~= edge.to
          and lie_on_each_other(segment, other) then
          say("%s -> %s lies on %s -> %s", edge.from, edge.to,
            other.edge.from, other.edge.to)
        end
      end
      segments[#segments + 1] = segment
    end
  end
end

local function check_labels(layout, by_id, say)
  local boxes = {}
  for _, edge in ipairs(layout.edges) do
    local box = edge.box
    if box then
      local above = ancestors(by_id, by_id[edge.from])
      for _, node in ipairs(layout.nodes) do
        if not above[node.id] and overlap(box, node) then
          say("the label %s lies on %s", edge.label, node.id)
        end
      end
      for _, other in ipairs(boxes) do
        if overlap(box, other) then
          say("two labels of %s lie on each other", edge.from)
        end
      end
      boxes[#boxes + 1] = box
    elseif edge.label then
      say("the label %s is not shown", edge.label)
    end
  end
end

--- Checks a layout. An edge to a node of which there is also a sign
-- ("Reference") may end at either.
function graph_check.problems(layout)
  local problems, by_id, signs = {}, {}, {}
  local function say(...)
    problems[#problems + 1] = string.format(...)
  end
  for _, node in ipairs(layout.nodes) do
    if node.type == "Reference" then
      signs[#signs + 1] = node
    elseif by_id[node.id] then
      say("%s is there twice", node.id)
    else
      by_id[node.id] = node
    end
  end
  for _, edge in ipairs(layout.edges) do
    edge.target = by_id[edge.to]
    for _, sign in ipairs(signs) do
      if sign.id == edge.to and on_border(edge.points[#edge.points], sign) then
        edge.target = sign
      end
    end
  end
  check_nodes(layout, by_id, say)
  check_edges(layout, by_id, say)
  check_labels(layout, by_id, say)
  check_lines(layout, say)
  return problems
end

return graph_check
