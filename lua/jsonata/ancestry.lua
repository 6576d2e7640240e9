--- The parent operator %: which step's context it stands for.
--
-- A % is a slot with a label. Walking back over the steps of its path, and of
-- the paths around it, one finds the step whose input it means; that step
-- gets the slot as its `ancestor` and notes its input under the label (so its
-- path becomes a stream of tuples).
--
-- @module jsonata.ancestry

local errors = require("jsonata.errors")

local ancestry = {}

local seek

local function seek_path(node, slot, state)
  node.tuple = true
  local index = #node.steps
  slot = seek(node.steps[index], slot, state)
  index = index - 1
  while slot.level > 0 and index > 0 do
    slot = seek(node.steps[index], slot, state)
    index = index - 1
  end
  return slot
end

-- Looks for the parent in one step.
seek = function(node, slot, state)
  if node.type == "name" or node.type == "wildcard" then
    slot.level = slot.level - 1
    if slot.level == 0 then
      if node.ancestor then -- two % that mean the same share its label
        slot.label = node.ancestor.label
      end
      node.ancestor, node.tuple = slot, true
    end
  elseif node.type == "parent" then
    slot.level = slot.level + 1
  elseif node.type == "block" then
    if #node.expressions > 0 then
      node.tuple = true
      slot = seek(node.expressions[#node.expressions], slot, state)
    end
  elseif node.type == "path" then
    slot = seek_path(node, slot, state)
  else
    errors.raise("S0217", node.position, node.type)
  end
  return slot
end

--- A new % node's slot.
function ancestry.slot(state)
  state.labels = state.labels + 1
  return { label = "!" .. state.labels, level = 1 }
end

-- The slots that a node leaves to be found further out.
local function open_slots(node)
  local slots = node.seeking or {}
  if node.type == "parent" then
    slots[#slots + 1] = node.slot
  end
  return slots
end

--- `result` contains `part`: what that seeks, the whole seeks.
function ancestry.push(result, part)
  if not part.seeking and part.type ~= "parent" then
    return
  end
  local slots = open_slots(part)
  result.seeking = result.seeking or {}
  for _, slot in ipairs(slots) do
    result.seeking[#result.seeking + 1] = slot
  end
end

-- Walks back from step `index` of a path.
local function walk(path, index, slot, state)
  while slot.level > 0 do
    if index < 1 then
      path.seeking = path.seeking or {}
      path.seeking[#path.seeking + 1] = slot
      return
    end
    local step = path.steps[index]
    index = index - 1
    -- Neighbours that bind their context have the same parent.
    while index >= 1 and step.focus and path.steps[index].focus do
      step = path.steps[index]
      index = index - 1
    end
    slot = seek(step, slot, state)
  end
end

--- Finds what the last step of a path seeks in the steps before it.
function ancestry.resolve(path, state)
  local last = path.steps[#path.steps]
  for _, slot in ipairs(open_slots(last)) do
    walk(path, #path.steps - 1, slot, state)
  end
end

--- Finds what a predicate seeks: the step's own input is one level nearer.
function ancestry.resolve_predicate(step, predicate, state)
  for _, slot in ipairs(predicate.seeking or {}) do
    if slot.level == 1 then
      seek(step, slot, state)
    else
      slot.level = slot.level - 1
    end
  end
  ancestry.push(step, predicate)
end

return ancestry
