--- JSONata: what is only passed through keeps its text.

local case = require("jsonata_case")
local jsonata = require("jsonata")

local function is(expected, expression, input)
  assert.equal(expected, case.evaluate(expression, input), expression)
end

local NUMBERS = '{"id":12345678901234567890,"price":1.0,"huge":1e400,'
  .. '"long":3.1415926535897932384626433832795028841971,"e":1E3,"zero":-0}'

describe("a number that is passed through", function()
  it("keeps its digits", function()
    is(NUMBERS, "$", NUMBERS)
    is("12345678901234567890", "id", NUMBERS)
    is("1.0", "price", NUMBERS)
    is("1e400", "huge", NUMBERS)
    is('[1.0,1E3]', "[price, e]", NUMBERS)
    is('{"x":3.1415926535897932384626433832795028841971}', "{'x': long}",
       NUMBERS)
    is("[2.0]", "items[price > 1].price ~> $append([])",
       '{"items":[{"price":2.0},{"price":1.0}]}')
    is("-0", "zero", NUMBERS)
  end)

  it("is a number all the same", function()
    is("2", "price + 1", NUMBERS)
    is("true", "price = 1", NUMBERS)
    is("true", "1 = price", NUMBERS)
    is("true", "price < 2 and price >= 1", NUMBERS)
    is('"number"', "$type(id)", NUMBERS)
    is('"1"', "$string(price)", NUMBERS)
    is("1001", "$sum([price, e])", NUMBERS)
    is("1000", "$max([price, e])", NUMBERS)
    is('"b"', "list[$$.price].x", '{"price":1.0,"list":[{"x":"a"},{"x":"b"}]}')
    is("-1", "-price", NUMBERS)
    is("D1001", "huge + 1", NUMBERS)
    is("true", "price in [3, 1]", NUMBERS)
    is("false", "$boolean(zero)", NUMBERS)
  end)

  it("that a double has as it is, is plain", function()
    local input = jsonata.parse("[0, 7, -12, 0.5, 123.25, 999999999999999]")
    for i = 1, input[0] do
      assert.equal("number", type(input[i]))
    end
  end)
end)

describe("a document that is passed through", function()
  it("keeps the order of members, and what is empty", function()
    local text = '{"b":[],"a":{},"c":null,"aa":[[]],"":0}'
    is(text, "$", text)
    is('{"x":[],"y":{},"z":null}', "{'x': b, 'y': a, 'z': c}", text)
    is("null", "c", text)
    is("undefined", "d", text)
  end)

  it("keeps escapes, and loses only the blanks", function()
    is([[{"a":"\u00e9\/","b":[1,2]}]], "$",
       [[ { "a" : "\u00e9\/", "b" : [ 1 , 2 ] } ]])
    is([["é/"]], "a", [[{"a": "\u00e9\/"}]])
  end)

  it("has the last of members with the same name", function()
    is("2", "a", '{"a":1,"a":2}')
    is('["a"]', "$keys($)[]", '{"a":1,"a":2}')
    is('[{"a":2},{"a":4}]', "$map($, function($x) { $merge([$x]) })",
       '[{"a":1,"a":2},{"a":3,"a":4}]')
  end)
end)

describe("a document among many", function()
  local function text(i)
    return (' {"id":%d,"list":[{"a":"x%d","b":[]},{"a":"y"}],"o":{"p":%d}} ')
      :format(i, i, i)
  end

  it("is looked into long after it was read", function()
    local inputs = {}
    for i = 1, 50 do
      inputs[i] = jsonata.parse(text(i))
      local _ = i % 3 == 0 and inputs[i].list
    end
    assert.is_nil((jsonata.parse('{"a":[1,2')))
    collectgarbage()
    collectgarbage()
    local program = jsonata.compile("[id, list.a, list[0].b, o.p, $keys(o)]")
    for i = 1, 50 do
      assert.equal(('[%d,"x%d","y",%d,"p"]'):format(i, i, i),
                   jsonata.encode(program:run(inputs[i])))
      assert.equal(('{"p":%d}'):format(i), jsonata.encode(inputs[i].o))
      assert.equal(text(i):match("^ (.*) $"), jsonata.encode(inputs[i]))
    end
  end)

  it("may be large", function()
    local items = {}
    for i = 1, 5000 do
      items[i] = ('{"n":%d}'):format(i)
    end
    local large = "[" .. table.concat(items, ",") .. "]"
    local inputs = {}
    for i = 1, 6 do
      inputs[i] = jsonata.parse(large)
      jsonata.parse("[]")
    end
    for i = 1, 6 do
      assert.equal(5000, inputs[i][5000].n)
    end
  end)
end)

describe("numbers that are computed", function()
  it("are written as JavaScript writes them", function()
    is("0.30000000000000004", "0.1 + 0.2")
    is("1e+21", "1000000000000000000000 + 0")
    is("100000000000000000000", "100000000000000000000 + 0")
    is("1e-7", "0.0000001 + 0")
    is("0.000001", "0.000001 + 0")
    is('"0.3"', "$string(0.1 + 0.2)")
    is("0", "-1 * 0")
  end)
end)
