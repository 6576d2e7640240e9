--- env: environment variables of the server.
--
--     local env = require("env")
--     local mirror = env.get("MIRROR", "https://deb.debian.org/debian")
--     local token = env.require("API_TOKEN")
--
-- @module env

local core = require("task.core")

local env = {}

local function check_name(name)
  if type(name) ~= "string" or name == "" then
    error("env: the name of a variable expected", 3)
  end
end

--- The value of a variable.
-- @tparam string name
-- @param[opt] default what to return if it is not set
-- @return its text; `default` if it is not set (an empty one is set)
function env.get(name, default)
  check_name(name)
  local value = core.getenv(name)
  if value == nil then
    return default
  end
  return value
end

--- The value of a variable that has to be there.
-- @tparam string name
-- @treturn string its text, not empty
-- @raise Env.Missing if it is not set or empty
function env.require(name)
  check_name(name)
  local value = core.getenv(name)
  if value == nil or value == "" then
    error({
      Error = "Env.Missing",
      Cause = "environment variable " .. name .. " is not set",
    }, 0)
  end
  return value
end

return env
