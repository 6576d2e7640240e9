--- Scalar values between JSON, as Step Functions has them, and what services
-- send and take: text, bytes, moments.
--
-- @module aws.values

local base64 = require("asl.base64")
local doc = require("wf.doc")
local errors = require("asl.errors")
local timestamp = require("asl.timestamp")

local values = {}

--- True if a value is absent or null: neither is sent.
function values.is_absent(value)
  return value == nil or value:type() == "null"
end

--- The text of any value: a string's characters, else compact JSON, as
-- Step Functions writes objects into messages.
function values.text(value)
  return value:string() or errors.without_blanks(value:text())
end

--- Bytes as JSON text: characters if they are any, else in Base64.
function values.quote_bytes(bytes)
  local ok, quoted = pcall(doc.quote, bytes)
  return ok and quoted or doc.quote(base64.encode(bytes))
end

--- A text in Base64.
function values.encode_bytes(text)
  return base64.encode(text)
end

--- The bytes that a text in Base64 stands for; the text itself if it is none.
function values.decode_bytes(text)
  local plain = text:gsub("%s", "")
  if #plain % 4 ~= 0 or plain:find("[^%w+/=]") or plain:find("=[^=]")
      or plain:find("===$") then
    return text
  end
  return plain == "" and "" or base64.decode(plain)
end

local DAYS = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
  "Oct", "Nov", "Dec" }
local MONTH_NUMBERS = {}
for number, name in ipairs(MONTHS) do
  MONTH_NUMBERS[name] = number
end

-- Days since the epoch as year, month, day.
local function civil(days)
  days = days + 719468
  local era = math.floor(days / 146097)
  local day_of_era = days - era * 146097
  local year_of_era = math.floor((day_of_era - math.floor(day_of_era / 1460)
    + math.floor(day_of_era / 36524) - math.floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era - (365 * year_of_era
    + math.floor(year_of_era / 4) - math.floor(year_of_era / 100))
  local part = math.floor((5 * day_of_year + 2) / 153)
  local month = part < 10 and part + 3 or part - 9
  return year_of_era + era * 400 + (month <= 2 and 1 or 0), month,
    day_of_year - math.floor((153 * part + 2) / 5) + 1
end

local function parts_of(seconds)
  local whole = math.floor(seconds)
  local days = math.floor(whole / 86400)
  local rest = whole - days * 86400
  local year, month, day = civil(days)
  return {
    year = year, month = month, day = day, weekday = (days + 4) % 7 + 1,
    hour = math.floor(rest / 3600), minute = math.floor(rest / 60) % 60,
    second = rest % 60, ms = math.floor((seconds - whole) * 1000 + 0.5) % 1000,
  }
end

--- Seconds since the epoch as ISO 8601, with milliseconds if there are any.
function values.iso(seconds)
  local at = parts_of(seconds)
  local text = ("%04d-%02d-%02dT%02d:%02d:%02d"):format(at.year, at.month,
    at.day, at.hour, at.minute, at.second)
  return text .. (at.ms > 0 and (".%03dZ"):format(at.ms) or "Z")
end

--- Seconds since the epoch as headers of HTTP have them.
function values.http_date(seconds)
  local at = parts_of(seconds)
  return ("%s, %02d %s %04d %02d:%02d:%02d GMT"):format(DAYS[at.weekday],
    at.day, MONTHS[at.month], at.year, at.hour, at.minute, at.second)
end

local function from_http_date(text)
  local day, month, year, time =
    text:match("^%a+, (%d+) (%a+) (%d+) (%d+:%d+:%d+) GMT$")
  local number = MONTH_NUMBERS[month]
  return number and timestamp.parse(("%s-%02d-%02dT%sZ"):format(year, number,
    day, time))
end

--- Seconds since the epoch, of a text in any form that services use; nil if
-- it is none.
function values.seconds(text)
  local number = tonumber(text)
  if number then
    return number
  end
  local seconds, nanos = timestamp.parse(text)
  if not seconds then
    seconds, nanos = from_http_date(text)
  end
  return seconds and seconds + (nanos or 0) / 1e9
end

--- A number of seconds with at most three decimals.
function values.number(seconds)
  return (("%.3f"):format(seconds):gsub("%.?0+$", ""))
end

return values
