--- Transforms | pattern | update, delete | at run time. Part of the runtime
-- that generated code calls.
--
-- @module jsonata.transforms

local calls = require("jsonata.calls")
local errors = require("jsonata.errors")
local signature = require("jsonata.signature")
local values = require("jsonata.values")

local transforms = {}

local raise = errors.raise
local is_array, is_object = values.is_array, values.is_object

local SIGNATURE = signature.parse("<(oa):o>")

-- The object's keys are its own: it is a clone.
local function remove(object, name)
  if object[name] == nil then
    return
  end
  object[name] = nil
  local keys, count = object[0], 0
  for i = 1, keys[0] do
    if keys[i] ~= name then
      count = count + 1
      keys[count] = keys[i]
    end
  end
  for i = count + 1, keys[0] do
    keys[i] = nil
  end
  keys[0] = count
end

local function update_match(match, change, site)
  if change == nil then
    return
  elseif not is_object(change) then
    raise("T2011", site.position, nil, change)
  elseif is_object(match) then
    local keys = change[0]
    for i = 1, keys[0] do
      values.put(match, keys[i], change[keys[i]])
    end
  end
end

local function delete_from(match, names, site)
  if names == nil then
    return
  elseif not is_array(names) then
    names = { [0] = 1, names }
  end
  for i = 1, names[0] do
    if type(names[i]) ~= "string" then
      raise("T2012", site.position, nil, names)
    end
  end
  for i = 1, is_object(match) and names[0] or 0 do
    remove(match, names[i])
  end
end

--- The function that a transform is. The parts are Lua functions of a
-- context; `clone` is what $clone stands for.
function transforms.transform(pattern, update, delete, clone, site)
  return calls.lambda(function(object)
    if object == nil then
      return nil
    elseif not values.is_function(clone) then
      raise("T2013", site.position)
    end
    local copy = calls.apply(clone, 1, object)
    local found = pattern(copy)
    if found == nil then
      return copy
    elseif not is_array(found) then
      found = { [0] = 1, found }
    end
    for i = 1, found[0] do
      local match = found[i]
      update_match(match, update(match), site)
      if delete then
        delete_from(match, delete(match), site)
      end
    end
    return copy
  end, 1, SIGNATURE)
end

return transforms
