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

local function place_of(scope)
  return scope.date:sub(1, 8) .. "/" .. scope.region .. "/" .. scope.service
    .. "/aws4_request"
end

local function signature(scope, request_)
  local text = table.concat({ "AWS4-HMAC-SHA256", scope.date, place_of(scope),
    sha256(request_) }, "\n")
  local key = "AWS4" .. scope.secret_key
  for part in place_of(scope):gmatch("[^/]+") do
    key = bytes(hmac(key, part))
  end
  return hmac(key, text)
end

--- Adds the headers of a signature to a request (aws.request); its headers
-- must be all that are to be signed, Host among them.
-- `scope`: { service, region, access_key, secret_key, session_token (or nil),
-- date ("20150830T123600Z") }
function sigv4.sign(call, scope)
  local headers = call.headers
  headers["X-Amz-Date"] = scope.date
  headers["X-Amz-Security-Token"] = scope.session_token
  if scope.service == "s3" then
    headers["X-Amz-Content-Sha256"] = sha256(call.body)
  end
  local lines, names = signed_headers(headers)
  headers.Authorization = "AWS4-HMAC-SHA256 Credential=" .. scope.access_key
    .. "/" .. place_of(scope) .. ", SignedHeaders=" .. names .. ", Signature="
    .. signature(scope, canonical(call, lines, names, scope))
end

--- The same in the query, for a request that another sends, within `seconds`.
function sigv4.presign(call, scope, seconds)
  local lines, names = signed_headers(call.headers)
  local query = call.query
  for name, text in pairs({ Algorithm = "AWS4-HMAC-SHA256",
      Credential = scope.access_key .. "/" .. place_of(scope),
      Date = scope.date, Expires = tostring(seconds), SignedHeaders = names,
      ["Security-Token"] = scope.session_token }) do
    query[#query + 1] = { "X-Amz-" .. name, text }
  end
  query[#query + 1] = { "X-Amz-Signature",
    signature(scope, canonical(call, lines, names, scope)) }
end

return sigv4
