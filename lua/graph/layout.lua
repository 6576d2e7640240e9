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

local NODE_WIDTH, TEXT_ROOM = 208, 60 -- TEXT_ROOM: icon and margins
local NODE_HEIGHT, LINE_HEIGHT = 50, 16
local NAME_SIZE, DETAIL_SIZE, LABEL_SIZE = 13, 11, 11
local NAME_LINES, LABEL_LINES = 2, 2
local LABEL_WIDTH, LABEL_PAD, LABEL_LINE = 150, 8, 14
local MARKER_WIDTH, MARKER_HEIGHT = 60, 26
local SIGN_WIDTH, SIGN_HEIGHT = 168, 44
local LANE_PAD, LANE_APART, LANE_LEAST = 14, 12, 60
local MARGIN = 20

local NO_EDGE = {}

local function label_size(edge)
  if not edge.box then
    local lines = text.wrap(edge.label, LABEL_WIDTH, LABEL_SIZE, LABEL_LINES)
    local width = 0
    for _, line in ipairs(lines) do
      width = math.max(width, text.width(line, LABEL_SIZE))
    end
    edge.box = { lines = lines, w = math.ceil(width) + 2 * LABEL_PAD,
      h = #lines * LABEL_LINE + 4 }
  end
  return edge.box.w, edge.box.h
end

local function marker(name)
  return { id = "/" .. name, name = name, type = name, scopes = {},
    w = MARKER_WIDTH, h = MARKER_HEIGHT, lines = { name } }
end

local function reference(node)
  return { id = node.id, name = node.name, type = "Reference",
    detail = "continues there", scopes = {}, refers = true }
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
    tallest = math.max(tallest, h + 2 * LANE_PAD)
    x = x + w + 2 * LANE_PAD + LANE_APART
  end
  return math.max(NODE_WIDTH, x - LANE_APART + LANE_PAD), tallest
end

-- A container that is wider than its lanes: they share the room.
local function widen_lanes(node)
  local last = node.boxes[#node.boxes]
  local rest = last and node.w - LANE_PAD - last.x - last.w or 0
  local each = rest > 0 and math.floor(rest / #node.boxes) or 0
  for at, box in ipairs(node.boxes) do
    box.x = box.x + (at - 1) * each
    box.w = box.w + each
  end
end

-- Wraps the name and cuts the detail to the width that they have.
local function set_texts(node, width, name_lines)
  local name, detail = text.one_line(node.name),
    text.one_line(node.detail or "")
  local is_cut
  node.lines, is_cut = text.wrap(name, width, NAME_SIZE, name_lines, true)
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

local function bounds(graph)
  local least, most = math.huge, -math.huge
  for _, layer in ipairs(graph.layers) do
    for _, item in ipairs(layer) do
      least = math.min(least, item.x - item.w / 2)
      most = math.max(most, item.x + item.w / 2)
    end
  end
  for _, arc in ipairs(graph.arcs) do
    for _, point in ipairs(arc.points) do
      least, most = math.min(least, point.x), math.max(most, point.x)
    end
  end
  graph.left = least < math.huge and math.floor(least) or 0
  graph.w = most > -math.huge and math.ceil(most) - graph.left or 0
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
  for _, item in ipairs(graph.items) do
    if item.kind == "node" then
      set_size(item)
    end
  end
  order.arrange(graph)
  lanes.insert(graph, tools)
  for _, item in ipairs(graph.items) do
    if item.joins then
      item.h = math.max(item.h, route.least_height(item))
      item.node.h = item.h
    end
  end
  place.columns(graph)
  route.run(graph)
  bounds(graph)
  scope.graph = graph
  return graph.w, graph.h
end

local function move(spot, dx, dy)
  spot.x, spot.y = spot.x + dx, spot.y + dy
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
    distributed = node.distributed or nil,
    unreached = item.unreached or nil, title = node.title,
  }
  out.nodes[#out.nodes + 1] = shown
  if not node.boxes or node.refers then
    return
  end
  shown.lanes = {}
  for at, scope in ipairs(node.scopes) do
    local box = node.boxes[at]
    move(box, x, y)
    shown.lanes[at] = box
    emit_scope(out, scope, box.x + math.floor((box.w - scope.graph.w) / 2),
      box.y + LANE_PAD, node.id)
  end
end

local function emit_edge(out, arc, dx, dy)
  local edge, points = arc.edge or NO_EDGE, arc.points
  for at = 1, #points do
    move(points[at], dx, dy)
  end
  local label = arc.label or arc.sign
  if label then
    edge.box.x, edge.box.y = label.x - label.w / 2 + dx, label.y + dy
  end
  out.edges[#out.edges + 1] = {
    from = arc.from.node.id, to = arc.to.node.id, kind = arc.kind,
    label = edge.label, note = edge.note, points = points,
    box = label and edge.box or nil,
  }
end

emit_scope = function(out, scope, x, y, parent)
  local graph = scope.graph
  for _, item in ipairs(graph.items) do
    if item.kind == "node" then
      emit_node(out, item, x - graph.left, y, parent)
    end
  end
  for _, arc in ipairs(graph.arcs) do
    emit_edge(out, arc, x - graph.left, y)
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
