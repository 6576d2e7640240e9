--- The library's template: texts with values in them.

local template = require("lib.template")

local function is(expected, text, values, options)
  assert.equal(expected, template.render(text, values, options))
end

-- What goes wrong: "NAME: CAUSE".
local function wrong(text, values, options)
  local fine, why = pcall(template.render, text, values, options)
  assert.is_false(fine)
  return type(why) == "table" and why.Error .. ": " .. why.Cause or why
end

describe("templates", function()
  it("have values of expressions", function()
    is("Hello Ada", "Hello {{ name }}", { name = "Ada" })
    is("3 and 4", "{{ 1 + n }} and {{ #list }}{{ '' }}",
      { n = 2, list = { 1, 2, 3, 4 } })
    is("}} |", [[{{ "}}" }} {{ "|" }}]])
    is("a\n\"b\"\\ \r\0", "a\n\"b\"\\ \r\0")
    is("", "")
    is("{ {x} }", "{ {x} }")
    is("1", "{{ string.gsub('a', 'a', '1') }}") -- the first of two values
    is("false", "{{ x }}", { x = false })
  end)

  it("are programs, whose lines leave nothing", function()
    is("a\n 1\n 2\nb\n", "a\n{% for i = 1, 2 do %}\n {{ i }}\n{% end %}\nb\n")
    is("1,2,", "{% for i = 1, 2 do %}{{ i }},{% end %}")
    is("no", "{% if x then %}yes{% else %}no{% end %}")
    is("b\n", "  {# a comment: }} %} #}\nb\n")
    is("x  y", "x {# within #} y")
    is("", "{% local a = 1 %}\n  {% local b = a %} {# c #}\r\n{% a = b %}")
    is("1", "{% local a = 1 -- why not %}{{ a }}")
    is("\n7\n", "\n{% local a = 7 %}\n{{ a }}\n")
  end)

  it("have filters", function()
    is("AB", "{{ x | upper }}", { x = "aB" })
    is("1, 2", [[{{ x | join(", ") }}]], { x = { 1, 2 } })
    is("22", "{{ port | default(22) }}")
    is("8", "{{ port | default(22) }}", { port = 8 })
    is("a-b 'a b' 'it'\\''s' ''", "{{ a | shell }} {{ b | shell }} "
      .. "{{ c | shell }} {{ '' | shell }}",
      { a = "a-b", b = "a b", c = "it's" })
    is("&lt;a href=&quot;x&quot;&gt;&amp;&#39;", "{{ x | html }}",
      { x = "<a href=\"x\">&'" })
    is("    a\n\n    b", "{{ x | indent(4) }}", { x = "a\n\nb" })
    is("[a]", "{{ ' A ' | trim | lower | mark('[', ']') }}", {},
      { filters = { mark = function(text, before, behind)
        return before .. text .. behind
      end } })
  end)

  it("are read once", function()
    local compiled = template.compile("{{ n }}")
    assert.equal("1", compiled({ n = 1 }))
    assert.equal("2", compiled({ n = 2 }))
  end)

  it("miss no value silently", function()
    assert.equal("Template.Failed: motd:3: there is no value for {{ nam }}",
      wrong("a\nb\n{{ nam }}", { name = 1 }, { name = "motd" }))
    assert.equal("Template.Failed: template:2: attempt to index field 'b' "
      .. "(a nil value)", wrong("\n{{ a.b.c }}", { a = {} }))
    assert.equal("Template.Failed: template:4: no!",
      wrong("{% if true then %}\n{# c #}\n\n{% fail('no!') %}{% end %}",
        { fail = function(text) error("template:4: " .. text, 0) end }))
  end)

  it("say what is wrong, and where", function()
    assert.equal("Template.Invalid: template:2: {{ has no }}",
      wrong("a\nb {{ c"))
    assert.equal('Template.Invalid: template:1: there is no filter "up"',
      wrong("{{ a | up }}"))
    assert.equal('Template.Invalid: template:2: "a b" is no expression',
      wrong("\n{{ a b }}"))
    assert.equal('Template.Invalid: template:1: "a -- b" is no expression',
      wrong("{{ a -- b }}"))
    assert.equal("Template.Invalid: template:1: there is no expression in "
      .. "{{ }}", wrong("{{ }}"))
    assert.has.match("^Template.Invalid: template:3: 'end' expected",
      wrong("a\n{% if true then %}\nb"))
    assert.has.match("^Template.Invalid: template:1: behind | a filter",
      wrong("{{ a | upper lower }}"))
    assert.has.match("a text expected", wrong(nil))
    assert.has.match("a table of values expected", wrong("", 1))
    assert.has.match("has to be a function",
      wrong("", {}, { filters = { x = 1 } }))
  end)

  it("reach nothing beyond the text", function()
    for _, name in ipairs({ "os", "io", "require", "loadstring", "_G",
        "getfenv", "debug", "package", "ffi" }) do
      assert.has.match("no value", wrong("{{ " .. name .. " }}"))
    end
  end)
end)
