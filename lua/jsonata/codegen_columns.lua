--- Loops over the items of an array as Lua source. See jsonata.codegen.
--
-- An array that a document has and that is not filled yet is gone over by
-- columns if all that the loop's body does with an item is to look at members
-- by their names: that takes a table for each name instead of one for each
-- item. Whether an array is one of these shows at run time only, so the code
-- of a loop does both: its local `lazy` is the document, or nil if there are
-- items.
--
-- @module jsonata.codegen_columns

local hints = require("jsonata.hints")

local columns = {}

local Loop = {}
Loop.__index = Loop

--- A loop over `value`: the local `x` has the items in turn, `i` counts them,
-- `n` is how many there are and `a` the array that has them, if one does.
-- `options`: items (the runtime function that finds them), body (the node, if
-- any, that looks at members), variable (of whose value it does), next_step
-- (looks at members of what is kept), fused (see keep), plain (there are items
-- in any case). Emits what comes before the loop.
function columns.loop(g, value, options)
  local nodes = { options.body, options.next_step }
  local loop = setmetatable({
    g = g, value = value, options = options, aliases = {}, generic = {},
    names = hints.of(nodes, options.variable), of = {}, locals = {},
    a = g:temp(), n = g:temp(), i = g:temp(), x = g:temp(),
    lazy = g:temp(), nodes = g:temp(),
  }, Loop)
  if not g.boxed and not options.plain then
    for at, name in ipairs(loop.names or {}) do
      loop.locals[at] = g:temp()
      loop.of[name] = loop.locals[at]
    end
  end
  g:emit("")
  loop.head = #g.out
  return loop
end

--- The beginning of the body: what is compiled from here on up to decide()
-- sees the columns. The first item is that of number `from` (default 1).
function Loop:begin(from)
  local g = self.g
  g:emit(("for %s = %s, %s do local %s"):format(self.i, from or "1", self.n,
                                                self.x), "")
  self.first = #g.out
  if self.locals[1] then
    self.aliases[1] = self.x
    g.loops[self.x] = self
  end
end

--- Emits that `dst` becomes the member `name` of the context `ctx`: `generic`
-- finds it if that is no item of columns.
function columns.member(g, ctx, name, dst, generic)
  local loop = g.loops[ctx]
  local column = loop and loop.of[name]
  if not column then
    g:emit(dst .. " = " .. generic)
    return
  end
  g:emit(("if %s then %s = %s[%s] else %s = %s end"):format(
    loop.lazy, dst, column, loop.i, dst, generic))
  loop.generic[#g.out] = dst .. " = " .. generic
end

--- Emits that the local `inner` becomes `source`: what the context `ctx` is in
-- another one's place. An item of columns is itself.
function columns.alias(g, ctx, inner, source)
  local line = "local " .. inner .. " = " .. source
  g:emit(line)
  local loop = g.loops[ctx]
  if loop then
    g.loops[inner] = loop
    table.insert(loop.aliases, inner)
    loop.generic[#g.out] = line
  end
end

-- Whether a line of Lua has the local `name`.
local function has_local(line, name)
  return line:find(name, 1, true)
    and line:find("%f[%w_]" .. name .. "%f[^%w_]")
end

-- Whether the body has an item for more than its members.
local function uses_item(loop)
  local out = loop.g.out
  for _, name in ipairs(loop.aliases) do
    for at = loop.first + 1, #out do
      if has_local(out[at], name) and not loop.generic[at] then
        return true
      end
    end
  end
  return false
end

--- The end of what looks at members: whether there are columns is known.
function Loop:decide()
  local out = self.g.out
  local item = ("if %s then %s = %s[%s] else %s = %s end"):format(
    self.a, self.x, self.a, self.i, self.x, self.value)
  for _, name in ipairs(self.aliases) do
    self.g.loops[name] = nil
  end
  self.has_columns = self.locals[1] and not uses_item(self)
  if self.has_columns then
    item = ("if not %s then %s end"):format(self.lazy, item)
  else
    for at, line in pairs(self.generic) do
      out[at] = line
    end
  end
  out[self.first] = item
end

-- Lua that makes of the item an element with the members that the next step
-- looks at, in the local `element`.
local function element_of(loop, element)
  local g, step = loop.g, loop.options.next_step
  local names, text = step and hints.of({ step }) or {}, {}
  for _, name in ipairs(names) do
    if loop.of[name] then
      text[#text + 1] = ("%s[%s] = %s[%s]"):format(
        element, g:constant(name), loop.of[name], loop.i)
    end
  end
  loop.needs_nodes = true
  table.insert(text, 1, ("local %s = %s"):format(element, g:call(
    "element", loop.lazy, ("%s[%s]"):format(loop.nodes, loop.i),
    tostring(#text))))
  return table.concat(text, " ")
end

--- Emits that the item is put behind the `count` ones in `kept`. If the loop
-- is fused with the step behind it, which is a name, the items of columns are
-- already what that gives.
function Loop:keep(kept, count)
  local g, fused = self.g, self.options.fused
  local add = ("%s = %s + 1 %s[%s] = %%s"):format(count, count, kept, count)
  if not self.has_columns then
    g:emit(add:format(self.x))
    return
  end
  local v = g:temp()
  if self:is_fused() then
    local column = self.of[fused.name]
    g:emit(("if %s then local %s = %s[%s] if %s ~= nil then %s end"):format(
      self.lazy, v, column, self.i, v, add:format(v)))
  else
    g:emit(("if %s then %s %s"):format(self.lazy, element_of(self, v),
                                       add:format(v)))
  end
  g:emit("else " .. add:format(self.x) .. " end")
end

--- Whether columns give what the next step does.
function Loop:is_fused()
  local fused = self.options.fused
  return self.has_columns and fused and self.of[fused.name] ~= nil
end

--- The end of the loop's body. Of one item, nothing is repeated: LuaJIT would
-- try to compile a loop that ends at once, over and over, until it refuses to
-- compile what is around it too.
function Loop:close()
  self.g:emit(("if %s == 1 then break end end"):format(self.n))
end

--- Lua for what the loop goes over: nil if that is undefined.
function Loop:source()
  if self.has_columns then
    return ("(%s or %s)"):format(self.a, self.lazy)
  end
  return self.a
end

-- Lua that finds the columns, in the locals `found`.
local function column_source(loop, found)
  local g, fused = loop.g, loop.options.fused
  local names = { nodes = loop.needs_nodes, unpack(loop.names) }
  if not loop:is_fused() then
    return ("%s = %s"):format(found, g:call("columns", loop.value,
                                            g:constant(names)))
  end
  for at, name in ipairs(names) do
    names.flat = name == fused.name and at or names.flat
  end
  local constant = g:constant(names)
  return ("if %s == 1 then %s = %s else %s end"):format(
    fused.lone, found, g:call("columns", loop.value, constant),
    g:call("fetch", loop.value, constant))
end

--- The end of the loop, behind its code: now the line before it is known.
function Loop:finish()
  local g = self.g
  local items = ("%s, %s = %s"):format(
    self.a, self.n, g:call(self.options.items, self.value))
  local head
  if self.has_columns then
    local found = table.concat({ self.n, self.lazy, self.nodes,
                                 unpack(self.locals) }, ", ")
    head = ("local %s, %s %s if not %s then %s end"):format(
      self.a, found, column_source(self, found), self.lazy, items)
  else
    head = "local " .. items
    if self.names then
      head = g:call("fetch", self.value, g:constant(self.names)) .. " "
        .. head
    end
  end
  g.out[self.head] = head
end

return columns
