--- asl.validator: for each check what sets it off, and what does not.

local doc = require("wf.doc")
local machine = require("machine")
local validator = require("asl.validator")

-- Findings of one code, "message at location"; all: with those of others.
local function findings(definition, code, options)
  local list = {}
  for _, finding in ipairs(machine.diagnose(definition, options)) do
    if not code or finding.code == code then
      list[#list + 1] = finding.message .. " at "
        .. tostring(finding.location)
    end
  end
  return list
end

local function of_states(states, language)
  return '{"QueryLanguage":"' .. (language or "JSONPath")
    .. '","StartAt":"A","States":{' .. states .. "}}"
end

-- A definition whose state A has some members; S is the end.
local function of_state(members, language)
  return of_states('"A":{' .. members .. '},"S":{"Type":"Succeed"}', language)
end

local function task(members, language)
  return of_state('"Type":"Task","Next":"S",' .. members, language)
end

-- A distributed Map whose processor has the fields of one state, B.
local function distributed(members, inner, execution_type)
  return of_state('"Type":"Map","Next":"S",' .. members .. ',"ItemProcessor":'
    .. '{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"'
    .. (execution_type or "STANDARD") .. '"},"StartAt":"B","States":{"B":{'
    .. (inner or '"Type":"Pass"') .. ',"End":true}}}')
end

local LAMBDA = '"Resource":"arn:aws:states:::lambda:invoke"'

-- code = { what sets it off, ... }, { what does not, ... }; every definition
-- is one that loads.
local cases = {
  NO_DOLLAR = {
    {
      task(LAMBDA .. ',"Parameters":{"Payload":"$.order"}'),
      task(LAMBDA .. ',"Parameters":{"a":{"b":["$$.Execution.Id"]}}'),
      task(LAMBDA .. [[,"ResultSelector":{"a":"States.UUID()"}]]),
      task(LAMBDA .. ',"Assign":{"a":"$.b"}'),
      distributed('"ItemReader":{"Resource":"file:read","Parameters":'
        .. '{"Path":"$.p"},"ReaderConfig":{"InputType":"JSON"}}'),
      distributed('"ItemBatcher":{"MaxItemsPerBatch":1,"BatchInput":'
        .. '{"a":"$.p"}}'),
    },
    {
      task(LAMBDA .. ',"Parameters":{"Payload.$":"$.order"}'),
      task(LAMBDA .. ',"Parameters":{"a":"$5 each","b":"States. So"}'),
      task(LAMBDA .. ',"Arguments":{"a":"$.b"}', "JSONata"),
    },
  },
  NO_PATH = {
    {
      of_states('"A":{"Type":"Fail","Error":"$.error"}'),
      of_state('"Type":"Choice","Default":"S","Choices":[{"Not":{"Variable":'
        .. '"$.a","StringEquals":"$.b"},"Next":"S"}]'),
    },
    {
      of_states('"A":{"Type":"Fail","ErrorPath":"$.error","Cause":"$5"}'),
      of_state('"Type":"Choice","Default":"S","Choices":[{"Variable":'
        .. '"$.a","StringEqualsPath":"$.b","Next":"S"},{"Variable":"$.a",'
        .. '"StringMatches":"$.b","Next":"S"}]'),
    },
  },
  PASS_RESULT_IS_STATIC = {
    {
      of_state('"Type":"Pass","Result":"$.a","Next":"S"'),
      of_state('"Type":"Pass","Result":{"a":[{"b.$":"x"}]},"Next":"S"'),
    },
    {
      of_state('"Type":"Pass","Result":{"a":"b"},"Next":"S"'),
      of_state('"Type":"Pass","Parameters":{"a.$":"$.b"},"Next":"S"'),
    },
  },
  MOONSTEP_NO_WAY_TO_END = {
    {
      of_states('"A":{"Type":"Choice","Default":"B","Choices":[{"Variable":'
        .. '"$.a","IsNull":true,"Next":"S"}]},"S":{"Type":"Succeed"},'
        .. '"B":{"Type":"Pass","Next":"B"}'),
      of_states('"A":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"B",'
        .. '"States":{"B":{"Type":"Choice","Default":"C","Choices":[{'
        .. '"Variable":"$","IsNull":true,"Next":"E"}]},"E":{"Type":"Succeed"},'
        .. '"C":{"Type":"Pass","Next":"D"},"D":{"Type":"Wait","Seconds":1,'
        .. '"Next":"C"}}}}'),
    },
    {
      of_states('"A":{"Type":"Wait","Seconds":9,"Next":"B"},"B":{"Type":'
        .. '"Choice","Default":"A","Choices":[{"Variable":"$.a","IsNull":true,'
        .. '"Next":"S"}]},"S":{"Type":"Succeed"}'),
      of_states('"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Task",'
        .. '"Resource":"lua:a.b","Next":"A","Catch":[{"ErrorEquals":['
        .. '"States.ALL"],"Next":"S"}]},"S":{"Type":"Fail"}'),
    },
  },
  MOONSTEP_NO_DEFAULT = {
    {
      of_state('"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,'
        .. '"Next":"S"}]'),
      of_state('"Type":"Choice","Choices":[{"Condition":"{% $x %}","Next":'
        .. '"S"}],"Assign":{"x":1}', "JSONata"),
      of_state('"Type":"Choice","Choices":[{"Variable":"$.a","BooleanEquals":'
        .. 'true,"Next":"S"},{"Variable":"$.b","BooleanEquals":false,"Next":'
        .. '"S"}]'),
    },
    {
      of_state('"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,'
        .. '"Next":"S"}],"Default":"S"'),
      of_state('"Type":"Choice","Choices":[{"Variable":"$.a","BooleanEquals":'
        .. 'true,"Next":"S"},{"Variable":"$.a","BooleanEquals":false,"Next":'
        .. '"S"}]'),
    },
  },
  MOONSTEP_CHOICE_OF_ITSELF = {
    {
      of_state('"Type":"Choice","Default":"A","Choices":[{"Variable":"$.a",'
        .. '"IsNull":true,"Next":"S"}]'),
    },
    {
      of_state('"Type":"Choice","Default":"S","Choices":[{"Variable":"$.a",'
        .. '"IsNull":true,"Next":"S"}]'),
      of_state('"Type":"Choice","Default":"A","Choices":[{"Variable":'
        .. '"$$.State.EnteredTime","TimestampGreaterThan":'
        .. '"2030-01-01T00:00:00Z","Next":"S"}]'),
      of_state('"Type":"Choice","Default":"A","Assign":{"n":2},"Choices":[{'
        .. '"Variable":"$n","NumericEquals":2,"Next":"S"}]'),
    },
  },
  MOONSTEP_UNASSIGNED_VARIABLE = {
    {
      of_state('"Type":"Pass","Parameters":{"a.$":"$nope.b"},"Next":"S"'),
      of_state('"Type":"Pass","Output":"{% $nope + 1 %}","Next":"S"',
        "JSONata"),
      of_states('"A":{"Type":"Pass","Next":"M","Output":"{% $inner %}"},"M":{'
        .. '"Type":"Map","End":true,"ItemProcessor":{"StartAt":"B","States":{'
        .. '"B":{"Type":"Pass","Assign":{"inner":1},"End":true}}}}',
        "JSONata"),
    },
    {
      of_state('"Type":"Pass","Assign":{"a.$":"$.b"},"Parameters":{"a.$":'
        .. '"$a.b"},"Next":"S"'),
      of_state('"Type":"Pass","Output":"{% ($x := 1; $sum([$x, '
        .. '$states.input.n])) %}","Next":"S"', "JSONata"),
      of_states('"A":{"Type":"Pass","Assign":{"outer":1},"Next":"M"},"M":{'
        .. '"Type":"Map","End":true,"ItemProcessor":{"StartAt":"B","States":{'
        .. '"B":{"Type":"Pass","Output":"{% $outer %}","End":true}}}}',
        "JSONata"),
      task('"Resource":"lua:a.b","Catch":[{"ErrorEquals":["E"],"Assign":{'
        .. '"e":1},"Next":"S"}],"Assign":{"a.$":"$e"}'),
    },
  },
  MOONSTEP_OTHER_LANGUAGE = {
    {
      task(LAMBDA .. ',"Parameters":{"a":"{% $states.input %}"}'),
      task(LAMBDA .. ',"Arguments":{"a.$":"$.b"}', "JSONata"),
      task(LAMBDA .. ',"Arguments":{"a":["$$.Execution.Id"]}', "JSONata"),
      of_state('"Type":"Pass","Output":"$.a","Next":"S"', "JSONata"),
    },
    {
      task(LAMBDA .. ',"Parameters":{"a":"{% of all","b.$":"$.b"}'),
      task(LAMBDA .. ',"Arguments":{"a":"{% $states.input %}","b":"$.50"}',
        "JSONata"),
    },
  },
  MOONSTEP_SHADOWED_ERROR = {
    {
      task('"Resource":"lua:a.b","Retry":[{"ErrorEquals":["A","B"]},'
        .. '{"ErrorEquals":["C","B"]}]'),
      task('"Resource":"lua:a.b","Retry":[{"ErrorEquals":'
        .. '["States.TaskFailed"]},{"ErrorEquals":["Own"]}]'),
    },
    {
      task('"Resource":"lua:a.b","Retry":[{"ErrorEquals":["A"]},'
        .. '{"ErrorEquals":["B"]},{"ErrorEquals":["States.ALL"]}]'),
      task('"Resource":"lua:a.b","Retry":[{"ErrorEquals":'
        .. '["States.TaskFailed"]},{"ErrorEquals":["States.Timeout"]}]'),
      task('"Resource":"lua:a.b","Retry":[{"ErrorEquals":["A"]}],"Catch":['
        .. '{"ErrorEquals":["A"],"Next":"S"}]'),
    },
  },
  MOONSTEP_UNKNOWN_ERROR = {
    { task('"Resource":"lua:a.b","Retry":[{"ErrorEquals":'
      .. '["States.Timout"]}]') },
    {
      task('"Resource":"lua:a.b","Retry":[{"ErrorEquals":["States.Timeout",'
        .. '"States.Http.StatusCode.503","Own","Lambda.Unknown"]}]'),
      of_states('"A":{"Type":"Parallel","Branches":[{"StartAt":"F","States":{'
        .. '"F":{"Type":"Fail","Error":"States.Own"}}}],"Catch":[{'
        .. '"ErrorEquals":["States.Own"],"Next":"S"}],"Next":"S"},'
        .. '"S":{"Type":"Succeed"}'),
    },
  },
  MOONSTEP_RUNTIME_NOT_CAUGHT = {
    { task('"Resource":"lua:a.b","Retry":[{"ErrorEquals":'
      .. '["States.Runtime"]}]') },
    { task('"Resource":"lua:a.b","Retry":[{"ErrorEquals":["States.Runtime",'
      .. '"Own"]}]') },
  },
  MOONSTEP_LATE_HEARTBEAT = {
    { task('"Resource":"lua:a.b","TimeoutSeconds":9,"HeartbeatSeconds":9') },
    { task('"Resource":"lua:a.b","TimeoutSeconds":9,"HeartbeatSeconds":3'),
      task('"Resource":"lua:a.b","HeartbeatSeconds":3') },
  },
  MOONSTEP_TOKEN_NOT_PASSED = {
    {
      task('"Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",'
        .. '"Parameters":{"QueueUrl":"q","MessageBody":"m"}'),
    },
    {
      task('"Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",'
        .. '"Parameters":{"MessageBody":{"t.$":"$$.Task.Token"}}'),
      task('"Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",'
        .. '"Arguments":{"t":"{% $states.context.Task.Token %}"}', "JSONata"),
      task('"Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken"'),
      task('"Resource":"arn:aws:states:::sqs:sendMessage","Parameters":{}'),
    },
  },
  MOONSTEP_WAIT_OF_NOTHING = {
    { of_state('"Type":"Wait","Seconds":0,"Next":"S"') },
    { of_state('"Type":"Wait","Seconds":1,"Next":"S"'),
      of_state('"Type":"Wait","SecondsPath":"$.s","Next":"S"') },
  },
  MOONSTEP_DUPLICATE_FIELD = {
    { of_state('"Type":"Pass","Result":{"a":1,"a":2},"Next":"S"'),
      of_state('"Type":"Pass","Next":"A","Next":"S"') },
    { of_state('"Type":"Pass","Result":[{"a":1},{"a":2}],"Next":"S"') },
  },
  MOONSTEP_DEPRECATED = {
    { of_state('"Type":"Map","Iterator":{"StartAt":"B","States":{"B":{'
      .. '"Type":"Succeed"}}},"Next":"S"') },
    { of_state('"Type":"Map","ItemProcessor":{"StartAt":"B","States":{"B":{'
      .. '"Type":"Succeed"}}},"Next":"S"'),
      task(LAMBDA .. ',"Parameters":{}') },
  },
  MOONSTEP_NOT_PORTABLE = {
    { task('"Resource":"lua:a.b"'), task(LAMBDA .. ',"AtMostOnce":true'),
      distributed('"ItemReader":{"Resource":"file:list","Parameters":{}},'
        .. '"ResultWriter":{"Resource":"file:write","Parameters":{}}') },
    { task(LAMBDA .. ',"TimeoutSeconds":1'),
      distributed('"ItemReader":{"Resource":"arn:aws:states:::s3:'
        .. 'listObjectsV2","Parameters":{"Bucket":"b"}}') },
  },
}

local function errors_in(definition)
  local list = {}
  for _, finding in ipairs(machine.diagnose(definition)) do
    if (finding.severity or "ERROR") == "ERROR" then
      list[#list + 1] = finding.message
    end
  end
  return list
end

describe("the check", function()
  for _, check in ipairs(validator.checks) do
    if not check.is_shared then
      describe(check.code, function()
        local given = cases[check.code] or { {}, {} }
        it("has cases of both kinds", function()
          assert.is_truthy(given[1][1])
          assert.is_truthy(given[2][1])
        end)
        for number, definition in ipairs(given[1]) do
          it("finds " .. number, function()
            assert.same({}, errors_in(definition))
            assert.equal(1, #findings(definition, check.code))
          end)
        end
        for number, definition in ipairs(given[2]) do
          it("passes over " .. number, function()
            assert.same({}, errors_in(definition))
            assert.same({}, findings(definition, check.code))
          end)
        end
      end)
    end
  end
end)

describe("a finding", function()
  it("says where and what", function()
    assert.same({ "The field 'Payload' looks like a JSONPath, but its name "
      .. "does not end in '.$' at /States/A/Parameters/Payload" },
      findings(cases.NO_DOLLAR[1][1], "NO_DOLLAR"))
    assert.same({ 'State "B" leads to no end at /States/B' },
      findings(cases.MOONSTEP_NO_WAY_TO_END[1][1], "MOONSTEP_NO_WAY_TO_END"))
    assert.same({ 'States "C", "D" lead to each other, but to no end at '
      .. "/States/A/ItemProcessor/States/C" },
      findings(cases.MOONSTEP_NO_WAY_TO_END[1][2], "MOONSTEP_NO_WAY_TO_END"))
    assert.same({ "The variable '$nope' is never assigned at /States/A" },
      findings(cases.MOONSTEP_UNASSIGNED_VARIABLE[1][1],
        "MOONSTEP_UNASSIGNED_VARIABLE"))
    assert.same({ "An earlier element takes B: this one is never used for it "
      .. "at /States/A/Retry[1]/ErrorEquals" },
      findings(cases.MOONSTEP_SHADOWED_ERROR[1][1],
        "MOONSTEP_SHADOWED_ERROR"))
  end)

  it("comes after what is worse", function()
    local severities = {}
    for i, finding in ipairs(machine.diagnose(of_state('"Type":"Task",'
      .. '"Resource":"lua:a.b","TimeoutSeconds":1,"HeartbeatSeconds":1,'
      .. '"Next":"T"'))) do
      severities[i] = finding.severity or "ERROR"
    end
    assert.same({ "ERROR", "ERROR", "WARNING", "INFO" }, severities)
  end)

  it("is an error if only errors are asked for", function()
    local definition = of_state('"Type":"Wait","Seconds":0,"Nxt":"S"')
    local found = machine.diagnose(definition, { errors_only = true })
    assert.is_truthy(found[1])
    for _, finding in ipairs(found) do
      assert.is_nil(finding.severity)
    end
  end)

  it("is made although the definition does not load", function()
    local definition = of_state('"Type":"Wait","Seconds":0,"Nxt":"S"')
    assert.equal(1, #findings(definition, "MOONSTEP_WAIT_OF_NOTHING"))
  end)
end)

describe("an EXPRESS state machine", function()
  local function express(resource)
    return findings(task('"Resource":"' .. resource .. '"'), nil,
      { type = "EXPRESS" })
  end

  it("has no activities and waits for no one", function()
    assert.same({ "Express state machine does not support Activity ARN at "
      .. "/States/A/Resource" },
      express("arn:aws:states:us-east-1:000000000000:activity:a"))
    assert.matches("does not support '.sync' service integration",
      express("arn:aws:states:::states:startExecution.sync:2")[1])
    assert.matches("does not support '.waitForTaskToken' service",
      express("arn:aws:states:::sqs:sendMessage.waitForTaskToken")[1])
    assert.same({}, express("arn:aws:states:::lambda:invoke"))
  end)

  it("has no distributed Maps", function()
    assert.same({ "Express state machine does not support a Map with the Mode "
      .. "'DISTRIBUTED' at /States/A/ItemProcessor/ProcessorConfig" },
      findings(distributed('"MaxConcurrency":1'), nil, { type = "EXPRESS" }))
    assert.same({}, findings(distributed('"MaxConcurrency":1')))
  end)

  it("may be what runs the items of one", function()
    local waits = '"Type":"Task","Resource":'
      .. '"arn:aws:states:::states:startExecution.sync"'
    assert.matches("does not support '.sync'",
      findings(distributed('"MaxConcurrency":1', waits, "EXPRESS"))[1])
    assert.same({}, findings(distributed('"MaxConcurrency":1', waits)))
  end)
end)

describe("a JSONata expression", function()
  local function found(expression, field)
    local list = machine.diagnose(task(LAMBDA .. "," .. (field
      or '"Output":{"v":[1,%s]}'):format(doc.quote("{% " .. expression
      .. " %}")), "JSONata"))
    for i, finding in ipairs(list) do
      list[i] = finding.code .. ": " .. finding.message .. " at "
        .. finding.location
    end
    return table.concat(list, ", ")
  end

  it("that cannot be parsed is refused where it stands", function()
    assert.equal('INVALID_JSONATA_EXPRESSION: Expected "]", got "," at '
      .. "/States/A/Output/v[1]", found("$a[1,2)"))
    assert.equal("INVALID_JSONATA_EXPRESSION: Unexpected end of expression "
      .. "at /States/A/TimeoutSeconds", found("1 +", '"TimeoutSeconds":%s'))
  end)

  local UNSUPPORTED = "UNSUPPORTED_JSONATA_EXPRESSION: "
  local names = {
    "phone", "phone.home", "phone[0]", "$sum(phone)", "-phone",
    "[1, phone]", '{"a": phone}', "true ? phone", "$states.input ~> $f(phone)",
    "($x := phone; $x)", "$map([1], function($v) { $v + phone })",
    "phone^(a)", "phone{a: b}", "phone@$p.x", "`phone`",
  }
  for _, text in ipairs(names) do
    it("begins no path with a name: " .. text, function()
      assert.equal(UNSUPPORTED .. "Reference to 'phone' at the top level is "
        .. "not supported. at /States/A/Output/v[1]", found(text))
    end)
  end

  local members = {
    "$states.input.phone", "$states.input[phone = 1].(a + b)",
    "$states.input.items^(price){name: $sum(price)}",
    "$states.input ~> |items|{\"a\": price}|", "$states.result.a",
    "$states.input.$map(items, function($i) { $i.price * rate })",
    "$states.context.Execution.Id",
  }
  for _, text in ipairs(members) do
    it("goes on with names: " .. text, function()
      assert.equal("", found(text))
    end)
  end

  it("has what $states has there", function()
    local function lacks(name, place)
      return UNSUPPORTED .. "Field '$states." .. name .. "' does not exist. "
        .. "at /States/A/" .. place
    end
    assert.equal(lacks("errorOutput", "Output/v[1]"),
      found("$states.errorOutput"))
    assert.equal(lacks("inptu", "Output/v[1]"), found("$states.inptu.a"))
    assert.equal(lacks("result", "Arguments/p"),
      found("$states.result[0].a", '"Arguments":{"p":%s}'))
    assert.equal("", found("$states.errorOutput.Error", '"Catch":[{'
      .. '"ErrorEquals":["E"],"Next":"S","Output":%s}]'))
  end)
end)

describe("whatever is no state machine", function()
  local texts = {
    "{}", "[]", "1", '{"States":1}', '{"States":{"A":1}}',
    '{"States":{"A":{}}}', '{"StartAt":1,"States":{"A":{"Type":1}}}',
    '{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":1,"Default":1}}}',
    '{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[1,{"Not":1}]}}}',
    '{"StartAt":"A","States":{"A":{"Type":"Map","ItemProcessor":[]}}}',
    '{"StartAt":"A","States":{"A":{"Type":"Map","ItemProcessor":{"States":{},'
      .. '"ProcessorConfig":1}}}}',
    '{"StartAt":"A","States":{"A":{"Type":"Map","QueryLanguage":"X","Label":1,'
      .. '"ItemReader":{"ReaderConfig":{"MaxItems":"$.x"},"Resource":[]},'
      .. '"ItemBatcher":1,"ResultWriter":{"WriterConfig":[]}}}}',
    '{"StartAt":"A","States":{"A":{"Type":"Map","ItemReader":1,"ResultWriter"'
      .. ':[],"ItemBatcher":"x","Label":{}}}}',
    '{"StartAt":"A","States":{"A":{"Type":"Map","ItemReader":{"ReaderConfig":'
      .. '1,"Resource":"arn:aws:states:::s3:getObject"},"ItemProcessor":'
      .. '{"ProcessorConfig":[]}}}}',
    '{"StartAt":"A","States":{"A":{"Type":"Parallel","Branches":[1,{}]}}}',
    '{"StartAt":"A","States":{"A":{"Type":"Task","Resource":1,"Retry":[1,'
      .. '{"ErrorEquals":[1]}],"Catch":{},"TimeoutSeconds":"x"}}}',
    '{"QueryLanguage":1,"StartAt":"A","States":{"A":{"Type":"Pass","Assign":'
      .. '1,"QueryLanguage":{}}}}',
  }
  for number, text in ipairs(texts) do
    it("is refused, " .. number, function()
      assert.is_truthy(errors_in(text)[1])
    end)
  end

  it("may nest as deep as JSON may", function()
    local depth = 120
    local text = '{"States":{"A":{"Type":"Map","ItemProcessor":'
    assert.is_truthy(errors_in(text:rep(depth) .. "1" .. ("}}}"):rep(depth))[1])
    assert.is_truthy(doc.parse(text:rep(depth) .. "1" .. ("}}}"):rep(depth)))
  end)
end)
