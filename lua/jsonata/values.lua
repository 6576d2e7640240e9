--- JSONata's values in Lua: what they look like, tests, equality, order.
--
--   undefined  nil
--   null       values.null
--   array      { [0] = count, ... }; sequences have a metatable, see below
--   object     { [0] = keys, name = value, ... }; keys is an array, may be
--              shared and is never changed
--   number     a Lua number, or { [0] = text, num = x } for one that came
--              from a document and whose text a double does not reproduce
--   function   { [0] = true, fn = function, arity = n, signature = ... }
--
-- So the type of a table is that of its [0], which must be looked at before
-- anything else of it (what comes from a document is filled then).
--
-- @module jsonata.values

local budget = require("jsonata.budget")
local core = require("wf.jsonata")

local values = {}

local NULL = core.null
local table_new = core.table_new
local rawget = rawget

values.null = NULL
values.no_keys = core.no_keys

--- Metatables that tell arrays apart. A sequence is what a path finds: it
-- stands for its element if it has but one, unless it is kept. A cons is
-- made by an array constructor in a path, which does not flatten it. The
-- outer one wraps an input that is an array.
local SEQUENCE, KEPT, CONS, OUTER, TUPLES = {}, {}, {}, {}, {}
values.SEQUENCE, values.KEPT, values.CONS = SEQUENCE, KEPT, CONS
values.OUTER, values.TUPLES = OUTER, TUPLES

local IS_SEQUENCE = {
  [SEQUENCE] = true, [KEPT] = true, [OUTER] = true, [TUPLES] = true,
}

--- An array with one of these metatables, which it gets. (LuaJIT does not
-- compile the return to a caller by way of `return setmetatable(...)`.)
function values.marked(array, kind)
  setmetatable(array, kind)
  return array
end

--- An array of a Lua list, which it becomes.
function values.array(list, count)
  list[0] = count or #list
  return list
end

--- A sequence of a Lua list, which it becomes.
function values.sequence(list, count)
  list[0] = count or #list
  return values.marked(list, SEQUENCE)
end

--- An object without members that has room for some.
function values.object(room)
  local object = table_new(1, room or 4)
  object[0] = values.no_keys
  return object
end

--- An object from keys (an array) that is filled by the caller.
function values.shaped(keys)
  local object = table_new(1, keys[0])
  object[0] = keys
  return object
end

-- What comes from a document and is not filled yet has no [0], and in [1] a
-- number: below zero for an array.

--- True for arrays, filled or not.
function values.is_array(value)
  if type(value) ~= "table" then
    return false
  end
  local head = rawget(value, 0)
  if head == nil then
    local node = rawget(value, 1)
    return node ~= nil and node < 0
  end
  return type(head) == "number"
end

--- How many elements an array has. Does not fill it either.
function values.count(array)
  local count = rawget(array, 0)
  if count == nil then
    count = core.item(array, 0)
  end
  return count or array[0]
end

--- True for objects, filled or not.
function values.is_object(value)
  if type(value) ~= "table" then
    return false
  end
  local head = rawget(value, 0)
  if head == nil then
    local node = rawget(value, 1)
    return node ~= nil and node > 0
  end
  return type(head) == "table"
end

--- True for functions, built-in ones too.
function values.is_function(value)
  return type(value) == "table" and value[0] == true
end

--- True for what a path has found, not made by a constructor.
function values.is_sequence(value)
  return IS_SEQUENCE[getmetatable(value)] == true
end

--- The double of a number of either kind; nil for anything else.
function values.number(value)
  if type(value) == "number" then
    return value
  elseif type(value) == "table" and type(value[0]) == "string" then
    return value.num
  end
  return nil
end

local SYMBOLS = { number = "a", table = "o", string = "n", boolean = "f" }
local PLAIN = { string = "s", number = "n", boolean = "b", ["nil"] = "m" }

--- The letter of a value's type in signatures.
function values.symbol(value)
  local kind = type(value)
  if kind == "table" then
    local head = rawget(value, 0)
    if head == nil then
      return rawget(value, 1) < 0 and "a" or "o"
    end
    return SYMBOLS[type(head)]
  end
  return PLAIN[kind] or "l"
end

local equal

local function equal_arrays(a, b)
  if a[0] ~= b[0] then
    return false
  end
  budget.tick(a[0])
  for i = 1, a[0] do
    if not equal(a[i], b[i]) then
      return false
    end
  end
  return true
end

local function equal_objects(a, b)
  local keys = a[0]
  if keys[0] ~= b[0][0] then
    return false
  end
  budget.tick(keys[0])
  for i = 1, keys[0] do
    local key = keys[i]
    if b[key] == nil or not equal(a[key], b[key]) then
      return false
    end
  end
  return true
end

equal = function(a, b)
  if a == b then
    return true
  end
  local x, y = type(a), type(b)
  if x == "table" then
    x = type(a[0])
  elseif x == "number" then
    x = "string"
    a = y == "table" and { [0] = "", num = a } or a
  else
    return false
  end
  if y == "table" then
    y = type(b[0])
  elseif y == "number" then
    y = "string"
    b = { [0] = "", num = b }
  end
  if x ~= y or type(a) ~= "table" or type(b) ~= "table" then
    return false
  elseif x == "number" then
    return equal_arrays(a, b)
  elseif x == "table" then
    return equal_objects(a, b)
  end
  return x == "string" and a.num == b.num
end

--- Deep equality.
values.equal = equal

local function any_true(array)
  for i = 1, array[0] do
    if values.boolean(array[i]) then
      return true
    end
  end
  return false
end

--- A value as a condition; nil for undefined.
function values.boolean(value)
  local kind = type(value)
  if kind == "boolean" then
    return value
  elseif kind == "nil" then
    return nil
  elseif kind == "string" then
    return value ~= ""
  elseif kind == "number" then
    return value ~= 0 and value == value
  elseif kind ~= "table" then
    return false
  end
  local head = value[0]
  kind = type(head)
  if kind == "number" then
    if head == 1 then
      return values.boolean(value[1])
    end
    return head > 0 and any_true(value)
  elseif kind == "table" then
    return head[0] > 0
  end
  return kind == "string" and value.num ~= 0
end

--- Adds a member to an object of our own whose keys are its own, too.
function values.put(object, key, value)
  local keys = object[0]
  if object[key] == nil then
    if keys == values.no_keys then
      keys = { [0] = 0 }
      object[0] = keys
    end
    local count = keys[0] + 1
    keys[count], keys[0] = key, count
  end
  object[key] = value
end

-- Code units of UTF-16 order characters beyond the BMP before U+E000..U+FFFF.
local function less_utf16(a, b)
  local i = 1
  while a:byte(i) and a:byte(i) == b:byte(i) do
    i = i + 1
  end
  local x, y = a:byte(i), b:byte(i)
  if x and y and (x >= 0xF0) ~= (y >= 0xF0) and x >= 0xEE and y >= 0xEE then
    return x >= 0xF0
  end
  return a < b
end

--- The order of strings.
function values.less(a, b)
  if a:find("[\238-\244]") and b:find("[\238-\244]") then
    return less_utf16(a, b)
  end
  return a < b
end

--- The text of a value, as $string() gives it; "" for undefined.
function values.text(value)
  if type(value) == "string" then
    return value
  elseif value == nil then
    return ""
  elseif type(value) == "table" and value[0] == true then
    return ""
  end
  return core.encode(value, true)
end

return values
