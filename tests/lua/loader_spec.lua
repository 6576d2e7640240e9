--- asl.loader: what is refused, with which words, and what comes of the rest.

local machine = require("machine")
local machine_run = require("machine_run")

local problems = machine_run.problems

local function of_states(states)
  return problems('{"StartAt":"A","States":{' .. states .. "}}")
end

local function of_state(members)
  return of_states('"A":{' .. members .. '},"B":{"Type":"Succeed"}')
end

local SCHEMA = "SCHEMA_VALIDATION_FAILED: "

describe("a definition", function()
  it("is a JSON object", function()
    assert.same({ SCHEMA .. "Definition must be a valid JSON object" },
      problems(" "))
    assert.same({ SCHEMA .. "Definition must be a valid JSON object at /" },
      problems("[]"))
    local found = problems("not a definition")
    assert.matches("^INVALID_JSON_DESCRIPTION: .+ at /$", found[1])
  end)

  it("has StartAt and States", function()
    assert.same({ SCHEMA .. "These fields are required: [States, StartAt] "
      .. "at /" }, problems("{}"))
    assert.same({ SCHEMA .. "These fields are required: [StartAt] at /" },
      problems('{"States":{"S":{"Type":"Pass","End":true}}}'))
    assert.equal(1, #problems('{"StartAt":"A","States":{}}'))
    assert.equal(1, #problems('{"StartAt":"A","States":[]}'))
  end)

  it("starts at a state that there is", function()
    assert.same({ "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at "
      .. "/StartAt", 'MISSING_TRANSITION_TARGET: State "A" is not reachable. '
      .. "at /States/A" }, problems('{"StartAt":"B","States":{"A":'
      .. '{"Type":"Succeed"}}}'))
  end)

  it("may have a timeout, a version and a comment", function()
    local loaded = assert(machine.load('{"Comment":"c","Version":"1.0",'
      .. '"TimeoutSeconds":60,"StartAt":"A","QueryLanguage":"JSONPath",'
      .. '"States":{"A":{"Type":"Succeed"}}}'))
    assert.same({ 1, 60 }, { loaded.start, loaded.timeout_s })
    assert.same({
      SCHEMA .. "The value must be between 1 and 99999999 at "
        .. "/TimeoutSeconds",
    }, problems('{"TimeoutSeconds":0,"StartAt":"A","States":{"A":'
      .. '{"Type":"Succeed"}}}'))
    assert.same({ SCHEMA .. "Field 'Nope' is not supported at /" },
      problems('{"Nope":0,"StartAt":"A","States":{"A":'
      .. '{"Type":"Succeed"}}}'))
  end)

  it("goes from JSONPath to JSONata, not back", function()
    local downgrade = '{"StartAt":"A","QueryLanguage":"JSONata","States":{'
      .. '"A":{"Type":"Pass","QueryLanguage":"JSONPath","End":true}}}'
    assert.same({ SCHEMA .. "'QueryLanguage' can not be 'JSONPath' if set to "
      .. "'JSONata' for whole state machine at /States/A" },
      problems(downgrade))
    assert.same({}, problems('{"StartAt":"A","States":{"A":{"Type":"Map",'
      .. '"QueryLanguage":"JSONata","ItemProcessor":{"StartAt":"B","States":{'
      .. '"B":{"Type":"Pass","Parameters":{},"End":true}}},"End":true}}}'))
    assert.same({ SCHEMA .. "The field 'QueryLanguage' should have one of "
      .. "these values: [JSONPath, JSONata] at /QueryLanguage" },
      problems('{"StartAt":"A","QueryLanguage":"SQL","States":{"A":'
        .. '{"Type":"Succeed"}}}'))
  end)

  it("keeps the fields of the query languages apart", function()
    assert.same({ SCHEMA .. "The QueryLanguage is set to 'JSONPath', but "
      .. "field 'Output' is only supported for the 'JSONata' QueryLanguage "
      .. "at /States/A" },
      problems('{"StartAt":"A","States":{"A":{"Type":"Pass","Output":{},'
        .. '"End":true}}}'))
    assert.same({ SCHEMA .. "The QueryLanguage is set to 'JSONata', but "
      .. "field 'InputPath' is only supported for the 'JSONPath' "
      .. "QueryLanguage at /States/A" },
      problems('{"StartAt":"A","QueryLanguage":"JSONata","States":{"A":{'
        .. '"Type":"Succeed","InputPath":"$"}}}'))
  end)
end)

describe("transitions", function()
  it("lead to states that there are", function()
    assert.same({
      "MISSING_TRANSITION_TARGET: Missing 'Next' target: C at /States/A/Next",
      'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B',
    }, of_state('"Type":"Pass","Next":"C"'))
    assert.same({ "MISSING_TRANSITION_TARGET: Missing 'Next' target: C at "
      .. "/States/A/Choices[0]/Next" }, of_state('"Type":"Choice","Choices":['
      .. '{"Variable":"$.a","IsNull":true,"Next":"C"}],"Default":"B"'))
    assert.same({ "MISSING_TRANSITION_TARGET: Missing 'Next' target: C at "
      .. "/States/A/Catch[0]/Next" }, of_state('"Type":"Task","Resource":'
      .. '"lua:a.b","Next":"B","Catch":[{"ErrorEquals":["E"],"Next":"C"}]'))
  end)

  it("lead to every state", function()
    assert.same({ 'MISSING_TRANSITION_TARGET: State "B" is not reachable. at '
      .. "/States/B" }, of_state('"Type":"Pass","End":true'))
  end)

  it("lead to an end", function()
    assert.same({
      "MISSING_END_STATE: Workflow has no terminal state",
    }, of_states('"A":{"Type":"Pass","Next":"A"}'))
  end)

  it("are Next or End, not both, not neither", function()
    local message = SCHEMA .. "Exactly one of these fields is required: "
      .. "[Next, End] at /States/A"
    assert.same({ message },
      of_state('"Type":"Pass","Next":"B","End":true'))
    assert.equal(message, of_state('"Type":"Pass"')[1])
    assert.same({ SCHEMA .. "The value for the field 'End' must be true at "
      .. "/States/A/End" }, of_states('"A":{"Type":"Pass","End":false},'
      .. '"B":{"Type":"Succeed"}'))
  end)
end)

describe("names of states", function()
  it("occur once", function()
    assert.same({ "DUPLICATE_STATE_NAME: Duplicate State name: A at "
      .. "/States/A" }, of_states('"A":{"Type":"Succeed"},'
      .. '"A":{"Type":"Succeed"}'))
  end)

  it("have at most 80 characters, not bytes", function()
    local name = ("ü"):rep(80)
    local definition = '{"StartAt":"%s","States":{"%s":{"Type":"Succeed"}}}'
    assert.same({}, problems(definition:format(name, name)))
    name = name .. "x"
    assert.same({ "INVALID_STATE_NAME: State names have 1 to 80 characters at "
      .. "/States/" .. name }, problems(definition:format(name, name)))
  end)
end)

describe("states", function()
  it("have a type that there is", function()
    assert.equal(SCHEMA .. "The field 'Type' is required but was missing at "
      .. "/States/A", of_state('"End":true')[1])
    assert.equal(SCHEMA .. "The field 'Type' should have one of these values: "
      .. "[Task, Wait, Pass, Succeed, Fail, Choice, "
      .. "Parallel, Map] at /States/A/Type",
      of_state('"Type":"Nope","Next":"B"')[1])
  end)

  it("have only the fields of their type", function()
    assert.same({ SCHEMA .. "Field 'ResultPath' is not supported at "
      .. "/States/A" },
      of_state('"Type":"Wait","Seconds":1,"ResultPath":"$.a","Next":"B"'))
    assert.same({ SCHEMA .. "Field 'End' is not supported at /States/A" },
      of_states('"A":{"Type":"Succeed","End":true}'))
  end)

  it("have the fields they need", function()
    assert.same({ SCHEMA .. "The field 'Resource' is required but was missing "
      .. "at /States/A" }, of_state('"Type":"Task","Next":"B"'))
    assert.same({ SCHEMA .. "Exactly one of these fields is required: "
      .. "[Seconds, Timestamp, SecondsPath, TimestampPath] at /States/A" },
      of_state('"Type":"Wait","Next":"B"'))
    assert.same({ SCHEMA .. "Only one of these fields is allowed: "
      .. "[Error, ErrorPath] at /States/A" },
      of_states('"A":{"Type":"Fail","Error":"E","ErrorPath":"$.e"}'))
  end)

  for members, message in pairs({
    ['"Type":"Pass","InputPath":1,"Next":"B"'] =
      "Expected value of type String at /States/A/InputPath",
    ['"Type":"Pass","InputPath":"$[","Next":"B"'] =
      "The value for the field 'InputPath' must be a valid JSONPath: it is "
        .. "not understood at /States/A/InputPath",
    ['"Type":"Pass","ResultPath":"$$.a","Next":"B"'] =
      "The value for the field 'ResultPath' must be a valid Reference Path: "
        .. "a Reference Path names one place in the input at "
        .. "/States/A/ResultPath",
    ['"Type":"Pass","Parameters":{"parsed.$":"nope"},"Next":"B"'] =
      "The value for the field 'parsed.$' must be a valid JSONPath or a valid "
        .. "intrinsic function call at /States/A/Parameters",
    ['"Type":"Wait","Seconds":1.5,"Next":"B"'] =
      "Expected value of type Integer at /States/A/Seconds",
    ['"Type":"Wait","Seconds":-1,"Next":"B"'] =
      "The value must be between 0 and 99999999 at /States/A/Seconds",
    ['"Type":"Wait","Timestamp":"2016-12-05T21:29:29","Next":"B"'] =
      "String does not match RFC3339 timestamp at /States/A/Timestamp",
    ['"Type":"Task","Resource":"arn:nope","Next":"B"'] =
      "The resource provided arn:nope is not recognized. The value is not a "
        .. "valid resource ARN, or the resource is not available in this "
        .. "region. at /States/A/Resource",
    ['"Type":"Task","Resource":"arn:aws:states:::dynamodb:query","Next":"B"'] =
      "The resource provided arn:aws:states:::dynamodb:query is not "
        .. "recognized. The value is not a valid resource ARN, or the resource "
        .. "is not available in this region. at /States/A/Resource",
    ['"Type":"Task","Resource":"lua:a.b","Credentials":{},"Next":"B"'] =
      "Exactly one of these fields is required: [RoleArn, RoleArn.$] at "
        .. "/States/A/Credentials",
    ['"Type":"Choice","Choices":[],"Default":"B"'] =
      "Expected value of type non-empty Array at /States/A/Choices",
    ['"Type":"Choice","Choices":[{"Variable":"$.a","Next":"B"}]'] =
      "A rule must have exactly one comparison operator, And, Or or Not at "
        .. "/States/A/Choices[0]",
    ['"Type":"Choice","Choices":[{"IsNull":true,"Next":"B"}]'] =
      "The field 'Variable' is required but was missing at "
        .. "/States/A/Choices[0]",
    ['"Type":"Choice","Choices":[{"Not":{"Variable":"$.a","IsNull":true,'
      .. '"Next":"B"},"Next":"B"}]'] =
      "Field 'Next' is not supported at /States/A/Choices[0]/Not",
    ['"Type":"Choice","Choices":[{"Variable":"$.a","NumericEquals":"1",'
      .. '"Next":"B"}]'] =
      "Expected value of type Number at "
        .. "/States/A/Choices[0]/NumericEquals",
  }) do
    it("have fields of the right type: " .. members, function()
      assert.same({ SCHEMA .. message }, of_state(members))
    end)
  end
end)

describe("Retry and Catch", function()
  local function retry(text)
    return of_state('"Type":"Task","Resource":"lua:a.b","Next":"B","Retry":'
      .. text)
  end

  it("have States.ALL alone and last", function()
    assert.same({ SCHEMA .. "States.ALL must appear alone at "
      .. "/States/A/Retry[0]/ErrorEquals" },
      retry('[{"ErrorEquals":["States.ALL","A"]}]'))
    assert.same({ SCHEMA .. "States.ALL must appear in the last element of "
      .. "the array at /States/A/Retry[0]/ErrorEquals" },
      retry('[{"ErrorEquals":["States.ALL"]},{"ErrorEquals":["A"]}]'))
  end)

  it("may name errors that AWS does not know", function()
    assert.same({}, retry('[{"ErrorEquals":["States.TaskFailedId","X"]}]'))
  end)

  it("have sensible numbers", function()
    assert.equal(1, #retry('[{"ErrorEquals":["A"],"IntervalSeconds":0}]'))
    assert.equal(1, #retry('[{"ErrorEquals":["A"],"BackoffRate":0.5}]'))
    assert.equal(1, #retry('[{"ErrorEquals":["A"],"MaxAttempts":-1}]'))
    assert.equal(1, #retry('[{"ErrorEquals":["A"],"JitterStrategy":"X"}]'))
    assert.equal(1, #retry('[{"ErrorEquals":["A"],"IntervalSeconds":5,'
      .. '"MaxDelaySeconds":5}]'))
    assert.equal(1, #retry('[{"ErrorEquals":[]}]'))
    assert.equal(1, #retry('[{}]'))
    assert.equal(1, #retry('{}'))
    assert.same({}, retry('[]'))
  end)
end)

describe("a hostile definition", function()
  it("may be wrong in many places, and a hundred and one are told", function()
    local states = {}
    for i = 1, 2000 do
      states[i] = '"S' .. i .. '":{"Type":"Nope"}'
    end
    assert.equal(101, #of_states(table.concat(states, ",")))
  end)

  it("may nest rules as deep as JSON may be", function()
    local depth = 200
    local rule = ('{"Not":'):rep(depth) .. '{"Variable":"$.a","IsNull":true}'
      .. ("}"):rep(depth - 1) .. ',"Next":"B"}'
    local run = machine_run.new('{"StartAt":"A","States":{"A":{"Type":'
      .. '"Choice","Choices":[' .. rule .. '],"Default":"C"},"B":{"Type":'
      .. '"Succeed"},"C":{"Type":"Succeed"}}}'):start('{"a":null}')
    assert.same({ "A", "B" }, run.visited)
  end)

  it("may have many states", function()
    local count, states = 10000, {}
    for i = 1, count do
      states[i] = '"S' .. i .. '":{"Type":"Pass",'
        .. (i < count and '"Next":"S' .. i + 1 .. '"' or '"End":true') .. "}"
    end
    local loaded = assert(machine.load('{"StartAt":"S1","States":{'
      .. table.concat(states, ",") .. "}}"))
    assert.equal(count, #loaded.states)
    assert.equal(2, loaded.states[1].next)
    assert.equal(0, loaded.states[count].next)
  end)

  it("may have expressions of any length: time grows with it only",
    function()
      local blanks, start = (" "):rep(500000), os.clock()
      for _, text in ipairs({
        "$.a" .. blanks .. "x", "$[" .. blanks .. "1:2" .. blanks .. "x]",
        "$[?(@.a" .. ("&&@.a"):rep(100000) .. ")]", "$" .. ("["):rep(500000),
        "States.Array($.a" .. blanks .. "x",
      }) do
        assert.equal(1, #of_state('"Type":"Pass","Parameters":{"a.$":"'
          .. text .. '"},"Next":"B"'))
      end
      assert.is_true(os.clock() - start < 10) -- quadratic: an hour
    end)

  it("may have many rules", function()
    local rules = {}
    for i = 1, 10000 do
      rules[i] = '{"Variable":"$.a","NumericEquals":' .. i .. ',"Next":"B"}'
    end
    assert.same({}, of_state('"Type":"Choice","Choices":['
      .. table.concat(rules, ",") .. "]"))
  end)
end)

describe("a state type of one's own", function()
  it("is loaded and run like ours", function()
    machine.add_type({
      type = "Flip",
      fields = { types = { Heads = "state" }, required = { "Heads" } },
      enter = function(ctx, state, input)
        local heads = ctx:random() < 0.5
        return "exit", input, heads and state.Heads or state.next
      end,
    })
    local flip = machine_run.of_state(
      '"Type":"Flip","Heads":"Caught","Next":"End"')
    assert.same({ "A", "End" }, flip:start("{}").visited)
    assert.equal(SCHEMA .. "The field 'Heads' is required but was missing at "
      .. "/States/A", of_state('"Type":"Flip","Next":"B"')[1])
  end)

  it("is refused if it cannot be entered", function()
    assert.has_error(function()
      machine.add_type({ type = "Odd" })
    end, "state type Odd has no function enter")
  end)
end)
