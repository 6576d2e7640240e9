--- A history with branches, compared with what was expected (steps.lua).
--
-- In which order branches go on is open, so their events are first sorted into
-- the lines of control that they belong to: the execution's, a branch's, an
-- iteration's. For that each event need only know the one that it follows
-- from. Then each line must be the list that was expected, with no event after
-- its end.

local history_tree = {}

--- "PassStateEntered First", "TaskScheduled" …
function history_tree.label(event)
  local details = event.stateEnteredEventDetails
    or event.stateExitedEventDetails
  return event.type .. (details and " " .. details.name or "")
end

---------------------------------------------------------------------------
-- Lines
---------------------------------------------------------------------------
--
-- A line has `parent`, the fork it belongs to, `key`, `list` (of labels and
-- forks), `last`, the id of its last event, `fork`, its last one, and `ended`.
-- A fork has `parent`, a line, `kind`, `children` by key, `last`, the id of its
-- own last event, `succeeded`, and `over` when its state is.

local function fail(event, format, ...)
  error({ problem = string.format("event %s (%s): ", event.id, event.type)
    .. string.format(format, ...) }, 0)
end

local function new_line(parent, key)
  local line = { parent = parent, key = key, list = {} }
  if parent then
    parent.children[key] = line
  end
  return line
end

--- The innermost fork of a kind that holds the place.
local function fork_of(event, place, kind)
  while place and not (place.kind == kind and not place.over) do
    place = place.parent
  end
  return place or fail(event, "follows from nothing in a %s that runs", kind)
end

local function is_within(place, fork)
  while place and place ~= fork do
    place = place.parent
  end
  return place ~= nil
end

local function append(line, event)
  local place = line
  while place do
    if place.over or place.succeeded or place.ended then
      fail(event, "comes after the end of its branch")
    end
    place = place.parent
  end
  line.list[#line.list + 1] = history_tree.label(event)
  line.last = event.id
end

--- An event follows from the last of its line, or, if that was a fork, from
-- something in there.
local function check_previous(walk, line, event)
  local previous = event.previousEventId or 0
  local fork = line.fork
  if previous == line.last or walk.at_start and previous == 0 then
    return
  elseif fork and line.last == fork.last and
    is_within(walk.places[previous], fork) then
    return
  end
  fail(event, "follows from %d instead of %s", previous,
    tostring(line.last))
end

--- The fork of a state just entered, or of one that is tried again: then from
-- inside of the fork that has failed.
local function begin_fork(walk, event, place, kind)
  local before = walk.events[event.previousEventId]
  local line = place
  if not before or before.type ~= kind .. "StateEntered" then
    local old = fork_of(event, place, kind)
    line = old.parent
    check_previous(walk, line, event)
    old.over = true
  else
    check_previous(walk, line, event)
  end
  append(line, event)
  local fork = { parent = line, kind = kind, children = {},
    last = event.id }
  line.list[#line.list + 1] = fork
  line.fork = fork
  return fork
end

local function iteration(walk, event, place, what)
  local details = event["mapIteration" .. what .. "EventDetails"]
  local fork = fork_of(event, place, "Map")
  local line = fork.children[details.index]
  if what == "Started" then
    if line or fork.succeeded then
      fail(event, "starts %d again", details.index)
    end
    line = new_line(fork, details.index)
    line.last = event.id
    return line
  elseif not line or line.ended then
    fail(event, "%d has ended already, or never begun", details.index)
  end
  check_previous(walk, line, event)
  line.ended = what
  return fork
end

--- An event that goes on its own line, or begins that of a branch.
local function go_on(walk, event, place)
  local details = event.stateEnteredEventDetails
  if not place.kind then
    check_previous(walk, place, event)
    append(place, event)
    return place
  elseif place.kind ~= "Parallel" or not details or
    place.children[details.name] then
    fail(event, "does not begin a branch")
  end
  local line = new_line(place, details.name)
  append(line, event)
  return line
end

--- The fork's state succeeds, fails, is aborted or left. It is left from where
-- it has succeeded from, but after its failure.
local function end_fork(walk, event, place, kind, what)
  if what == "Exited" and place.list and
    place.list[#place.list] == kind .. "StateFailed" then
    return go_on(walk, event, place)
  end
  local fork = fork_of(event, place, kind)
  check_previous(walk, fork.parent, event)
  append(fork.parent, event)
  if what == "Succeeded" then
    fork.succeeded = true
    fork.last = event.id
  else
    fork.over = true
  end
  return fork.parent
end

local function execution_event(walk, event, place)
  local what = event.type:match("^Execution(%a+)$")
  if what == "Succeeded" or what == "Failed" then
    if place ~= walk.root then
      fail(event, "follows from within a branch")
    end
    check_previous(walk, place, event)
  end
  append(walk.root, event)
  walk.root.ended = what ~= "Started"
  return walk.root
end

local function place_of(walk, event)
  local place = walk.places[event.previousEventId or 0]
  local kind, what = event.type:match("^(%a+)State(%u%a+)$")
  if event.type:find("^Execution") then
    return execution_event(walk, event, place)
  elseif event.type:find("^MapIteration") then
    return iteration(walk, event, place,
      event.type:match("^MapIteration(%a+)$"))
  elseif kind ~= "Map" and kind ~= "Parallel" or what == "Entered" then
    return go_on(walk, event, place)
  elseif what == "Started" then
    return begin_fork(walk, event, place, kind)
  end
  return end_fork(walk, event, place, kind, what)
end

local function sort_out(events)
  local root = new_line()
  local walk = { root = root, events = events, places = { [0] = root } }
  for i, event in ipairs(events) do
    if event.id ~= i then
      fail(event, "is number %d", i)
    elseif (event.previousEventId or 0) >= i then
      fail(event, "follows from %d", event.previousEventId)
    elseif i > 1 and event.timestamp < events[i - 1].timestamp then
      fail(event, "is before the one before it")
    end
    walk.at_start = i == 2
    walk.places[i] = place_of(walk, event)
  end
  return root
end

---------------------------------------------------------------------------
-- Comparison
---------------------------------------------------------------------------
--
-- A line is `whole`, or `aborted`: it ends early, and the state in which it is
-- with *StateAborted; or `cut`, which says nothing of why it ends.

local match_line

local function mismatch(path, format, ...)
  error({ problem = path .. ": " .. string.format(format, ...) }, 0)
end

--- How a child has to match if its fork is whole, aborted or cut.
local function way_of_child(fork, expected, key, child, way)
  if fork.kind == "Parallel" then
    return way
  elseif key == expected.failing then
    return child.ended == "Failed" and "whole"
  elseif child.ended == "Succeeded" then
    return "whole"
  elseif child.ended == "Aborted" then
    return way == "aborted" and "aborted"
  end
  return way == "cut" and not child.ended and "cut"
end

local function match_fork(fork, expected, way, path)
  if fork.kind ~= expected.kind then
    mismatch(path, "is a %s", fork.kind)
  elseif expected.failing and way == "whole" then
    way = "aborted"
  end
  for key, child in pairs(fork.children) do
    local here = path .. "/" .. key
    if not expected.children[key] then
      mismatch(here, "is too much")
    end
    local found = way_of_child(fork, expected, key, child,
      key == expected.failing and "whole" or way)
    if not found then
      mismatch(here, "has ended: %s", tostring(child.ended))
    end
    match_line(child, expected.children[key], found, here)
  end
  for key in pairs(expected.children) do
    if not fork.children[key] and (way == "whole" or
      key == expected.failing) then
      mismatch(path .. "/" .. key, "is missing")
    end
  end
end

--- "Task", if the list is within a Task state when it ends.
local function open_state(list, last)
  for at = last, 1, -1 do
    local kind, what
    if type(list[at]) == "string" then
      kind, what = list[at]:match("^(%a+)State(E%l+ed) ")
    end
    if what then
      return what == "Entered" and kind or nil
    end
  end
end

--- The list goes otherwise than expected from `at` on.
local function match_end(list, at, expected, way, path)
  local found = list[at]
  local kind = way == "aborted" and open_state(list, at - 1)
  local wanted = kind and kind .. "StateAborted" or nil
  if way == "whole" or found ~= wanted or at < #list then
    mismatch(path, "%d is %s, not %s", at, tostring(found),
      wanted or expected.kind)
  end
end

function match_line(line, expected, way, path)
  local list = line.list
  for i, item in ipairs(expected) do
    local found = list[i]
    if type(item) == "table" and type(found) == "table" then
      local next_label = list[i + 1]
      local is_over = next_label and not next_label:find("StateAborted")
      match_fork(found, item, is_over and "whole" or way, path)
    elseif found ~= item then
      match_end(list, i, type(item) == "table" and item or
        { kind = item }, way, path)
      return
    end
  end
  if #list > #expected then
    mismatch(path, "goes on with %s", tostring(list[#expected + 1]))
  end
end

--- Compares a whole history; returns what is wrong, or nil. A list with
-- `is_cut_by` ends early, with that event.
function history_tree.compare(events, expected)
  local ok, why = pcall(function()
    local root = sort_out(events)
    if not expected.is_cut_by then
      match_line(root, expected, "whole", "")
      return
    end
    local last = table.remove(root.list)
    if last ~= expected.is_cut_by then
      mismatch("", "ends with %s", tostring(last))
    end
    match_line(root, expected, "cut", "")
  end)
  if ok then
    return nil
  elseif type(why) == "table" then
    return why.problem
  end
  error(why, 0)
end

return history_tree
