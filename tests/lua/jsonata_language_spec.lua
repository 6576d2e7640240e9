--- JSONata: the language, by cases of our own.

local case = require("jsonata_case")
local jsonata = require("jsonata")

local ORDER = [[{
  "id": "o-1", "paid": true,
  "customer": {"name": "Ada", "tags": ["vip"]},
  "items": [
    {"sku": "a", "price": 2, "quantity": 3, "tags": ["x", "y"]},
    {"sku": "b", "price": 5, "quantity": 1, "tags": []},
    {"sku": "c", "price": 1, "quantity": 9}
  ]}]]

local function is(expected, expression, input)
  local got = case.evaluate(expression, input or ORDER)
  assert.equal(expected, got, expression)
end

describe("paths", function()
  it("make one of what is single, and arrays of the rest", function()
    is('"Ada"', "customer.name")
    is('["a","b","c"]', "items.sku")
    is('["x","y"]', "items.tags")
    is('["vip"]', "customer.tags")
    is("undefined", "items.nothing")
    is("undefined", "nothing.at.all")
  end)

  it("keep arrays of one behind []", function()
    is('["Ada"]', "customer.name[]")
    is('["b"]', "items[sku = 'b'][].sku")
    is('"b"', "items[sku = 'b'].sku")
  end)

  it("pick by number, by range, from the end", function()
    is('"a"', "items[0].sku")
    is('"c"', "items[-1].sku")
    is('["a","b"]', "items[[0..1]].sku")
    is("undefined", "items[7].sku")
    is("[2,3]", "[1, 2, 3][$ > 1].($)")
    is("undefined", "[1, 2][$ > 1].($)") -- one left: as the reference
    is("undefined", '[{"a": 1}][0].a')
    is("undefined", "[1][1].($)")
    is("1", '([{"a": 1}])[0].a')
    is('"b"', "items[price > 2].sku")
    is('["x",2]', "items[0].[tags[0], price]")
  end)

  it("look below, everywhere, and above", function()
    is('["Ada","vip"]', "customer.*")
    is('["a","b","c"]', "**.sku")
    is('["o-1a","o-1b","o-1c"]', "items.(%.id & sku)")
  end)

  it("bind contexts and positions", function()
    is('["0a","1b","2c"]', "items#$i.($i & sku)")
    is('["aa","bb","cc"]', "items@$x.($x.sku & items[sku = $x.sku].sku)")
  end)

  it("sort, group and take apart", function()
    is('["b","a","c"]', "items^(>price).sku")
    is('["c","b","a"]', "items^(>$length(sku), >sku).sku")
    is('{"a":6,"b":5,"c":9}', "items{sku: price * quantity}")
    is('{"all":8}', "items{'all': $sum(price)}")
  end)

  it("are the same whether the input has been looked into or not", function()
    local program = jsonata.compile("items.(sku & price)")
    local input = jsonata.parse(ORDER)
    for _ = 1, 6 do
      assert.equal('["a2","b5","c1"]', jsonata.encode(program:run(input)))
    end
  end)
end)

describe("operators", function()
  it("are undefined of what is undefined", function()
    is("undefined", "1 + nothing")
    is("false", "nothing = nothing")
    is('"x"', "nothing & 'x'")
    is("7", "nothing ?? 7")
    is("0", "0 ?? 7")
    is("7", "0 ?: 7")
  end)

  it("refuse other types", function()
    is("T2001", "'a' + 1")
    is("T2002", "1 + 'a'")
    is("T2009", "1 < 'a'")
    is("T2010", "true < 1")
    is("D1001", "1/0 * 2")
    is("D1002", "-'a'")
  end)

  it("compare deeply, regardless of the order of members", function()
    is("true", '{"a": [1, {"b": null}]} = {"a": [1, {"b": null}]}')
    is("true", '{"a": 1, "b": 2} = {"b": 2, "a": 1}')
    is("false", "[1, 2] = [2, 1]")
  end)
end)

describe("functions", function()
  it("close over variables", function()
    is("[11,12]", "($add := function($a) { function($b) { $a + $b } };"
      .. " $map([1, 2], $add(10)))")
  end)

  it("call themselves and each other, in tail position for ever", function()
    is("120", "($f := function($n) { $n < 2 ? 1 : $n * $f($n - 1) }; $f(5))")
    is("true", "($even := function($n) { $n = 0 ? true : $odd($n - 1) };"
      .. " $odd := function($n) { $n = 0 ? false : $even($n - 1) };"
      .. " $even(30000))")
  end)

  it("are applied in part, and chained", function()
    is('"Ad"', "($first := $substring(?, 0, ?); $first('Ada', 2))")
    is('"ADA!"', "customer.name ~> $uppercase() ~> function($s) { $s & '!' }")
    is("9", "($inc := function($n) { $n + 1 };"
      .. " $twice := $inc ~> $inc; $twice(7))")
  end)

  it("check their arguments", function()
    is("T0410", "$uppercase(1, 2, 3)")
    is("T0412", "$sum(['a'])")
    is("T0410", "($f := function($s)<s:s> { $s }; $f(1))")
    is("T1006", "$nothing()")
    is("T1005", "uppercase('a')")
  end)

  it("may be variables of the same name", function()
    is("1", "($sum := function($x) { 1 }; $sum([5, 6]))")
    local program = jsonata.compile("$count")
    assert.equal(3, program:run(nil, { count = 3 }))
    program = jsonata.compile("$count(1)")
    local own = jsonata.native("<x:n>", 1, function() return 42 end)
    assert.equal(42, program:run(nil, { count = own }))
    assert.equal(1, program:run(nil))
  end)
end)

describe("variables", function()
  it("are seen in their block and in those inside", function()
    is("3", "($a := 1; $b := ($a := 2; $a); $a + $b)")
    is("[1,2,1]", "($a := 1; [$a, ($a := 2; $a), $a])")
    is("undefined", "($a := 1; ($a := nothing; $a))")
  end)

  it("have an outer value until they are bound", function()
    is("[1,5]", "($a := 1; ($b := $a; $a := 5; [$b, $a]))")
    is("6", "($c := $sum([1, 2, 3]); $sum := 0; $c)")
  end)
end)

describe("transforms", function()
  it("change a copy", function()
    is('{"a":{"b":2,"c":3}}', "$ ~> |a|{'b': 2, 'c': 3}|",
       '{"a": {"b": 1}}')
    is('[{"a":{}},{"a":{"b":1}}]', "[$ ~> |a|{}, 'b'|, $]",
       '{"a": {"b": 1}}')
    is("T2011", "$ ~> |a|5|", '{"a": {"b": 1}}')
  end)
end)

describe("regular expressions", function()
  it("match, split, replace", function()
    is('["x","y"]', "$split('x1y', /[0-9]/)")
    is('"a<b>c<d>"', "$replace('abcd', /([bd])/, '<$1>')")
    is('[{"match":"bc","index":1,"groups":["c"]}]',
       "$match('abcde', /b(.)/)[]")
    is("true", "$contains('ABC', /b/i)")
    is("D1004", "$match('abc', /x*/)")
    is("S0302", "/abc")
  end)
end)

describe("errors", function()
  it("know their place and speak like the reference", function()
    local err = case.failure("1 + 'a'")
    assert.equal("T2002", err.code)
    assert.equal(3, err.position)
    assert.equal('The right side of the "+" operator must evaluate to a '
      .. "number", jsonata.message(err))
    err = case.failure("a b")
    assert.equal("S0201", err.code)
    err = case.failure("$error('out of paint')")
    assert.equal("out of paint", jsonata.message(err))
    err = case.failure("[1, $uppercase(2)]")
    assert.equal("T0410", err.code)
    assert.equal("uppercase", err.token)
  end)
end)
