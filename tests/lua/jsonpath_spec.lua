--- asl.jsonpath and asl.filter: paths that may name many places.

local doc = require("wf.doc")
local fake_ctx = require("fake_ctx")
local path = require("asl.path")

-- The store of the article that JSONPath comes from.
local STORE = doc.parse([[{"store":{"book":[
  {"category":"reference","author":"Nigel","title":"Sayings","price":8.95},
  {"category":"fiction","author":"Evelyn","title":"Sword","price":12.99},
  {"category":"fiction","author":"Herman","title":"Moby","isbn":"0-553",
   "price":8.99}],
  "bicycle":{"color":"red","price":19.95}},"limit":10,"none":null}]])
local CTX = fake_ctx.new('{"Execution":{"Input":{"v":[1,2]}}}')

local function find(text)
  local parsed = assert(path.parse(text))
  local found, error, cause = parsed:find(STORE, CTX)
  if found then
    return found:text()
  end
  return error and error .. ": " .. cause
    or "nothing: " .. parsed:reason(STORE, CTX)
end

describe("paths that may name many places", function()
  for text, expected in pairs({
    ["$.store.book[*].author"] = '["Nigel","Evelyn","Herman"]',
    ["$..author"] = '["Nigel","Evelyn","Herman"]',
    ["$.store.*.color"] = '["red"]',
    ["$.store..price"] = "[8.95,12.99,8.99,19.95]",
    ["$..book[2].title"] = '["Moby"]',
    ["$..book[-1:].title"] = '["Moby"]',
    ["$.store.book[0,2].title"] = '["Sayings","Moby"]',
    ["$.store.book[:2].title"] = '["Sayings","Sword"]',
    ["$.store.book[1:].title"] = '["Sword","Moby"]',
    ["$.store.book[-2:-1].title"] = '["Sword"]',
    ["$.store.book[-9:].title"] = '["Sayings","Sword","Moby"]',
    ["$.store.book[:-1].title"] = '["Sayings","Sword"]',
    ["$.store.book[0:-1].title"] = "[]", -- as Jayway counts
    ["$.['store'].['book'].[0].title"] = '"Sayings"',
    ["$..[0].title"] = '["Sayings"]',
    ["$..['title','isbn']"] = '[{"title":"Moby","isbn":"0-553"}]',
    ["$.store['bicycle','no'].color"] = '["red"]',
    ["$.store.*[?(@.price)].color"] = '["red"]',
    ["$.store.book[1:99].title"] = '["Sword","Moby"]',
    ["$.store.book[2:1].title"] = "[]",
    ["$..book[?(@.isbn)].title"] = '["Moby"]',
    ["$..book[?(!@.isbn)].title"] = '["Sayings","Sword"]',
    ["$.store.book[?(@.price < 10)].title"] = '["Sayings","Moby"]',
    ["$.store.book[?(@.price<$.limit)].title"] = '["Sayings","Moby"]',
    ["$.store.book[?(@.price >= 12.99)].title"] = '["Sword"]',
    ["$.store.book[?(@['category'] == 'fiction')].title"] =
      '["Sword","Moby"]',
    ["$.store.book[?(@.category==fiction)].title"] = '["Sword","Moby"]',
    ['$.store.book[?(@.category != "fiction")].title'] = '["Sayings"]',
    ["$.store.book[?(@.category=='fiction' && @.price<10)].title"] =
      '["Moby"]',
    ["$.store.book[?(@.price>12 || (@.price<8.96))].title"] =
      '["Sayings","Sword"]',
    ["$.store.book[?('fiction' == @.category)].price"] = "[12.99,8.99]",
    ["$.store.bicycle[?(@.color=='red')].price"] = "[19.95]",
    ["$.store.bicycle['color','price','no']"] =
      '{"color":"red","price":19.95}',
    -- Recorded at AWS: test_json_path_array_wildcard_or_slice_with_no_input.
    ["$.no[*]"] = "[]",
    ["$.store.no.such[1:]"] = "[]",
    ["$.limit[*]"] = "[]",
    ["$.limit[1:]"] = "[]",
    ["$.limit['a','b']"] = "nothing: Expected to find an object with property "
      .. "['a','b'] in path $['limit'] but found 'com.fasterxml.jackson."
      .. "databind.node.IntNode'. This is not a json object according to the "
      .. "JsonProvider: 'com.jayway.jsonpath.spi.json."
      .. "JacksonJsonNodeJsonProvider'.",
    ["$.none[?(@.a)]"] = "[]",
    ["$.no['a','b']"] = "nothing: Missing property in path $['no']",
    ["$.store.book[9].x[*]"] = "[]",
    ["$..nope"] = "[]",
    ["$$.Execution.Input.v[*]"] = "[1,2]",
    ["$.store.book[?(@.title=='a]b')]"] = "[]",
    ["$.limit "] = "10",
  }) do
    it(text, function()
      assert.equal(expected, find(text))
    end)
  end

  it("say whether they are definite", function()
    assert.is_true(path.parse("$.a['b'][0]").definite)
    assert.is_false(path.parse("$.a[*]").definite)
    assert.is_nil(path.parse_reference("$.a[?(@.b)]"))
  end)

  for _, text in ipairs({
    "$.a[?()]", "$.a[?(@.b ==)]", "$.a[?(@.b = 1)]", "$.a[?(@.b", "$.a[*",
    "$.a['b','c'", "$.a[0,]", "$.a[?(@.b =~ /(/)]", "$...a", "$..",
    "$.a[?(@.b && )]", "$.a[1:2:3]", "$[99999999999]", "$.a[:]", "$.a*.",
    "$.a.nope()", "$.a.index(", "$.a[?(@.b foo 1)]", "$.a[?(@.b in [1,)]",
    "$.a[?(" .. ("("):rep(1000) .. "@.b" .. (")"):rep(1000) .. ")]",
    "$.a[?(@.b in [1e999])]", "$.a[?(@.b == {\"x\":-1e999})]",
    "$" .. ("[*]"):rep(1000),
  }) do
    it("are refused: " .. text:sub(1, 40), function()
      assert.is_nil((path.parse(text)))
    end)
  end

  it("stop when they visit too much", function()
    local deep = doc.parse(('{"a":'):rep(30) .. "{}" .. ("}"):rep(30))
    local found, error, cause =
      path.parse("$" .. ("..[?(@.a)]"):rep(10)):find(deep, CTX)
    assert.is_nil(found)
    assert.equal("States.Runtime", error)
    assert.matches("visits more than 250000 values%.$", cause)
  end)
end)

-- What [?( … )] keeps of these, by their names.
local ITEMS = doc.parse([[{"min":2,"names":["a","c"],"items":[
  {"n":"a","v":1,"t":"Apple","l":["x","y"],"o":{"p":1},"z":null},
  {"n":"b","v":2,"t":"banana","l":[],"o":{}},
  {"n":"c","v":"2","t":"","l":["y","z"]},
  {"n":"d","v":3.5,"t":"ban[ana]/x"}]}]])

local function kept(condition)
  local text = "$.items[?(" .. condition .. ")].n"
  local found = assert(path.parse(text), text):find(ITEMS, CTX)
  return (found:text():gsub('[%[%]",]', ""))
end

describe("filters", function()
  for condition, expected in pairs({
    ["@.v == 2"] = "bc", -- a text and a number may be equal
    ["@.v === 2"] = "b",
    ["@.v != 2"] = "ad",
    ["@.v !== 2"] = "acd",
    ["@.v >= 2"] = "bd", -- a text has no order beside a number
    ["@.v<$.min"] = "a",
    ["@.n > 'b'"] = "cd",
    ["@.z == null"] = "a", -- what is missing is not null
    ["@.z != null"] = "bcd",
    ["@.no == @.no"] = "",
    ["@.no != 1"] = "abcd",
    ["@.z"] = "a", -- a null is there
    ["@.t =~ /.*an.*/"] = "bd",
    ["@.t =~ /apple/i"] = "a",
    ["@.t =~ /appl/i"] = "", -- all of the text
    ["@.t =~ /.*\\[.*\\/x/"] = "d",
    ["@.l =~ /[xz]/"] = "ac",
    ["@.no =~ /.+/"] = "",
    ["@.n in ['a','c']"] = "ac",
    ['@.n in ["a", "d"]'] = "ad",
    ["@.n in $.names"] = "ac",
    ["@.n IN [a]"] = "a",
    ["@.n nin ['a']"] = "bcd",
    ["@.v in [1, 3.5]"] = "ad",
    ["@.l contains 'y'"] = "ac",
    ["@.t contains 'an'"] = "bd",
    ["'y' in @.l"] = "ac",
    ["@.l size 2"] = "ac",
    ["@.t size 6"] = "b",
    ["@.l empty true"] = "b",
    ["@.l empty false"] = "ac",
    ["@.t empty true"] = "c",
    ["@.o empty true"] = "b",
    ["@.l subsetof ['x','y']"] = "ab",
    ["@.l all ['y','z']"] = "c",
    ["@.l anyof ['z']"] = "c",
    ["@.l noneof ['z']"] = "ab",
    ["@.o == {'p': 1}"] = "a",
    ["@.l == ['x','y']"] = "a",
    ["@.l.length() == 2"] = "ac",
    ["@.l[?(@ == 'z')] empty false"] = "c",
    ["@.l[*] contains 'x'"] = "a",
    ["!@.z && @.v == 2"] = "bc",
    ["!(@.n == 'a' || @.n == 'b')"] = "cd",
    ["(@.n == 'a' || @.v == 3.5) && @.t != ''"] = "ad",
    ["@.n == 'a' || @.n == 'b' && @.v == 1"] = "a",
    ["@['n'] == a"] = "a",
    ["@.v type 'number'"] = "abd",
    ["@.l exists true"] = "abc",
    ["1 == 1"] = "abcd",
  }) do
    it(condition, function()
      assert.equal(expected, kept(condition))
    end)
  end

  it("fail if a regular expression takes for ever", function()
    local text = doc.parse('[{"t":"' .. ("a"):rep(5000) .. '!b"}]')
    local filter = assert(path.parse("$[?(@.t =~ /(a+)+b/)]"))
    local ok, failure = pcall(filter.find, filter, text, CTX)
    assert.is_false(ok)
    assert.equal("States.Runtime", failure.Error)
    assert.matches("takes too long to match", failure.Cause)
  end)
end)

describe("functions of paths", function()
  local NUMBERS = doc.parse([[{"n":[3,1,2.5],"o":{"b":1,"a":2},"e":[],
    "s":"text","l":[{"p":1},{"p":4}],"big":[10000000,0.0001]}]])

  for text, expected in pairs({
    ["$.n.length()"] = "3",
    ["$.n.size()"] = "3",
    ["$.o.length()"] = "2",
    ["$.n.min()"] = "1.0",
    ["$.n.max()"] = "3.0",
    ["$.n.sum()"] = "6.5",
    ["$.n.avg()"] = "2.1666666666666665",
    ["$.l..p.sum()"] = "[]",
    ["$..p.sum()"] = "5.0",
    ["$..p.length()"] = "2",
    ["$.l[*].length()"] = "[1,1]",
    ["$.n.stddev()"] = "0.849836585598798",
    ["$.big.max()"] = "1.0E7",
    ["$.big.min()"] = "1.0E-4",
    ["$.o.keys()"] = '["b","a"]',
    ["$.n.first()"] = "3",
    ["$.n.last()"] = "2.5",
    ["$.n.index(1)"] = "1",
    ["$.n.append(7)"] = "[3,1,2.5,7]",
    ["$.e.concat('a', 'b')"] = '"ab"',
    ["$.e.max()"] = "nothing: Aggregation function attempted to calculate "
      .. "value using empty array",
    ["$.s.length()"] = "nothing: No results for path: $['s'].length()",
  }) do
    it(text, function()
      local parsed = assert(path.parse(text))
      local found = parsed:find(NUMBERS, CTX)
      assert.equal(expected, found and found:text()
        or "nothing: " .. parsed:reason(NUMBERS, CTX))
    end)
  end

  it("give Lua data to comparisons", function()
    assert.equal(3, path.parse("$.n.length()"):scalar(NUMBERS, CTX))
    assert.equal("[3]", path.parse("$.n[?(@ == 3)]"):scalar(NUMBERS):text())
  end)
end)
