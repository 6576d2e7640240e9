--- Selectors: what the steps of a path (asl.steps) do.
--
-- A selector is a function(value, list, root) that adds to the list what the
-- step selects of the value. What is not there is skipped; but as long as the
-- path has named one place only, a step that does not fit its value ends the
-- path, as it does in the Jayway library: then the selector returns why.
--
-- list.budget.left counts what may still be added.
--
-- @module asl.selectors

local doc = require("wf.doc")
local path_reasons = require("asl.path_reasons")

local selectors = {}

-- Collects values, and counts them: a path may be short and cost much.
local function add(list, value)
  local budget = list.budget
  budget.left = budget.left - 1
  if budget.left < 0 then
    error(budget, 0)
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

-- The value and everything in it, outermost first.
local function add_descendants(value, list)
  add(list, value)
  each_child(value, function(child)
    add_descendants(child, list)
  end)
end

-- An object of the named members that are there.
local function members_of(value, names)
  local pairs_list = {}
  for _, name in ipairs(names) do
    local found = value:get(name)
    if found then
      pairs_list[#pairs_list + 1] = { name, found }
    end
  end
  return doc.object(pairs_list)
end

-- A selector of names; `each` adds what it finds in an object, and returns
-- false if something is missing.
local function of_object(step, place, each)
  return function(value, list)
    if not is(value, "object") then
      return place.is_certain
        and path_reasons.no_object(step.fragment, place.before, value) or nil
    elseif not each(value, list) and place.is_certain and not place.is_last then
      return path_reasons.missing(place.before .. step.fragment)
    end
  end
end

-- The same of an array.
local function of_array(step, place, each)
  return function(value, list)
    if is(value, "array") then
      each(value, list)
    elseif place.is_certain then
      return path_reasons.no_array(step.fragment, value)
    end
  end
end

local makers = {}

--- One member.
function makers.name(step, place)
  local name = step.name
  return of_object(step, place, function(value, list)
    local found = value:get(name)
    if found then
      add(list, found)
    end
    return found ~= nil
  end)
end

local function has_all(value, names)
  for _, name in ipairs(names) do
    if not value:get(name) then
      return false
    end
  end
  return true
end

--- Several members: at the end an object of them, else each.
function makers.names(step, place)
  local names = step.names
  return of_object(step, place, function(value, list)
    if not place.is_last then
      for _, name in ipairs(names) do
        local found = value:get(name)
        if found then
          add(list, found)
        end
      end
    elseif not place.is_scanned or has_all(value, names) then
      add(list, members_of(value, names))
    end
    return true
  end)
end

local function add_element(value, list, index)
  local found = value:at(index)
  if found then
    add(list, found)
  end
end

--- One element.
function makers.index(step, place)
  return of_array(step, place, function(value, list)
    add_element(value, list, step.index)
  end)
end

--- Several elements.
function makers.indices(step, place)
  return of_array(step, place, function(value, list)
    for _, index in ipairs(step.indices) do
      add_element(value, list, index)
    end
  end)
end

-- The first index of a slice and the one behind its last. With two bounds
-- Jayway counts from one to the other as they are given, negative ones too.
local function bounds(step, count)
  local from, to = step.from, step.to
  if from and to then
    return from, math.min(to, count)
  elseif from then
    return math.max(from < 0 and count + from or from, 0), count
  end
  return 0, math.min(to < 0 and count + to or to, count)
end

-- All elements by index, negative ones too: looking for them one by one
-- takes quadratic time.
local function all_elements(value)
  local found, count = {}, value:len()
  for index, element in value:elements() do
    found[index], found[index - count] = element, element
  end
  return found
end

--- Elements in a row.
function makers.slice(step, place)
  return of_array(step, place, function(value, list)
    local count = value:len()
    local from, to = bounds(step, count)
    local found = all_elements(value)
    for index = math.max(from, -count), to - 1 do
      if found[index] then
        add(list, found[index])
      end
    end
  end)
end

--- All children.
function makers.all()
  return function(value, list)
    each_child(value, function(child)
      add(list, child)
    end)
  end
end

--- What a filter keeps: of an array its elements, else the object itself.
function makers.filter(step, place)
  local test = step.test
  return function(value, list, root)
    local budget = list.budget
    if is(value, "object") then
      if test(value, root, budget) then
        add(list, value)
      end
    elseif is(value, "array") then
      for _, element in value:elements() do
        if test(element, root, budget) then
          add(list, element)
        end
      end
    elseif place.is_certain then
      return path_reasons.primitive(step.fragment, value)
    end
  end
end

--- The value and all in it.
function makers.scan()
  return add_descendants
end

--- What a function makes of the value.
function makers.call(step)
  local call = step.call
  return function(value, list)
    local found, problem = call(value)
    if not found then
      return problem
    end
    add(list, found)
  end
end

-- True if a step that is not the last keeps to one place.
local function keeps_one(step)
  return step.kind == "name" or step.kind == "index" or step.kind == "call"
end

--- The selectors of a list of steps, without the first ones; and whether the
-- path gives one value (or nothing) rather than a list.
function selectors.compile(steps, without)
  local list, before, is_certain = {}, "$", true
  for i, step in ipairs(steps) do
    local is_last = i == #steps
    list[i] = makers[step.kind](step, {
      before = before,
      is_certain = is_certain,
      is_last = is_last,
      is_scanned = i > 1 and steps[i - 1].kind == "scan",
    })
    before = before .. step.fragment
    is_certain = is_certain
      and (keeps_one(step) or (step.kind == "names" and is_last))
  end
  for _ = 1, without or 0 do
    table.remove(list, 1)
  end
  return list, is_certain
end

return selectors
