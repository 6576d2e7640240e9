--- A workflow: looks how full the file systems are, and says which are nearly.
--
--     moonstep run THIS-FILE
--     moonstep run THIS-FILE --input '{"limit": 1}'
--     moonstep validate --asl THIS-FILE     what it compiles to
--     moonstep graph THIS-FILE >graph.svg   its picture
--
-- Each function runs in a worker and may be tried again, so it asks the world
-- instead of remembering. What it returns is the output of its state.

local ms = require("moonstep")
local exec = require("exec")
local log = require("log")

return ms {
  comment = "Which file systems are nearly full?",

  ms.task("Look", function()
    local found = {}
    for line in exec("df", "-P", "-l").stdout:gmatch("[^\n]+") do
      local percent, mounted = line:match("(%d+)%%%s+(/.*)$")
      if percent then
        found[#found + 1] = { path = mounted, percent = tonumber(percent) }
      end
    end
    return found
  end):into("systems"):retry(2):timeout("1m"),

  ms.task("Compare", function(input)
    local full = {}
    for _, system in ipairs(input.systems) do
      if system.percent >= (input.limit or 90) then
        full[#full + 1] = system
      end
    end
    return full
  end):into("full"),

  ms.choice("Any?"):when("#input.full > 0", {
    ms.map("Each", { items = "input.full",
      ms.task("Warn", function(system)
        log.warn("%s is %d%% full", system.path, system.percent)
        return system.path
      end),
    }),
  }):otherwise {
    ms.pass("All is well"):output("there is room everywhere"),
  },
}
