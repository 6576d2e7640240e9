--- The picture of a state machine: where everything stands.
--
-- A layered layout made for the Amazon States Language: from top to bottom,
-- containers for Parallel (one lane for each branch, side by side) and Map,
-- error handling and loops in lanes beside the states, all lines orthogonal
-- and not through nodes. The same definition gives the same layout, and an
-- edit moves little: ties are decided by the order of the text. Anything that
-- is a JSON object can be laid out; what is wrong with it is shown.
--
-- layout.compute(definition) returns
--
--   { width, height,
--     nodes = { { id, name, type, detail, x, y, w, h, parent, … } },
--     edges = { { from, to, kind, label, points = { { x, y }, … }, … } } }
--
-- in pixels, y downwards. Nodes stand in the order in which they are to be
-- drawn: a container before what is in it.
--
-- Node: id is its place in the definition, "/States/P/Branches[0]/States/A"
-- ("/Start" and "/End" for the markers; "…/Missing/NAME" for a target that
-- does not exist, type "Missing"; type "Reference" for a sign that stands for
-- a node too far away to draw a line to). type is the state's Type, "Start",
-- "End", "Missing", "Reference" or "Unknown". lines is the name as it fits;
-- detail says what the state does and fits too (detail_note: the full text,
-- if it was cut); parent is the id of the container, nil at the top; retries,
-- distributed (a Map) and unreached are flags; lanes are the boxes
-- { x, y, w, h } of a Parallel's branches or a Map's iterator.
--
-- Edge: from and to are ids, kind is "next", "choice", "default", "catch",
-- "start" or "end"; label is the full text, note another one for a tooltip;
-- points lead from the border of one node to that of the other; box is where
-- the label stands: { x, y, w, h, lines }.
--
-- @module graph.layout

local lanes = require("graph.lanes")
local model = require("graph.model")
local net = require("graph.net")
local order = require("graph.order")
local place = require("graph.place")
local route = require("graph.route")
local text = require("graph.text")

local layout = {}

local ceil, floor, max, min = math.ceil, math.floor, math.max, math.min

local NODE_WIDTH, TEXT_ROOM = 208, 60 -- TEXT_ROOM: icon and margins
local NODE_HEIGHT, LINE_HEIGHT = 50, 16
local NAME_SIZE, DETAIL_SIZE, LABEL_SIZE = 13, 11, 11
local NAME_LINES, LABEL_LINES = 2, 2
local LABEL_WIDTH, LABEL_PAD, LABEL_LINE = 150, 8, 14
local MARKER_WIDTH, MARKER_HEIGHT = 60, 26
local SIGN_WIDTH, SIGN_HEIGHT = 168, 44
local LANE_PAD, LANE_APART, LANE_LEAST = 14, 12, 60
local MARGIN = 20

local function label_size(edge)
  if not edge.box then
    local lines, width = { edge.label }, text.width(edge.label, LABEL_SIZE)
    if width > LABEL_WIDTH then
      lines = text.wrap(edge.label, LABEL_WIDTH, LABEL_SIZE, LABEL_LINES)
      width = 0
      for _, line in ipairs(lines) do
        width = max(width, text.width(line, LABEL_SIZE))
      end
    end
    edge.box = { lines = lines, x = 0, y = 0,
      w = ceil(width) + 2 * LABEL_PAD, h = #lines * LABEL_LINE + 4 }
  end
  return edge.box.w, edge.box.h
end

local function marker(name)
  return { id = "/" .. name, name = name, type = name, scopes = {},
    w = MARKER_WIDTH, h = MARKER_HEIGHT, lines = { name } }
end

local function reference(node)
  return { id = node.id, name = node.name, type = "Reference",
    detail = "continues there", scopes = {} }
end

local tools = {
  label_size = label_size, marker = marker, reference = reference,
}

local scope_size

-- Lanes beside each other, as wide as what is in them; returns the width of
-- the whole and the height of the lanes.
local function lay_out_lanes(node)
  local x, tallest = LANE_PAD, LANE_LEAST
  node.boxes = {}
  for at, scope in ipairs(node.scopes) do
    local w, h = scope_size(scope, false)
    node.boxes[at] = { x = x, w = w + 2 * LANE_PAD }
    tallest = max(tallest, h + 2 * LANE_PAD)
    x = x + w + 2 * LANE_PAD + LANE_APART
  end
  return max(NODE_WIDTH, x - LANE_APART + LANE_PAD), tallest
end

-- A container that is wider than its lanes: they share the room.
local function widen_lanes(node)
  local last = node.boxes[#node.boxes]
  local rest = last and node.w - LANE_PAD - last.x - last.w or 0
  local each = rest > 0 and floor(rest / #node.boxes) or 0
  for at, box in ipairs(node.boxes) do
    box.x = box.x + (at - 1) * each
    box.w = box.w + each
  end
end

-- Wraps the name and cuts the detail to the width that they have.
local function set_texts(node, width, name_lines)
  local detail = text.one_line(node.detail or "")
  local is_cut
  node.lines, is_cut = text.wrap(text.one_line(node.name), width, NAME_SIZE,
    name_lines, true)
  node.is_cut = is_cut or nil
  node.detail, is_cut = text.cut(detail, width - (node.retries and 16 or 0),
    DETAIL_SIZE)
  node.detail_note = is_cut and detail or nil
end

local function set_container_size(node)
  local w, lanes_height = lay_out_lanes(node)
  set_texts(node, w - TEXT_ROOM, NAME_LINES)
  node.title = NODE_HEIGHT + (#node.lines - 1) * LINE_HEIGHT
  node.w, node.h = w, node.title
  if #node.boxes > 0 then
    node.h = node.title + lanes_height + LANE_PAD
    widen_lanes(node)
  end
  for _, box in ipairs(node.boxes) do
    box.y, box.h = node.title, lanes_height
  end
end

local function set_size(item)
  local node = item.node
  if node.w then
    item.w, item.h = node.w, node.h
    return
  elseif node.is_container then
    set_container_size(node)
  elseif node.type == "Missing" or node.type == "Reference" then
    node.w, node.h = SIGN_WIDTH, SIGN_HEIGHT
    set_texts(node, SIGN_WIDTH - TEXT_ROOM, 1)
  else
    node.w = NODE_WIDTH
    set_texts(node, NODE_WIDTH - TEXT_ROOM, NAME_LINES)
    node.h = NODE_HEIGHT + (#node.lines - 1) * LINE_HEIGHT
  end
  item.w, item.h = node.w, node.h
end

-- No line leads past the items.
local function bounds(graph)
  local least, most = math.huge, -math.huge
  for at = 1, #graph.layers do
    local layer = graph.layers[at]
    local first, last = layer[1], layer[#layer]
    if first then
      least = min(least, first.x - first.w / 2)
      most = max(most, last.x + last.w / 2)
    end
  end
  graph.left = least < math.huge and floor(least) or 0
  graph.w = most > -math.huge and ceil(most) - graph.left or 0
end

-- One state in a branch: nothing to lay out.
local function single_size(scope)
  local graph = { items = {}, arcs = {}, layers = {} }
  local item = net.add_item(graph, "node", 0, 0, scope.nodes[1])
  set_size(item)
  item.x, item.unreached = item.w / 2, scope.start ~= scope.nodes[1]
  graph.left, graph.w, graph.h = 0, item.w, item.h
  scope.graph = graph
  return graph.w, graph.h
end

scope_size = function(scope, is_top)
  if not is_top and #scope.nodes == 1 and #scope.edges == 0 then
    return single_size(scope)
  end
  local graph = net.build(scope, is_top, tools)
  local items = graph.items
  for at = 1, #items do
    if items[at].kind == "node" then
      set_size(items[at])
    end
  end
  order.arrange(graph)
  lanes.insert(graph, tools)
  for at = 1, #items do
    local item = items[at]
    if item.joins then
      item.h = max(item.h, route.least_height(item))
      item.node.h = item.h
    end
  end
  place.columns(graph)
  route.run(graph)
  bounds(graph)
  scope.graph = graph
  return graph.w, graph.h
end

local emit_scope

local function emit_node(out, item, dx, dy, parent)
  local node = item.node
  local x, y = item.x - item.w / 2 + dx, item.y + dy
  local shown = {
    id = node.id, name = node.name, type = node.type, parent = parent,
    x = x, y = y, w = item.w, h = item.h, lines = node.lines,
    detail = node.detail, detail_note = node.detail_note,
    is_cut = node.is_cut, retries = node.retries or nil,
    unreached = item.unreached or nil,
  }
  out.nodes[#out.nodes + 1] = shown
  if not node.boxes then
    return
  end
  shown.title, shown.distributed = node.title, node.distributed or nil
  shown.lanes = {}
  for at, scope in ipairs(node.scopes) do
    local box = node.boxes[at]
    box.x, box.y = box.x + x, box.y + y
    shown.lanes[at] = box
    emit_scope(out, scope, box.x + floor((box.w - scope.graph.w) / 2),
      box.y + LANE_PAD, node.id)
  end
end

-- The edges of the model become those of the layout.
local function emit_edge(out, arc, dx, dy)
  local edge, points = arc.edge or { kind = arc.kind }, arc.points
  for at = 1, #points do
    local point = points[at]
    point.x, point.y = point.x + dx, point.y + dy
  end
  local label = arc.label or arc.sign
  if label then
    edge.box.x, edge.box.y = label.x - label.w / 2 + dx, label.y + dy
  end
  edge.from, edge.to, edge.points = arc.from.node.id, arc.to.node.id, points
  out.edges[#out.edges + 1] = edge
end

emit_scope = function(out, scope, x, y, parent)
  local graph = scope.graph
  local items, arcs = graph.items, graph.arcs
  x = x - graph.left
  for at = 1, #items do
    if items[at].kind == "node" then
      emit_node(out, items[at], x, y, parent)
    end
  end
  for at = 1, #arcs do
    emit_edge(out, arcs[at], x, y)
  end
end

--- Lays out a definition, a value of wf.doc. Returns the layout, or nil and a
-- message if it is not an object.
function layout.compute(definition)
  local scope, problem = model.read(definition)
  if not scope then
    return nil, problem
  end
  local w, h = scope_size(scope, true)
  local out = { width = w + 2 * MARGIN, height = h + 2 * MARGIN, nodes = {},
    edges = {} }
  emit_scope(out, scope, MARGIN, MARGIN)
  return out
end

return layout
