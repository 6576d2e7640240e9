--- JSONPath that may name many places: wildcards, slices, unions, `..`,
-- filters. AWS's dialect is the one of the Jayway library.
--
-- A path is parsed into a list of selectors, functions that add what they
-- select of a value to a list. Running it takes the list of values through
-- one selector after the other. What is not there is skipped, so that the
-- result, an array, may be empty; only ['a','b'] at the end gives an object.
--
-- A path object has the members that asl.path describes.
--
-- @module asl.jsonpath

local doc = require("wf.doc")
local errors = require("asl.errors")
local filter = require("asl.filter")

local jsonpath = {}

local MAX_SELECTORS = 200
local MAX_VALUES = 250000

-- Collects values, and counts them: a path may be short and cost much.
local function add(list, value)
  list.budget.left = list.budget.left - 1
  if list.budget.left < 0 then
    error(list.budget, 0)
  end
  list[#list + 1] = value
end

local function is(value, kind)
  return value:type() == kind
end

local function each_child(value, visit)
  if is(value, "object") then
    for _, member in value:members() do
      visit(member)
    end
  elseif is(value, "array") then
    for _, element in value:elements() do
      visit(element)
    end
  end
end

local function select_name(name)
  return function(value, list)
    local found = is(value, "object") and value:get(name)
    if found then
      add(list, found)
    end
  end
end

local function select_all(value, list)
  each_child(value, function(child)
    add(list, child)
  end)
end

local function select_indices(indices)
  return function(value, list)
    for _, index in ipairs(indices) do
      local found = is(value, "array") and value:at(index)
      if found then
        add(list, found)
      end
    end
  end
end

local function select_slice(from, to)
  return function(value, list)
    if not is(value, "array") then
      return
    end
    local count = value:len()
    local first, last = from or 0, to or count
    first = math.max(first < 0 and count + first or first, 0)
    last = math.min(last < 0 and count + last or last, count)
    for index = first, last - 1 do
      add(list, value:at(index))
    end
  end
end

local function select_matching(test)
  return function(value, list, root)
    if is(value, "object") then
      if test(value, root) then
        add(list, value)
      end
    elseif is(value, "array") then
      for _, element in value:elements() do
        if test(element, root) then
          add(list, element)
        end
      end
    end
  end
end

-- The value and everything in it, outermost first.
local function select_descendants(value, list)
  add(list, value)
  each_child(value, function(child)
    select_descendants(child, list)
  end)
end

-- An object of the named members that are there; only at the end of a path.
local function select_members(names)
  return function(value, list)
    local parts = {}
    for _, name in ipairs(names) do
      local found = is(value, "object") and value:get(name)
      if found then
        parts[#parts + 1] = doc.quote(name) .. ":" .. found:text()
      end
    end
    add(list, doc.trusted("{" .. table.concat(parts, ",") .. "}"))
  end
end

local function parse_indices(inner)
  local indices = {}
  for item in (inner .. ","):gmatch("([^,]*),") do
    local index = filter.parse_index(item:match("^%s*(%-?%d+)%s*$"))
    if not index then
      return nil
    end
    indices[#indices + 1] = index
  end
  return indices
end

local function parse_names(inner)
  local names, at = {}, 1
  while true do
    local name, stop = filter.parse_quoted(inner, inner:match("^%s*()", at))
    if not name then
      return nil
    end
    names[#names + 1] = name
    at = inner:match("^%s*,()", stop)
    if not at then
      return not inner:find("%S", stop) and names or nil
    end
  end
end

-- One side of a slice: a number, nil if it is left out, false if it is
-- neither. Blanks go first: two repetitions of them would take quadratic time.
local function parse_bound(text)
  local digits = text:match("^%s*(.*)$"):match("^(%-?%d*)%s*$")
  if not digits then
    return false
  elseif digits == "" then
    return nil
  end
  return filter.parse_index(digits) or false
end

local function parse_slice(inner)
  local from, to = inner:match("^([^:]*):([^:]*)$")
  if not from then
    return nil
  end
  from, to = parse_bound(from), parse_bound(to)
  return from ~= false and to ~= false and select_slice(from, to) or nil
end

-- The selector of what stands between brackets; and whether it selects one
-- place at most.
local function parse_bracket(inner)
  if inner:find("^%s*%*%s*$") then
    return select_all, false
  end
  local slice = parse_slice(inner)
  if slice then
    return slice, false
  end
  local condition = inner:match("^%s*%?%s*%((.*)%)%s*$")
  if condition then
    local test = filter.parse(condition)
    return test and select_matching(test), false
  end
  local indices = parse_indices(inner)
  if indices then
    return select_indices(indices), #indices == 1
  end
  local names = parse_names(inner)
  if names then
    local one = #names == 1
    return one and select_name(names[1]) or select_members(names), one, not one
  end
end

-- Where the bracket at `at` closes.
local function closing_bracket(text, at)
  local depth = 0
  while true do
    at = text:find("[%[%]'\"]", at)
    local char = at and text:sub(at, at)
    if char == "[" then
      depth = depth + 1
    elseif char == "]" then
      depth = depth - 1
      if depth == 0 then
        return at
      end
    else
      local _, stop = filter.parse_quoted(text, at)
      at = stop and stop - 1
    end
    if not at then
      return nil
    end
    at = at + 1
  end
end

-- One step of a path: its selector, where the text goes on, whether it may
-- select many, whether it must be the last.
local function parse_step(text, at)
  if text:sub(at, at) == "[" then
    local stop = closing_bracket(text, at)
    if not stop then
      return nil
    end
    local selector, single, last = parse_bracket(text:sub(at + 1, stop - 1))
    return selector, stop + 1, not single, last
  end
  local name, stop = text:match("^%.([^%.%[%]%s'\"?@,:%(%)]+)()", at)
  if name == "*" then
    return select_all, stop, true
  end
  return name and select_name(name), stop, false
end

local function parse_selectors(text, at)
  local selectors, is_last = {}, false
  local gives_object = false
  local many = false
  while at <= #text do
    if is_last or #selectors >= MAX_SELECTORS then
      return nil
    end
    if text:sub(at, at + 1) == ".." then
      selectors[#selectors + 1] = select_descendants
      many = true
      at = text:sub(at + 2, at + 2) == "[" and at + 2 or at + 1
    end
    local selector, stop, selects_many, last = parse_step(text, at)
    if not selector then
      return nil
    end
    selectors[#selectors + 1] = selector
    is_last, gives_object = last, last
    many = many or (selects_many and not last)
    at = stop
  end
  return selectors, gives_object and not many
end

local multiple = {}
multiple.__index = multiple

local function run(self, root, budget)
  local values = { root }
  for _, selector in ipairs(self.selectors) do
    local selected = { budget = budget }
    for _, value in ipairs(values) do
      selector(value, selected, root)
    end
    values = selected
  end
  return values
end

--- What the path finds: an array of the values; nil, error, cause if it finds
-- too much.
function multiple:find(input, ctx)
  local root = self.source == 2 and ctx:context() or input
  local budget = { left = MAX_VALUES }
  local ok, values = pcall(run, self, root, budget)
  if not ok and values ~= budget then
    error(values, 0)
  elseif not ok then
    return nil, errors.RUNTIME, "The JSONPath '" .. self.text
      .. "' visits more than " .. MAX_VALUES .. " values."
  elseif self.gives_object then
    return values[1]
  end
  local texts = {}
  for i, value in ipairs(values) do
    texts[i] = value:text()
  end
  return doc.trusted("[" .. table.concat(texts, ",") .. "]")
end

--- The same, an array or object, which has no other form in Lua.
multiple.scalar = multiple.find

--- Why find() found nothing: an object's path can.
function multiple:reason()
  return "No results for path: " .. self.text
end

--- Parses a path that is not definite. Returns a path object, or nil.
function jsonpath.parse(text)
  local is_context = text:sub(1, 2) == "$$"
  local selectors, gives_object = parse_selectors(text, is_context and 3 or 2)
  if not selectors then
    return nil
  end
  return setmetatable({
    text = text,
    definite = false,
    source = is_context and 2 or 1,
    selectors = selectors,
    gives_object = gives_object,
  }, multiple)
end

return jsonpath
