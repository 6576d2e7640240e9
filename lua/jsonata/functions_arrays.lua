--- Built-in functions on arrays, higher-order ones included. See
-- jsonata.functions_strings for rows.
--
-- @module jsonata.functions_arrays

local budget = require("jsonata.budget")
local calls = require("jsonata.calls")
local collections = require("jsonata.collections")
local core = require("wf.jsonata")
local errors = require("jsonata.errors")
local values = require("jsonata.values")

local functions = {}

local raise = errors.raise
local apply, apply_item = calls.apply, calls.apply_item
local is_array = values.is_array

functions.count = { "<a:n>", 1, function(list)
  return list and values.count(list) or 0
end }

functions.append = { "<xx:a>", 2, function(a, b)
  if a ~= nil and b ~= nil then
    return collections.append(a, b)
  end
  return collections.append(a, b)
end }

functions.reverse = { "<a:a>", 1, function(list)
  if list == nil or list[0] < 2 then
    return list
  end
  local count = list[0]
  budget.tick(count)
  local result = core.table_new(count, 0)
  for i = 1, count do
    result[i] = list[count + 1 - i]
  end
  return values.array(result, count)
end }

functions.shuffle = { "<a:a>", 1, function(list)
  if list == nil or list[0] < 2 then
    return list
  end
  local result = {}
  for i = 1, list[0] do
    local j = math.floor(core.random() * i) + 1
    result[i] = result[j]
    result[j] = list[i]
  end
  return values.array(result, list[0])
end }

local function all_of(list, kind)
  for i = 1, list[0] do
    if kind == "number" and not values.number(list[i])
       or kind == "string" and type(list[i]) ~= "string" then
      return false
    end
  end
  return true
end

local function natural_order(list)
  if all_of(list, "number") then
    return function(a, b)
      return values.number(list[a]) < values.number(list[b])
    end
  elseif all_of(list, "string") then
    return function(a, b)
      return values.less(list[a], list[b])
    end
  end
  return raise("D3070", nil, nil, nil, { index = 1 })
end

functions.sort = { "<af?:a>", 2, function(list, f)
  if list == nil or list[0] < 2 then
    return list
  end
  local before = f and function(a, b)
    return values.boolean(apply(f, 2, list[b], list[a])) == true
  end or natural_order(list)
  local order = collections.merge_sort(list[0], before)
  local result = core.table_new(list[0], 0)
  for i = 1, list[0] do
    result[i] = list[order[i]]
  end
  return values.array(result, list[0])
end }

-- Simple values by themselves; others are compared with all.
local function seen_before(seen, others, value)
  if type(value) ~= "table" then
    if seen[value] then
      return true
    end
    seen[value] = true
    return false
  end
  budget.tick(#others)
  for _, other in ipairs(others) do
    if values.equal(other, value) then
      return true
    end
  end
  others[#others + 1] = value
  return false
end

functions.distinct = { "<x:x>", 1, function(list)
  if not is_array(list) or list[0] < 2 then
    return list
  end
  local seen, others, result, count = {}, {}, {}, 0
  for i = 1, list[0] do
    if not seen_before(seen, others, list[i]) then
      count = count + 1
      result[count] = list[i]
    end
  end
  if values.is_sequence(list) then
    return values.sequence(result, count)
  end
  return values.array(result, count)
end }

functions.zip = { "<a+>", 0, function(...)
  local lists = { ... }
  local total = select("#", ...)
  local shortest = total > 0 and math.huge or 0
  for i = 1, total do
    shortest = math.min(shortest, is_array(lists[i]) and lists[i][0] or 0)
  end
  budget.tick(shortest * total)
  local result = {}
  for i = 1, shortest do
    local row = { [0] = total }
    for j = 1, total do
      row[j] = lists[j][i]
    end
    result[i] = row
  end
  return values.array(result, shortest)
end }

functions.map = { "<af>", 2, function(list, f)
  if list == nil then
    return nil
  end
  local result, count = {}, 0
  for i = 1, list[0] do
    local value = apply_item(f, list[i], i - 1, list)
    if value ~= nil then
      count = count + 1
      result[count] = value
    end
  end
  return values.sequence(result, count)
end }

functions.filter = { "<af>", 2, function(list, f)
  if list == nil then
    return nil
  end
  local result, count = {}, 0
  for i = 1, list[0] do
    if values.boolean(apply_item(f, list[i], i - 1, list)) then
      count = count + 1
      result[count] = list[i]
    end
  end
  return values.sequence(result, count)
end }

functions.single = { "<af?>", 2, function(list, f)
  if list == nil then
    return nil
  end
  local found, result = false, nil
  for i = 1, list[0] do
    if f == nil or values.boolean(apply_item(f, list[i], i - 1, list)) then
      if found then
        raise("D3138", nil, nil, nil, { index = i - 1 })
      end
      found, result = true, list[i]
    end
  end
  if not found then
    raise("D3139")
  end
  return result
end }

functions.reduce = { "<afj?:j>", 3, function(list, f, init)
  if list == nil then
    return nil
  elseif f.arity < 2 then
    raise("D3050", nil, nil, nil, { index = 1 })
  end
  local sum, from = init, 1
  if sum == nil and list[0] > 0 then
    sum, from = list[1], 2
  end
  local count = math.min(f.arity, 4)
  for i = from, list[0] do
    sum = apply(f, count, sum, list[i], count > 2 and i - 1 or nil,
                count > 3 and list or nil)
  end
  return sum
end }

return functions
