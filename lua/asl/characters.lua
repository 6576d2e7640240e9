--- Characters of UTF-8 texts.
--
-- @module asl.characters

local doc = require("wf.doc")

local characters = {}

local REPLACEMENT = "\239\191\189" -- U+FFFD

--- How many there are.
function characters.count(text)
  local _, continuation = text:gsub("[\128-\191]", "")
  return #text - continuation
end

--- The set of the characters of a text: { [character] = true }.
function characters.set(text)
  local set = {}
  doc.spend(#text / 2)
  for char in text:gmatch("[%z\1-\127\192-\255][\128-\191]*") do
    set[char] = true
  end
  return set
end

--- The longest pieces of a text without any character of a set.
function characters.split(text, set)
  local pieces, from, at = {}, 1, 1
  doc.spend(#text / 2)
  for char in text:gmatch("[%z\1-\127\192-\255][\128-\191]*") do
    if set[char] then
      pieces[#pieces + 1] = at > from and text:sub(from, at - 1) or nil
      from = at + #char
    end
    at = at + #char
  end
  pieces[#pieces + 1] = at > from and text:sub(from) or nil
  return pieces
end

local SEQUENCES = {
  "^[%z\1-\127]+()",
  "^[\194-\223][\128-\191]()",
  "^\224[\160-\191][\128-\191]()",
  "^[\225-\236\238\239][\128-\191][\128-\191]()",
  "^\237[\128-\159][\128-\191]()",
  "^\240[\144-\191][\128-\191][\128-\191]()",
  "^[\241-\243][\128-\191][\128-\191][\128-\191]()",
  "^\244[\128-\143][\128-\191][\128-\191]()",
}

--- Bytes as a text: U+FFFD for what is no UTF-8.
function characters.well_formed(bytes)
  local parts, at = {}, 1
  while at <= #bytes do
    local stop
    for _, sequence in ipairs(SEQUENCES) do
      stop = stop or bytes:match(sequence, at)
    end
    parts[#parts + 1] = stop and bytes:sub(at, stop - 1) or REPLACEMENT
    at = stop or at + 1
  end
  return table.concat(parts)
end

return characters
