--- What integrations add to a service's answer about the call itself:
-- SdkHttpMetadata and SdkResponseMetadata.
--
-- @module aws.metadata

local doc = require("wf.doc")

local metadata = {}

-- What AWS's SDK calls headers whose names are not their capitals.
local NAMES = {
  connection = "connection", ["x-amz-crc32"] = "x-amz-crc32",
  ["x-amzn-requestid"] = "x-amzn-RequestId",
}

--- A header's name, in lower case, as AWS's SDK writes it.
function metadata.header(header)
  return NAMES[header] or header:gsub("%f[%w]%l", string.upper)
end

local function headers_of(headers, wrap)
  local names, members = {}, {}
  for name in pairs(headers) do
    names[#names + 1] = name
  end
  table.sort(names)
  for index, name in ipairs(names) do
    members[index] = { metadata.header(name), wrap(headers[name]) }
  end
  return doc.object(members)
end

--- The answer (a value) with both.
function metadata.add(answer, response)
  local headers = response.headers
  local members = {}
  for name, value in answer:members() do
    members[#members + 1] = { name, value }
  end
  members[#members + 1] = { "SdkHttpMetadata", doc.object({
    { "AllHttpHeaders", headers_of(headers, function(text)
      return doc.array({ text })
    end) },
    { "HttpHeaders", headers_of(headers, function(text)
      return text
    end) },
    { "HttpStatusCode", response.status },
  }) }
  members[#members + 1] = { "SdkResponseMetadata", doc.object({
    { "RequestId", headers["x-amzn-requestid"]
      or headers["x-amz-request-id"] or "" },
  }) }
  return doc.object(members)
end

return metadata
