--- Whole numbers to a base: $formatBase.
--
-- @module jsonata.format_base

local decimal = require("jsonata.decimal")

local format_base = {}

local DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
local EXACT = 2 ^ 53

-- Digits below the precision of a double are zeros.
local function write(number, radix)
  local parts = {}
  while number >= EXACT do
    number = number / radix
    parts[#parts + 1] = "0"
  end
  number = math.floor(number)
  repeat
    local digit = number % radix
    parts[#parts + 1] = DIGITS:sub(digit + 1, digit + 1)
    number = (number - digit) / radix
  until number == 0
  return table.concat(parts):reverse()
end

--- $formatBase(number, radix): both are rounded, halves to the even; radix
-- is 10 by default. Raises D3100 unless it is 2 to 36.
function format_base.format(number, radix)
  decimal.check(number)
  number = decimal.round(number)
  radix = radix and decimal.round(radix) or 10
  if radix < 2 or radix > 36 then
    error({ code = "D3100", value = radix })
  elseif radix == 10 then
    local text = decimal.integer_text(math.abs(number))
    return number < 0 and "-" .. text or text
  end
  local text = write(math.abs(number), radix)
  return number < 0 and "-" .. text or text
end

return format_base
