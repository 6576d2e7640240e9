--- Strings as JSONata counts them: by characters (code points), not bytes.
--
-- @module jsonata.characters

local budget = require("jsonata.budget")
local core = require("wf.jsonata")

local characters = {}

local byte, find, sub = string.byte, string.find, string.sub

local SHORT = 32
local BYTES_A_STEP = 64

--- True if characters are bytes. Counts the steps of looking at all of a text.
function characters.is_plain(text)
  budget.tick(#text / BYTES_A_STEP)
  return not find(text, "[\128-\255]")
end

--- Where a part of a text, from byte `at` on, begins and ends; in linear time.
function characters.find(text, part, at)
  local from, to
  if #part <= SHORT then
    from, to = find(text, part, at, true)
  else
    from = core.find(text, part, at)
    to = from and from + #part - 1
  end
  budget.tick(((to or #text) - at) / BYTES_A_STEP + 1)
  return from, to
end

--- How many characters a text has.
function characters.count(text)
  if characters.is_plain(text) then
    return #text
  end
  local _, more = text:gsub("[\128-\191]", "")
  return #text - more
end

-- The byte at which character `index` (0-based) begins; one behind the end
-- if there is none.
local function offset(text, index)
  local at = 1
  while index > 0 and at <= #text do
    local c = byte(text, at)
    at = at + (c < 0x80 and 1 or c < 0xE0 and 2 or c < 0xF0 and 3 or 4)
    index = index - 1
  end
  return at
end

--- The characters from `first` (0-based) up to `last`, which is excluded.
function characters.slice(text, first, last)
  if last <= first then
    return ""
  elseif characters.is_plain(text) then
    return sub(text, first + 1, last < #text and last or #text)
  end
  local from = offset(text, first)
  local rest = sub(text, from)
  if last == math.huge then
    return rest
  end
  return sub(rest, 1, offset(rest, last - first) - 1)
end

--- How many characters stand before byte `at` (1-based).
function characters.index(text, at)
  return characters.count(sub(text, 1, at - 1))
end

--- A list of the characters.
function characters.split(text)
  local list = {}
  for character in text:gmatch("[%z\1-\127\192-\255][\128-\191]*") do
    list[#list + 1] = character
  end
  return list
end

return characters
