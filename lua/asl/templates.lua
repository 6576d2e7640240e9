--- Templates: the texts in the free-form parts of states, for checks.
--
-- A template is a field whose value is JSON of the user's own, with paths or
-- expressions in it: Parameters, Arguments, Assign, Output, ….
--
-- @module asl.templates

local diagnostics = require("asl.diagnostics")
local survey = require("asl.survey")

local templates = {}

local below = diagnostics.below

local TEMPLATE_KINDS = { template = true, jsonata = true, assign = true,
  jsonata_items = true }

local function walk(value, name, location, visit)
  local kind = value:type()
  if kind == "object" then
    for member_name, member in value:members() do
      walk(member, member_name, below(location, member_name), visit)
    end
  elseif kind == "array" then
    for index, element in value:elements() do
      walk(element, nil, location .. "[" .. index .. "]", visit)
    end
  elseif kind == "string" then
    visit(value:string(), name, location)
  end
end

--- Calls visit(text, name, location) for each string in a value; `name` is
-- that of the member it is the value of (nil: it is an element).
templates.walk = walk

--- The same for each string in the templates of a state and its parts, its
-- rules and its catchers.
function templates.each(state, visit)
  local function visit_in(object, location, is_template)
    for field, member in object:members() do
      if is_template(field) then
        walk(member, field, below(location, field), visit)
      end
    end
  end
  for _, part in ipairs(survey.parts(state)) do
    visit_in(part.object, part.location, function(field)
      return TEMPLATE_KINDS[survey.kind_in(part.types, field)]
    end)
  end
  for _, field in ipairs({ "Choices", "Catch" }) do
    for _, element in
        ipairs(survey.elements(state.object, field, state.location)) do
      if element.value:type() == "object" then
        visit_in(element.value, element.location, function(name)
          return name == "Assign"
            or (name == "Output" and state.language == "JSONata")
        end)
      end
    end
  end
end

--- Whether a text reads like a JSONPath.
function templates.is_path(text)
  return text:find("^%$%$?[%.%[]") ~= nil or text == "$" or text == "$$"
end

--- Whether a text reads like a call of an intrinsic function.
function templates.is_intrinsic(text)
  return text:find("^States%.%a+%(.*%)$") ~= nil
end

--- Whether a text is marked as a JSONata expression.
function templates.is_jsonata(text)
  return text:find("^{%%.*%%}$") ~= nil
end

return templates
