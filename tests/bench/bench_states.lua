--- How long the decisions of the commonest states take.
--
-- Usage: luajit tests/bench/bench_states.lua [visits]
-- LUA_PATH must find lua/?.lua and states/, LUA_CPATH the module wf.doc (the
-- target lua_test_modules). Prints nanoseconds for each visit of a state,
-- the best of five rounds.

local doc = require("wf.doc")
local machine = require("machine")

local VISITS = tonumber((...)) or 200000
local ROUNDS = 5

local CONTEXT = doc.parse('{"Execution":{"Input":{}}}')

local ctx = {
  now_ms = function()
    return 0
  end,
  context = function()
    return CONTEXT
  end,
  entered_event_id = function()
    return 2
  end,
  retrier_count = function()
    return 0
  end,
}

-- 230 bytes, as a payload of an order may look.
local INPUT = '{"order":{"id":"6d1c5f4e-52a8-4b6e-9a55-0f6bb0f2a111",'
  .. '"customer":"Ada Lovelace","items":[{"sku":"A-1","count":2},'
  .. '{"sku":"B-22","count":1}],"total":129.95,"currency":"EUR"},'
  .. '"status":"NEW","attempt":1,"region":"eu-central-1"}'

local STATES = {
  { "Pass without fields", '{"Type":"Pass","Next":"End"}' },
  { "Pass, Result at ResultPath",
    '{"Type":"Pass","Result":{"ok":true},"ResultPath":"$.r","Next":"End"}' },
  { "Pass, Parameters with 3 paths",
    '{"Type":"Pass","Parameters":{"id.$":"$.order.id","n.$":"$.attempt",'
    .. '"s.$":"$.status","kind":"order"},"Next":"End"}' },
  { "Choice, first of 2 rules",
    '{"Type":"Choice","Choices":[{"Variable":"$.status","StringEquals":"NEW",'
    .. '"Next":"End"},{"Variable":"$.attempt","NumericGreaterThan":3,'
    .. '"Next":"End"}],"Default":"End"}' },
  { "Choice, second of 2 rules",
    '{"Type":"Choice","Choices":[{"Variable":"$.status","StringEquals":"OLD",'
    .. '"Next":"End"},{"Variable":"$.attempt","NumericLessThan":3,'
    .. '"Next":"End"}],"Default":"End"}' },
  { "Choice, IsPresent and And",
    '{"Type":"Choice","Choices":[{"And":[{"Variable":"$.order.total",'
    .. '"IsPresent":true},{"Variable":"$.order.total",'
    .. '"NumericGreaterThan":100}],"Next":"End"}],"Default":"End"}' },
  { "Wait, Seconds", '{"Type":"Wait","Seconds":5,"Next":"End"}' },
  { "Task without fields",
    '{"Type":"Task","Resource":"lua:hello.greet","Next":"End"}' },
}

local function measure(loaded, input)
  local best = math.huge
  for _ = 1, ROUNDS do
    collectgarbage()
    local start = os.clock()
    for _ = 1, VISITS do
      machine.enter(loaded, 1, ctx, input)
    end
    best = math.min(best, os.clock() - start)
  end
  return best / VISITS * 1e9
end

for _, case in ipairs(STATES) do
  local loaded, problems = machine.load('{"StartAt":"A","States":{"A":'
    .. case[2] .. ',"End":{"Type":"Succeed"}}}')
  if not loaded then
    error(problems[1].message)
  end
  print(string.format("%-32s %8.0f ns", case[1],
    measure(loaded, doc.parse(INPUT))))
end
