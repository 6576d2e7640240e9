--- Pictures of dates and times, as XPath's format-dateTime has them.
--
-- Text, and markers in brackets ("[[" and "]]" are brackets in the text). A
-- marker is a component, how it is presented, and a range of widths:
--   [Y0001] [MNn,3-3] [D1o] [Dwo] [h#1] [Z01:01t]
-- Blanks in a marker mean nothing.
--
-- @module jsonata.datetime_picture

local format_integer = require("jsonata.format_integer")
local memo = require("jsonata.memo")

local datetime_picture = {}

local MAX_WIDTH = 99

-- What may be asked for, and how it is presented if nothing is said.
local PRESENTATIONS = {
  Y = "1", -- year
  M = "1", -- month
  D = "1", -- day of the month
  d = "1", -- day of the year
  F = "n", -- day of the week
  W = "1", -- week of the year
  w = "1", -- week of the month
  X = "1", -- year that the week belongs to
  x = "1", -- month that the week belongs to
  H = "1", -- hour of the day
  h = "1", -- hour of the half day
  P = "n", -- am, pm
  m = "01", -- minute
  s = "01", -- second
  f = "1", -- fraction of the second
  Z = "01:01", -- time zone
  z = "01:01", -- the same with "GMT"
  C = "n", -- calendar
  E = "n", -- era
}

datetime_picture.MONTHS = {
  "January", "February", "March", "April", "May", "June", "July", "August",
  "September", "October", "November", "December",
}
datetime_picture.WEEKDAYS = {
  "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  "Sunday",
}
-- The names of components that have names.
local NAMES = {
  M = datetime_picture.MONTHS,
  x = datetime_picture.MONTHS,
  F = datetime_picture.WEEKDAYS,
}
local FIXED = { P = true, C = true, E = true } -- whatever is asked for

local function width_of(text)
  local width = tonumber((text:match("^%d+")))
  return width and width > 0 and math.min(width, MAX_WIDTH) or nil
end

-- "3-5", "3", "*-3": the widths of a marker; nil is any.
local function read_widths(part, text)
  if text:find("-", 1, true) then
    local min, max = text:match("^(.-)%-(.*)$")
    part.min, part.max = width_of(min), width_of(max)
  else
    part.min = width_of(text)
  end
end

-- Years are cut on the left: to the greatest width, or to the digits shown
-- if these are more than one.
local function set_year_digits(part)
  local format = part.format
  if part.max then
    part.digits = part.max
    if format.kind == "digits" then
      format.mandatory = part.max
    end
  elseif format.kind == "digits" then
    local shown = format.mandatory + format.optional
    part.digits = shown >= 2 and shown or nil
  end
end

local function set_zone_format(part, presentation)
  if not presentation:find("[^%a]") then
    error({ code = "D3134" })
  end
  part.format = format_integer.of_token(presentation)
  local shown = part.format.mandatory
  if not part.format.separators and shown > 4 then
    error({ code = "D3134", value = shown })
  end
end

local function set_number_format(part, presentation, ordinal)
  local format = format_integer.of_token(presentation, ordinal)
  part.format = format
  if format.kind == "digits" and part.min then
    format.mandatory = math.max(format.mandatory, part.min)
  end
  if part.component == "Y" then
    set_year_digits(part)
  end
  part.plain = format.kind == "digits" and format.zero == 48
    and not format.separators and not ordinal and format.mandatory or nil
end

local function set_names(part, presentation)
  part.case = presentation:match("^Nn") and "title"
    or presentation:sub(1, 1) == "N" and "upper" or "lower"
  part.names = NAMES[part.component]
  part.nameless = not part.names and not FIXED[part.component]
end

-- The marker between two brackets.
local function read_marker(text)
  text = text:gsub("%s+", "")
  local component, presentation = text:sub(1, 1), text:sub(2)
  local default = PRESENTATIONS[component]
  if not default then
    error({ code = "D3132", value = component })
  end
  local part = { component = component }
  local before, widths = presentation:match("^(.*),(.*)$")
  if before then
    read_widths(part, widths)
    presentation = before
  end
  local token, modifier = presentation:match("^(.+)([atco])$")
  presentation = token or presentation
  part.traditional = modifier == "t"
  if presentation == "" then
    presentation = default
  end
  if component == "Z" or component == "z" then
    set_zone_format(part, presentation)
  elseif FIXED[component] or presentation:match("^[Nn]") then
    set_names(part, presentation)
  else
    set_number_format(part, presentation, modifier == "o")
  end
  return part
end

local function read_text(text)
  return (text:gsub("%]%]", "]"))
end

-- Where the next marker begins, and the text before it.
local function next_text(picture, from)
  local pieces = {}
  while true do
    local at = picture:find("[", from, true)
    if not at then
      pieces[#pieces + 1] = picture:sub(from)
      return nil, read_text(table.concat(pieces))
    elseif picture:sub(at + 1, at + 1) ~= "[" then
      pieces[#pieces + 1] = picture:sub(from, at - 1)
      return at, read_text(table.concat(pieces))
    end
    pieces[#pieces + 1] = picture:sub(from, at)
    from = at + 2
  end
end

--- A picture taken apart: a list of texts and of markers
-- { component =, format = (a number's) or case = (of a name), names =,
-- min =, max =, digits = (of a year), plain = (the least number of digits, of
-- which there is no more to say), traditional = }. Raises D3130 to D3135.
datetime_picture.parse = memo.of(function(picture)
  local parts, from = {}, 1
  while from do
    local at, text = next_text(picture, from)
    if text ~= "" then
      parts[#parts + 1] = text
    end
    if not at then
      break
    end
    local stop = picture:find("]", at, true)
    if not stop then
      error({ code = "D3135" })
    end
    parts[#parts + 1] = read_marker(picture:sub(at + 1, stop - 1))
    from = stop + 1
  end
  return parts
end)

--- Raises D3133 if a marker asks for a name that its component has not.
function datetime_picture.check_name(part)
  if part.nameless then
    error({ code = "D3133", value = part.component })
  end
end

return datetime_picture
