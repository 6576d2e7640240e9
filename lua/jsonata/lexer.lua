--- JSONata's tokens.
--
-- A token is a type ("name", "variable", "operator", "string", "number",
-- "value", "regex", "end"), a value, and the position behind it (1-based
-- bytes, so it counts the bytes up to the token's end).
--
-- @module jsonata.lexer

local errors = require("jsonata.errors")
local core = require("wf.jsonata")

local lexer = {}

local byte, find, sub = string.byte, string.find, string.sub

local raise = errors.raise

local ESCAPES = {
  ['"'] = '"', ["'"] = "'", ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f",
  n = "\n", r = "\r", t = "\t",
}

local PAIRS = {
  [".."] = true, [":="] = true, ["!="] = true, [">="] = true, ["<="] = true,
  ["**"] = true, ["~>"] = true, ["?:"] = true, ["??"] = true,
}

local SINGLES = {}
for character in (".[]{}(),@#;:?+-*/%|=<>^&!~"):gmatch(".") do
  SINGLES[byte(character)] = character
end

--- Characters of a code point as UTF-8.
function lexer.utf8(code)
  if code < 0x80 then
    return string.char(code)
  elseif code < 0x800 then
    return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64)
  elseif code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 4096),
                       0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
  end
  return string.char(0xF0 + math.floor(code / 262144),
                     0x80 + math.floor(code / 4096) % 64,
                     0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

-- The code point of \uXXXX at `at` (behind the u), and what follows it;
-- surrogates are joined.
local function unicode(text, at)
  local hex = text:match("^%x%x%x%x", at)
  if not hex then
    raise("S0104", at - 1)
  end
  local code = tonumber(hex, 16)
  local low = code >= 0xD800 and code < 0xDC00
    and text:match("^\\u([dD][c-fC-F]%x%x)", at + 4)
  if low then
    code = 0x10000 + (code - 0xD800) * 1024 + tonumber(low, 16) - 0xDC00
    return lexer.utf8(code), at + 10
  end
  return lexer.utf8(code), at + 4
end

-- A string whose quote is at `at`: its characters, and what follows it.
local function scan_string(text, at)
  local quote = sub(text, at, at)
  local stop = quote == '"' and '["\\]' or "['\\]"
  local start = at + 1
  local found = find(text, stop, start)
  if found and sub(text, found, found) == quote then
    return sub(text, start, found - 1), found + 1
  end
  local parts = {}
  while found do
    parts[#parts + 1] = sub(text, start, found - 1)
    if sub(text, found, found) == quote then
      return table.concat(parts), found + 1
    end
    local escape = text:match("^[%z\1-\127\192-\255][\128-\191]*",
                              found + 1) or ""
    if ESCAPES[escape] then
      parts[#parts + 1], start = ESCAPES[escape], found + 2
    elseif escape == "u" then
      parts[#parts + 1], start = unicode(text, found + 2)
    elseif escape == "" then
      break
    else
      raise("S0103", found + 1, escape)
    end
    found = find(text, stop, start)
  end
  return raise("S0101", #text)
end

-- A regular expression whose slash is at `at`.
local function scan_regex(text, at)
  local start, depth = at + 1, 0
  local i = start
  while i <= #text do
    local c = byte(text, i)
    if c == 92 then -- backslash: the next character stands for itself
      i = i + 1
    elseif c == 47 and depth == 0 then
      break
    elseif c == 40 or c == 91 or c == 123 then
      depth = depth + 1
    elseif c == 41 or c == 93 or c == 125 then
      depth = depth - 1
    end
    i = i + 1
  end
  if i > #text then
    raise("S0302", #text)
  end
  local pattern = sub(text, start, i - 1)
  if pattern == "" then
    raise("S0301", i - 1)
  end
  local flags = text:match("^[im]*", i + 1)
  local regex, groups = core.regex(pattern, flags)
  if not regex then
    raise("S0303", i - 1, pattern, groups) -- what is wrong
  end
  return { regex = regex, pattern = pattern, groups = groups },
    i + 1 + #flags
end

local WORDS = {
  ["and"] = "operator", ["or"] = "operator", ["in"] = "operator",
}
local VALUES = { ["true"] = true, ["false"] = false, null = core.null }

-- A name, a variable or a word.
local function scan_name(text, at)
  local stop = find(text, "[%s.%[%]{}(),@#;:?+%-*/%%|=<>^&!~]", at)
  local name = sub(text, at, stop and stop - 1)
  local behind = at + #name
  if byte(name) == 36 then
    return "variable", sub(name, 2), behind
  elseif WORDS[name] then
    return "operator", name, behind
  elseif VALUES[name] ~= nil then
    return "value", VALUES[name], behind
  end
  return "name", name, behind
end

local function skip(text, at)
  while true do
    at = find(text, "[^ \t\n\r\v]", at)
    if not at or byte(text, at) ~= 47 or byte(text, at + 1) ~= 42 then
      return at
    end
    local _, stop = find(text, "*/", at + 2, true)
    if not stop then
      raise("S0106", at)
    end
    at = stop + 1
  end
end

--- The token at or behind `at`: type, value, and where the next one may
-- begin. `infix`: an operand has just ended, so / divides.
function lexer.next(text, at, infix)
  at = skip(text, at)
  if not at then
    return "end", "(end)", #text + 1
  end
  local c = byte(text, at)
  if c == 47 and not infix then
    local regex, behind = scan_regex(text, at)
    return "regex", regex, behind
  end
  local single = SINGLES[c]
  if single then
    local pair = sub(text, at, at + 1)
    if PAIRS[pair] then
      return "operator", pair, at + 2
    end
    return "operator", single, at + 1
  elseif c == 34 or c == 39 then
    local value, behind = scan_string(text, at)
    return "string", value, behind
  elseif c >= 48 and c <= 57 then
    return lexer.number(text, at)
  elseif c == 96 then
    local stop = find(text, "`", at + 1, true)
    if not stop then
      raise("S0105", #text)
    end
    return "name", sub(text, at + 1, stop - 1), stop + 1
  end
  return scan_name(text, at)
end

--- A number: type, value, what follows.
function lexer.number(text, at)
  local digits = text:match("^[1-9]%d*", at) or "0"
  local behind = at + #digits
  local fraction = text:match("^%.%d+", behind) or ""
  behind = behind + #fraction
  local exponent = text:match("^[eE][-+]?%d+", behind) or ""
  behind = behind + #exponent
  local value = tonumber(digits .. fraction .. exponent)
  if not value and exponent:find("-", 1, true) then
    value = 0 -- what LuaJIT does not even try to read
  elseif not value or value == math.huge then
    raise("S0102", behind - 1, digits .. fraction .. exponent)
  end
  return "number", value, behind
end

return lexer
