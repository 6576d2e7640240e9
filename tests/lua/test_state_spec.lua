--- What TestState is asked and shows: the stages of the data flow, failures
-- that are handled, and requests that are refused.

local doc = require("wf.doc")
local fake_ctx = require("fake_ctx")
local machine = require("machine")

local AN_EVENT = 0 -- none: the state is tested

-- A ctx that keeps what it is shown: names of stages with their texts.
local function new_ctx()
  local seen = { order = {} }
  local ctx = fake_ctx.new('{"Execution":{"Input":{}}}', {
    entered_event_id = function()
      return AN_EVENT
    end,
    now_ms = function()
      return 1000
    end,
    retrier_count = function(_, number)
      return seen.retries and seen.retries[number] or 0
    end,
    evaluation_failed = function() end,
    variables = function() end,
    inspect = function(_, name, value)
      seen[name] = doc.is_value(value) and value:text() or value
      seen.order[#seen.order + 1] = name
    end,
    handled = function(_, error, cause, retrier, catcher)
      seen.handled = { error, cause, retrier or 0, catcher or 0 }
    end,
  })
  return ctx, seen
end

local function load(definition, asked)
  return machine.load_tested(definition, asked or {})
end

local MOCK = { mock = { result = "[2]" } }

-- Enters the state; returns what was seen and the decision.
local function enter(definition, input, asked)
  local loaded, number = assert(load(definition, asked))
  local ctx, seen = new_ctx()
  local decision =
    { machine.enter(loaded, number, ctx, assert(doc.parse(input))) }
  return seen, decision, function(event, a, b)
    return { machine.resume(loaded, number, ctx, doc.parse(input), event, a,
      b) }
  end
end

local function stages(seen)
  local names = {}
  for _, name in ipairs(seen.order) do
    names[#names + 1] = name .. " " .. tostring(seen[name])
  end
  return table.concat(names, "; ")
end

describe("the stages of a JSONPath state", function()
  it("are all shown of a Pass, also those it leaves out", function()
    local seen = enter('{"Type":"Pass","End":true}', "7")
    assert.equal("afterInputPath 7; afterParameters 7; afterResultSelector 7; "
      .. "afterResultPath 7", stages(seen))
  end)

  it("are those behind the Result of a Pass that has one", function()
    local seen = enter('{"Type":"Pass","InputPath":"$.a","Result":[],'
      .. '"ResultPath":"$.r","End":true}', '{"a":1}')
    assert.equal('result []; afterResultSelector []; afterResultPath '
      .. '{"a":1,"r":[]}', stages(seen))
  end)

  it("are the input's only of a Choice, Succeed, Wait and Fail", function()
    for _, definition in ipairs({
      '{"Type":"Choice","InputPath":"$.a","Choices":[{"Variable":"$",'
        .. '"NumericEquals":1,"Next":"N"}]}',
      '{"Type":"Succeed","InputPath":"$.a"}',
      '{"Type":"Wait","InputPath":"$.a","Seconds":1,"Next":"N"}',
    }) do
      local seen = enter(definition, '{"a":1}')
      assert.equal("1", seen.afterInputPath)
      assert.is_nil(seen.afterParameters)
    end
    assert.equal("afterInputPath 5",
      stages((enter('{"Type":"Fail","Error":"E"}', "5"))))
  end)

  it("end where one fails", function()
    local seen, decision = enter('{"Type":"Pass","InputPath":"$.a",'
      .. '"Parameters":{"b.$":"$.no"},"End":true}', '{"a":{}}')
    assert.equal("afterInputPath {}", stages(seen))
    assert.equal("fail", decision[1])
    assert.truthy(decision[3]:find("^The JSONPath '%$%.no' specified"))
  end)

  it("have the result of a Task, but none of a Parallel or Map", function()
    local seen, decision, resume = enter('{"Type":"Task","Resource":'
      .. '"lua:a.b","ResultSelector":{"s.$":"$.x"},"ResultPath":null,'
      .. '"End":true}', "{}")
    assert.equal("schedule", decision[1])
    assert.equal("{}", resume("task_succeeded", doc.parse('{"x":1}'))[2]:text())
    assert.equal('afterInputPath {}; afterParameters {}; result {"x":1}; '
      .. 'afterResultSelector {"s":1}; afterResultPath {}', stages(seen))
    seen, decision, resume = enter('{"Type":"Parallel","InputPath":"$.p",'
      .. '"Parameters":{},"Branches":[{"StartAt":"A","States":{"A":{"Type":'
      .. '"Succeed"}}}],"ResultPath":"$.r","End":true}', '{"p":1}', MOCK)
    assert.equal("parallel", decision[1])
    resume("joined", doc.parse("[2]"))
    assert.equal('afterResultSelector [2]; afterResultPath {"p":1,"r":[2]}',
      stages(seen))
  end)
end)

describe("the stages of a JSONata state", function()
  it("are Arguments and result of a Task, none of others", function()
    local seen, _, resume = enter('{"Type":"Task","QueryLanguage":"JSONata",'
      .. '"Resource":"lua:a.b","Arguments":{"x":"{% 1 + 1 %}"},'
      .. '"Output":"{% $states.result %}","End":true}', "{}")
    assert.equal("3", resume("task_succeeded", doc.parse("3"))[2]:text())
    assert.equal('afterArguments {"x":2}; result 3', stages(seen))
    seen, _, resume = enter('{"Type":"Parallel","QueryLanguage":"JSONata",'
      .. '"Arguments":1,"Branches":[{"StartAt":"A","States":{"A":{"Type":'
      .. '"Succeed"}}}],"End":true}', "{}", MOCK)
    resume("joined", doc.parse("[2]"))
    assert.equal("", stages(seen))
    assert.equal("", stages((enter('{"Type":"Pass","QueryLanguage":"JSONata",'
      .. '"Output":"{% 4 %}","End":true}', "{}"))))
  end)
end)

describe("a failure of a tested state", function()
  local RETRY = '"Retry":[{"ErrorEquals":["Other"]},{"ErrorEquals":["E"],'
    .. '"MaxAttempts":2}],'
  local CATCH = '"Catch":[{"ErrorEquals":["No"],"Next":"N"},'
    .. '{"ErrorEquals":["E"],"Next":"C"}],'

  local function failed(members, retries)
    local seen, _, resume = enter('{"Type":"Task","Resource":"lua:a.b",'
      .. members .. '"End":true}', "{}")
    seen.retries = retries
    local decision = resume("task_failed", "E", "why")
    return seen.handled, decision[1]
  end

  it("tells who has handled it", function()
    local handled, kind = failed(RETRY .. CATCH)
    assert.same({ "E", "why", 2, 0 }, handled)
    assert.equal("retry", kind)
    handled, kind = failed(CATCH)
    assert.same({ "E", "why", 0, 2 }, handled)
    assert.equal("exit", kind)
    handled, kind = failed("")
    assert.same({ "E", "why", 0, 0 }, handled)
    assert.equal("fail", kind)
  end)

  it("tells of the retrier whose attempts are used up", function()
    assert.same({ "E", "why", 2, 2 }, (failed(RETRY .. CATCH, { 0, 2 })))
    assert.same({ "E", "why", 2, 0 }, (failed(RETRY, { 0, 2 })))
  end)
end)

describe("a definition of one state", function()
  it("leads to states that are not there", function()
    local loaded, number, retriers, is_jsonpath = load('{"Type":"Choice",'
      .. '"Choices":[{"Variable":"$","IsNull":true,"Next":"X"},'
      .. '{"Variable":"$","IsNull":false,"Next":"X"}],"Default":"Y"}')
    assert.equal(1, number)
    assert.equal(0, retriers)
    assert.is_true(is_jsonpath)
    assert.equal(3, #loaded.states)
    assert.equal("X", loaded.states[2].name)
    assert.equal("Y", loaded.states[3].name)
  end)

  it("is checked as any, the states inside as those of a machine", function()
    local loaded, exception, diagnostics = load('{"Type":"Parallel",'
      .. '"Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass",'
      .. '"Next":"B"}}}],"End":true}')
    assert.is_nil(loaded)
    assert.equal("InvalidDefinition", exception)
    assert.equal("MISSING_TRANSITION_TARGET", diagnostics[1].code)
    assert.equal("/States/StateName/Branches[0]/States/A/Next",
      diagnostics[1].location)
  end)
end)

describe("a request of TestState", function()
  local TASK = '{"Type":"Task","Resource":"lua:a.b","End":true}'
  local TOKEN = '{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage'
    .. '.waitForTaskToken","Parameters":{},"End":true}'
  local MAP = '{"Type":"Map","ItemProcessor":{"StartAt":"I","States":{"I":'
    .. '{"Type":"Succeed"}}},"End":true}'

  local function refusal(definition, asked)
    local loaded, exception, message = load(definition, asked)
    assert.is_nil(loaded)
    return exception .. ": " .. message
  end

  it("has one mock, or none", function()
    local one = "ValidationException: A test mock should have only one of the "
      .. "following fields: [result, errorOutput]."
    assert.equal(one, refusal(TASK, { mock = {} }))
    assert.equal(one, refusal(TASK,
      { mock = { result = "1", fails = true, error = "E" } }))
    assert.equal("ValidationException: The errorOutput of a mock must have an "
      .. "error.", refusal(TASK, { mock = { fails = true } }))
    assert.equal("ValidationException: TestState does not support "
      .. "RevealSecrets when a mock is specified.",
      refusal(TASK, { mock = { result = "1" }, reveals_secrets = true }))
  end)

  it("configures mocks only", function()
    for member, name in pairs({
      context = "Context", retries = "RetrierRetryCount",
      caused_by = "ErrorCausedByState", failures = "MapIterationFailureCount",
      reader_data = "MapItemReaderData",
    }) do
      assert.equal("ValidationException: TestState does not support " .. name
        .. " when a mock is not specified.", refusal(TASK, { [member] = 0 }))
    end
  end)

  it("says of a Map what a Map has", function()
    local mock = { fails = true, error = "E" }
    assert.equal("ValidationException: MapIterationFailureCount is for Map "
      .. "states only.", refusal(TASK, { mock = mock, failures = 1 }))
    assert.equal("ValidationException: MapItemReaderData is for Map states "
      .. "with an ItemReader only.",
      refusal(MAP, { mock = mock, reader_data = "[]" }))
    assert.equal("ValidationException: ErrorCausedByState is for Map and "
      .. "Parallel states only.", refusal(TASK, { mock = mock,
        caused_by = "I" }))
    assert.equal("ValidationException: ErrorCausedByState is not a state "
      .. "inside the tested one: J", refusal(MAP, { mock = mock,
        caused_by = "J" }))
    assert.truthy(load(MAP, { mock = mock, caused_by = "I" }))
  end)

  it("gives a Context object of AWS's members", function()
    local function problem(context, definition)
      return refusal(definition or TOKEN,
        { mock = { result = "{}" }, context = context })
    end
    local LEAD = "ValidationException: Invalid Context object provided: "
    assert.equal(LEAD .. "State.RetryCount must be a number",
      problem('{"State":{"RetryCount":"1"}}'))
    assert.equal(LEAD .. "Task.Token must be a string",
      problem('{"Task":{"Token":1}}'))
    assert.equal(LEAD .. "StateMachine must be an object",
      problem('{"StateMachine":[]}'))
    assert.equal(LEAD .. "Field 'Execution.No' is not allowed",
      problem('{"Execution":{"No":1}}'))
    assert.equal(LEAD .. "The Context object must be an object", problem("[]"))
    assert.truthy(problem("{"):find("must be valid JSON: ", 1, true))
    assert.truthy(problem('{"Task":{}}', TASK):find("contains 'Task' when",
      1, true))
    assert.truthy(load(TOKEN, { mock = { result = "{}" },
      context = '{"Task":{"Token":"t"},"Execution":{"Input":[1]}}' }))
  end)
end)
