--- Loads the rules of a Choice state: Choices.
--
-- @module asl.rules

local choice = require("asl.choice")
local diagnostics = require("asl.diagnostics")
local fields = require("asl.fields")

local rules = {}

local below = diagnostics.below
local kinds = fields.kinds

-- What may stand in a rule beside the comparison.
local TOP_FIELDS = { Next = "state", Comment = "string", Assign = "assign" }
local INNER_FIELDS = { Comment = "string" }
local NONE = {}

local function report(load, message, location)
  diagnostics.schema(load.diagnostics, message, location)
end

local compile_test

-- The operands of And and Or.
local function compile_operands(load, list, location)
  if list:type() ~= "array" or list:len() == 0 then
    report(load, "Expected value of type non-empty Array", location)
    return NONE
  end
  local tests = {}
  for index, rule in list:elements() do
    local below_it = location .. "[" .. index .. "]"
    tests[#tests + 1] = compile_test(load, rule, below_it, INNER_FIELDS)
  end
  return tests
end

local COMBINATIONS = {
  And = function(load, value, location)
    return choice.all_of(compile_operands(load, value, location))
  end,
  Or = function(load, value, location)
    return choice.any_of(compile_operands(load, value, location))
  end,
  Not = function(load, value, location)
    local test = compile_test(load, value, location, INNER_FIELDS)
    return test and choice.negation(test)
  end,
}

local function compiled_field(load, rule, name, kind, location)
  local at = { load = load, name = name, location = below(location, name) }
  local compiled, problem = kinds[kind](rule:get(name), at, NONE)
  if problem then
    report(load, problem, at.location)
  end
  return compiled
end

local function compile_comparison(load, rule, name, location)
  if not rule:get("Variable") then
    report(load, "The field 'Variable' is required but was missing", location)
    return nil
  end
  local operator = choice.operators[name]
  local variable = compiled_field(load, rule, "Variable", "path", location)
  local operand =
    compiled_field(load, rule, name, operator.operand, location)
  if variable == nil or operand == nil then
    return nil
  elseif operator.operand == "timestamp" then
    operand = operand.text
  end
  return operator.test(variable, operand)
end

-- Names of the operators and combinations in a rule; reports unknown fields.
local function tests_in(load, rule, location, allowed)
  local found = {}
  for name in rule:members() do
    if choice.operators[name] or COMBINATIONS[name] then
      found[#found + 1] = name
    elseif name ~= "Variable" and not allowed[name] then
      report(load, "Field '" .. name .. "' is not supported", location)
    end
  end
  return found
end

-- Returns the closure; nil if something is wrong, which has been reported.
compile_test = function(load, rule, location, allowed)
  if rule:type() ~= "object" then
    report(load, "Expected value of type Object", location)
    return nil
  end
  local found = tests_in(load, rule, location, allowed)
  if #found ~= 1 then
    report(load, "A rule must have exactly one comparison operator, And, Or "
      .. "or Not", location)
    return nil
  end
  local name = found[1]
  if COMBINATIONS[name] then
    return COMBINATIONS[name](load, rule:get(name), below(location, name))
  end
  return compile_comparison(load, rule, name, location)
end

-- The rest of a rule, into `compiled`: Next, Assign.
local function compile_others(at, rule, location, compiled, types)
  for name, member in rule:members() do
    local kind = types[name]
    if kind then
      local its_location = below(location, name)
      local value, problem = kinds[kind](member, {
        load = at.load,
        name = name,
        location = its_location,
        scope = at.scope,
        target = compiled,
      }, NONE)
      compiled[name] = value
      if problem then
        report(at.load, problem, its_location)
      end
    end
  end
  if not rule:get("Next") then
    report(at.load, "The field 'Next' is required but was missing", location)
  end
end

local function compile_rule(at, rule, location)
  local compiled = { test = compile_test(at.load, rule, location, TOP_FIELDS) }
  if rule:type() == "object" then
    compile_others(at, rule, location, compiled, TOP_FIELDS)
  end
  return compiled
end

--- The list of rules: { test = closure, Next = number of a state }.
function kinds.rules(value, at)
  if value:type() ~= "array" or value:len() == 0 then
    return nil, "Expected value of type non-empty Array"
  end
  local list = {}
  for index, rule in value:elements() do
    local location = at.location .. "[" .. index .. "]"
    list[#list + 1] = compile_rule(at, rule, location)
  end
  return list
end

local JSONATA_RULE = {
  types = {
    Comment = "string",
    Condition = "jsonata_boolean",
    Next = "state",
    Output = "jsonata",
    Assign = "assign",
  },
  required = { "Next", "Condition" },
  other_language = { Variable = true, And = true, Or = true, Not = true },
}

--- The list of rules of a JSONata state: { Condition = boolean or expression,
-- Next = number of a state }.
function kinds.jsonata_rules(value, at)
  if value:type() ~= "array" or value:len() == 0 then
    return nil, "Expected value of type non-empty Array"
  end
  local list = {}
  for index, rule in value:elements() do
    list[#list + 1] = fields.compile(at.load, rule, JSONATA_RULE,
      at.location .. "[" .. index .. "]", at.scope)
  end
  return list
end

return rules
