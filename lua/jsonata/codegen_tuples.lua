--- Paths that bind variables (@$x, #$i) or whose steps % refers to: a stream
-- of tuples instead of a sequence of values. See jsonata.codegen.
--
-- A tuple is a table: "@" is its context, the others are variables by name
-- and ancestors by label.
--
-- @module jsonata.codegen_tuples

local codegen = require("jsonata.codegen")

local tuples = {}

local function field(g, name)
  return name and g:constant(name) or "nil"
end

local function note(names, step)
  if step.focus then
    names[step.focus] = true
  end
  if step.index then
    names[step.index] = true
  end
  if step.ancestor then
    names[step.ancestor.label] = true
  end
end

-- What streams inside of a step carry out of it.
local function note_inner(names, node)
  if not node.tuple then
    return
  end
  if node.type == "block" then
    note_inner(names, node.expressions[#node.expressions])
  elseif node.type == "path" then
    for _, step in ipairs(node.steps) do
      note(names, step)
      note_inner(names, step)
      for _, stage in ipairs(step.stages or {}) do
        if stage.type == "index" then
          names[stage.name] = true
        end
      end
    end
  end
end

local function open(g, tuple, names)
  local ctx = g:temp()
  g:emit(("local %s = %s[%s]"):format(ctx, tuple, g:constant("@")))
  g:tuple_scope(tuple, names)
  return ctx
end

local function filter(g, stage, stream, names)
  local kept, count = g:temp(), g:temp()
  local i, tuple, p, n = g:temp(), g:temp(), g:temp(), g:temp()
  g:emit(("do local %s, %s, %s = {}, 0, %s[0]"):format(kept, count, n,
                                                       stream),
         ("for %s = 1, %s do local %s, %s = %s[%s]"):format(
           i, n, tuple, p, stream, i))
  g:optional(function()
    local ctx = open(g, tuple, names)
    g:expression(stage.expression, ctx, p)
    g:end_tuple_scope()
  end)
  g:emit(("if %s == true or %s and %s then %s = %s + 1 %s[%s] = %s end"):format(
           p, p, g:call("picks", p, i, n), count, count, kept, count, tuple),
         "end",
         ("%s[0] = %s"):format(kept, count),
         ("%s = %s end"):format(stream, kept))
end

local function stages(g, step, stream, names)
  for _, stage in ipairs(step.stages or {}) do
    if stage.type == "index" then
      g:emit(g:call("number_tuples", stream, g:constant(stage.name)))
      names[stage.name] = true
    else
      filter(g, stage, stream, names)
    end
  end
end

local function copy(names)
  local result = {}
  for name in pairs(names) do
    result[name] = true
  end
  return result
end

local function each(g, step, stream, names)
  local found, i, tuple, r = g:temp(), g:temp(), g:temp(), g:temp()
  g:emit(("do local %s = {[0] = 0}"):format(found),
         ("for %s = 1, %s[0] do local %s, %s = %s[%s]"):format(
           i, stream, tuple, r, stream, i))
  g:optional(function()
    local ctx = open(g, tuple, copy(names))
    g:expression(step, ctx, r)
    g:end_tuple_scope()
  end)
  g:emit(("if %s ~= nil then %s end"):format(
           r, g:call("expand", found, tuple, r, field(g, step.focus),
                     field(g, step.index),
                     field(g, step.ancestor and step.ancestor.label))),
         "end",
         ("%s = %s end"):format(stream, found))
  note(names, step)
  note_inner(names, step)
end

local function step_of(g, step, stream, names)
  if step.type == "sort" then
    codegen.sort(g, step, stream, stream, function(tuple)
      return open(g, tuple, copy(names))
    end)
    if step.index then
      g:emit(g:call("number_tuples", stream, g:constant(step.index)))
      names[step.index] = true
    end
  else
    each(g, step, stream, names)
  end
  stages(g, step, stream, names)
end

-- The first step of the stream, if that sorts plain values.
local function sorted_values(g, step, source, stream, names)
  codegen.sort(g, step, source, source, codegen.same)
  g:emit(("%s = %s"):format(stream, g:call("tuples", source, "false")),
         g:call("number_tuples", stream, g:constant(step.index)))
  names[step.index] = true
  stages(g, step, stream, names)
end

--- Compiles the steps of a path from `from` on; what was found before is in
-- dst.
function tuples.path(g, node, from, ctx, dst)
  local stream, names = g:temp(), {}
  local source = from == 1 and ctx or dst
  local guard = from > 1
  g:emit(guard and ("if %s ~= nil then"):format(dst) or "do",
         "local " .. stream)
  local first = from
  if node.steps[from].type == "sort" and node.steps[from].index then
    g:emit(("%s = %s"):format(dst, source))
    sorted_values(g, node.steps[from], dst, stream, names)
    first = from + 1
  else
    g:emit(("%s = %s"):format(stream, g:call(
      "tuples", source, tostring(from == 1))))
  end
  for i = first, #node.steps do
    step_of(g, node.steps[i], stream, names)
  end
  if node.group then
    codegen.group(g, node.group, stream, dst, names)
  elseif node.tuple then
    g:emit(dst .. " = " .. g:call("as_stream", stream))
  else
    g:emit(dst .. " = " .. g:call(
      node.keep_singleton and "kept_values" or "tuple_values", stream))
  end
  g:emit("end")
  return "any"
end

return tuples
