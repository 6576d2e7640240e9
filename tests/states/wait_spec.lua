--- Wait: holding the execution until a moment.

local machine_run = require("machine_run")

local function wait(members)
  return machine_run.of_state('"Type":"Wait",' .. members
    .. ',"Next":"End"')
end

local PREFIX = "An error occurred while executing the state 'A' (entered at "
  .. "the event id #2). "

describe("a Wait state", function()
  it("leaves, with its input as output, when the time has come", function()
    local run = wait('"Seconds":30'):start('{"order":7}')
    run:advance(29)
    assert.equal("RUNNING", run.status)
    run:advance(1)
    assert.same({ "SUCCEEDED", '{"order":7}' }, { run.status, run.output })
  end)

  it("shapes its output", function()
    local run = wait('"Seconds":0,"InputPath":"$.a","OutputPath":"$.b"')
      :start('{"a":{"b":1}}'):advance(0)
    assert.equal("1", run.output)
  end)

  it("waits until a Timestamp", function()
    local run = wait('"Timestamp":"2024-01-01T01:00:00+01:00"'):start("{}")
    assert.equal(0, run:delay_ms())
    run = wait('"Timestamp":"2024-01-01T00:00:01.500Z"'):start("{}")
    assert.equal(1500, run:delay_ms())
  end)

  it("does not wait for what is past", function()
    local run = wait('"Timestamp":"2016-03-14T01:59:00Z"'):start("{}")
    assert.equal("SUCCEEDED", run:advance(0).status)
  end)

  it("finds seconds or moment in the input", function()
    assert.equal(7000,
      wait('"SecondsPath":"$.s"'):start('{"s":7}'):delay_ms())
    assert.equal(60000, wait('"TimestampPath":"$.t"')
      :start('{"t":"2024-01-01T00:01:00Z"}'):delay_ms())
  end)

  it("fails if there is nothing to find", function()
    local run = wait('"SecondsPath":"$.input.waitSeconds"'):start("{}")
    assert.same({ "States.Runtime", PREFIX .. "The SecondsPath parameter "
      .. "does not reference an input value: $.input.waitSeconds" },
      { run.error, run.cause })
  end)

  it("fails if what it finds is no number of seconds", function()
    for _, bad in ipairs({ '"7"', "-1", "1.5", "null" }) do
      local run = wait('"SecondsPath":"$.s"'):start('{"s":' .. bad .. "}")
      assert.equal("States.Runtime", run.error)
    end
  end)

  it("fails if what it finds is no moment", function()
    for _, bad in ipairs({ "05-12-2016T21:29:29Z", "2016-12-05T21:29:29",
      "2016-12-05T25:29:29Z" }) do
      local run = wait('"TimestampPath":"$.TimestampValue"')
        :start('{"TimestampValue":"' .. bad .. '"}')
      assert.same({ "States.Runtime", PREFIX .. "The TimestampPath parameter "
        .. "does not reference a valid ISO-8601 extended offset date-time "
        .. "format string: $.TimestampValue == " .. bad },
        { run.error, run.cause })
    end
  end)

  -- 2^31 - 1 seconds, as recorded.
  it("waits 24,855 days and no day more", function()
    local run = wait('"TimestampPath":"$.t"')
      :start('{"t":"2092-01-19T00:00:00Z"}')
    assert.equal(24855 * 86400000, run:delay_ms())
    run = wait('"TimestampPath":"$.t"'):start('{"t":"2092-01-20T00:00:00Z"}')
    assert.equal(PREFIX .. "Wait state delay is too long.", run.cause)
  end)
end)
