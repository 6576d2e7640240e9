--- Texts as moments: $toMillis.
--
-- @module jsonata.datetime_parse

local calendar = require("jsonata.calendar")
local datetime_iso = require("jsonata.datetime_iso")
local datetime_match = require("jsonata.datetime_match")

local datetime_parse = {}

local DAY_MS = 86400000
local MAX_MS = 8.64e15

-- Components from the largest to the smallest: what is not given behind the
-- last one that is, is the least.
local DATE = { "Y", "M", "D" }
local DATE_OF_YEAR = { "Y", "d" }
local TIME = { "H", "m", "s", "f" }
local HALF_DAY_TIME = { "P", "h", "m", "s", "f" }
local LEAST = { M = 1, D = 1, d = 1, P = 1 }

-- What the larger components are at the moment.
local function components_of(ms)
  local day = math.floor(ms / DAY_MS)
  local rest = ms - day * DAY_MS
  local hour = math.floor(rest / 3600000)
  local now = {
    H = hour, h = hour % 12, P = hour < 12 and 1 or 2,
    m = math.floor(rest / 60000) % 60, s = math.floor(rest / 1000) % 60,
    f = rest % 1000,
  }
  now.Y, now.M, now.D = calendar.date_of(day)
  return now
end

-- Fills in what is not given: larger components from the moment, smaller
-- ones with the least. Raises D3136 if some in between are missing.
local function complete(values, orders, now)
  local complete_values, present = {}, nil
  local started, ended = false, false
  for _, order in ipairs(orders) do
    for _, component in ipairs(order) do
      local value = values[component]
      if value then
        if ended then
          error({ code = "D3136" })
        end
        started = true
      elseif started then
        value, ended = LEAST[component] or 0, true
      else
        present = present or components_of(now())
        value = present[component]
      end
      complete_values[component] = value
    end
  end
  return complete_values
end

local function orders_of(values)
  local by_week = values.X or values.x or values.W or values.w
  if by_week and not values.Y then
    error({ code = "D3136" })
  end
  local of_year = values.d and not values.M and not values.D
  local half_days = not values.H and (values.h or values.P)
  return {
    of_year and DATE_OF_YEAR or DATE,
    half_days and HALF_DAY_TIME or TIME,
  }
end

-- Years of two digits are those of the twentieth century.
local function full_year(year)
  return year >= 0 and year <= 99 and year + 1900 or year
end

local function hour_of(given)
  if given.H then
    return given.H
  end
  return (given.h == 12 and 0 or given.h) + (given.P == 2 and 12 or 0)
end

local function assemble(given, offset)
  local month = math.max(given.M or 1, 1) -- "00" is January, too
  local day = calendar.day_of(full_year(given.Y), month, given.D or given.d)
  local minutes = hour_of(given) * 60 + given.m - offset
  local ms = day * DAY_MS + (minutes * 60 + given.s) * 1000 + given.f
  return ms >= -MAX_MS and ms <= MAX_MS and ms or nil
end

--- $toMillis(text, picture, now): milliseconds since the epoch; nil if the
-- text does not match the picture. Without a picture the text has to be ISO
-- 8601, else D3110 is raised. now() is the present, from which the larger
-- components are that the picture has not. Raises also D3136, and what
-- pictures raise.
function datetime_parse.parse(text, picture, now)
  if not picture then
    local ms = datetime_iso.parse(text)
    if not ms then
      error({ code = "D3110", value = text })
    end
    return ms
  end
  local values = datetime_match.match(text, picture)
  if not values or next(values) == nil then
    return nil
  end
  local given = complete(values, orders_of(values), now)
  return assemble(given, values.Z or values.z or 0)
end

return datetime_parse
