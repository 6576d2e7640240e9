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

--- The first catcher for `error`, or nil.
function catcher.find(catchers, error)
  for number = 1, #catchers do
    local candidate = catchers[number]
    if matches(candidate.matcher, error) then
      return candidate
    end
  end
  return nil
end

--- What a catcher hands on: {"Error": …, "Cause": …}.
function catcher.error_output(error, cause)
  return doc.trusted('{"Error":' .. doc.quote(error) .. ',"Cause":'
    .. doc.quote(cause or "") .. "}")
end

return catcher
