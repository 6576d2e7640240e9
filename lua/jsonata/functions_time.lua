--- Built-in functions on moments and pictures. See jsonata.functions_strings
-- for rows.
--
-- @module jsonata.functions_time

local budget = require("jsonata.budget")
local datetime_format = require("jsonata.datetime_format")
local datetime_parse = require("jsonata.datetime_parse")
local format_base = require("jsonata.format_base")
local format_integer = require("jsonata.format_integer")
local format_number = require("jsonata.format_number")
local values = require("jsonata.values")

local functions = {}

local number_of = values.number

functions.now = { "<s?s?:s>", 2, function(picture, zone)
  return datetime_format.format(budget.now(), picture, zone)
end }

functions.millis = { "<:n>", 0, function()
  return budget.now()
end }

functions.fromMillis = { "<n-s?s?:s>", 3, function(ms, picture, zone)
  ms = number_of(ms)
  return ms and datetime_format.format(ms, picture, zone)
end }

functions.toMillis = { "<s-s?:n>", 2, function(text, picture)
  return text and datetime_parse.parse(text, picture, budget.now)
end }

-- The options of $formatNumber by name, as plain Lua data.
local function plain(object)
  local options = {}
  local keys = object and object[0]
  for i = 1, keys and keys[0] or 0 do
    options[keys[i]] = object[keys[i]]
  end
  return options
end

functions.formatNumber = { "<n-so?:s>", 3, function(number, picture, options)
  number = number_of(number)
  return number and format_number.format(number, picture, plain(options))
end }

functions.formatBase = { "<n-n?:s>", 2, function(number, radix)
  number = number_of(number)
  return number and format_base.format(number, number_of(radix))
end }

functions.formatInteger = { "<n-s:s>", 2, function(number, picture)
  number = number_of(number)
  return number and format_integer.format(number, picture)
end }

functions.parseInteger = { "<s-s:n>", 2, function(text, picture)
  return text and format_integer.parse(text, picture)
end }

return functions
