--- Doubles as decimal digits.
--
-- @module jsonata.decimal

local decimal = {}

local floor, abs = math.floor, math.abs

local EXACT = 2 ^ 53 -- every integer below is a double
local SURE = 2 ^ 42 -- below, a double tells thousandths apart

--- Raises D1001 unless a number is finite: texts may say larger ones.
function decimal.check(number)
  if number - number ~= 0 then
    error({ code = "D1001", value = number })
  end
end

--- The shortest text of a finite number in scientific form that reads back
-- as the same double: "1.5e+02".
function decimal.scientific(number)
  for precision = 14, 15 do
    local text = ("%." .. precision .. "e"):format(number)
    if tonumber(text) == number then
      return text
    end
  end
  return ("%.16e"):format(number)
end

--- number * 10^places, shifted in decimal: 1.005 shifted by 2 is 100.5.
function decimal.shift(number, places)
  local mantissa, exponent = decimal.scientific(number):match("^(.-)e(.+)$")
  return tonumber(mantissa .. "e" .. (tonumber(exponent) + places))
end

-- The nearest integer, halves to the even one.
local function nearest(number)
  local below = floor(number)
  local rest = number - below
  if rest > 0.5 or (rest == 0.5 and below % 2 == 1) then
    return below + 1
  end
  return below
end

--- Rounds to `places` digits after the point (may be negative), halves to
-- the even digit.
function decimal.round(number, places)
  places = places or 0
  if places == 0 then
    return nearest(number) + 0
  elseif places > 0 and abs(number) >= EXACT then
    return number
  end
  return decimal.shift(nearest(decimal.shift(number, places)), -places)
end

--- The same as a whole number: number * 10^places, rounded; nil where that is
-- not known to be exact. number is not negative.
function decimal.scaled_round(number, places)
  local scaled = number * 10 ^ places
  local below = floor(scaled)
  local rest = scaled - below
  if scaled >= SURE or (rest > 0.499 and rest < 0.501) then
    return nil
  end
  return rest > 0.5 and below + 1 or below
end

--- The digits of a whole number that is not negative, never in scientific
-- form: above 2^53 the shortest that read back as the same double, and zeros.
function decimal.integer_text(number)
  if number < EXACT then
    return ("%.0f"):format(number)
  end
  local first, rest, exponent =
    decimal.scientific(number):match("^(%d)%.(%d+)e(.+)$")
  exponent = tonumber(exponent)
  local digits = (first .. rest):gsub("0+$", "")
  if #digits > exponent then
    return ("%.0f"):format(number)
  end
  return digits .. ("0"):rep(exponent + 1 - #digits)
end

--- d and e with number = d * 10^e and 1 <= d < 10; number is positive.
function decimal.normalised(number)
  local mantissa, exponent =
    decimal.scientific(number):match("^(.-)e(.+)$")
  return tonumber(mantissa), tonumber(exponent)
end

return decimal
