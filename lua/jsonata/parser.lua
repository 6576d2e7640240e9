--- From text to JSONata's syntax tree as it is written: operator precedence
-- only; jsonata.analysis makes paths of it.
--
-- A node is a table: type, value, position, and what its type needs.
--
-- @module jsonata.parser

local errors = require("jsonata.errors")
local lexer = require("jsonata.lexer")
local signature = require("jsonata.signature")

local parser = {}

local raise = errors.raise
local next_token = lexer.next

-- How many expressions may be open at a time.
local MAX_DEPTH = 500
local MAX_TEXT = 1024 * 1024

-- Left binding powers.
local BINDING = {
  ["."] = 75, ["["] = 80, ["{"] = 70, ["("] = 80, ["@"] = 80, ["#"] = 80,
  ["?"] = 20, ["+"] = 50, ["-"] = 50, ["*"] = 60, ["/"] = 60, ["%"] = 60,
  ["="] = 40, ["<"] = 40, [">"] = 40, ["^"] = 40, [":="] = 10, ["!="] = 40,
  ["<="] = 40, [">="] = 40, ["~>"] = 40, ["?:"] = 40, ["??"] = 40,
  ["and"] = 30, ["or"] = 25, ["in"] = 40, ["&"] = 50,
}

-- Operators that may follow nothing and precede nothing of their own.
local KNOWN = {
  ["]"] = true, ["}"] = true, [")"] = true, [","] = true, [";"] = true,
  [":"] = true, [".."] = true, ["|"] = true, ["**"] = true,
}

-- Reads the next token into the state `p`.
local function advance(p, infix)
  p.last = p.at
  p.type, p.value, p.at = next_token(p.text, p.at, infix)
  p.id = p.type == "operator" and p.value or nil
  p.position = p.at - 1
  if p.id and not BINDING[p.id] and not KNOWN[p.id] and p.id ~= "!"
     and p.id ~= "~" then
    raise("S0204", p.position, p.id)
  end
  if p.id == "!" or p.id == "~" then
    raise("S0204", p.position, p.id)
  end
end

local function expect(p, id, infix)
  if p.id ~= id then
    local at_end = p.type == "end"
    raise(at_end and "S0203" or "S0202", p.position, p.value, id)
  end
  advance(p, infix)
end

local function node(p, type, value)
  return { type = type, value = value, position = p.position }
end

local expression

-- Expressions up to `close`, separated by commas.
local function list(p, close, item)
  local found = {}
  if p.id ~= close then
    while true do
      found[#found + 1] = item(p)
      if p.id ~= "," then
        break
      end
      advance(p)
    end
  end
  expect(p, close, true)
  return found
end

local function array_item(p)
  local item = expression(p, 0)
  if p.id ~= ".." then
    return item
  end
  local range = node(p, "binary", "..")
  advance(p)
  range.lhs, range.rhs = item, expression(p, 0)
  return range
end

local function pair(p)
  local name = expression(p, 0)
  expect(p, ":")
  return { name, expression(p, 0) }
end

local function sort_term(p)
  local descending = false
  if p.id == "<" then
    advance(p)
  elseif p.id == ">" then
    descending = true
    advance(p)
  end
  return { descending = descending, expression = expression(p, 0) }
end

-- What an operator is that stands where an operand is expected. Its token has
-- been read; `self` is its node.
local PREFIX = {}

PREFIX["-"] = function(p, self)
  self.type, self.expression = "unary", expression(p, 70)
  return self
end

PREFIX["*"] = function(_, self)
  self.type = "wildcard"
  return self
end

PREFIX["**"] = function(_, self)
  self.type = "descendant"
  return self
end

PREFIX["%"] = function(_, self)
  self.type = "parent"
  return self
end

PREFIX["("] = function(p, self)
  local expressions = {}
  while p.id ~= ")" do
    expressions[#expressions + 1] = expression(p, 0)
    if p.id ~= ";" then
      break
    end
    advance(p)
  end
  expect(p, ")", true)
  self.type, self.expressions = "block", expressions
  return self
end

PREFIX["["] = function(p, self)
  self.type, self.expressions = "unary", list(p, "]", array_item)
  return self
end

PREFIX["{"] = function(p, self)
  self.type, self.pairs = "unary", list(p, "}", pair)
  return self
end

PREFIX["|"] = function(p, self)
  self.type, self.pattern = "transform", expression(p, 0)
  expect(p, "|")
  self.update = expression(p, 0)
  if p.id == "," then
    advance(p)
    self.delete = expression(p, 0)
  end
  expect(p, "|", true)
  return self
end

for _, word in ipairs({ "and", "or", "in" }) do
  PREFIX[word] = function(_, self)
    self.type = "name"
    return self
  end
end

-- What an operator makes of the operand on its left.
local INFIX = {}

local function binary(power)
  return function(p, self, left)
    self.type, self.lhs, self.rhs = "binary", left, expression(p, power)
    return self
  end
end

for _, id in ipairs({ ".", "+", "-", "*", "/", "%", "=", "<", ">", "!=",
                      "<=", ">=", "~>", "and", "or", "in", "&" }) do
  INFIX[id] = binary(BINDING[id])
end

local function placeholder_or_any(p)
  if p.id == "?" then
    local self = node(p, "operator", "?")
    advance(p)
    return self
  end
  return expression(p, 0)
end

local function lambda_signature(p)
  local text, depth = "<", 1
  while depth > 0 and p.id ~= "{" and p.type ~= "end" do
    advance(p)
    depth = depth + (p.id == ">" and -1 or p.id == "<" and 1 or 0)
    text = text .. tostring(p.value)
  end
  expect(p, ">")
  return signature.parse(text)
end

local function lambda(p, self)
  self.type, self.procedure = "lambda", nil
  for index, argument in ipairs(self.arguments) do
    if argument.type ~= "variable" then
      raise("S0208", argument.position, argument.value, index)
    end
  end
  if p.id == "<" then
    self.signature = lambda_signature(p)
  end
  expect(p, "{")
  self.body = expression(p, 0)
  expect(p, "}", true)
  return self
end

INFIX["("] = function(p, self, left)
  self.type, self.procedure = "function", left
  self.arguments = list(p, ")", placeholder_or_any)
  for _, argument in ipairs(self.arguments) do
    if argument.type == "operator" then
      self.type = "partial"
    end
  end
  if left.type == "name" and (left.value == "function"
                              or left.value == "\206\187") then
    return lambda(p, self)
  end
  return self
end

INFIX["["] = function(p, self, left)
  if p.id == "]" then
    local step = left
    while step.type == "binary" and step.value == "[" do
      step = step.lhs
    end
    step.keep_array = true
    advance(p, true)
    return left
  end
  self.type, self.lhs, self.rhs = "binary", left, expression(p, 0)
  expect(p, "]", true)
  return self
end

INFIX["{"] = function(p, self, left)
  self.type, self.lhs, self.pairs = "binary", left, list(p, "}", pair)
  return self
end

INFIX["^"] = function(p, self, left)
  expect(p, "(")
  self.type, self.lhs = "binary", left
  self.terms = {}
  while true do
    self.terms[#self.terms + 1] = sort_term(p)
    if p.id ~= "," then
      break
    end
    advance(p)
  end
  expect(p, ")", true)
  return self
end

INFIX[":="] = function(p, self, left)
  if left.type ~= "variable" then
    raise("S0212", left.position, left.value)
  end
  self.type, self.lhs, self.rhs = "binary", left, expression(p, 9)
  return self
end

local function binding(p, self, left)
  self.type, self.lhs, self.rhs = "binary", left, expression(p, 80)
  if self.rhs.type ~= "variable" then
    raise("S0214", self.rhs.position, self.value)
  end
  return self
end

INFIX["@"], INFIX["#"] = binding, binding

INFIX["?"] = function(p, self, left)
  self.type, self.condition, self.then_ = "condition", left, expression(p, 0)
  if p.id == ":" then
    advance(p)
    self.else_ = expression(p, 0)
  end
  return self
end

INFIX["?:"] = function(p, self, left)
  self.type, self.lhs, self.rhs = "default", left, expression(p, 0)
  return self
end

INFIX["??"] = function(p, self, left)
  self.type, self.lhs, self.rhs = "coalesce", left, expression(p, 0)
  return self
end

local OPERANDS = {
  name = true, variable = true, string = true, number = true, value = true,
  regex = true,
}

-- The operand that begins with the current token.
local function operand(p)
  local self = node(p, p.type, p.value)
  if OPERANDS[p.type] then
    advance(p, true)
    return self
  end
  local id = p.id
  if not id then
    raise("S0207", p.position, p.value)
  end
  local prefix = PREFIX[id]
  if not prefix then
    raise("S0211", p.position, id)
  end
  local closed = id == "*" or id == "**" or id == "%" or id == "and"
    or id == "or" or id == "in"
  advance(p, closed)
  return prefix(p, self)
end

expression = function(p, power)
  p.depth = p.depth + 1
  if p.depth > MAX_DEPTH then
    raise("S0601", p.position)
  end
  local left = operand(p)
  while true do
    local id = p.id
    local binds = id and BINDING[id]
    if not binds or binds <= power then
      break
    end
    local self = node(p, "operator", id)
    advance(p)
    left = INFIX[id](p, self, left)
  end
  p.depth = p.depth - 1
  return left
end

--- The syntax tree of a text; raises an error table.
function parser.parse(text)
  if #text > MAX_TEXT then
    raise("S0601", MAX_TEXT)
  end
  local p = { text = text, at = 1, depth = 0 }
  advance(p)
  local tree = expression(p, 0)
  if p.type ~= "end" then
    raise("S0201", p.position, p.value)
  end
  return tree
end

return parser
