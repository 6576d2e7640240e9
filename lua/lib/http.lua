--- http: HTTP requests.
--
--     local http = require("http")
--     local release = http.get("https://api.example.com/release").json()
--     http.post("https://hooks.example.com/x", { json = { text = "done" } })
--     http.get(url, { to_file = "/var/cache/image.iso" })
--
-- While a request is under way, other tasks of the worker go on. Connections
-- are kept and used again. https certificates are checked. The variables
-- http_proxy, https_proxy and no_proxy of the server apply.
--
-- @module http

local core = require("http.core")
local json = require("json")

local http = {}

--- Seconds for a whole request unless timeout says; none with to_file.
http.TIMEOUT = 60
--- Largest body kept in memory unless max_bytes says.
http.MAX_BYTES = 64 * 1024 * 1024

-- The type of each; "any" is checked where it is used.
local OPTIONS = {
  method = "string", url = "string", headers = "table", query = "table",
  body = "string", json = "any", form = "table", from_file = "string",
  to_file = "string", timeout = "number", connect_timeout = "number",
  max_redirects = "number", follow = "boolean", max_bytes = "number",
  user = "string", password = "string", bearer = "string",
  ca_file = "string", ca = "string", insecure = "boolean", proxy = "string",
  check = "boolean", guard = "boolean", allow = "string",
}

local function misuse(text, level)
  error("http: " .. text, level + 1)
end

local function check_options(options, level)
  for name, value in pairs(options) do
    local expected = OPTIONS[name]
    if not expected then
      misuse("no option '" .. tostring(name) .. "'", level + 1)
    elseif expected ~= "any" and type(value) ~= expected then
      misuse(name .. " must be a " .. expected .. ", not " .. type(value),
        level + 1)
    elseif expected == "string" and name ~= "body" and name ~= "allow"
        and name ~= "ca" and value:find("[%z\r\n]") then
      misuse(name .. " contains a control character", level + 1)
    elseif expected == "number" and not (value >= 0 and value <= 1e15) then
      misuse(name .. " must not be negative", level + 1)
    end
  end
  if not options.url or options.url == "" then
    misuse("no url given", level + 1)
  end
  local bodies = 0
  for _, name in ipairs({ "body", "json", "form", "from_file" }) do
    bodies = bodies + (options[name] ~= nil and 1 or 0)
  end
  if bodies > 1 then
    misuse("give only one of body, json, form, from_file", level + 1)
  end
end

local function escape(text)
  return (tostring(text):gsub("[^%w._~-]", function(char)
    return ("%%%02X"):format(char:byte())
  end))
end

-- name=value pairs in the order of names; a list gives a pair for each.
local function encode_pairs(fields)
  local names, pairs_ = {}, {}
  for name in pairs(fields) do
    names[#names + 1] = tostring(name)
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local values = fields[name]
    if type(values) ~= "table" then
      values = { values }
    end
    for _, value in ipairs(values) do
      pairs_[#pairs_ + 1] = escape(name) .. "=" .. escape(value)
    end
  end
  return table.concat(pairs_, "&")
end

local function with_query(url, query)
  if not query or next(query) == nil then
    return url
  end
  local base, fragment = url:match("^([^#]*)(.*)$")
  local mark = base:find("?", 1, true) and "&" or "?"
  if base:find("[?&]$") then
    mark = ""
  end
  return base .. mark .. encode_pairs(query) .. fragment
end

local function header_lines(options, content_type, level)
  local lines, has_type = {}, false
  for name, value in pairs(options.headers or {}) do
    value = tostring(value)
    if type(name) ~= "string" or not name:find("^[%w!#$%%&'*+.^_`|~-]+$") then
      misuse("'" .. tostring(name) .. "' can't name a header", level + 1)
    elseif value:find("[%z\r\n]") then
      misuse("header " .. name .. " contains a control character", level + 1)
    end
    has_type = has_type or name:lower() == "content-type"
    -- libcurl takes "Name:" for a removal and "Name;" for an empty value
    lines[#lines + 1] = value ~= "" and name .. ": " .. value or name .. ";"
  end
  if content_type and not has_type then
    lines[#lines + 1] = "Content-Type: " .. content_type
  end
  return lines
end

local function body_of(options)
  if options.json ~= nil then
    return json.encode(options.json), "application/json"
  elseif options.form then
    return encode_pairs(options.form), "application/x-www-form-urlencoded"
  end
  return options.body
end

local function raise_status(method, url, response)
  local cause = ("%s %s: status %d"):format(method, url:gsub("?.*$", ""),
    response.status)
  if response.body:find("%S") then
    cause = cause .. "\n" .. response.body:sub(1, 2000)
  end
  error({ Error = "Http.Status." .. response.status, Cause = cause,
    response = response }, 0)
end

local function raise_failure(method, kind, cause)
  local name = kind == "File" and "Http.FileFailed" or "Http." .. kind
  error({ Error = name, Cause = method .. " " .. cause }, 0)
end

local function core_options(options, level)
  local body, content_type = body_of(options)
  local method = (options.method or (body or options.from_file) and "POST"
    or "GET"):upper()
  if not method:find("^%u+$") then
    misuse("'" .. method .. "' can't be a method", level + 1)
  elseif method == "HEAD" and (body or options.from_file) then
    misuse("HEAD has no body", level + 1)
  end
  local redirects = options.max_redirects or 10
  return {
    method = method,
    url = with_query(options.url, options.query),
    headers = header_lines(options, content_type, level + 1),
    body = body,
    from_file = options.from_file,
    to_file = options.to_file,
    timeout = options.timeout or not options.to_file and not options.from_file
      and http.TIMEOUT or 0,
    idle_timeout = (options.to_file or options.from_file) and 60 or 0,
    connect_timeout = options.connect_timeout or 10,
    max_redirects = options.follow ~= false and redirects or 0,
    max_bytes = options.max_bytes or http.MAX_BYTES,
    max_file_bytes = options.max_bytes or 0,
    user = options.user, password = options.password,
    bearer = options.bearer, ca_file = options.ca_file, ca = options.ca,
    insecure = options.insecure, proxy = options.proxy,
    guard = options.guard, allow = options.allow,
  }
end

--- Performs a request and waits for its response.
--
-- Fields of `options`:
--
--   url              http or https
--   method           "GET", or "POST" if there is a body
--   query            parameters by name, escaped and added to the url; a list
--                    repeats its name
--   headers          values by name
--   body             text; or json = data; or form = fields by name; or
--                    from_file = path, read while it is sent
--   to_file          path that a 2xx body replaces as a whole once it is
--                    complete and on disk; it is stored as it was sent
--   timeout          seconds for everything: 60; with a file, none, but it
--                    ends when not a byte moved for 60 seconds
--   connect_timeout  seconds: 10
--   follow           false: a redirect is the response
--   max_redirects    10
--   max_bytes        of the body: 64 MiB, with to_file any
--   user, password   basic authentication; or bearer = token. These, and the
--                    headers Authorization and Cookie, are never sent to
--                    another origin than that of `url`
--   ca_file          certificates to trust instead of the system's; or
--   ca               these, as text (PEM)
--   insecure         true: any certificate will do
--   proxy            URL instead of what the environment says; "": none
--   guard            true: the url comes from outside; only public addresses
--                    are connected to, and those of the networks in `allow`,
--                    a line each ("10.0.0.0/8"). No proxy is used, and
--                    another origin gets neither headers nor body
--   check            true: raise when the status is 400 or more
--
-- @tparam table options
-- @treturn table status (number); headers (values by lower-case name;
-- repeated ones joined by ", ", of set-cookie by line feeds); body (text,
-- decompressed; empty if it is in the file); in_file (boolean); size (bytes of
-- the body); url (after redirects); seconds; json() (the body decoded, raises
-- Http.BadJson)
-- @raise Http.Timeout, Http.NameNotResolved, Http.ConnectFailed, Http.Tls,
-- Http.Refused, Http.TooManyRedirects, Http.TooLarge, Http.BadUrl,
-- Http.FileFailed, Http.Failed; with `check` Http.Status.NNN, whose field
-- `response` is the response
function http.request(options)
  if type(options) ~= "table" then
    misuse("a table expected, not " .. type(options), 2)
  end
  check_options(options, 2)
  local request = core_options(options, 2)
  local response, kind, cause = core.request(request)
  if not response then
    raise_failure(request.method, kind, cause)
  end
  function response.json()
    local data, err = json.decode(response.body)
    if data == nil then
      error({ Error = "Http.BadJson", Cause = request.method .. " "
        .. response.url:gsub("?.*$", "") .. ": " .. err }, 0)
    end
    return data
  end
  if options.check and response.status >= 400 then
    raise_status(request.method, response.url, response)
  end
  return response
end

local function with_method(method)
  return function(url, options)
    if type(url) ~= "string" then
      misuse("a url expected, not " .. type(url), 2)
    elseif options ~= nil and type(options) ~= "table" then
      misuse("options must be a table, not " .. type(options), 2)
    end
    local all = { method = method, url = url }
    for name, value in pairs(options or {}) do
      all[name] = value
    end
    return http.request(all)
  end
end

--- GET. @tparam string url @tparam[opt] table options @return as request
http.get = with_method("GET")
--- HEAD. @tparam string url @tparam[opt] table options @return as request
http.head = with_method("HEAD")
--- POST. @tparam string url @tparam[opt] table options @return as request
http.post = with_method("POST")
--- PUT. @tparam string url @tparam[opt] table options @return as request
http.put = with_method("PUT")
--- PATCH. @tparam string url @tparam[opt] table options @return as request
http.patch = with_method("PATCH")
--- DELETE. @tparam string url @tparam[opt] table options @return as request
http.delete = with_method("DELETE")

return http
