--- Moments as text: RFC 3339, as the states language wants it.
--
-- "2016-03-14T01:59:00Z", with an optional fraction of one to nine digits and
-- Z or an offset. T and Z are upper case.
--
-- @module asl.timestamp

local timestamp = {}

local PATTERN = "^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)(.*)$"
local MONTH_DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_leap(year)
  return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

local function is_date(year, month, day)
  if month < 1 or month > 12 or day < 1 then
    return false
  end
  local last = MONTH_DAYS[month]
  if month == 2 and is_leap(year) then
    last = 29
  end
  return day <= last
end

-- Days since 1970-01-01 of a day of the Gregorian calendar.
local function days_since_epoch(year, month, day)
  if month <= 2 then
    year = year - 1
    month = month + 12
  end
  local era = math.floor(year / 400)
  local year_of_era = year - era * 400
  local day_of_year = math.floor((153 * (month - 3) + 2) / 5) + day - 1
  local day_of_era = year_of_era * 365 + math.floor(year_of_era / 4)
    - math.floor(year_of_era / 100) + day_of_year
  return era * 146097 + day_of_era - 719468
end

-- Seconds east of UTC of "Z", "+01:00" …, or nil.
local function offset_s(zone)
  if zone == "Z" then
    return 0
  end
  local sign, hours, minutes = zone:match("^([%+%-])(%d%d):(%d%d)$")
  hours, minutes = tonumber(hours), tonumber(minutes)
  if not sign or hours > 18 or minutes > 59 then
    return nil
  end
  local seconds = hours * 3600 + minutes * 60
  return sign == "-" and -seconds or seconds
end

local function nanoseconds(digits)
  return tonumber(digits .. ("0"):rep(9 - #digits))
end

--- Parses a timestamp. Returns seconds since the epoch and nanoseconds, or
-- nil.
function timestamp.parse(text)
  local year, month, day, hour, minute, second, rest = text:match(PATTERN)
  if not year then
    return nil
  end
  local digits, zone = rest:match("^%.(%d+)(.*)$")
  local offset = offset_s(zone or rest)
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second)
  if not offset or (digits and #digits > 9) or not is_date(year, month, day)
      or hour > 23 or minute > 59 or second > 59 then
    return nil
  end
  return days_since_epoch(year, month, day) * 86400 + hour * 3600
    + minute * 60 + second - offset, digits and nanoseconds(digits) or 0
end

--- Less than 0, 0, or more than 0: the order of two parsed timestamps.
function timestamp.compare(seconds, nanos, other_seconds, other_nanos)
  if seconds ~= other_seconds then
    return seconds - other_seconds
  end
  return nanos - other_nanos
end

--- Milliseconds since the epoch, never before the moment itself.
function timestamp.to_ms(seconds, nanos)
  return seconds * 1000 + math.ceil(nanos / 1000000)
end

return timestamp
