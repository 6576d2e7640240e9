--- What Step Functions adds to JSONata: $partition, $range, $hash, $random,
-- $uuid and $parse.
--
-- @module jsonata.aws_functions

local doc = require("wf.doc")
local budget = require("jsonata.budget")
local core = require("wf.jsonata")
local values = require("jsonata.values")

local aws_functions = {}

local MAX_ITEMS = 1e7 -- as of [1..n]

local function refuse(message, value)
  error({ code = "D3137", message = message, value = value })
end

-- The nearest integer; halves go up.
local function rounded(value)
  return math.floor(values.number(value) + 0.5)
end

-- $partition(array, size): an array of arrays of `size` elements; the last
-- one may have less.
local function partition(array, size)
  if array == nil or size == nil then
    return nil
  end
  size = rounded(size)
  if size < 1 then
    refuse("The second argument of the partition function must be a "
      .. "positive integer", size)
  end
  budget.tick(array[0])
  local chunks, count = {}, 0
  for first = 1, array[0], size do
    local chunk, length = {}, math.min(size, array[0] - first + 1)
    for i = 1, length do
      chunk[i] = array[first + i - 1]
    end
    count = count + 1
    chunks[count] = values.array(chunk, length)
  end
  return values.array(chunks, count)
end

-- $range(first, last, step): a sequence, so that a single number stands for
-- itself.
local function range(first, last, step)
  if first == nil or last == nil or step == nil then
    return nil
  end
  first, last, step = rounded(first), rounded(last), rounded(step)
  if step == 0 then
    refuse("The third argument of the range function must not be 0", step)
  end
  local count = math.max(0, math.floor((last - first) / step) + 1)
  if count > MAX_ITEMS then
    error({ code = "D2014", value = count })
  end
  budget.tick(count)
  local list = {}
  for i = 1, count do
    list[i] = first + (i - 1) * step
  end
  return values.sequence(list, count)
end

-- A number in [0, 1) that follows from the seed alone.
local function seeded(seed)
  local state = rounded(seed) % 2147483647
  for _ = 1, 3 do
    state = (state * 48271 + 11) % 2147483647
  end
  return state / 2147483647
end

-- $hash(text, algorithm): lower-case hex.
local function hash(text, algorithm)
  if text == nil or algorithm == nil then
    return nil
  end
  local hex = doc.hash(algorithm, text)
  if not hex then
    refuse("The second argument of the hash function must be one of MD5, "
      .. "SHA-1, SHA-256, SHA-384, SHA-512", algorithm)
  end
  return hex
end

-- $parse(text): what the JSON text says.
local function parse(text)
  if text == nil then
    return nil
  end
  local value, problem = doc.parse(text)
  if not value then
    refuse("The argument of the parse function is not valid JSON: "
      .. problem, text)
  end
  return core.decode(value)
end

-- $random(seed): the seed may be missing.
local function random_of(random)
  return function(seed)
    if seed == nil then
      return random()
    end
    return seeded(seed)
  end
end

--- The functions as rows by name: signature, number of parameters, function.
-- `services` are random() and uuid(): a number in [0, 1), a version 4 UUID.
-- Errors have the code D3137, or D2014 for a range that is too large.
function aws_functions.of(services)
  return {
    partition = { "<an:a>", 2, partition },
    range = { "<nnn:a>", 3, range },
    hash = { "<ss:s>", 2, hash },
    random = { "<n?:n>", 1, random_of(services.random) },
    uuid = { "<:s>", 0, services.uuid },
    parse = { "<s:x>", 1, parse },
  }
end

return aws_functions
