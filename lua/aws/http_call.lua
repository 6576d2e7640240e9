--- Calls that no service's model describes, because their parameters are
-- those of HTTP: the parts that they have in common.
--
-- @module aws.http_call

local doc = require("wf.doc")
local metadata = require("aws.metadata")
local values = require("aws.values")

local http_call = {}

local REASONS = {
  [200] = "OK", [201] = "Created", [202] = "Accepted",
  [203] = "Non-Authoritative Information", [204] = "No Content",
  [205] = "Reset Content", [206] = "Partial Content",
  [300] = "Multiple Choices", [301] = "Moved Permanently", [302] = "Found",
  [303] = "See Other", [304] = "Not Modified", [307] = "Temporary Redirect",
  [308] = "Permanent Redirect", [400] = "Bad Request", [401] = "Unauthorized",
  [403] = "Forbidden", [404] = "Not Found", [405] = "Method Not Allowed",
  [406] = "Not Acceptable", [408] = "Request Timeout", [409] = "Conflict",
  [410] = "Gone", [413] = "Request Entity Too Large",
  [415] = "Unsupported Media Type", [422] = "Unprocessable Entity",
  [429] = "Too Many Requests", [500] = "Internal Server Error",
  [501] = "Not Implemented", [502] = "Bad Gateway",
  [503] = "Service Unavailable", [504] = "Gateway Timeout",
}

--- Ends the task with a failure.
function http_call.fail(name, cause)
  error({ Error = name, Cause = cause }, 0)
end

--- Ends the task for parameters that can't be meant.
function http_call.wrong(cause)
  http_call.fail("States.Runtime", cause)
end

--- The text of a parameter; nil if it is absent or null.
function http_call.text(parameters, name)
  local value = parameters:get(name)
  return value and value:string()
end

--- The value of a parameter; nil if it is absent or null.
function http_call.given(parameters, name)
  local value = parameters:get(name)
  return not values.is_absent(value) and value or nil
end

-- Calls each(name, text) for the members of an object; a list has one of them
-- for each element. null is left out.
local function each_text(object, each)
  for name, value in (object and object:members() or function() end) do
    if value:type() == "array" then
      for _, element in value:elements() do
        each(name, values.text(element))
      end
    elseif not values.is_absent(value) then
      each(name, values.text(value))
    end
  end
end

--- The query of a parameter, a list of { name, text }.
function http_call.query(parameters, name)
  local query = {}
  each_text(http_call.given(parameters, name), function(key, text)
    query[#query + 1] = { key, text }
  end)
  return query
end

--- The headers of a parameter, texts by name; those of a list as one.
function http_call.headers(parameters, name)
  local headers = {}
  each_text(http_call.given(parameters, name), function(key, text)
    if not key:find("^[%w!#$%%&'*+.^_`|~-]+$") or text:find("[%z\r\n]") then
      http_call.wrong("The header '" .. key .. "' can't be sent")
    end
    headers[key] = headers[key] and headers[key] .. ", " .. text or text
  end)
  return headers
end

--- A path as it may stand in a request; what has been escaped stays so.
function http_call.path(text)
  return "/" .. text:gsub("^/+", ""):gsub("[^%w%-._~!$&'()*+,;=:@/%%]",
    function(char)
      return ("%%%02X"):format(char:byte())
    end)
end

--- A method that is one of a set; else the task ends.
function http_call.method(parameters, methods)
  local method = http_call.text(parameters, "Method")
  if not methods[method] then
    http_call.wrong("The value '" .. method .. "' of the field 'Method' is"
      .. " none of those that are supported by Step Functions")
  end
  return method
end

-- A body: JSON if it is any, else a text.
local function body_value(text)
  local value = doc.parse(text)
  if value then
    return value
  end
  local ok, found = pcall(doc.from, text)
  return ok and found or doc.from(values.encode_bytes(text))
end

local function headers_value(headers)
  local names, members = {}, {}
  for name in pairs(headers) do
    names[#names + 1] = name
  end
  table.sort(names)
  for index, name in ipairs(names) do
    local texts = {}
    for text in headers[name]:gmatch("[^\n]+") do
      texts[#texts + 1] = text
    end
    members[index] = { metadata.header(name), doc.array(texts) }
  end
  return doc.object(members)
end

--- The result of a response; with_headers: also what its headers say.
function http_call.result(response, with_headers)
  local members = {
    { "ResponseBody", body_value(response.body) },
    { "StatusCode", response.status },
    { "StatusText", REASONS[response.status] or "" },
  }
  if with_headers then
    table.insert(members, 1, { "Headers", headers_value(response.headers) })
  end
  return doc.object(members)
end

--- Whether a response says that all is well.
function http_call.is_good(response)
  return response.status >= 200 and response.status <= 299
end

return http_call
