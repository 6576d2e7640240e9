--- Operators and constructors as Lua source. See jsonata.codegen.
--
-- @module jsonata.codegen_operators

local codegen = require("jsonata.codegen")
local columns = require("jsonata.codegen_columns")

local nodes = codegen.nodes

-- The runtime function of each operator that is one, whether it gets its
-- position, and its type.
local BINARY = {
  ["+"] = { "add", "number" }, ["-"] = { "subtract", "number" },
  ["*"] = { "multiply", "number" }, ["/"] = { "divide", "number" },
  ["%"] = { "remainder", "number" }, ["="] = { "equal", "boolean" },
  ["!="] = { "unequal", "boolean" }, ["<"] = { "less", "boolean" },
  ["<="] = { "less_equal", "boolean" }, [">"] = { "greater", "boolean" },
  [">="] = { "greater_equal", "boolean" }, ["in"] = { "includes", "boolean" },
  [".."] = { "range", "any" },
}

-- The left side in dst (or as it is), the right side in a local. Returns both.
local function both_sides(g, node, ctx, dst)
  local left = g:operand(node.lhs, ctx)
  if not left then
    g:expression(node.lhs, ctx, dst)
    left = dst
  end
  return left, (g:value(node.rhs, ctx))
end

local function simple(g, node, ctx, dst, row)
  g:emit("do")
  local left, right = both_sides(g, node, ctx, dst)
  g:emit(dst .. " = " .. g:call(row[1], left, right, g:place(node.position)),
         "end")
  return row[2]
end

local function logical(g, node, ctx, dst)
  local is_and = node.value == "and"
  local test = g:condition(node.lhs, ctx, dst)
  g:optional(function()
    g:emit("if " .. (is_and and "" or "not ") .. test .. " then")
    local second = g:condition(node.rhs, ctx, dst)
    g:emit(dst .. " = " .. second .. " and true or false")
    g:emit("else", dst .. " = " .. (is_and and "false" or "true"), "end")
  end)
  return "boolean"
end

-- The operands of a & b & c, left to right.
local function flatten(node, list)
  if node.type == "binary" and node.value == "&" and not node.predicate
     and not node.group and not node.keep_array then
    flatten(node.lhs, list)
    flatten(node.rhs, list)
  else
    list[#list + 1] = node
  end
  return list
end

local MAX_JOINED = 12

local function text_of(g, node, ctx)
  local operand, kind = g:value(node, ctx)
  if kind == "string" and node.type == "string" then
    return operand
  end
  return g:call("text", operand)
end

local function concatenation(g, node, ctx, dst)
  local parts = flatten(node, {})
  local sum = nil
  for first = 1, #parts, MAX_JOINED do
    g:emit("do")
    local texts = { sum }
    for i = first, math.min(first + MAX_JOINED - 1, #parts) do
      texts[#texts + 1] = text_of(g, parts[i], ctx)
    end
    g:emit(dst .. " = " .. g:call("joined", table.concat(texts, " .. ")))
    g:emit("end")
    sum = dst
  end
  return "string"
end

--- An operator with two operands.
function nodes.binary(g, node, ctx, dst)
  local row = BINARY[node.value]
  if row then
    return simple(g, node, ctx, dst, row)
  elseif node.value == "&" then
    return concatenation(g, node, ctx, dst)
  end
  return logical(g, node, ctx, dst)
end

local SCALAR = { number = true, string = true, boolean = true,
                 object = true }

-- Items are collected in the local `list`.
local function array_item(g, item, ctx, list)
  g:emit("do")
  local operand, kind = g:value(item, ctx)
  local whole = item.type == "unary" and item.value == "["
    or SCALAR[kind]
  g:emit(g:call(whole and "push_whole" or "push_item", list, operand), "end")
end

local function array(g, node, ctx, dst)
  local count = #node.expressions
  local list = g:temp()
  g:emit("do local " .. list .. " = " .. g:call("list", tostring(count)))
  for _, item in ipairs(node.expressions) do
    array_item(g, item, ctx, list)
  end
  if node.cons_array then
    g:emit(dst .. " = " .. g:call("cons", list), "end")
  else
    g:emit(dst .. " = " .. list, "end")
  end
  return "any"
end

-- True if all keys are texts and no two are the same.
local function has_fixed_keys(node)
  local seen = {}
  for _, pair in ipairs(node.pairs) do
    local key = pair[1]
    if key.type ~= "string" or key.predicate or seen[key.value] then
      return false
    end
    seen[key.value] = true
  end
  return true
end

local function fixed_object(g, node, ctx, dst)
  local keys = { [0] = #node.pairs }
  for i, pair in ipairs(node.pairs) do
    keys[i] = pair[1].value
  end
  local object, inner, missing = g:temp(), g:temp(), g:temp()
  local shape = g:constant(keys)
  g:emit("do")
  columns.alias(g, ctx, inner, g:call("group_context", ctx))
  g:emit("local " .. object .. " = " .. g:call("shaped", shape),
         "local " .. missing)
  for _, pair in ipairs(node.pairs) do
    local key = g:constant(pair[1].value)
    g:emit("do")
    local operand = g:value(pair[2], inner)
    g:emit(object .. "[" .. key .. "] = " .. operand)
    if pair[2].type ~= "string" and pair[2].type ~= "number" then
      g:emit("if " .. operand .. " == nil then " .. missing
             .. " = true end")
    end
    g:emit("end")
  end
  g:emit("if " .. missing .. " then " .. g:call("reshape", object) .. " end",
         dst .. " = " .. object, "end")
  return "object"
end

--- The minus sign; array and object constructors.
function nodes.unary(g, node, ctx, dst)
  if node.value == "[" then
    return array(g, node, ctx, dst)
  elseif node.value == "{" then
    if has_fixed_keys(node) then
      return fixed_object(g, node, ctx, dst)
    end
    codegen.group(g, node, ctx, dst)
    return "object"
  end
  local operand = g:operand(node.expression, ctx)
  if not operand then
    g:expression(node.expression, ctx, dst)
    operand = dst
  end
  g:emit(dst .. " = " .. g:call("negate", operand, g:place(node.position)))
  return "number"
end

-- Adds the items of a group to groups, by their keys.
local function group_keys(g, group, groups, item, ctx)
  for index, pair in ipairs(group.pairs) do
    g:emit("do")
    local key = g:value(pair[1], ctx)
    g:emit(g:call("group_add", groups, key, item, tostring(index),
                  g:place(group.position)), "end")
  end
end

local function group_values(g, group, entry, ctx, result)
  for index, pair in ipairs(group.pairs) do
    if index > 1 then
      g:emit("end")
    end
    if #group.pairs > 1 then
      g:emit("if " .. entry .. ".pair == " .. index .. " then")
    else
      g:emit("do")
    end
    g:expression(pair[2], ctx, result)
  end
  g:emit(#group.pairs > 0 and "end" or "")
end

--- Compiles an object whose keys are computed, over the value in the local
-- `source`. With `tuples` (names of their variables) that is a stream.
function codegen.group(g, group, source, dst, tuples)
  local groups, entry, item, ctx = g:temp(), g:temp(), g:temp(), g:temp()
  local result, i = g:temp(), g:temp()
  local function each(list, count, local_name)
    g:emit("for " .. i .. " = 1, " .. count .. " do",
           "local " .. local_name .. " = " .. list .. "[" .. i .. "]")
  end
  local function context(from)
    if tuples then
      g:emit("local " .. ctx .. " = " .. from .. "["
             .. g:constant("@") .. "]")
      g:tuple_scope(from, tuples)
    end
    return tuples and ctx or from
  end
  local list, count = g:temp(), g:temp()
  g:emit("do", "local " .. list .. ", " .. count .. " = "
         .. g:call(tuples and "group_tuples" or "group_items", source),
         "local " .. groups .. " = {n = 0}")
  g:optional(function()
    each(list, count, item)
    group_keys(g, group, groups, item, context(item))
    if tuples then
      g:end_tuple_scope()
    end
    g:emit("end", "local " .. list .. " = " .. g:call("object"))
    each(groups, groups .. ".n", entry)
    local data = g:temp()
    g:emit("local " .. result, "local " .. data .. " = "
           .. (tuples and g:call("reduce_tuples", entry .. ".data")
               or entry .. ".data"))
    group_values(g, group, entry, context(data), result)
    if tuples then
      g:end_tuple_scope()
    end
    g:emit("if " .. result .. " ~= nil then " .. g:call("put", list,
           entry .. ".key", result) .. " end", "end", dst .. " = " .. list,
           "end")
  end)
end

return codegen
