--- Checks mocked results against the model of the service they imitate.
--
-- As TestState does: STRICT asks for all required members, PRESENT looks at
-- those that are there, NONE at nothing. Members that the model does not have
-- are let through in all modes.
--
-- @module mock.check

local jobs = require("aws.jobs")
local model = require("aws.model")
local names = require("aws.names")
local resource = require("asl.resource")

local check = {}

local LEAD = "Mock result schema validation error: "

-- Types of shapes: what their values are in JSON.
local KINDS = {
  bigdecimal = "number", bigInteger = "number", blob = "string",
  boolean = "boolean", byte = "number", character = "string",
  double = "number", float = "number", integer = "number", list = "array",
  long = "number", map = "object", short = "number", string = "string",
  structure = "object", timestamp = "string",
}

local ARTICLES = { array = "an array", object = "an object" }

-- Members that an integration gives in another form than the service: any.
local FREE = {
  ["lambda:invoke"] = { Payload = true },
  ["states:startExecution.sync:2"] = { Input = true, Output = true },
}

local look -- at a value of a shape; returns what is wrong

local function look_at_list(at, shape, value, field)
  local reference = shape:get("member")
  for _, element in value:elements() do
    local problem = look(at, reference, element, field)
    if problem then
      return problem
    end
  end
  return nil
end

local function look_at_map(at, shape, value)
  local reference = shape:get("value")
  for name, member in value:members() do
    local problem = look(at, reference, member, name)
    if problem then
      return problem
    end
  end
  return nil
end

local function missing(at, shape, value)
  local required = at.strict and shape:get("required")
  if required then
    for _, name in required:elements() do
      local field = names.pascal(name:string())
      if not value:get(field) then
        return "Required field '" .. field .. "' is missing"
      end
    end
  end
  return nil
end

local function look_at_structure(at, shape, value, free)
  local problem = missing(at, shape, value)
  if problem then
    return problem
  end
  for name, reference in shape:get("members"):members() do
    local field = names.pascal(name)
    local member = not (free and free[field]) and value:get(field)
    problem = member and look(at, reference, member, field)
    if problem then
      return problem
    end
  end
  return nil
end

local function look_at_number(shape, value, field)
  local number = value:number()
  local least, most = shape:get("min"), shape:get("max")
  if least and number < least:number() then
    return "Field '" .. field .. "' is less than the minimum value"
  elseif most and number > most:number() then
    return "Field '" .. field .. "' exceeds the maximum value"
  end
  return nil
end

local LOOKS = {
  list = look_at_list, map = look_at_map, structure = look_at_structure,
}

look = function(at, reference, value, field)
  local shape = model.shape(at.service, reference)
  local kind = shape and model.text(shape, "type")
  local expected = KINDS[kind]
  if not expected or model.flag(shape, "document") then
    return nil
  elseif value:type() ~= expected then
    return "Field '" .. field .. "' must be "
      .. (ARTICLES[expected] or "a " .. expected)
  elseif expected == "number" then
    return look_at_number(shape, value, field)
  end
  local inside = LOOKS[kind]
  return inside and inside(at, shape, value, field)
end

-- What the result of a resource imitates: the service and its operation. A
-- job's is that of the operation by which it is followed. Nil: no service's.
local function imitated(found)
  local service = found.type:gsub("^aws%-sdk:", "")
  local action, pattern = found.resource:match("^(%a+)(.*)$")
  if found.family ~= "Task" or pattern == ".waitForTaskToken" then
    return nil
  elseif pattern:find("^%.sync") then
    local job = jobs.of(service, action)
    return service, job and job.poll
  end
  return service, action
end

--- Looks at a mocked result of a resource (text), a value of wf.doc, in a
-- mode: "STRICT" (also nil), "PRESENT" or "NONE". Returns what is wrong, as
-- AWS says it; nil if nothing is, or if there is nothing to compare with.
function check.result(text, value, mode)
  local found = mode ~= "NONE" and resource.parse(text)
  local name, action = nil, nil
  if found then
    name, action = imitated(found)
  end
  local service = action and model.service(name)
  local operation = service and model.operation(service, action)
  local shape = operation and model.shape(service, operation:get("output"))
  if not shape then
    return nil
  elseif value:type() ~= "object" then
    return LEAD .. "Mock result must be an object"
  end
  local at = { service = service, strict = mode ~= "PRESENT" }
  local problem = look_at_structure(at, shape, value,
    FREE[found.type .. ":" .. found.resource])
  return problem and LEAD .. problem
end

return check
