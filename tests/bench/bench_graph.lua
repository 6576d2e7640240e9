--- Layouts of a state machine with 1,000 states: bench_graph.lua [ROUNDS]
--
-- A hundred stages of ten states, as workflows have them: a task with an
-- error handler that all stages share, a choice of three ways that come
-- together, a loop that polls, a Parallel with two branches. Beside it, a
-- tangle of 1,000 states that lead anywhere. "first" is the first layout of a
-- new Lua state, with nothing compiled yet.

local doc = require("wf.doc")
local layout = require("graph.layout")
local random_machine = require("random_machine")
local svg = require("graph.svg")

-- As the engine runs it: core/lua/lua_script.c, core/lua/lua_graph.c.
jit.opt.start("maxtrace=60000", "maxmcode=65536", "hotloop=40")
collectgarbage("setpause", 400)

local CATCH = '"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Failed"}]'
local STAGE = [[
"Reserve %d":{"Type":"Task","Resource":"lua:a.b",%s,"Next":"Which %d"},
"Which %d":{"Type":"Choice","Choices":[
 {"Variable":"$.kind","StringEquals":"a","Next":"Left %d"},
 {"Variable":"$.kind","StringEquals":"b","Next":"Right %d"}],
 "Default":"Wait %d"},
"Left %d":{"Type":"Pass","Next":"Wait %d"},
"Right %d":{"Type":"Task","Resource":"lua:a.b","Next":"Wait %d"},
"Wait %d":{"Type":"Wait","Seconds":30,"Next":"Look %d"},
"Look %d":{"Type":"Task","Resource":"lua:a.b",%s,"Next":"Ready %d"},
"Ready %d":{"Type":"Choice","Choices":[
 {"Variable":"$.ready","BooleanEquals":true,"Next":"Both %d"}],
 "Default":"Wait %d"},
"Both %d":{"Type":"Parallel","Branches":[
 {"StartAt":"One","States":{"One":{"Type":"Pass","End":true}}},
 {"StartAt":"Two","States":{"Two":{"Type":"Pass","End":true}}}],
 "Next":"%s"},]]

local function stages(count)
  local parts = { '{"StartAt":"Reserve 1","States":{' }
  for at = 1, count do
    local next_name = at < count and "Reserve " .. at + 1 or "Done"
    local used = 0
    parts[#parts + 1] = STAGE:gsub("%%(%a)", function(kind)
      used = used + (kind == "s" and 1 or 0)
      return kind == "d" and at or used < 3 and CATCH or next_name
    end)
  end
  parts[#parts + 1] = '"Done":{"Type":"Succeed"},"Failed":{"Type":"Fail"}}}'
  return table.concat(parts)
end

-- Milliseconds of each of so many calls.
local function time(rounds, call)
  local times, result = {}, nil
  for at = 1, rounds do
    local before = os.clock()
    result = call()
    times[at] = (os.clock() - before) * 1e3
  end
  return times, result
end

local function measure(name, text, rounds)
  local value = assert(doc.parse(text))
  local times, found = time(rounds, function()
    return layout.compute(value)
  end)
  local drawing = time(rounds, function()
    return svg.render(found)
  end)
  local first = times[1]
  table.sort(times)
  table.sort(drawing)
  local middle = math.ceil(rounds / 2)
  print(string.format("%-7s %d nodes, %d edges: layout first %.1f ms, "
    .. "least %.1f ms, p50 %.1f ms, max %.1f ms; svg p50 %.1f ms", name,
    #found.nodes, #found.edges, first, times[1], times[middle],
    times[rounds], drawing[middle]))
end

local rounds = tonumber(arg[1]) or 21
if arg[2] == "tangle" then
  measure("tangle", random_machine.text(1, 1000), rounds)
else
  measure("stages", stages(100), rounds)
end
