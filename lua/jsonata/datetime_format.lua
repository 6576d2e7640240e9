--- Moments as texts: $fromMillis.
--
-- @module jsonata.datetime_format

local calendar = require("jsonata.calendar")
local datetime_picture = require("jsonata.datetime_picture")
local format_integer = require("jsonata.format_integer")

local datetime_format = {}

local floor = math.floor
local fmod = math.fmod

local DAY_MS = 86400000
local MAX_MS = 8.64e15 -- that a date of JavaScript can be
local ISO = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"

-- What a component is at a moment: { day = since the epoch, ms = of the day,
-- year =, month =, day_of_month = }.
local GETTERS = {
  Y = function(moment)
    return moment.year
  end,
  M = function(moment)
    return moment.month
  end,
  D = function(moment)
    return moment.day_of_month
  end,
  d = function(moment)
    return moment.day - calendar.day_of(moment.year, 1, 1) + 1
  end,
  F = function(moment)
    return calendar.weekday(moment.day)
  end,
  W = function(moment)
    return (calendar.week_of_year(moment.day))
  end,
  w = function(moment)
    return (calendar.week_of_month(moment.day))
  end,
  X = function(moment)
    return (select(2, calendar.week_of_year(moment.day)))
  end,
  x = function(moment)
    return (select(2, calendar.week_of_month(moment.day)))
  end,
  H = function(moment)
    return floor(moment.ms / 3600000)
  end,
  h = function(moment)
    return (floor(moment.ms / 3600000) + 11) % 12 + 1
  end,
  m = function(moment)
    return floor(moment.ms / 60000) % 60
  end,
  s = function(moment)
    return floor(moment.ms / 1000) % 60
  end,
  f = function(moment)
    return moment.ms % 1000
  end,
}

-- Two and three digits, so that the usual formats need no formatting.
local TWO, THREE = {}, {}
for number = 0, 99 do
  TWO[number] = ("%02d"):format(number)
end
for number = 0, 999 do
  THREE[number] = ("%03d"):format(number)
end

local function write_name(name, part)
  if part.case ~= "title" then
    name = name[part.case](name)
  end
  return part.max and name:sub(1, part.max) or name
end

-- The offset from UTC, given in minutes.
local function write_zone(part, minutes)
  if part.traditional and minutes == 0 then
    return "Z"
  end
  local text = (part.component == "z" and "GMT" or "")
    .. (minutes < 0 and "-" or "+")
  minutes = math.abs(minutes)
  local hours, rest = floor(minutes / 60), minutes % 60
  local format = part.format
  if format.separators or format.mandatory > 2 then
    return text .. format_integer.write(hours * 100 + rest, format)
  end
  text = text .. format_integer.write(hours, format)
  return rest == 0 and text or text .. (":%02d"):format(rest)
end

local function write_part(part, moment)
  local component = part.component
  if component == "Z" or component == "z" then
    return write_zone(part, moment.offset)
  elseif component == "P" then
    local half = moment.ms < DAY_MS / 2 and "am" or "pm"
    return part.case == "upper" and half:upper() or half
  elseif component == "C" or component == "E" then
    return "ISO"
  end
  datetime_picture.check_name(part)
  local value = GETTERS[component](moment)
  if part.names then
    return write_name(part.names[value], part)
  elseif part.digits then
    value = fmod(value, 10 ^ part.digits)
  end
  local plain = part.plain -- the number of digits, if there is no more to it
  if plain == 2 and value >= 0 and value < 100 then
    return TWO[value]
  elseif plain and value >= 10 ^ (plain - 1) then
    return ("%d"):format(value)
  end
  return format_integer.write(value, part.format)
end

-- The minutes of "+0530", "-0500", "0100", "+05:30", "Z".
local function read_zone(zone)
  if zone == "Z" then
    return 0
  end
  local sign, digits = zone:match("^([+-]?)(%d%d?%d?%d?)$")
  if not sign then
    local hours, minutes
    sign, hours, minutes = zone:match("^([+-])(%d%d):(%d%d)$")
    digits = hours and hours .. minutes
  end
  if not digits then
    error({ code = "D3137", value = zone,
      message = 'The time zone "' .. zone .. '" is not of the form ±HHMM' })
  end
  local number = tonumber(digits)
  local offset = floor(number / 100) * 60 + number % 100
  return sign == "-" and -offset or offset
end

local function write_iso(ms)
  local day = floor(ms / DAY_MS)
  local rest = ms - day * DAY_MS
  local year, month, day_of_month = calendar.date_of(day)
  local century = floor(year / 100)
  local seconds = floor(rest / 1000)
  local minutes = floor(seconds / 60)
  return TWO[century] .. TWO[year - century * 100] .. "-" .. TWO[month]
    .. "-" .. TWO[day_of_month] .. "T" .. TWO[floor(minutes / 60)] .. ":"
    .. TWO[minutes % 60] .. ":" .. TWO[seconds - minutes * 60] .. "."
    .. THREE[rest - seconds * 1000] .. "Z"
end

local ISO_FROM, ISO_TO = -62167219200000, 253402300799999 -- 0000 to 9999

--- $fromMillis(ms, picture, zone): a text. `picture` is ISO 8601 by default,
-- `zone` UTC. Raises D1001 if there is no such date, D3137 for a zone that
-- is none, and what pictures raise.
function datetime_format.format(ms, picture, zone)
  ms = ms < 0 and math.ceil(ms) or floor(ms)
  if not picture and not zone and ms >= ISO_FROM and ms <= ISO_TO then
    return write_iso(ms)
  elseif not (ms >= -MAX_MS and ms <= MAX_MS) then
    error({ code = "D1001", value = ms })
  end
  local offset = zone and read_zone(zone) or 0
  ms = ms + offset * 60000
  local moment = { day = floor(ms / DAY_MS), offset = offset }
  moment.ms = ms - moment.day * DAY_MS
  moment.year, moment.month, moment.day_of_month =
    calendar.date_of(moment.day)
  local out = {}
  for i, part in ipairs(datetime_picture.parse(picture or ISO)) do
    out[i] = type(part) == "string" and part or write_part(part, moment)
  end
  return table.concat(out)
end

return datetime_format
