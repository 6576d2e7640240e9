--- What paths do at run time. Part of the runtime that generated code calls.
--
-- "What has been found so far" is nil, one value, or an array of values, in
-- which an array that is one value is a cons.
--
-- @module jsonata.paths

local budget = require("jsonata.budget")
local core = require("wf.jsonata")
local values = require("jsonata.values")

local paths = {}

local SEQUENCE, KEPT, CONS = values.SEQUENCE, values.KEPT, values.CONS
local OUTER, TUPLES = values.OUTER, values.TUPLES
local table_new = core.table_new
local is_sequence, is_array = values.is_sequence, values.is_array
local marked = values.marked
local tick = budget.tick
local peek, column, prefetch = core.peek, core.column, core.prefetch
local columns, walk, STUB = core.columns, core.walk, core.stub
local rawget = rawget

local MAX_ROOM = 1024

--- A table for up to `count` values.
function paths.room(count)
  local list = table_new(count > MAX_ROOM and MAX_ROOM or count, 0)
  return list -- no tail call: see values.marked
end

local room = paths.room

--- A result sequence stands for its element if it has but one.
function paths.unwrap(value)
  if type(value) == "table" and getmetatable(value) == SEQUENCE
     and value[0] < 2 then
    return value[1]
  end
  return value
end

--- As unwrap, but what is one stays an array: behind [].
function paths.keep(value)
  if type(value) == "table" and getmetatable(value) == SEQUENCE then
    if value[0] == 0 then
      return nil
    end
    return marked(value, KEPT)
  end
  return value
end

---------------------------------------------------------------------------
-- Names
---------------------------------------------------------------------------

-- Appends a value to the array `found`, of which `count` are there; arrays
-- are flattened. Returns the new count.
local function append(found, count, value)
  if is_array(value)
     and getmetatable(value) ~= CONS then
    local more = value[0]
    tick(more)
    budget.check_items(count + more)
    for i = 1, more do
      found[count + i] = value[i]
    end
    return count + more
  end
  found[count + 1] = value
  return count + 1
end

-- The values of a name in the `n` items of an array: how many items had one,
-- the last of these, and all, flattened, with their count.
local function name_in(array, n, name)
  if n == nil then -- a stub
    local simple = column(array, name)
    if simple then
      n = simple[0]
      tick(n)
      return simple, n, n, simple[n]
    end
    n = array[0]
  end
  local found, count, had, one = room(n), 0, 0, nil
  tick(n)
  for i = 1, n do
    local item = array[i]
    local value
    if type(item) == "table" then
      local head = rawget(item, 0)
      if type(head) == "table" then
        value = item[name]
      elseif head == nil then
        value = rawget(item, name)
        if value == nil then
          value = paths.get(item, name)
        end
      elseif type(head) == "number" then
        value = paths.get(item, name)
      end
    end
    if value ~= nil then
      had, one = had + 1, value
      if type(value) == "table" then
        count = append(found, count, value)
      else
        count = count + 1
        found[count] = value
      end
    end
  end
  found[0] = count
  return found, count, had, one
end

-- A member that a value need not be filled for: true and what it is (nil for
-- what has no members); or false and the value's head.
local function member_of(value, name)
  if type(value) ~= "table" then
    return true, nil
  end
  local head = rawget(value, 0)
  if head ~= nil then
    return false, head
  end
  local member = rawget(value, name)
  if member ~= nil then
    return true, member
  end
  local is_object, found = peek(value, name)
  return is_object, found
end

--- The value of a name in one value, an array being one.
function paths.get(value, name)
  local is_over, head = member_of(value, name)
  if is_over then
    return head
  end
  if type(head) == "table" then
    return value[name]
  elseif head == nil or type(head) == "number" then
    local found, count = name_in(value, head, name)
    if count < 2 then
      return found[1]
    end
    return marked(found, SEQUENCE)
  end
  return nil
end

-- As found so far: one that is no array stands for itself.
local function so_far(found, count)
  if count == 0 then
    return nil
  elseif count == 1 and type(found[1]) ~= "table" then
    return found[1]
  end
  found[0] = count
  return found
end

--- The step `name`, others follow.
function paths.name(value, name)
  local is_over, head = member_of(value, name)
  if is_over then
    return head
  end
  if type(head) == "table" then
    return value[name]
  elseif head == nil or type(head) == "number" then
    local found, count = name_in(value, head, name)
    return so_far(found, count)
  end
  return nil
end

-- The result of a last step: exactly one array that is no sequence stays as
-- it is.
local function is_plain_array(value)
  return is_array(value)
    and not is_sequence(value)
end

--- What a column has, others follow.
paths.column_name = so_far

--- What a column has, at the end of a path.
function paths.column_last_name(found, count)
  if count < 2 then
    return found[1]
  end
  found[0] = count
  return marked(found, SEQUENCE)
end

--- The step `name`, the last one.
function paths.last_name(value, name)
  local is_over, head = member_of(value, name)
  if is_over then
    return head
  end
  if type(head) == "table" then
    value = value[name]
    if type(value) == "table" and is_sequence(value) then
      return paths.single_last(value)
    end
    return value
  elseif head == nil or type(head) == "number" then
    local found, count, had, one = name_in(value, head, name)
    if had == 1 and is_plain_array(one) then
      return one
    elseif count < 2 then
      return found[1]
    end
    return marked(found, SEQUENCE)
  end
  return nil
end

--- The step `name`, the last one, as an array.
function paths.raw_name(value, name)
  if type(value) ~= "table" then
    return nil
  end
  local head = value[0]
  if type(head) == "number" then
    local found, _, had, one = name_in(value, head, name)
    if had == 1 and is_plain_array(one) then
      return one
    end
    return marked(found, SEQUENCE)
  elseif type(head) ~= "table" then
    return nil
  end
  return paths.single_raw(value[name])
end

--- Some steps that are names and indices at once, if that is so simple: true
-- and what they find. Otherwise they are taken one by one.
function paths.walk(value, moves)
  if type(value) == "table" and rawget(value, 0) == nil then
    return walk(value, moves)
  end
  return false, nil
end

---------------------------------------------------------------------------
-- Steps of other kinds
---------------------------------------------------------------------------

--- What has been found so far as an array (nil if it is one value) and how
-- many that are.
function paths.items(value)
  if value == nil then
    return nil, 0
  elseif is_array(value)
         and getmetatable(value) ~= CONS then
    tick(value[0])
    return value, value[0]
  end
  tick(1)
  return nil, 1
end

--- Fetches from an array that is not filled yet the members that are going to
-- be looked at. `names`: a list.
function paths.fetch(value, names)
  if type(value) == "table" and rawget(value, 0) == nil then
    prefetch(value, names)
  end
end

--- The elements of an array that is not filled yet by columns (see
-- jsonata.codegen_columns): how many, its document, the elements' nodes if
-- `names.nodes` says so, and of each name the members. Nothing if that can't
-- be; then the members are fetched.
function paths.columns(value, names)
  if type(value) ~= "table" or rawget(value, 0) ~= nil then
    return nil
  end
  local n, lazy, at, a, b, c, d, e, f =
    columns(value, names, names.flat or 0, names.nodes)
  if n then
    tick(n)
    return n, lazy, at, a, b, c, d, e, f
  end
  prefetch(value, names)
  return nil
end

--- An element of such an array, which has room for members.
function paths.element(lazy, node, members)
  local element = table_new(3, members)
  element[1], element[2] = node, lazy
  return marked(element, STUB)
end

--- As items, for the context that a path begins with.
function paths.first_items(value)
  if is_array(value) then
    tick(value[0])
    return value, value[0]
  end
  tick(1)
  return nil, 1
end

--- As items, for predicates: an array is one of items in any case.
function paths.all_items(value)
  if is_array(value) then
    tick(value[0])
    return value, value[0]
  end
  return nil, 1
end

--- Collects what a step gives for each of `n` items: `had` have given
-- something, of which `one` is the last; `found` has all, flattened.
function paths.collect(had, _, found, value, n)
  if n == 1 then
    return 1, value, nil
  elseif found == nil then
    found = room(n)
    found[0] = 0
  end
  found[0] = append(found, found[0], value)
  return had + 1, value, found
end

--- The same for values that are no arrays.
function paths.collect_plain(had, _, found, value, n)
  if n == 1 then
    return 1, value, nil
  elseif found == nil then
    found = room(n)
  end
  had = had + 1
  found[had] = value
  found[0] = had
  return had, value, found
end

local function copied(value, count)
  local found = room(count)
  for i = 1, count do
    found[i] = value[i]
  end
  found[0] = count
  tick(count)
  return found
end

--- One value as found so far.
function paths.single_next(value)
  if type(value) == "table" and rawget(value, 0) == 0 then
    return nil
  end
  return value
end

--- One value as the result of a path.
function paths.single_last(value)
  if is_array(value) then
    local count, meta = value[0], getmetatable(value)
    if meta == SEQUENCE or meta == KEPT or meta == OUTER then
      if count < 2 then
        return value[1]
      elseif meta ~= SEQUENCE then
        return marked(copied(value, count), SEQUENCE)
      end
    end
  end
  return value
end

--- One value as an array.
function paths.single_raw(value)
  if value == nil then
    return nil
  elseif is_array(value) then
    if is_sequence(value) then
      return marked(copied(value, value[0]), SEQUENCE)
    end
    return value
  end
  return marked({ [0] = 1, value }, SEQUENCE)
end

--- What a step has found, for the next step: `had` says how much came before.
function paths.found_next(had, one, found)
  if had == 0 then
    return nil
  elseif found == nil then
    return paths.single_next(one)
  end
  return so_far(found, found[0])
end

--- The same at the end of a path: a single value stands alone.
function paths.found_last(had, one, found)
  if had == 0 then
    return nil
  elseif had == 1 then
    return paths.single_last(one)
  end
  local count = found[0]
  if count < 2 then
    return found[1]
  end
  return marked(found, SEQUENCE)
end

--- The same as a sequence, also of one.
function paths.found_raw(had, one, found)
  if had == 0 then
    return nil
  elseif had == 1 then
    return paths.single_raw(one)
  end
  return marked(found, SEQUENCE)
end

--- An array of a constructor that is the first step, whose items are steps on.
-- What its predicate has left alone is no array, and for the reference, too,
-- no step leads on from it: [{"a": 1}][0].a is nothing.
function paths.uncons(value)
  return is_array(value) and value[0] > 0 and marked(value, nil) or nil
end

--- Behind a path with []: what is one is an array all the same.
function paths.kept(found)
  if found == nil then
    return nil
  elseif getmetatable(found) == SEQUENCE then
    return found[0] > 0 and marked(found, KEPT) or nil
  elseif getmetatable(found) == CONS then
    return marked({ [0] = 1, found }, KEPT)
  end
  return found
end

---------------------------------------------------------------------------
-- Predicates
---------------------------------------------------------------------------

local function matches(number, index, count)
  number = math.floor(number)
  if number < 0 then
    number = count + number
  end
  return number == index - 1
end

--- Whether a predicate's value picks item `index` of `count`.
function paths.picks(value, index, count)
  local kind = type(value)
  if kind == "boolean" or value == nil then
    return value or false
  elseif kind == "number" then
    return matches(value, index, count)
  elseif kind == "table" then
    local head = value[0]
    if type(head) == "string" then
      return matches(value.num, index, count)
    elseif type(head) == "number" and head > 0 then
      local numbers = true
      for i = 1, head do
        numbers = numbers and values.number(value[i]) ~= nil
      end
      if numbers then
        for i = 1, head do
          if matches(values.number(value[i]), index, count) then
            return true
          end
        end
        return false
      end
    end
  end
  return values.boolean(value) or false
end

--- What has passed a predicate.
function paths.filtered(found, count)
  if count == 0 then
    return nil
  elseif count == 1 and type(found[1]) ~= "table" then
    return found[1]
  end
  found[0] = count
  return marked(found, SEQUENCE)
end

--- The item that a number picks.
function paths.at(value, number)
  if value == nil then
    return nil
  end
  number = math.floor(number)
  if is_array(value) then
    local count = rawget(value, 0)
    if count == nil then
      local item
      count, item = core.item(value, number < 0 and number or number + 1)
      if count then
        return item
      end
      count = value[0]
    end
    if number < 0 then
      number = count + number
    end
    if number < 0 or number >= count then
      return nil
    end
    return value[number + 1]
  end
  return (number == 0 or number == -1) and value or nil
end

---------------------------------------------------------------------------
-- Wildcards
---------------------------------------------------------------------------

local function flatten(found, value)
  if is_array(value) then
    tick(value[0])
    for i = 1, value[0] do
      flatten(found, value[i])
    end
  else
    local count = found[0] + 1
    found[count], found[0] = value, count
  end
end

--- The values of all members, arrays flattened.
function paths.wildcard(value)
  if type(value) ~= "table" then
    return nil
  end
  local head = value[0]
  local found = { [0] = 0 }
  if type(head) == "number" then
    if getmetatable(value) == OUTER and head > 0 then
      value = value[1]
      head = value[0]
    end
    for i = 1, head do
      flatten(found, value[i])
    end
  elseif type(head) == "table" then
    tick(head[0])
    for i = 1, head[0] do
      flatten(found, value[head[i]])
    end
  end
  return paths.unwrap(setmetatable(found, SEQUENCE))
end

local function descend(found, value)
  local head = type(value) == "table" and value[0]
  if type(head) ~= "number" then
    local count = found[0] + 1
    found[count], found[0] = value, count
  end
  if type(head) == "number" then
    tick(head)
    for i = 1, head do
      descend(found, value[i])
    end
  elseif type(head) == "table" then
    tick(head[0])
    for i = 1, head[0] do
      descend(found, value[head[i]])
    end
  end
end

--- A value and all in it.
function paths.descendants(value)
  if value == nil then
    return nil
  end
  local found = { [0] = 0 }
  descend(found, value)
  return paths.unwrap(setmetatable(found, SEQUENCE))
end

---------------------------------------------------------------------------
-- Streams of tuples
---------------------------------------------------------------------------

--- What has been found so far as tuples. `first`: it is the path's context.
function paths.tuples(value, first)
  local a, n = (first and paths.first_items or paths.items)(value)
  local stream = { [0] = n }
  for i = 1, n do
    local item = value
    if a then
      item = a[i]
    end
    stream[i] = { ["@"] = item }
  end
  return stream
end

local function extended(tuple, more)
  local copy = {}
  for name, value in pairs(tuple) do
    copy[name] = value
  end
  for name, value in pairs(more) do
    copy[name] = value
  end
  return copy
end

--- Adds the tuples that a step makes of one: `value` is what it gave.
function paths.expand(stream, tuple, value, focus, index, ancestor)
  local a, n = paths.all_items(value)
  local count = stream[0]
  for i = 1, n do
    local item = value
    if a then
      item = a[i]
    end
    local more
    if getmetatable(value) == TUPLES then
      more = extended(tuple, item)
    else
      more = extended(tuple, {})
      if focus then
        more[focus] = item
      else
        more["@"] = item
      end
      if index then
        more[index] = i - 1
      end
      if ancestor then
        more[ancestor] = tuple["@"]
      end
    end
    stream[count + i] = more
  end
  stream[0] = count + n
end

--- #$i behind predicates or a sort: the position in the whole stream.
function paths.number_tuples(stream, name)
  for i = 1, stream[0] do
    stream[i][name] = i - 1
  end
end

--- Marks a list as a stream of tuples.
function paths.as_stream(stream)
  return marked(stream, TUPLES)
end

local function contexts(stream)
  local found, count = room(stream[0]), 0
  for i = 1, stream[0] do
    local item = stream[i]["@"]
    if item ~= nil then
      count = count + 1
      found[count] = item
    end
  end
  found[0] = count
  return marked(found, SEQUENCE)
end

--- The contexts of a stream as a path's result.
function paths.tuple_values(stream)
  return paths.unwrap(contexts(stream))
end

--- The same, kept as an array.
function paths.kept_values(stream)
  return paths.kept(contexts(stream))
end

return paths
