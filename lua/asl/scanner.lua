--- Scanner: the pieces that texts of paths, filters and function calls are
-- made of. All functions take a text and a place in it; they return what
-- stands there and where the text goes on, or nil.
--
-- @module asl.scanner

local scanner = {}

local MAX_INDEX = 2147483647

--- The number that digits stand for (nil is allowed) if it may be an index.
function scanner.index(digits)
  local index = digits and tonumber(digits)
  return index and math.abs(index) <= MAX_INDEX and index or nil
end

--- Where the next character stands that is not blank.
function scanner.skip(text, at)
  return text:match("^%s*()", at)
end

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

-- The UTF-8 of a character of the basic plane.
local function utf8_of(code)
  if code < 0x80 then
    return string.char(code)
  elseif code < 0x800 then
    return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64)
  end
  return string.char(0xE0 + math.floor(code / 4096),
    0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

-- What an escape stands for whose backslash is at `at`.
local function escaped(text, at)
  local digits, stop = text:match("^u(%x%x%x%x)()", at + 1)
  if digits then
    return utf8_of(tonumber(digits, 16)), stop
  end
  local char = text:match("^[%z\1-\127\194-\244][\128-\191]*", at + 1)
  return char and (ESCAPES[char] or char), char and at + 1 + #char
end

--- A text in single or double quotes.
function scanner.quoted(text, at)
  local quote = text:match("^['\"]", at)
  if not quote then
    return nil
  end
  local parts, from = {}, at + 1
  while true do
    local stop = text:find("[\\" .. quote .. "]", from)
    if not stop then
      return nil
    end
    parts[#parts + 1] = text:sub(from, stop - 1)
    if text:sub(stop, stop) == quote then
      return table.concat(parts), stop + 1
    end
    parts[#parts + 1], from = escaped(text, stop)
    if not from then
      return nil
    end
  end
end

--- A name without quotes: what matches `run` (a pattern like "^[^%.%[]+()"
-- that excludes the backslash); a backslash keeps the character behind it.
function scanner.name(text, at, run)
  local parts = {}
  while true do
    local piece, stop = text:match(run, at)
    if piece then
      parts[#parts + 1] = piece
    else
      local char = text:match("^\\(.[\128-\191]*)", at)
      if not char then
        break
      end
      parts[#parts + 1] = char
      stop = at + 1 + #char
    end
    at = stop
  end
  return parts[1] and table.concat(parts), at
end

--- The text of a number.
function scanner.number(text, at)
  local number, stop = text:match("^(%-?%d+%.?%d*[eE][%+%-]?%d+)()", at)
  if not number then
    number, stop = text:match("^(%-?%d+%.?%d*)()", at)
  end
  return number, stop
end

return scanner
