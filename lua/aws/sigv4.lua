--- Signature Version 4, with which requests to AWS are signed.
--
-- @module aws.sigv4

local doc = require("wf.doc")
local request = require("aws.request")

local sigv4 = {}

local BLOCK = 64

local function sha256(text)
  return doc.hash("SHA-256", text)
end

local function bytes(hex)
  return (hex:gsub("..", function(pair)
    return string.char(tonumber(pair, 16))
  end))
end

local function pad(key, with)
  return (key:gsub(".", function(char)
    return string.char(bit.bxor(char:byte(), with))
  end)) .. string.char(with):rep(BLOCK - #key)
end

-- HMAC-SHA256, in hex. Keys are shorter than a block or hashed.
local function hmac(key, text)
  if #key > BLOCK then
    key = bytes(sha256(key))
  end
  return sha256(pad(key, 0x5c) .. bytes(sha256(pad(key, 0x36) .. text)))
end

-- The header lines that are signed, and their names.
local function signed_headers(headers)
  local names, lines, of = {}, {}, {}
  for name, text in pairs(headers) do
    local lower = name:lower()
    names[#names + 1] = lower
    of[lower] = text:gsub("^%s+", ""):gsub("%s+$", ""):gsub("%s+", " ")
  end
  table.sort(names)
  for index, name in ipairs(names) do
    lines[index] = name .. ":" .. of[name] .. "\n"
  end
  return table.concat(lines), table.concat(names, ";")
end

local function canonical(call, headers, names, scope)
  local path = scope.service == "s3" and call.path
    or request.escape(call.path, true) -- once more: AWS decodes it first
  return table.concat({ call.method, path, request.query(call.query), headers,
    names, sha256(call.body) }, "\n")
end

--- Adds the headers of a signature to a request (aws.request); its headers
-- must be all that are to be signed, Host among them.
-- `scope`: { service, region, access_key, secret_key, session_token (or nil),
-- date ("20150830T123600Z") }
function sigv4.sign(call, scope)
  local headers, day = call.headers, scope.date:sub(1, 8)
  headers["X-Amz-Date"] = scope.date
  headers["X-Amz-Security-Token"] = scope.session_token
  if scope.service == "s3" then
    headers["X-Amz-Content-Sha256"] = sha256(call.body)
  end
  local lines, names = signed_headers(headers)
  local where = day .. "/" .. scope.region .. "/" .. scope.service
    .. "/aws4_request"
  local text = table.concat({ "AWS4-HMAC-SHA256", scope.date, where,
    sha256(canonical(call, lines, names, scope)) }, "\n")
  local key = "AWS4" .. scope.secret_key
  for _, part in ipairs({ day, scope.region, scope.service,
    "aws4_request" }) do
    key = bytes(hmac(key, part))
  end
  headers.Authorization = "AWS4-HMAC-SHA256 Credential=" .. scope.access_key
    .. "/" .. where .. ", SignedHeaders=" .. names .. ", Signature="
    .. hmac(key, text)
end

return sigv4
