--- JSON lines: requests and answers of `moonstep eval --jsonl`.
--
-- A request is { id, expr, data, bindings, timelimit, depth }; the answer is
-- { id, result }, { id, undefined: true } or { id, error: { code, message,
-- position, token, value } }.
--
-- @module jsonata.lines

local core = require("wf.jsonata")
local doc = require("wf.doc")
local errors = require("jsonata.errors")
local jsonata = require("jsonata")
local values = require("jsonata.values")

local lines = {}

local function error_text(err)
  local parts = { '"code":' .. core.quote(tostring(err.code)),
                  '"message":' .. core.quote(errors.message(err)) }
  for _, name in ipairs({ "position", "token", "value", "index" }) do
    if err[name] ~= nil then
      local ok, text = pcall(core.encode, err[name])
      if ok then
        parts[#parts + 1] = '"' .. name .. '":' .. text
      end
    end
  end
  return '{"error":{' .. table.concat(parts, ",") .. "}"
end

local function bindings_of(object)
  local bindings = {}
  local keys = object and object[0]
  for i = 1, keys and keys[0] or 0 do
    bindings[keys[i]] = object[keys[i]]
  end
  return bindings
end

-- Limits that a request sets are told as the reference's test driver does.
local function limited(request, err)
  if (request.timelimit or request.depth)
     and (err.code == "D1011" or err.code == "D1012") then
    return { code = "U1001", value = errors.message(err),
             position = err.position }
  end
  return err
end

--- The result of an expression: JSON text, or nil if it is undefined; or nil
-- and an error table.
function lines.evaluate(expression, data, bindings, options)
  local program, err = jsonata.compile(expression, { eval = true })
  if not program then
    return nil, err
  end
  local ok, result = pcall(program.run, program, data, bindings, options)
  if not ok then
    return nil, result
  elseif result == nil or values.is_function(result) then
    return nil
  end
  local text
  ok, text = pcall(core.encode, result)
  if not ok then
    return nil, text
  end
  return text
end

local function answer(request)
  local options = { timelimit = values.number(request.timelimit),
                    depth = values.number(request.depth) }
  local text, err = lines.evaluate(request.expr, request.data,
                                   bindings_of(request.bindings), options)
  if err then
    return error_text(limited(request, err))
  elseif text == nil then
    return '{"undefined":true'
  end
  return '{"result":' .. text
end

--- The answer to one line.
function lines.answer(line)
  local value, problem = doc.parse(line)
  if not value then
    return '{"error":{"message":' .. core.quote(problem) .. "}}"
  end
  local request = core.decode(value)
  if not values.is_object(request) or type(request.expr) ~= "string" then
    return '{"error":{"message":"not a request: no expr"}}'
  end
  local id = request.id ~= nil and ',"id":' .. core.encode(request.id) or ""
  return answer(request) .. id .. "}"
end

return lines
