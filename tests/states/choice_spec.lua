--- Choice: where an execution goes on. Operators: tests/lua/choice_spec.lua.

local machine_run = require("machine_run")

local function machine(rest)
  return machine_run.new([[{"StartAt":"A","States":{
    "A":{"Type":"Choice","Choices":[
      {"Variable":"$.n","NumericLessThan":10,"Next":"Small"},
      {"Variable":"$.n","NumericLessThan":100,"Next":"Medium"}]]
    .. rest .. [[},
    "Small":{"Type":"Succeed"},"Medium":{"Type":"Succeed"},
    "Large":{"Type":"Succeed"}}}]])
end

describe("a Choice state", function()
  it("takes the first rule that holds", function()
    local choice = machine('],"Default":"Large"')
    assert.same({ "A", "Small" }, choice:start('{"n":1}').visited)
    assert.same({ "A", "Medium" }, choice:start('{"n":50}').visited)
  end)

  it("takes Default if no rule holds", function()
    assert.same({ "A", "Large" },
      machine('],"Default":"Large"'):start('{"n":500}').visited)
  end)

  it("fails without Default if no rule holds", function()
    local run = machine(',{"Variable":"$.n","IsNull":true,"Next":"Large"}]')
      :start('{"n":500}')
    assert.same({ "States.NoChoiceMatched",
      "An error occurred while executing the state 'A' (entered at the event "
      .. "id #2). Failed to transition out of the state. The state does not "
      .. "point to a next state." }, { run.error, run.cause })
  end)

  it("looks at what InputPath selects, and hands that on", function()
    local run = machine('],"Default":"Large","InputPath":"$.in",'
      .. '"OutputPath":"$.keep"'):start('{"in":{"n":1,"keep":[1]}}')
    assert.same({ "SUCCEEDED", "[1]" }, { run.status, run.output })
  end)

  it("may look at the context object", function()
    local run = machine(',{"Variable":"$$.Execution.Input.n",'
      .. '"NumericEquals":500,"Next":"Large"}]'):start('{"n":500}')
    assert.same({ "A", "Large" }, run.visited)
  end)
end)
