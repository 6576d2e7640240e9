--- Numbers by picture: $formatNumber, as XPath's format-number.
--
-- A picture has one sub-picture, or two: for positive and negative numbers,
-- separated by ";". A sub-picture has text around its active part, whose
-- characters stand for digits ("0" and its family mandatory, "#" optional),
-- the decimal and grouping separators, and an exponent. "%" and "‰" in the
-- text multiply. Options name other characters for all of these.
--
-- @module jsonata.format_number

local decimal = require("jsonata.decimal")
local digits = require("jsonata.digits")
local format_integer = require("jsonata.format_integer")
local memo = require("jsonata.memo")

local format_number = {}

local floor = math.floor

local MAX_PLACES = 99 -- that string.format writes
local EXACT_PLACES = 9 -- whose power of ten "%d" writes with a digit before
local ZERO = 48
local DEFAULTS = {
  ["decimal-separator"] = ".",
  ["grouping-separator"] = ",",
  ["exponent-separator"] = "e",
  ["minus-sign"] = "-",
  ["percent"] = "%",
  ["per-mille"] = "\226\128\176",
  ["zero-digit"] = "0",
  ["digit"] = "#",
  ["pattern-separator"] = ";",
}

local function fail(code)
  error({ code = code })
end

-- The symbols that options name, and the others by default. Those that are
-- no texts, or empty, are not looked at.
local function symbols_of(options)
  local symbols = {}
  for name, default in pairs(DEFAULTS) do
    local symbol = options and options[name]
    symbols[name] = type(symbol) == "string" and symbol ~= "" and symbol
      or default
  end
  symbols.zero = digits.code(symbols["zero-digit"])
  return symbols
end

-- How often a text stands in another.
local function count(text, piece)
  local times, from = 0, 1
  repeat
    local first, last = text:find(piece, from, true)
    if first then
      times, from = times + 1, last + 1
    end
  until not first
  return times
end

local function split(text, separator)
  local parts, from = {}, 1
  repeat
    local first, last = text:find(separator, from, true)
    parts[#parts + 1] = text:sub(from, first and first - 1)
    from = last and last + 1
  until not first
  return parts
end

-- What a character of a sub-picture is: one of the kinds below, or nil.
local function kind_of(char, symbols)
  if char == symbols["decimal-separator"] then
    return "point"
  elseif char == symbols["grouping-separator"] then
    return "group"
  elseif char == symbols["exponent-separator"] then
    return "exponent"
  elseif char == symbols["digit"] then
    return "optional"
  end
  local value = digits.code(char) - symbols.zero
  return value >= 0 and value <= 9 and "mandatory" or nil
end

-- The first and last characters of the active part; nil if there is none.
local function active_range(kinds, size)
  local first, last
  for at = 1, size do
    if kinds[at] and kinds[at] ~= "exponent" then
      first, last = first or at, at
    end
  end
  return first, last
end

local function index_of(list, value, from, to)
  for at = from, to do
    if list[at] == value then
      return at
    end
  end
  return nil
end

-- The sub-picture taken apart: a list of characters and their kinds, where
-- its active part is, and in it the point and the exponent.
local function scan(text, symbols)
  local part = { text = text, chars = digits.characters(text), kinds = {} }
  for at, char in ipairs(part.chars) do
    part.kinds[at] = kind_of(char, symbols)
  end
  local size = #part.chars
  part.first, part.last = active_range(part.kinds, size)
  if part.first then
    local exponent = index_of(part.kinds, "exponent", part.first,
      part.last + 1)
    part.exponent = exponent
    part.mantissa_last = exponent and exponent - 1 or part.last
    part.point = index_of(part.kinds, "point", part.first,
      part.mantissa_last)
    part.integer_last = part.point and part.point - 1 or part.mantissa_last
  end
  return part
end

local function check_exponent(part, symbols)
  if not part.exponent then
    return
  elseif part.exponent >= part.last then
    fail("D3093")
  end
  for at = part.exponent + 1, part.last do
    if part.kinds[at] ~= "mandatory" then
      fail("D3093")
    end
  end
  if part.text:find(symbols["percent"], 1, true)
    or part.text:find(symbols["per-mille"], 1, true) then
    fail("D3092")
  end
end

-- In the integer part no optional digit may follow the first mandatory one,
-- unless it is optional from the start; in the fraction likewise, mirrored.
local function check_digits(part)
  local kinds = part.kinds
  if part.point then
    local mandatory, optional
    for at = part.point + 1, part.mantissa_last do
      mandatory = kinds[at] == "mandatory" and at or mandatory
      optional = kinds[at] == "optional" and at or optional
    end
    if mandatory and optional and optional < mandatory then
      fail("D3091")
    end
  end
  local mandatory = index_of(kinds, "mandatory", part.first,
    part.integer_last)
  local optional = index_of(kinds, "optional", part.first,
    part.integer_last)
  if mandatory and optional and mandatory < optional then
    fail("D3090")
  end
end

local function check_groups(part)
  local kinds = part.kinds
  for at = part.first, part.last - 1 do
    if kinds[at] == "group" and kinds[at + 1] == "group" then
      fail("D3089")
    end
  end
  if not part.point and kinds[part.integer_last] == "group" then
    fail("D3088")
  elseif part.point and (kinds[part.point - 1] == "group"
    or kinds[part.point + 1] == "group") then
    fail("D3087")
  end
end

local function check_text(part)
  if not part.first then
    fail(#part.chars > 0 and "D3086" or "D3085")
  end
  local has_digit = false
  for at = part.first, part.last do
    if not part.kinds[at] then
      fail("D3086")
    elseif at <= part.mantissa_last then
      has_digit = has_digit or part.kinds[at] == "mandatory"
        or part.kinds[at] == "optional"
    end
  end
  if not has_digit then
    fail("D3085")
  end
end

local function check_signs(part, symbols)
  local percents = count(part.text, symbols["percent"])
  local per_milles = count(part.text, symbols["per-mille"])
  if percents > 0 and per_milles > 0 then
    fail("D3084")
  elseif per_milles > 1 then
    fail("D3083")
  elseif percents > 1 then
    fail("D3082")
  end
  part.factor = percents > 0 and 100 or per_milles > 0 and 1000 or 1
end

-- Where several rules are broken, the one with the highest code is told.
local function check(part, symbols)
  if part.first then
    check_exponent(part, symbols)
    check_digits(part)
    check_groups(part)
  end
  check_text(part)
  check_signs(part, symbols)
  if part.first and count(part.text, symbols["decimal-separator"]) > 1 then
    fail("D3081")
  end
end

-- Counts digits, and notes where the groups of the integer part and of the
-- fraction are.
local function measure(part)
  local kinds, separators = part.kinds, {}
  local sizes = {
    integer_min = 0, integer_max = 0, fraction_min = 0, fraction_max = 0,
  }
  local function note(at, area)
    if kinds[at] == "mandatory" then
      sizes[area .. "_min"] = sizes[area .. "_min"] + 1
    end
    if kinds[at] == "mandatory" or kinds[at] == "optional" then
      sizes[area .. "_max"] = sizes[area .. "_max"] + 1
    end
  end
  for at = part.integer_last, part.first, -1 do
    note(at, "integer")
    if kinds[at] == "group" then
      separators[#separators + 1] = {
        position = sizes.integer_max, text = part.chars[at],
      }
    end
  end
  local fraction_groups = {}
  for at = part.integer_last + 2, part.mantissa_last do
    note(at, "fraction")
    if kinds[at] == "group" then
      fraction_groups[sizes.fraction_max] = part.chars[at]
    end
  end
  part.fraction_groups = next(fraction_groups) and fraction_groups
  if #separators > 0 then
    part.separators = separators
    part.width = format_integer.regular_width(separators)
  end
  return sizes
end

-- The numbers of digits that XPath asks for, whatever the picture shows.
local function settle(part, sizes)
  local integer_min, fraction_min = sizes.integer_min, sizes.fraction_min
  local fraction_max = sizes.fraction_max
  part.scale = integer_min
  if integer_min == 0 and fraction_max == 0 then
    if part.exponent then
      fraction_min, fraction_max = 1, 1
    else
      integer_min = 1
    end
  end
  if part.exponent and integer_min == 0 and sizes.integer_max > 0 then
    integer_min = 1
  end
  if integer_min == 0 and fraction_min == 0 then
    fraction_min = 1
  end
  part.integer_min, part.fraction_min = integer_min, fraction_min
  part.fraction_max = fraction_max
  part.exponent_min = part.exponent and part.last - part.exponent or 0
end

local function analyse_part(text, symbols)
  local part = scan(text, symbols)
  check(part, symbols)
  settle(part, measure(part))
  part.prefix = table.concat(part.chars, "", 1, part.first - 1)
  part.suffix = table.concat(part.chars, "", part.last + 1)
  return part
end

-- A picture taken apart: { symbols =, positive =, negative = }.
local function analyse(picture, symbols)
  local texts = split(picture, symbols["pattern-separator"])
  if #texts > 2 then
    fail("D3080")
  end
  local positive = analyse_part(texts[1], symbols)
  local negative = texts[2] and analyse_part(texts[2], symbols)
  if not negative then
    negative = setmetatable({
      prefix = symbols["minus-sign"] .. positive.prefix,
    }, { __index = positive })
  end
  return { symbols = symbols, positive = positive, negative = negative }
end

local plain_pictures = memo.of(function(picture)
  return analyse(picture, symbols_of(nil))
end)

-- Mantissa and exponent, so that the mantissa has as many integer digits as
-- the picture asks for. A power of ten that is too large may have one more.
local function scaled(number, scale)
  if number == 0 then
    return 0, 0
  end
  local mantissa, exponent = decimal.normalised(number)
  local shift = scale - 1
  if mantissa == 1 and exponent > shift then
    shift = scale
  end
  return decimal.shift(mantissa, shift), exponent - shift
end

local function group_fraction(text, groups)
  local parts = {}
  for at = 1, #text do
    parts[#parts + 1] = text:sub(at, at)
    parts[#parts + 1] = groups[at]
  end
  return table.concat(parts)
end

-- Integer and fraction of a number as digits, rounded to the places that the
-- picture has; "" is a zero.
local function split_digits(number, places)
  local whole = places <= EXACT_PLACES
    and decimal.scaled_round(number, places)
  if whole then
    local factor = 10 ^ places
    local integer = floor(whole / factor)
    return integer == 0 and "" or ("%d"):format(integer), places == 0 and ""
      or ("%d"):format(factor + whole - integer * factor):sub(2)
  end
  local text = ("%." .. places .. "f"):format(decimal.round(number, places))
  return text:match("^0*(%d*)%.?(%d*)$")
end

-- Without the zeros at the end, and at least `min` digits.
local function fit_fraction(text, min)
  local size = #text
  while size > min and text:byte(size) == ZERO do
    size = size - 1
  end
  return size < #text and text:sub(1, size)
    or size < min and text .. ("0"):rep(min - size) or text
end

-- The digits of the mantissa with separators, in ASCII digits.
local function write_mantissa(number, part, symbols)
  local integer, fraction =
    split_digits(number, math.min(part.fraction_max, MAX_PLACES))
  if #integer < part.integer_min then
    integer = ("0"):rep(part.integer_min - #integer) .. integer
  end
  if part.separators then
    integer = format_integer.group(integer, part.separators, part.width)
  end
  fraction = fit_fraction(fraction, part.fraction_min)
  if fraction == "" then
    return integer
  elseif part.fraction_groups then
    fraction = group_fraction(fraction, part.fraction_groups)
  end
  return integer .. symbols["decimal-separator"] .. fraction
end

local function write_exponent(exponent, part, symbols)
  local text = ("%d"):format(math.abs(exponent))
  return symbols["exponent-separator"]
    .. (exponent < 0 and symbols["minus-sign"] or "")
    .. ("0"):rep(part.exponent_min - #text) .. text
end

local function write(number, part, symbols)
  local exponent
  number = number * part.factor
  if part.exponent then
    number, exponent = scaled(number, part.scale)
  end
  local text = write_mantissa(number, part, symbols)
  if exponent then
    text = text .. write_exponent(exponent, part, symbols)
  end
  return part.prefix .. digits.to_family(text, symbols.zero) .. part.suffix
end

--- $formatNumber(number, picture, options): a text. `options` is a table by
-- XPath's names ("zero-digit" …), or nil. Raises D3080 to D3093.
function format_number.format(number, picture, options)
  decimal.check(number)
  local analysed = options and next(options) ~= nil
    and analyse(picture, symbols_of(options)) or plain_pictures(picture)
  if number < 0 then
    return write(-number, analysed.negative, analysed.symbols)
  end
  return write(math.abs(number), analysed.positive, analysed.symbols)
end

return format_number
