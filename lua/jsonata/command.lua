--- `moonstep eval EXPRESSION`: a result for people, or a message that shows
-- the place of an error.
--
-- @module jsonata.command

local core = require("wf.jsonata")
local doc = require("wf.doc")
local errors = require("jsonata.errors")
local jsonata = require("jsonata")
local path = require("asl.path")
local values = require("jsonata.values")

local command = {}

-- The line of a text that byte `position` is in, and its column.
local function line_at(text, position)
  local start = 1
  while true do
    local stop = text:find("\n", start, true)
    if not stop or stop >= position then
      return text:sub(start, (stop or #text + 1) - 1), position - start + 1
    end
    start = stop + 1
  end
end

local function message(err, text)
  local lines = { ("%s: %s"):format(err.code, errors.message(err)) }
  if err.position then
    local position = math.max(1, math.min(err.position, #text))
    local line, column = line_at(text, position)
    lines[2] = "  " .. line
    lines[3] = "  " .. line:sub(1, column - 1):gsub("[^\t]", " ") .. "^"
  end
  return table.concat(lines, "\n")
end

local function parse(text, what)
  if not text then
    return nil
  end
  local value, problem = doc.parse(text)
  if not value then
    error(what .. ": " .. problem, 0)
  end
  return value
end

local function jsonata_result(text, input, bindings)
  local program, err = jsonata.compile(text, { eval = true })
  if not program then
    return nil, message(err, text)
  end
  local data = input and core.decode(input)
  local names = {}
  local object = bindings and core.decode(bindings)
  if object and not values.is_object(object) then
    return nil, "--bindings: not a JSON object"
  end
  for i = 1, object and object[0][0] or 0 do
    names[object[0][i]] = object[object[0][i]]
  end
  local ok, result = pcall(program.run, program, data, names)
  if not ok then
    return nil, message(result, text)
  elseif result == nil then
    return nil
  elseif values.is_function(result) then
    return nil, "the result is a function"
  end
  ok, result = pcall(core.encode, result, false, true)
  if not ok then
    return nil, message(result, text)
  end
  return result .. "\n"
end

local function jsonpath_result(text, input)
  local parsed, problem = path.parse(text)
  if not parsed then
    return nil, problem
  end
  local found = parsed:find(input or doc.parse("{}"), doc.parse("{}"))
  return found and core.encode(core.decode(found), false, true) .. "\n" or nil
end

--- Evaluates an expression. Texts but the first may be nil. Returns a text
-- (nil: undefined), or nil and a message.
function command.evaluate(text, language, input_text, bindings_text)
  local ok, input = pcall(parse, input_text, "--input")
  if not ok then
    return nil, input
  end
  local fine, bindings = pcall(parse, bindings_text, "--bindings")
  if not fine then
    return nil, bindings
  end
  if language == "JSONPath" then
    return jsonpath_result(text, input)
  end
  return jsonata_result(text, input, bindings)
end

return command
