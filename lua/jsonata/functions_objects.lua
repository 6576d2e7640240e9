--- Built-in functions on objects, and on values of any type. See
-- jsonata.functions_strings for rows.
--
-- @module jsonata.functions_objects

local budget = require("jsonata.budget")
local calls = require("jsonata.calls")
local collections = require("jsonata.collections")
local core = require("wf.jsonata")
local errors = require("jsonata.errors")
local values = require("jsonata.values")

local functions = {}

local raise = errors.raise
local is_array, is_object = values.is_array, values.is_object

-- Adds names that are not there yet.
local function add_keys(found, seen, value)
  if is_array(value) then
    for i = 1, value[0] do
      add_keys(found, seen, value[i])
    end
  elseif is_object(value) then
    local keys = value[0]
    budget.tick(keys[0])
    for i = 1, keys[0] do
      if not seen[keys[i]] then
        seen[keys[i]] = true
        found[#found + 1] = keys[i]
      end
    end
  end
end

functions.keys = { "<x-:a<s>>", 1, function(value)
  local found = {}
  add_keys(found, {}, value)
  return values.sequence(found)
end }

local function lookup(value, key)
  if is_array(value) then
    local found = values.sequence({}, 0)
    for i = 1, value[0] do
      local item = lookup(value[i], key)
      if item ~= nil then
        collections.push_item(found, item)
      end
    end
    return found
  elseif is_object(value) then
    return value[key]
  end
  return nil
end

functions.lookup = { "<x-s:x>", 2, lookup }

local function add_spread(found, value)
  if is_array(value) then
    for i = 1, value[0] do
      add_spread(found, value[i])
    end
  elseif is_object(value) then
    local keys = value[0]
    budget.tick(keys[0])
    for i = 1, keys[0] do
      local part = values.shaped({ [0] = 1, keys[i] })
      part[keys[i]] = value[keys[i]]
      collections.push_whole(found, part)
    end
  elseif value ~= nil then
    collections.push_whole(found, value)
  end
end

functions.spread = { "<x-:a<o>>", 1, function(value)
  if not is_array(value) and not is_object(value) then
    return value
  end
  local found = values.sequence({}, 0)
  add_spread(found, value)
  return found
end }

functions.merge = { "<a<o>:o>", 1, function(list)
  if list == nil then
    return nil
  end
  local object, members = core.merge(list)
  budget.tick(members)
  return object
end }

functions.each = { "<o-f:a>", 2, function(object, f)
  if object == nil then
    return nil
  end
  local found = values.sequence({}, 0)
  local keys = object[0]
  for i = 1, keys[0] do
    collections.push_whole(found, calls.apply_item(f, object[keys[i]],
                                                   keys[i], object))
  end
  return found
end }

functions.sift = { "<o-f?:o>", 2, function(object, f)
  if object == nil then
    return nil
  end
  local result = values.object()
  local keys = object[0]
  for i = 1, keys[0] do
    local value = object[keys[i]]
    if values.boolean(calls.apply_item(f, value, keys[i], object)) then
      values.put(result, keys[i], value)
    end
  end
  return result[0][0] > 0 and result or nil
end }

functions.boolean = { "<x-:b>", 1, function(value)
  return values.boolean(value)
end }

functions["not"] = { "<x-:b>", 1, function(value)
  value = values.boolean(value)
  if value == nil then
    return nil
  end
  return not value
end }

functions.exists = { "<x:b>", 1, function(value)
  return value ~= nil
end }

local NAMES = { s = "string", n = "number", b = "boolean", l = "null",
                a = "array", o = "object", f = "function" }

functions.type = { "<x:s>", 1, function(value)
  return NAMES[values.symbol(value)]
end }

functions.error = { "<s?:x>", 1, function(message)
  return raise("D3137", nil, nil, nil,
               { message = message or "$error() function evaluated" })
end }

functions.assert = { "<bs?:x>", 2, function(condition, message)
  if not condition then
    raise("D3141", nil, nil, nil,
          { message = message or "$assert() statement failed" })
  end
end }

-- A copy that nothing else refers to; functions become "".
local function cloned(value, depth)
  if type(value) ~= "table" then
    return value
  elseif depth > 512 then
    raise("D1011")
  end
  local head = value[0]
  budget.tick(1)
  if type(head) == "number" then
    local copy = core.table_new(head, 0)
    for i = 1, head do
      copy[i] = cloned(value[i], depth + 1)
    end
    return values.array(copy, head)
  elseif type(head) == "table" then
    local keys = { [0] = head[0] }
    local copy = values.shaped(keys)
    for i = 1, head[0] do
      keys[i] = head[i]
      copy[keys[i]] = cloned(value[keys[i]], depth + 1)
    end
    return copy
  elseif head == true then
    return ""
  end
  return value
end

functions.clone = { "<(oa)-:o>", 1, function(value)
  return cloned(value, 0)
end }

return functions
