--- Bundles of handlers: their modules, their globals, their functions.
--
-- A bundle is a set of files under one content hash; it never changes, so
-- what is loaded from it is kept. Each bundle has its own table of globals
-- (reading falls through to the common ones) and its own `require`: a file of
-- the bundle, else a module of the standard library, which all bundles share.
--
-- The file is a chunk: called with `host` (core/worker/lua_bundle.c) it returns
-- the function that makes a bundle of a table of files.
--
-- host.source(name) -> the text of lua/lib/NAME.lua, or nil
-- host.loading(n)      begin (1) or end (-1) loading: nothing can wait then
-- host.turn() -> number of this uninterrupted run
-- host.isolate         what `first` returns for a module to be isolated
-- host.isolated        this process is for one task at a time
-- host.lambda          opens lua/worker/lambda.lua
-- host.aws             opens lua/worker/aws.lua
-- host.http_task       opens lua/worker/http_task.lua

local host = ...

local globals = _G
local package_loaded, preload = package.loaded, package.preload
local concat, sort = table.concat, table.sort
local setmetatable, setfenv, type = setmetatable, setfenv, type
local error, pcall, loadstring, tostring = error, pcall, loadstring, tostring

--- Loads a module once. A module that is being loaded by this very run is
-- required in a circle; one that another run was loading never came to an end
-- (its task was ended) and is loaded again.
local function load_once(loaded, loading, name, load)
  if loaded[name] ~= nil then
    return loaded[name]
  end
  if loading[name] == host.turn() then
    error("module \"" .. name .. "\" requires itself in a circle", 0)
  end
  loading[name] = host.turn()
  host.loading(1)
  local ok, value = pcall(load, name)
  host.loading(-1)
  loading[name] = nil
  if not ok then
    error(value, 0)
  end
  if value == nil then
    value = true
  end
  loaded[name] = value
  return value
end

--- The standard library: Lua files that are built in, then C modules.
local library_loaded, library_loading = {}, {}
local library_env = setmetatable({}, { __index = globals })

local function library_load(name)
  local text = host.source(name)
  if text then
    local chunk, message = loadstring(text, "@lib/" .. name .. ".lua")
    if not chunk then
      error(message, 0)
    end
    return setfenv(chunk, library_env)(name)
  end
  return preload[name](name)
end

local function library_require(name)
  if package_loaded[name] ~= nil then
    return package_loaded[name]
  end
  if not preload[name] and not host.source(name) then
    return nil
  end
  return load_once(library_loaded, library_loading, name, library_load)
end

--- require() of the library's own modules: they see only the library.
function library_env.require(name)
  local value = library_require(name)
  if value == nil then
    error("the standard library has no module \"" .. name .. "\"", 2)
  end
  return value
end

local moonstep = library_require("moonstep")
local run_lambda = host.lambda(library_require)
local run_aws = host.aws(library_require)
local run_http = host.http_task(library_require)

local function names(list, predicate)
  local found = {}
  for name, value in pairs(list) do
    if type(name) == "string" and predicate(value) then
      found[#found + 1] = name
    end
  end
  sort(found)
  if #found > 20 then
    found[21] = "…"
  end
  return #found > 0 and concat(found, ", ", 1, math.min(#found, 21))
    or "nothing"
end

local function failure(text)
  error({ Error = "States.TaskFailed", Cause = text }, 0)
end

local function anything()
  return true
end

local function is_function(value)
  return type(value) == "function"
end

--- Makes a bundle of { ["patch.lua"] = text }. Returns the function that is
-- called for a task whose function is not in `functions` yet.
return function(files, functions)
  local loaded, loading = {}, {}
  local env = setmetatable({}, { __index = globals })
  env._G = env
  env.package = setmetatable({ loaded = loaded }, { __index = package })

  local function path_of(name)
    local path = name:gsub("%.", "/") .. ".lua"
    return files[path] and path or files[name .. ".lua"] and name .. ".lua"
  end

  local function file_load(name)
    local path = path_of(name)
    local chunk, message = loadstring(files[path], "@" .. path)
    if not chunk then
      error(message, 0)
    end
    return setfenv(chunk, env)(name)
  end

  --- require() of handlers: a file of the bundle, else the library.
  function env.require(name)
    if type(name) ~= "string" then
      error("require: a module's name is expected, got " .. type(name), 2)
    end
    if path_of(name) then
      return load_once(loaded, loading, name, file_load)
    end
    local value = library_require(name)
    if value == nil then
      error("module \"" .. name .. "\" not found: neither in the handlers"
        .. " nor in the standard library", 2)
    end
    return value
  end

  -- "patch.Look at v1.2": the function of a state may have points in its
  -- name, so the longest part that is a file is the module.
  local function split(name)
    local module, member = name:match("^(.+)%.([^.]+)$")
    local at = module
    while at do
      if path_of(at) then
        return at, name:sub(#at + 2)
      end
      at = at:match("^(.+)%.")
    end
    return module, member
  end

  --- Finds "module.function" and whether its module wants to be isolated.
  local function find(name)
    local module, member = split(name)
    if next(files) == nil then
      failure("lua:" .. name .. ": there are no handlers (the bundle of this"
        .. " execution is empty or not stored any more)")
    elseif not module then
      failure("lua:" .. name .. ": a resource is lua:module.function")
    elseif not path_of(module) then
      failure("lua:" .. name .. ": there is no file "
        .. module:gsub("%.", "/") .. ".lua; the handlers have "
        .. names(files, anything))
    end
    local value = env.require(module)
    if type(value) ~= "table" then
      failure("lua:" .. name .. ": " .. path_of(module) .. " must return a"
        .. " table of functions, it returned " .. type(value))
    end
    if moonstep.is_workflow(value) then
      value = value.functions
    end
    if type(value[member]) ~= "function" then
      failure("lua:" .. name .. ": " .. path_of(module) .. " has no function "
        .. tostring(member) .. "; it has " .. names(value, is_function))
    end
    return value[member], value.isolate == true
  end

  -- The handler of a Lambda function; nil if there is none. Then `isolate`.
  local function lambda_handler(name)
    local value = path_of(name) and env.require(name)
    if type(value) == "function" then
      return value
    elseif type(value) == "table" and type(value.handler) == "function" then
      local apart = value.isolate == true and not host.isolated
      return value.handler, apart and host.isolate or nil
    end
    return nil
  end

  -- The handler that stands in for an operation of an AWS service, as above.
  local function aws_handler(name, operation)
    local value = path_of(name) and env.require(name)
    if type(value) ~= "table" or type(value[operation]) ~= "function" then
      return nil
    end
    local apart = value.isolate == true and not host.isolated
    return value[operation], apart and host.isolate or nil
  end

  return function(name, input, task)
    local kind, resource = name:match("^(%a+):(.+)$")
    if kind == "lambda" then
      return run_lambda(resource, input, lambda_handler, task)
    elseif kind == "aws" then
      return run_aws(resource, input, aws_handler, task)
    elseif kind == "http" then
      return run_http(input)
    end
    local handler, isolate = find(name)
    if isolate and not host.isolated then
      return host.isolate
    end
    functions[name] = handler
    return handler(input, task)
  end
end
