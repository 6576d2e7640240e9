--- JSONata states: what is evaluated where, and what failures say.

local doc = require("wf.doc")
local fake_ctx = require("fake_ctx")
local jsonata = require("jsonata")
local map_data = require("asl.map_data")
local machine = require("machine")
local machine_run = require("machine_run")

local JSONATA = '"QueryLanguage":"JSONata",'

local function started(members, input)
  return machine_run.of_state(JSONATA .. members):start(input or "{}")
end

local function pass(members, input)
  local run = started('"Type":"Pass",' .. members .. ',"Next":"End"', input)
  return run.output or run.error .. ": " .. run.cause, run
end

local function problems(members)
  return machine_run.problems('{"StartAt":"A","QueryLanguage":"JSONata",'
    .. '"States":{"A":{' .. members .. '},"End":{"Type":"Succeed"}}}')
end

local PREFIX = "An error occurred while executing the state 'A' (entered at "
  .. "the event id #2). "
local FAILED = "States.QueryEvaluationError: " .. PREFIX

describe("expressions", function()
  it("stand anywhere in Output; the rest is what it is", function()
    assert.equal('{"a":[7,{"b":"x7"}],"c":" {% 1 %}","d.$":"$.n","e":1.0}',
      (pass('"Output":{"a":["{% $states.input.n %}",{"b":'
        .. '"{%\'x\' & $states.input.n%}"}],"c":" {% 1 %}","d.$":"$.n",'
        .. '"e":1.0}', '{"n":7}')))
    assert.equal("null", (pass('"Output":null')))
    assert.equal("[]", (pass('"Output":[]')))
  end)

  it("see $states", function()
    assert.equal('{"n":1}', (pass('"Output":"{% $states.input %}"',
      '{"n":1}')))
    assert.equal('"e"',
      (pass('"Output":"{% $states.context.Execution.Name %}"')))
    assert.equal('["input","context"]',
      (pass('"Output":"{% $keys($states) %}"')))
    assert.equal('{"input":5,"name":"m"}', (pass('"Output":'
      .. '"{% $states.{\'input\': input, \'name\': context.StateMachine.Name}'
      .. ' %}"', "5")))
  end)

  it("keep the text of numbers that they hand on", function()
    local input = '{"id":12345678901234567890,"f":1.0,"l":[1e2,-0]}'
    assert.equal(input, (pass('"Output":"{% $states.input %}"', input)))
    assert.equal('{"i":12345678901234567890}',
      (pass('"Output":{"i":"{% $states.input.id %}"}', input)))
  end)

  it("are read when the definition is loaded", function()
    assert.equal("INVALID_JSONATA_EXPRESSION: Unexpected end of expression "
      .. "at /States/A/Output/x",
      problems('"Type":"Pass","Output":{"x":"{% 1 + %}"},"End":true')[1])
    assert.match("begins with '{%' and ends with '%}'",
      problems('"Type":"Pass","Output":"{% 1","End":true')[1], 1, true)
  end)
end)

describe("variables", function()
  it("are $name, as they were at entry", function()
    local run = machine_run.new('{"StartAt":"A","QueryLanguage":"JSONata",'
      .. '"States":{"A":{"Type":"Pass","Assign":{"x":1,"y":"{% [1,2] %}"},'
      .. '"Next":"B"},"B":{"Type":"Pass","Assign":{"x":"{% $x + 1 %}",'
      .. '"z":"{% $x %}"},"Output":"{% $x + $sum($y) %}","End":true}}}')
      :start("{}")
    assert.equal('{"x":2,"z":1}', run.assigned)
    assert.equal("4", run.output)
  end)

  it("are told by the loader, without those of the expression", function()
    local loaded = machine.load('{"StartAt":"A","QueryLanguage":"JSONata",'
      .. '"States":{"A":{"Type":"Pass","Output":["{% ($l := $a; $l & $b) %}",'
      .. '"{% $map($c, function($v, $i) { $v + $d.e }) %}",'
      .. '"{% $states.input.$f %}","{% $c ~> $sum %}"],"End":true}}}')
    assert.equal('{"A":["a","b","c","d","f"]}', loaded.variable_references)
  end)
end)

describe("a failure", function()
  -- Recorded at AWS: test_undefined_reference, test_error_output.
  it("is told with the expression and its place", function()
    local text, run = pass('"Output":{"a":[0,"{% $no %}"]}')
    local cause = "The JSONata expression '$no' specified for the field "
      .. "'Output/a[1]' returned nothing (undefined)."
    assert.equal(FAILED .. cause, text)
    assert.equal("Output/a[1]", run.failed_location)
    assert.equal(PREFIX .. cause, run.failed_cause)
  end)

  -- Recorded at AWS: test_math_random_seeded.
  it("of the evaluation has JSONata's code", function()
    assert.equal(FAILED .. "The JSONata expression '$noSuch(1)' specified for "
      .. "the field 'Assign/v' threw an error during evaluation. T1006: "
      .. "Attempted to invoke a non-function",
      (pass('"Assign":{"v":"{% $noSuch(1) %}"}')))
  end)

  it("is a function as a result", function()
    assert.equal(FAILED .. "The JSONata expression '$sum' specified for the "
      .. "field 'Output' returned an unsupported result type.",
      (pass('"Output":"{% $sum %}"')))
  end)

  it("may be retried and caught", function()
    local run = started('"Type":"Task","Resource":"lua:a.b","Arguments":'
      .. '"{% $no %}","Retry":[{"ErrorEquals":["States.QueryEvaluationError"],'
      .. '"MaxAttempts":1}],"Catch":[{"ErrorEquals":["States.ALL"],"Output":'
      .. '"{% $states.errorOutput.Error %}","Next":"Caught"}],"Next":"End"')
    assert.equal("retry", run.waiting)
    assert.equal('"States.QueryEvaluationError"', run:advance(1).output)
  end)
end)

describe("the steps of an expression", function()
  local function steps_of(text, limit)
    local total, spent = 0, {}
    local ok, problem = pcall(function()
      return assert(jsonata.compile(text)):run(nil, {}, { spend = function(n)
        total = total + n
        if total > limit then
          error(spent, 0)
        end
      end })
    end)
    return total, ok, problem == spent
  end

  it("are told while they are taken, and when it ends", function()
    local few, many = steps_of("1 + $sum([1, 2])", 1e9),
      steps_of("$map([1..50000], function($v) { $v + 1 })", 1e9)
    assert.is_true(few > 0 and few < 100)
    assert.is_true(many >= 100000 and many < 1000000)
  end)

  it("end it where they are too many", function()
    local total, ok, was_spent =
      steps_of("($f := function($n) { $f($n + 1) }; $f(1))", 10000)
    assert.same({ false, true }, { ok, was_spent })
    assert.is_true(total < 20000)
  end)
end)

describe("a Task", function()
  it("gets Arguments, or else its input", function()
    assert.equal('{"a":3}', started('"Type":"Task","Resource":"lua:a.b",'
      .. '"Arguments":{"a":"{% $states.input.n + 1 %}"},"Next":"End"',
      '{"n":2}').scheduled)
    assert.equal('{"n":2}', started('"Type":"Task","Resource":"lua:a.b",'
      .. '"Next":"End"', '{"n":2}').scheduled)
  end)

  it("takes times and its role from expressions", function()
    local run = started('"Type":"Task","Resource":"lua:a.b",'
      .. '"TimeoutSeconds":"{% $states.input.t %}","HeartbeatSeconds":3,'
      .. '"Credentials":{"RoleArn":"{% \'r\' %}"},"Next":"End"', '{"t":9}')
    assert.equal(9, run.timeout_s)
    assert.equal(3, run.heartbeat_s)
    assert.equal("r", run.role_arn)
    run = started('"Type":"Task","Resource":"lua:a.b","TimeoutSeconds":'
      .. '"{% $states.input.t %}","Next":"End"', '{"t":"9"}')
    assert.equal(PREFIX .. "The JSONata expression '$states.input.t' "
      .. "specified for the field 'TimeoutSeconds' returned an unexpected "
      .. "result type. Expected 'number', but was 'string' for value: \"9\"",
      run.cause)
  end)

  it("leaves its result, or Output of it", function()
    local members = '"Type":"Task","Resource":"lua:a.b","Next":"End"'
    assert.equal("[1]", started(members):succeed("[1]").output)
    local run = started(members .. ',"Output":{"i":"{% $states.input.n %}",'
      .. '"r":"{% $states.result[1] %}"},"Assign":{"v":'
      .. '"{% $states.result[0] %}"}', '{"n":1}'):succeed("[5,6]")
    assert.equal('{"i":1,"r":6}', run.output)
    assert.equal('{"v":5}', run.assigned)
  end)

  -- Recorded at AWS: test_invalid_credentials_field.
  it("wants a RoleArn in Credentials", function()
    assert.same({ "SCHEMA_VALIDATION_FAILED: The field 'RoleArn' is required "
      .. "but was missing at /States/A/Credentials" },
      problems('"Type":"Task","Resource":"lua:a.b","Credentials":{"No":""},'
        .. '"End":true'))
  end)
end)

describe("a Choice", function()
  local CHOICES = '"Type":"Choice","Choices":[{"Condition":'
    .. '"{% $states.input.n > 1 %}","Next":"End","Output":"{% \'rule\' %}",'
    .. '"Assign":{"r":1}},{"Condition":false,"Next":"End"}],"Default":"End",'
    .. '"Output":"default","Assign":{"d":1}'

  it("goes by Condition", function()
    local run = started(CHOICES, '{"n":2}')
    assert.same({ '"rule"', '{"r":1}' }, { run.output, run.assigned })
    run = started(CHOICES, '{"n":1}')
    assert.same({ '"default"', '{"d":1}' }, { run.output, run.assigned })
  end)

  it("wants it to be a boolean", function()
    local run = started('"Type":"Choice","Choices":[{"Condition":'
      .. '"{% 1 %}","Next":"End"}]')
    assert.equal(PREFIX .. "The JSONata expression '1' specified for the "
      .. "field 'Choices[0]/Condition' returned an unexpected result type. "
      .. "Expected 'boolean', but was 'number' for value: 1", run.cause)
    assert.equal("Choices[0]/Condition", run.failed_location)
  end)
end)

describe("a Wait", function()
  it("takes Seconds and Timestamp from expressions", function()
    assert.equal(2000, started('"Type":"Wait","Seconds":'
      .. '"{% $states.input %}","Next":"End"', "2"):delay_ms())
    local run = started('"Type":"Wait","Timestamp":"{% $states.input %}",'
      .. '"Output":"{% $states.input %}","Next":"End"',
      '"2024-01-01T00:00:05Z"')
    assert.equal(5000, run:delay_ms())
    assert.equal('"2024-01-01T00:00:05Z"', run:advance(5).output)
  end)

  -- Recorded at AWS: test_wait_timestamp_jsonata.
  it("says what is no moment", function()
    local run = started('"Type":"Wait","Timestamp":"{% $states.input %}",'
      .. '"Next":"End"', '"2016-12-05 21:29:29Z"')
    assert.equal(PREFIX .. "The Timestamp field cannot be parsed as an "
      .. "ISO-8601 extended offset date-time format string: "
      .. "2016-12-05 21:29:29Z", run.cause)
    assert.equal("Timestamp", run.failed_location)
  end)
end)

describe("a Fail", function()
  it("takes Error and Cause from expressions", function()
    local run = machine_run.new('{"StartAt":"A","States":{"A":{' .. JSONATA
      .. '"Type":"Fail","Error":"{% $states.input.e %}","Cause":'
      .. '"{% \'because of \' & $states.input.e %}"}}}'):start('{"e":"E"}')
    assert.same({ "E", "because of E" }, { run.error, run.cause })
  end)
end)

describe("a Map", function()
  local function state_of(members)
    return machine_run.of_state(JSONATA .. '"Type":"Map","ItemProcessor":{'
      .. '"StartAt":"I","States":{"I":{"Type":"Succeed"}}},' .. members
      .. '"Next":"End"').loaded.states[1]
  end

  local function new_ctx(context)
    return fake_ctx.new(context or "{}", {
      now_ms = function()
        return 0
      end,
      variables = function() end,
      evaluation_failed = function() end,
    })
  end

  local function shown(value, error, cause)
    return value and value:text() or error .. ": " .. cause
  end

  local function items(members, input)
    return shown(map_data.items(new_ctx(), state_of(members),
      doc.parse(input)))
  end

  it("runs over Items: an array or an object", function()
    assert.equal("[1,2,3]", items('"Items":[1,"{% $number(\'2\') %}",3],',
      "{}"))
    assert.equal("[1]", items('"Items":"{% $states.input.a %}",',
      '{"a":[1]}'))
    assert.equal('{"a":[1]}', items('"Items":"{% $states.input %}",',
      '{"a":[1]}'))
    assert.equal("[7]", items("", "[7]"))
  end)

  -- Recorded at AWS: test_map_state_items_eval_jsonata_fail,
  -- test_map_state_items_input_types.
  it("says what it cannot run over", function()
    assert.equal(FAILED .. "The JSONata expression 'null' specified for the "
      .. "field 'Items' returned an unexpected result type. Expected 'array', "
      .. "but was 'null' for value: null", items('"Items":"{% null %}",', "1"))
    assert.equal(FAILED .. 'Map state input must be an array but was: "s"',
      items("", '"s"'))
  end)

  it("makes inputs of ItemSelector", function()
    local ctx = new_ctx('{"Map":{"Item":{"Index":1,"Value":"v"}}}')
    local state = state_of('"ItemSelector":{"v":'
      .. '"{% $states.context.Map.Item.Value %}","x":"{% $states.input %}"},')
    assert.equal('{"v":"v","x":5}', shown(map_data.item_input(ctx, state,
      doc.parse("5"), 1, doc.parse('"v"'))))
  end)

  it("takes numbers from expressions", function()
    local state = state_of('"MaxConcurrency":"{% $states.input %}",'
      .. '"ToleratedFailurePercentage":"{% $states.input %}",')
    assert.equal(3, map_data.max_concurrency(new_ctx(), state,
      doc.parse("3")))
    assert.same({ 0, 3 }, { map_data.tolerance(new_ctx(), state,
      doc.parse("3")) })
    assert.is_nil((map_data.tolerance(new_ctx(), state, doc.parse('"x"'))))
  end)
end)
