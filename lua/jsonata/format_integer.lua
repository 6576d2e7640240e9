--- Whole numbers by picture: $formatInteger, $parseInteger, and the integers
-- in dates.
--
-- A picture is a primary token and, behind the last ";", a modifier that
-- begins with "o" for ordinal numbers. The primary token:
--   A a       letters: A, B … Z, AA …
--   I i       Roman numerals
--   W w Ww    words
--   #,##0     digits: 0-9 of any script as mandatory, # as optional ones,
--             other characters separate groups, which repeat to the left if
--             they are regular.
--
-- @module jsonata.format_integer

local decimal = require("jsonata.decimal")
local digits = require("jsonata.digits")
local memo = require("jsonata.memo")
local number_words = require("jsonata.number_words")
local numerals = require("jsonata.numerals")

local format_integer = {}

local MAX_ROMAN = 4999999 -- some 5,000 characters
local MINUS = 45
local KINDS = {
  A = { kind = "letters", case = "upper" },
  a = { kind = "letters", case = "lower" },
  I = { kind = "roman", case = "upper" },
  i = { kind = "roman", case = "lower" },
  W = { kind = "words", case = "upper" },
  w = { kind = "words", case = "lower" },
  Ww = { kind = "words", case = "title" },
}

local function greatest_divisor(a, b)
  while b > 0 do
    a, b = b, a % b
  end
  return a
end

--- The width of regular groups: all separators are the same and stand at
-- every multiple of it, without a gap. nil if they are not. `separators` is
-- a list of { position =, text = }, counted from the right, rightmost first.
function format_integer.regular_width(separators)
  local width = 0
  for _, separator in ipairs(separators) do
    if separator.text ~= separators[1].text then
      return nil
    end
    width = greatest_divisor(separator.position, width)
  end
  for index, separator in ipairs(separators) do
    if width == 0 or separator.position ~= index * width then
      return nil
    end
  end
  return width > 0 and width or nil
end

-- Puts a separator before every `width` characters from the right.
local function group_regularly(text, separator, width)
  local size = #text
  local first = size % width
  if first == 0 then
    first = math.min(width, size)
  end
  if size <= 4 * width then
    local out = text:sub(1, first)
    for at = first + 1, size, width do
      out = out .. separator .. text:sub(at, at + width - 1)
    end
    return out
  end
  local parts = { text:sub(1, first) }
  for at = first + 1, size, width do
    parts[#parts + 1] = text:sub(at, at + width - 1)
  end
  return table.concat(parts, separator)
end

local function group_irregularly(text, separators)
  local parts, last = {}, #text -- from the right
  for _, separator in ipairs(separators) do
    local at = #text - separator.position
    if at < 1 then
      break
    end
    parts[#parts + 1] = text:sub(at + 1, last)
    parts[#parts + 1] = separator.text
    last = at
  end
  parts[#parts + 1] = text:sub(1, last)
  for i = 1, math.floor(#parts / 2) do
    parts[i], parts[#parts + 1 - i] = parts[#parts + 1 - i], parts[i]
  end
  return table.concat(parts)
end

--- Puts separators between ASCII digits, as regular_width has them.
function format_integer.group(text, separators, width)
  if width then
    return group_regularly(text, separators[1].text, width)
  end
  return group_irregularly(text, separators)
end

-- A picture of digits; nil if it has no mandatory one.
local function analyse_digits(token)
  local format = { kind = "digits", mandatory = 0, optional = 0 }
  local separators = {}
  local list = digits.characters(token)
  for at = #list, 1, -1 do
    local char = list[at]
    local zero = digits.zero_of(char)
    if zero and format.zero and zero ~= format.zero then
      error({ code = "D3131" })
    elseif zero then
      format.zero = zero
      format.mandatory = format.mandatory + 1
    elseif char == "#" then
      format.optional = format.optional + 1
    else
      separators[#separators + 1] = {
        position = format.mandatory + format.optional, text = char,
      }
    end
  end
  if #separators > 0 then
    format.separators = separators
    format.width = format_integer.regular_width(separators)
  end
  return format.zero and format
end

--- A format of a primary token. Raises D3130 or D3131. Not remembered.
function format_integer.of_token(token, ordinal)
  local kind = KINDS[token]
  local format = kind and { kind = kind.kind, case = kind.case }
    or analyse_digits(token)
  if not format then
    error({ code = "D3130", value = token })
  end
  format.ordinal, format.token = ordinal, token
  return format
end

--- A format of a picture. Raises D3130 or D3131.
format_integer.of_picture = memo.of(function(picture)
  local token, modifier = picture:match("^(.*);(.*)$")
  return format_integer.of_token(token or picture,
    modifier ~= nil and modifier:sub(1, 1) == "o")
end)

--- The suffix of an ordinal number written in digits: "st", "nd" …
local function ordinal_suffix(text)
  local units = text:sub(-1)
  if text:sub(-2, -2) == "1" then
    return "th"
  end
  return units == "1" and "st" or units == "2" and "nd"
    or units == "3" and "rd" or "th"
end

local function write_digits(number, format)
  local text = decimal.integer_text(number)
  local suffix = format.ordinal and ordinal_suffix(text) or ""
  if #text < format.mandatory then
    text = ("0"):rep(format.mandatory - #text) .. text
  end
  if format.separators then
    text = format_integer.group(text, format.separators, format.width)
  end
  return digits.to_family(text, format.zero) .. suffix
end

local function write_absolute(number, format)
  if format.kind == "digits" then
    return write_digits(number, format)
  elseif format.kind == "words" then
    local text = number_words.format(number, format.ordinal)
    return format.case == "title" and text or text[format.case](text)
  elseif format.kind == "letters" then
    local text = numerals.to_letters(number)
    return text[format.case](text)
  elseif number > MAX_ROMAN then
    error({ code = "D3130", value = format.token })
  end
  local text = numerals.to_roman(number)
  return text[format.case](text)
end

--- The largest whole number that is not above `number`, by a format.
function format_integer.write(number, format)
  number = math.floor(number)
  if number < 0 then
    return "-" .. write_absolute(-number, format)
  end
  return write_absolute(number, format)
end

local function read_digits(text, format)
  if format.ordinal then
    text = text:match("^(.*)%a%a$") or ""
  end
  for _, separator in ipairs(format.separators or {}) do
    local piece = separator.text:gsub("%p", "%%%0")
    text = text:gsub(piece, "")
  end
  text = digits.to_ascii(text, format.zero)
  local number = tonumber((text:match("^%s*([+-]?%d+)")))
  return number and math.abs(number) < math.huge and number or nil
end

-- The value of words, Roman numerals or letters, or nil.
local function read_symbols(text, format)
  if format.kind == "words" then
    return number_words.parse(text)
  elseif format.case == "lower" then
    text = text:upper()
  end
  if format.kind == "roman" then
    return numerals.from_roman(text)
  end
  return numerals.from_letters(text)
end

--- The number that a text says by a format; nil if it says none.
function format_integer.read(text, format)
  if format.kind == "digits" then
    return read_digits(text, format)
  elseif text:byte() == MINUS then
    local number = read_symbols(text:sub(2), format)
    return number and -number
  end
  return read_symbols(text, format)
end

--- $formatInteger(number, picture). Raises D3130 or D3131, D1001 for what is
-- not finite.
function format_integer.format(number, picture)
  decimal.check(number)
  return format_integer.write(number, format_integer.of_picture(picture))
end

--- $parseInteger(text, picture): a number, or nil. Raises D3130 or D3131.
function format_integer.parse(text, picture)
  return format_integer.read(text, format_integer.of_picture(picture))
end

return format_integer
