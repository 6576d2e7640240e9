--- Signatures of functions, <s-n?:s>: what arguments they take.
--
-- @module jsonata.signature

local errors = require("jsonata.errors")
local values = require("jsonata.values")

local signature = {}

local raise = errors.raise

local PRIMITIVE = { s = "sm", n = "nm", b = "bm", l = "lm", o = "om" }
local WIDE = { a = "asnblfom", f = "f", j = "asnblom", x = "asnblfom" }
WIDE.j = "asnblom"

local TYPE_NAMES = {
  a = "arrays", b = "booleans", f = "functions", n = "numbers",
  o = "objects", s = "strings",
}

local function set_of(letters)
  local set = {}
  for letter in letters:gmatch(".") do
    set[letter] = true
  end
  return set
end

-- Where the bracket at `at` is closed.
local function closing(text, at, open, close)
  local depth = 0
  for i = at, #text do
    local c = text:sub(i, i)
    depth = depth + (c == open and 1 or c == close and -1 or 0)
    if depth == 0 then
      return i
    end
  end
  return #text
end

local function modify(params, c, at)
  local last = params[#params]
  if not last then
    return
  elseif c == "-" then
    last.context, last.context_set = true, last.set
    last.optional = true
  elseif c == "?" then
    last.optional = true
  elseif c == "+" then
    last.many = true
  elseif last.type ~= "a" and last.type ~= "f" then
    raise("S0401", at, last.type)
  end
end

local function choice(text, at)
  local stop = closing(text, at, "(", ")")
  local letters = text:sub(at + 1, stop - 1)
  if letters:find("<", 1, true) then
    raise("S0402", at, letters)
  end
  return { type = "(" .. letters .. ")", set = set_of(letters .. "m") }, stop
end

--- Compiles the text of a signature, angle brackets included.
function signature.parse(text)
  local params = {}
  local at = 2
  while at <= #text do
    local c = text:sub(at, at)
    if c == ":" then
      break
    elseif PRIMITIVE[c] or WIDE[c] then
      params[#params + 1] = {
        type = c, set = set_of(PRIMITIVE[c] or WIDE[c]), array = c == "a",
      }
    elseif c == "(" then
      params[#params + 1], at = choice(text, at)
    elseif c == "<" then
      modify(params, c, at)
      local stop = closing(text, at, "<", ">")
      params[#params].subtype = text:sub(at + 1, stop - 1)
      at = stop
    elseif c == "-" or c == "?" or c == "+" then
      modify(params, c, at)
    end
    at = at + 1
  end
  return { params = params, text = text }
end

-- How many of the symbols from `at` on go to each parameter from `index` on,
-- as a regular expression's groups would share them out: greedily, with
-- backtracking. True if all are used (or, with `partial`, if all parameters
-- have theirs).
local function share(params, index, symbols, at, taken)
  local param = params[index]
  if not param then
    return at > #symbols
  end
  local most = 0
  local limit = param.many and #symbols - at + 1 or 1
  while most < limit and at + most <= #symbols
        and param.set[symbols[at + most]] do
    most = most + 1
  end
  for count = most, param.optional and 0 or 1, -1 do
    taken[index] = count
    if share(params, index + 1, symbols, at + count, taken) then
      return true
    end
  end
  return false
end

-- How many symbols the first `count` parameters can take, or nil.
local function reach(params, count, symbols)
  local at = 1
  for index = 1, count do
    local param = params[index]
    local took = 0
    while at <= #symbols and param.set[symbols[at]]
          and (took == 0 or param.many) do
      took, at = took + 1, at + 1
    end
    if took == 0 and not param.optional then
      return nil
    end
  end
  return at - 1
end

local function refuse(params, symbols, arguments)
  local good = 0
  for count = 1, #params do
    local reached = reach(params, count, symbols)
    if not reached then
      break
    end
    good = reached
  end
  return raise("T0410", nil, nil, arguments[good + 1], { index = good + 1 })
end

local symbol = values.symbol

-- An array's elements must be of the subtype.
local function check_elements(param, argument, kind, index)
  if param.subtype and kind ~= "a" and kind ~= param.subtype then
    return raise("T0412", nil, nil, argument,
                 { index = index, type = TYPE_NAMES[param.subtype] })
  elseif param.subtype and kind == "a" and argument[0] > 0 then
    local wanted = param.subtype:sub(1, 1)
    for i = 1, argument[0] do
      if symbol(argument[i]) ~= wanted then
        return raise("T0412", nil, nil, argument,
                     { index = index, type = TYPE_NAMES[param.subtype] })
      end
    end
  end
end

local function from_context(param, context, index)
  if param.context then
    if not param.context_set[symbol(context)] then
      raise("T0411", nil, nil, context, { index = index })
    end
    return context
  end
  return nil
end

local function as_array(argument, kind)
  if kind == "m" then
    return nil
  elseif kind ~= "a" then
    return values.array({ argument }, 1)
  end
  return argument
end

--- Checks `count` arguments. Returns what the function gets, and how many.
function signature.validate(compiled, arguments, count, context)
  local params, symbols, taken = compiled.params, {}, {}
  for i = 1, count do
    symbols[i] = symbol(arguments[i])
  end
  if not share(params, 1, symbols, 1, taken) then
    refuse(params, symbols, arguments)
  end
  local given, total, at = {}, 0, 1
  for index, param in ipairs(params) do
    if taken[index] == 0 then
      total = total + 1
      given[total] = from_context(param, context, at)
      if not param.context then
        given[total] = arguments[at]
        at = at + 1
      end
    end
    for _ = 1, taken[index] do
      local argument = arguments[at]
      total = total + 1
      if param.array then
        if symbols[at] ~= "m" then
          check_elements(param, argument, symbols[at], at)
        end
        argument = as_array(argument, symbols[at])
      end
      given[total] = argument
      at = at + 1
    end
  end
  return given, total
end

return signature
