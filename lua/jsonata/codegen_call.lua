--- Functions as Lua source: calls, lambdas, partial application, chaining,
-- transforms. See jsonata.codegen.
--
-- @module jsonata.codegen_call

local codegen = require("jsonata.codegen")
local columns = require("jsonata.codegen_columns")

local nodes = codegen.nodes

local MAX_DIRECT = 4 -- arguments that runtime functions take one by one

-- The name under which errors speak of a procedure.
local function token_of(procedure)
  if procedure.type == "path" then
    return procedure.steps[1].value
  end
  return procedure.value
end

local function is_builtin(g, node)
  local procedure = node.procedure
  return procedure.type == "variable" and not procedure.predicate
    and not procedure.group and g:is_builtin(procedure.value)
end

-- The arguments as operands; `first` (an operand) goes before them.
local function operands(g, node, ctx, first)
  local list = { first }
  for _, argument in ipairs(node.arguments) do
    list[#list + 1] = (g:value(argument, ctx))
  end
  return list
end

-- A call of runtime function `name`, or `name`_many beyond four arguments.
local function call_with(g, name, head, list)
  local count = #list
  if count > MAX_DIRECT then
    return g:call(name .. "_many", head, tostring(count),
                  "{" .. table.concat(list, ", ") .. "}")
  end
  return g:call(name, head, tostring(count), unpack(list))
end

local inline = {}

local function lambda_argument(node, at)
  local argument = node.arguments[at]
  if argument and argument.type == "lambda" and not argument.signature
     and not argument.predicate and not argument.group
     and not argument.keep_array then
    return argument
  end
  return nil
end

-- The body of a lambda in place: `sources` are the Lua values of its
-- parameters.
local function body_inline(g, lambda, ctx, dst, sources)
  g:open_scope()
  g:emit("do")
  if g.boxed then
    g:push_frame()
  end
  for i, parameter in ipairs(lambda.arguments) do
    g:parameter(parameter.value, sources[i] or "nil", i)
  end
  local names = {}
  for _, name in ipairs(lambda.binds) do
    if not g.scope.vars[name] then
      names[#names + 1] = name
    end
  end
  if g.boxed and #names > 0 then
    g:push_frame()
  end
  for _, parameter in ipairs(lambda.arguments) do
    local var = g.scope.vars[parameter.value]
    var.level = g.level
  end
  g:declare(names)
  local saved = g.tail
  g.tail = nil
  local kind = g:expression(lambda.body, ctx, dst)
  g.tail = saved
  if g.boxed then
    g:pop_frame()
    if #names > 0 then
      g:pop_frame()
    end
  end
  g:emit("end")
  g:close_scope()
  return kind
end

-- The loop over the array that is the first argument, whose items the lambda
-- has as its parameter number `item`.
local function loop_over(g, node, ctx, first, lambda, item, plain)
  local list = first or (g:value(node.arguments[1], ctx))
  local parameter = lambda.arguments[item]
  return columns.loop(g, list, {
    items = "hof_items", body = parameter and lambda.body,
    variable = parameter and parameter.value, plain = plain })
end

local function index_of(i)
  return "(" .. i .. " - 1)"
end

local function map_or_filter(is_filter)
  return function(g, node, ctx, dst, first, lambda)
    local found, count, r = g:temp(), g:temp(), g:temp()
    g:emit("do")
    local loop = loop_over(g, node, ctx, first, lambda, 1,
                           #lambda.arguments > 2)
    local x = loop.x
    g:emit(("local %s, %s = %s, 0"):format(found, count,
                                           g:call("room", loop.n)))
    loop:begin()
    g:emit("local " .. r)
    g:optional(function()
      local kind = body_inline(g, lambda, ctx, r,
                               { x, index_of(loop.i), loop.a })
      loop:decide()
      local test = r .. " ~= nil"
      if is_filter then
        test = kind == "boolean" and r or g:call("truth", r)
      end
      g:emit("if " .. test .. " then")
      if is_filter then
        loop:keep(found, count)
      else
        g:emit(("%s = %s + 1 %s[%s] = %s"):format(count, count, found, count,
                                                  r))
      end
      g:emit("end")
      loop:close()
    end)
    local raw = node.keep_array or node.predicate or node.group or node.tail
    g:emit(dst .. " = " .. g:call(raw and "hof_raw" or "hof_found", found,
                                  count, loop:source()), "end")
    loop:finish()
    return "any"
  end
end

inline.map = map_or_filter(false)
inline.filter = map_or_filter(true)

--- $reduce with a function written in place: a loop.
function inline.reduce(g, node, ctx, dst, first, lambda)
  if #lambda.arguments < 2 then
    return nil
  end
  local init_at = first and 2 or 3
  local from, sum, r = g:temp(), g:temp(), g:temp()
  g:emit("do")
  local loop = loop_over(g, node, ctx, first, lambda, 2, true)
  local init = node.arguments[init_at]
  local value = init and (g:value(init, ctx)) or "nil"
  g:emit(("local %s, %s = %s"):format(
           sum, from, g:call("reduce_start", loop.a, loop.n, value)))
  loop:begin(from)
  g:emit("local " .. r)
  g:optional(function()
    body_inline(g, lambda, ctx, r, { sum, loop.x, index_of(loop.i), loop.a })
    loop:decide()
  end)
  g:emit(sum .. " = " .. r)
  loop:close()
  g:emit(dst .. " = " .. g:call("unwrap", sum), "end")
  loop:finish()
  return "any"
end

local LAMBDA_AT = { map = 2, filter = 2, reduce = 2 }

-- Tries to compile a call of a built-in function in place.
local function call_inline(g, node, ctx, dst, first)
  local name = node.procedure.value
  local count = #node.arguments + (first and 1 or 0)
  if name == "exists" and count == 1 then
    g:emit("do")
    local operand = first or (g:value(node.arguments[1], ctx))
    g:emit(dst .. " = " .. operand .. " ~= nil", "end")
    return "boolean"
  end
  local lambda = LAMBDA_AT[name]
    and lambda_argument(node, LAMBDA_AT[name] - (first and 1 or 0))
  if not lambda or count < 2 or count > (name == "reduce" and 3 or 2) then
    return nil
  end
  return inline[name](g, node, ctx, dst, first, lambda)
end

local RESULT = {
  sum = "number", count = "number", length = "number", string = "string",
  number = "number", uppercase = "string", lowercase = "string",
  contains = "boolean", ["not"] = "boolean", boolean = "boolean",
  floor = "number", ceil = "number", round = "number", abs = "number",
  max = "number", min = "number", average = "number", join = "string",
  toMillis = "number", trim = "string", substring = "string",
  type = "string", millis = "number",
}

local function finished(g, node, dst, call)
  if node.keep_array or node.predicate or node.group or node.tail then
    g:emit(dst .. " = " .. call)
  else
    g:emit(dst .. " = " .. g:call("unwrap", call))
  end
end

-- Whether a built-in function called with `count` arguments may take the
-- context for another one.
local function takes_context(builtin, count)
  local params = builtin.signature and builtin.signature.params or {}
  local may, many = false, false
  for _, param in ipairs(params) do
    may, many = may or param.context, many or param.many
  end
  return may and (many or count ~= #params)
end

-- A call; `first` is the operand that ~> puts before the arguments.
local function call(g, node, ctx, dst, first)
  local site = g:site(node.position, token_of(node.procedure))
  if is_builtin(g, node) then
    local kind = call_inline(g, node, ctx, dst, first)
    if kind then
      return kind
    end
    local builtin = g.builtins[node.procedure.value]
    g:emit("do")
    local list = operands(g, node, ctx, first)
    local context = takes_context(builtin, #list) and ctx or "nil"
    local head = table.concat({ g:constant(builtin), site, context }, ", ")
    local result = RESULT[node.procedure.value]
    if result then
      g:emit(dst .. " = " .. call_with(g, "builtin", head, list))
    else
      finished(g, node, dst, call_with(g, "builtin", head, list))
    end
    g:emit("end")
    return result or "any"
  end
  g:emit("do")
  local procedure = g:temp()
  g:emit("local " .. procedure)
  g:expression(node.procedure, ctx, procedure)
  if node.procedure.type == "path" then
    local name = token_of(node.procedure)
    if g.builtins[name] or g:find(name) then
      g:emit(("if %s == nil then %s end"):format(
        procedure, g:call("not_a_function", site)))
    end
  end
  local list = operands(g, node, ctx, first)
  local head = table.concat({ procedure, site, ctx }, ", ")
  if node.tail and g.tail == dst then
    g:emit("do return " .. call_with(g, "tail_call", head, list) .. " end")
  else
    finished(g, node, dst, call_with(g, "call", head, list))
  end
  g:emit("end")
  return "any"
end

nodes["function"] = function(g, node, ctx, dst)
  return call(g, node, ctx, dst, nil)
end

--- `~>`
function nodes.apply(g, node, ctx, dst)
  g:emit("do")
  local left = g:value(node.lhs, ctx)
  if node.rhs.type == "function" then
    local inner = setmetatable({ keep_array = node.keep_array,
                                 predicate = false, group = false,
                                 tail = false },
                               { __index = node.rhs })
    call(g, inner, ctx, dst, left)
  else
    local right = g:value(node.rhs, ctx)
    local site = g:site(node.position, "~>")
    finished(g, node, dst, g:call("chain", left, right, site, ctx))
  end
  g:emit("end")
  return "any"
end

--- A call with `?` among its arguments.
function nodes.partial(g, node, ctx, dst)
  local site = g:site(node.position, token_of(node.procedure))
  g:emit("do")
  local procedure = g:temp()
  g:emit("local " .. procedure)
  g:expression(node.procedure, ctx, procedure)
  if node.procedure.type == "path" then
    local name = token_of(node.procedure)
    if g.builtins[name] or g:find(name) then
      g:emit(("if %s == nil then %s end"):format(
        procedure, g:call("not_partial", site)))
    end
  end
  local list, holes = {}, { [0] = #node.arguments }
  for i, argument in ipairs(node.arguments) do
    holes[i] = argument.type == "operator"
    list[i] = holes[i] and "nil" or (g:value(argument, ctx))
  end
  g:emit(dst .. " = " .. g:call("partial", procedure, site, ctx,
                                g:constant(holes),
                                "{" .. table.concat(list, ", ") .. "}"),
         "end")
  return "any"
end

-- A Lua function with its own body; returns when `work` has put the result
-- into r.
local function lua_function(g, name, parameters, work)
  g:emit(("local function %s(%s)"):format(name, parameters))
  local saved_used, saved_nest = g.used, g.nest
  g.used = 0
  work()
  g.used, g.nest = saved_used, saved_nest
  g:emit("end")
end

local function declare_parameters(g, node, locals)
  g:open_scope()
  if g.boxed then
    g:push_frame()
  end
  local given = {}
  for i, parameter in ipairs(node.arguments) do
    g:parameter(parameter.value, locals[i], i)
    g.scope.vars[parameter.value].level = g.level
    given[parameter.value] = true
  end
  local names = {}
  for _, name in ipairs(node.binds) do
    if not given[name] then
      names[#names + 1] = name
    end
  end
  local extra = g.boxed and #names > 0
  if extra then
    g:push_frame()
  end
  g:declare(names)
  return extra
end

nodes["lambda"] = function(g, node, ctx, dst)
  local name, locals, r = g:temp(), {}, g:temp()
  for i = 1, #node.arguments do
    locals[i] = g:temp()
  end
  g:emit("do")
  lua_function(g, name, table.concat(locals, ", "), function()
    g:optional(function()
      local saved = g.tail
      local extra = declare_parameters(g, node, locals)
      g:emit("local " .. r)
      g.tail = r
      g:expression(node.body, ctx, r)
      g.tail = saved
      if g.boxed then
        g:pop_frame()
        if extra then
          g:pop_frame()
        end
      end
      g:close_scope()
      g:emit("return " .. r)
    end)
  end)
  g:emit(dst .. " = " .. g:call("lambda", name, tostring(#node.arguments),
                                node.signature and g:constant(node.signature)
                                or "nil"), "end")
  return "any"
end

local function part(g, node)
  local name, x, r = g:temp(), g:temp(), g:temp()
  lua_function(g, name, x, function()
    g:optional(function()
      g:emit("local " .. r)
      local saved = g.tail
      g.tail = nil
      g:expression(node, x, r)
      g.tail = saved
      g:emit("return " .. r)
    end)
  end)
  return name
end

--- `| pattern | update, delete |`
function nodes.transform(g, node, _, dst)
  g:emit("do")
  local pattern, update = part(g, node.pattern), part(g, node.update)
  local delete = node.delete and part(g, node.delete) or "nil"
  local clone = g:temp()
  g:emit("local " .. clone)
  g:expression({ type = "variable", value = "clone" }, "nil", clone)
  g:emit(dst .. " = " .. g:call("transform", pattern, update, delete, clone,
                                g:site(node.position)), "end")
  return "any"
end

return codegen
