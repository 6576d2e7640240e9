--- A definition as a graph: scopes, nodes and edges, for layout and renderers.
--
-- Takes anything that is a JSON object: what is missing or wrong is left out
-- or marked, and never an error, since half-written definitions are drawn
-- while they are edited. All is in the order of the text.
--
-- A scope is a state machine, a branch or a map's processor:
--
--   { path = "", start = node or nil, nodes = {…}, edges = {…} }
--
-- A node: id ("/States/A", as in the validator's locations), name, type
-- (AWS's; "Missing" for a target that is not there, "Unknown" for what is no
-- state), detail ("Wait 30 s"), retries (boolean), ends (End or Succeed),
-- is_container, scopes (of a container: one for each branch).
--
-- An edge: from, to (nodes), kind ("next", "choice", "default", "catch"),
-- label (or nil), and note (the full text if label leaves something out).
--
-- @module graph.model

local doc = require("wf.doc")
local caption = require("graph.caption")
local text = require("graph.text")

local model = {}

local TYPES = {
  Task = true, Pass = true, Choice = true, Wait = true, Succeed = true,
  Fail = true, Parallel = true, Map = true,
}

local function of_type(value, name, wanted)
  local member = value:get(name)
  if member and member:type() == wanted then
    return member
  end
end

local function string_of(value, name)
  local member = of_type(value, name, "string")
  return member and member:string()
end

-- The node of that name; one that says it is missing if there is none.
local function target(scope, name)
  local node = scope.by_name[name]
  if not node then
    node = {
      id = scope.path .. "/Missing/" .. name, name = name, type = "Missing",
      detail = "no such state", scopes = {},
    }
    scope.by_name[name] = node
    scope.nodes[#scope.nodes + 1] = node
  end
  return node
end

local function add_edge(scope, from, name, kind, label, note)
  if name then
    scope.edges[#scope.edges + 1] = {
      from = from, to = target(scope, name), kind = kind, label = label,
      note = note,
    }
  end
end

-- The elements of an array; nothing if it is not one.
local function elements(value, name)
  return (of_type(value, name, "array") or doc.empty_array):elements()
end

local function add_catchers(scope, node, state)
  for _, catcher in elements(state, "Catch") do
    if catcher:type() == "object" then
      local errors = caption.errors(catcher)
      local is_all = errors == "States.ALL" or errors == ""
      add_edge(scope, node, string_of(catcher, "Next"), "catch",
        not is_all and errors or nil, is_all and "States.ALL" or nil)
    end
  end
end

local function add_edges(scope, node, state)
  add_edge(scope, node, string_of(state, "Next"), "next")
  for _, rule in elements(state, "Choices") do
    if rule:type() == "object" then
      add_edge(scope, node, string_of(rule, "Next"), "choice",
        caption.condition(rule))
    end
  end
  add_edge(scope, node, string_of(state, "Default"), "default", "Default")
  add_catchers(scope, node, state)
end

local scope_of

local function add_scopes(node, state)
  for index, branch in elements(state, "Branches") do
    node.scopes[#node.scopes + 1] = scope_of(branch,
      node.id .. "/Branches[" .. index .. "]")
  end
  for _, field in ipairs({ "ItemProcessor", "Iterator" }) do
    local inner = of_type(state, field, "object")
    if inner then
      node.scopes[#node.scopes + 1] = scope_of(inner, node.id .. "/" .. field)
    end
  end
end

local function node_of(scope, name, state)
  local node = { id = scope.path .. "/States/" .. name, name = name,
    type = "Unknown", detail = "not a state", scopes = {} }
  if state:type() ~= "object" then
    return node
  end
  local kind = string_of(state, "Type")
  local ends = state:get("End")
  node.type = TYPES[kind] and kind or "Unknown"
  node.detail = TYPES[kind] and caption.detail(state, kind)
    or kind and text.one_line(kind) or "no type"
  node.ends = kind == "Succeed" or (ends and ends:boolean()) or false
  node.retries = of_type(state, "Retry", "array") ~= nil
  add_scopes(node, state)
  node.is_container = kind == "Parallel" or kind == "Map" or #node.scopes > 0
  return node
end

scope_of = function(value, path)
  local scope = { path = path, nodes = {}, edges = {}, by_name = {} }
  if value:type() ~= "object" then
    return scope
  end
  local states, seen = {}, {}
  local list = of_type(value, "States", "object")
  if list then
    for name, state in list:members() do
      local node = node_of(scope, name, state)
      seen[name] = (seen[name] or 0) + 1
      if seen[name] > 1 then
        node.id = node.id .. "#" .. seen[name]
      end
      scope.nodes[#scope.nodes + 1] = node
      scope.by_name[name] = node
      states[#states + 1] = state
    end
  end
  for index, state in ipairs(states) do
    if state:type() == "object" then
      add_edges(scope, scope.nodes[index], state)
    end
  end
  local start = string_of(value, "StartAt")
  scope.start = start and target(scope, start) or nil
  return scope
end

--- Reads a definition: a value of wf.doc. Returns its scope, or nil and a
-- message if it is not an object.
function model.read(definition)
  if definition:type() ~= "object" then
    return nil, "a definition is a JSON object, this is "
      .. (definition:type():find("^[aeiou]") and "an " or "a ")
      .. definition:type()
  end
  return scope_of(definition, "")
end

return model
