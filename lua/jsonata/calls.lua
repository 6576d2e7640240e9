--- Calls of functions at run time. Part of the runtime that generated code
-- calls.
--
-- A function value is { [0] = true, fn, arity, signature }. Built-in
-- functions have a signature, lambdas mostly have none.
--
-- @module jsonata.calls

local budget = require("jsonata.budget")
local errors = require("jsonata.errors")
local paths = require("jsonata.paths")
local signature = require("jsonata.signature")
local values = require("jsonata.values")

local calls = {}

local raise = errors.raise
local tick = budget.tick
local symbol = values.symbol
local is_array = values.is_array
local marked = values.marked

local BYTES_A_STEP = 8

-- Whether an argument is an array as it should be. If not, it may still be
-- made one: that is left to signature.validate.
local function array_fits(param, argument)
  local subtype = param.subtype
  if not is_array(argument) then
    return false
  elseif subtype == "n" then
    for i = 1, argument[0] do
      if type(argument[i]) ~= "number" then
        return false
      end
    end
  elseif subtype == "s" then
    for i = 1, argument[0] do
      if type(argument[i]) ~= "string" then
        return false
      end
    end
  elseif subtype == "o" then
    for i = 1, argument[0] do
      if symbol(argument[i]) ~= "o" then
        return false
      end
    end
  elseif subtype then
    return false
  end
  return true
end

local function one_fits(param, argument, is_given)
  if not is_given then
    return param.optional and not param.context
  elseif param.many then
    return false
  elseif param.array then
    return array_fits(param, argument)
  end
  return param.set[symbol(argument)] == true
end

-- Whether `count` arguments fit one by one, so that the function gets them as
-- they are.
local function fits(params, count, a, b, c, d)
  local total = #params
  if count > total or total > 4 then
    return false
  end
  return (total < 1 or one_fits(params[1], a, count >= 1))
    and (total < 2 or one_fits(params[2], b, count >= 2))
    and (total < 3 or one_fits(params[3], c, count >= 3))
    and (total < 4 or one_fits(params[4], d, count >= 4))
end

-- The arguments of a function with a signature, as it gets them.
local function validated(f, context, list, count)
  local given, total = signature.validate(f.signature, list, count, context)
  return unpack(given, 1, total)
end

local function invoke(f, context, count, a, b, c, d)
  local compiled = f.signature
  if not compiled then
    return f.fn(a, b, c, d)
  end
  local params = compiled.params
  if fits(params, count, a, b, c, d) then
    return f.fn(a, b, c, d)
  end
  return f.fn(validated(f, context, { a, b, c, d }, count))
end

--- Calls a function value with `count` arguments from a built-in function:
-- its result as it is.
function calls.apply(f, count, a, b, c, d)
  local depth = budget.depth - 1
  budget.depth = depth
  if depth < 0 then
    raise("D1011")
  end
  tick(1)
  local result
  if f.signature then
    result = invoke(f, nil, count, a, b, c, d)
  else
    result = f.fn(a, b, c, d)
  end
  budget.depth = depth + 1
  return result
end

--- Calls what a higher-order function was given: as many arguments as it
-- takes.
function calls.apply_item(f, item, index, all)
  local arity = f.arity
  return calls.apply(f, arity >= 3 and 3 or arity == 2 and 2 or 1, item,
                     arity >= 2 and index or nil, arity >= 3 and all or nil)
end

local function check(f, site)
  if type(f) ~= "table" or f[0] ~= true then
    raise("T1006", site.position, site.token)
  end
end

--- A call that is not in tail position, with up to four arguments.
function calls.call(f, site, context, count, a, b, c, d)
  check(f, site)
  local depth = budget.depth - 1
  budget.depth = depth
  if depth < 0 then
    raise("D1011", site.position, site.token)
  end
  tick(1)
  local result
  if f.signature then
    budget.site = site
    result = invoke(f, context, count, a, b, c, d)
  else
    result = f.fn(a, b, c, d)
  end
  budget.depth = depth + 1
  return result
end

-- Any number of arguments.
local function invoke_many(f, context, count, list)
  if f.signature then
    return f.fn(validated(f, context, list, count))
  end
  return f.fn(unpack(list, 1, count))
end

--- The same with any number of arguments.
function calls.call_many(f, site, context, count, list)
  check(f, site)
  local depth = budget.depth - 1
  budget.depth = depth
  if depth < 0 then
    raise("D1011", site.position, site.token)
  end
  tick(1)
  budget.site = site
  local result = invoke_many(f, context, count, list)
  budget.depth = depth + 1
  return result
end

--- A call in tail position, with up to four arguments.
function calls.tail_call(f, site, context, count, a, b, c, d)
  check(f, site)
  tick(1)
  if f.signature then
    budget.site = site
    return invoke(f, context, count, a, b, c, d)
  end
  return f.fn(a, b, c, d)
end

--- The same with any number of arguments.
function calls.tail_call_many(f, site, context, count, list)
  check(f, site)
  tick(1)
  budget.site = site
  return invoke_many(f, context, count, list)
end

---------------------------------------------------------------------------
-- Built-in functions that are called by their names
---------------------------------------------------------------------------

-- Steps of a call, most of which look at each byte of their first argument.
local function cost(a)
  return type(a) == "string" and 1 + #a / BYTES_A_STEP or 1
end

--- A call with up to four arguments.
function calls.builtin(f, site, context, count, a, b, c, d)
  budget.site = site
  tick(cost(a))
  return invoke(f, context, count, a, b, c, d)
end

--- The same with any number of arguments.
function calls.builtin_many(f, site, context, count, list)
  budget.site = site
  tick(count)
  return invoke_many(f, context, count, list)
end

---------------------------------------------------------------------------
-- Functions that are made
---------------------------------------------------------------------------

--- A function value.
function calls.lambda(fn, arity, compiled)
  return { [0] = true, fn = fn, arity = arity, signature = compiled,
           lambda = true }
end

--- T1005: what is called is not a function; a variable may be meant.
function calls.not_a_function(site)
  return raise("T1005", site.position, site.token)
end

--- T1007: the same of a partial application.
function calls.not_partial(site)
  return raise("T1007", site.position, site.token)
end

--- f with some arguments given; `holes` says which are not.
function calls.partial(f, site, context, holes, given)
  if type(f) ~= "table" or f[0] ~= true then
    raise("T1008", site.position, site.token)
  end
  local arity = 0
  for i = 1, holes[0] do
    arity = arity + (holes[i] and 1 or 0)
  end
  local count = holes[0]
  return calls.lambda(function(...)
    local list, at = {}, 0
    for i = 1, count do
      if holes[i] then
        at = at + 1
        list[i] = (select(at, ...))
      else
        list[i] = given[i]
      end
    end
    return calls.call_many(f, site, context, count, list)
  end, arity)
end

--- left ~> right: applies a function, or joins two.
function calls.chain(left, right, site, context)
  if type(right) ~= "table" or right[0] ~= true then
    raise("T2006", site.position, site.token, right)
  elseif type(left) == "table" and left[0] == true then
    return calls.lambda(function(x)
      local first = paths.unwrap(calls.call(left, site, context, 1, x))
      return paths.unwrap(calls.call(right, site, context, 1, first))
    end, 1)
  end
  return calls.call(right, site, context, 1, left)
end

---------------------------------------------------------------------------
-- $map, $filter and $reduce in place
---------------------------------------------------------------------------

--- The array that a higher-order function goes over, and its length.
function calls.hof_items(value)
  if value == nil then
    return nil, 0
  elseif is_array(value) then
    tick(value[0])
    return value, value[0]
  end
  return { [0] = 1, value }, 1
end

--- What it has found.
function calls.hof_found(found, count, array)
  if array == nil or count == 0 then
    return nil
  elseif count == 1 then
    return found[1]
  end
  found[0] = count
  return marked(found, values.SEQUENCE)
end

--- The same as a sequence in any case.
function calls.hof_raw(found, count, array)
  if array == nil then
    return nil
  end
  found[0] = count
  return marked(found, values.SEQUENCE)
end

--- Where $reduce starts: its first sum and first index.
function calls.reduce_start(array, count, init)
  if init == nil and count > 0 then
    return array[1], 2
  elseif array == nil then
    return nil, 1
  end
  return init, 1
end

return calls
