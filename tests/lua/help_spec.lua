--- asl.help: every field of every type of states is explained.

local choice = require("asl.choice")
local containers = require("asl.containers")
local errors = require("asl.errors")
local failure_fields = require("asl.failure_fields")
local field_help = require("asl.field_help")
local help = require("asl.help")
local item_batcher = require("asl.item_batcher")
local item_reader = require("asl.item_reader")
local loader = require("asl.loader")
local result_writer = require("asl.result_writer")
local types = require("asl.types")

local FLIP = {
  type = "Flip",
  enter = function() end,
  fields = {
    types = { Heads = "state", Odds = { "number", min = 0, max = 1 } },
    required = { "Heads" },
    extensions = { Odds = true },
  },
  help = { summary = "Throws a coin.", fields = { Heads = "Where to." } },
}

local PARTS = {
  Machine = { loader.machine_schema },
  Retry = { failure_fields.retrier },
  Catch = failure_fields.catcher,
  Choices = {},
  ProcessorConfig = { containers.processor_config },
  ItemReader = item_reader.schemas,
  ReaderConfig = item_reader.config_schemas,
  ItemBatcher = item_batcher.schemas,
  ResultWriter = result_writer.schemas,
  WriterConfig = { result_writer.config_schema },
}

-- Schemas by language, or a list of them.
local function schemas_of(topic)
  if PARTS[topic] then
    return PARTS[topic]
  end
  local script = types.get(topic)
  return { loader.schema(script, "JSONPath"), loader.schema(script, "JSONata") }
end

-- Names in a table of core/cli/hint.c.
local function names_in_hints(array)
  local file = assert(io.open("core/cli/hint.c"))
  local text = file:read("*a"):match("%*const " .. array .. "%[%] = {(.-)};")
  file:close()
  local names = {}
  for name in text:gmatch('"([%w.]+)"') do
    names[name] = true
  end
  return names
end

describe("hints for misspelt names", function()
  it("know all fields and comparisons", function()
    local known = names_in_hints("fields")
    for _, topic in ipairs(help.topics()) do
      for _, schema in pairs(schemas_of(topic)) do
        for name in pairs(schema.types) do
          assert.is_true(known[name], name)
        end
      end
    end
    for name in pairs(choice.operators) do
      assert.is_true(known[name], name)
    end
  end)

  it("know all errors", function()
    local known = names_in_hints("errors")
    for _, name in pairs(errors) do
      if type(name) == "string" then
        assert.is_true(known[name], name)
      end
    end
  end)
end)

describe("help on", function()
  for _, topic in ipairs(help.topics()) do
    it(topic .. " has all its fields", function()
      local text = help.text(topic)
      for _, schema in pairs(schemas_of(topic)) do
        for name in pairs(schema.types) do
          assert.is_truthy(text:find("\n  " .. name .. ": ", 1, true), name)
          assert.is_truthy(field_help.of(topic, name), name)
        end
      end
    end)

    it(topic .. " fits the terminal", function()
      for line in help.text(topic):gmatch("[^\n]+") do
        assert.is_true(#line <= 78, line)
      end
    end)
  end

  it("Task says what is required, and in which language", function()
    local text = help.text("task")
    assert.matches("\n  Resource: text; required\n", text, 1, true)
    assert.matches("\n  Arguments: JSON with expressions in it; JSONata only",
      text, 1, true)
    assert.matches("\n  TimeoutSeconds: integer (1 to 99999999); in JSONata "
      .. "also an expression\n", text, 1, true)
    assert.matches("\nExactly one of Next, End.\n", text, 1, true)
    assert.matches("\n  AtMostOnce: true or false; extension\n", text, 1, true)
  end)

  it("nothing lists what there is", function()
    local text = help.text(nil)
    for _, name in ipairs(types.names()) do
      assert.is_truthy(text:find("\n  " .. name .. " ", 1, true), name)
    end
  end)

  it("an unknown topic names the known ones", function()
    local text, known = help.text("Nope")
    assert.is_nil(text)
    assert.matches("Task, Wait, .*Choices", known)
  end)

  it("a type of one's own is as it says", function()
    types.add(FLIP)
    local text = help.text("Flip")
    assert.matches("Flip - Throws a coin.\n", text, 1, true)
    assert.matches("\n  Heads: name of a state; required\n        Where to.\n",
      text, 1, true)
    assert.matches("\n  Odds: number (0 to 1); extension\n", text, 1, true)
    assert.matches("\n  Flip      Throws a coin.\n", help.text(nil), 1, true)
  end)
end)
