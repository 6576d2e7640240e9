--- asl.timestamp: RFC 3339.

local timestamp = require("asl.timestamp")

local function ms(text)
  local seconds, nanos = timestamp.parse(text)
  return seconds and timestamp.to_ms(seconds, nanos)
end

describe("timestamps", function()
  it("are counted from the epoch", function()
    assert.equal(0, ms("1970-01-01T00:00:00Z"))
    assert.equal(-1000, ms("1969-12-31T23:59:59Z"))
    assert.equal(951782400000, ms("2000-02-29T00:00:00Z"))
    assert.equal(1709251199000, ms("2024-02-29T23:59:59Z"))
    assert.equal(253402300799000, ms("9999-12-31T23:59:59Z"))
  end)

  it("may have an offset", function()
    assert.equal(ms("2016-03-14T01:59:00Z"), ms("2016-03-14T02:59:00+01:00"))
    assert.equal(ms("2016-03-14T01:59:00Z"), ms("2016-03-13T20:29:00-05:30"))
  end)

  it("may have a fraction, which is never cut", function()
    assert.equal(250, ms("1970-01-01T00:00:00.25Z"))
    assert.equal(1, ms("1970-01-01T00:00:00.000000001Z"))
    local seconds, nanos = timestamp.parse("1970-01-01T00:00:01.5Z")
    assert.same({ 1, 500000000 }, { seconds, nanos })
  end)

  for _, text in ipairs({
    "2016-12-05T21:29:29", -- no zone
    "2016-12-05 21:29:29Z",
    "2016-12-05T25:29:29Z",
    "05-12-2016T21:29:29Z",
    "2016-13-05T21:29:29Z",
    "2016-02-30T21:29:29Z",
    "2015-02-29T00:00:00Z",
    "1900-02-29T00:00:00Z",
    "2016-12-05t21:29:29z",
    "2016-12-05T21:29:29.Z",
    "2016-12-05T21:29:29.1234567890Z",
    "2016-12-05T21:29:29+0100",
    "2016-12-05T21:29:29Zx",
    "",
  }) do
    it("are refused: " .. text, function()
      assert.is_nil(timestamp.parse(text))
    end)
  end
end)
