--- hello: the handlers of examples/hello.
--
-- A handler is a function of the task's input (a table) and the task; what
-- it returns is the task's output.

local log = require("log")

local hello = {}

--- Greets input.name, or the world.
function hello.greet(input)
  local name = input.name or "World"
  if type(name) ~= "string" then
    error({ Error = "Hello.BadName", Cause = "name must be text" })
  end
  log("greeting %s", name)
  return "Hello, " .. name .. "!"
end

return hello
