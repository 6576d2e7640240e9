--- Lua's expressions as JSONata: what they give, evaluated.

local case = require("jsonata_case")
local condition = require("workflow.condition")
local doc = require("wf.doc")
local jsonata = require("jsonata")

-- The value of an expression on `input`, as JSON text.
local function value(text, input, compile)
  local code = assert((compile or condition.value)(text))
  local states = doc.object({ { "input", doc.from(input or {}) } })
  return case.evaluate(code:match("^{%%(.*)%%}$"), nil,
    { states = assert(jsonata.parse(states:text())) })
end

local function is(expected, text, input)
  assert.equal(expected, (value(text, input):gsub("%s", "")))
end

-- As a condition.
local function holds(text, input)
  return value(text, input, condition.compile) == "true"
end

local function wrong(text)
  local code, why = condition.compile(text)
  assert.is_nil(code)
  return why
end

describe("expressions in Lua's syntax", function()
  it("compute", function()
    is("7", "1 + 2 * 3")
    is("9", "(1 + 2) * 3")
    is("-4", "-2 ^ 2")
    is("2", "-1 % 3") -- Lua's sign
    is('"a1"', "'a' .. 1")
    is("512", "2 ^ 3 ^ 2")
    is("255", "0xff")
  end)

  it("reach into the input", function()
    is("3", "input.a.b", { a = { b = 3 } })
    is("3", "input['a b']", { ["a b"] = 3 })
    is("1", "input.list[1]", { list = { 1, 2 } })
    is("2", "input.list[input.at]", { list = { 1, 2 }, at = 2 })
    is("5", "input[input.name]", { name = "x", x = 5 })
    is("2", "#input.list", { list = { 1, 2 } })
    is("3", "#input.text", { text = "abc" })
    is("0", "#input.nothing")
    is("0", "#input.none", { none = {} }) -- {}: an empty table of a handler's
    is("1", "#input.one", { one = { "a" } })
  end)

  it("call what has a counterpart", function()
    is('"ABC"', "input.text:upper()", { text = "abc" })
    is("2", "math.floor(2.7)")
    is("4", "math.max(1, 4, 2)")
    is('"5"', "tostring(5)")
  end)

  it("make tables", function()
    is('{"a":1,"b":[1,2]}', "{ a = 1, b = { 1, 2 } }")
  end)

  it("choose as Lua does", function()
    is("0", "input.zero or 3", { zero = 0 })
    is("3", "input.nothing or 3")
    is("4", "input.zero and 4", { zero = 0 })
    is('"b"', "input.x and 'a' or 'b'", { x = false })
  end)
end)

describe("conditions in Lua's syntax", function()
  it("take only nil and false for false", function()
    assert.is_true(holds("input.zero", { zero = 0 }))
    assert.is_true(holds("input.text", { text = "" }))
    assert.is_false(holds("input.nothing"))
    assert.is_false(holds("input.no", { no = false }))
    assert.is_true(holds("not input.nothing"))
    assert.is_false(holds("not input.zero", { zero = 0 }))
  end)

  it("compare", function()
    assert.is_true(holds("input.a == 3 and input.b ~= 'x'", { a = 3 }))
    assert.is_true(holds("input.a > 2 or input.b > 2", { a = 3, b = 1 }))
    assert.is_true(holds("input.a == nil", {}))
    assert.is_false(holds("input.a ~= nil", {}))
    assert.is_true(holds("input.a ~= nil", { a = 1 }))
    assert.is_true(holds("#input.list > 1 and not input.dry",
      { list = { 1, 2 } }))
  end)

  it("may be JSONata as it is", function()
    assert.equal("{% $x = 1 %}", condition.compile(" {% $x = 1 %} "))
  end)

  it("do not grow out of hand", function()
    local text = ("(input.a and "):rep(40) .. "1" .. (")"):rep(40)
    assert.is_true(#condition.compile(text) < 20000)
    assert.is_true(holds(text, { a = 1 }))
  end)

  it("say what is wrong, and where", function()
    assert.matches("character 9: .*==", wrong("input.a = 3"))
    assert.matches("character 12: a value expected", wrong("input.a == "))
    assert.matches("os.time has no counterpart", wrong("os.time() > 3"))
    assert.matches("no end", wrong("input.a == 'x"))
    assert.matches("malformed number", wrong("3x"))
    assert.matches("indexes are 1", wrong("input[0]"))
    assert.matches("too many levels", wrong(("("):rep(200)))
    assert.matches("==", wrong("a && b"))
    assert.matches("value expected", wrong(""))
  end)
end)
