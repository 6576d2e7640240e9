--- asl.errors: matching, causes.

local errors = require("asl.errors")

local function matches(list, name)
  return errors.matches(errors.matcher(list), name)
end

describe("ErrorEquals", function()
  it("matches names exactly", function()
    assert.is_true(matches({ "A", "B" }, "B"))
    assert.is_false(matches({ "A" }, "AB"))
    assert.is_false(matches({ "a" }, "A"))
  end)

  it("has States.ALL for everything but States.Runtime", function()
    assert.is_true(matches({ "States.ALL" }, "MyError"))
    assert.is_true(matches({ "States.ALL" }, "States.Timeout"))
    assert.is_false(matches({ "States.ALL" }, "States.Runtime"))
  end)

  -- AWS's table of errors says otherwise; its histories show this.
  it("has States.ALL for a task's result that was too large", function()
    assert.is_true(matches({ "States.ALL" }, "States.DataLimitExceeded"))
  end)

  it("does not catch States.Runtime by its name", function()
    assert.is_false(matches({ "States.Runtime" }, "States.Runtime"))
  end)

  it("has States.TaskFailed for all but States.Timeout", function()
    assert.is_true(matches({ "States.TaskFailed" }, "MyError"))
    assert.is_true(matches({ "States.TaskFailed" }, "States.Permissions"))
    assert.is_true(
      matches({ "States.TaskFailed" }, "States.HeartbeatTimeout"))
    assert.is_false(matches({ "States.TaskFailed" }, "States.Timeout"))
    assert.is_false(matches({ "States.TaskFailed" }, "States.Runtime"))
    assert.is_true(
      matches({ "States.TaskFailed", "States.Timeout" }, "States.Timeout"))
  end)

  it("has States.Timeout for a missed heartbeat, too", function()
    assert.is_true(matches({ "States.Timeout" }, "States.HeartbeatTimeout"))
    assert.is_false(matches({ "States.HeartbeatTimeout" }, "States.Timeout"))
  end)
end)

describe("compact", function()
  it("drops blanks between tokens and keeps those in strings", function()
    assert.equal('{"a b":[1,"x  y"]}',
      errors.compact('{ "a b" : [ 1,\n"x  y" ]\t}'))
  end)

  it("is not misled by escapes", function()
    assert.equal([=[["\" ","\\",1]]=],
      errors.compact([=[["\" ", "\\" , 1]]=]))
  end)

  it("takes no more time for many escapes than for none", function()
    local text = '"' .. ('\\"'):rep(200000) .. '"'
    assert.is_true(#errors.compact(text) <= 32768)
  end)
end)

describe("cause", function()
  it("names state and event, in no more than AWS's 32,768 bytes", function()
    local ctx = {
      entered_event_id = function()
        return 7
      end,
    }
    assert.equal("An error occurred while executing the state 'A' (entered "
      .. "at the event id #7). Oh.", errors.cause(ctx, { name = "A" }, "Oh."))
    local long = errors.cause(ctx, { name = "A" }, ("é"):rep(20000))
    assert.is_true(#long <= 32768)
    assert.equal("é", long:sub(-2))
  end)
end)
