--- Matching a text against a date-time picture.
--
-- Each marker has a reader: reader.read(text, at) returns a list of the
-- places where it may end and of the values it then has, best first: { stop,
-- value, stop, value … }. reader.first(text, at) returns the best alone. Most
-- texts match by the best ones; else the readers are tried in order, and
-- again where a later one fails. Places that failed are not tried twice.
--
-- @module jsonata.datetime_match

local datetime_picture = require("jsonata.datetime_picture")
local digits = require("jsonata.digits")
local format_integer = require("jsonata.format_integer")
local memo = require("jsonata.memo")
local number_words = require("jsonata.number_words")

local datetime_match = {}

local MAX_MARKERS = 64 -- a picture with more matches nothing
local MAX_RUN = 32 -- characters of one number
local MAX_WORDS = 64 -- words of one number
local LONGEST_WORD = 11 -- "seventeenth"
local CHARACTER = "^[%z\1-\127\192-\255][\128-\191]*()"

-- The places behind each character of a number in digits.
local function digit_places(text, at, format)
  local separators = {}
  for _, separator in ipairs(format.separators or {}) do
    separators[separator.text] = true
  end
  local places = {}
  while #places < MAX_RUN do
    local stop = text:match(CHARACTER, at)
    local char = stop and text:sub(at, stop - 1)
    if not char or not (digits.zero_of(char) == format.zero
      or (#places > 0 and separators[char])) then
      break
    end
    places[#places + 1] = stop
    at = stop
  end
  return places
end

local function fraction_value(text)
  return tonumber((text .. "000"):sub(1, 3))
end

-- The best way to read plain ASCII digits.
local function plain_reader(part, width)
  local most = width or MAX_RUN
  local is_fraction = part.component == "f"
  return function(text, at)
    local start, value, stop = at, 0, at + most
    while at < stop do
      local digit = (text:byte(at) or 0) - 48
      if digit < 0 or digit > 9 then
        break
      end
      value, at = value * 10 + digit, at + 1
    end
    if at == start or (width and at < stop) then
      return nil
    elseif is_fraction then
      value = math.floor(value * 1000 / 10 ^ (at - start))
    end
    return at, value
  end
end

-- Numbers in digits. `width` is how many, if another number follows at once.
local function digits_reader(part, width)
  local format = part.format
  return function(text, at)
    local places, found = digit_places(text, at, format), {}
    local first = width and math.min(width, #places) or #places
    for index = first, width or 1, -1 do
      local stop = places[index]
      local piece = text:sub(at, stop - 1)
      local tail = format.ordinal and text:match("^%a%a", stop)
      if part.component == "f" then
        found[#found + 1] = stop
        found[#found + 1] = fraction_value(piece)
      elseif not format.ordinal or tail then
        found[#found + 1] = stop + (tail and 2 or 0)
        found[#found + 1] = format_integer.read(piece .. (tail or ""),
          format)
      end
    end
    return found
  end
end

-- The place behind the longest number word at a place, and its value.
local function read_word(text, at)
  local letters = text:match("^%a+", at) or ""
  for size = math.min(#letters, LONGEST_WORD), 3, -1 do
    local value = number_words.value(letters:sub(1, size):lower())
    if value then
      return at + size, value
    end
  end
  return nil
end

-- The next word of a number whose last word has a value: "hundred" and more
-- may follow any, small ones only these and, units, the tens.
local function read_next_word(text, at, last)
  local start = last >= 100 and (text:match("^,%s()", at)
    or text:match("^%s[Aa][Nn][Dd]%s()", at)) or text:match("^[%s%-]()", at)
  local stop, value
  if start then
    stop, value = read_word(text, start)
  end
  if stop and (value >= 100 or last >= 100
    or (last >= 20 and value >= 1 and value <= 9)) then
    return stop, value
  end
  return nil
end

local function words_reader()
  return function(text, at)
    local found = {}
    local stop, value = read_word(text, at)
    if stop and value >= 100 then
      return found
    end
    while stop and #found < 2 * MAX_WORDS do
      table.insert(found, 1, number_words.parse(text:sub(at, stop - 1)))
      table.insert(found, 1, stop)
      stop, value = read_next_word(text, stop, value)
    end
    return found
  end
end

-- Roman numerals and letters.
local function letters_reader(part)
  local set = part.format.kind == "roman" and "^[MDCLXVImdclxvi]+" or "^%a+"
  return function(text, at)
    local letters, found = text:match(set, at) or "", {}
    for size = math.min(#letters, MAX_RUN), 1, -1 do
      found[#found + 1] = at + size
      found[#found + 1] = format_integer.read(
        letters:sub(1, size):upper(), { kind = part.format.kind })
    end
    return found
  end
end

-- The best of some words: one that is all the letters, in any case.
local function whole_reader(choices, width)
  local by_text = {}
  for value, choice in ipairs(choices) do
    by_text[choice:lower()] = value
    by_text[choice:sub(1, width or -1):lower()] = value
  end
  return function(text, at)
    local stop = at
    local letter = text:byte(stop)
    while letter and (letter >= 97 and letter <= 122
      or letter >= 65 and letter <= 90) do
      stop = stop + 1
      letter = text:byte(stop)
    end
    local value = by_text[text:sub(at, stop - 1):lower()]
    return value and stop, value
  end
end

-- One of some words, in any case.
local function choice_reader(choices, width)
  return function(text, at)
    local found = {}
    for value, choice in ipairs(choices) do
      for _, size in ipairs({ #choice, width }) do
        if text:sub(at, at + size - 1):lower()
          == choice:sub(1, size):lower() then
          found[#found + 1] = at + math.min(size, #choice)
          found[#found + 1] = value
          break
        end
      end
    end
    return found
  end
end

local HALVES = { "am", "pm" }

-- Hours and minutes behind the sign of an offset, as texts, and where they
-- end.
local function read_offset(text, at, format)
  local separator = format.separators and format.separators[1].text
  if separator then
    local hours, stop = text:match("^(%d%d?)()", at)
    local size = #separator
    if hours and text:sub(stop, stop + size - 1) == separator then
      return hours, text:match("^(%d%d)()", stop + size)
    end
    return nil
  end
  local number = text:match("^%d%d?%d?%d?", at)
  if not number then
    return nil
  elseif #number > 2 then
    return number:sub(1, -3), number:sub(-2), at + #number
  end
  local minutes, stop
  if format.mandatory <= 2 then
    minutes, stop = text:match("^:(%d%d)()", at + #number)
  end
  return number, minutes or "0", stop or at + #number
end

local function zone_reader(part)
  return function(text, at)
    if part.traditional and text:find("^[Zz]", at) then
      return { at + 1, 0 }
    elseif part.component == "z" then
      at = text:match("^[Gg][Mm][Tt]()", at)
    end
    local sign = at and text:match("^[+-]", at)
    if not sign then
      return {}
    end
    local hours, minutes, stop = read_offset(text, at + 1, part.format)
    if not minutes then
      return {}
    end
    local offset = tonumber(hours) * 60 + tonumber(minutes)
    return { stop, sign == "-" and -offset or offset }
  end
end

local function is_digits(part)
  return type(part) == "table" and part.format
    and part.format.kind == "digits" and part.component ~= "Z"
    and part.component ~= "z"
end

-- A reader that knows its best way only by its list.
local function slow_reader(read)
  return {
    read = read,
    first = function(text, at)
      local found = read(text, at)
      return found[1], found[2]
    end,
  }
end

local function number_reader(part, following)
  local format = part.format
  if format.kind == "words" then
    return slow_reader(words_reader())
  elseif format.kind ~= "digits" then
    return slow_reader(letters_reader(part))
  end
  local width = is_digits(following) and not format.ordinal
    and format.mandatory or nil
  local reader = slow_reader(digits_reader(part, width))
  if format.zero == 48 and not format.separators and not format.ordinal then
    reader.first = plain_reader(part, width)
  end
  return reader
end

local function marker_reader(part, following)
  local component = part.component
  if component == "Z" or component == "z" then
    return slow_reader(zone_reader(part))
  elseif component == "C" or component == "E" then
    error({ code = "D3133", value = component })
  end
  datetime_picture.check_name(part)
  local names = component == "P" and HALVES or part.names
  if names then
    return {
      read = choice_reader(names, part.max),
      first = whole_reader(names, part.max),
    }
  end
  return number_reader(part, following)
end

local function text_reader(part)
  local size, wanted = #part, part:lower()
  local function first(text, at)
    local found = text:sub(at, at + size - 1)
    if found == part or found:lower() == wanted then
      return at + size
    end
    return nil
  end
  return {
    read = function(text, at)
      return { first(text, at) }
    end,
    first = first,
  }
end

-- The readers of a picture, and the components that they read.
local prepare = memo.of(function(picture)
  local parts = datetime_picture.parse(picture)
  local readers, markers = {}, 0
  for i, part in ipairs(parts) do
    if type(part) == "string" then
      readers[i] = text_reader(part)
    else
      readers[i] = marker_reader(part, parts[i + 1])
      readers[i].component = part.component
      markers = markers + 1
    end
  end
  readers.too_many = markers > MAX_MARKERS
  return readers
end)

-- The values if the best ways of all readers match, else nil.
local function match_first(readers, text)
  local values, at = {}, 1
  for i = 1, #readers do
    local reader = readers[i]
    local stop, value = reader.first(text, at)
    if not stop then
      return nil
    elseif reader.component then
      values[reader.component] = value
    end
    at = stop
  end
  return at == #text + 1 and values or nil
end

-- Whether readers from the i-th on match the text from a place on; what they
-- read goes to `values`. Of two readers of a component the later one counts.
local function match_from(readers, i, text, at, values, failed)
  local reader = readers[i]
  if not reader then
    return at == #text + 1
  end
  local key = i * (#text + 2) + at
  if failed[key] then
    return false
  end
  local found = reader.read(text, at)
  for index = 1, #found, reader.component and 2 or 1 do
    if match_from(readers, i + 1, text, found[index], values, failed) then
      local component = reader.component
      if component and values[component] == nil then
        values[component] = found[index + 1]
      end
      return true
    end
  end
  failed[key] = true
  return false
end

--- The components that a text has by a picture: { Y = 2018, P = 1 (am), Z =
-- minutes … }; nil if it does not match. Raises what pictures raise, and
-- D3133.
function datetime_match.match(text, picture)
  local readers = prepare(picture)
  if readers.too_many then
    return nil
  end
  local values = match_first(readers, text)
  if values then
    return values
  end
  values = {}
  return match_from(readers, 1, text, 1, values, {}) and values or nil
end

return datetime_match
