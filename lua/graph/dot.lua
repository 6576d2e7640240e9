--- A definition as a graph for Graphviz: `moonstep graph --format dot FILE |
-- dot -Tpdf -o picture.pdf`. Containers are clusters, branches clusters in
-- them; edges of a container begin and end at its border.
--
-- @module graph.dot

local text = require("graph.text")

local dot = {}

local LABEL_WIDTH, LABEL_SIZE = 400, 11

local COLORS = {
  Task = "#c2570c", Choice = "#0f766e", Parallel = "#6d28d9",
  Map = "#6d28d9", Wait = "#a16207", Pass = "#475569", Succeed = "#15803d",
  Fail = "#b91c1c", Missing = "#b91c1c", Unknown = "#b91c1c",
}

local HEAD = [[
digraph "state machine" {
  compound=true; newrank=true; ranksep=0.4; nodesep=0.35; rankdir=TB;
  fontname="Helvetica"; fontsize=11;
  node [shape=box, style="rounded,filled", fillcolor="white", ]]
  .. [[fontname="Helvetica", fontsize=11, margin="0.15,0.08"];
  edge [fontname="Helvetica", fontsize=9, color="#7d899a", ]]
  .. [[fontcolor="#3d4a5c", arrowsize=0.7];]]

local function quote(source)
  return '"' .. text.one_line(source):gsub('[\\"]', "\\%0") .. '"'
end

local function short(source)
  return quote((text.cut(text.one_line(source), LABEL_WIDTH, LABEL_SIZE)))
end

-- Name and detail, each in a line of its own.
local function node_label(node)
  local name, detail = short(node.name), short(node.detail)
  return name:sub(1, -2) .. "\\n" .. detail:sub(2)
end

local add_scope

-- A container is a cluster; a hidden point in it takes its edges.
local function add_container(out, node, id, indent)
  local inner = indent .. "  "
  out[#out + 1] = indent .. "subgraph cluster_" .. id .. " {"
  out[#out + 1] = inner .. "label=" .. node_label(node)
    .. '; style="rounded,filled"; color="' .. (COLORS[node.type] or "black")
    .. '"; fillcolor="#f4f6f9";'
  out[#out + 1] = inner .. id .. ' [shape=point, style=invis, width=0, '
    .. 'label=""];'
  for at, scope in ipairs(node.scopes) do
    out[#out + 1] = inner .. "subgraph cluster_" .. id .. "_" .. at .. " {"
    out[#out + 1] = inner .. '  label=""; style="rounded,filled"; '
      .. 'color="#dfe4ea"; fillcolor="white";'
    add_scope(out, scope, inner .. "  ")
    out[#out + 1] = inner .. "}"
  end
  out[#out + 1] = indent .. "}"
end

local function add_node(out, node, indent)
  out.count = out.count + 1
  local id = "s" .. out.count
  out.ids[node] = id
  if node.is_container then
    return add_container(out, node, id, indent)
  end
  out[#out + 1] = indent .. id .. " [label=" .. node_label(node)
    .. ', color="' .. (COLORS[node.type] or "black") .. '"'
    .. (node.type == "Missing" and ', style="rounded,dashed"' or "") .. "];"
end

local function add_edge(out, edge, indent)
  local from, to = out.ids[edge.from], out.ids[edge.to]
  local parts = {}
  if edge.label then
    parts[#parts + 1] = "label=" .. short(edge.label)
  end
  if edge.kind == "catch" then
    parts[#parts + 1] = 'style=dashed, color="#c2413b", fontcolor="#c2413b"'
  end
  if edge.from ~= edge.to then
    if edge.from.is_container then
      parts[#parts + 1] = "ltail=cluster_" .. from
    end
    if edge.to.is_container then
      parts[#parts + 1] = "lhead=cluster_" .. to
    end
  end
  out[#out + 1] = indent .. from .. " -> " .. to
    .. (#parts > 0 and " [" .. table.concat(parts, ", ") .. "]" or "") .. ";"
end

add_scope = function(out, scope, indent)
  for _, node in ipairs(scope.nodes) do
    add_node(out, node, indent)
  end
  for _, edge in ipairs(scope.edges) do
    out.edges[#out.edges + 1] = edge
  end
end

local function add_markers(out, scope)
  local style = 'shape=box, style="rounded,filled", fillcolor="#16202e", '
    .. 'fontcolor="white"];'
  local first, last = { }, { }
  if scope.start then
    out.ids[first] = "start"
    out[#out + 1] = '  start [label="Start", ' .. style
    add_edge(out, { from = first, to = scope.start, kind = "start" }, "  ")
  end
  for _, node in ipairs(scope.nodes) do
    if node.ends then
      if not out.ids[last] then
        out.ids[last] = "finish"
        out[#out + 1] = '  finish [label="End", ' .. style
      end
      add_edge(out, { from = node, to = last, kind = "end" }, "  ")
    end
  end
end

--- Draws a scope of graph.model. Returns the text of the DOT file.
function dot.render(scope)
  local out = { HEAD, ids = {}, edges = {}, count = 0 }
  add_scope(out, scope, "  ")
  for _, edge in ipairs(out.edges) do
    add_edge(out, edge, "  ")
  end
  add_markers(out, scope)
  return table.concat(out, "\n") .. "\n}\n"
end

return dot
