--- time: clocks, and times as text.
--
--     local time = require("time")
--     local started = time.monotonic()
--     task:log(time.iso() .. " begins")
--
-- Moments are milliseconds since 1970-01-01T00:00:00Z, as in the API.
--
-- @module time

local core = require("task.core")

local time = {}

--- The present moment; under the virtual clock, that clock's.
-- @treturn number milliseconds since the epoch
function time.now()
  return core.now_ms()
end

--- A clock for measuring: never set, and real also under the virtual clock.
-- @treturn number seconds since some moment
function time.monotonic()
  return core.monotonic()
end

-- Days from 1970-01-01 to a date of the Gregorian calendar, and back. A year
-- is counted from March, so that the leap day is its last.
local function days_from_date(year, month, day)
  if month <= 2 then
    year = year - 1
  end
  local era = math.floor(year / 400)
  local year_of_era = year - era * 400
  local day_of_year = math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  local day_of_era = year_of_era * 365 + math.floor(year_of_era / 4)
    - math.floor(year_of_era / 100) + day_of_year
  return era * 146097 + day_of_era - 719468
end

local function date_from_days(days)
  days = days + 719468
  local era = math.floor(days / 146097)
  local day_of_era = days - era * 146097
  local year_of_era = math.floor((day_of_era - math.floor(day_of_era / 1460)
    + math.floor(day_of_era / 36524) - math.floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era - (365 * year_of_era
    + math.floor(year_of_era / 4) - math.floor(year_of_era / 100))
  local month_from_march = math.floor((5 * day_of_year + 2) / 153)
  local day = day_of_year - math.floor((153 * month_from_march + 2) / 5) + 1
  local month = (month_from_march + 2) % 12 + 1
  local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
  return year, month, day
end

local function days_in_month(year, month)
  local next_year = month == 12 and year + 1 or year
  return days_from_date(next_year, month % 12 + 1, 1)
    - days_from_date(year, month, 1)
end

--- A moment as RFC 3339 text in UTC: "2024-01-01T00:00:00.000Z".
-- @tparam[opt] number ms the moment; now if it is not given
-- @treturn string
function time.iso(ms)
  if ms == nil then
    ms = core.now_ms()
  end
  -- years 0000 to 9999: what four digits can say
  if type(ms) ~= "number" or not (ms >= -62167219200000
      and ms < 253402300800000) then
    error("time.iso: milliseconds since the epoch expected", 2)
  end
  ms = math.floor(ms)
  local days = math.floor(ms / 86400000)
  local rest = ms - days * 86400000
  local year, month, day = date_from_days(days)
  return ("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ"):format(year, month, day,
    math.floor(rest / 3600000), math.floor(rest / 60000) % 60,
    math.floor(rest / 1000) % 60, rest % 1000)
end

local function offset_minutes(zone)
  if zone == "Z" or zone == "z" then
    return 0
  end
  local sign, hours, minutes = zone:match("^([+-])(%d%d):?(%d%d)$")
  hours, minutes = tonumber(hours), tonumber(minutes)
  if not hours or hours > 23 or minutes > 59 then
    return nil
  end
  return (sign == "-" and -1 or 1) * (hours * 60 + minutes)
end

--- Reads an RFC 3339 time: "2024-01-01T00:00:00Z", with fractions of a second
-- (cut at milliseconds), "Z" or an offset like "+02:00".
-- @tparam string text
-- @treturn number milliseconds since the epoch; or nil and what is wrong
function time.parse(text)
  if type(text) ~= "string" then
    error("time.parse: text expected, not " .. type(text), 2)
  end
  local function wrong()
    return nil, "not an RFC 3339 time: " .. text:sub(1, 100)
  end
  local year, month, day, hour, minute, second, fraction, zone = text:match(
    "^(%d%d%d%d)-(%d%d)-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)(%.?%d*)(.+)$")
  if not year or fraction == "." or
      fraction ~= "" and fraction:sub(1, 1) ~= "." then
    return wrong()
  end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second)
  local offset = offset_minutes(zone)
  if not offset or month < 1 or month > 12 or day < 1 or hour > 23
      or minute > 59 or second > 60 or day > days_in_month(year, month) then
    return wrong()
  end
  local minutes = (days_from_date(year, month, day) * 24 + hour) * 60
    + minute - offset
  local ms = tonumber((fraction:sub(2) .. "000"):sub(1, 3))
  return (minutes * 60 + second) * 1000 + ms
end

return time
