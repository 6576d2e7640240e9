--- A layout as JSON, for programs that draw it themselves.
--
-- The members are those that graph.layout documents, in its order; what is
-- nil there is absent.
--
-- @module graph.json

local doc = require("wf.doc")

local json = {}

local NODE = { "id", "name", "type", "detail", "detail_note", "parent", "x",
  "y", "w", "h", "title", "lines", "is_cut", "retries", "distributed",
  "unreached", "lanes" }
local EDGE = { "from", "to", "kind", "label", "note", "points", "box" }
local BOX = { "x", "y", "w", "h", "lines" }
local POINT = { "x", "y" }

local function object(source, names)
  local members = {}
  for _, name in ipairs(names) do
    if source[name] ~= nil then
      members[#members + 1] = { name, source[name] }
    end
  end
  return doc.object(members)
end

local function list(source, names)
  local values = {}
  for at, each in ipairs(source) do
    values[at] = object(each, names)
  end
  return doc.array(values)
end

local function with(source, replaced)
  return setmetatable(replaced, { __index = source })
end

local function node_value(node)
  return object(with(node, {
    lanes = node.lanes and list(node.lanes, BOX),
  }), NODE)
end

local function edge_value(edge)
  return object(with(edge, {
    points = list(edge.points, POINT),
    box = edge.box and object(edge.box, BOX),
  }), EDGE)
end

--- A layout of graph.layout as a value of wf.doc.
function json.value(layout)
  local nodes, edges = {}, {}
  for at, node in ipairs(layout.nodes) do
    nodes[at] = node_value(node)
  end
  for at, edge in ipairs(layout.edges) do
    edges[at] = edge_value(edge)
  end
  return doc.object({
    { "width", layout.width }, { "height", layout.height },
    { "nodes", doc.array(nodes) }, { "edges", doc.array(edges) },
  })
end

--- The same as JSON text.
function json.render(layout)
  return json.value(layout):text() .. "\n"
end

return json
