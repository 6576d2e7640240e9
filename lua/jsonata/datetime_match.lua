--- Matching a text against a date-time picture.
--
-- Each marker has a reader: reader.read(text, at) returns a list of the
-- places where it may end, best first; reader.value(text, at, stop) what it
-- then has read. reader.first(text, at) returns the best place and its value.
-- Most texts match by the best ones; else the readers are tried in order, and
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
local MAX_RUN = 24 -- characters of one number
local MAX_WORDS = 32 -- words of one number
local MAX_TRIES = 4000 -- readings until a text is said not to match
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
  local function read(text, at)
    local places, stops = digit_places(text, at, format), {}
    local first = width and math.min(width, #places) or #places
    for index = first, width or 1, -1 do
      local stop = places[index]
      if not format.ordinal then
        stops[#stops + 1] = stop
      elseif text:find("^%a%a", stop) then
        stops[#stops + 1] = stop + 2
      end
    end
    return stops
  end
  local function value(text, at, stop)
    local piece = text:sub(at, stop - 1)
    if part.component == "f" and not format.ordinal then
      piece = (digits.to_ascii(piece, format.zero) .. "000"):sub(1, 3)
      return tonumber(piece)
    end
    return format_integer.read(piece, format)
  end
  return { read = read, value = value }
end

-- The place behind the longest number word at a place, and its value.
local function read_word(text, at)
  local letters = text:sub(at, at + LONGEST_WORD - 1):match("^%a+") or ""
  for size = #letters, 3, -1 do
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
  local function read(text, at)
    local stops = {}
    local stop, value = read_word(text, at)
    if stop and value >= 100 then
      return stops
    end
    while stop and #stops < MAX_WORDS do
      table.insert(stops, 1, stop)
      stop, value = read_next_word(text, stop, value)
    end
    return stops
  end
  local function value(text, at, stop)
    return number_words.parse(text:sub(at, stop - 1))
  end
  return { read = read, value = value }
end

-- Roman numerals and letters.
local function letters_reader(part)
  local format = { kind = part.format.kind }
  local set = format.kind == "roman" and "^[MDCLXVImdclxvi]+" or "^%a+"
  local function read(text, at)
    local letters, stops = text:sub(at, at + MAX_RUN - 1):match(set), {}
    for size = letters and #letters or 0, 1, -1 do
      stops[#stops + 1] = at + size
    end
    return stops
  end
  local function value(text, at, stop)
    return format_integer.read(text:sub(at, stop - 1):upper(), format)
  end
  return { read = read, value = value }
end

-- One of some words, in any case, whole or of `width` characters.
local function choice_reader(choices, width)
  local by_text = {}
  for value, choice in ipairs(choices) do
    by_text[choice:lower()] = value
    by_text[choice:sub(1, width or -1):lower()] = value
  end
  local function value(text, at, stop)
    return by_text[text:sub(at, stop - 1):lower()]
  end
  local function read(text, at)
    local stops = {}
    for stop = math.min(#text + 1, at + LONGEST_WORD), at + 1, -1 do
      if value(text, at, stop) then
        stops[#stops + 1] = stop
      end
    end
    return stops
  end
  local function first(text, at) -- if it is all the letters
    local stop = at
    local letter = text:byte(stop)
    while letter and (letter >= 97 and letter <= 122
      or letter >= 65 and letter <= 90) do
      stop = stop + 1
      letter = text:byte(stop)
    end
    local found = value(text, at, stop)
    return found and stop, found
  end
  return { read = read, value = value, first = first }
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
  local function first(text, at)
    if part.traditional and text:find("^[Zz]", at) then
      return at + 1, 0
    elseif part.component == "z" then
      at = text:match("^[Gg][Mm][Tt]()", at)
    end
    local sign = at and text:match("^[+-]", at)
    if not sign then
      return nil
    end
    local hours, minutes, stop = read_offset(text, at + 1, part.format)
    if not minutes then
      return nil
    end
    local offset = tonumber(hours) * 60 + tonumber(minutes)
    return stop, sign == "-" and -offset or offset
  end
  return {
    first = first,
    read = function(text, at)
      return { (first(text, at)) }
    end,
    value = function(text, at)
      return (select(2, first(text, at)))
    end,
  }
end

local function is_digits(part)
  return type(part) == "table" and part.format
    and part.format.kind == "digits" and part.component ~= "Z"
    and part.component ~= "z"
end

local function number_reader(part, following)
  local format = part.format
  if format.kind == "words" then
    return words_reader()
  elseif format.kind ~= "digits" then
    return letters_reader(part)
  end
  local width = is_digits(following) and not format.ordinal
    and format.mandatory or nil
  local reader = digits_reader(part, width)
  if format.zero == 48 and not format.separators and not format.ordinal then
    reader.first = plain_reader(part, width)
  end
  return reader
end

-- The best way of a reader that has nothing better than its list.
local function first_of(reader)
  return function(text, at)
    local stop = reader.read(text, at)[1]
    return stop, stop and reader.value(text, at, stop)
  end
end

local function marker_reader(part, following)
  local component = part.component
  if component == "Z" or component == "z" then
    return zone_reader(part)
  elseif component == "C" or component == "E" then
    error({ code = "D3133", value = component })
  end
  datetime_picture.check_name(part)
  local names = component == "P" and HALVES or part.names
  local reader = names and choice_reader(names, part.max)
    or number_reader(part, following)
  reader.first = reader.first or first_of(reader)
  return reader
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
-- read goes to search.values. Of two of a component the later one counts.
local function match_from(search, i, at)
  local reader, text = search.readers[i], search.text
  if not reader then
    return at == #text + 1
  end
  local key = i * (#text + 2) + at
  if search.failed[key] or search.tries == 0 then
    return false
  end
  search.tries = search.tries - 1
  for _, stop in ipairs(reader.read(text, at)) do
    if match_from(search, i + 1, stop) then
      local component = reader.component
      if component and search.values[component] == nil then
        search.values[component] = reader.value(text, at, stop)
      end
      return true
    end
  end
  search.failed[key] = true
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
  local search = {
    readers = readers, text = text, values = {}, failed = {},
    tries = MAX_TRIES,
  }
  return match_from(search, 1, 1) and search.values or nil
end

return datetime_match
