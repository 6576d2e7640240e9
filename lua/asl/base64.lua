--- Base64, as RFC 4648 has it, with padding.
--
-- @module asl.base64

local base64 = {}

local ALPHABET =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local VALUES = {}
for i = 1, #ALPHABET do
  VALUES[ALPHABET:byte(i)] = i - 1
end

local function digit(number)
  return ALPHABET:sub(number + 1, number + 1)
end

local function encode_three(bytes)
  local a, b, c = bytes:byte(1, 3)
  local number = a * 65536 + (b or 0) * 256 + (c or 0)
  return digit(math.floor(number / 262144))
    .. digit(math.floor(number / 4096) % 64)
    .. (b and digit(math.floor(number / 64) % 64) or "=")
    .. (c and digit(number % 64) or "=")
end

--- The text that stands for some bytes.
function base64.encode(bytes)
  return (bytes:gsub("..?.?", encode_three))
end

local function decode_four(text)
  local a, b, c, d = text:byte(1, 4)
  local number = VALUES[a] * 262144 + VALUES[b] * 4096
    + (VALUES[c] or 0) * 64 + (VALUES[d] or 0)
  local bytes = string.char(math.floor(number / 65536),
    math.floor(number / 256) % 256, number % 256)
  return VALUES[c] and (VALUES[d] and bytes or bytes:sub(1, 2))
    or bytes:sub(1, 1)
end

--- The bytes a text stands for, or nil if it is not Base64.
function base64.decode(text)
  local body = text:match("^([%w%+/]*)=?=?$")
  if not body or #text % 4 ~= 0 then
    return nil
  end
  return (text:gsub("....", decode_four))
end

return base64
