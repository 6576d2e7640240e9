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
-- is_container, distributed (of a Map), scopes (of a container: one for each
-- branch).
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

local fields_of, string_of = caption.fields, caption.string

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

local function add_catchers(scope, node, state)
  for _, each in ipairs(fields_of(state.Catch)) do
    local catcher = fields_of(each)
    if catcher.Next then
      local errors = caption.errors(catcher)
      local is_all = errors == "States.ALL" or errors == ""
      add_edge(scope, node, string_of(catcher, "Next"), "catch",
        not is_all and errors or nil, is_all and "States.ALL" or nil)
    end
  end
end

local function add_edges(scope, node, state)
  add_edge(scope, node, string_of(state, "Next"), "next")
  for _, rule in ipairs(fields_of(state.Choices)) do
    local next_name = string_of(fields_of(rule), "Next")
    if next_name then
      add_edge(scope, node, next_name, "choice", caption.condition(rule))
    end
  end
  add_edge(scope, node, string_of(state, "Default"), "default", "Default")
  add_catchers(scope, node, state)
end

local scope_of

-- Branches, or what a Map does with each item; `value` is the state as a
-- value of wf.doc, since decoded objects have no order.
local function add_scopes(node, state, value)
  local branches = type(state.Branches) == "table" and value:get("Branches")
  for at, branch in ipairs(branches and state.Branches or {}) do
    node.scopes[at] = scope_of(branch, branches:at(at - 1),
      node.id .. "/Branches[" .. at - 1 .. "]")
  end
  for _, field in ipairs({ "ItemProcessor", "Iterator" }) do
    if type(state[field]) == "table" then
      node.scopes[#node.scopes + 1] = scope_of(state[field],
        value:get(field), node.id .. "/" .. field)
    end
  end
end

local function node_of(scope, name, state, value)
  local node = { id = scope.path .. "/States/" .. name, name = name,
    type = "Unknown", detail = "not a state", scopes = {} }
  if type(state) ~= "table" then
    return node
  end
  local kind = string_of(state, "Type")
  node.type = TYPES[kind] and kind or "Unknown"
  node.detail = TYPES[kind] and caption.detail(state, kind)
    or kind and text.one_line(kind) or "no type"
  node.ends = kind == "Succeed" or state.End == true
  node.retries = type(state.Retry) == "table"
  node.distributed = kind == "Map" and caption.is_distributed(state)
  add_scopes(node, state, value)
  node.is_container = kind == "Parallel" or kind == "Map" or #node.scopes > 0
  return node
end

scope_of = function(machine, value, path)
  local scope = { path = path, nodes = {}, edges = {}, by_name = {} }
  machine = fields_of(machine)
  local states, seen, count = fields_of(machine.States), {}, 0
  local list = states == machine.States and value:get("States")
  for name, each in (list and list:type() == "object" and list
    or doc.empty_object):members() do
    local node = node_of(scope, name, states[name], each)
    seen[name] = (seen[name] or 0) + 1
    if seen[name] > 1 then
      node.id = node.id .. "#" .. seen[name]
    end
    count = count + 1
    scope.nodes[count] = node
    scope.by_name[name] = node
  end
  for at = 1, count do
    local node = scope.nodes[at]
    if type(states[node.name]) == "table" then
      add_edges(scope, node, states[node.name])
    end
  end
  local start = string_of(machine, "StartAt")
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
  return scope_of(definition:decode(), definition, "")
end

return model
