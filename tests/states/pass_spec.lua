--- Pass, and the flow of data through a state.

local machine_run = require("machine_run")

local function pass(members, input)
  local run = machine_run.of_state('"Type":"Pass",' .. members
    .. '"Next":"End"'):start(input)
  return run.output or run.error .. ": " .. run.cause
end

local PREFIX = "An error occurred while executing the state 'A' (entered at "
  .. "the event id #2). "

describe("a Pass state", function()
  it("hands its input on, to the byte", function()
    local input = '{ "a" : 1.0, "b":[ ], "big":9007199254740993, "a":2 }'
    assert.equal(input, pass("", input))
  end)

  it("gives a fixed Result, in which nothing is filled in", function()
    assert.equal('{"x.$": "$.a"}', pass('"Result":{"x.$": "$.a"},', "{}"))
    assert.equal("null", pass('"Result":null,', '{"a":1}'))
  end)

  it("puts the Result at ResultPath", function()
    assert.equal('{"a":1,"r":{"s":[]}}',
      pass('"Result":[],"ResultPath":"$.r.s",', '{"a":1}'))
    assert.equal('{"a":5}',
      pass('"Result":5,"ResultPath":"$.a",', '{"a":1}'))
  end)

  it("drops the result with ResultPath null", function()
    assert.equal('{"a":1}', pass('"Result":5,"ResultPath":null,', '{"a":1}'))
  end)

  it("works on what InputPath selects, but keeps the raw input", function()
    assert.equal("[1]", pass('"InputPath":"$.a",', '{"a":[1]}'))
    assert.equal('{"a":[1],"r":[1]}',
      pass('"InputPath":"$.a","ResultPath":"$.r",', '{"a":[1]}'))
    assert.equal('{"a":7,"r":{"v":7}}', pass(
      '"InputPath":"$","Parameters":{"v.$":"$.a"},"ResultPath":"$.r",',
      '{"a":7}'))
  end)

  it("has {} for InputPath null and OutputPath null", function()
    assert.equal("{}", pass('"InputPath":null,', '{"a":[1]}'))
    assert.equal("{}", pass('"OutputPath":null,', '{"a":[1]}'))
  end)

  it("applies OutputPath last", function()
    assert.equal("5", pass(
      '"Result":5,"ResultPath":"$.r.s","OutputPath":"$.r.s",', '{"a":1}'))
    assert.equal('{"k":1}',
      pass('"OutputPath":"$$.Execution.Input.a",', '{"a":{"k":1}}'))
  end)

  it("fails if InputPath or OutputPath finds nothing", function()
    assert.equal("States.Runtime: " .. PREFIX
      .. "Invalid path '$.no' : No results for path: $['no']",
      pass('"InputPath":"$.no",', "{}"))
    assert.equal("States.Runtime: " .. PREFIX .. "Invalid path "
      .. "'$.no.such.result.path' : Missing property in path $['no']",
      pass('"OutputPath":"$.no.such.result.path",', "{}"))
  end)

  it("fails if ResultPath meets a scalar", function()
    assert.equal("States.ResultPathMatchFailure: " .. PREFIX
      .. 'Unable to apply step "b" to input "text"',
      pass('"Result":1,"ResultPath":"$.a.b.c",', '{"a": "text"}'))
  end)
end)
