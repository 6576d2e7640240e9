--- JSONata's speed: bench_jsonata.lua EXPRESSIONS.json [REFERENCE]
--
-- For each expression a line: microseconds of an evaluation on parsed input,
-- of one with parsing and serialising, of compiling; with the reference's
-- times (a file that jsonata.js wrote) how many times faster that is. Then
-- the same with 5,000 distinct expressions alive.

jit.opt.start("maxtrace=60000", "maxmcode=65536", "hotloop=40")
require("wf.doc")
local codegen = require("jsonata.codegen")
local core = require("wf.jsonata")
local jsonata = require("jsonata")

local ROUNDS = 40
local ROUND_S = 0.004
local MANY = 5000

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text
end

local function once(work, count)
  local start = os.clock()
  for _ = 1, count do
    work()
  end
  return os.clock() - start
end

-- The best of many short rounds: what others do on the machine costs least.
local function best(work)
  once(work, 500)
  local count = 50
  while once(work, count) < ROUND_S do
    count = count * 2
  end
  local least = math.huge
  for _ = 1, ROUNDS do
    least = math.min(least, once(work, count) / count)
  end
  return least * 1e6
end

local function median(list)
  table.sort(list)
  local middle = math.ceil(#list / 2)
  return #list % 2 == 1 and list[middle]
    or (list[middle] + list[middle + 1]) / 2
end

local suite = jsonata.parse(read(arg[1]))
local text = jsonata.encode(suite.input)
local input = jsonata.parse(text)
local expressions = suite.expressions

-- The reference's rows: { parsed, whole, compile }.
local function reference()
  local rows = {}
  for line in arg[2] and io.lines(arg[2]) or function() end do
    local row = {}
    for number in line:gmatch("[%d.]+") do
      row[#row + 1] = tonumber(number)
    end
    rows[#rows + 1] = row
  end
  return rows
end

-- What compiling the Lua of an expression takes, which is done once for all
-- expressions that differ in names and literals only.
local function load_time(expression)
  local generate, source = codegen.generate, nil
  codegen.generate = function(...)
    local results = { generate(...) }
    source = results[1]
    return unpack(results)
  end
  assert(jsonata.compile(expression))
  codegen.generate = generate
  return best(function()
    return core.compile(source, "=bench")
  end)
end

local function row_of(expression)
  local program = assert(jsonata.compile(expression))
  -- What is alive is counted, so that no evaluation is optimised away.
  local kept = 0
  local parsed = best(function()
    if program:run(input) ~= nil then
      kept = kept + 1
    end
  end)
  local whole = best(function()
    return jsonata.encode(program:run(jsonata.parse(text)))
  end)
  local compile = best(function()
    return jsonata.compile(expression)
  end)
  return parsed, whole, compile + load_time(expression)
end

local function table_of_times()
  local rows, ratios, wholes, compiles = reference(), {}, {}, {}
  print("parsed us  times | whole us  times | compile us | expression")
  for i = 1, expressions[0] do
    local parsed, whole, compile = row_of(expressions[i])
    local row = rows[i] or { 0, 0, 0 }
    ratios[i], wholes[i] = row[1] / parsed, row[2] / whole
    compiles[i] = compile
    print(("%9.3f %6.1f | %8.2f %6.1f | %10.1f | %s"):format(
      parsed, ratios[i], whole, wholes[i], compile,
      expressions[i]:sub(1, 50)))
  end
  print(("compile: median %.1f us, worst %.1f"):format(
    median(compiles), compiles[#compiles]))
  if rows[1] then
    print(("times faster than the reference: median %.1f, least %.1f; with "
      .. "parsing and serialising: median %.1f, least %.1f"):format(
      median(ratios), ratios[1], median(wholes), wholes[1]))
  end
end

-- Many expressions in turn: each has an own constant.
local function turns(count)
  local programs = {}
  for i = 1, count do
    local expression = expressions[(i - 1) % expressions[0] + 1]
    programs[i] = assert(jsonata.compile(
      ("[%s, %d]"):format(expression, i)))
  end
  return function()
    for i = 1, count do
      programs[i]:run(input)
    end
  end
end

local function many()
  local flushes = 0
  jit.attach(function(what)
    if what == "flush" then
      flushes = flushes + 1
    end
  end, "trace")
  local few, lot = turns(expressions[0]), turns(MANY)
  once(few, 1000)
  once(lot, 60)
  flushes = 0
  local one, other = math.huge, math.huge
  for _ = 1, 10 do
    one = math.min(one, once(few, 200) / 200 / expressions[0])
    other = math.min(other, once(lot, 1) / MANY)
  end
  print(("%d expressions alive: %.2f us an evaluation, %d: %.2f us (%.1f "
    .. "times); %d flushes of traces"):format(
    expressions[0], one * 1e6, MANY, other * 1e6, other / one, flushes))
end

table_of_times()
many()
