--- log: lines in the execution's log.
--
--     local log = require("log")
--     log("%d packages to upgrade", count)
--     log.warn("no backup of %s", path)
--
-- A line is kept with the execution and shown beside the state that wrote it.
-- Lines are cut at 8 KiB; a task that floods loses lines, and a line says how
-- many.
--
-- @module log

local core = require("task.core")

local log = {}

local function write(level, format, ...)
  local text
  if select("#", ...) > 0 then
    local fine
    fine, text = pcall(string.format, format, ...)
    if not fine then
      error("log: " .. text, 3)
    end
  else
    text = tostring(format) -- a lone text may contain %
  end
  core.log(level .. text)
end

--- Logs a line.
-- @param format text, or a format for string.format if arguments follow
-- @param ... its arguments
function log.info(format, ...)
  write("", format, ...)
end

--- Logs a line that begins with "warning: ".
-- @param format as for log.info
-- @param ... its arguments
function log.warn(format, ...)
  write("warning: ", format, ...)
end

--- Logs a line that begins with "error: ". It does not fail the task; for
-- that, raise an error.
-- @param format as for log.info
-- @param ... its arguments
function log.error(format, ...)
  write("error: ", format, ...)
end

--- log(...): the same as log.info.
-- @function log
return setmetatable(log, {
  __call = function(_, format, ...)
    write("", format, ...)
  end,
})
