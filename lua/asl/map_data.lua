--- The flow of data into a Map: its items, and what each iteration gets.
--
-- All functions return a value; or nil, error, cause. `effective` is what
-- InputPath left of the state's input (state.data.input()).
--
-- @module asl.map_data

local errors = require("asl.errors")
local expression = require("asl.expression")
local jsonata_expression = require("asl.jsonata_expression")
local jsonata_fields = require("asl.jsonata_fields")
local jsonata_view = require("asl.jsonata_view")

local map_data = {}

local LARGEST = 99999999

-- A path of the context is quoted as "$.Execution", without its second "$".
local function reference_text(path)
  return path and path.text:gsub("^%$%$", "$") or "$"
end

local function not_an_array(ctx, state, items)
  return jsonata_expression.fail(ctx, state, nil, "Map state input must be "
    .. "an array but was: " .. errors.compact(items:text()))
end

-- Items of a JSONata state; without it, the input.
local function jsonata_items(ctx, state, input)
  local template = state.Items
  if not template then
    if input:type() ~= "array" and input:type() ~= "object" then
      return not_an_array(ctx, state, input)
    end
    return input
  end
  local view = jsonata_view.new(ctx, input)
  if not template.expression then
    return template:render(ctx, state, view)
  end
  local found, error, cause =
    template.expression:expect(ctx, state, view, "array")
  if found == nil then
    return nil, error, cause
  end
  return jsonata_expression.document(found)
end

-- AWS takes no object out of the context.
local function is_of_context(path)
  return path ~= nil and path.source == expression.CONTEXT
end

--- The array whose elements, or the object whose members, the iterations work
-- on: ItemsPath or Items.
function map_data.items(ctx, state, effective)
  if state.query_language == "JSONata" then
    return jsonata_items(ctx, state, effective)
  end
  local path, items = state.ItemsPath, effective
  if path then
    items = path:find(effective, ctx)
    if items == nil then
      return state.data.no_result(ctx, state, path, effective)
    end
  end
  local kind = items:type()
  if kind ~= "array" and (kind ~= "object" or is_of_context(path)) then
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
  elseif state.query_language == "JSONata" then
    return selector:render(ctx, state, jsonata_view.new(ctx, effective))
  end
  return selector:render(ctx, state, effective)
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
  return jsonata_fields.integer(ctx, state, state.MaxConcurrency or 0,
    effective, 0, LARGEST)
end

--- Evaluates what says how many iterations may fail, which has no effect on
-- those within the execution. Returns true; or nil, error, cause.
function map_data.check_tolerance(ctx, state, effective)
  local _, error, cause = jsonata_fields.integer(ctx, state,
    state.ToleratedFailureCount, effective, 0, LARGEST)
  if not error then
    _, error, cause = jsonata_fields.value(ctx, state,
      state.ToleratedFailurePercentage, effective, "number")
  end
  if error then
    return nil, error, cause
  end
  return true
end

return map_data
