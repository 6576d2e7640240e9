--- asl.retrier: attempts and delays.

local retrier = require("asl.retrier")

local function ctx(counts, random)
  return {
    now_ms = function()
      return 1000000
    end,
    random = function()
      return random or 0
    end,
    retrier_count = function(_, number)
      return counts[number] or 0
    end,
  }
end

local function compile(...)
  local list = {}
  for i, fields in ipairs({ ... }) do
    fields.ErrorEquals = fields.ErrorEquals or { "States.ALL" }
    list[i] = retrier.compile(fields)
  end
  return list
end

local function delays(fields, random)
  local list, found = compile(fields), {}
  for used = 0, 10 do
    local due_ms = retrier.due_ms(list, "E", ctx({ used }, random))
    if not due_ms then
      return found
    end
    found[#found + 1] = due_ms - 1000000
  end
  return found
end

describe("retriers", function()
  it("try three times, after 1, 2 and 4 seconds, unless told otherwise",
    function()
      assert.same({ 1000, 2000, 4000 }, delays({}))
    end)

  it("use IntervalSeconds, BackoffRate and MaxAttempts", function()
    assert.same({ 3000, 4500, 6750, 10125 },
      delays({ IntervalSeconds = 3, BackoffRate = 1.5, MaxAttempts = 4 }))
  end)

  it("never try with MaxAttempts 0", function()
    assert.same({}, delays({ MaxAttempts = 0 }))
  end)

  it("cap the delay at MaxDelaySeconds", function()
    assert.same({ 10000, 15000, 15000 },
      delays({ IntervalSeconds = 10, MaxDelaySeconds = 15 }))
  end)

  it("apply full jitter to the capped delay", function()
    assert.same({ 5000, 7500, 7500 }, delays({
      IntervalSeconds = 10,
      MaxDelaySeconds = 15,
      JitterStrategy = "FULL",
    }, 0.5))
  end)

  it("keep a moment that exists after many attempts", function()
    local list = compile({ MaxAttempts = 99999999, BackoffRate = 1e10 })
    local due_ms = retrier.due_ms(list, "E", ctx({ 99999 }))
    assert.equal(1000000 + 99999999 * 1000, due_ms)
  end)

  it("have a count each; the first that matches decides", function()
    local list = compile(
      { ErrorEquals = { "A" }, MaxAttempts = 1, IntervalSeconds = 2 },
      { ErrorEquals = { "B", "A" }, IntervalSeconds = 5 })
    local due_ms, number = retrier.due_ms(list, "B", ctx({ 1, 0 }))
    assert.same({ 1005000, 2 }, { due_ms, number })
    assert.is_nil(retrier.due_ms(list, "A", ctx({ 1, 0 })))
    assert.is_nil(retrier.due_ms(list, "C", ctx({})))
  end)
end)
