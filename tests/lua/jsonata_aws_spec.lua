--- The functions that Step Functions adds to JSONata.

local doc = require("wf.doc")
local aws_functions = require("jsonata.aws_functions")
local budget = require("jsonata.budget")
local values = require("jsonata.values")

local functions = aws_functions.of({
  random = function()
    return 0.25
  end,
  uuid = function()
    return "0d7e3bd6-8a2e-4d0a-9c6f-0a1b2c3d4e5f"
  end,
})

local function call(name, ...)
  return functions[name][3](...)
end

local function array(...)
  return values.array({ ... }, select("#", ...))
end

local function raised(name, ...)
  local ok, err = pcall(functions[name][3], ...)
  assert.is_false(ok)
  return err
end

describe("AWS's functions", function()
  local saved
  before_each(function()
    saved = budget.start()
  end)
  after_each(function()
    budget.finish(saved)
  end)

  it("partition arrays", function()
    assert.equal("[[1,2,3],[4,5,6],[7]]",
      values.text(call("partition", array(1, 2, 3, 4, 5, 6, 7), 3)))
    assert.equal("[[1,2]]", values.text(call("partition", array(1, 2), 5)))
    assert.equal("[]", values.text(call("partition", array(), 5)))
    assert.is_nil(call("partition", nil, 5))
    assert.equal("D3137", raised("partition", array(1), 0).code)
  end)

  it("make ranges, which are sequences", function()
    assert.equal("[0,3,6,9]", values.text(call("range", 0, 10, 3)))
    assert.equal("[5,3,1]", values.text(call("range", 5, 1, -2)))
    local single = call("range", 1, 9, 9)
    assert.is_true(values.is_sequence(single))
    assert.equal(1, single[0])
    assert.equal(0, call("range", 5, 1, 1)[0])
    assert.equal("D3137", raised("range", 1, 9, 0).code)
    assert.same({ "D2014", 1e9 },
      { raised("range", 1, 1e9, 1).code, raised("range", 1, 1e9, 1).value })
  end)

  it("hash texts", function()
    assert.equal("900150983cd24fb0d6963f7d28e17f72",
      call("hash", "abc", "MD5"))
    assert.equal("a9993e364706816aba3e25717850c26c9cd0d89d",
      call("hash", "abc", "SHA-1"))
    assert.equal("D3137", raised("hash", "abc", "CRC").code)
    assert.is_nil(call("hash", nil, "MD5"))
  end)

  it("have random numbers, the same for a seed", function()
    assert.equal(0.25, call("random"))
    local number = call("random", 42)
    assert.equal(number, call("random", 42))
    assert.not_equal(number, call("random", 43))
    for seed = -50, 50 do
      local value = call("random", seed)
      assert.is_true(value >= 0 and value < 1)
    end
  end)

  it("have UUIDs", function()
    assert.equal("0d7e3bd6-8a2e-4d0a-9c6f-0a1b2c3d4e5f", call("uuid"))
  end)

  it("parse JSON", function()
    assert.equal('{"a":[1,null,"x"]}',
      values.text(call("parse", ' {"a": [1, null, "x"]} ')))
    assert.equal(doc.null, call("parse", "null"))
    assert.equal(false, call("parse", "false"))
    assert.is_nil(call("parse"))
    for _, text in ipairs({ "", "{", "{'a':1}", "1 2" }) do
      assert.equal("D3137", raised("parse", text).code)
    end
  end)
end)
