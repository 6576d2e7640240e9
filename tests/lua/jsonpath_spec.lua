--- asl.jsonpath and asl.filter: paths that may name many places.

local doc = require("wf.doc")
local path = require("asl.path")

-- The store of the article that JSONPath comes from.
local STORE = doc.parse([[{"store":{"book":[
  {"category":"reference","author":"Nigel","title":"Sayings","price":8.95},
  {"category":"fiction","author":"Evelyn","title":"Sword","price":12.99},
  {"category":"fiction","author":"Herman","title":"Moby","isbn":"0-553",
   "price":8.99}],
  "bicycle":{"color":"red","price":19.95}},"limit":10,"none":null}]])
local CTX = {
  context = function()
    return doc.parse('{"Execution":{"Input":{"v":[1,2]}}}')
  end,
}

local function find(text)
  local found, error, cause = assert(path.parse(text)):find(STORE, CTX)
  return found and found:text() or error .. ": " .. cause
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
    ["$.store.book[0:-2].title"] = '["Sayings"]',
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
    ["$.no[*]"] = "[]",
    ["$.no.such[1:]"] = "[]",
    ["$.limit[*]"] = "[]",
    ["$.none[?(@.a)]"] = "[]",
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
    "$.a['b','c'].d", "$.a[0,]", "$.a[?(@.b =~ /x/)]", "$...a", "$..",
    "$.a[?(@.b && )]", "$.a[1:2:3]", "$[99999999999]",
    "$.a[?(" .. ("("):rep(1000) .. "@.b" .. (")"):rep(1000) .. ")]",
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
