--- Workflow files: what they compile to, and what is refused.

local json = require("wf.doc")
local load = require("workflow.load")

local directory

local function write(name, text)
  local file = assert(io.open(directory .. name, "w"))
  file:write(text)
  file:close()
end

local function compile(text)
  write("flow.lua", text)
  return load.compile({
    path = directory .. "flow.lua", directory = directory,
    handlers = { directory .. "handlers" }, region = "us-east-1",
    account = "000000000000",
    is_library = function(name)
      return name == "exec"
    end,
  })
end

-- The states of a file whose steps are `steps`.
local function states(steps)
  local text, why = compile('local ms = require("moonstep")\n'
    .. 'local exec = require("exec")\nreturn ms {\n' .. steps .. "\n}\n")
  assert(text, why)
  return assert(json.parse(text)):get("States"), why
end

-- A member of a member …, as JSON text without blanks.
local function at(value, ...)
  for _, name in ipairs({ ... }) do
    value = type(name) == "number" and value:at(name)
      or value:get(name)
    if value == nil then
      return nil
    end
  end
  return (value:text():gsub('([,:{%[])%s+', "%1"):gsub("%s+([}%]])", "%1"))
end

-- What is said of a file that is refused, without its directory.
local function refused(text)
  local compiled, why = compile(text)
  assert.is_nil(compiled)
  return (why:gsub(directory:gsub("%p", "%%%0"), ""))
end

local function refused_steps(steps)
  return refused('local ms = require("moonstep")\nreturn ms {\n' .. steps
    .. "\n}\n")
end

describe("workflow files", function()
  setup(function()
    directory = os.tmpname()
    os.remove(directory)
    assert(os.execute("mkdir -p " .. directory .. "/handlers") == 0)
    directory = directory .. "/"
  end)
  teardown(function()
    os.execute("rm -r " .. directory)
  end)

  it("are sequences", function()
    local all = states('ms.pass("A"), ms.wait("B", "1h30m"), ms.pass("C")')
    assert.equal('"B"', at(all, "A", "Next"))
    assert.equal("5400", at(all, "B", "Seconds"))
    assert.equal("true", at(all, "C", "End"))
  end)

  it("have tasks: functions, handlers, ARNs", function()
    local all, lines = states('ms.task("Look at it", function() end),\n'
      .. 'ms.task("B", "inventory.list"):with{ all = true },\n'
      .. 'ms.task("C", "arn:aws:states:::sqs:sendMessage")'
      .. ':into("sent"):timeout("5m", "30s")')
    assert.equal('"lua:flow.Look at it"', at(all, "Look at it", "Resource"))
    assert.equal('"lua:inventory.list"', at(all, "B", "Resource"))
    assert.equal('{"all":true}', at(all, "B", "Arguments"))
    assert.equal("300", at(all, "C", "TimeoutSeconds"))
    assert.equal("30", at(all, "C", "HeartbeatSeconds"))
    assert.matches("$merge.*sent.*result", at(all, "C", "Output"))
    assert.equal(4, lines["Look at it"])
    assert.equal(5, lines.B)
  end)

  it("have choices that rejoin", function()
    local all = states('ms.choice("C"):when("input.x", { ms.pass("X") })'
      .. ':when("input.y", "Z"):otherwise{ ms.fail("F", { error = "E" }) },'
      .. 'ms.pass("Z")')
    assert.equal('"X"', at(all, "C", "Choices", 0, "Next"))
    assert.equal('"Z"', at(all, "X", "Next"))
    assert.equal('"Z"', at(all, "C", "Choices", 1, "Next"))
    assert.equal('"F"', at(all, "C", "Default"))
    assert.is_nil(at(all, "F", "Next"))
  end)

  it("have choices at the end of a list", function()
    local all = states('ms.choice("C"):when("input.x", { ms.pass("X") })')
    assert.equal('"C (end)"', at(all, "C", "Default"))
    assert.equal('"Succeed"', at(all, "C (end)", "Type"))
    assert.equal("true", at(all, "X", "End"))
  end)

  it("have functions for conditions", function()
    local all = states('ms.choice("C"):when("input.a", "Z")'
      .. ':when(function() return true end, { ms.pass("X") }), ms.pass("Z")')
    assert.equal('"C (condition 2)"', at(all, "C", "Default"))
    assert.equal('"lua:flow.C (condition 2)"',
      at(all, "C (condition 2)", "Resource"))
    assert.equal('"X"', at(all, "C (condition 2)?", "Choices", 0, "Next"))
    assert.equal('"Z"', at(all, "C (condition 2)?", "Default"))
  end)

  it("loop", function()
    local all = states('ms.task("A", "x.y"), ms.choice("C")'
      .. ':when("input.again", "A")')
    assert.equal('"A"', at(all, "C", "Choices", 0, "Next"))
  end)

  it("try again and catch", function()
    local all = states('ms.task("A", "x.y"):retry(3):retry({ "E", "F" },'
      .. ' { times = 2, interval = "1m", backoff = 1.5, max_delay = "1h",'
      .. ' jitter = true }):catch("G", { ms.pass("H") })'
      .. ':catch("States.ALL", "Z", { into = "why" }), ms.pass("Z")')
    assert.equal('[{"ErrorEquals":["States.ALL"],"MaxAttempts":3},'
      .. '{"ErrorEquals":["E","F"],"IntervalSeconds":60,"MaxAttempts":2,'
      .. '"BackoffRate":1.5,"MaxDelaySeconds":3600,'
      .. '"JitterStrategy":"FULL"}]', at(all, "A", "Retry"))
    assert.equal('"H"', at(all, "A", "Catch", 0, "Next"))
    assert.equal('"Z"', at(all, "H", "Next"))
    assert.equal('"Z"', at(all, "A", "Catch", 1, "Next"))
    assert.matches("why", at(all, "A", "Catch", 1, "Output"))
  end)

  it("have branches and iterations", function()
    local all = states('ms.parallel("P", { { ms.pass("A"), ms.pass("B") },'
      .. ' { ms.pass("C") } }):into("both"), ms.map("M", { items ='
      .. ' "input.list", concurrency = 4, select = { x = ms.expr("item") },'
      .. ' ms.pass("D") }), ms.map("N", { distributed = true,'
      .. ' tolerate = 2, ms.pass("E") })')
    assert.equal('"B"', at(all, "P", "Branches", 0, "States", "A", "Next"))
    assert.equal('"C"', at(all, "P", "Branches", 1, "StartAt"))
    assert.equal('"{% $states.input.list %}"', at(all, "M", "Items"))
    assert.equal("4", at(all, "M", "MaxConcurrency"))
    assert.equal('{"x":"{% $states.context.Map.Item.Value %}"}',
      at(all, "M", "ItemSelector"))
    assert.equal('"DISTRIBUTED"', at(all, "N", "ItemProcessor",
      "ProcessorConfig", "Mode"))
    assert.equal("2", at(all, "N", "ToleratedFailureCount"))
  end)

  it("run other workflows", function()
    local all = states('ms.run("R", "child"):into("answer")')
    assert.matches("stateMachine:child", at(all, "R", "Arguments"))
    assert.matches("answer.*result%.Output", at(all, "R", "Output"))
  end)

  it("use modules of their own", function()
    write("handlers/mine.lua", "return { limit = 3 }")
    write("beside.lua", "return { name = 'b' }")
    local text, _, members = compile('local ms = require("moonstep")\n'
      .. 'local mine, beside = require("mine"), require("beside")\n'
      .. 'return ms { ms.wait("W", mine.limit), ms.pass(beside.name) }')
    assert.matches('"Seconds": 3', text)
    assert.same({ directory .. "flow.lua", directory .. "beside.lua" },
      members)
  end)
end)

describe("workflow files are refused", function()
  setup(function()
    directory = os.tmpname()
    os.remove(directory)
    assert(os.execute("mkdir -p " .. directory .. "/handlers") == 0)
    directory = directory .. "/"
  end)
  teardown(function()
    os.execute("rm -r " .. directory)
  end)

  local MS = 'local ms = require("moonstep")\n'

  it("if a function assigns a variable of the file", function()
    assert.matches("^flow.lua:3: n is a variable", refused(MS
      .. 'local n = 0\nreturn ms { ms.task("A", function() n = n + 1 end) }'))
    assert.matches("^flow.lua:4: n is a variable", refused(MS
      .. 'local n = 0\nlocal function count()\nn = "x"\nend\n'
      .. 'return ms { ms.task("A", function() count() end) }'))
    assert.matches("^flow.lua:4: n is a variable", refused(MS
      .. 'local n = 0\nreturn ms { ms.task("A", function()\n'
      .. 'return function() n = nil end end) }'))
  end)

  it("but not if it assigns variables of its own", function()
    assert.truthy(compile(MS .. 'local k = 2\nreturn ms { ms.task("A",'
      .. 'function(n) local s = 0; local function f() s = s + k end f()'
      .. ' return s end) }'))
  end)

  it("if loading them does something", function()
    for _, what in ipairs({ "os.time()", "io.open('/x')", "math.random()",
        "print(1)", "require('exec')('true')", "os.getenv('HOME')",
        "dofile('x')", "require('exec').run{ 'true' }" }) do
      assert.matches("^flow.lua:2: .*only a task", refused(MS .. "local x = "
        .. what .. '\nreturn ms { ms.pass("A") }'))
    end
  end)

  it("if a function holds what can't be made again", function()
    assert.matches("^flow.lua:3: .*captures co, a thread", refused(MS
      .. 'local co = coroutine.create(function() end)\n'
      .. 'return ms { ms.task("A", function() return co end) }'))
  end)

  it("with the line of what is wrong", function()
    assert.matches("^flow.lua:3: .*there already",
      refused_steps('ms.pass("A"), ms.pass("A")'))
    assert.matches("^flow.lua:4: .*character 9",
      refused_steps('ms.pass("A"),\nms.choice("C"):when("input.a = 3", "A")'))
    assert.matches("^flow.lua:3: ms.wait.*15m",
      refused_steps('ms.wait("W", "soon")'))
    assert.matches("^flow.lua:4: nothing leads",
      refused_steps('ms.fail("F"),\nms.pass("B")'))
    assert.matches("^flow.lua:3: ms.task.*no two points",
      refused_steps('ms.task("a..b", function() end)'))
    assert.matches("^flow.lua:3: ms.map.*no option 'item'.*concurrency",
      refused_steps('ms.map("M", { item = 1, ms.pass("X") })'))
    assert.matches("entry 1 is not a step but a function",
      refused_steps("function() end"))
    assert.matches("returns nothing", refused(MS))
    assert.matches("flow.lua:2: .*expected", refused(MS .. "return ms {"))
    assert.matches("flow.lua:1: module \"nowhere\" not found",
      refused('require("nowhere")'))
    assert.matches("flow.lua:3: .*:into and :output",
      refused_steps('ms.task("A", "x.y"):into("z"):output(1)'))
    assert.matches("flow.lua:3: .*a function can't be a value",
      refused_steps('ms.task("A", "x.y"):with(function() end)'))
  end)
end)
