--- Matching a text against a date-time picture.
--
-- Each marker has a reader: reader(text, at) returns a list of the places
-- where it may end and of the values it then has, best first: { stop, value,
-- stop, value … }. The readers are tried in order, and again where a later
-- one fails; places that failed are not tried twice.
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

-- The place behind the longest number word at a place, or nil.
local function word_end(text, at)
  local letters = text:match("^%a+", at) or ""
  for size = math.min(#letters, LONGEST_WORD), 3, -1 do
    if number_words.value(letters:sub(1, size):lower()) then
      return at + size
    end
  end
  return nil
end

-- The place behind what may stand between two words, or nil.
local function gap_end(text, at)
  return text:match("^,%s()", at) or text:match("^%s[Aa][Nn][Dd]%s()", at)
    or text:match("^[%s%-]()", at)
end

local function words_reader()
  return function(text, at)
    local found, start = {}, at
    for _ = 1, MAX_WORDS do
      local stop = at and word_end(text, at)
      if not stop then
        break
      end
      table.insert(found, 1, number_words.parse(text:sub(start, stop - 1)))
      table.insert(found, 1, stop)
      at = gap_end(text, stop)
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

local function halves_reader()
  return choice_reader({ "am", "pm" })
end

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

local function marker_reader(part, following)
  local component = part.component
  if component == "Z" or component == "z" then
    return zone_reader(part)
  elseif component == "P" then
    return halves_reader()
  elseif component == "C" or component == "E" then
    error({ code = "D3133", value = component })
  end
  datetime_picture.check_name(part)
  if part.names then
    return choice_reader(part.names, part.max)
  elseif part.format.kind == "words" then
    return words_reader()
  elseif part.format.kind ~= "digits" then
    return letters_reader(part)
  end
  local width = is_digits(following) and not part.format.ordinal
    and part.format.mandatory or nil
  return digits_reader(part, width)
end

local function text_reader(part)
  local size, wanted = #part, part:lower()
  return function(text, at)
    if text:sub(at, at + size - 1):lower() == wanted then
      return { at + size }
    end
    return {}
  end
end

-- The readers of a picture, and the components that they read.
local prepare = memo.of(function(picture)
  local parts = datetime_picture.parse(picture)
  local readers, markers = {}, 0
  for i, part in ipairs(parts) do
    local is_text = type(part) == "string"
    markers = markers + (is_text and 0 or 1)
    readers[i] = {
      component = not is_text and part.component or nil,
      read = is_text and text_reader(part)
        or marker_reader(part, parts[i + 1]),
    }
  end
  readers.too_many = markers > MAX_MARKERS
  return readers
end)

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
  local readers, values = prepare(picture), {}
  if readers.too_many
    or not match_from(readers, 1, text, 1, values, {}) then
    return nil
  end
  return values
end

return datetime_match
