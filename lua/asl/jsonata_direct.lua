--- Expressions that only name a place: `$states.input.order.id`, `$total`.
--
-- They are the commonest, and what they find is handed on as it stands in its
-- document, without a value of JSONata being made of it. Where an array is on
-- the way, the place has no one value: then find() returns nil, and the
-- program decides.
--
-- @module asl.jsonata_direct

local context_place = require("asl.context_place")
local doc = require("wf.doc")

local jsonata_direct = {}

-- Words that are no names where one could stand.
local RESERVED = {
  ["and"] = true, ["or"] = true, ["in"] = true, ["function"] = true,
  ["true"] = true, ["false"] = true, ["null"] = true,
}

-- The names of "a.b.c"; nil if the text is anything else.
local function names_in(text)
  local names = {}
  for name in (text .. "."):gmatch("([^.]*)%.") do
    if not name:find("^[%a_][%w_]*$") or RESERVED[name] then
      return nil
    end
    names[#names + 1] = name
  end
  return names
end

local function path_of(names, first)
  return doc.path({ unpack(names, first) })
end

local function find_in_context(names)
  local steps = {}
  for i = 3, #names do
    steps[#steps + 1] = { kind = "name", name = names[i] }
  end
  local place = context_place.of(steps)
  local path = path_of(names, 3 + place.depth)
  return function(view)
    local root = place.root(view.ctx)
    return root and root:find(path)
  end
end

-- Members of $states, and where a view has them.
local MEMBERS = {
  input = "input",
  result = "result",
  errorOutput = "error_output",
}

local function find_in_states(names)
  local member = MEMBERS[names[2]]
  if names[2] == "context" and names[3] then
    return find_in_context(names)
  elseif not member then
    return nil
  end
  local path = path_of(names, 3)
  return function(view)
    local root = view[member]
    return root and root:find(path)
  end
end

local function find_in_variables(names)
  local path = path_of(names, 1)
  return function(view)
    local variables = view.ctx:variables()
    return variables and variables:find(path)
  end
end

--- A function of a view that returns what the expression finds, a value of
-- wf.doc, or nil; nil if the expression is not that simple.
function jsonata_direct.find(text)
  local names = text:sub(1, 1) == "$" and names_in(text:sub(2))
  if not names then
    return nil
  elseif names[1] == "states" then
    return find_in_states(names)
  end
  return find_in_variables(names)
end

return jsonata_direct
