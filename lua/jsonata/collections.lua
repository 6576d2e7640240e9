--- Constructors, groups and sorting at run time. Part of the runtime that
-- generated code calls.
--
-- @module jsonata.collections

local budget = require("jsonata.budget")
local core = require("wf.jsonata")
local errors = require("jsonata.errors")
local values = require("jsonata.values")

local collections = {}

local CONS, SEQUENCE = values.CONS, values.SEQUENCE
local table_new = core.table_new
local tick, check_items = budget.tick, budget.check_items
local is_array = values.is_array
local marked = values.marked
local raise = errors.raise

---------------------------------------------------------------------------
-- Arrays
---------------------------------------------------------------------------

--- An empty array with room for `count` items.
function collections.list(count)
  local list = table_new(count, 0)
  list[0] = 0
  return list
end

--- Adds a value as it is; undefined adds nothing.
function collections.push_whole(list, value)
  if value ~= nil then
    local count = list[0] + 1
    list[count], list[0] = value, count
  end
end

--- Adds a value; arrays are flattened.
function collections.push_item(list, value)
  local count = list[0]
  if is_array(value) then
    local more = value[0]
    tick(more)
    check_items(count + more)
    for i = 1, more do
      list[count + i] = value[i]
    end
    list[0] = count + more
  elseif value ~= nil then
    list[count + 1] = value
    list[0] = count + 1
  end
end

--- Marks a list as made by an array constructor: it is never flattened.
function collections.cons(list)
  return marked(list, CONS)
end

--- Both values in one array; either, if the other is undefined.
function collections.append(a, b)
  if a == nil then
    return b
  elseif b == nil then
    return a
  end
  local list = collections.list(2)
  collections.push_item(list, a)
  collections.push_item(list, b)
  return list
end

---------------------------------------------------------------------------
-- Objects
---------------------------------------------------------------------------

collections.shaped = values.shaped
collections.object = values.object
collections.put = values.put

--- Gives an object keys of its own: some members are undefined.
function collections.reshape(object)
  local keys, all, count = {}, object[0], 0
  for i = 1, all[0] do
    if object[all[i]] ~= nil then
      count = count + 1
      keys[count] = all[i]
    end
  end
  keys[0] = count
  object[0] = keys
end

--- The context of an object's values: all items of an array under one key.
function collections.group_context(value)
  if not is_array(value) then
    return value
  elseif value[0] < 2 then
    return value[1]
  end
  local list = collections.list(value[0])
  for i = 1, value[0] do
    collections.push_item(list, value[i])
  end
  return list
end

---------------------------------------------------------------------------
-- Groups: a list of { key, data, pair }, also by key in `at`.
---------------------------------------------------------------------------

--- What is grouped: an array, and its length. What is undefined is one item.
function collections.group_items(value)
  if is_array(value) then
    tick(value[0])
    if value[0] > 0 then
      return value, value[0]
    end
    return {}, 1
  end
  return { value }, 1
end

--- The same for tuples.
function collections.group_tuples(stream)
  return stream, stream[0]
end

local function add_data(entry, item)
  if entry.owned then
    collections.push_item(entry.data, item)
  else
    entry.data = collections.append(entry.data, item)
    entry.owned = item ~= nil and values.is_array(entry.data)
  end
end

--- Adds an item under a key that pair number `pair` gave.
function collections.group_add(groups, key, item, pair, position)
  if key == nil then
    return
  elseif type(key) ~= "string" then
    raise("T1003", position, nil, key)
  end
  local at = groups.at
  if not at then
    at = {}
    groups.at = at
  end
  local entry = at[key]
  if not entry then
    entry = { key = key, data = item, pair = pair }
    at[key] = entry
    groups.n = groups.n + 1
    groups[groups.n] = entry
  elseif entry.pair ~= pair then
    raise("D1009", position, nil, key)
  else
    add_data(entry, item)
  end
end

--- One tuple of many: each variable has all its values.
function collections.reduce_tuples(tuples)
  if not values.is_array(tuples) then
    return tuples
  end
  local result = {}
  for i = 1, tuples[0] do
    for name, value in pairs(tuples[i]) do
      if i == 1 then
        result[name] = value
      else
        result[name] = collections.append(result[name], value)
      end
    end
  end
  return result
end

---------------------------------------------------------------------------
-- Sorting
---------------------------------------------------------------------------

--- Sorts the numbers 1..n by `before(a, b)`: stable, by merging.
function collections.merge_sort(n, before)
  local from, to = table_new(n, 0), table_new(n, 0)
  for i = 1, n do
    from[i] = i
  end
  tick(n * 8)
  local width = 1
  while width < n do
    for low = 1, n, 2 * width do
      local middle = math.min(low + width, n + 1)
      local high = math.min(low + 2 * width, n + 1)
      local a, b = low, middle
      for i = low, high - 1 do
        if a < middle and (b >= high or not before(from[b], from[a])) then
          to[i] = from[a]
          a = a + 1
        else
          to[i] = from[b]
          b = b + 1
        end
      end
    end
    from, to = to, from
    width = width * 2
  end
  return from
end

local function check_key(a, position, other)
  if type(a) ~= "string" and not values.number(a) then
    raise("T2008", position, nil, a, { value2 = other })
  end
end

-- -1, 0, 1: the order of two keys, undefined ones last.
local function compare(a, b, descending, position)
  if a == nil or b == nil then
    return a == b and 0 or a == nil and 1 or -1
  end
  check_key(a, position, b)
  check_key(b, position, a)
  local x, y = values.number(a), values.number(b)
  if (x == nil) ~= (y == nil) then
    raise("T2007", position, nil, a, { value2 = b })
  elseif a == b or x and x == y then
    return 0
  end
  local is_less
  if x then
    is_less = x < y
  else
    is_less = values.less(a, b)
  end
  return is_less ~= descending and -1 or 1
end

local function all_numbers(keys, n)
  for i = 1, n do
    if type(keys[i]) ~= "number" then
      return false
    end
  end
  return true
end

local function order_of(n, keys, descending, position)
  local first = keys[1]
  if descending[0] == 1 and all_numbers(first, n) then
    if descending[1] then
      return collections.merge_sort(n, function(a, b)
        return first[a] > first[b]
      end)
    end
    return collections.merge_sort(n, function(a, b)
      return first[a] < first[b]
    end)
  end
  return collections.merge_sort(n, function(a, b)
    for t = 1, descending[0] do
      local order = compare(keys[t][a], keys[t][b], descending[t], position)
      if order ~= 0 then
        return order < 0
      end
    end
    return false
  end)
end

--- The `n` items of an array in the order of their keys (a list for each
-- term).
function collections.sorted(array, n, keys, descending, position)
  local order = order_of(n, keys, descending, position)
  local result = table_new(n, 0)
  for i = 1, n do
    result[i] = array[order[i]]
  end
  result[0] = n
  return result
end

--- A sort as the last step.
function collections.sorted_last(value)
  return value
end

--- The same as an array.
function collections.sorted_raw(value)
  if value == nil or values.is_array(value) then
    return value
  end
  return marked({ [0] = 1, value }, SEQUENCE)
end

return collections
