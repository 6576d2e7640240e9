--- Loads a workflow file, in the command line's process.
--
-- The file runs in an environment in which nothing can be done to the world:
-- it is loaded again in every worker, and has to be the same each time. Modules
-- of the standard library are there by name, to be used inside functions.
--
-- @module workflow.load

local captures = require("workflow.captures")
local compile = require("workflow.compile")
local moonstep = require("lib.moonstep")

local load = {}

-- What is of the library, or of Lua: not looked into for captures.
local function library(options)
  local known = setmetatable({}, { __mode = "k" })
  local self = { known = known, loaded = {}, options = options,
    members = { options.path } }
  for _, name in ipairs({ "string", "table", "math", "coroutine", "bit",
      "_G" }) do
    known[_G[name]] = true
  end
  known[moonstep] = true
  return self
end

-- Stands in for what only a task can use: calling it is an error that says so.
local function stand_in(self, path)
  local value = setmetatable({}, {
    __index = function(own, name)
      local member = stand_in(self, path .. "." .. tostring(name))
      rawset(own, name, member)
      return member
    end,
    __call = function()
      error(path .. ": only a task can do that; this file is loaded again in"
        .. " each worker, and must be the same each time. Call it inside the"
        .. " function of a task", 2)
    end,
  })
  self.known[value] = true
  return value
end

local environment

local function file_chunk(path, name, env)
  local file, why = io.open(path, "rb")
  if not file then
    error(why, 0)
  end
  local text = file:read("*a")
  file:close()
  local chunk, message = loadstring(text, "@" .. name)
  if not chunk then
    error(message, 0)
  end
  return setfenv(chunk, env)
end

local function is_file(path)
  local file = io.open(path, "rb")
  return file and file:close()
end

-- A module of the project's own: in the handlers, or beside the file; then it
-- has to be brought to the workers, too.
local function find_file(self, name)
  local below = name:gsub("%.", "/") .. ".lua"
  for _, directory in ipairs(self.options.handlers) do
    if is_file(directory .. "/" .. below) then
      return directory .. "/" .. below
    end
  end
  local beside = self.options.directory .. name .. ".lua"
  if not name:find("[./]") and is_file(beside) then
    self.members[#self.members + 1] = beside
    return beside
  end
end

local function require_file(self, name, path)
  if self.loaded[name] == self then
    error("module \"" .. name .. "\" requires itself in a circle", 0)
  end
  self.loaded[name] = self
  local value = file_chunk(path, path, environment(self))(name)
  self.loaded[name] = value == nil and true or value
  return self.loaded[name]
end

-- Modules without effects: these are what they are.
local PURE = { moonstep = moonstep }

local function require_in(self, name)
  if type(name) ~= "string" then
    error("require: a module's name is expected, got " .. type(name), 2)
  elseif PURE[name] then
    return PURE[name]
  elseif self.loaded[name] ~= nil and self.loaded[name] ~= self then
    return self.loaded[name]
  end
  local path = find_file(self, name)
  if path then
    return require_file(self, name, path)
  elseif self.options.is_library(name) then
    self.loaded[name] = stand_in(self, name)
    return self.loaded[name]
  end
  error("module \"" .. name .. "\" not found: neither beside the file, nor in"
    .. " the handlers, nor in the standard library", 2)
end

local PLAIN = {
  "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall",
  "rawequal", "rawget", "rawset", "select", "setmetatable", "tonumber",
  "tostring", "type", "unpack", "xpcall", "_VERSION", "string", "table",
  "coroutine", "bit",
}
local REFUSED = {
  "os", "io", "print", "dofile", "loadfile", "load", "loadstring", "getfenv",
  "setfenv", "collectgarbage", "newproxy", "debug", "jit", "package",
}

environment = function(self)
  local env = {}
  for _, name in ipairs(PLAIN) do
    env[name] = _G[name]
  end
  for _, name in ipairs(REFUSED) do
    env[name] = stand_in(self, name)
  end
  env.math = {}
  for name, value in pairs(math) do
    env.math[name] = name:find("^random") and stand_in(self, "math." .. name)
      or value
  end
  self.known[env.math] = true
  env._G = env
  function env.require(name)
    return require_in(self, name)
  end
  self.known[env] = true
  return env
end

-- patch.lua is "patch".
local function module_of(file)
  return (file:gsub("^.*/", ""):gsub("%.lua$", ""))
end

local function describe(value)
  return type(value) == "nil" and "nothing" or "a " .. type(value)
end

local function load_file(options)
  local self = library(options)
  local value = file_chunk(options.path, options.path, environment(self))()
  if not moonstep.is_workflow(value) then
    error(options.path .. ": a workflow file returns moonstep { … }; this one"
      .. " returns " .. describe(value), 0)
  end
  for _, f in pairs(value.functions) do
    captures.check(f, options.path, function(each)
      return self.known[each]
    end)
  end
  local text, lines = compile.compile(value, {
    file = options.path,
    module = module_of(options.path),
    region = options.region,
    account = options.account,
    Expression = moonstep.Expression,
    condition_name = moonstep.condition_name,
  })
  return text, lines, self.members
end

--- Compiles a workflow file.
--
-- `options` has `path`; `directory`, that of the file ("" or with a slash at
-- its end); `handlers`, a list of directories; `is_library(name)`; `region`
-- and `account`.
--
-- @tparam table options
-- @treturn string the definition, JSON; or nil
-- @return the line of each state by its name; or what is wrong, with the line
-- @treturn table the paths of the file and of the modules beside it that it
-- requires
function load.compile(options)
  local fine, text, lines, members = pcall(load_file, options)
  if not fine then
    return nil, tostring(text)
  end
  return text, lines, members
end

return load
