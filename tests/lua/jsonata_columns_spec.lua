--- JSONata: members of documents that are not filled, by moves and columns.
-- Each expression has the same result on a document that is filled.

require("wf.doc")
local jsonata = require("jsonata")

-- Fills all values of a document.
local function fill(value)
  if type(value) ~= "table" then
    return
  end
  local head = value[0]
  if type(head) == "number" then
    for i = 1, head do
      fill(value[i])
    end
  elseif type(head) == "table" then
    for i = 1, head[0] do
      fill(value[head[i]])
    end
  end
end

local function result(program, data)
  local ok, value = pcall(program.run, program, data)
  if not ok then
    return value.code
  end
  return value == nil and "undefined" or jsonata.encode(value)
end

-- The result, which must be that of the filled document.
local function evaluate(expression, input)
  local program = assert(jsonata.compile(expression))
  local filled = assert(jsonata.parse(input))
  fill(filled)
  local text = result(program, assert(jsonata.parse(input)))
  assert.equal(result(program, filled), text, expression .. " on " .. input)
  return text
end

local function is(expected, expression, input)
  assert.equal(expected, evaluate(expression, input), expression)
end

local ROWS = '{"l":[{"a":1,"b":"x","c":[1,2]},{"a":2,"b":"y"},'
  .. '{"b":"z","c":{"d":1}},{"a":0,"a":9,"\\u0062":"q"}]}'

describe("columns of members", function()
  it("filter", function()
    is('["y","q"]', "l[a > 1].b", ROWS)
    is('[[1,2]]', "[l[a = 1].c]", '{"l":[{"a":1,"c":[[1,2]]},{"a":2}]}')
    is("9", "l[b = 'q'].a", ROWS)
    is("undefined", "l[a > 100].b", ROWS)
    is("undefined", "l[b = 'z'].a", ROWS)
    is("[1,2]", "l[a = 1].c", ROWS)
    is("1", "l[b = 'z'].c.d", ROWS)
    is('["y"]', "l[a = 2].b[]", ROWS)
    is("2", "$count(l[a > 1])", ROWS)
    is('{"y":2,"q":9}', "l[a > 1]{b: a}", ROWS)
    is('[{"b":"y","a":2},{"b":"q","a":9}]', "l[a > 1].{'b': b, 'a': a}", ROWS)
    is('"q"', "l[a > 1][1].b", ROWS)
    is('["x","y"]', "l[a = $min($$.l.a) or b = 'y'].b", ROWS)
    is('["x","y","q"]', "l[$.a >= 1].b", ROWS)
    is('["x","z"]', "l[$exists(c)].b", ROWS)
  end)

  it("map", function()
    is("[2,4,18]", "l.(a * 2)", ROWS)
    is('[{"k":"x","n":1},{"k":"y"},{"k":"z","n":{"d":1}},{"k":"q"}]',
       "l.{'k': b, 'n': c[0]}", ROWS)
    is("[[1,\"x\"],[2,\"y\"],[\"z\"],[9,\"q\"]]", "l.[a, b]", ROWS)
    is('["1x","2y","z","9q"]', "l.(function($x) { a & $x }(b))", ROWS)
    is('["X","Y","Z","Q"]', "l.$uppercase(b)", ROWS)
    is("12", "$sum(l.a)", ROWS)
  end)

  it("are what functions in place look at", function()
    is('["y","q"]', "$filter(l, function($v) { $v.a > 1 }).b", ROWS)
    is('["x0","y1","z2","q3"]',
       "$map(l, function($v, $i) { $v.b & $i })", ROWS)
    is("[4,4,4,4]", "$map(l, function($v, $i, $l) { $count($l) })", ROWS)
    is("undefined", "$filter(none, function($v) { $v.a })", ROWS)
    is('{"a":2,"b":"y"}', "$filter(l, function($v) { $v.a = 2 })", ROWS)
  end)

  it("keep the array of a name with []", function()
    is('[{"k":[1]},{"k":[2]}]', "l.{'k': a[]}", '{"l":[{"a":1},{"a":2}]}')
    is('[{"k":[1]},{"k":[2]}]', "$map(l, function($v) { {'k': $v.a[]} })",
       '{"l":[{"a":1},{"a":2}]}')
    is('[["[3]"],["[4]"]]', "l.[a[] & '']", '{"l":[{"a":3},{"a":4}]}')
    is("T2010", "l[a[] > 2].b", '{"l":[{"a":3,"b":1},{"a":4,"b":2}]}')
  end)

  it("are not for other arrays", function()
    is("[2]", "[l[a > 1].a]", '{"l":[{"a":1},{"a":2},3,null]}')
    is("undefined", "l[a > 1]", '{"l":[]}')
    is("[2,3]", "l.(a + 1)", '{"l":[[{"a":1}],[{"a":2}]]}')
    is("3", "l[a > 1].a", '{"l":[{},{"a":3}]}')
    is("1", "l[a = 1].a", '{"l":{"a":1}}')
    is("[2,3,5]", "r.l[a > 1].a",
       '{"r":[{"l":[{"a":2},{"a":1}]},{"l":[{"a":3},{"a":5}]}]}')
    is('["u","v"]', "l[$length(b) = 1].c",
       '{"l":[{"b":"x","c":"u"},{"b":"y","c":"v"},{"b":"zz","c":"w"}]}')
  end)

  it("fail as items do", function()
    is("T2001", "l.(b * 2)", ROWS)
    is("T0410", "l[$length(a) = 1].b", ROWS)
  end)
end)

describe("moves", function()
  local TREE = '{"a":{"b":[{"c":1},{"c":[2,3]},[4,{"c":5}]],"n":null,"e":[]}}'

  it("lead to members and elements", function()
    is("1", "a.b[0].c", TREE)
    is("[2,3]", "a.b[1].c", TREE)
    is("3", "a.b[1].c[-1]", TREE)
    is("null", "a.n", TREE)
    is("undefined", "a.n.x", TREE)
    is("undefined", "a.b[7].c", TREE)
    is("5", "a.b[2].c", TREE)
    is("4", "a.b[2][0]", TREE)
    is("5", "a.b[-1][1].c", TREE)
    is('{"c":1}', "a.b[0][0]", TREE)
    is("undefined", "a.b[0][1]", TREE)
    is("1", "a[0].b[0].c", TREE)
    is("1", "a[-1].b[0].c", TREE)
    is("undefined", "a[1].b", TREE)
    is("1", "a.b[0.9].c", TREE)
    is("[]", "a.e", TREE)
    is("undefined", "a.e.x", TREE)
    is("undefined", "a.b[0]^(x)", '{"a":{"b":[[]]}}')
  end)

  it("are steps where there are arrays", function()
    is("[1,2,3,5]", "a.b.c", TREE)
    is("[1]", "a.b[0].c[]", TREE)
    is("3", "$count(a.b.c[0])", TREE)
    is("1", "$$.a.b[0].c", TREE)
    is("1", "($v := $; $v.a.b[0].c)", TREE)
    is("[1,9]", "x.y.z", '{"x":[{"y":{"z":1}},{"y":{"z":9}}]}')
  end)

  it("end where the document is filled", function()
    is("10", "a.b[0].c + a.b[0].c + a.b[0].c + a.b[0].c + a.b[0].c + "
       .. "a.b[0].c + a.b[0].c + a.b[0].c + a.b[0].c + a.b[0].c", TREE)
  end)
end)

-- Their code is the same: it is compiled once.
describe("expressions that differ in names and literals", function()
  local function failure(expression)
    local program = assert(jsonata.compile(expression))
    local ok, err = pcall(program.run, program, jsonata.parse(ROWS))
    assert.is_false(ok)
    return err.code .. " at " .. err.position
  end

  it("have their own values", function()
    is('["y","q"]', "l[a > 1].b", ROWS)
    is("9", "l[b = 'q'].a", ROWS)
    is("2", "l[b = 'y'].a", ROWS)
    is("[1,2,9]", "l[a < 10].a", ROWS)
    is("[1,2]", "l[a < 9].a", ROWS)
    for i = 1, 100 do
      is("[" .. i .. "," .. i + 1 .. "]", ("[%d, %d]"):format(i, i + 1), "1")
    end
  end)

  it("fail at their own places", function()
    assert.equal("T2001 at 5", failure("'a' * 1"))
    assert.equal("T2001 at 9", failure("'abcde' * 1"))
    assert.equal("T2002 at 3", failure("1 * 'a'"))
    assert.equal("T2002 at 8", failure("     1 * 'a'"))
  end)
end)
