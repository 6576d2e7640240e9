--- Moments in ISO 8601: the texts that $toMillis reads without a picture.
--
--   2018   2018-02   2018-02-03   2018-02-03T10:11:12
-- with a fraction of the second, and behind them Z or, behind a time, an
-- offset: +01:00 or +0100. Without one it is UTC.
--
-- @module jsonata.datetime_iso

local calendar = require("jsonata.calendar")

local datetime_iso = {}

local byte = string.byte

local DASH, PLUS, COLON, POINT, T, Z = 45, 43, 58, 46, 84, 90

-- Two digits at a place, or nil.
local function two_digits(text, at)
  local tens, units = byte(text, at, at + 1)
  if units and tens >= 48 and tens <= 57 and units >= 48 and units <= 57 then
    return tens * 10 + units - 528
  end
  return nil
end

-- Milliseconds of the fraction that begins at a place, and where it ends.
local function read_fraction(text, at)
  local ms, scale, start = 0, 100, at
  local digit = byte(text, at)
  while digit and digit >= 48 and digit <= 57 do
    ms, scale = ms + (digit - 48) * scale, scale >= 10 and scale / 10 or 0
    at = at + 1
    digit = byte(text, at)
  end
  return at > start and ms or nil, at
end

-- Year, month and day at the begin of a text, and where they end.
local function read_date(text)
  local century, year = two_digits(text, 1), two_digits(text, 3)
  local month, day, at = 1, 1, 5
  if not century or not year then
    return nil
  end
  if byte(text, 5) == DASH then
    month, at = two_digits(text, 6), 8
    if byte(text, 8) == DASH then
      day, at = two_digits(text, 9), 11
    end
  end
  if month and day and month >= 1 and month <= 12 and day >= 1
    and day <= 31 then
    return century * 100 + year, month, day, at
  end
  return nil
end

-- Milliseconds of "T10:11:12.123" at a place, and where it ends.
local function read_time(text, at)
  local hour, minute = two_digits(text, at + 1), two_digits(text, at + 4)
  local second, ms = two_digits(text, at + 7), 0
  if not (hour and minute and second) or byte(text, at + 3) ~= COLON
    or byte(text, at + 6) ~= COLON then
    return nil
  end
  at = at + 9
  if byte(text, at) == POINT then
    ms, at = read_fraction(text, at + 1)
  end
  if not ms or minute > 59 or second > 59 then
    return nil
  end
  ms = ((hour * 60 + minute) * 60 + second) * 1000 + ms
  return ms <= 86400000 and ms or nil, at
end

-- Milliseconds of the offset "+01:00" at a place, and where it ends.
local function read_offset(text, at)
  local sign = byte(text, at)
  local hours = two_digits(text, at + 1)
  at = byte(text, at + 3) == COLON and at + 4 or at + 3
  local minutes = two_digits(text, at)
  if (sign ~= PLUS and sign ~= DASH) or not hours or not minutes
    or hours > 23 or minutes > 59 then
    return nil
  end
  local offset = (hours * 60 + minutes) * 60000
  return sign == DASH and -offset or offset, at + 2
end

--- Milliseconds since the epoch, or nil if the text is not of the form. Days
-- that a month has not are those after its end.
function datetime_iso.parse(text)
  local year, month, day, at = read_date(text)
  if not year then
    return nil
  end
  local ms, offset, timed = 0, 0, byte(text, at) == T
  if timed then
    ms, at = read_time(text, at)
    if not ms then
      return nil
    end
  end
  local size = #text
  if at <= size then
    if byte(text, at) == Z then
      at = at + 1
    elseif timed then
      offset, at = read_offset(text, at)
    end
    if not offset or at <= size then
      return nil
    end
  end
  return calendar.day_of(year, month, day) * 86400000 + ms - offset
end

return datetime_iso
