--- From the tree as it is written to the tree that is compiled: paths are
-- lists of steps with their predicates, names are paths, parents are
-- resolved, calls in tail position are marked.
--
-- @module jsonata.analysis

local ancestry = require("jsonata.ancestry")
local errors = require("jsonata.errors")

local analysis = {}

local raise = errors.raise

local analyse

local function as_path(node)
  if node.type == "path" then
    return node
  end
  return { type = "path", steps = { node }, position = node.position }
end

local function check_literals(path)
  for _, step in ipairs(path.steps) do
    if step.type == "number" or step.type == "value" then
      raise("S0213", step.position, nil, step.value)
    elseif step.type == "string" then
      step.type = "name"
    end
  end
end

local function is_array_node(step)
  return step.type == "unary" and step.value == "["
end

local function finish_path(path, state)
  check_literals(path)
  for _, step in ipairs(path.steps) do
    if step.keep_array then
      path.keep_singleton = true
    end
  end
  if is_array_node(path.steps[1]) then
    path.steps[1].cons_array = true
  end
  if is_array_node(path.steps[#path.steps]) then
    path.steps[#path.steps].cons_array = true
  end
  ancestry.resolve(path, state)
end

local BINARY = {}

BINARY["."] = function(node, state)
  local left = analyse(node.lhs, state)
  local path = left.type == "path" and left
    or { type = "path", steps = { left }, position = node.position }
  if left.type == "parent" then
    path.seeking = { left.slot }
  end
  local right = analyse(node.rhs, state)
  if right.type == "path" then
    for _, step in ipairs(right.steps) do
      path.steps[#path.steps + 1] = step
    end
  else
    if right.predicate then
      right.stages, right.predicate = right.predicate, nil
    end
    path.steps[#path.steps + 1] = right
  end
  finish_path(path, state)
  return path
end

BINARY["["] = function(node, state)
  local result = analyse(node.lhs, state)
  local step, field = result, "predicate"
  if result.type == "path" then
    step, field = result.steps[#result.steps], "stages"
  end
  if step.group then
    raise("S0209", node.position)
  end
  step[field] = step[field] or {}
  local predicate = analyse(node.rhs, state)
  if predicate.seeking then
    ancestry.resolve_predicate(step, predicate, state)
  end
  table.insert(step[field], { type = "filter", expression = predicate,
                              position = node.position })
  return result
end

local function analyse_pairs(node, state)
  local pairs_list = {}
  for i, pair in ipairs(node.pairs) do
    local key, value = analyse(pair[1], state), analyse(pair[2], state)
    ancestry.push(node, key)
    ancestry.push(node, value)
    pairs_list[i] = { key, value }
  end
  return pairs_list
end

BINARY["{"] = function(node, state)
  local result = analyse(node.lhs, state)
  if result.group then
    raise("S0210", node.position)
  end
  result.group = { pairs = analyse_pairs(node, state),
                   position = node.position }
  return result
end

BINARY["^"] = function(node, state)
  local path = as_path(analyse(node.lhs, state))
  local step = { type = "sort", position = node.position, terms = {} }
  for i, term in ipairs(node.terms) do
    local expression = analyse(term.expression, state)
    ancestry.push(step, expression)
    step.terms[i] = { descending = term.descending, expression = expression }
  end
  table.insert(path.steps, step)
  ancestry.resolve(path, state)
  return path
end

BINARY[":="] = function(node, state)
  local value = analyse(node.rhs, state)
  local bind = { type = "bind", name = node.lhs.value, rhs = value,
                 position = node.position }
  state.binds[bind.name] = true
  ancestry.push(bind, value)
  return bind
end

BINARY["@"] = function(node, state)
  local result = analyse(node.lhs, state)
  local step = result
  if result.type == "path" then
    step = result.steps[#result.steps]
  end
  if step.stages or step.predicate then
    raise("S0215", node.position)
  elseif step.type == "sort" then
    raise("S0216", node.position)
  end
  step.keep_array = step.keep_array or node.keep_array
  step.focus, step.tuple = node.rhs.value, true
  return result
end

BINARY["#"] = function(node, state)
  local result = analyse(node.lhs, state)
  local step
  if result.type == "path" then
    step = result.steps[#result.steps]
  else
    step, result = result, as_path(result)
    if step.predicate then
      step.stages, step.predicate = step.predicate, nil
    end
  end
  if step.stages then
    table.insert(step.stages, { type = "index", name = node.rhs.value })
  else
    step.index = node.rhs.value
  end
  step.tuple = true
  return result
end

BINARY["~>"] = function(node, state)
  local left, right = analyse(node.lhs, state), analyse(node.rhs, state)
  return { type = "apply", lhs = left, rhs = right, position = node.position,
           keep_array = left.keep_array or right.keep_array }
end

local function operator(node, state)
  node.lhs, node.rhs = analyse(node.lhs, state), analyse(node.rhs, state)
  ancestry.push(node, node.lhs)
  ancestry.push(node, node.rhs)
  return node
end

local HANDLERS = { default = operator, coalesce = operator }

--- Both sides; `[` and the like are steps of a path.
function HANDLERS.binary(node, state)
  local handler = BINARY[node.value]
  local result = (handler or operator)(node, state)
  if node.keep_array and result ~= node then
    if result.type == "path" then
      result.keep_singleton = true
    end
    result.keep_array = true
  end
  return result
end

--- Constructors and the minus sign.
function HANDLERS.unary(node, state)
  if node.value == "[" then
    for i, item in ipairs(node.expressions) do
      node.expressions[i] = analyse(item, state)
      ancestry.push(node, node.expressions[i])
    end
  elseif node.value == "{" then
    node.pairs = analyse_pairs(node, state)
  else
    node.expression = analyse(node.expression, state)
    if node.expression.type == "number" and not node.expression.predicate then
      node.expression.value = -node.expression.value
      return node.expression
    end
    ancestry.push(node, node.expression)
  end
  return node
end

--- A name alone is a path of one step.
function HANDLERS.name(node)
  return { type = "path", steps = { node }, position = node.position,
           keep_singleton = node.keep_array }
end

--- `%`: which step it means is looked up later.
function HANDLERS.parent(node, state)
  node.slot = ancestry.slot(state)
  return node
end

-- Runs `work` in a scope of its own; returns the names bound there.
local function in_scope(state, work)
  local outer = state.binds
  state.binds = {}
  work()
  local names = {}
  for name in pairs(state.binds) do
    names[#names + 1] = name
  end
  table.sort(names)
  state.binds = outer
  return names
end

local function analyse_block(node, state)
  for i, item in ipairs(node.expressions) do
    local part = analyse(item, state)
    node.expressions[i] = part
    ancestry.push(node, part)
    if part.cons_array
       or part.type == "path" and part.steps[1].cons_array then
      node.cons_array = true
    end
  end
end

--- Expressions in parentheses; the last is the value.
function HANDLERS.block(node, state)
  node.binds = in_scope(state, function()
    analyse_block(node, state)
  end)
  return node
end

--- `? :`
function HANDLERS.condition(node, state)
  for _, field in ipairs({ "condition", "then_", "else_" }) do
    if node[field] then
      node[field] = analyse(node[field], state)
      ancestry.push(node, node[field])
    end
  end
  return node
end

local function call(node, state)
  for i, argument in ipairs(node.arguments) do
    if argument.type ~= "operator" then
      node.arguments[i] = analyse(argument, state)
      ancestry.push(node, node.arguments[i])
    end
  end
  node.procedure = analyse(node.procedure, state)
  return node
end

HANDLERS["function"], HANDLERS.partial = call, call

-- A call in tail position does not grow the stack.
local function mark_tail(node)
  if node.type == "function" and not node.predicate and not node.group
     and not node.keep_array then
    node.tail = true
  elseif node.type == "condition" and not node.predicate
         and not node.group then
    mark_tail(node.then_)
    if node.else_ then
      mark_tail(node.else_)
    end
  elseif node.type == "block" and not node.predicate and not node.group
         and #node.expressions > 0 then
    mark_tail(node.expressions[#node.expressions])
  end
end

HANDLERS["lambda"] = function(node, state)
  node.binds = in_scope(state, function()
    node.body = analyse(node.body, state)
  end)
  mark_tail(node.body)
  return node
end

--- `| pattern | update, delete |`
function HANDLERS.transform(node, state)
  node.pattern = analyse(node.pattern, state)
  node.update = analyse(node.update, state)
  node.delete = node.delete and analyse(node.delete, state)
  return node
end

--- `and`, `or`, `in` stand for names where no operator can.
function HANDLERS.operator(node)
  return raise("S0201", node.position, node.value)
end

analyse = function(node, state)
  state.nodes = (state.nodes or 0) + 1
  local handler = HANDLERS[node.type]
  return handler and handler(node, state) or node
end

--- The tree to compile, and the names bound outside of its blocks; raises an
-- error table.
function analysis.analyse(tree)
  local state = { labels = 0 }
  local result
  local binds = in_scope(state, function()
    result = analyse(tree, state)
  end)
  if result.type == "parent" or result.seeking then
    raise("S0217", result.position, result.type)
  end
  return result, binds, state.nodes
end

return analysis
