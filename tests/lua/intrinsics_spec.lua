--- asl.intrinsics and asl.functions: States.*(…).

local base64 = require("asl.base64")
local doc = require("wf.doc")
local fake_ctx = require("fake_ctx")
local intrinsics = require("asl.intrinsics")

local CTX = fake_ctx.new('{"Execution":{"Name":"e-1"}}', {
  random = function()
    return 0.5
  end,
  uuid = function()
    return "6d1c5f4e-52a8-4b6e-9a55-0f6bb0f2a111"
  end,
})

local function call(text, input)
  local value, error, cause =
    assert(intrinsics.parse(text)):find(doc.parse(input or "{}"), CTX)
  return value and value:text() or error .. ": " .. cause
end

-- What AWS answered, as recorded, and what its documentation shows.
local EXAMPLES = {
  { "States.Array()", "{}", "[]" },
  { "States.Array($.id, 'a', 1.0, null)", '{"id":[1]}', '[[1],"a",1.0,null]' },
  { "States.ArrayPartition($.a, 2)", '{"a":[0,1,2]}', "[[0,1],[2]]" },
  { "States.ArrayPartition($.a, 4)", '{"a":[]}', "[]" },
  { "States.ArrayContains($.a, $.v)", '{"a":[[1,2],2],"v":[1,2]}', "true" },
  { "States.ArrayContains($.a, $.v)", '{"a":[{"1":2}],"v":[]}', "false" },
  { "States.ArrayRange(0, 9, 3)", "{}", "[0,3,6,9]" },
  { "States.ArrayRange(1, 9, 9)", "{}", "[1]" },
  { "States.ArrayRange(3, 1, -1)", "{}", "[3,2,1]" },
  { "States.ArrayGetItem($.a, 1)", '{"a":[1,2.50]}', "2.50" },
  { "States.ArrayLength($.a)", '{"a":[1,2,3]}', "3" },
  { "States.ArrayUnique($.a)",
    '{"a":[1,1.0,"1",{"a":1,"b":2},{"b":2,"a":1},null,null]}',
    '[1,"1",{"a":1,"b":2},null]' },
  { "States.Base64Encode($.s)", '{"s":"Data to encode"}',
    '"RGF0YSB0byBlbmNvZGU="' },
  { "States.Base64Decode($.s)", '{"s":"RGF0YSB0byBlbmNvZGU="}',
    '"Data to encode"' },
  { "States.JsonMerge($.a, $.b, false)",
    '{"a":{"a":{"a1":1},"b":2,"d":3},"b":{"a":{"a3":1},"c":3,"d":4}}',
    '{"b":2,"a":{"a3":1},"c":3,"d":4}' },
  { "States.StringToJson($.s)", '{"s":"{\\"a\\": 1.0}"}', '{"a": 1.0}' },
  { "States.StringToJson($.s)", '{"s":" "}', "null" },
  { "States.StringToJson($.s)", '{"s":"-0"}', "0" },
  { "States.JsonToString($.o)", '{"o":{ "a" : "b c" }}',
    '"{\\"a\\":\\"b c\\"}"' },
  { "States.MathAdd(-9, 3)", "{}", "-6" },
  { "States.MathAdd(1.49, 1.5)", "{}", "3" },
  { "States.MathAdd(-1.5, -1.51)", "{}", "-3" },
  { "States.MathRandom(10, 20)", "{}", "15" },
  { "States.StringSplit('1,2,,3', ',')", "{}", '["1","2","3"]' },
  { "States.StringSplit('This.is+a,test=string', '.+,=')", "{}",
    '["This","is","a","test","string"]' },
  { "States.StringSplit('a-b]c^d', '-]^')", "{}", '["a","b","c","d"]' },
  { "States.StringSplit(',,', ',')", "{}", "[]" },
  { "States.Format('fst={} and snd={}.', $.a, $.b)",
    '{"a":{"Arg1":1,"Arg2":[]},"b":null}',
    '"fst={Arg1=1, Arg2=[]} and snd=null."' },
  { "States.Format('\\{\\} it\\'s {} \\\\', $.a)", '{"a":"x"}',
    "\"{} it's x \\\\\"" },
  { "States.Hash('input data', 'MD5')", "{}",
    '"812f45842bc6d66ee14572ce20db8e86"' },
  { "States.Hash($.d, $.a)", '{"d":"input data","a":"SHA-1"}',
    '"aaff4a450a104cd177d28d18d74485e8cae074b7"' },
  { "States.Hash('input data', 'SHA-256')", "{}", '"b4a697a057313163aee33cd8'
    .. 'd40c66e9f0f177e00cac2de32475ffff6169c3e3"' },
  { "States.Hash('input data', 'SHA-384')", "{}", '"d28a7d5cf25a74f11a50a184'
    .. "52b75e04bb3d70c9dd0510d6123aa008c756511b87525bdc835ebb27e1fb9e9374a155"
    .. '62"' },
  { "States.Hash('input data', 'SHA-512')", "{}", '"6ce4adb348546d4f449c4d25'
    .. "aad9a7c9cb711d9e91982d3f0b29ca2f3f47d4ce2deba23bf2954f0f1d593fc5028373"
    .. '1a533d30d425402d4f91316d871303aac4"' },
  -- What is split, and what is decoded, stays a text whatever its bytes.
  { "States.StringSplit('aéàb', 'é')", "{}", '["a","àb"]' },
  { "States.Base64Decode('w6n/4oKs')", "{}", '"é\239\191\189€"' },
  { "States.Base64Encode($.s)", '{"s":"' .. ("é"):rep(9999) .. '"}',
    '"' .. base64.encode(("é"):rep(9999)) .. '"' },
  { "States.Array($.a.length(), $.a[?(@ > 1)], $$.Execution.Name)",
    '{"a":[1,2]}', '[2,[2],"e-1"]' },
  { "States.UUID()", "{}", '"6d1c5f4e-52a8-4b6e-9a55-0f6bb0f2a111"' },
  { "States.ArrayGetItem(States.StringSplit($$.Execution.Name, '-'), "
    .. "States.MathAdd(States.ArrayLength(States.StringSplit("
    .. "$$.Execution.Name, '-')), -1))", "{}", '"1"' },
  { "States.Array( $.a , $['b,)'] )", '{"a":1,"b,)":2}', "[1,2]" },
}

describe("intrinsic functions", function()
  for _, example in ipairs(EXAMPLES) do
    it(example[1] .. " of " .. example[2], function()
      assert.equal(example[3], call(example[1], example[2]))
    end)
  end

  it("give the same random number for the same seed", function()
    local text = "States.MathRandom(0, 1000, 3)"
    assert.equal(call(text), call(text))
    assert.not_equal(call(text), call("States.MathRandom(0, 1000, 4)"))
  end)

  it("fail where a path finds nothing, naming call, path and input",
    function()
      assert.equal("States.Runtime: The function 'States.Format('{}', $.a)' "
        .. "had the following error: The JsonPath argument for the field "
        .. "'$.a' could not be found in the input '{\"b\":1}'",
        call("States.Format('{}', $.a)", '{ "b": 1 }'))
    end)

  for text, input in pairs({
    ["States.ArrayLength($.a)"] = '{"a":{}}',
    ["States.ArrayGetItem($.a, 1)"] = '{"a":[1]}',
    ["States.ArrayPartition($.a, 0)"] = '{"a":[1]}',
    ["States.ArrayRange(0, 1000, 1)"] = "{}",
    ["States.ArrayRange(0, 1, 0)"] = "{}",
    ["States.Base64Decode('*')"] = "{}",
    ["States.Base64Encode($.a)"] = '{"a":"' .. ("x"):rep(10001) .. '"}',
    ["States.JsonMerge($.a, $.a, true)"] = '{"a":{}}',
    ["States.StringToJson('{')"] = "{}",
    ["States.MathAdd('1', 2)"] = "{}",
    ["States.Hash('a', 'MD4')"] = "{}",
    ["States.Hash(1, 'MD5')"] = "{}",
    ["States.Hash($.a, 'MD5')"] = '{"a":"' .. ("x"):rep(10001) .. '"}',
    ["States.Format('{}{}', 1)"] = "{}",
    ["States.Format('{}', 1, 2)"] = "{}",
    ["States.Format('{', 1)"] = "{}",
  }) do
    it("fail as States.IntrinsicFailure: " .. text, function()
      assert.matches("^States%.IntrinsicFailure: The function 'States%.",
        call(text, input))
    end)
  end

  for _, text in ipairs({
    "States.Nope()", "States.UUID", "States.UUID(", "States.UUID() x",
    "States.UUID(1)", "States.ArrayLength()", "States.Array(a)",
    "States.Array('a)", "States.Array(1,)", "States.Array($[)",
    "States.Array(01)", [[States.StringToJson('{"a":"\"b\""}')]],
    [[States.Format('a \" b')]], "states.UUID()",
    ("States.Array("):rep(11) .. (")"):rep(11),
    ("States.Array("):rep(100000),
  }) do
    it("are refused when loaded: " .. text:sub(1, 60), function()
      local found, problem = intrinsics.parse(text)
      assert.is_nil(found)
      assert.is_string(problem)
    end)
  end
end)

describe("Base64", function()
  it("is undone by its inverse, whatever the length", function()
    local bytes = ""
    for i = 0, 255 do
      bytes = bytes .. string.char(i)
      assert.equal(bytes, base64.decode(base64.encode(bytes)))
    end
  end)

  it("refuses what it has not made", function()
    for _, text in ipairs({ "a", "ab=", "a===", "ab*=", "=abc", "abc\n" }) do
      assert.is_nil(base64.decode(text))
    end
  end)
end)
