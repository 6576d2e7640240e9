--- asl.choice and asl.rules: every operator.

local machine_run = require("machine_run")

-- "true" or "false": whether the rule holds; or the cause of the failure.
local function holds(rule, input)
  local run = machine_run.new([[{"StartAt":"A","States":{
    "A":{"Type":"Choice","Choices":[]] .. rule:gsub("}$", ',"Next":"Y"}')
    .. [[],"Default":"N"},
    "Y":{"Type":"Pass","Result":true,"End":true},
    "N":{"Type":"Pass","Result":false,"End":true}}}]]):start(input)
  return run.output or run.error .. ": " .. run.cause
end

local function compare(operator, operand, value)
  return holds('{"Variable":"$.v","' .. operator .. '":' .. operand .. "}",
    '{"v":' .. value .. "}")
end

local function compare_path(operator, operand, value)
  return holds('{"Variable":"$.v","' .. operator .. 'Path":"$.w"}',
    '{"v":' .. value .. ',"w":' .. operand .. "}")
end

local ORDERS = { "Equals", "LessThan", "GreaterThan", "LessThanEquals",
  "GreaterThanEquals" }
-- What holds for a value that is less, the same, more.
local EXPECTED = {
  Equals = { "false", "true", "false" },
  LessThan = { "true", "false", "false" },
  GreaterThan = { "false", "false", "true" },
  LessThanEquals = { "true", "true", "false" },
  GreaterThanEquals = { "false", "true", "true" },
}

local FAMILIES = {
  Numeric = { "-1.5", "2", "1e1" },
  String = { '"A"', '"AB"', '"B"' },
  Timestamp = { '"2012-10-09T19:00:55Z"', '"2012-10-09T20:00:55.1+01:00"',
    '"2012-10-09T19:00:56Z"' },
}

local OTHER_TYPES = { "null", "true", "{}", "[]", '"x"', "3" }
local OWN = { Numeric = "3", String = '"x"', Timestamp = '"none"' }

describe("comparisons", function()
  for family, values in pairs(FAMILIES) do
    for _, order in ipairs(ORDERS) do
      local operator = family .. order
      it(operator .. " orders values, with a literal and with a path",
        function()
          for i, value in ipairs(values) do
            assert.equal(EXPECTED[order][i],
              compare(operator, values[2], value))
            assert.equal(EXPECTED[order][i],
              compare_path(operator, values[2], value))
          end
        end)

      it(operator .. " is false for another type", function()
        for _, other in ipairs(OTHER_TYPES) do
          if other ~= OWN[family] then
            assert.equal("false", compare(operator, values[2], other))
            assert.equal("false", compare_path(operator, values[2], other))
            assert.equal("false", compare_path(operator, other, values[2]))
          end
        end
      end)
    end
  end

  it("BooleanEquals tells true from false", function()
    assert.equal("true", compare("BooleanEquals", "true", "true"))
    assert.equal("false", compare("BooleanEquals", "true", "false"))
    assert.equal("true", compare("BooleanEquals", "false", "false"))
    assert.equal("false", compare("BooleanEquals", "false", "null"))
    assert.equal("false", compare("BooleanEquals", "false", "0"))
    assert.equal("true", compare_path("BooleanEquals", "false", "false"))
    assert.equal("false", compare_path("BooleanEquals", "null", "null"))
  end)

  it("NumericEquals compares numbers, not their text", function()
    assert.equal("true", compare("NumericEquals", "1", "1.0"))
    assert.equal("true", compare("NumericEquals", "0", "-0.0"))
  end)
end)

describe("StringMatches", function()
  local function matches(pattern, text)
    return compare("StringMatches", '"' .. pattern .. '"', '"' .. text .. '"')
  end

  it("has * for any characters", function()
    assert.equal("true", matches("log-*.txt", "log-1.txt"))
    assert.equal("true", matches("log-*.txt", "log-.txt"))
    assert.equal("false", matches("log-*.txt", "log-1.txt.gz"))
    assert.equal("true", matches("*", ""))
    assert.equal("true", matches("*a*b*", "xxaxxbxx"))
    assert.equal("false", matches("*a*b*", "xxbxxaxx"))
    assert.equal("false", matches("ab*bc", "abc"))
    assert.equal("true", matches("", ""))
    assert.equal("false", matches("", "a"))
  end)

  it("takes all else as it is, escaped * and backslash included", function()
    assert.equal("true", matches("a.b?[c]%d", "a.b?[c]%d"))
    assert.equal("true", matches("a\\\\*b", "a*b"))
    assert.equal("false", matches("a\\\\*b", "axb"))
    assert.equal("true", matches("a\\\\\\\\*", "a\\\\xyz"))
  end)

  it("is false for other types", function()
    assert.equal("false", compare("StringMatches", '"*"', "1"))
  end)

  it("does not backtrack", function()
    assert.equal("false",
      matches(("*a"):rep(200) .. "b", ("a"):rep(20000)))
  end)
end)

describe("type tests", function()
  local VALUES = { null = "IsNull", ["true"] = "IsBoolean", ["1"] = "IsNumeric",
    ['"x"'] = "IsString" }
  for _, operator in ipairs({ "IsNull", "IsBoolean", "IsNumeric",
    "IsString" }) do
    it(operator .. " knows its type", function()
      for value, own in pairs(VALUES) do
        local is_own = own == operator
        assert.equal(tostring(is_own), compare(operator, "true", value))
        assert.equal(tostring(not is_own), compare(operator, "false", value))
      end
    end)
  end

  it("IsTimestamp parses strings", function()
    assert.equal("true",
      compare("IsTimestamp", "true", '"2001-01-01T12:00:00Z"'))
    assert.equal("false", compare("IsTimestamp", "true", '"2001-01-01"'))
    assert.equal("true", compare("IsTimestamp", "false", "1"))
  end)

  it("IsPresent is content with nothing", function()
    assert.equal("true", compare("IsPresent", "true", "null"))
    assert.equal("false",
      holds('{"Variable":"$.x.y","IsPresent":true}', "{}"))
    assert.equal("true",
      holds('{"Variable":"$.x.y","IsPresent":false}', "{}"))
  end)
end)

describe("And, Or, Not", function()
  it("combine", function()
    local one, two = '{"Variable":"$.v","NumericGreaterThan":1}',
      '{"Variable":"$.v","NumericLessThan":4}'
    local both = '{"And":[' .. one .. "," .. two .. "]}"
    assert.equal("true", holds(both, '{"v":2}'))
    assert.equal("false", holds(both, '{"v":5}'))
    assert.equal("true",
      holds('{"Or":[' .. one .. "," .. two .. "]}", '{"v":5}'))
    assert.equal("false", holds('{"Not":' .. one .. "}", '{"v":2}'))
    assert.equal("true", holds('{"Not":' .. both .. "}", '{"v":0}'))
  end)

  it("look no further than needed, so that IsPresent guards", function()
    local guarded = '{"And":[{"Variable":"$.v","IsPresent":true},'
      .. '{"Variable":"$.v","NumericEquals":1}]}'
    assert.equal("false", holds(guarded, "{}"))
    assert.equal("true", holds(guarded, '{"v":1}'))
    assert.equal("true", holds('{"Or":[{"Variable":"$.v","IsPresent":false},'
      .. '{"Variable":"$.v","NumericEquals":1}]}', "{}"))
  end)
end)

describe("a Variable that is not there", function()
  local CAUSE = "States.Runtime: An error occurred while executing the state "
    .. "'A' (entered at the event id #2). Invalid path '$.v': The choice "
    .. "state's condition path references an invalid value."

  it("fails the state", function()
    for _, test in ipairs({ '"IsNull":true', '"StringEquals":"a"',
      '"NumericLessThan":1', '"StringMatches":"*"',
      '"TimestampEquals":"2001-01-01T12:00:00Z"' }) do
      assert.equal(CAUSE, holds('{"Variable":"$.v",' .. test .. "}", "{}"))
    end
    assert.equal(CAUSE,
      holds('{"Not":{"Variable":"$.v","IsNull":true}}', "{}"))
  end)

  it("may be the one on the other side, too", function()
    assert.equal(CAUSE, holds('{"Variable":"$.w","NumericEqualsPath":"$.v"}',
      '{"w":1}'))
  end)
end)
