--- Places in the context object: which part of it a path looks into; and the
-- place of variables.
--
-- Writing out and indexing the whole object for each path would cost as much
-- as the execution's input is long; for each item of a Map that is too much.
-- So a path into Execution.Input or Map.Item.Value is taken from there, and
-- only one that may see both needs all of it.
--
-- A place is a table: root(ctx) returns the value to look into (or nil), depth
-- says how many steps (asl.steps) lead there, and is_brief is true where that
-- value is ctx:brief_context().
--
-- @module asl.context_place

local context_place = {}

local WHOLE = {
  depth = 0,
  root = function(ctx)
    return ctx:context()
  end,
}

local BRIEF = {
  depth = 0,
  is_brief = true,
  root = function(ctx)
    return ctx:brief_context()
  end,
}

local INPUT = {
  names = { "Execution", "Input" },
  depth = 2,
  root = function(ctx)
    return ctx:execution_input()
  end,
}

local ITEM = {
  names = { "Map", "Item", "Value" },
  depth = 3,
  root = function(ctx)
    return ctx:map_item()
  end,
}

-- How the steps stand to a place: "in" it, "above" it, or neither.
local function relation(steps, place)
  for i, name in ipairs(place.names) do
    if not steps[i] then
      return "above"
    elseif steps[i].kind ~= "name" then
      return "above" -- a wildcard, `..`: may lead there
    elseif steps[i].name ~= name then
      return nil
    end
  end
  return "in"
end

--- Where paths of variables look: their first step is the variable's name.
context_place.VARIABLES = {
  depth = 0,
  root = function(ctx)
    return ctx:variables()
  end,
}

--- The place for the steps of a path of the context.
function context_place.of(steps)
  local is_brief = true
  for _, place in ipairs({ INPUT, ITEM }) do
    local how = relation(steps, place)
    if how == "in" then
      return place
    end
    is_brief = is_brief and not how
  end
  return is_brief and BRIEF or WHOLE
end

--- The place of a path with a source as asl.path numbers them; nil: the input.
function context_place.of_source(source, steps)
  if source == 2 then
    return context_place.of(steps)
  end
  return source == 3 and context_place.VARIABLES or nil
end

return context_place
