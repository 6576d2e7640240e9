--- asl.template: payload templates.

local doc = require("wf.doc")
local fake_ctx = require("fake_ctx")
local template = require("asl.template")

local STATE = { name = "A" }
local CTX = fake_ctx.new('{"Execution":{"Id":"e-1","Input":{"x":[5]}},'
  .. '"Map":{"Item":{"Index":3,"Value":{"y":6}}}}')

local function compile(text)
  return template.compile(assert(doc.parse(text)))
end

local function render(text, input)
  local value, error, cause =
    assert(compile(text)):render(CTX, STATE, doc.parse(input))
  return value and value:text(), error, cause
end

describe("payload templates", function()
  it("keep what is literal to the byte", function()
    local text = '{ "n" : 1.0, "big":12345678901234567890, "u":"\\u00e9" }'
    assert.equal(text, render(text, "{}"))
  end)

  it("fill in what paths find, to the byte", function()
    assert.equal('{"a":1.50,"b":{"x": 1}}',
      render('{"a.$":"$.n","b.$":"$.o"}', '{"n":1.50,"o":{"x": 1}}'))
  end)

  it("reach into nested objects and arrays", function()
    assert.equal('{"l":[1,{"v":2},{"w":[3]}],"o":{"p":{"q":2}}}', render(
      '{"l":[1,{"v.$":"$.a"},{"w":[3]}],"o":{"p":{"q.$":"$.a"}}}',
      '{"a":2}'))
  end)

  it("use the context object", function()
    assert.equal('{"id":"e-1","all":{}}',
      render('{"id.$":"$$.Execution.Id","all.$":"$"}', "{}"))
  end)

  it("tell null, {} and [] apart", function()
    assert.equal('{"a":null,"b":{},"c":[]}',
      render('{"a.$":"$.a","b.$":"$.b","c.$":"$.c"}',
        '{"a":null,"b":{},"c":[]}'))
  end)

  it("escape names that need it", function()
    assert.equal('{"a\\"b":1}', render('{"a\\"b.$":"$.n"}', '{"n":1}'))
  end)

  it("fail with field, path and input where a path finds nothing", function()
    local value, error, cause =
      render('{"k":{"x.$":"$.a.b"}}', '{ "c" : "d e" }')
    assert.is_nil(value)
    assert.equal("States.Runtime", error)
    assert.equal("An error occurred while executing the state 'A' (entered at "
      .. "the event id #2). The JSONPath '$.a.b' specified for the field "
      .. "'x.$' could not be found in the input '{\"c\":\"d e\"}'", cause)
  end)

  it("refuse what is neither path nor intrinsic function", function()
    for _, bad in ipairs({ '"x"', "1", "{}", '"$["', '"States.Nope()"' }) do
      local found, problem = compile('{"p.$":' .. bad .. "}")
      assert.is_nil(found)
      assert.equal("The value for the field 'p.$' must be a valid JSONPath "
        .. "or a valid intrinsic function call", problem)
    end
  end)

  it("refuse a name that occurs twice without its .$", function()
    local found, problem = compile('{"a":1,"a.$":"$.x"}')
    assert.is_nil(found)
    assert.matches("'a' occurs twice", problem)
  end)

  it("are compiled in one pass, however deep", function()
    local depth = 400
    local text = ('{"a":[1,2,3],"b":'):rep(depth) .. '{"c.$":"$.v"}'
      .. ("}"):rep(depth)
    local filled = render(text, '{"v":7}')
    assert.equal(text:gsub('"c%.%$":"%$%.v"', '"c":7'), filled)
  end)
end)

describe("a template over the context object", function()
  -- Each is looked up where it is: the whole object may be large.
  it("looks into its parts as into the whole", function()
    assert.equal('{"x":5,"y":6,"i":3,"id":"e-1","v":[5],"all":{"y":6}}',
      render('{"x.$":"$$.Execution.Input.x[0]","y.$":"$$.Map.Item.Value.y",'
        .. '"i.$":"$$.Map.Item.Index","id.$":"$$.Execution.Id",'
        .. '"v.$":"$$.Execution.Input.x[*]","all.$":"$$[\'Map\'].Item.Value"}',
        "{}"))
    assert.equal('{"m":{"Item":{"Index":3,"Value":{"y":6}}},"n":[3,{"y":6}]}',
      render('{"m.$":"$$.Map","n.$":"$$.Map.Item.*"}', "{}"))
  end)

  it("says what it did not find", function()
    local _, error, cause = render('{"a.$":"$$.Map.Item.Value.z"}', '{"i":1}')
    assert.equal("States.Runtime", error)
    assert.matches("The JSONPath '%$%$%.Map%.Item%.Value%.z' specified for the "
      .. "field 'a%.%$' could not be found in the input '{\"i\":1}'", cause)
  end)
end)
