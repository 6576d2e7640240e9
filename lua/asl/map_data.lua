--- The flow of data into a Map: its items, and what each iteration gets.
--
-- All functions return a value; or nil, error, cause. `effective` is what
-- InputPath left of the state's input (state.data.input()).
--
-- @module asl.map_data

local errors = require("asl.errors")
local expression = require("asl.expression")
local jsonata_expression = require("asl.jsonata_expression")
local jsonata_view = require("asl.jsonata_view")
local map_number = require("asl.map_number")
local map_part = require("asl.map_part")

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
  return template.expression:encoded(ctx, state, found)
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
  end
  return map_part.render(ctx, state, selector, effective)
end

--- How many iterations may run at once; 0: no limit of the definition.
function map_data.max_concurrency(ctx, state, effective)
  local limit, error, cause = map_number.integer(ctx, state, state,
    "MaxConcurrency", effective, 0, LARGEST)
  if error then
    return nil, error, cause
  end
  return limit or 0
end

--- How many iterations may fail, and what percentage of them, which has no
-- effect on those within the execution. Returns two numbers; or nil, error,
-- cause.
function map_data.tolerance(ctx, state, effective)
  local percentage
  local count, error, cause = map_number.integer(ctx, state, state,
    "ToleratedFailureCount", effective, 0, LARGEST)
  if not error then
    percentage, error, cause = map_number.percentage(ctx, state, state,
      "ToleratedFailurePercentage", effective)
  end
  if error then
    return nil, error, cause
  end
  if state.is_inspected then
    ctx:inspect("toleratedFailureCount", count)
    ctx:inspect("toleratedFailurePercentage", percentage)
  end
  return count or 0, percentage or 0
end

return map_data
