--- The Gregorian calendar as arithmetic of days.
--
-- A day is its number since 1970-01-01. Months and days outside of their
-- ranges run over into the next ones, as in "the 31st of April".
--
-- @module jsonata.calendar

local calendar = {}

local floor = math.floor

local DAYS_OF_ERA = 146097 -- 400 years

--- The day of a date of the Gregorian calendar, extended into the past.
function calendar.day_of(year, month, day)
  month = month - 1
  year = year + floor(month / 12)
  month = month % 12 - 2 -- March is 0, so that leap days end a year
  if month < 0 then
    month, year = month + 12, year - 1
  end
  local era = floor(year / 400)
  local year_of_era = year - era * 400
  local day_of_year = floor((153 * month + 2) / 5) + day - 1
  return era * DAYS_OF_ERA + year_of_era * 365 + floor(year_of_era / 4)
    - floor(year_of_era / 100) + day_of_year - 719468
end

--- Year, month and day of the month of a day.
function calendar.date_of(day)
  day = day + 719468
  local era = floor(day / DAYS_OF_ERA)
  local rest = day - era * DAYS_OF_ERA
  local year = floor((rest - floor(rest / 1460) + floor(rest / 36524)
    - floor(rest / 146096)) / 365)
  rest = rest - (365 * year + floor(year / 4) - floor(year / 100))
  local month = floor((5 * rest + 2) / 153)
  local day_of_month = rest - floor((153 * month + 2) / 5) + 1
  month = month < 10 and month + 3 or month - 9
  return era * 400 + year + (month <= 2 and 1 or 0), month, day_of_month
end

--- The day of the week: 1 is Monday, 7 is Sunday.
function calendar.weekday(day)
  return (day + 3) % 7 + 1
end

-- Weeks belong to the year, and to the month, of their Thursday.
local function thursday_of(day)
  return day - calendar.weekday(day) + 4
end

--- The ISO 8601 week of a day, and the year it belongs to.
function calendar.week_of_year(day)
  local thursday = thursday_of(day)
  local year = calendar.date_of(thursday)
  return floor((thursday - calendar.day_of(year, 1, 1)) / 7) + 1, year
end

--- The week of the month, and the month it belongs to.
function calendar.week_of_month(day)
  local _, month, thursday = calendar.date_of(thursday_of(day))
  return floor((thursday - 1) / 7) + 1, month
end

return calendar
