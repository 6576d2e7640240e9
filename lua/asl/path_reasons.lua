--- Why a path found nothing, in the words of the Jayway library.
--
-- @module asl.path_reasons

local path_reasons = {}

local NODES = {
  array = "ArrayNode",
  boolean = "BooleanNode",
  null = "NullNode",
  object = "ObjectNode",
  string = "TextNode",
}

-- The Java class that holds a value.
local function class_of(value)
  local node = NODES[value:type()]
  if not node then
    local is_integer = not value:text():find("[%.eE]")
    local is_int = is_integer and math.abs(value:number()) < 2147483648
    node = is_int and "IntNode" or is_integer and "LongNode" or "DoubleNode"
  end
  return "com.fasterxml.jackson.databind.node." .. node
end

--- A path as the library prints it: the first `count` of some steps.
function path_reasons.printed(steps, count)
  local parts = { "$" }
  for i = 1, count or #steps do
    parts[#parts + 1] = steps[i].fragment
  end
  return table.concat(parts)
end

--- A name was asked for of what is no object. `before` is the printed path to
-- `value`, `fragment` the step.
function path_reasons.no_object(fragment, before, value)
  return "Expected to find an object with property " .. fragment .. " in path "
    .. before .. " but found '" .. class_of(value) .. "'. This is not a "
    .. "json object according to the JsonProvider: "
    .. "'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'."
end

--- An element was asked for of what is no array.
function path_reasons.no_array(fragment, value)
  return "Filter: " .. fragment .. " can only be applied to arrays. Current "
    .. "context is: " .. value:text()
end

--- A filter was applied to neither object nor array.
function path_reasons.primitive(fragment, value)
  return "Filter: " .. fragment .. " can not be applied to primitives. Current "
    .. "context is: " .. value:text()
end

--- A member that more steps follow is missing.
function path_reasons.missing(through)
  return "Missing property in path " .. through
end

--- There is nothing at the end.
function path_reasons.no_results(printed)
  return "No results for path: " .. printed
end

return path_reasons
