--- Places in answers and parameters, by which the tables of integrations and
-- jobs make parameters and results without code:
--
--   "Job.Id"        a member of a member of the answer
--   "Tasks.0.Name"  of the first element of a list
--   "=Cluster"      the same in the parameters of the task
--   "[JobId]"       a list of that one
--
-- @module aws.place

local doc = require("wf.doc")

local place = {}

--- What is at a path ("Tasks.0.Name") of a value; nil: nothing.
function place.find(value, path)
  for step in path:gmatch("[^.]+") do
    if not value then
      return nil
    elseif value:type() == "array" then
      value = tonumber(step) and value:at(tonumber(step))
    else
      value = value:type() == "object" and value:get(step) or nil
    end
  end
  return value
end

local function found_at(text, answer, parameters)
  local inner = text:match("^%[(.*)%]$")
  if inner then
    local value = found_at(inner, answer, parameters)
    return value and doc.array({ value })
  elseif text:sub(1, 1) == "=" then
    return place.find(parameters, text:sub(2))
  end
  return place.find(answer, text)
end

--- An object of the members that a table of places names; what is not there
-- is left out.
function place.object(places, answer, parameters)
  local names, members = {}, {}
  for name in pairs(places) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local value = found_at(places[name], answer, parameters)
    if value then
      members[#members + 1] = { name, value }
    end
  end
  return doc.object(members)
end

return place
