--- Definitions made of chance, reproducibly: for properties of all of them.

local random_machine = {}

-- A generator of our own, the same everywhere (Lehmer's).
local function generator(seed)
  local state = seed * 7919 % 2147483647 + 1
  return function(limit)
    state = state * 16807 % 2147483647
    return state % limit
  end
end

local TYPES = { "Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Task",
  "Choice", "Parallel", "Map" }

local machine

local function catchers(random, target)
  local list = {}
  for at = 1, random(3) do
    list[at] = string.format('{"ErrorEquals":[%s],"Next":"%s"}',
      random(2) == 0 and '"States.ALL"' or '"Some.Error"', target())
  end
  return ',"Catch":[' .. table.concat(list, ",") .. "]"
end

local function rules(random, target)
  local list = {}
  for at = 1, 1 + random(4) do
    list[at] = string.format(
      '{"Variable":"$.v","NumericLessThan":%d,"Next":"%s"}', random(1e6),
      target())
  end
  local default = random(3) > 0 and ',"Default":"' .. target() .. '"' or ""
  return '"Choices":[' .. table.concat(list, ",") .. "]" .. default
end

local function state(random, target, depth)
  local kind = TYPES[random(depth > 0 and 10 or 8) + 1]
  local fields = { '"Type":"' .. kind .. '"' }
  if kind == "Choice" then
    fields[2] = rules(random, target)
  elseif kind ~= "Succeed" and kind ~= "Fail" then
    fields[2] = random(6) == 0 and '"End":true'
      or '"Next":"' .. target() .. '"'
  end
  if kind == "Map" then
    fields[3] = '"ItemProcessor":' .. machine(random, random(5), depth - 1)
  elseif kind == "Parallel" then
    local branches = {}
    for at = 1, random(4) do
      branches[at] = machine(random, random(5), depth - 1)
    end
    fields[3] = '"Branches":[' .. table.concat(branches, ",") .. "]"
  end
  local has_catch = (kind == "Task" or kind == "Map" or kind == "Parallel")
    and random(2) == 0
  return "{" .. table.concat(fields, ",")
    .. (has_catch and catchers(random, target) or "") .. "}"
end

machine = function(random, count, depth)
  local states = {}
  for at = 1, count do
    -- Mostly a little forward, at times back, far away or nowhere.
    local function target()
      local way = random(12)
      local to = at + 1 + random(3)
      if way == 0 then
        to = random(count) + 1
      elseif way == 1 then
        to = math.max(1, at - random(4))
      end
      return "s" .. to
    end
    states[at] = string.format('"s%d":%s', at, state(random, target, depth))
  end
  return '{"StartAt":"s1","States":{' .. table.concat(states, ",") .. "}}"
end

--- JSON text of a state machine of `count` states, the same for the same seed.
function random_machine.text(seed, count)
  return machine(generator(seed), count, 3)
end

return random_machine
