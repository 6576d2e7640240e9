--- Built-in functions that take regular expressions, and what a regular
-- expression is as a value: a function that finds a match.
--
-- A match is an object with match, start, end, groups and next, a function
-- that finds the next one. Functions of the user's own may do the same.
--
-- @module jsonata.functions_regex

local budget = require("jsonata.budget")
local calls = require("jsonata.calls")
local characters = require("jsonata.characters")
local core = require("wf.jsonata")
local errors = require("jsonata.errors")
local values = require("jsonata.values")

local functions = {}

local raise = errors.raise
local regex_find = core.regex_find

-- A match of a regular expression: byte positions (0-based) and groups.
local function find(f, text, offset)
  local found = { regex_find(f.regex, text, offset) }
  local from = found[1]
  if from == nil then
    return nil
  elseif from == false then
    raise("D3150")
  elseif from == found[2] then
    raise("D1004", nil, nil, f.pattern)
  end
  budget.tick(1 + (found[2] - offset) / 64)
  local groups = { [0] = f.groups }
  for i = 1, f.groups do
    groups[i] = found[i + 2] or nil
  end
  return { from = from, to = found[2], groups = groups,
           match = text:sub(from + 1, found[2]) }
end

local MATCH_KEYS = { [0] = 5, "match", "start", "end", "groups", "next" }

-- A match as the value that calling a regular expression gives.
local function match_object(f, text, offset)
  local found = find(f, text, offset)
  if not found then
    return nil
  end
  local object = values.shaped(MATCH_KEYS)
  object.match = found.match
  object.start = characters.index(text, found.from + 1)
  object["end"] = characters.index(text, found.to + 1)
  object.groups = found.groups
  object.next = calls.lambda(function()
    if found.to >= #text then
      return nil
    end
    return match_object(f, text, found.to)
  end, 0)
  return object
end

--- The function value of a compiled regular expression (a lexer's token).
function functions.matcher(regex)
  local f = { [0] = true, arity = 1, regex = regex.regex,
              pattern = regex.pattern, groups = 0 }
  f.groups = regex.groups
  f.fn = function(text)
    if type(text) ~= "string" then
      return nil
    end
    return match_object(f, text, 0)
  end
  return f
end

-- What a function of the user's own has found, as a match.
local function from_object(object)
  if object == nil then
    return nil
  elseif not values.is_object(object)
         or not (values.number(object.start) or values.number(object["end"])
                 or values.is_array(object.groups)
                 or values.is_function(object.next)) then
    raise("T1010", nil, nil, object)
  end
  return { match = object.match or "", next = object.next,
           start = values.number(object.start) or 0,
           stop = values.number(object["end"]) or 0,
           groups = object.groups or { [0] = 0 } }
end

-- Matches one after another: each() gives the next one. from, to: bytes.
local function matches(f, text)
  local at, last = 0, nil
  if f.regex then
    return function()
      if last and at >= #text then
        return nil
      end
      last = find(f, text, at)
      at = last and last.to or #text
      return last
    end
  end
  local parts = characters.split(text)
  return function()
    local step
    if last then
      step = last.next and calls.apply(last.next, 0)
    else
      step = calls.apply(f, 1, text)
    end
    last = from_object(step)
    if last then
      last.from = #table.concat(parts, "", 1, math.min(last.start, #parts))
      last.to = #table.concat(parts, "", 1, math.min(last.stop, #parts))
    end
    return last
  end
end

functions.contains = { "<s-(sf):b>", 2, function(text, token)
  if text == nil then
    return nil
  elseif type(token) == "string" then
    return characters.find(text, token, 1) ~= nil
  elseif token == nil then
    return nil
  elseif token.regex then
    local from, to = regex_find(token.regex, text, 0)
    if from == false then
      raise("D3150")
    elseif from and from == to then
      raise("D1004", nil, nil, token.pattern)
    end
    return from ~= nil
  end
  return matches(token, text)() ~= nil
end }

local function limited(limit, code)
  limit = values.number(limit)
  if limit and limit < 0 then
    raise(code, nil, nil, limit, { index = 3 })
  end
  return limit or math.huge
end

local RESULT_KEYS = { [0] = 3, "match", "index", "groups" }

functions.match = { "<s-f<s:o>n?:a<o>>", 3, function(text, f, limit)
  if text == nil then
    return nil
  end
  limit = limited(limit, "D3040")
  local found, count = {}, 0
  if limit > 0 then
    for match in matches(f, text) do
      local object = values.shaped(RESULT_KEYS)
      object.match, object.groups = match.match, match.groups
      object.index = characters.index(text, match.from + 1)
      count = count + 1
      found[count] = object
      if count >= limit then
        break
      end
    end
  end
  return values.sequence(found, count)
end }

functions.split = { "<s-(sf)n?:a<s>>", 3, function(text, separator, limit)
  if text == nil then
    return nil
  end
  limit = math.floor(limited(limit, "D3020"))
  if limit == 0 then
    return values.array({}, 0)
  elseif separator == "" then
    local list = characters.split(text)
    return values.array(list, math.min(#list, limit))
  end
  local parts, count, at = {}, 0, 1
  local function add(from, to)
    parts[count + 1] = text:sub(at, from - 1)
    count, at = count + 1, to + 1
  end
  if type(separator) == "string" then
    local from, to = characters.find(text, separator, 1)
    while from and count < limit do
      add(from, to)
      from, to = characters.find(text, separator, at)
    end
  elseif separator then
    for match in matches(separator, text) do
      if count >= limit then
        break
      end
      add(match.from + 1, match.to)
    end
  end
  budget.tick(count)
  if count < limit then
    count = count + 1
    parts[count] = text:sub(at)
  end
  return values.array(parts, count)
end }

-- The number that $N at `at` means, and how many characters it takes.
local function group_number(template, at, groups)
  local most = groups[0] == 0 and 1
    or math.floor(math.log10(groups[0])) + 1
  local digits = template:sub(at, at + most - 1):match("^%d+")
  if digits and most > 1 and tonumber(digits) > groups[0] then
    digits = template:sub(at, at + most - 2):match("^%d+")
  end
  local number = digits and tonumber(digits)
  return number, number and #tostring(number)
end

-- A template with $1, $0 and $$ filled in.
local function fill(template, match)
  local parts, at = {}, 1
  local found = template:find("$", 1, true)
  while found do
    parts[#parts + 1] = template:sub(at, found - 1)
    at = found + 1
    local c = template:sub(at, at)
    if c == "$" then
      parts[#parts + 1], at = "$", at + 1
    elseif c == "0" then
      parts[#parts + 1], at = match.match, at + 1
    else
      local number, length = group_number(template, at, match.groups)
      if number then
        parts[#parts + 1] = match.groups[number] or ""
        at = at + length
      else
        parts[#parts + 1] = "$"
      end
    end
    found = template:find("$", at, true)
  end
  parts[#parts + 1] = template:sub(at)
  return table.concat(parts)
end

local GROUP_KEYS = { [0] = 4, "match", "start", "end", "groups" }

-- What a replacement function gets.
local function argument(text, match)
  local object = values.shaped(GROUP_KEYS)
  object.match, object.groups = match.match, match.groups
  object.start = characters.index(text, match.from + 1)
  object["end"] = characters.index(text, match.to + 1)
  return object
end

local function replacement_of(replacement, text, match)
  if type(replacement) == "string" then
    return fill(replacement, match)
  end
  local result = calls.apply(replacement, 1, argument(text, match))
  if type(result) ~= "string" then
    raise("D3012", nil, nil, result)
  end
  return result
end

local function replace_text(text, pattern, replacement, limit)
  local parts, at, count = {}, 1, 0
  local length = #text
  local from, to = characters.find(text, pattern, 1)
  while from and count < limit do
    parts[#parts + 1] = text:sub(at, from - 1)
    parts[#parts + 1] = replacement
    length = length + #replacement
    at, count = to + 1, count + 1
    if length > budget.MAX_TEXT then
      break
    end
    from, to = characters.find(text, pattern, at)
  end
  budget.check_text(length)
  parts[#parts + 1] = text:sub(at)
  return table.concat(parts)
end

functions.replace = { "<s-(sf)(sf)n?:s>", 4,
  function(text, pattern, replacement, limit)
    if text == nil then
      return nil
    elseif pattern == "" then
      raise("D3010", nil, nil, pattern, { index = 2 })
    end
    limit = limited(limit, "D3011")
    if limit == 0 or pattern == nil or replacement == nil then
      return text
    elseif type(pattern) == "string" then
      if type(replacement) ~= "string" then
        raise("D3012", nil, nil, replacement)
      end
      return replace_text(text, pattern, replacement, limit)
    end
    local parts, at, count, length = {}, 1, 0, #text
    for match in matches(pattern, text) do
      local new = replacement_of(replacement, text, match)
      parts[#parts + 1] = text:sub(at, match.from)
      parts[#parts + 1] = new
      length = length + #new
      if length > budget.MAX_TEXT then
        budget.check_text(length)
      end
      at, count = match.to + 1, count + 1
      if count >= limit then
        break
      end
    end
    parts[#parts + 1] = text:sub(at)
    return table.concat(parts)
  end }

return functions
