--- A definition as a Mermaid flowchart, which many Markdown viewers draw.
--
-- Containers are subgraphs. Ids are made up (s1, s2, …), so that no name can
-- be mistaken for a word of Mermaid's; labels are quoted, with entities for
-- what has a meaning there.
--
-- @module graph.mermaid

local text = require("graph.text")

local mermaid = {}

-- Mermaid ends an entity at ";": they are written with "#", not "&".
local ENTITIES = {
  ['"'] = "#quot;", ["#"] = "#35;", ["&"] = "#amp;", ["<"] = "#lt;",
  [">"] = "#gt;", [";"] = "#59;", ["`"] = "#96;", ["|"] = "#124;",
  ["\\"] = "#92;", ["{"] = "#123;", ["}"] = "#125;", ["["] = "#91;",
  ["]"] = "#93;", ["("] = "#40;", [")"] = "#41;", ["*"] = "#42;",
  ["_"] = "#95;", ["~"] = "#126;", ["$"] = "#36;",
}
local LABEL_WIDTH, LABEL_SIZE = 400, 11

-- Opening and closing of a node's shape.
local SHAPES = {
  Choice = { "{", "}" }, Wait = { "([", "])" }, Succeed = { "([", "])" },
  Fail = { "([", "])" }, Missing = { "[/", "/]" },
}

local CLASSES = {
  { "Task", "#fff3ea", "#c2570c" }, { "Choice", "#e8f6f4", "#0f766e" },
  { "Wait", "#fdf5e3", "#a16207" }, { "Pass", "#f1f4f8", "#475569" },
  { "Succeed", "#e9f7ee", "#15803d" }, { "Fail", "#fdeceb", "#b91c1c" },
  { "Missing", "#fdeceb", "#b91c1c" }, { "Unknown", "#fdeceb", "#b91c1c" },
}

local function escape(source)
  return (text.one_line(source):gsub('["#&<>;`|\\{}%[%]()*_~$]', ENTITIES))
end

local function label(source)
  return '"' .. escape(text.cut(text.one_line(source), LABEL_WIDTH,
    LABEL_SIZE)) .. '"'
end

local add_scope

local function add_node(out, node, indent)
  out.count = out.count + 1
  local id = "s" .. out.count
  out.ids[node] = id
  if node.is_container then
    out[#out + 1] = indent .. "subgraph " .. id .. " [" .. label(node.name
      .. (node.distributed and ": " .. node.detail or "")) .. "]"
    local multiple = #node.scopes > 1
    for at, scope in ipairs(node.scopes) do
      local inner = indent .. "  "
      if multiple then
        out[#out + 1] = inner .. "subgraph " .. id .. "b" .. at .. ' [" "]'
      end
      add_scope(out, scope, multiple and inner .. "  " or inner)
      if multiple then
        out[#out + 1] = inner .. "end"
      end
    end
    out[#out + 1] = indent .. "end"
    return
  end
  local shape = SHAPES[node.type] or { "[", "]" }
  out[#out + 1] = indent .. id .. shape[1] .. label(node.name) .. shape[2]
    .. ":::" .. node.type
end

local function add_edge(out, edge, indent)
  local arrow = edge.kind == "catch" and " -.->" or " -->"
  out[#out + 1] = indent .. out.ids[edge.from] .. arrow
    .. (edge.label and "|" .. label(edge.label) .. "| " or " ")
    .. out.ids[edge.to]
end

add_scope = function(out, scope, indent)
  for _, node in ipairs(scope.nodes) do
    add_node(out, node, indent)
  end
  for _, edge in ipairs(scope.edges) do
    add_edge(out, edge, indent)
  end
end

local function add_markers(out, scope)
  local has_end
  if scope.start then
    out[#out + 1] = "  start([Start])"
    out[#out + 1] = "  start --> " .. out.ids[scope.start]
  end
  for _, node in ipairs(scope.nodes) do
    if node.ends then
      if not has_end then
        out[#out + 1] = "  finish([End])"
        has_end = true
      end
      out[#out + 1] = "  " .. out.ids[node] .. " --> finish"
    end
  end
end

--- Draws a scope of graph.model. Returns the text of the flowchart.
function mermaid.render(scope)
  local out = { "flowchart TB", ids = {}, count = 0 }
  add_scope(out, scope, "  ")
  add_markers(out, scope)
  for _, class in ipairs(CLASSES) do
    out[#out + 1] = "  classDef " .. class[1] .. " fill:" .. class[2]
      .. ",stroke:" .. class[3] .. ",color:#16202e"
  end
  return table.concat(out, "\n") .. "\n"
end

return mermaid
