--- Catchers: where an execution goes on after a state has failed for good.
--
-- @module asl.catcher

local doc = require("wf.doc")
local errors = require("asl.errors")

local catcher = {}

local matches = errors.matches

--- Compiles one element of Catch: the fields as the loader read them.
-- Members: matcher, ResultPath, Next (the number of a state).
function catcher.compile(fields)
  fields.matcher = errors.matcher(fields.ErrorEquals)
  return fields
end

--- The first catcher for `error` and its number, or nil.
function catcher.find(catchers, error)
  for number = 1, #catchers do
    local candidate = catchers[number]
    if matches(candidate.matcher, error) then
      return candidate, number
    end
  end
  return nil
end

-- A timeout has no cause, and AWS hands on "" for it; a failure that was
-- reported without error or cause has null.
local function quoted(text, error)
  if text then
    return doc.quote(text)
  elseif error == errors.TIMEOUT or error == errors.HEARTBEAT_TIMEOUT then
    return '""'
  end
  return "null"
end

--- What a catcher hands on: {"Error": …, "Cause": …}. Both may be nil.
function catcher.error_output(error, cause)
  return doc.trusted('{"Error":' .. quoted(error) .. ',"Cause":'
    .. quoted(cause, error) .. "}")
end

return catcher
