--- JSONata: expressions that would take all time, memory or stack end with an
-- error that says so.

local case = require("jsonata_case")
local jsonata = require("jsonata")

local LIMITS = { timelimit = 2000, steps = 2e7 }

local function is(expected, expression, options)
  assert.equal(expected, case.evaluate(expression, nil, nil,
                                       options or LIMITS))
end

local function many(begin, part, count, stop)
  return begin .. part:rep(count) .. (stop or "")
end

describe("text", function()
  it("may be nested, but not without end", function()
    is("1", many("", "(", 300, "1" .. (")"):rep(300)))
    is("S0601", many("", "(", 20000, "1"))
    is("S0601", many("", "[", 20000, "1"))
    is("S0601", many("", "-", 20000, "1"))
    is("S0601", many("", "true ? 1 : ", 5000, "2"))
    is("S0601", many("", "function($x){", 5000, "1"))
  end)

  it("may be long", function()
    is("2001", many("1", "+1", 2000))
    is("true", many("true", " and true", 2000))
    is("undefined", many("a", ".a", 2000))
    is("20001", many("[1", ",1", 20000, "] ~> $count()"))
    is("S0601", ("1 +"):rep(500000) .. "1")
  end)

  it("may have many variables", function()
    local parts = {}
    for i = 1, 1000 do
      parts[i] = ("$v%d := %d"):format(i, i)
    end
    is("1001", "(" .. table.concat(parts, ";") .. "; $v1 + $v1000)")
  end)

  it("may have many members, parameters and closures", function()
    local parts, names = {}, {}
    for i = 1, 1000 do
      parts[i] = ("'k%d': $x + %d"):format(i, i)
    end
    is("1000", "($x := 1; $count($keys({" .. table.concat(parts, ",")
      .. "})))")
    for i = 1, 80 do
      names[i] = "$p" .. i
    end
    is("3", "($f := function(" .. table.concat(names, ",")
      .. ") { $p1 + $p80 }; $f(1" .. (",2"):rep(79) .. "))")
  end)

  it("is never Lua", function()
    for _, evil in ipairs({ "]] os.exit() --", "\" .. os.exit() .. \"",
                            "\\\n end os.exit()", "%s", "k1", "\0", "]]" }) do
      local quoted = evil:gsub("[\\\"\n%z]", function(c)
        return ("\\u%04x"):format(c:byte())
      end)
      local program = assert(jsonata.compile(
        ('{"%s": $ = "%s"}'):format(quoted, quoted)))
      assert.is_true(program:run(evil)[evil])
    end
  end)
end)

describe("evaluation", function()
  it("ends when the stack is too deep", function()
    is("D1011", "($f := function($n) { 1 + $f($n + 1) }; $f(1))")
    is("D1011", "($f := function($n) { 1 + $f($n + 1) }; $f(1))",
       { depth = 1e9 })
  end)

  it("ends after its steps, or its time", function()
    is("D1012", "($f := function($n) { $f($n + 1) }; $f(1))",
       { steps = 1e6 })
    is("D1012", "($f := function($n) { $f($n + 1) }; $f(1))",
       { timelimit = 50 })
    is("D1012", "($a := [1..10000]; $count($a.($x := $; $a.($x + $))))",
       { steps = 1e6 })
    is("D1012", "($nest := function() { $reduce([1..40], "
      .. "function($a, $b) { [[$a, $a]] }, 1) }; $nest() = $nest())")
  end)

  it("ends when a regular expression takes too long", function()
    is("D3150", "$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', "
      .. "/(a+)+$/)")
    is("D3150", "$contains('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', "
      .. "/(a|aa)+$/)")
  end)

  it("makes no values without end", function()
    is("D2014", "[1..100000000]")
    is("D2015", "$pad('', 1000000000)")
    is("D2015", "$reduce([1..60], function($a, $b) { $a & $a }, 'xxxx')")
    is("D2015", "$reduce([1..60], function($a, $b) { $append($a, $a) }, "
      .. "[1, 2])", { steps = 1e9 })
    is("D2015", "$replace($pad('a', 100000, 'a'), 'a', $pad('b', 10000, "
      .. "'b'))")
  end)

  it("looks for long texts in linear time", function()
    is("false", "$contains($pad('', 10000000, 'ab'), "
      .. "$pad('', 5000000, 'ab') & 'c')")
    is("2", "$count($split('1' & $pad('', 50, 'ab') & '2', "
      .. "$pad('', 50, 'ab')))")
    is('"x1x"', "$replace($pad('', 40, 'ab') & '1' & $pad('', 40, 'ab'), "
      .. "$pad('', 40, 'ab'), 'x')")
  end)

  it("makes no long text of escapes", function()
    is("D2015", "$encodeUrl($pad('', 30000000))", { steps = 1e9 })
    is("180003", "$length($encodeUrl($pad('', 30000, 'é') & 'abc'))")
  end)

  it("counts what looking at long texts takes", function()
    is("D1012", "($t := $pad('', 1000000, 'x'); "
      .. "$map([1..1000], function($i) { $length($t) }))", { steps = 1e6 })
    is("D1012", "($t := $pad('', 1000000, 'x'); "
      .. "$map([1..1000], function($i) { $contains($t, 'y') }))",
       { steps = 1e6 })
  end)

  it("sorts whatever the comparator says", function()
    is("1000", "$count($sort([1..1000], function($a, $b) { true }))")
    is("1000", "$count($sort([1..1000], function($a, $b) "
      .. "{ $random() > 0.5 }))")
    is("D2015", "$reduce([1..28], function($a, $b) { {'a': $a, 'b': $a} }, "
      .. "1) ~> $string()")
    is("D1012", "$reduce([1..28], function($a, $b) { {'a': $a, 'b': $a} }, "
      .. "1) ~> |**|{'c': 1}|", { steps = 1e6 })
  end)

  it("writes no text without end", function()
    is("D1011", "$reduce([1..100000], function($a, $b) { [[$a]] }, 1)")
  end)
end)
