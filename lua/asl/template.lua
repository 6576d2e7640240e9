--- Payload templates: Parameters and ResultSelector.
--
-- A template is compiled, when the definition is loaded, to text fragments
-- and holes. What is literal keeps its text to the byte; a member whose name
-- ends in ".$" becomes a hole. Rendering joins fragments and found text.
--
-- A hole with a definite path is filled by the core. All other expressions
-- (asl.expression), and paths to variables or to a place apart in the context,
-- fill numbered slots.
--
-- @module asl.template

local doc = require("wf.doc")
local errors = require("asl.errors")
local expression = require("asl.expression")

local template = {}

local MAX_SLOTS = 1000

-- Numbers the values in the order of the text and notes of each whether it
-- has holes, and the number behind it: one pass, however deep the nesting.
local function survey(value, marks)
  local number = marks.count + 1
  marks.count = number
  local has_holes = false
  local kind = value:type()
  if kind == "object" then
    for name, member in value:members() do
      has_holes = survey(member, marks) or has_holes or name:sub(-2) == ".$"
    end
  elseif kind == "array" then
    for _, element in value:elements() do
      has_holes = survey(element, marks) or has_holes
    end
  end
  marks.has_holes[number] = has_holes
  marks.behind[number] = marks.count + 1
  return has_holes
end

local function new_build(value, variables)
  local marks = { count = 0, has_holes = {}, behind = {} }
  survey(value, marks)
  return {
    marks = marks,
    variables = variables,
    at = 1, -- number of the value to be added next
    parts = {},
    open = {}, -- pieces of the literal that is being collected
    holes = {}, -- by number of part: what the causes of failures need
    slots = {},
    uses_context = false,
    uses_whole = false, -- not only what ctx:brief_context() has
  }
end

local function close_literal(build)
  if build.open[1] then
    build.parts[#build.parts + 1] = table.concat(build.open)
    build.open = {}
  end
end

local function add_literal(build, text)
  build.open[#build.open + 1] = text
end

local function add_expression(build, found, field)
  local hole
  local place = found.place
  if found.definite and found.source ~= expression.VARIABLE
      and (not place or place.depth == 0) then
    hole = { path = found.compiled, source = found.source }
    build.uses_context = build.uses_context or place ~= nil
    build.uses_whole = build.uses_whole or (place and not place.is_brief)
  else
    build.slots[#build.slots + 1] = { expression = found, field = field }
    hole = { slot = #build.slots }
  end
  close_literal(build)
  build.parts[#build.parts + 1] = hole
  build.holes[#build.parts] = { expression = found, field = field }
end

local add_value

local function add_member(build, name, member)
  if name:sub(-2) ~= ".$" then
    return add_value(build, member)
  end
  build.at = build.marks.behind[build.at]
  local text = member:string()
  local found = text and expression.parse(text, build.variables)
  if not found then
    return "The value for the field '" .. name
      .. "' must be a valid JSONPath or a valid intrinsic function call"
  elseif #build.slots == MAX_SLOTS then
    return "More than " .. MAX_SLOTS .. " intrinsic function calls"
  end
  add_expression(build, found, name)
end

local function add_object(build, object)
  local seen, before = {}, "{"
  for name, member in object:members() do
    local bare = name:match("^(.*)%.%$$") or name
    if seen[bare] then
      return "The field '" .. bare .. "' occurs twice"
    end
    seen[bare] = true
    add_literal(build, before .. doc.quote(bare) .. ":")
    local problem = add_member(build, name, member)
    if problem then
      return problem
    end
    before = ","
  end
  add_literal(build, "}")
end

local function add_array(build, array)
  local before = "["
  for _, element in array:elements() do
    add_literal(build, before)
    local problem = add_value(build, element)
    if problem then
      return problem
    end
    before = ","
  end
  add_literal(build, "]")
end

-- Returns what is wrong, or nil.
add_value = function(build, value)
  local marks, number = build.marks, build.at
  if not marks.has_holes[number] then
    build.at = marks.behind[number]
    add_literal(build, value:text())
    return nil
  end
  build.at = number + 1
  if value:type() == "object" then
    return add_object(build, value)
  end
  return add_array(build, value)
end

local rendering = {}
rendering.__index = rendering

--- Compiles a template. Returns it, or nil and what is wrong. One without
-- holes has the member `constant`: what render() would return. Names of
-- variables in it are put into the set `variables`, if that is given.
function template.compile(value, variables)
  local build = new_build(value, variables)
  if not build.marks.has_holes[1] then
    return setmetatable({ constant = doc.trusted(value:text()) }, rendering)
  end
  local problem = add_value(build, value)
  if problem then
    return nil, problem
  end
  close_literal(build)
  return setmetatable({
    template = doc.template(build.parts),
    uses_context = build.uses_context,
    uses_whole = build.uses_whole,
    slots = build.slots,
    holes = build.holes,
  }, rendering)
end

-- Why an expression found nothing: the three values of a failure.
local function not_found(ctx, state, hole, input)
  return errors.runtime(ctx, state, "The JSONPath '" .. hole.expression.text
    .. "' specified for the field '" .. hole.field
    .. "' could not be found in the input '" .. errors.compact(input:text())
    .. "'")
end

local function slot_values(self, ctx, state, input)
  local values = {}
  for number, slot in ipairs(self.slots) do
    local value, error, cause = slot.expression:find(input, ctx)
    if not value and error then
      return nil, error, errors.cause(ctx, state, cause)
    elseif not value then
      return not_found(ctx, state, slot, input)
    end
    values[number] = value
  end
  return values
end

--- Fills the template. Returns a value; or nil, error, cause.
function rendering:render(ctx, state, input)
  if self.constant then
    return self.constant
  end
  local context
  if self.uses_context then
    context = self.uses_whole and ctx:context() or ctx:brief_context()
  end
  local result, part
  if self.slots[1] then
    local values, error, cause = slot_values(self, ctx, state, input)
    if not values then
      return nil, error, cause
    end
    result, part = self.template:render(input, context, unpack(values))
  else
    result, part = self.template:render(input, context)
  end
  if result then
    return result
  end
  return not_found(ctx, state, self.holes[part], input)
end

return template
