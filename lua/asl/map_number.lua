--- Numbers of a Map: limits and tolerances, given as they are, by a path (the
-- field of the same name with "Path" at its end) or as a JSONata expression.
--
-- `holder` is the table of compiled fields that has the number: the state, or
-- a part of it. All functions return the number; nothing if none is given; or
-- nil, error, cause.
--
-- @module asl.map_number

local errors = require("asl.errors")
local jsonata_fields = require("asl.jsonata_fields")

local map_number = {}

local LARGEST = 9007199254740991

local INTEGER = { pattern = "^[+-]?%d+$", name = "integer" }
local FLOAT = { pattern = "^[+-]?%d*%.?%d+[%d.eE+-]*$", name = "float" }

-- What stands at a path: a number, or a text that reads like one, which is
-- what variables may hold.
local function number_of(found, kind)
  local text = found:string()
  if text then
    return text:find(kind.pattern) and tonumber(text)
  end
  local number = found:number()
  return number and (kind == FLOAT or number % 1 == 0) and number or nil
end

local function at_path(ctx, state, holder, name, effective, kind)
  local path = holder[name .. "Path"]
  local found = path:find(effective, ctx)
  if found == nil then
    return state.data.no_result(ctx, state, path, effective)
  end
  local number = number_of(found, kind)
  if not number then
    return errors.runtime(ctx, state, "The " .. name .. 'Path field refers '
      .. 'to value "' .. (found:string() or errors.compact(found:text()))
      .. '" which is not a valid ' .. kind.name .. ": " .. path.text)
  end
  return number
end

local function too_small(ctx, state, name, number, min)
  if name == "ToleratedFailureCount" then
    return errors.runtime(ctx, state, name .. " cannot be negative.")
  end
  return errors.runtime(ctx, state, "Expected "
    .. (min == 0 and "non-negative" or "positive") .. " integer for " .. name
    .. ", got '" .. ("%d"):format(number) .. "' instead.")
end

--- An integer from min (0 or 1) to max; by a path it may be larger, up to what
-- a number can hold exactly.
function map_number.integer(ctx, state, holder, name, effective, min, max)
  if not holder[name .. "Path"] then
    return jsonata_fields.integer(ctx, state, holder[name], effective, min,
      max)
  end
  local number, error, cause =
    at_path(ctx, state, holder, name, effective, INTEGER)
  if number and number < min then
    return too_small(ctx, state, name, number, min)
  end
  return number and math.min(number, LARGEST), error, cause
end

--- A percentage.
function map_number.percentage(ctx, state, holder, name, effective)
  local number, error, cause
  if holder[name .. "Path"] then
    number, error, cause = at_path(ctx, state, holder, name, effective, FLOAT)
  else
    number, error, cause =
      jsonata_fields.value(ctx, state, holder[name], effective, "number")
  end
  if number and (number < 0 or number > 100) then
    local text = name .. " must be between 0 and 100."
    if jsonata_fields.is_expression(holder[name]) then
      return holder[name]:fail(ctx, state, "returned a value out of range. "
        .. text)
    end
    return errors.runtime(ctx, state, text)
  end
  return number, error, cause
end

return map_number
