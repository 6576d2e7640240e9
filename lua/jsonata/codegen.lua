--- From the analysed tree to Lua source.
--
-- The source is a chunk that takes the constants K, the runtime R and the
-- positions P (for errors) and returns function(input, root, bind). It holds
-- identifiers of our own and few integers: names, texts and numbers are
-- constants.
--
-- Each node is compiled by a function (g, node, ctx, dst): statements that
-- put its value into the Lua local `dst`, where `ctx` is the local that holds
-- the context ($). It returns what is known of the value's type: "number",
-- "string", "boolean" (or undefined), "object", or "any".
--
-- Variables are Lua locals. If an expression is so large that LuaJIT's limits
-- (200 locals, 60 upvalues) are reached, it is compiled again in the boxed
-- way: variables live in tables F, of which each has its outer one at [0],
-- and deep or large parts become functions H[n](ctx, F) of their own.
--
-- @module jsonata.codegen

local values = require("jsonata.values")

local codegen = {}

--- Compilers of node types, filled by jsonata.codegen_*.
codegen.nodes = {}

local nodes = codegen.nodes

local MAX_NAMED_CONSTANTS = 16
local MAX_NAMED_HELPERS = 22
local MAX_NAMED_POSITIONS = 8
-- Boxed: how deep parts may nest before they become functions, and how many
-- nodes a function takes.
local MAX_NEST = 12
local MAX_NODES = 150

local Generator = {}
Generator.__index = Generator

--- Appends lines of Lua.
function Generator:emit(...)
  local out = self.out
  for i = 1, select("#", ...) do
    out[#out + 1] = (select(i, ...))
  end
end

--- A fresh local name.
function Generator:temp()
  self.temps = self.temps + 1
  return "t" .. self.temps
end

--- A constant, by content if it is a string or a number.
function Generator:constant(value)
  local index = self.constant_of[value]
  if not index then
    index = #self.constants + 1
    self.constants[index] = value
    self.constant_of[value] = index
  end
  if index <= MAX_NAMED_CONSTANTS then
    return "k" .. index
  end
  return "K[" .. index .. "]"
end

--- A function of the runtime.
function Generator:helper(name)
  local at = self.helper_of[name]
  if not at then
    at = #self.helpers + 1
    self.helpers[at] = name
    self.helper_of[name] = at
  end
  if at <= MAX_NAMED_HELPERS then
    return "h_" .. name
  end
  return "R." .. name
end

--- A call of a runtime function as text.
function Generator:call(name, ...)
  return self:helper(name) .. "(" .. table.concat({ ... }, ", ") .. ")"
end

--- A position in the expression, for errors.
function Generator:place(position)
  local index = #self.positions + 1
  self.positions[index] = position
  if index <= MAX_NAMED_POSITIONS then
    return "p" .. index
  end
  return "P[" .. index .. "]"
end

--- The place of a call, for errors.
function Generator:site(position, token)
  return self:constant({ position = position, token = token })
end

---------------------------------------------------------------------------
-- Scopes. A scope has vars: name -> { ref, bound, base, line, depth }.
---------------------------------------------------------------------------

--- How a frame `depth` is reached from here (boxed).
function Generator:frame(depth)
  return "F" .. ("[0]"):rep(self.frames - depth)
end

--- Variables declared from here on end with close_scope().
function Generator:open_scope()
  self.scope = { outer = self.scope, vars = {}, level = self.level }
  return self.scope
end

--- Ends what open_scope() began.
function Generator:close_scope()
  self.scope = self.scope.outer
end

--- Boxed: a new frame, inside of a Lua block that the caller opens.
function Generator:push_frame()
  self:emit("local F = {[0] = F}")
  self.frames = self.frames + 1
end

--- Ends the Lua function that push_frame() began.
function Generator:pop_frame()
  self.frames = self.frames - 1
end

--- Declares variables of the scope that is open. They hold UNBOUND until
-- they are bound, if anybody could see that.
function Generator:declare(names)
  for slot, name in ipairs(names) do
    local var = { bound = false, level = self.level }
    if self.boxed then
      var.frame, var.slot = self.frames, slot
    else
      var.ref = "v" .. self:temp()
    end
    self:emit("")
    var.line = #self.out
    var.out = self.out
    self.scope.vars[name] = var
    self:write_declaration(var)
  end
end

--- Declares a variable as a Lua local.
function Generator:write_declaration(var)
  if self.boxed then
    var.out[var.line] = "F[" .. var.slot .. "] = " .. self:helper("UNBOUND")
  elseif var.unsure then
    var.out[var.line] = "local " .. var.ref .. " = "
      .. self:helper("UNBOUND")
  else
    var.out[var.line] = "local " .. var.ref
  end
end

--- Declares a variable that is bound from the start: `source` is Lua.
function Generator:parameter(name, source, slot)
  local var = { bound = true }
  if self.boxed then
    var.frame, var.slot = self.frames, slot
    self:emit("F[" .. slot .. "] = " .. source)
  else
    var.ref = source
  end
  self.scope.vars[name] = var
end

--- Variables that the tuple in the local `tuple` has, from now on.
function Generator:tuple_scope(tuple, names)
  local scope = self:open_scope()
  if self.boxed then
    self:push_frame()
    self:emit("F[1] = " .. tuple)
  end
  for name in pairs(names) do
    local var = { bound = true, tuple = self:constant(name) }
    if self.boxed then
      var.frame, var.slot = self.frames, 1
    else
      var.ref = tuple
    end
    scope.vars[name] = var
  end
end

--- Ends the scope of the names that a tuple binds.
function Generator:end_tuple_scope()
  if self.boxed then
    self:pop_frame()
  end
  self:close_scope()
end

--- Lua for where a variable lives.
function Generator:reference(var)
  local ref = var.ref
    or self:frame(var.frame) .. "[" .. var.slot .. "]"
  if var.tuple then
    return ref .. "[" .. var.tuple .. "]"
  end
  return ref
end

--- The variable of that name in `scope` or further out, and its scope.
function Generator:find(name, scope)
  scope = scope or self.scope
  while scope do
    local var = scope.vars[name]
    if var then
      return var, scope
    end
    scope = scope.outer
  end
  return nil
end

--- The locals of the program: "root", "bind", "top" (its context).
function Generator:global(name)
  if self.boxed then
    local slot = name == "root" and 1 or name == "bind" and 2 or 3
    return self:frame(1) .. "[" .. slot .. "]"
  end
  return name
end

-- What a name means that no scope has: a binding, or a built-in function.
local function external(g, name)
  local builtin = g.builtins[name]
  local bound = g:global("bind") .. "[" .. g:constant(name) .. "]"
  if builtin then
    return g:call("either", bound, g:constant(builtin))
  end
  return bound
end

-- Emits the value of a variable into dst, looking from `scope` outwards.
local function lookup(g, name, dst, scope)
  local var, found = g:find(name, scope)
  if not var then
    g:emit(dst .. " = " .. external(g, name))
    return
  end
  g:emit(dst .. " = " .. g:reference(var))
  if not var.bound then
    var.unsure = true
    g:write_declaration(var)
    g:emit("if " .. dst .. " == " .. g:helper("UNBOUND") .. " then")
    lookup(g, name, dst, found.outer)
    g:emit("end")
  end
end

--- True if the name is that of a built-in function and nothing else.
function Generator:is_builtin(name)
  if self.builtins[name] == nil or self:find(name)
     or self.shadowed[name] then
    return false
  end
  self.direct[name] = true
  return true
end

---------------------------------------------------------------------------
-- Nodes
---------------------------------------------------------------------------

--- Lua for the value of a node, if that takes no statements; and its type.
function Generator:operand(node, ctx)
  if node.predicate or node.group or node.keep_array then
    return nil
  elseif node.type == "number" then
    return self:constant(node.value), "number"
  elseif node.type == "string" then
    return self:constant(node.value), "string"
  elseif node.type == "value" then
    if type(node.value) == "boolean" then
      return tostring(node.value), "boolean"
    end
    return self:constant(node.value), "any"
  elseif node.type == "variable" then
    return self:variable_operand(node.value, ctx)
  end
  return nil
end

--- A variable as an operand: a local, or one bound from outside.
function Generator:variable_operand(name, ctx)
  if name == "" then
    return ctx == "top" and self:global("root") or ctx, "any"
  elseif name == "$" then
    return self:global("root"), "any"
  end
  return nil
end

-- Boxed: the node as a function of its own. Returns its number.
local function hoist(g, node)
  local saved = { out = g.out, nest = g.nest, level = g.level,
                  tail = g.tail, used = g.used }
  g.out, g.nest, g.level, g.tail, g.used = {}, 0, g.level + 1, nil, 0
  local number = #g.hoisted + 1
  g.hoisted[number] = false
  g:emit("H[" .. number .. "] = function(ctx, F)", "local r")
  local kind = g:expression(node, "ctx", "r")
  g:emit("return r", "end")
  g.hoisted[number] = table.concat(g.out, "\n")
  g.out, g.nest, g.level = saved.out, saved.nest, saved.level
  g.tail, g.used = saved.tail, saved.used
  return number, kind
end

local function finish(g, node, ctx, dst, kind)
  if node.predicate then
    for _, stage in ipairs(node.predicate) do
      codegen.filter(g, stage, dst)
    end
    kind = "any"
  end
  if node.group and node.type ~= "path" then
    codegen.group(g, node.group, dst, dst)
    return "object"
  end
  if node.keep_array and node.type ~= "path" then
    g:emit(dst .. " = " .. g:call("keep", dst))
  elseif node.predicate then
    g:emit(dst .. " = " .. g:call("unwrap", dst))
  end
  return kind, ctx
end

--- Compiles a node into dst; returns its type.
function Generator:expression(node, ctx, dst)
  local operand, kind = self:operand(node, ctx)
  if operand then
    if operand ~= dst then
      self:emit(dst .. " = " .. operand)
    end
    return kind
  end
  self.nest, self.used = self.nest + 1, self.used + 1
  if self.boxed and (self.nest > MAX_NEST or self.used > MAX_NODES)
     and not node.tail then
    self.nest = self.nest - 1
    local number
    number, kind = hoist(self, node)
    self:emit(dst .. " = H[" .. number .. "](" .. ctx .. ", F)")
    return kind
  end
  kind = nodes[node.type](self, node, ctx, dst)
  kind = finish(self, node, ctx, dst, kind)
  self.nest = self.nest - 1
  return kind
end

--- Compiles a node to an operand: as it is, or in a fresh local.
function Generator:value(node, ctx)
  local operand, kind = self:operand(node, ctx)
  if operand then
    return operand, kind
  end
  local temp = self:temp()
  self:emit("local " .. temp)
  return temp, self:expression(node, ctx, temp)
end

--- Compiles a node as a condition: Lua that is true or not.
function Generator:condition(node, ctx, dst)
  local kind = self:expression(node, ctx, dst)
  if kind == "boolean" then
    return dst
  end
  return self:call("truth", dst)
end

--- Code that may not run: what it binds is not sure to be bound behind it.
function Generator:optional(work)
  self.level = self.level + 1
  work()
  self.level = self.level - 1
end

--- A number.
function nodes.number(g, node, _, dst)
  g:emit(dst .. " = " .. g:constant(node.value))
  return "number"
end

--- A string.
function nodes.string(g, node, _, dst)
  g:emit(dst .. " = " .. g:constant(node.value))
  return "string"
end

--- true, false or null.
function nodes.value(g, node, _, dst)
  if type(node.value) == "boolean" then
    g:emit(dst .. " = " .. tostring(node.value))
    return "boolean"
  end
  g:emit(dst .. " = " .. g:constant(node.value))
  return "any"
end

--- A regular expression: compiled once, a constant.
function nodes.regex(g, node, _, dst)
  local matcher = g.matcher(node.value)
  g:emit(dst .. " = " .. g:constant(matcher))
  return "any"
end

--- `$name`, `$` and `$$`.
function nodes.variable(g, node, ctx, dst)
  local operand = g:variable_operand(node.value, ctx)
  if operand then
    g:emit(dst .. " = " .. operand)
  else
    lookup(g, node.value, dst)
    if not node.predicate and not node.keep_array then
      g:emit(dst .. " = " .. g:call("unwrap", dst))
    end
  end
  return "any"
end

--- `%`: a name that the step it means has bound.
function nodes.parent(g, node, _, dst)
  lookup(g, node.slot.label, dst)
  return "any"
end

--- `$name := value`
function nodes.bind(g, node, ctx, dst)
  local var = g.scope.vars[node.name]
  if node.rhs.type == "lambda" and var.level == g.level then
    var.bound = true -- nobody can call it before it is there
  end
  local kind = g:expression(node.rhs, ctx, dst)
  g:emit(g:reference(var) .. " = " .. dst)
  var.bound = var.bound or var.level == g.level
  return kind
end

--- Expressions one after the other, in a scope of their own.
function nodes.block(g, node, ctx, dst)
  local count = #node.expressions
  if count == 0 then
    g:emit(dst .. " = nil")
    return "any"
  end
  local is_scope = #node.binds > 0
  g:open_scope()
  g:emit("do")
  if is_scope then
    if g.boxed then
      g:push_frame()
    end
    g:declare(node.binds)
  end
  for i = 1, count - 1 do
    g:emit("do local x")
    g:expression(node.expressions[i], ctx, "x")
    g:emit("end")
  end
  local kind = g:expression(node.expressions[count], ctx, dst)
  g:emit("end")
  if is_scope and g.boxed then
    g:pop_frame()
  end
  g:close_scope()
  return kind
end

--- `? :`
function nodes.condition(g, node, ctx, dst)
  local temp = g:temp()
  local first, second = nil, "any"
  g:emit("do local " .. temp)
  local test = g:condition(node.condition, ctx, temp)
  g:optional(function()
    g:emit("if " .. test .. " then")
    first = g:expression(node.then_, ctx, dst)
    g:emit("else")
    if node.else_ then
      second = g:expression(node.else_, ctx, dst)
    else
      g:emit(dst .. " = nil")
    end
    g:emit("end end")
  end)
  return first == second and first or "any"
end

nodes["default"] = function(g, node, ctx, dst)
  local test = g:condition(node.lhs, ctx, dst)
  g:optional(function()
    g:emit("if not " .. test .. " then")
    g:expression(node.rhs, ctx, dst)
    g:emit("end")
  end)
  return "any"
end

--- `??` and `?:`
function nodes.coalesce(g, node, ctx, dst)
  g:expression(node.lhs, ctx, dst)
  g:optional(function()
    g:emit("if " .. dst .. " == nil then")
    g:expression(node.rhs, ctx, dst)
    g:emit("end")
  end)
  return "any"
end

--- Compiles a tree: Lua source, its constants and positions, and the names of
-- the built-in functions that are called without asking for bindings.
-- `options`: builtins (name -> function value), shadowed (names that bindings
-- redefine), boxed, matcher (makes the function of a regular expression).
function codegen.generate(tree, binds, options)
  local g = setmetatable({
    out = {}, temps = 0, nest = 0, level = 0, frames = 1, used = 0,
    positions = {}, constants = {}, constant_of = {}, helpers = {},
    helper_of = {}, hoisted = {}, boxed = options.boxed,
    builtins = options.builtins, shadowed = options.shadowed or {},
    matcher = options.matcher,
    direct = {}, loops = {},
  }, Generator)
  g:emit("return function(top, root, bind)")
  g:open_scope()
  if g.boxed then
    g:emit("local F = {root, bind, top}")
    g.frames = 1
    if #binds > 0 then
      g:push_frame()
    end
  end
  g:declare(binds)
  g:emit("local r")
  g:expression(tree, "top", "r")
  g:emit("return r", "end")
  local head = { "local K, R, P = ..." }
  for i = 1, math.min(#g.positions, MAX_NAMED_POSITIONS) do
    head[#head + 1] = "local p" .. i .. " = P[" .. i .. "]"
  end
  for i = 1, math.min(#g.constants, MAX_NAMED_CONSTANTS) do
    head[#head + 1] = "local k" .. i .. " = K[" .. i .. "]"
  end
  for i = 1, math.min(#g.helpers, MAX_NAMED_HELPERS) do
    head[#head + 1] = "local h_" .. g.helpers[i] .. " = R." .. g.helpers[i]
  end
  if #g.hoisted > 0 then
    head[#head + 1] = "local H = {}"
    head[#head + 1] = table.concat(g.hoisted, "\n")
  end
  head[#head + 1] = table.concat(g.out, "\n")
  local direct = {}
  for name in pairs(g.direct) do
    direct[#direct + 1] = name
  end
  return table.concat(head, "\n"), g.constants, g.positions, direct
end

codegen.null = values.null

return codegen
