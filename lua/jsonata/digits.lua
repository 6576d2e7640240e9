--- Characters and the decimal digits of the world's scripts.
--
-- @module jsonata.digits

local digits = {}

-- The code points of the zeros of Unicode's decimal digits (category Nd) in
-- the Basic Multilingual Plane; the other nine digits follow each of them.
local ZEROS = {
  0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66,
  0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040,
  0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0,
  0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0,
  0xFF10,
}
local CHARACTER = "[%z\1-\127\192-\255][\128-\191]*"
local LEAD_BASE = { 0, 192, 224, 240 }

--- The characters of a text, a list.
function digits.characters(text)
  local list, count = {}, 0
  for char in text:gmatch(CHARACTER) do
    count = count + 1
    list[count] = char
  end
  return list
end

--- The code point of a character.
function digits.code(char)
  local code = char:byte()
  local bytes = #char
  if bytes == 1 then
    return code
  end
  code = code - (LEAD_BASE[bytes] or 240)
  for i = 2, bytes do
    code = code * 64 + char:byte(i) % 64
  end
  return code
end

--- The character of a code point.
function digits.character(code)
  local bytes = code < 0x80 and 1 or code < 0x800 and 2
    or code < 0x10000 and 3 or 4
  local tail = ""
  for _ = 2, bytes do
    tail = string.char(128 + code % 64) .. tail
    code = math.floor(code / 64)
  end
  return string.char(LEAD_BASE[bytes] + code) .. tail
end

--- The zero of the family that a character belongs to, as a code point; nil
-- if it is no decimal digit.
function digits.zero_of(char)
  local code = digits.code(char)
  if code < 128 then
    return code >= 48 and code <= 57 and 48 or nil
  end
  for _, zero in ipairs(ZEROS) do
    if code >= zero and code <= zero + 9 then
      return zero
    end
  end
  return nil
end

--- ASCII digits in a text as those of another family.
function digits.to_family(text, zero)
  if zero == 0x30 then
    return text
  end
  return (text:gsub("%d", function(digit)
    return digits.character(zero + digit:byte() - 48)
  end))
end

--- Digits of a family in a text as ASCII digits.
function digits.to_ascii(text, zero)
  if zero == 0x30 then
    return text
  end
  return (text:gsub(CHARACTER, function(char)
    local value = digits.code(char) - zero
    return value >= 0 and value <= 9 and tostring(value) or nil
  end))
end

return digits
