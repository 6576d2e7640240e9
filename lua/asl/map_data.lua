--- The flow of data through a Map: its items, what each iteration gets, and
-- what comes of the results.
--
-- All functions return a value; or nil, error, cause. `effective` is what
-- InputPath left of the state's input (state.data.input()).
--
-- @module asl.map_data

local errors = require("asl.errors")

local map_data = {}

-- A path of the context is quoted as "$.Execution", without its second "$".
local function reference_text(path)
  return path and path.text:gsub("^%$%$", "$") or "$"
end

--- The array whose elements the iterations work on: ItemsPath.
function map_data.items(ctx, state, effective)
  local path, items = state.ItemsPath, effective
  if path then
    items = path:find(effective, ctx)
    if items == nil then
      return state.data.no_result(ctx, state, path, effective)
    end
  end
  if items:type() ~= "array" then
    return errors.runtime(ctx, state, 'Reference path "'
      .. reference_text(path) .. '" must point to array.')
  end
  return items
end

--- The input of an iteration: what ItemSelector (or Parameters) makes of the
-- state's effective input, else the item. The index is 0-based; ctx:context()
-- has Map.Item of the iteration meanwhile.
function map_data.item_input(ctx, state, effective, _, item)
  local selector = state.ItemSelector
  if not selector then
    return item
  end
  return selector:render(ctx, state, effective)
end

--- The state's output: ResultSelector, ResultPath and OutputPath over the
-- array of the iterations' outputs. `input` is the state's raw input.
function map_data.result(ctx, state, input, results)
  local data = state.data
  local output, error, cause = data.result(ctx, state, results)
  if output then
    output, error, cause = data.place(ctx, state, input, output)
  end
  if output then
    output, error, cause = data.output(ctx, state, output)
  end
  return output, error, cause
end

local function concurrency_at_path(ctx, state, effective)
  local path = state.MaxConcurrencyPath
  local found = path:find(effective, ctx)
  if found == nil then
    return state.data.no_result(ctx, state, path, effective)
  end
  local number = found:number()
  if not number or number % 1 ~= 0 then
    return errors.runtime(ctx, state, 'The MaxConcurrencyPath field refers '
      .. 'to value "' .. (found:string() or errors.compact(found:text()))
      .. '" which is not a valid integer: ' .. path.text)
  elseif number < 0 then
    return errors.runtime(ctx, state, "Expected non-negative integer for "
      .. "MaxConcurrency, got '" .. found:text() .. "' instead.")
  end
  return number
end

--- How many iterations may run at once; 0: no limit of the definition.
function map_data.max_concurrency(ctx, state, effective)
  if state.MaxConcurrencyPath then
    return concurrency_at_path(ctx, state, effective)
  end
  return state.MaxConcurrency or 0
end

return map_data
