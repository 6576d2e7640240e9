--- asl.path: JSONPath.

local doc = require("wf.doc")
local fake_ctx = require("fake_ctx")
local path = require("asl.path")

local INPUT = doc.parse([[{"a":{"b":[10,20,{"c d":true}]},"x-y":1,
  "n":null,"$":2,"it's":3,"ü":4,"p.q":5,"x:y":6,"[?":7,"\t":8}]])
local CTX = fake_ctx.new('{"Execution":{"Input":{"v":[7]}}}')

local function find(text)
  local found = assert(path.parse(text)):find(INPUT, CTX)
  return found and found:text()
end

local function reason(text)
  return assert(path.parse(text)):reason(INPUT, CTX)
end

describe("definite paths", function()
  it("find what they name", function()
    assert.equal(INPUT:text(), find("$"))
    assert.equal("20", find("$.a.b[1]"))
    assert.equal("20", find("$['a']['b'][1]"))
    assert.equal("20", find('$["a"].b[-2]'))
    assert.equal("true", find("$.a.b[2]['c d']"))
    assert.equal("1", find("$.x-y"))
    assert.equal("null", find("$.n"))
    assert.equal("3", find("$['it\\'s']"))
    assert.equal("4", find("$.ü"))
    assert.equal("6", find("$.x:y"))
    assert.equal("20", find("$.['a'].b.[1]"))
  end)

  it("may keep any character of a name by a backslash", function()
    assert.equal("5", find("$.p\\.q"))
    assert.equal("20", find("$.\\a.b[1]"))
    assert.equal("7", find("$.\\[\\?"))
    assert.equal("8", find("$['\\t']"))
    assert.equal("4", find("$['\\u00fc']"))
  end)

  it("find nothing where there is nothing", function()
    assert.is_nil(find("$.a.c"))
    assert.is_nil(find("$.a.b[3]"))
    assert.is_nil(find("$.a.b.c"))
    assert.is_nil(find("$.a[0]"))
    assert.is_nil(find("$.n.m"))
  end)

  it("look into the context object behind $$", function()
    assert.equal("7", find("$$.Execution.Input.v[0]"))
    assert.is_nil(find("$$.Execution.Output"))
    assert.is_truthy(path.parse("$$").definite)
  end)

  it("say why they found nothing as AWS does", function()
    assert.equal("No results for path: $['z']", reason("$.z"))
    assert.equal("No results for path: $['a']['z']", reason("$.a.z"))
    assert.equal("Missing property in path $['no']", reason("$.no.such.path"))
    assert.equal("No results for path: $['a']['b'][9]", reason("$.a.b[9]"))
    assert.matches("^Expected to find an object with property %['c'%] in path "
      .. "%$%['a'%]%['b'%] but found '.*ArrayNode'", reason("$.a.b.c"))
    assert.matches("^Filter: %[0%] can only be applied to arrays",
      reason("$.a[0]"))
  end)
end)

describe("texts that are no paths", function()
  for _, text in ipairs({
    "", "a", "$states.input", "$1", "$.", "$..", "$.a.", "$.a..b[", "$[", "$[]",
    "$['a",
    "$['a'", "$.a b", "$[1.5]", "$[99999999999]", "$ .a",
  }) do
    it("are refused: " .. text, function()
      local found, problem = path.parse(text)
      assert.is_nil(found)
      assert.is_string(problem)
    end)
  end

  it("are refused without reading on and on", function()
    assert.is_nil(path.parse("$" .. (".a"):rep(100000)))
  end)
end)

describe("Reference Paths", function()
  it("are definite and into the input", function()
    assert.is_truthy(path.parse_reference("$.a['b'][0]"))
    assert.is_nil(path.parse_reference("$$.Execution"))
    assert.is_nil(path.parse_reference("$.a[*]"))
  end)
end)

describe("scalar", function()
  it("gives Lua data where there is a scalar, else a value", function()
    local value = doc.parse('{"s":"\\u00fc","n":1.5,"t":true,"f":false,'
      .. '"z":null,"a":[1],"o":{}}')
    local function scalar(name)
      return value:scalar(doc.path({ name }))
    end
    assert.same({ "ü", 1.5, true, false },
      { scalar("s"), scalar("n"), scalar("t"), scalar("f") })
    assert.is_true(rawequal(doc.null, scalar("z")))
    assert.equal("[1]", scalar("a"):text())
    assert.equal("{}", scalar("o"):text())
    assert.is_nil(scalar("x"))
  end)
end)
