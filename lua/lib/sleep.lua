--- sleep: lets time pass, for this task only.
--
--     local sleep = require("sleep")
--     sleep(1.5)
--
-- Other tasks of the worker go on. Under the virtual clock no real time
-- passes. For a wait of hours use a Wait state: it needs no worker and
-- survives every restart.
--
-- @module sleep

local core = require("task.core")

--- Sleeps.
-- @tparam number seconds 0 or more, fractions allowed
-- @function sleep
return function(seconds)
  if type(seconds) ~= "number" or not (seconds >= 0 and seconds <= 1e9) then
    error("sleep: seconds (0 or more) expected", 2)
  end
  core.sleep(seconds)
end
