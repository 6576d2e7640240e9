--- MOONSTEP_NO_WAY_TO_END: states that go round for ever.
--
-- @module asl.checks.no_way_to_end

local no_way_to_end = {
  code = "MOONSTEP_NO_WAY_TO_END",
  severity = "WARNING",
  summary = "From a state that can be reached no transition leads to an end: "
    .. "a loop without a way out.",
}

local AWS_TYPES = {
  Choice = true, Fail = true, Map = true, Parallel = true, Pass = true,
  Succeed = true, Task = true, Wait = true,
}

-- Whether the run may end in a state. So may it where something is wrong that
-- the loader reports.
local function may_end(state)
  local ends = state.object:get("End")
  if not AWS_TYPES[state.type] or state.script.terminal
      or (ends and ends:boolean()) or not state.transitions[1] then
    return true
  elseif state.type ~= "Choice" and not state.object:get("Next") then
    return true
  end
  for _, transition in ipairs(state.transitions) do
    if not transition.target then
      return true
    end
  end
  return false
end

-- All that can be reached from a list of states, by next_of(state).
local function reached_from(queue, next_of)
  local reached = {}
  for _, state in ipairs(queue) do
    reached[state] = true
  end
  local at = 1
  while queue[at] do
    for _, state in ipairs(next_of(queue[at])) do
      if not reached[state] then
        reached[state] = true
        queue[#queue + 1] = state
      end
    end
    at = at + 1
  end
  return reached
end

local function targets(state)
  local list = {}
  for _, transition in ipairs(state.transitions) do
    list[#list + 1] = transition.target
  end
  return list
end

local function predecessors(scope)
  local lists = {}
  for _, state in ipairs(scope.states) do
    lists[state] = lists[state] or {}
    for _, target in ipairs(targets(state)) do
      lists[target] = lists[target] or {}
      table.insert(lists[target], state)
    end
  end
  return lists
end

local function trapped(scope)
  local ends = {}
  for _, state in ipairs(scope.states) do
    if may_end(state) then
      ends[#ends + 1] = state
    end
  end
  if not ends[1] or not scope.start then
    return {} -- MISSING_END_STATE says so
  end
  local before = predecessors(scope)
  local saved = reached_from(ends, function(state)
    return before[state]
  end)
  local entered = reached_from({ scope.start }, targets)
  local list = {}
  for _, state in ipairs(scope.states) do
    if entered[state] and not saved[state] then
      list[#list + 1] = state
    end
  end
  return list
end

local MOST_NAMED = 5

local function message(states)
  local names = {}
  for number = 1, math.min(#states, MOST_NAMED) do
    names[number] = '"' .. states[number].name .. '"'
  end
  local text = table.concat(names, ", ")
  if #states > MOST_NAMED then
    text = text .. " and " .. #states - MOST_NAMED .. " more"
  end
  if #states == 1 then
    return "State " .. text .. " leads to no end"
  end
  return "States " .. text .. " lead to each other, but to no end"
end

--- Runs the check.
function no_way_to_end.run(whole, report)
  for _, scope in ipairs(whole.scopes) do
    local states = trapped(scope)
    if states[1] then
      report(states[1].location, message(states))
    end
  end
end

return no_way_to_end
