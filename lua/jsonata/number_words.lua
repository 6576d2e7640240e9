--- Numbers in English words: "one thousand and thirty-fourth".
--
-- @module jsonata.number_words

local number_words = {}

local floor = math.floor

local SMALL = {
  [0] = "Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven",
  "Eight", "Nine", "Ten", "Eleven", "Twelve", "Thirteen", "Fourteen",
  "Fifteen", "Sixteen", "Seventeen", "Eighteen", "Nineteen",
}
local SMALL_ORDINALS = {
  [0] = "Zeroth", "First", "Second", "Third", "Fourth", "Fifth", "Sixth",
  "Seventh", "Eighth", "Ninth", "Tenth", "Eleventh", "Twelfth",
  "Thirteenth", "Fourteenth", "Fifteenth", "Sixteenth", "Seventeenth",
  "Eighteenth", "Nineteenth",
}
local TENS = { -- from twenty
  "Twenty", "Thirty", "Forty", "Fifty", "Sixty", "Seventy", "Eighty",
  "Ninety",
}
-- From the largest; beyond it they repeat: "million trillion trillion".
local MAGNITUDES = {
  { 1e12, "Trillion" },
  { 1e9, "Billion" },
  { 1e6, "Million" },
  { 1e3, "Thousand" },
}

local write

local function write_tens(number, ordinal)
  local tens, rest = TENS[floor(number / 10) - 1], number % 10
  if rest > 0 then
    return tens .. "-" .. write(rest, ordinal)
  end
  return ordinal and tens:sub(1, -2) .. "ieth" or tens
end

-- What follows "Hundred", "Thousand" …
local function write_rest(rest, ordinal, separator)
  if rest > 0 then
    return separator .. write(rest, ordinal)
  end
  return ordinal and "th" or ""
end

write = function(number, ordinal)
  if number < 20 then
    return (ordinal and SMALL_ORDINALS or SMALL)[number]
  elseif number < 100 then
    return write_tens(number, ordinal)
  elseif number < 1000 then
    return SMALL[floor(number / 100)] .. " Hundred"
      .. write_rest(number % 100, ordinal, " and ")
  end
  for _, magnitude in ipairs(MAGNITUDES) do
    local factor, name = magnitude[1], magnitude[2]
    if number >= factor then
      local times = floor(number / factor)
      local rest = number - times * factor -- above 2^53 may round below 0
      return write(times) .. " " .. name
        .. write_rest(rest, ordinal, rest >= 100 and ", " or " and ")
    end
  end
end

--- A whole number that is not negative, in words with capital initials.
function number_words.format(number, ordinal)
  return write(number, ordinal)
end

local VALUES = { hundred = 100, hundredth = 100 }
for number = 0, 19 do
  VALUES[SMALL[number]:lower()] = number
  VALUES[SMALL_ORDINALS[number]:lower()] = number
end
for index, tens in ipairs(TENS) do
  VALUES[tens:lower()] = index * 10 + 10
  VALUES[tens:lower():sub(1, -2) .. "ieth"] = index * 10 + 10
end
for _, magnitude in ipairs(MAGNITUDES) do
  VALUES[magnitude[2]:lower()] = magnitude[1]
  VALUES[magnitude[2]:lower() .. "th"] = magnitude[1]
end

--- The value of one word in lower case, or nil.
function number_words.value(word)
  return VALUES[word]
end

-- Adds a word's value: small ones to the last part, "hundred" and the larger
-- multiply it; a part that has its thousands is finished.
local function add_value(parts, value)
  local last = parts[#parts]
  if value >= 100 then
    parts[#parts] = last * value
  elseif last >= 1000 then
    parts[#parts + 1] = value
  else
    parts[#parts] = last + value
  end
end

--- The number that a text of words (in any case, cardinal or ordinal) says;
-- nil if it has a word that is no number.
function number_words.parse(text)
  local parts, words = { 0 }, 0
  for word in text:lower():gmatch("[^%s,%-]+") do
    local value = VALUES[word]
    if value then
      add_value(parts, value)
      words = words + 1
    elseif word ~= "and" then
      return nil
    end
  end
  local sum = 0
  for _, part in ipairs(parts) do
    sum = sum + part
  end
  return words > 0 and sum or nil
end

return number_words
