--- Roman numerals, and letters as the columns of a spreadsheet have them.
--
-- @module jsonata.numerals

local numerals = {}

local ROMAN = {
  { 1000, "M" }, { 900, "CM" }, { 500, "D" }, { 400, "CD" },
  { 100, "C" }, { 90, "XC" }, { 50, "L" }, { 40, "XL" },
  { 10, "X" }, { 9, "IX" }, { 5, "V" }, { 4, "IV" }, { 1, "I" },
}
local ROMAN_VALUES = {
  M = 1000, D = 500, C = 100, L = 50, X = 10, V = 5, I = 1,
}

--- A whole number as a Roman numeral in capitals; 0 is the empty text.
function numerals.to_roman(number)
  local parts = {}
  for _, symbol in ipairs(ROMAN) do
    local times = math.floor(number / symbol[1])
    parts[#parts + 1] = symbol[2]:rep(times)
    number = number - times * symbol[1]
  end
  return table.concat(parts)
end

--- The value of a Roman numeral in capitals, or nil. A symbol before a larger
-- one is subtracted, whichever they are.
function numerals.from_roman(text)
  local sum, largest = 0, 0
  for at = #text, 1, -1 do
    local value = ROMAN_VALUES[text:sub(at, at)]
    if not value then
      return nil
    elseif value < largest then
      sum = sum - value
    else
      sum, largest = sum + value, value
    end
  end
  return sum
end

--- 1 is A, 26 is Z, 27 is AA; 0 is the empty text.
function numerals.to_letters(number)
  local text = ""
  while number >= 1 do
    local letter = math.fmod(number - 1, 26)
    text = string.char(65 + letter) .. text
    number = math.floor((number - 1) / 26)
  end
  return text
end

--- The number of capital letters, or nil.
function numerals.from_letters(text)
  if text:find("[^A-Z]") then
    return nil
  end
  local number = 0
  for at = 1, #text do
    number = number * 26 + text:byte(at) - 64
  end
  return number
end

return numerals
