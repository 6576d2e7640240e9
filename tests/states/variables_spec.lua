--- Variables in JSONPath states: Assign, `$name`, scopes.

local machine_run = require("machine_run")

-- What a state of these members assigns, and leaves.
local function pass(members, input)
  local run =
    machine_run.of_state(members .. ',"Next":"End"'):start(input or "{}")
  return run.assigned, run.output
end

-- A state A that assigns, and then B.
local function after(assign, members, input)
  return machine_run.new('{"StartAt":"A","States":{"A":{"Type":"Pass",'
    .. '"Assign":' .. assign .. ',"Next":"B"},"B":{' .. members
    .. '}' .. (members:find('"C"', 1, true)
      and ',"C":{"Type":"Pass","End":true}' or "") .. "}}"):start(input or "{}")
end

local function problems(states)
  return machine_run.problems('{"StartAt":"A","States":{' .. states .. "}}")
end

local PREFIX = "An error occurred while executing the state 'B' (entered at "
  .. "the event id #4). "

describe("Assign", function()
  it("renders a template from the result", function()
    local values, output = pass('"Type":"Pass","Assign":{"a.$":"$.x",'
      .. '"b":[1.0],"c":{"d.$":"$$.Execution.Name"},"e":"$.x"}', '{"x":7}')
    assert.equal('{"a":7,"b":[1.0],"c":{"d":"e"},"e":"$.x"}', values)
    assert.equal('{"x":7}', output)
    assert.equal('{"a":1}',
      (pass('"Type":"Pass","Result":{"r":1},"ResultPath":"$.p","Assign":'
        .. '{"a.$":"$.r"}')))
  end)

  it("of a Task sees what ResultSelector leaves", function()
    local run = machine_run.of_state('"Type":"Task","Resource":"lua:a.b",'
      .. '"ResultSelector":{"s.$":"$.v"},"ResultPath":null,'
      .. '"Assign":{"got.$":"$.s"},"Next":"End"'):start('{"i":1}')
    run:succeed('{"v":5}')
    assert.equal('{"got":5}', run.assigned)
    assert.equal('{"i":1}', run.output)
  end)

  it("of a Wait sees the effective input", function()
    local run = machine_run.of_state('"Type":"Wait","Seconds":1,"InputPath":'
      .. '"$.i","Assign":{"w.$":"$"},"Next":"End"'):start('{"i":1}')
    assert.equal('{"w":1}', run:advance(1).assigned)
  end)

  it("of a Choice is that of the rule, or of Default", function()
    local members = '"Type":"Choice","Choices":[{"Variable":"$.n",'
      .. '"NumericEquals":1,"Next":"End","Assign":{"r.$":"$.n"}},'
      .. '{"Variable":"$.n","NumericEquals":2,"Next":"End"}],'
      .. '"Default":"End","Assign":{"d.$":"$.n"}'
    local function choose(input)
      return machine_run.of_state(members):start(input).assigned
    end
    assert.equal('{"r":1}', choose('{"n":1}'))
    assert.is_nil(choose('{"n":2}'))
    assert.equal('{"d":3}', choose('{"n":3}'))
  end)

  it("of a catcher sees the error output", function()
    local run = machine_run.of_state('"Type":"Task","Resource":"lua:a.b",'
      .. '"Assign":{"no":1},"Catch":[{"ErrorEquals":["States.ALL"],'
      .. '"ResultPath":"$.e","Assign":{"why.$":"$.Cause"},"Next":"Caught"}],'
      .. '"Next":"End"'):start("{}")
    run:fail("E", "because")
    assert.equal('{"why":"because"}', run.assigned)
    assert.equal('{"e":{"Error":"E","Cause":"because"}}', run.output)
  end)

  it("and Output both see what was there at entry", function()
    local run = after('{"x":1}', '"Type":"Pass","Parameters":{"p.$":"$x"},'
      .. '"Assign":{"x":2,"y.$":"$x"},"OutputPath":"$x","Next":"C"')
    assert.equal('{"x":2,"y":1}', run.assigned)
    assert.equal("1", run.output)
  end)
end)

describe("a variable", function()
  local VALUES = '{"x":{"y":[10,20]},"n":2,"s":"2024-01-01T00:00:03Z"}'

  local function in_pass(members)
    return after(VALUES, '"Type":"Pass",' .. members .. ',"Next":"C"').output
  end

  it("is read by paths", function()
    assert.equal('{"y":[10,20]}', in_pass('"InputPath":"$x"'))
    assert.equal("20", in_pass('"OutputPath":"$x.y[1]"'))
    assert.equal('{"a":10,"b":[10,20]}',
      in_pass('"Parameters":{"a.$":"$x[\'y\'][0]","b.$":"$x.y[*]"}'))
    assert.equal('{"c":3}',
      in_pass('"Parameters":{"c.$":"States.MathAdd($n, 1)"}'))
  end)

  it("is read by Wait, Fail, Task and Choice", function()
    local run = after(VALUES, '"Type":"Wait","SecondsPath":"$n","Next":"C"')
    assert.equal(2000, run:delay_ms())
    run = after(VALUES, '"Type":"Wait","TimestampPath":"$s","Next":"C"')
    assert.equal(3000, run:delay_ms())
    run = after(VALUES, '"Type":"Fail","ErrorPath":"$s","Cause":"c"')
    assert.equal("2024-01-01T00:00:03Z", run.error)
    run = after(VALUES, '"Type":"Task","Resource":"lua:a.b",'
      .. '"TimeoutSecondsPath":"$n","Parameters":{"p.$":"$x.y"},"Next":"C"')
    assert.equal(2, run.timeout_s)
    assert.equal('{"p":[10,20]}', run.scheduled)
    run = after(VALUES, '"Type":"Choice","Choices":[{"Variable":"$n",'
      .. '"NumericEqualsPath":"$x.y[0]","Next":"A"},{"Variable":"$n",'
      .. '"IsPresent":true,"Next":"C"}]')
    assert.equal("SUCCEEDED", run.status)
  end)

  it("that nobody has assigned is not found", function()
    local run = after("{}", '"Type":"Pass","InputPath":"$no","Next":"C"')
    assert.equal("States.Runtime", run.error)
    assert.equal(PREFIX .. "Invalid path '$no' : No results for path: "
      .. "$['no']", run.cause)
  end)

  it("may not be a place for results, nor $states", function()
    assert.match("must be a valid Reference Path", problems('"A":{"Type":'
      .. '"Pass","ResultPath":"$x","End":true}')[1], 1, true)
    assert.match("the variable 'states' is reserved", problems('"A":{"Type":'
      .. '"Pass","InputPath":"$states.input","End":true}')[1], 1, true)
  end)

  it("has a name of letters, digits and underscores", function()
    local function problem(name)
      return problems('"A":{"Type":"Pass","Assign":{"' .. name
        .. '":1},"End":true}')[1]
    end
    assert.is_nil(problem("größe_1"))
    assert.is_nil(problem(("x"):rep(80)))
    assert.match("at most 80 characters", problem(("x"):rep(81)))
    assert.match("at /States/A/Assign/1a$", problem("1a"))
    assert.match("letters, digits", problem("a b"))
    assert.match("reserved", problem("states"))
  end)
end)

describe("a scope", function()
  local function parallel(inner, after_it)
    return problems('"A":{"Type":"Pass","Assign":{"x":1},"Next":"P"},"P":{'
      .. '"Type":"Parallel","Branches":[{"StartAt":"I","States":{"I":{'
      .. '"Type":"Pass","Assign":' .. inner .. ',"End":true}}},{"StartAt":'
      .. '"J","States":{"J":{"Type":"Pass","Assign":' .. inner
      .. ',"End":true}}}],' .. (after_it or '"End":true') .. "}")
  end

  it("may assign what no outer one does, as its sisters may", function()
    assert.same({}, parallel('{"y.$":"$x"}'))
  end)

  it("must not assign what an outer one has", function()
    assert.same({
      "SCHEMA_VALIDATION_FAILED: Variable 'x' is assigned in an outer scope, "
        .. "and can not be assigned here at "
        .. "/States/P/Branches[0]/States/I/Assign/x.$",
      "SCHEMA_VALIDATION_FAILED: Variable 'x' is assigned in an outer scope, "
        .. "and can not be assigned here at "
        .. "/States/P/Branches[1]/States/J/Assign/x.$",
    }, parallel('{"x.$":"$x"}'))
  end)

  -- Recorded at AWS: test_parallel_catch_error.
  it("may assign what an outer one does only later", function()
    assert.same({}, parallel('{"z":1}', '"Assign":{"z.$":"$"},"Catch":[{'
      .. '"ErrorEquals":["States.ALL"],"Assign":{"z":0},"Next":"L"}],'
      .. '"Next":"L"},"L":{"Type":"Pass","Assign":{"z":2},"End":true'))
  end)
end)

describe("variable references", function()
  it("name what each state reads", function()
    local loaded = require("machine").load('{"StartAt":"A","States":{"A":{'
      .. '"Type":"Pass","Assign":{"z.$":"States.Format($a, $b.c)"},"Next":'
      .. '"B"},"B":{"Type":"Choice","Choices":[{"Not":{"Variable":"$v",'
      .. '"IsPresent":true},"Next":"C"}],"Default":"C"},"C":{"Type":"Map",'
      .. '"ItemsPath":"$items","ItemProcessor":{"StartAt":"D","States":{"D":{'
      .. '"Type":"Pass","InputPath":"$d","End":true}}},"End":true}}}')
    assert.equal('{"A":["a","b"],"B":["v"],"C":["items"],"D":["d"]}',
      loaded.variable_references)
  end)

  it("are not there if there are none", function()
    local loaded = require("machine").load('{"StartAt":"A","States":{"A":{'
      .. '"Type":"Pass","Assign":{"z":"$a"},"End":true}}}')
    assert.is_nil(loaded.variable_references)
  end)
end)
