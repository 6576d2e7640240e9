--- A layout as an SVG picture: self-contained, for light and dark.
--
-- Colours follow the type of a state and, through a media query, what the
-- reader's system prefers. Names are cut where they do not fit; the full text
-- is the tooltip. All text from the definition is escaped.
--
-- @module graph.svg

local svg = {}

local RADIUS = 8 -- of the corners of lines

local ESCAPES = {
  ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;",
  ["'"] = "&#39;",
}

--- Escapes a text for XML; what XML cannot express becomes U+FFFD.
function svg.escape(source)
  return (source:gsub("[%z\1-\8\11\12\14-\31]", "\239\191\189")
    :gsub("\239\191[\190\191]", "\239\191\189")
    :gsub("[&<>\"']", ESCAPES))
end

local escape = svg.escape

-- Each type: its colour on light and on dark ground, and its icon, drawn in
-- white in a square of 16.
local TYPES = {
  Task = { "#c2570c", "#ea7a2f",
    "M9.2 2.5 3.8 9h3.6L6.8 13.5 12.2 7H8.6z" },
  Choice = { "#0f766e", "#1fa394",
    "M8 2.2 13.8 8 8 13.8 2.2 8z" },
  Parallel = { "#6d28d9", "#8f5cf0",
    "M8 2v3M3.5 14V8a3 3 0 0 1 3-3h3a3 3 0 0 1 3 3v6M8 5v9" },
  Map = { "#6d28d9", "#8f5cf0",
    "M5.5 5.5h8v8h-8zM2.5 10.5v-8h8" },
  Wait = { "#a16207", "#c98a12",
    "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11M8 5v3.2l2.2 1.4" },
  Pass = { "#475569", "#70829b", "M2.5 8h10.5M9 4l4 4-4 4" },
  Succeed = { "#15803d", "#27a35a", "M3 8.5 6.5 12 13 4.5" },
  Fail = { "#b91c1c", "#e05252", "M4 4l8 8M12 4l-8 8" },
  Missing = { "#b91c1c", "#e05252", "M8 3v6.2M8 12.4v.2" },
  Reference = { "#475569", "#70829b", "M8 2.5v10M4 8.8l4 4 4-4" },
  Unknown = { "#b91c1c", "#e05252",
    "M5.4 6a2.6 2.6 0 1 1 3.7 2.4c-.8.4-1.1.9-1.1 1.6M8 12.8v.2" },
}
local ORDER = { "Task", "Choice", "Parallel", "Map", "Wait", "Pass",
  "Succeed", "Fail", "Missing", "Reference", "Unknown" }

local LIGHT = {
  ground = "#ffffff", box = "#ffffff", border = "#cbd2db", title = "#16202e",
  detail = "#5a6778", line = "#7d899a", error = "#c2413b", lane = "#ffffff",
  group = "#f4f6f9", lane_border = "#dfe4ea", sign = "#ffffff",
  sign_border = "#d3dae2", sign_text = "#3d4a5c", mark = "#16202e",
  mark_text = "#ffffff",
}
local DARK = {
  ground = "#0f141b", box = "#1b232e", border = "#3a4656", title = "#e8edf3",
  detail = "#9aa7b8", line = "#7f8ea1", error = "#ef7b72", lane = "#121922",
  group = "#18202a", lane_border = "#2a3441", sign = "#0f141b",
  sign_border = "#3a4656", sign_text = "#b9c4d2", mark = "#e8edf3",
  mark_text = "#0f141b",
}

local function rules(colors, column)
  local list = {
    ".ground{fill:$ground}",
    ".box{fill:$box;stroke:$border}",
    ".group{fill:$group;stroke:$border}",
    ".lane{fill:$lane;stroke:$lane_border}",
    ".ring{stroke:$border}",
    ".name{fill:$title}.detail{fill:$detail}",
    ".line{stroke:$line}.tip{fill:$line}",
    ".catch .line{stroke:$error}.catch .tip{fill:$error}",
    ".sign{fill:$sign;stroke:$sign_border}.text{fill:$sign_text}",
    ".catch .text{fill:$error}",
    ".mark{fill:$mark}.mark-text{fill:$mark_text}",
    ".retry{stroke:$detail}",
  }
  for _, name in ipairs(ORDER) do
    list[#list + 1] = "." .. name .. " .tile{fill:" .. TYPES[name][column]
      .. "}"
  end
  for _, name in ipairs({ "Missing", "Unknown" }) do
    list[#list + 1] = "." .. name .. " .box{stroke:$error}"
  end
  return (table.concat(list, "\n"):gsub("%$([%a_]+)", colors))
end

local FIXED = [[
text{font-family:Arial,Helvetica,"Liberation Sans",Arimo,sans-serif}
.name{font-size:13px;font-weight:600}
.detail,.text{font-size:11px}
.text,.mark-text{text-anchor:middle}
.mark-text{font-size:12px;font-weight:600}
.box,.group,.sign,.lane,.ring{stroke-width:1}
.ring{fill:none}
.line{fill:none;stroke-width:1.5}
.catch .line{stroke-dasharray:5 3}
.Missing .box,.Unknown .box,.Reference .box,.unreached .box{]]
  .. [[stroke-dasharray:4 3}
.icon,.retry{fill:none;stroke-width:1.5;stroke-linecap:round;]]
  .. [[stroke-linejoin:round}
.icon{stroke:#fff}
.unreached .tile{opacity:.55}]]

local function rect(class, x, y, w, h, radius)
  return '<rect class="' .. class .. '" x="' .. x .. '" y="'
    .. y .. '" width="' .. w .. '" height="' .. h
    .. '" rx="' .. radius .. '"/>'
end

local function label(class, x, y, content)
  return '<text class="' .. class .. '" x="' .. x .. '" y="'
    .. y .. '">' .. escape(content) .. "</text>"
end

local function tooltip(content)
  return content and "<title>" .. escape(content) .. "</title>" or ""
end

-- The point that is `by` away from `a` on the way to `b`.
local function towards(a, b, by)
  local dx, dy = b.x - a.x, b.y - a.y
  local length = math.abs(dx) + math.abs(dy)
  return a.x + dx / length * by, a.y + dy / length * by
end

local function distance(a, b)
  return math.abs(a.x - b.x) + math.abs(a.y - b.y)
end

-- A way with rounded corners; its end is drawn back if a tip follows.
local function path(points, has_tip)
  local count = #points
  local parts = { "M" .. (points[1].x) .. " " .. (points[1].y) }
  for at = 2, count - 1 do
    local before, here, after = points[at - 1], points[at], points[at + 1]
    local radius = math.min(RADIUS, distance(before, here) / 2,
      distance(here, after) / 2)
    local x1, y1 = towards(here, before, radius)
    local x2, y2 = towards(here, after, radius)
    parts[#parts + 1] = "L" .. x1 .. " " .. y1 .. "Q"
      .. here.x .. " " .. here.y .. " " .. x2 .. " "
      .. y2
  end
  local last = points[count]
  if count > 1 and distance(last, points[count - 1]) > 0 then
    local x, y = towards(last, points[count - 1],
      has_tip and math.min(5, distance(last, points[count - 1])) or 0)
    parts[#parts + 1] = "L" .. x .. " " .. y
  end
  return table.concat(parts)
end

local function tip(points)
  local last, before = points[#points], points[#points - 1]
  if not before or distance(last, before) == 0 then
    return ""
  end
  local x, y = towards(last, before, 7)
  local dx, dy = (last.y - y) * 4 / 7, (x - last.x) * 4 / 7
  return '<path class="tip" d="M' .. last.x .. " " .. last.y
    .. "L" .. (x + dx) .. " " .. (y + dy) .. "L" .. (x - dx)
    .. " " .. (y - dy) .. 'z"/>'
end

-- True if the segment from a to b lies on one that is already drawn.
local function is_drawn(segments, a, b)
  for _, each in ipairs(segments) do
    local p, q = each[1], each[2]
    if p.x == q.x and a.x == p.x and b.x == p.x
      and math.min(p.y, q.y) <= math.min(a.y, b.y)
      and math.max(p.y, q.y) >= math.max(a.y, b.y)
      or p.y == q.y and a.y == p.y and b.y == p.y
      and math.min(p.x, q.x) <= math.min(a.x, b.x)
      and math.max(p.x, q.x) >= math.max(a.x, b.x) then
      return true
    end
  end
  return false
end

-- The part of a way that no line to the same target has drawn yet: one that
-- joins another ends a corner's length behind the junction.
local function new_part(segments, points)
  local last = #points
  while last > 2 and is_drawn(segments, points[last - 1], points[last]) do
    last = last - 1
  end
  for at = 1, last - 1 do
    segments[#segments + 1] = { points[at], points[at + 1] }
  end
  if last == #points then
    return points, true
  end
  local part = {}
  for at = 1, last do
    part[at] = points[at]
  end
  local from, to = points[last], points[last + 1]
  local x, y = towards(from, to, math.min(RADIUS, distance(from, to)))
  part[last + 1] = { x = x, y = y }
  return part, false
end

local function add_line(out, edge, segments)
  local points, is_whole = new_part(segments, edge.points)
  out[#out + 1] = '<g class="' .. edge.kind .. '">'
    .. tooltip(edge.note or edge.label) .. '<path class="line" d="'
    .. path(points, is_whole) .. '"/>' .. (is_whole and tip(points) or "")
    .. "</g>"
end

-- Edges by target and dashes; those that come down from highest first, so
-- that the others can join them.
local function edge_groups(edges)
  local groups, list = {}, {}
  for at, edge in ipairs(edges) do
    local key = edge.to .. (edge.kind == "catch" and "!" or "")
    local group = groups[key]
    if not group then
      group = {}
      groups[key] = group
      list[#list + 1] = group
    end
    local points = edge.points
    group[#group + 1] = { edge = edge, number = at,
      length = #points > 1 and distance(points[#points], points[#points - 1])
        or 0 }
  end
  for _, group in ipairs(list) do
    table.sort(group, function(a, b)
      return a.length > b.length
        or a.length == b.length and a.number < b.number
    end)
  end
  return list
end

local function add_lines(out, edges)
  for _, group in ipairs(edge_groups(edges)) do
    local segments = {}
    for _, each in ipairs(group) do
      add_line(out, each.edge, segments)
    end
  end
end

local function add_sign(out, edge)
  local box = edge.box
  local parts = { '<g class="' .. edge.kind .. '">', tooltip(edge.label),
    rect("sign", box.x, box.y, box.w, box.h, 6) }
  for at, line in ipairs(box.lines) do
    parts[#parts + 1] = label("text", box.x + box.w / 2,
      box.y + 14 * at - 1, line)
  end
  out[#out + 1] = table.concat(parts) .. "</g>"
end

local function add_marker(out, node)
  out[#out + 1] = rect("mark", node.x, node.y, node.w, node.h, node.h / 2)
    .. label("mark-text", node.x + node.w / 2, node.y + node.h / 2 + 4,
      node.name)
end

-- A round arrow at the end of the second line: the state has retriers.
local function retry_mark(x, y)
  return '<path class="retry" d="M' .. (x + 9) .. " " .. (y - 6)
    .. "a4.2 4.2 0 1 0 1 4M" .. (x + 9.6) .. " " .. (y - 8.6)
    .. 'v3h-3"/>'
end

local function node_tooltip(node)
  local parts = { node.is_cut and node.name or nil }
  parts[#parts + 1] = node.detail_note
  parts[#parts + 1] = node.unreached and "no way leads here" or nil
  return #parts > 0 and table.concat(parts, "\n") or nil
end

local function add_title(parts, node, icons)
  local height = node.title or node.h
  local text_height = 16 * (#node.lines - 1)
  local y = node.y + (node.title and 21 or (height - text_height) / 2 - 3)
  local x = node.x + 12
  if icons then
    local top = node.y + (node.title and 10 or (height - 30) / 2)
    parts[#parts + 1] = rect("tile", node.x + 10, top, 30, 30, 7)
      .. '<path class="icon" transform="translate(' .. (node.x + 17)
      .. " " .. (top + 7) .. ')" d="' .. TYPES[node.type][3] .. '"/>'
    x = node.x + 50
  else
    parts[#parts + 1] = rect("tile", node.x, node.y, 5, height, 2)
  end
  for _, line in ipairs(node.lines) do
    parts[#parts + 1] = label("name", x, y, line)
    y = y + 16
  end
  parts[#parts + 1] = label("detail", x, y, node.detail)
  if node.retries then
    parts[#parts + 1] = retry_mark(node.x + node.w - 22, y)
  end
end

local function add_node(out, node, icons)
  if node.type == "Start" or node.type == "End" then
    return add_marker(out, node)
  end
  local parts = { '<g class="' .. node.type
    .. (node.unreached and " unreached" or "") .. '">',
    tooltip(node_tooltip(node)),
    rect(node.title and "group box" or "box", node.x, node.y, node.w, node.h,
      9) }
  if node.distributed then
    parts[#parts + 1] = rect("ring", node.x + 3, node.y + 3, node.w - 6,
      node.h - 6, 7)
  end
  for _, lane in ipairs(node.lanes or {}) do
    parts[#parts + 1] = rect("lane", lane.x, lane.y, lane.w, lane.h, 7)
  end
  add_title(parts, node, icons)
  out[#out + 1] = table.concat(parts) .. "</g>"
end

-- Edges inside a container are drawn over it: so come containers first.
local function add_all(out, layout, icons)
  for _, node in ipairs(layout.nodes) do
    if node.title then
      add_node(out, node, icons)
    end
  end
  add_lines(out, layout.edges)
  for _, node in ipairs(layout.nodes) do
    if not node.title then
      add_node(out, node, icons)
    end
  end
  for _, edge in ipairs(layout.edges) do
    if edge.box then
      add_sign(out, edge)
    end
  end
end

--- Draws a layout of graph.layout. `options` may be nil or have
-- icons = false. Returns the text of the SVG file.
function svg.render(layout, options)
  local w, h = layout.width, layout.height
  local out = {
    '<svg xmlns="http://www.w3.org/2000/svg" width="' .. w .. '" height="'
      .. h .. '" viewBox="0 0 ' .. w .. " " .. h .. '" role="img">',
    "<style>\n" .. FIXED .. "\n" .. rules(LIGHT, 1)
      .. "\n@media (prefers-color-scheme:dark){\n" .. rules(DARK, 2)
      .. "\n}\n</style>",
    rect("ground", 0, 0, layout.width, layout.height, 0),
  }
  add_all(out, layout, not options or options.icons ~= false)
  out[#out + 1] = "</svg>\n"
  return table.concat(out, "\n")
end

return svg
