--- The built-in functions that write and read numbers and moments.
--
-- @module jsonata.picture_functions

local datetime_format = require("jsonata.datetime_format")
local datetime_parse = require("jsonata.datetime_parse")
local format_base = require("jsonata.format_base")
local format_integer = require("jsonata.format_integer")
local format_number = require("jsonata.format_number")
local values = require("jsonata.values")

local picture_functions = {}

-- The double of a number of either kind.
local function number_of(value)
  if type(value) == "number" then
    return value
  end
  return values.number(value)
end

local function format_number_of(number, picture, options)
  if number == nil then
    return nil
  end
  return format_number.format(number_of(number), picture,
    options and options[0] and options or nil)
end

local function format_base_of(number, radix)
  if number == nil then
    return nil
  end
  return format_base.format(number_of(number), radix and number_of(radix))
end

local function format_integer_of(number, picture)
  if number == nil then
    return nil
  end
  return format_integer.format(number_of(number), picture)
end

local function parse_integer(text, picture)
  if text == nil then
    return nil
  end
  return format_integer.parse(text, picture)
end

local function from_millis(ms, picture, zone)
  if ms == nil then
    return nil
  end
  return datetime_format.format(number_of(ms), picture, zone)
end

local function to_millis_at(now)
  return function(text, picture)
    if text == nil then
      return nil
    end
    return datetime_parse.parse(text, picture, now)
  end
end

--- The functions by name: { signature =, call = function }. Arguments are as
-- the signatures say, or undefined. now() is the present in milliseconds.
function picture_functions.of(now)
  return {
    formatNumber = { signature = "<n-so?:s>", call = format_number_of },
    formatBase = { signature = "<n-n?:s>", call = format_base_of },
    formatInteger = { signature = "<n-s:s>", call = format_integer_of },
    parseInteger = { signature = "<s-s:n>", call = parse_integer },
    fromMillis = { signature = "<n-s?s?:s>", call = from_millis },
    toMillis = { signature = "<s-s?:n>", call = to_millis_at(now) },
  }
end

return picture_functions
