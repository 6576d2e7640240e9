--- Built-in functions on strings, without regular expressions.
--
-- Each row: signature, number of parameters as higher-order functions count
-- them, function. Arguments have been checked against the signature, but may
-- be undefined.
--
-- @module jsonata.functions_strings

local budget = require("jsonata.budget")
local characters = require("jsonata.characters")
local core = require("wf.jsonata")
local errors = require("jsonata.errors")
local values = require("jsonata.values")

local functions = {}

local raise = errors.raise
local checked_length = budget.check_text

functions.string = { "<x-b?:s>", 1, function(value, pretty)
  if value == nil or type(value) == "string" then
    return value
  elseif values.is_function(value) then
    return ""
  end
  if getmetatable(value) == values.OUTER then
    value = value[1]
  end
  return core.encode(value, true, pretty)
end }

functions.length = { "<s-:n>", 1, function(text)
  return text and characters.count(text)
end }

local function integer(number)
  return number >= 0 and math.floor(number) or math.ceil(number)
end

functions.substring = { "<s-nn?:s>", 3, function(text, start, length)
  if text == nil then
    return nil
  end
  local count = characters.count(text)
  start = values.number(start) or 0
  if count + start < 0 then
    start = 0
  end
  local stop = math.huge
  if length then
    length = values.number(length)
    if length <= 0 then
      return ""
    end
    stop = integer(start >= 0 and start + length or count + start + length)
  end
  start = integer(start)
  if start < 0 then
    start = count + start
  end
  if stop < 0 then
    stop = count + stop
  end
  return characters.slice(text, start, stop)
end }

functions.substringBefore = { "<s-s:s>", 2, function(text, mark)
  local at = text and mark and characters.find(text, mark, 1)
  return at and text:sub(1, at - 1) or text
end }

functions.substringAfter = { "<s-s:s>", 2, function(text, mark)
  local at = text and mark and characters.find(text, mark, 1)
  return at and text:sub(at + #mark) or text
end }

local function change_case(upper)
  return function(text)
    if text == nil then
      return nil
    elseif characters.is_plain(text) then
      return upper and text:upper() or not upper and text:lower()
    end
    return core.change_case(text, upper)
  end
end

functions.uppercase = { "<s-:s>", 1, change_case(true) }
functions.lowercase = { "<s-:s>", 1, change_case(false) }

functions.trim = { "<s-:s>", 1, function(text)
  if text == nil then
    return nil
  end
  checked_length(#text)
  text = text:gsub("[ \t\n\r]+", " ")
  return text:match("^ ?(.-) ?$")
end }

functions.pad = { "<s-ns?:s>", 3, function(text, width, fill)
  if text == nil then
    return nil
  end
  width = values.number(width) or 0
  if fill == nil or fill == "" then
    fill = " "
  end
  local missing = math.floor(math.abs(width) - characters.count(text))
  if missing <= 0 then
    return text
  end
  checked_length(missing * #fill)
  local padding = characters.slice(
    fill:rep(math.ceil(missing / characters.count(fill))), 0, missing)
  return width > 0 and text .. padding or padding .. text
end }

functions.join = { "<a<s>s?:s>", 2, function(list, separator)
  if list == nil then
    return nil
  end
  local length = (list[0] - 1) * #(separator or "")
  for i = 1, list[0] do
    length = length + #list[i]
  end
  checked_length(length)
  return table.concat(list, separator or "", 1, list[0])
end }

---------------------------------------------------------------------------
-- Encodings
---------------------------------------------------------------------------

-- Characters up to U+00FF as bytes, of others the low byte.
local function to_bytes(text)
  if characters.is_plain(text) then
    return text
  end
  return (text:gsub("[\192-\255][\128-\191]*", function(character)
    local code = character:byte()
    code = code < 0xE0 and code % 32 or code < 0xF0 and code % 16 or code % 8
    for i = 2, #character do
      code = code * 64 + character:byte(i) % 64
    end
    return string.char(code % 256)
  end))
end

local function from_bytes(text)
  if characters.is_plain(text) then
    return text
  end
  return (text:gsub("[\128-\255]", function(character)
    local code = character:byte()
    return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64)
  end))
end

local base64 = require("asl.base64")

functions.base64encode = { "<s-:s>", 1, function(text)
  return text and base64.encode(to_bytes(text))
end }

functions.base64decode = { "<s-:s>", 1, function(text)
  if text == nil then
    return nil
  end
  text = text:gsub("[^%w+/%-_]", ""):gsub("[-_]", { ["-"] = "+",
                                                    ["_"] = "/" })
  local rest = #text % 4
  if rest == 1 then
    text = text:sub(1, -2)
  elseif rest > 0 then
    text = text .. ("="):rep(4 - rest)
  end
  local bytes = base64.decode(text)
  return bytes and from_bytes(bytes) or ""
end }

local PERCENT = {}
for byte = 0, 255 do
  PERCENT[string.char(byte)] = ("%%%02X"):format(byte)
end

local PIECE = 65536

-- Bytes that match `odd` as %XX; piece by piece, so that the time and the
-- length that it takes are noticed.
local function percent_encoded(text, odd)
  local parts, length = {}, 0
  for at = 1, #text, PIECE do
    local part = text:sub(at, at + PIECE - 1):gsub(odd, PERCENT)
    length = length + #part
    budget.check_text(#part)
    if length > budget.MAX_TEXT then
      budget.check_text(length)
    end
    parts[#parts + 1] = part
  end
  return table.concat(parts)
end

local function encoder(name, odd)
  return { "<s-:s>", 1, function(text)
    if text == nil then
      return nil
    elseif text:find("\237[\160-\191]") then -- half a surrogate pair
      raise("D3140", nil, nil, text, { functionName = name })
    end
    return percent_encoded(text, odd)
  end }
end

functions.encodeUrlComponent = encoder("encodeUrlComponent",
                                       "[^%w%-_%.!~%*'%(%)]")
functions.encodeUrl = encoder("encodeUrl",
                              "[^%w%-_%.!~%*'%(%);/%?:@&=%+%$,#]")

local function is_utf8(text)
  local rest = text:gsub("[%z\1-\127]", ""):gsub("[\194-\223][\128-\191]", "")
    :gsub("[\224-\239][\128-\191][\128-\191]", "")
    :gsub("[\240-\244][\128-\191][\128-\191][\128-\191]", "")
  return rest == ""
end

local function decoder(name, reserved)
  return { "<s-:s>", 1, function(text)
    if text == nil then
      return nil
    end
    local bad = text:gsub("%%%x%x", ""):find("%", 1, true)
    local decoded = text:gsub("%%(%x%x)", function(hex)
      local character = string.char(tonumber(hex, 16))
      if reserved and reserved:find(character, 1, true) then
        return "%" .. hex
      end
      return character
    end)
    if bad or not is_utf8(decoded) then
      raise("D3140", nil, nil, text, { functionName = name })
    end
    return decoded
  end }
end

functions.decodeUrlComponent = decoder("decodeUrlComponent")
functions.decodeUrl = decoder("decodeUrl", ";/?:@&=+$,#")

return functions
