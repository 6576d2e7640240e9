--- graph.svg, graph.mermaid, graph.dot, graph.json: well-formed, whatever the
-- names are.

local doc = require("wf.doc")
local random_machine = require("random_machine")
local render = require("graph.render")
local svg = require("graph.svg")
local text = require("graph.text")

local SAMPLES = "../shared/conformance/definitions"

-- A definition whose every text is `word`, as JSON text.
local function all_named(word)
  local quoted = doc.quote(word)
  return (([[{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[
    {"Variable":W,"StringEquals":W,"Next":W}],"Default":"M"},
    W:{"Type":"Task","Resource":W,"Retry":[],"Next":"E","Catch":[
     {"ErrorEquals":[W],"Next":"E"}]},
    "M":{"Type":"Map","Label":W,"Next":"E","ItemProcessor":{"StartAt":W,
     "States":{W:{"Type":"Fail","Error":W}}}},
    "E":{"Type":"Wait","Timestamp":W,"End":true}}}]]):gsub("%f[%a]W%f[%A]",
    function()
      return quoted
    end))
end

local NASTY = {
  '<script>alert("1")</script>', "]]>&amp;&lt;'\"", "a\tb\nc\127", "\1\8\27x",
  "end", "subgraph", "x --> y", 'a"];b["', "100% $HOME `id` #1;", "ünïcödé",
  "日本語の状態の名前はとても長いので切られます切られます切られます", "💥💥💥💥💥💥💥💥💥💥💥💥💥",
  "\\", "\\\"", "a\239\191\191b\239\191\190c", ("long"):rep(60),
  "%1 %%", "-->", "{% $x %}", " ", "",
}

local ENTITIES = { amp = true, lt = true, gt = true, quot = true }

-- A small check that a text is well-formed XML without declarations. Returns
-- nil, or what is wrong.
local function xml_problem(source)
  local open = {}
  for before, tag in source:gmatch("([^<]*)<([^>]*)>") do
    local content = before .. tag:gsub("^.-%s", "")
    if before:find("]]>", 1, true) then
      return "]]> in a text"
    end
    for entity in content:gmatch("&([^;%s]*;?)") do
      local name = entity:match("^(.*);$")
      if not name or not ENTITIES[name] and not name:find("^#%d+$") then
        return "a bare &: " .. entity
      end
    end
    local closing, name = tag:match("^(/?)([%a]+)")
    local attributes = tag:sub(#(closing or "") + #(name or "") + 1)
      :gsub('%s+[%a:-]+="[^"<]*"', "")
    if not name or not attributes:find("^%s*/?$") then
      return "a bad tag: " .. tag
    elseif closing == "/" then
      if table.remove(open) ~= name then
        return "unexpected </" .. name
      end
    elseif attributes ~= "/" then
      open[#open + 1] = name
    end
  end
  if #open > 0 then
    return "not closed: " .. open[#open]
  elseif source:find("[%z\1-\8\11\12\14-\31]") then
    return "a control character"
  end
end

local function pictures(format)
  local list = {}
  for _, word in ipairs(NASTY) do
    list[#list + 1] = assert(render.definition(all_named(word), format))
  end
  for seed = 1, 30 do
    list[#list + 1] = assert(render.definition(
      random_machine.text(seed, seed), format))
  end
  local pipe = io.popen("ls " .. SAMPLES .. "/*.json 2>/dev/null")
  for path in pipe:lines() do
    local file = assert(io.open(path, "rb"))
    list[#list + 1] = assert(render.definition(file:read("*a"), format))
    file:close()
  end
  pipe:close()
  return list
end

describe("SVG", function()
  it("is well-formed", function()
    for _, picture in ipairs(pictures("svg")) do
      assert.is_nil(xml_problem(picture))
    end
  end)

  it("has the texts, escaped", function()
    local picture = render.definition(all_named(NASTY[1]), "svg")
    assert.is_nil(picture:find("<script", 1, true))
    assert.is_truthy(picture:find("&lt;script&gt;", 1, true))
    assert.equal("a\239\191\189b\239\191\189&amp;",
      svg.escape("a\1b\239\191\191&"))
  end)

  it("needs nothing from elsewhere, and knows dark and light", function()
    local picture = render.definition(all_named("x"), "svg")
    assert.is_nil(picture:gsub("http://www.w3.org/2000/svg", "")
      :find("http", 1, true))
    assert.is_nil(picture:find("url(", 1, true))
    assert.is_truthy(picture:find("prefers-color-scheme:dark", 1, true))
  end)

  it("is the same each time", function()
    local source = random_machine.text(3, 20)
    assert.equal(render.definition(source, "svg"),
      render.definition(source, "svg"))
  end)

  it("shows the whole name as a tooltip if it is cut", function()
    local name = "A name that is so long that it can't be shown in two lines"
    local picture = render.definition(all_named(name), "svg")
    assert.is_truthy(picture:find("<title>" .. svg.escape(name), 1, true))
    assert.is_truthy(picture:find("…", 1, true))
  end)
end)

describe("Mermaid", function()
  it("has only made-up ids and quoted labels", function()
    for _, picture in ipairs(pictures("mermaid")) do
      for line in picture:gmatch("[^\n]+") do
        local plain = line:gsub('"[^"]*"', "L"):gsub("^%s+", "")
        assert.is_truthy(plain:find("^flowchart TB$")
          or plain:find("^subgraph [%w]+ %[L%]$") or plain == "end"
          or plain:find("^s%d+[%[{(/]+L[/%]})]+:::%a+$")
          or plain:find("^[%w]+ [-.]+>|?L?|? ?[%w]+$")
          or plain:find("^[%w]+%(%[%a+%]%)$")
          or plain:find("^classDef %a+ [%w:#,]+$"), line)
      end
    end
  end)

  it("closes what it opens", function()
    for _, picture in ipairs(pictures("mermaid")) do
      local _, opened = picture:gsub("\n%s*subgraph ", "")
      local _, closed = picture:gsub("\n%s*end%f[%s]", "")
      assert.equal(opened, closed)
    end
  end)
end)

describe("DOT", function()
  it("has strings that end where they should", function()
    for _, picture in ipairs(pictures("dot")) do
      local plain = picture:gsub("\\.", ""):gsub('"[^"]*"', "")
      assert.is_nil(plain:find('"', 1, true))
      local _, opened = plain:gsub("{", "")
      local _, closed = plain:gsub("}", "")
      assert.equal(opened, closed)
    end
  end)
end)

describe("JSON", function()
  it("is the layout", function()
    for _, picture in ipairs(pictures("json")) do
      local value = assert(doc.parse(picture))
      assert.is_true(value:get("width"):number() > 0)
      assert.equal("array", value:get("nodes"):type())
      assert.equal("array", value:get("edges"):type())
    end
  end)
end)

describe("what can't be drawn", function()
  it("is told with its place", function()
    local picture, message = render.definition('{"a":1,\n}', "svg")
    assert.is_nil(picture)
    assert.matches("line 2, column 1", message)
  end)

  it("is not an object, or has no such format", function()
    assert.is_nil(render.definition("[]", "dot"))
    assert.is_nil(render.definition("{}", "png"))
  end)
end)

describe("lines of text", function()
  it("are broken between words, and cut when there are too many", function()
    assert.same({ "Reserve the", "whole flight" },
      text.wrap("Reserve the whole flight", 80, 13, 2))
    local lines, is_cut = text.wrap("one two three four five", 40, 13, 2)
    assert.equal(2, #lines)
    assert.is_true(is_cut)
    assert.matches("…$", lines[2])
  end)

  it("are broken inside camelCase", function()
    assert.same({ "GetContent", "Moderation" },
      text.wrap("GetContentModeration", 80, 13, 2))
  end)

  it("fit, and consist of whole characters", function()
    for _, word in ipairs(NASTY) do
      for width = 20, 120, 20 do
        for _, line in ipairs(text.wrap(text.one_line(word), width, 13, 2)) do
          assert.is_true(text.width(line, 13) <= width or line == "…")
          assert.is_truthy(doc.parse(doc.quote(line)))
        end
      end
    end
  end)
end)
