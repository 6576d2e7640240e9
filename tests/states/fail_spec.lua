--- Fail and Succeed: the ends of a run.

local machine_run = require("machine_run")

local function state(members, input)
  return machine_run.new('{"StartAt":"A","States":{"A":{' .. members .. "}}}")
    :start(input)
end

describe("a Fail state", function()
  it("fails the execution with its Error and Cause", function()
    local run = state('"Type":"Fail","Error":"E","Cause":"C"', "{}")
    assert.same({ "FAILED", "E", "C" }, { run.status, run.error, run.cause })
  end)

  it("needs neither", function()
    local run = state('"Type":"Fail"', "{}")
    assert.equal("FAILED", run.status)
    assert.is_nil(run.error)
    assert.is_nil(run.cause)
  end)

  it("finds them in its input", function()
    local run = state('"Type":"Fail","ErrorPath":"$.e","CausePath":"$.c"',
      '{"e":"error string","c":"cause string"}')
    assert.same({ "error string", "cause string" }, { run.error, run.cause })
  end)

  it("fails with States.Runtime if they are not there", function()
    local run = state('"Type":"Fail","ErrorPath":"$.e"', "{}")
    assert.same({ "States.Runtime", "An error occurred while executing the "
      .. "state 'A' (entered at the event id #2). Invalid path '$.e' : No "
      .. "results for path: $['e']" }, { run.error, run.cause })
    assert.equal("States.Runtime",
      state('"Type":"Fail","CausePath":"$.c"', '{"c":1}').error)
  end)
end)

describe("a Succeed state", function()
  it("ends the execution with its input", function()
    local run = state('"Type":"Succeed"', '{"a":1}')
    assert.same({ "SUCCEEDED", '{"a":1}' }, { run.status, run.output })
  end)

  it("selects its output", function()
    local run = state('"Type":"Succeed","InputPath":"$.a","OutputPath":"$[0]"',
      '{"a":[7]}')
    assert.equal("7", run.output)
  end)
end)
