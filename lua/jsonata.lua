--- JSONata: expressions as Lua functions.
--
--   local program, err = jsonata.compile("$sum(items.price)")
--   local value = program:run(input, bindings, options)
--
-- Text goes through lexer, parser and analysis to Lua source, once; the
-- source is compiled by LuaJIT. What values look like: jsonata.values. An
-- error is a table { code, position, token, value, ... }, see jsonata.errors.
--
-- @module jsonata

local analysis = require("jsonata.analysis")
local budget = require("jsonata.budget")
local codegen = require("jsonata.codegen")
require("jsonata.codegen_operators")
require("jsonata.codegen_path")
require("jsonata.codegen_call")
local core = require("wf.jsonata")
local errors = require("jsonata.errors")
local functions_regex = require("jsonata.functions_regex")
local parser = require("jsonata.parser")
local signature = require("jsonata.signature")
local values = require("jsonata.values")

local jsonata = {}

---------------------------------------------------------------------------
-- What generated code calls
---------------------------------------------------------------------------

local runtime = { UNBOUND = {} }

for _, name in ipairs({ "operators", "paths", "collections", "calls",
                        "transforms" }) do
  for key, value in pairs(require("jsonata." .. name)) do
    assert(runtime[key] == nil or runtime[key] == value, key)
    runtime[key] = value
  end
end

--- A binding, if there is one, else the built-in function of that name.
function runtime.either(binding, builtin)
  if binding ~= nil then
    return binding
  end
  return builtin
end

---------------------------------------------------------------------------
-- Built-in functions
---------------------------------------------------------------------------

--- Function values by name.
jsonata.builtins = {}

local function builtin(row)
  return { [0] = true, fn = row[3], arity = row[2],
           signature = signature.parse(row[1]) }
end

for _, name in ipairs({ "strings", "regex", "numbers", "arrays", "objects",
                        "time" }) do
  for key, row in pairs(require("jsonata.functions_" .. name)) do
    if type(row) == "table" then
      jsonata.builtins[key] = builtin(row)
    end
  end
end

-- The program that runs: what $eval sees of it.
local running = { bindings = nil }

-- The built-in functions and $eval.
local with_eval = setmetatable({}, { __index = jsonata.builtins })

--- A function value for bindings: `fn` gets its arguments as the signature
-- says, or undefined.
function jsonata.native(text, arity, fn)
  return builtin({ text, arity, fn })
end

--- The built-in functions and others (rows: signature, arity, function), for
-- the option `builtins`.
function jsonata.functions(rows)
  local functions = setmetatable({}, { __index = jsonata.builtins })
  for name, row in pairs(rows) do
    functions[name] = builtin(row)
  end
  return functions
end

---------------------------------------------------------------------------
-- Compiling
---------------------------------------------------------------------------

local MANY_NODES = 1500

-- Lua by its source. Expressions that differ in names, texts and numbers only
-- have the same source, so what LuaJIT compiles for one serves all.
local chunks = setmetatable({}, { __mode = "v" })

-- Lua that is compiled, or nil and why LuaJIT refuses it.
local function chunk_of(source)
  local chunk, problem = chunks[source], nil
  if not chunk then
    chunk, problem = core.compile(source, "=jsonata")
    chunks[source] = chunk
  end
  return chunk, problem
end

-- The Lua function of a tree, or nil and why LuaJIT refuses it; what it
-- comes from, and the names of built-in functions that are called directly.
local function load_tree(tree, binds, options, boxed)
  local source, constants, positions, used = codegen.generate(tree, binds, {
    builtins = options.builtins
      or (options.eval and with_eval or jsonata.builtins),
    matcher = functions_regex.matcher, shadowed = options.shadowed,
    boxed = boxed,
  })
  local chunk, problem = chunk_of(source)
  if not chunk then
    return nil, problem
  end
  return chunk(constants, runtime, positions), chunk, used
end

local function compile_tree(tree, binds, nodes, options)
  local run, chunk, used
  if nodes < MANY_NODES then
    run, chunk, used = load_tree(tree, binds, options, false)
  end
  if not run then
    run, chunk, used = load_tree(tree, binds, options, true)
  end
  if not run then
    errors.raise("S0601", nil, nil, chunk)
  end
  return run, chunk, used
end

local function as_error(problem)
  if type(problem) == "userdata" then
    return problem -- of options.spend: not ours
  elseif type(problem) == "table" then
    if not problem.position and budget.site then
      problem.position = budget.site.position
      problem.token = problem.token or budget.site.token
    end
    return problem
  elseif tostring(problem):find("stack overflow", 1, true) then
    return { code = "D1011" }
  elseif tostring(problem):find("not enough memory", 1, true) then
    core.collect() -- or there is none for what follows
    return { code = "D2015", message = "The evaluation takes too much memory",
             value = 0 }
  end
  return { code = "D0000", message = tostring(problem) }
end

local program = {}
program.__index = program

-- The function that is compiled for bindings that redefine built-in
-- functions.
local function shadowing(self, bindings)
  local shadowed, builtins = {}, self.builtins or jsonata.builtins
  for name in pairs(bindings) do
    if builtins[name] then
      shadowed[name] = true
    end
  end
  return (compile_tree(analysis.analyse(parser.parse(self.text)), self.binds,
                       self.nodes,
                       { shadowed = shadowed, eval = self.eval,
                         builtins = self.builtins }))
end

local NO_BINDINGS = {}

local function redefines(self, bindings)
  for _, name in ipairs(self.used) do
    if bindings[name] ~= nil then
      return true
    end
  end
  return false
end

--- Evaluates the program. `bindings`: values by name (without $). `options`:
-- depth (of calls), steps, timelimit (milliseconds), now_ms, spend (a function
-- that is told how many steps were taken, while and after they are). Raises an
-- error table, or what `spend` raises.
function program:run(input, bindings, options)
  local fn = self.fn
  bindings = bindings or NO_BINDINGS
  if self.used[1] and redefines(self, bindings) then
    fn = shadowing(self, bindings)
  end
  local top = input
  if values.is_array(input) and not values.is_sequence(input) then
    top = setmetatable({ [0] = 1, input }, values.OUTER)
  end
  local saved, outer = budget.start(options), running.bindings
  running.bindings = bindings
  local ok, result = pcall(fn, top, input, bindings)
  running.bindings = outer
  if not ok then
    result = as_error(result)
  end
  budget.finish(saved)
  if not ok then
    error(result, 0)
  end
  return result
end

local function compile(text, options)
  local tree, binds, nodes = analysis.analyse(parser.parse(text))
  local fn, chunk, used = compile_tree(tree, binds, nodes, options)
  return setmetatable({ fn = fn, chunk = chunk, text = text, binds = binds,
                        nodes = nodes, used = used, eval = options.eval,
                        builtins = options.builtins },
                      program)
end

local NO_OPTIONS = {}

--- Compiles an expression. Returns a program, or nil and an error table.
-- `options`: eval = true offers $eval; builtins, what jsonata.functions()
-- made, are other functions than the usual ones.
function jsonata.compile(text, options)
  local saved = budget.site
  budget.site = false
  local ok, result = pcall(compile, text, options or NO_OPTIONS)
  if not ok then
    result = as_error(result)
    if result.code == "D1011" then
      result.code = "S0601"
    end
  end
  budget.site = saved
  if ok then
    return result
  end
  return nil, result
end

-- $eval(text, context): an expression in a text.
local function eval(text, context)
  if text == nil then
    return nil
  end
  local inner, err = jsonata.compile(text, { eval = true })
  if not inner then
    errors.raise("D3120", nil, nil, errors.message(err), { error = err })
  end
  local left = { depth = budget.depth, steps = budget.steps + budget.left }
  local ok, result = pcall(inner.run, inner, context, running.bindings, left)
  if not ok then
    errors.raise("D3121", nil, nil, errors.message(result),
                 { error = result })
  end
  return result
end

with_eval.eval = builtin({ "<sx-:x>", 2, eval })

jsonata.message = errors.message
--- A value of wf.doc as JSONata's; a value of JSONata's as JSON text.
jsonata.decode, jsonata.encode = core.decode, core.encode
--- A value as JSON text; or nil and an error table. Raises what `spend` does.
function jsonata.text(value)
  local ok, text = pcall(core.encode, value)
  if ok then
    return text
  end
  local problem = as_error(text)
  if type(problem) == "userdata" then
    error(problem, 0)
  end
  return nil, problem
end

--- JSON text as a value; or nil and what is wrong.
jsonata.parse = core.parse

return jsonata
