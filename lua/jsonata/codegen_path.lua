--- Paths as Lua source: steps, predicates, sorting. See jsonata.codegen.
--
-- While a path is walked, `dst` holds what has been found so far: nil, one
-- value, or an array of them (an array that is one value is a cons). The last
-- step leaves the path's value, or, in "raw" mode, an array in any case.
--
-- @module jsonata.codegen_path

local codegen = require("jsonata.codegen")
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

--- Filters the value in `dst` by a predicate. `next_step` is what comes
-- behind it.
function codegen.filter(g, stage, dst, next_step)
  local predicate = stage.expression
  if predicate.type == "number" and not predicate.predicate then
    g:emit(dst .. " = " .. g:call("at", dst, g:number(predicate.value)))
    return
  end
  local a, n, kept, count = g:temp(), g:temp(), g:temp(), g:temp()
  local i, x, p = g:temp(), g:temp(), g:temp()
  g:emit("if " .. dst .. " ~= nil then")
  codegen.fetch(g, dst, { predicate, next_step })
  g:emit(("local %s, %s = %s"):format(a, n, g:call("all_items", dst)),
         ("local %s, %s = %s, 0"):format(kept, count,
                                         g:call("room", n)),
         ("for %s = 1, %s do local %s, %s"):format(i, n, x, p),
         ("if %s then %s = %s[%s] else %s = %s end"):format(
           a, x, a, i, x, dst))
  g:optional(function()
    local kind = g:expression(predicate, x, p)
    g:emit(("if %s then %s = %s + 1 %s[%s] = %s end"):format(
             test_of(g, kind, p, i, n), count, count, kept, count, x),
           "end", dst .. " = " .. g:call("filtered", kept, count), "end")
  end)
end

local function stages(g, step, dst, next_step)
  for _, stage in ipairs(step.stages or {}) do
    codegen.filter(g, stage, dst, next_step)
  end
end

-- Evaluates a step for each of the items.
local function each(g, step, ctx, dst, mode, first, next_step)
  if not first then
    codegen.fetch(g, ctx, { step })
  end
  local a, n, i, x, r = g:temp(), g:temp(), g:temp(), g:temp(), g:temp()
  local m, one, found = g:temp(), g:temp(), g:temp()
  g:emit(("do local %s, %s = %s"):format(
           a, n, g:call(first and "first_items" or "items", ctx)),
         ("local %s, %s, %s = 0"):format(m, one, found),
         ("for %s = 1, %s do local %s, %s"):format(i, n, x, r),
         ("if %s then %s = %s[%s] else %s = %s end"):format(
           a, x, a, i, x, ctx))
  g:optional(function()
    local kind = g:expression(step, x, r)
    stages(g, step, r, next_step)
    local add = SCALAR[kind] and not step.stages and "collect_plain"
      or "collect"
    g:emit(("if %s ~= nil then %s, %s, %s = %s end"):format(
             r, m, one, found, g:call(add, m, one, found, r, n)),
           "end")
  end)
  g:emit(dst .. " = " .. g:call("found_" .. mode, m, one, found), "end")
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
           g:constant(descending), tostring(step.position)),
         "end end")
end

local NAMES = { next = "name", last = "last_name", raw = "raw_name" }

local function first_step(g, step, ctx, dst, mode, next_step)
  if step.cons_array and step.type == "unary" and not step.stages then
    g:expression(step, ctx, dst)
    if mode == "next" then
      g:emit(dst .. " = " .. g:call("uncons", dst))
    end
  elseif step.type == "variable" and not step.stages then
    g:expression(step, ctx, dst)
    g:emit(dst .. " = " .. g:call("single_" .. mode, dst))
  else
    each(g, step, ctx, dst, mode, true, next_step)
  end
end

local function plain_step(g, step, ctx, dst, mode, first, next_step)
  if step.type == "name" and not step.stages then
    g:emit(dst .. " = " .. g:call(NAMES[mode], ctx,
                                  g:constant(step.value)))
  elseif step.type == "sort" then
    codegen.fetch(g, ctx, { step, next_step })
    codegen.sort(g, step, ctx, dst, codegen.same)
    stages(g, step, dst, next_step)
    if mode ~= "next" then
      g:emit(dst .. " = " .. g:call("sorted_" .. mode, dst))
    end
  elseif first then
    first_step(g, step, ctx, dst, mode, next_step)
  else
    each(g, step, ctx, dst, mode, false, next_step)
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

--- Steps one after the other.
function nodes.path(g, node, ctx, dst)
  local count = #node.steps
  local tuple_at = first_tuple_step(node)
  local raw = node.keep_singleton or node.group
  for i = 1, (tuple_at or count + 1) - 1 do
    local is_last = i == count
    plain_step(g, node.steps[i], i == 1 and ctx or dst, dst,
               not is_last and "next" or raw and "raw" or "last", i == 1,
               node.steps[i + 1])
  end
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
  g:emit(dst .. " = " .. g:call("get", ctx, g:constant(node.value)))
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
