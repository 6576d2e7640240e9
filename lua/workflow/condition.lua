--- Expressions in Lua's syntax, compiled to JSONata.
--
--     expression.compile("#input.hosts > 3 and not input.dry")
--     --> (… $type($states.input.hosts) = "array" ? … > 3 and …
--
-- What Lua means is kept: only nil and false are false, `x == nil` holds where
-- nothing is, indexes begin at 1. What has no counterpart is refused, with what
-- would do instead.
--
-- @module workflow.condition

local condition = {}

-- Where the names of the language are.
local ROOTS = {
  input = "$states.input", result = "$states.result",
  error = "$states.errorOutput", context = "$states.context",
  item = "$states.context.Map.Item.Value",
  index = "$states.context.Map.Item.Index",
}

-- [precedence of the left side, of the right], as in Lua's manual.
local BINARY = {
  ["or"] = { 1, 1 }, ["and"] = { 2, 2 },
  ["<"] = { 3, 3 }, [">"] = { 3, 3 }, ["<="] = { 3, 3 }, [">="] = { 3, 3 },
  ["~="] = { 3, 3 }, ["=="] = { 3, 3 },
  [".."] = { 5, 4 }, ["+"] = { 6, 6 }, ["-"] = { 6, 6 },
  ["*"] = { 7, 7 }, ["/"] = { 7, 7 }, ["%"] = { 7, 7 },
  ["^"] = { 10, 9 },
}
local UNARY = 8
local DEEPEST = 100

-- Functions by their Lua name: the JSONata of the arguments given.
local FUNCTIONS = {
  tostring = "$string(%s)", tonumber = "$number(%s)",
  ["math.floor"] = "$floor(%s)", ["math.ceil"] = "$ceil(%s)",
  ["math.abs"] = "$abs(%s)", ["math.sqrt"] = "$sqrt(%s)",
  ["math.max"] = "$max([%s])", ["math.min"] = "$min([%s])",
  ["string.upper"] = "$uppercase(%s)", ["string.lower"] = "$lowercase(%s)",
  ["string.len"] = "$length(%s)", ["table.concat"] = "$join(%s)",
}
local METHODS = { upper = "string.upper", lower = "string.lower",
  len = "string.len" }

local function fail(parser, text)
  error({ expression = parser.text, at = parser.at, message = text }, 0)
end

-- ---- tokens ----

local KEYWORDS = { ["and"] = true, ["or"] = true, ["not"] = true,
  ["true"] = true, ["false"] = true, ["nil"] = true, ["function"] = true }

local ESCAPES = { n = "\n", t = "\t", r = "\r", ["\\"] = "\\", ['"'] = '"',
  ["'"] = "'", a = "\a", b = "\b", f = "\f", v = "\v" }

local function read_string(parser, quote, from)
  local out, at, text = {}, from + 1, parser.text
  while true do
    local plain, mark = text:match("^([^\\\n'\"]*)([\\\n'\"]?)", at)
    out[#out + 1] = plain
    at = at + #plain
    if mark == "" or mark == "\n" then
      parser.at = from
      fail(parser, "the text that begins here has no end")
    elseif mark == quote then
      return table.concat(out), at + 1
    elseif mark ~= "\\" then
      out[#out + 1] = mark
      at = at + 1
    else
      local digits = text:match("^%d%d?%d?", at + 1)
      local escape = ESCAPES[text:sub(at + 1, at + 1)]
      if not digits and not escape then
        parser.at = at
        fail(parser, "unknown escape in a text")
      end
      out[#out + 1] = digits and string.char(tonumber(digits) % 256)
        or escape
      at = at + 1 + (digits and #digits or 1)
    end
  end
end

-- Reads the next token: parser.kind and parser.value.
local function advance(parser)
  local text = parser.text
  local at = text:find("%S", parser.next) or #text + 1
  parser.at = at
  local word = text:match("^[%a_][%w_]*", at)
  local number = text:match("^0[xX]%x+", at)
    or text:match("^%d+%.?%d*[eE][+-]?%d+", at)
    or text:match("^%d+%.?%d*", at) or text:match("^%.%d+", at)
  local first = text:sub(at, at)
  if at > #text then
    parser.kind, parser.value, parser.next = "end", "the end", at
  elseif word then
    parser.kind = KEYWORDS[word] and word or "name"
    parser.value, parser.next = word, at + #word
  elseif number and not text:find("^%.%.", at) then
    if text:find("^[%w_]", at + #number) then
      fail(parser, "malformed number")
    end
    parser.kind, parser.value = "number", tonumber(number)
    parser.next = at + #number
  elseif first == '"' or first == "'" then
    parser.kind = "string"
    parser.value, parser.next = read_string(parser, first, at)
  else
    local two = text:sub(at, at + 1)
    local symbol = (two == "==" or two == "~=" or two == "<=" or two == ">="
      or two == "..") and two or first
    parser.kind, parser.value, parser.next = symbol, symbol, at + #symbol
  end
end

local function expect(parser, kind)
  if parser.kind ~= kind then
    fail(parser, "\"" .. kind .. "\" expected, not "
      .. tostring(parser.value))
  end
  advance(parser)
end

-- ---- JSONata ----

local function quote(text)
  return '"' .. text:gsub('[%c"\\]', function(char)
    return ("\\u%04x"):format(char:byte())
  end) .. '"'
end

-- An expression: { code, is = "boolean" | "nil" | … , atom = whether it needs
-- no brackets }.
local function made(code, is, atom)
  return { code = code, is = is, atom = atom }
end

local function wrapped(value)
  return value.atom and value.code or "(" .. value.code .. ")"
end

-- `use(code)` of a value that is needed several times: what is not short gets
-- a variable, so that code doesn't grow with each level.
local function repeated(value, use)
  if value.atom and #value.code <= 60 then
    return "(" .. use(value.code) .. ")"
  end
  local name = "$_" .. #value.code
  return "(" .. name .. " := " .. value.code .. "; " .. use(name) .. ")"
end

-- What Lua calls true: neither nil nor false.
local function truth(value)
  if value.is == "boolean" then
    return wrapped(value)
  elseif value.is == "nil" then
    return "false"
  elseif value.is then
    return "true"
  end
  return repeated(value, function(code)
    return "$exists(" .. code .. ") and " .. code .. " != null and " .. code
      .. " != false"
  end)
end

local function is_present(value)
  if value.is then
    return value.is == "nil" and "false" or "true"
  end
  return repeated(value, function(code)
    return "$exists(" .. code .. ") and " .. code .. " != null"
  end)
end

local function equality(operator, left, right)
  if left.is == "nil" then
    left, right = right, left
  end
  if right.is == "nil" then
    local present = is_present(left)
    return made(operator == "~=" and present or "$not(" .. present .. ")",
      "boolean", true)
  end
  local same = wrapped(left) .. " = " .. wrapped(right)
  if operator == "~=" then -- true also where one of them is missing
    return made("$not(" .. same .. ")", "boolean", true)
  end
  return made(same, "boolean")
end

local function modulo(left, right)
  return made(repeated(left, function(x)
    return repeated(right, function(y)
      return x .. " - $floor(" .. x .. " / " .. y .. ") * " .. y
    end)
  end), "number", true)
end

local function logic(operator, left, right)
  if left.is == "boolean" and right.is == "boolean" then
    return made(wrapped(left) .. " " .. operator .. " " .. wrapped(right),
      "boolean")
  end
  return made(repeated(left, function(code)
    local holds = truth(made(code, left.is, true))
    return operator == "and"
      and holds .. " ? " .. wrapped(right) .. " : " .. code
      or holds .. " ? " .. code .. " : " .. wrapped(right)
  end), nil, true)
end

local function binary(operator, left, right)
  if operator == "and" or operator == "or" then
    return logic(operator, left, right)
  elseif operator == "==" or operator == "~=" then
    return equality(operator, left, right)
  elseif operator == "%" then
    return modulo(left, right)
  elseif operator == "^" then
    return made("$power(" .. left.code .. ", " .. right.code .. ")", "number",
      true)
  elseif operator == ".." then
    return made(wrapped(left) .. " & " .. wrapped(right), "string")
  end
  local compares = operator:find("[<>]")
  return made(wrapped(left) .. " " .. operator .. " " .. wrapped(right),
    compares and "boolean" or "number")
end

-- ---- the grammar ----

local expression

local function arguments(parser)
  local list = {}
  expect(parser, "(")
  while parser.kind ~= ")" do
    list[#list + 1] = expression(parser, 0).code
    if parser.kind ~= ")" then
      expect(parser, ",")
    end
  end
  advance(parser)
  return list
end

local function call(parser, name, first)
  local at = parser.at
  local list = arguments(parser)
  if first then
    table.insert(list, 1, first.code)
  end
  local format = FUNCTIONS[name]
  if not format or #list == 0 then
    parser.at = at
    local names = {}
    for each in pairs(FUNCTIONS) do
      names[#names + 1] = each
    end
    table.sort(names)
    fail(parser, (format and name .. " needs an argument" or
      name .. " has no counterpart in JSONata; there are "
      .. table.concat(names, ", ")) .. "; or give :when a function")
  end
  return made((format:gsub("%%s", function()
    return table.concat(list, ", ")
  end)), nil, true)
end

local function field(value, name)
  local plain = name:find("^[%a_][%w_]*$")
  return made(wrapped(value) .. "." .. (plain and name
    or "`" .. name .. "`"), nil, true)
end

local function element(parser, value)
  local at = parser.at
  advance(parser)
  local index = expression(parser, 0)
  expect(parser, "]")
  if index.is == "string" and index.text then
    if index.text:find("`", 1, true) then
      parser.at = at
      fail(parser, "a field's name can't have a backquote")
    end
    return field(value, index.text)
  elseif index.is == "string" then
    return made("$lookup(" .. value.code .. ", " .. index.code .. ")", nil,
      true)
  elseif index.number then
    if index.number % 1 ~= 0 or index.number < 1 then
      parser.at = at
      fail(parser, "indexes are 1 and more")
    end
    return made(wrapped(value) .. ("[%d]"):format(index.number - 1), nil,
      true)
  end
  return made(repeated(index, function(code)
    return "$type(" .. code .. ") = \"number\" ? " .. wrapped(value) .. "["
      .. code .. " - 1] : $lookup(" .. value.code .. ", " .. code .. ")"
  end), nil, true)
end

-- `a.b`, `a["b"]`, `a[1]`, `a:upper()` behind a value.
local function suffixes(parser, value)
  while true do
    if parser.kind == "." then
      advance(parser)
      local name = parser.value
      expect(parser, "name")
      value = field(value, name)
    elseif parser.kind == "[" then
      value = element(parser, value)
    elseif parser.kind == ":" then
      advance(parser)
      local name = parser.value
      expect(parser, "name")
      value = call(parser, METHODS[name] or ":" .. name, value)
    else
      return value
    end
  end
end

local function name_or_call(parser)
  local name = parser.value
  advance(parser)
  if (name == "math" or name == "string" or name == "table"
      or name == "os" or name == "io") and parser.kind == "." then
    advance(parser)
    name = name .. "." .. tostring(parser.value)
    expect(parser, "name")
  end
  if parser.kind == "(" then
    return call(parser, name)
  end
  return made(ROOTS[name] or "$" .. name, nil, true)
end

-- { 1, 2 } or { a = 1 }.
local function constructor(parser)
  local list, members = {}, {}
  advance(parser)
  while parser.kind ~= "}" do
    local ahead = parser.text:match("^%s*=()", parser.next)
    if parser.kind == "name" and ahead
        and parser.text:sub(ahead, ahead) ~= "=" then
      local name = parser.value
      advance(parser)
      advance(parser)
      members[#members + 1] = quote(name) .. ": "
        .. expression(parser, 0).code
    else
      list[#list + 1] = expression(parser, 0).code
    end
    if parser.kind ~= "}" then
      expect(parser, ",")
    end
  end
  advance(parser)
  if #members > 0 and #list > 0 then
    fail(parser, "a table is a list or has names, not both")
  elseif #list > 0 then
    return made("[" .. table.concat(list, ", ") .. "]", "table", true)
  end
  return made("{" .. table.concat(members, ", ") .. "}", "table", true)
end

local function literal(parser)
  local kind, value = parser.kind, parser.value
  advance(parser)
  if kind == "number" then
    local number = made(("%.17g"):format(value), "number", true)
    number.number = value
    return number
  elseif kind == "string" then
    local text = made(quote(value), "string", true)
    text.text = value
    return text
  elseif kind == "nil" then
    return made("null", "nil", true)
  end
  return made(kind, "boolean", true)
end

local function primary(parser)
  local kind = parser.kind
  if kind == "number" or kind == "string" or kind == "true"
      or kind == "false" or kind == "nil" then
    return suffixes(parser, literal(parser))
  elseif kind == "(" then
    advance(parser)
    local inner = expression(parser, 0)
    expect(parser, ")")
    return suffixes(parser, made("(" .. inner.code .. ")", inner.is, true))
  elseif kind == "name" then
    return suffixes(parser, name_or_call(parser))
  elseif kind == "{" then
    return constructor(parser)
  elseif kind == "=" or kind == "!" then
    fail(parser, "Lua compares with == and ~=")
  end
  fail(parser, "a value expected, not " .. tostring(parser.value))
end

local function unary(parser)
  local kind = parser.kind
  if kind ~= "not" and kind ~= "-" and kind ~= "#" then
    return primary(parser)
  end
  advance(parser)
  local value = expression(parser, UNARY)
  if kind == "not" then
    return made("$not(" .. truth(value) .. ")", "boolean", true)
  elseif kind == "-" then
    return made("-" .. wrapped(value), "number")
  end
  return made(repeated(value, function(code)
    return "$type(" .. code .. ") = \"string\" ? $length(" .. code
      .. ") : $type(" .. code .. ") = \"array\" ? $count(" .. code
      .. ") : 0"
  end), "number", true)
end

expression = function(parser, least)
  parser.depth = parser.depth + 1
  if parser.depth > DEEPEST then
    fail(parser, "too many levels of brackets")
  end
  local left = unary(parser)
  while BINARY[parser.kind] and BINARY[parser.kind][1] > least do
    local operator = parser.kind
    advance(parser)
    left = binary(operator, left, expression(parser, BINARY[operator][2]))
  end
  if parser.kind == "=" or parser.kind == "!" or parser.kind == "&" then
    fail(parser, "\"" .. parser.kind .. "\" is not an operator of Lua's; it"
      .. " compares with == and ~=, and joins conditions with and, or")
  end
  parser.depth = parser.depth - 1
  return left
end

local function parse(text)
  local parser = { text = text, next = 1, depth = 0 }
  advance(parser)
  local value = expression(parser, 0)
  if parser.kind ~= "end" then
    fail(parser, "an operator or the end expected, not "
      .. tostring(parser.value))
  end
  return value
end

local function attempt(text, finish)
  if text:find("^%s*{%%.*%%}%s*$") then
    return (text:match("^%s*({%%.*%%})%s*$"))
  end
  local fine, value = pcall(parse, text)
  if not fine then
    if type(value) ~= "table" or not value.message then
      error(value, 0)
    end
    return nil, ("\"%s\", at character %d: %s"):format(text, value.at,
      value.message)
  end
  return "{% " .. finish(value) .. " %}"
end

--- Compiles a value.
-- @tparam string text in Lua's syntax, or JSONata in `{% %}`
-- @treturn string JSONata in `{% %}`; or nil and what is wrong
function condition.value(text)
  return attempt(text, function(value)
    return value.code
  end)
end

--- Compiles a condition: the same, but that the result is true or false.
-- @tparam string text
-- @treturn string as condition.value
function condition.compile(text)
  return attempt(text, truth)
end

return condition
