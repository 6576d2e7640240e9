--- The intrinsic functions: name -> { min, max, run }.
--
-- min and max are numbers of arguments; run(values, ctx) returns a value, or
-- nil and what is wrong.
--
-- @module asl.functions

local base64 = require("asl.base64")
local characters = require("asl.characters")
local doc = require("wf.doc")
local errors = require("asl.errors")

local functions = {}

local MAX_CHARACTERS = 10000 -- of what is encoded or hashed
local MAX_RANGE_ITEMS = 1000

local function define(name, min, max, run)
  functions[name] = { min = min, max = max, run = run }
end

local function new_string(text)
  return doc.trusted(doc.quote(text))
end

local function new_integer(number)
  return doc.trusted(string.format("%.0f", number))
end

local function new_boolean(flag)
  return doc.trusted(flag and "true" or "false")
end

local function new_array(texts)
  return doc.trusted("[" .. table.concat(texts, ",") .. "]")
end

local function wants(number, kind)
  return nil, "Argument " .. number .. " must be " .. kind
end

-- The nearest integer; halves go up, as Java's Math.round.
local function rounded(value)
  local number = value:number()
  return number and math.floor(number + 0.5)
end

local function texts_of(array)
  local texts = {}
  for index, element in array:elements() do
    texts[index + 1] = element:text()
  end
  return texts
end

define("Array", 0, math.huge, function(values)
  local texts = {}
  for i, value in ipairs(values) do
    texts[i] = value:text()
  end
  return new_array(texts)
end)

define("ArrayPartition", 2, 2, function(values)
  local size = rounded(values[2])
  if values[1]:type() ~= "array" then
    return wants(1, "an array")
  elseif not size or size < 1 then
    return wants(2, "a positive integer")
  end
  local texts, chunks = texts_of(values[1]), {}
  for first = 1, #texts, size do
    local last = math.min(first + size - 1, #texts)
    chunks[#chunks + 1] = "[" .. table.concat(texts, ",", first, last) .. "]"
  end
  return new_array(chunks)
end)

define("ArrayContains", 2, 2, function(values)
  if values[1]:type() ~= "array" then
    return wants(1, "an array")
  end
  for _, element in values[1]:elements() do
    if element:equals(values[2]) then
      return new_boolean(true)
    end
  end
  return new_boolean(false)
end)

define("ArrayRange", 3, 3, function(values)
  local first, last, step =
    rounded(values[1]), rounded(values[2]), rounded(values[3])
  if not first or not last or not step then
    return nil, "The arguments must be numbers"
  elseif step == 0 then
    return wants(3, "other than 0")
  elseif (last - first) / step >= MAX_RANGE_ITEMS then
    return nil, "The array would have more than " .. MAX_RANGE_ITEMS
      .. " items"
  end
  local texts = {}
  for number = first, last, step do
    texts[#texts + 1] = string.format("%.0f", number)
  end
  return new_array(texts)
end)

define("ArrayGetItem", 2, 2, function(values)
  local index = values[2]:number()
  if values[1]:type() ~= "array" then
    return wants(1, "an array")
  elseif not index or index < 0 or index % 1 ~= 0 then
    return wants(2, "an index")
  elseif index >= values[1]:len() then
    return nil, "The index " .. values[2]:text() .. " is out of range"
  end
  return values[1]:at(index)
end)

define("ArrayLength", 1, 1, function(values)
  if values[1]:type() ~= "array" then
    return wants(1, "an array")
  end
  return new_integer(values[1]:len())
end)

-- A text that is the same for values that are equal.
local function canonical(value)
  local kind, parts = value:type(), {}
  if kind == "number" then
    return string.format("%.17g", value:number())
  elseif kind == "string" then
    return doc.quote(value:string())
  elseif kind == "array" then
    for index, element in value:elements() do
      parts[index + 1] = canonical(element)
    end
    return "[" .. table.concat(parts, ",") .. "]"
  elseif kind == "object" then
    for name, member in value:members() do
      parts[#parts + 1] = doc.quote(name) .. ":" .. canonical(member)
    end
    table.sort(parts)
    return "{" .. table.concat(parts, ",") .. "}"
  end
  return value:text()
end

define("ArrayUnique", 1, 1, function(values)
  if values[1]:type() ~= "array" then
    return wants(1, "an array")
  end
  local seen, texts = {}, {}
  for _, element in values[1]:elements() do
    local key = canonical(element)
    if not seen[key] then
      seen[key] = true
      texts[#texts + 1] = element:text()
    end
  end
  return new_array(texts)
end)

-- The first argument, a string of limited length; or nil, what is wrong.
local function limited_text(values)
  local text = values[1]:string()
  if not text then
    return wants(1, "a string")
  elseif characters.count(text) > MAX_CHARACTERS then
    return nil, "The string has more than " .. MAX_CHARACTERS .. " characters"
  end
  return text
end

local function base64_function(convert)
  return function(values)
    local text, problem = limited_text(values)
    if not text then
      return nil, problem
    end
    local converted = convert(text)
    if not converted then
      return wants(1, "Base64")
    end
    return new_string(characters.well_formed(converted))
  end
end

define("Hash", 2, 2, function(values)
  local text, problem = limited_text(values)
  if not text then
    return nil, problem
  end
  local algorithm = values[2]:string()
  local hash = algorithm and doc.hash(algorithm, text)
  if not hash then
    return wants(2, "one of MD5, SHA-1, SHA-256, SHA-384, SHA-512")
  end
  return new_string(hash)
end)

define("Base64Encode", 1, 1, base64_function(base64.encode))
define("Base64Decode", 1, 1, base64_function(base64.decode))

define("JsonMerge", 3, 3, function(values)
  local first, second = values[1], values[2]
  if first:type() ~= "object" or second:type() ~= "object" then
    return nil, "The first two arguments must be objects"
  elseif values[3]:boolean() ~= false then
    return nil, "Deep merging is not supported: argument 3 must be false"
  end
  local parts, is_second = {}, {}
  for name in second:members() do
    is_second[name] = true
  end
  for name, member in first:members() do
    if not is_second[name] then
      parts[#parts + 1] = doc.quote(name) .. ":" .. member:text()
    end
  end
  for name, member in second:members() do
    parts[#parts + 1] = doc.quote(name) .. ":" .. member:text()
  end
  return doc.trusted("{" .. table.concat(parts, ",") .. "}")
end)

define("StringToJson", 1, 1, function(values)
  local text = values[1]:string()
  if not text then
    return wants(1, "a string")
  elseif not text:find("%S") then
    return doc.null
  end
  local parsed, problem = doc.parse(text)
  if parsed and parsed:text() == "-0" then
    return new_integer(0)
  end
  return parsed, problem
end)

define("JsonToString", 1, 1, function(values)
  local text = values[1]:text()
  doc.spend(#text / 4)
  return new_string(errors.without_blanks(text))
end)

define("MathAdd", 2, 2, function(values)
  local a, b = rounded(values[1]), rounded(values[2])
  if not a or not b then
    return nil, "The arguments must be numbers"
  end
  return new_integer(a + b)
end)

-- A number in [0, 1) that follows from the seed alone.
local function seeded(seed)
  local state = seed % 2147483647
  for _ = 1, 3 do
    state = (state * 48271 + 11) % 2147483647
  end
  return state / 2147483647
end

define("MathRandom", 2, 3, function(values, ctx)
  local first, last = rounded(values[1]), rounded(values[2])
  local seed = values[3] and rounded(values[3])
  if not first or not last or (values[3] and not seed) then
    return nil, "The arguments must be numbers"
  elseif last < first then
    return wants(2, "no less than argument 1")
  end
  local random = seed and seeded(seed) or ctx:random()
  return new_integer(first + math.floor(random * (last - first)))
end)

define("StringSplit", 2, 2, function(values)
  local text, splitter = values[1]:string(), values[2]:string()
  if not text or not splitter then
    return nil, "The arguments must be strings"
  elseif splitter == "" then
    return new_array({ text ~= "" and doc.quote(text) or nil })
  end
  local texts = characters.split(text, characters.set(splitter))
  for i, piece in ipairs(texts) do
    texts[i] = doc.quote(piece)
  end
  return new_array(texts)
end)

-- Objects and arrays look as Java prints them: {a=1, b=[x, y]}.
local function printed(value)
  local kind, parts = value:type(), {}
  if kind == "string" then
    return value:string()
  elseif kind == "array" then
    for index, element in value:elements() do
      parts[index + 1] = printed(element)
    end
    return "[" .. table.concat(parts, ", ") .. "]"
  elseif kind == "object" then
    for name, member in value:members() do
      parts[#parts + 1] = name .. "=" .. printed(member)
    end
    return "{" .. table.concat(parts, ", ") .. "}"
  end
  return value:text()
end

define("Format", 1, math.huge, function(values)
  local format = values[1]:string()
  if not format then
    return wants(1, "a string")
  end
  doc.spend(#format / 2)
  local used = 1
  local parts, at = {}, 1
  while true do
    local stop = format:find("[\\{}]", at)
    parts[#parts + 1] = format:sub(at, stop and stop - 1)
    if not stop then
      break
    elseif format:sub(stop, stop) == "\\" then
      parts[#parts + 1] = format:sub(stop + 1, stop + 1)
    elseif format:sub(stop, stop + 1) == "{}" and values[used + 1] then
      used = used + 1
      parts[#parts + 1] = printed(values[used])
    else
      return nil, "Number of arguments and of {} differ, or a brace is "
        .. "not escaped"
    end
    at = stop + 2
  end
  if used ~= #values then
    return nil, "Number of arguments and of {} differ"
  end
  return new_string(table.concat(parts))
end)

define("UUID", 0, 0, function(_, ctx)
  return new_string(ctx:uuid())
end)

return functions
