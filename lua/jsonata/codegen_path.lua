--- Paths as Lua source: steps, predicates, sorting. See jsonata.codegen.
--
-- While a path is walked, `dst` holds what has been found so far: nil, one
-- value, or an array of them (an array that is one value is a cons). The last
-- step leaves the path's value, or, in "raw" mode, an array in any case.
--
-- @module jsonata.codegen_path

local codegen = require("jsonata.codegen")
local columns = require("jsonata.codegen_columns")
local hints = require("jsonata.hints")
local tuples = require("jsonata.codegen_tuples")

local nodes = codegen.nodes

local SCALAR = { number = true, string = true, boolean = true,
                 object = true }

-- The Lua condition by which an item stays: p is what the predicate gave, j
-- the item's number.
local function test_of(g, kind, p, j, count)
  if kind == "boolean" then
    return p
  end
  return ("%s == true or %s and %s"):format(
    p, p, g:call("picks", p, j, count))
end

--- Emits that members are fetched from the array in `value` that the nodes
-- are going to look at.
function codegen.fetch(g, value, list, variable)
  local names = hints.of(list, variable)
  if names then
    g:emit(g:call("fetch", value, g:constant(names)))
  end
end

-- What a filter leaves.
local function filtered(g, loop, dst, kept, count)
  local all = ("%s = %s"):format(dst, g:call("filtered", kept, count))
  if not loop:is_fused() then
    return all
  end
  local fused = loop.options.fused
  return ("if %s then %s = true %s = %s else %s end"):format(
    loop.lazy, fused.done, dst, g:call("column_" .. fused.mode, kept, count),
    all)
end

--- Filters the value in `dst` by a predicate. `next_step` is what comes
-- behind it; `fused`, if that is a name: that name, the function `mode` of the
-- runtime that it would be, and the locals `lone` (1 if there is but one value
-- to filter) and `done` (the step has been done).
function codegen.filter(g, stage, dst, next_step, fused)
  local predicate = stage.expression
  if predicate.type == "number" and not predicate.predicate then
    g:emit(dst .. " = " .. g:call("at", dst, g:constant(predicate.value)))
    return
  end
  local kept, count, p = g:temp(), g:temp(), g:temp()
  g:emit("if " .. dst .. " ~= nil then")
  local loop = columns.loop(g, dst, {
    items = "all_items", body = predicate, next_step = next_step,
    fused = fused })
  g:emit(("local %s, %s = %s, 0"):format(kept, count, g:call("room", loop.n)))
  loop:begin()
  g:optional(function()
    g:emit("local " .. p)
    local kind = g:expression(predicate, loop.x, p)
    loop:decide()
    g:emit("if " .. test_of(g, kind, p, loop.i, loop.n) .. " then")
    loop:keep(kept, count)
    g:emit("end")
    loop:close()
    g:emit(filtered(g, loop, dst, kept, count), "end")
  end)
  loop:finish()
end

local function stages(g, step, dst, next_step, fused)
  local list = step.stages or {}
  for i, stage in ipairs(list) do
    codegen.filter(g, stage, dst, next_step, i == #list and fused or nil)
  end
end

-- Evaluates a step for each of the items. `fused`: see codegen.filter.
local function each(g, step, ctx, dst, mode, first, next_step, fused)
  local r, m, one, found = g:temp(), g:temp(), g:temp(), g:temp()
  g:emit("do")
  local loop = columns.loop(g, ctx, {
    items = first and "first_items" or "items",
    body = not first and step or nil })
  if fused then
    fused.lone = loop.n
  end
  g:emit(("local %s, %s, %s = 0"):format(m, one, found))
  loop:begin()
  g:optional(function()
    g:emit("local " .. r)
    local kind = g:expression(step, loop.x, r)
    stages(g, step, r, next_step, fused)
    loop:decide()
    local add = SCALAR[kind] and not step.stages and "collect_plain"
      or "collect"
    g:emit(("if %s ~= nil then %s, %s, %s = %s end"):format(
             r, m, one, found, g:call(add, m, one, found, r, loop.n)))
    loop:close()
  end)
  g:emit(dst .. " = " .. g:call("found_" .. mode, m, one, found), "end")
  loop:finish()
end

local function sort_terms(g, step, a, n, keys, context)
  for t, term in ipairs(step.terms) do
    local i, x, r = g:temp(), g:temp(), g:temp()
    g:emit(("local %s = %s"):format(keys[t], g:call("room", n)),
           ("for %s = 1, %s do local %s, %s = %s[%s]"):format(
             i, n, x, r, a, i))
    g:optional(function()
      local ctx = context(x)
      g:expression(term.expression, ctx, r)
    end)
    g:emit(("%s[%s] = %s"):format(keys[t], i, r))
    if context ~= codegen.same then
      g:end_tuple_scope()
    end
    g:emit("end")
  end
end

--- The context of an item that is itself.
function codegen.same(x)
  return x
end

-- Sorts what has been found. `context` makes the context of an item.
function codegen.sort(g, step, source, dst, context)
  local a, n = g:temp(), g:temp()
  local keys, descending = {}, { [0] = #step.terms }
  for t, term in ipairs(step.terms) do
    keys[t] = g:temp()
    descending[t] = term.descending
  end
  g:emit(("do local %s, %s = %s"):format(a, n, g:call("items", source)),
         ("if %s > 1 then"):format(n))
  sort_terms(g, step, a, n, keys, context)
  g:emit(dst .. " = " .. g:call(
           "sorted", a, n, "{" .. table.concat(keys, ", ") .. "}",
           g:constant(descending), g:place(step.position)),
         "end end")
end

local NAMES = { next = "name", last = "last_name", raw = "raw_name" }

local function first_step(g, step, ctx, dst, mode, next_step, fused)
  if step.cons_array and step.type == "unary" and not step.stages then
    g:expression(step, ctx, dst)
    if mode == "next" then
      g:emit(dst .. " = " .. g:call("uncons", dst))
    end
  elseif step.type == "variable" and not step.stages then
    g:expression(step, ctx, dst)
    g:emit(dst .. " = " .. g:call("single_" .. mode, dst))
  else
    each(g, step, ctx, dst, mode, true, next_step, fused)
  end
end

local function is_plain_name(step)
  return step and step.type == "name" and not step.stages and not step.tuple
end

local function plain_step(g, step, ctx, dst, mode, first, next_step, fused)
  if is_plain_name(step) then
    local member = g:call(NAMES[mode], ctx, g:constant(step.value))
    if mode == "raw" then -- which columns do not have
      g:emit(dst .. " = " .. member)
    else
      columns.member(g, ctx, step.value, dst, member)
    end
  elseif step.type == "sort" then
    codegen.fetch(g, ctx, { step, next_step })
    codegen.sort(g, step, ctx, dst, codegen.same)
    stages(g, step, dst, next_step)
    if mode ~= "next" then
      g:emit(dst .. " = " .. g:call("sorted_" .. mode, dst))
    end
  elseif first then
    first_step(g, step, ctx, dst, mode, next_step, fused)
  else
    each(g, step, ctx, dst, mode, false, next_step, fused)
  end
end

local function first_tuple_step(path)
  for i, step in ipairs(path.steps) do
    if step.tuple then
      return i
    end
  end
  return nil
end

-- $name.member, where the variable is an item of columns: true if that is what
-- the path begins with.
local function variable_member(g, node, dst, mode)
  local variable, name = node.steps[1], node.steps[2]
  if variable.type ~= "variable" or variable.stages or variable.tuple
     or not is_plain_name(name) or mode == "raw" then
    return false
  end
  local var = g:find(variable.value)
  if not var or not var.bound or not var.ref or not g.loops[var.ref] then
    return false
  end
  columns.member(g, var.ref, name.value, dst,
                 g:call(NAMES[mode], g:call("single_next", var.ref),
                        g:constant(name.value)))
  return true
end

-- Adds what a step does to the list if that is simple: a name, and indices.
local function add_moves(list, step)
  if step.type ~= "name" or step.tuple then
    return false
  end
  local indices = {}
  for i, stage in ipairs(step.stages or {}) do
    local at = stage.expression
    if not at or at.type ~= "number" or at.predicate
       or math.abs(at.value) >= 2 ^ 31 then
      return false
    end
    indices[i] = math.floor(at.value)
  end
  list[#list + 1] = step.value
  for _, index in ipairs(indices) do
    list[#list + 1] = index
  end
  return true
end

-- The moves of the simple steps from number `from` up to `to`, and the number
-- of the first step behind them.
local function moves_from(node, from, to, last)
  local moves, i = {}, from
  while i <= to and not (i == #node.steps and last == "raw")
        and add_moves(moves, node.steps[i]) do
    i = i + 1
  end
  return moves, i
end

-- Step number `i`, with the next one if both can be one loop. Returns the
-- number of the first one behind. `last` is how the last step of the path
-- leaves what it finds.
local function one_step(g, node, i, to, ctx, dst, last)
  local count = #node.steps
  local step, next_step = node.steps[i], node.steps[i + 1]
  local after = i + 1 == count and last or "next"
  local fused
  if step.stages and i < to and is_plain_name(next_step)
     and after ~= "raw" then
    fused = { name = next_step.value, mode = NAMES[after], done = g:temp() }
    g:emit("local " .. fused.done)
  end
  plain_step(g, step, i == 1 and ctx or dst, dst, i == count and last or "next",
             i == 1, next_step, fused)
  if not fused then
    return i + 1
  end
  g:emit("if not " .. fused.done .. " then")
  plain_step(g, next_step, dst, dst, after, false, node.steps[i + 2])
  g:emit("end")
  return i + 2
end

-- The steps from number `from` up to `to`. Names and indices are taken at once
-- where that can be; otherwise one by one.
local function plain_steps(g, node, from, to, ctx, dst, last)
  local i = from
  while i <= to do
    local moves, behind = moves_from(node, i, to, last)
    local source = i == 1 and ctx or dst
    -- Step 2 is a name behind a variable, whose value mostly is no document.
    if #moves > 1 and i ~= 2 and not g.loops[source] then
      local taken, value = g:temp(), g:temp()
      local found = value
      if behind <= #node.steps and type(moves[#moves]) == "number" then
        found = g:call("single_next", value)
      end
      g:emit(("do local %s, %s = %s if %s then %s = %s else"):format(
        taken, value, g:call("walk", source, g:constant(moves)), taken, dst,
        found))
      while i < behind do
        i = one_step(g, node, i, behind - 1, ctx, dst, last)
      end
      g:emit("end end")
    else
      i = one_step(g, node, i, to, ctx, dst, last)
    end
  end
end

--- Steps one after the other.
function nodes.path(g, node, ctx, dst)
  local count = #node.steps
  local tuple_at = first_tuple_step(node)
  local last = (node.keep_singleton or node.group) and "raw" or "last"
  local to, from = (tuple_at or count + 1) - 1, 1
  if to >= 2 and variable_member(g, node, dst,
                                 count == 2 and last or "next") then
    from = 3
  end
  plain_steps(g, node, from, to, ctx, dst, last)
  if tuple_at then
    return tuples.path(g, node, tuple_at, ctx, dst)
  end
  if node.keep_singleton then
    g:emit(dst .. " = " .. g:call("kept", dst))
  end
  if node.group then
    codegen.fetch(g, dst, { node.group })
    codegen.group(g, node.group, dst, dst)
    return "object"
  end
  return "any"
end

--- A member of the context.
function nodes.name(g, node, ctx, dst)
  columns.member(g, ctx, node.value, dst,
                 g:call("get", ctx, g:constant(node.value)))
  return "any"
end

--- `*`
function nodes.wildcard(g, _, ctx, dst)
  g:emit(dst .. " = " .. g:call("wildcard", ctx))
  return "any"
end

--- `**`
function nodes.descendant(g, _, ctx, dst)
  g:emit(dst .. " = " .. g:call("descendants", ctx))
  return "any"
end

return codegen
