--- From a scope to layers: what stands in which row of the picture.
--
-- The parts of the picture are items: the nodes, the markers Start and End,
-- a label on its way from a Choice to its target, and bends: the places where
-- a long edge passes through a layer. Items of neighbouring layers are
-- connected by links.
--
-- An item: kind ("node", "label", "bend"), w, h, node (of a node), layer (from
-- 1 on), pos (in the layer), up and down (lists of links), number (by which a
-- stage counts the items), key and mark (what a stage notes of an item).
-- A link: a, b (items; a is above), catch (boolean), inner (between bends).
-- An arc, one for each edge: from, to (items), edge (nil for those of the
-- markers), kind, back (leads up), label (an item), link (its first link).
--
-- Long edges with the same target share their bends, so five catchers of one
-- error handler are one line with five arrivals.
--
-- @module graph.net

local net = {}

local max = math.max

local MIN_BENDS, BENDS_PER_ITEM = 2000, 24 -- budget for long edges

local NONE = {} -- shared by all lists that are empty; never written to

local function append(list, element)
  if list == NONE then
    return { element, nil } -- there is room for another one
  end
  list[#list + 1] = element
  return list
end

--- Adds an item, which stands in no layer yet. The fields of every item are
-- there from the start, and with those of its kind they are 16 at most: a
-- table that does not grow is cheap, and the next size is twice as large.
function net.add_item(graph, kind, w, h, node)
  local number = #graph.items + 1
  local item = {
    kind = kind, w = w, h = h, node = node or false, number = number,
    x = 0, y = 0, layer = false, pos = 0, key = 0, up = NONE, down = NONE,
    arcs = NONE, mark = false, above = false,
  }
  graph.items[number] = item
  return item
end

local function add_node_item(graph, node)
  return net.add_item(graph, "node", 0, 0, node)
end

--- Connects two items of neighbouring layers.
function net.add_link(a, b, is_catch)
  local link = {
    a = a, b = b, catch = is_catch, blocked = false, group = false,
    inner = a.kind == "bend" and b.kind == "bend", from_x = 0, to_x = 0,
  }
  a.down = append(a.down, link)
  b.up = append(b.up, link)
  return link
end

local function add_arc(graph, from, to, kind, edge)
  local arc = {
    from = from, to = to, kind = kind, edge = edge or false,
    catch = kind == "catch", back = false, label = false, link = false,
    chain = false, points = false,
  }
  graph.arcs[#graph.arcs + 1] = arc
  from.arcs = append(from.arcs, arc)
end

local function has_end(scope)
  for _, node in ipairs(scope.nodes) do
    if node.ends then
      return true
    end
  end
end

local function add_nodes(graph, scope, is_top, marker)
  local first = is_top and add_node_item(graph, marker("Start")) or nil
  for _, node in ipairs(scope.nodes) do
    graph.of[node] = add_node_item(graph, node)
  end
  local last
  if is_top and has_end(scope) then
    last = add_node_item(graph, marker("End"))
  end
  return first, last
end

local function add_arcs(graph, scope, first, last)
  if first and scope.start then
    add_arc(graph, first, graph.of[scope.start], "start")
  end
  for _, edge in ipairs(scope.edges) do
    add_arc(graph, graph.of[edge.from], graph.of[edge.to], edge.kind, edge)
  end
  if last then
    for _, node in ipairs(scope.nodes) do
      if node.ends then
        add_arc(graph, graph.of[node], last, "end")
      end
    end
  end
end

-- Visits what can be reached from `root`, deep first and in the order of the
-- text; marks arcs that lead back; appends items behind all they lead to.
local function visit(root, finished)
  local stack, next_arc, depth = { root }, { 1 }, 1
  root.mark = "open"
  while depth > 0 do
    local item = stack[depth]
    local arc = item.arcs[next_arc[depth]]
    if not arc then
      item.mark = "done"
      finished[#finished + 1] = item
      depth = depth - 1
    else
      next_arc[depth] = next_arc[depth] + 1
      if arc.to.mark == "open" then
        arc.back = true
      elseif not arc.to.mark then
        arc.to.mark = "open"
        depth = depth + 1
        stack[depth], next_arc[depth] = arc.to, 1
      end
    end
  end
end

-- How many layers down an arc leads at least: labels need one of their own.
local function span_of(arc)
  return arc.edge and arc.edge.label and not arc.catch and 2 or 1
end

-- Layers by the longest way from the start.
local function assign_layers(graph, scope, first, last)
  local finished = {}
  local items = graph.items
  local start = first or scope.start and graph.of[scope.start]
  if start then
    visit(start, finished)
  end
  for at = 1, #items do
    local item = items[at]
    if not item.mark then
      item.unreached = item ~= last
      visit(item, finished)
    end
  end
  for at = #finished, 1, -1 do
    local item = finished[at]
    local arcs, layer = item.arcs,
      item.layer or ((first and item ~= first) and 2 or 1)
    item.layer = layer
    for number = 1, #arcs do
      local arc = arcs[number]
      if not arc.back then
        arc.to.layer = max(arc.to.layer or 1, layer + span_of(arc))
      end
    end
  end
end

-- Labels of forward edges stand in the layer below the Choice.
local function add_labels(graph, measure)
  for _, arc in ipairs(graph.arcs) do
    if not arc.back and not arc.catch and arc.edge and arc.edge.label then
      local label = net.add_item(graph, "label", measure(arc.edge))
      label.layer = arc.from.layer + 1
      arc.label = label
    end
  end
end

local function chain_key(arc)
  return arc.to.number * 2 + (arc.catch and 1 or 0)
end

-- Long edges by their targets: the layers that their bends are to fill.
local function collect_chains(graph)
  local chains, list = {}, {}
  for _, arc in ipairs(graph.arcs) do
    local top = (arc.label or arc.from).layer + 1
    if not arc.back and top < arc.to.layer then
      local key = chain_key(arc)
      local chain = chains[key]
      if not chain then
        chain = { to = arc.to, top = top, catch = arc.catch, items = {},
          order = #list }
        chains[key] = chain
        list[#list + 1] = chain
      end
      chain.top = math.min(chain.top, top)
    end
  end
  return chains, list
end

-- The longest chains that are too much for the budget are given up.
local function apply_budget(graph, list)
  local budget = max(MIN_BENDS, BENDS_PER_ITEM * #graph.items)
  table.sort(list, function(a, b)
    local la, lb = a.to.layer - a.top, b.to.layer - b.top
    return la < lb or la == lb and a.order < b.order
  end)
  for _, chain in ipairs(list) do
    budget = budget - (chain.to.layer - chain.top)
    chain.is_cut = budget < 0
  end
end

local function fill_chain(graph, chain)
  local below = chain.to
  for layer = chain.to.layer - 1, chain.top, -1 do
    local bend = net.add_item(graph, "bend", 0, 0)
    bend.layer = layer
    chain.items[layer] = bend
    net.add_link(bend, below, chain.catch)
    below = bend
  end
end

-- An edge that would cost too much ends at a sign that names its target.
local function cut_arc(graph, arc, reference)
  local item = add_node_item(graph, reference(arc.to.node))
  item.layer = arc.from.layer + span_of(arc)
  arc.to = item
  arc.back = false
end

local function connect(graph, chains, reference)
  for _, arc in ipairs(graph.arcs) do
    if not arc.back then
      local chain = chains[chain_key(arc)]
      local above = arc.label or arc.from
      if chain and chain.is_cut and above.layer + 1 < arc.to.layer then
        cut_arc(graph, arc, reference)
        chain = nil
      end
      arc.chain = chain or false
      if arc.label then
        net.add_link(arc.from, arc.label, false)
      end
      arc.link = net.add_link(above,
        chain and chain.items[above.layer + 1] or arc.to, arc.catch)
    end
  end
end

-- Loops cost, each, as much as the layers they pass through.
local function limit_loops(graph, reference)
  local budget = 256
  local seen = {}
  for _, arc in ipairs(graph.arcs) do
    if arc.back and not seen[arc.to] then
      budget = budget - 1
      seen[arc.to] = budget < 0 and "cut" or "loop"
    end
    if arc.back and seen[arc.to] == "cut" then
      cut_arc(graph, arc, reference)
    end
  end
end

--- Builds the layers of a scope. `tools` has marker(name) and
-- reference(node), which make nodes, and label_size(edge): width, height.
-- Returns { items, arcs, layers = {} (for graph.order to fill), of = items by
-- node, depth = number of layers }.
function net.build(scope, is_top, tools)
  local graph = { items = {}, arcs = {}, of = {}, layers = {} }
  local first, last = add_nodes(graph, scope, is_top, tools.marker)
  add_arcs(graph, scope, first, last)
  assign_layers(graph, scope, first, last)
  limit_loops(graph, tools.reference)
  add_labels(graph, tools.label_size)
  local chains, list = collect_chains(graph)
  apply_budget(graph, list)
  for _, chain in ipairs(list) do
    if not chain.is_cut then
      fill_chain(graph, chain)
    end
  end
  connect(graph, chains, tools.reference)
  local items, depth = graph.items, 0
  for at = 1, #items do
    depth = max(depth, items[at].layer)
  end
  graph.depth = depth
  return graph
end

return net
