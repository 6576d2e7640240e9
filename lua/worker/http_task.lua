--- HTTP Tasks: arn:aws:states:::http:invoke.
--
-- The file is a chunk: called with `host` (core/worker/lua_http_task.c) it
-- returns open(require), which returns run(parameters, task).
--
-- host.doc             the module wf.doc
-- host.connections()   the text of the operator's file; nil and why not
-- host.allow           networks that may be called though they are private
-- host.region
-- host.base64(text)
-- host.seconds()       since some moment, for how long tokens are good
-- host.max_bytes       of an output

local host = ...

local doc = host.doc
local concat, error, ipairs, pairs = table.concat, error, ipairs, pairs
local pcall, sort = pcall, table.sort
local tostring, type = tostring, type

local TIMEOUT_S = 60
local TOKEN_SLACK_S = 30
local LEAST_SECRET = 4 -- shorter texts are everywhere

local METHODS = { GET = true, POST = true, PUT = true, DELETE = true,
  PATCH = true, OPTIONS = true, HEAD = true }

local REASONS = {
  [200] = "OK", [201] = "Created", [202] = "Accepted",
  [203] = "Non-Authoritative Information", [204] = "No Content",
  [205] = "Reset Content", [206] = "Partial Content",
  [207] = "Multi-Status", [208] = "Already Reported", [226] = "IM Used",
}

local function fail(name, cause)
  error({ Error = name, Cause = cause }, 0)
end

local function runtime(cause)
  fail("States.Runtime", cause)
end

local function member(value, name, kind)
  local found = value and value:type() == "object" and value:get(name)
  if not found or found:type() == "null" then
    return nil
  elseif kind and found:type() ~= kind then
    runtime("The value for the field '" .. name .. "' must be a "
      .. kind:upper())
  end
  return found
end

local function text_of(value, name)
  local found = member(value, name, "string")
  return found and found:string()
end

-- ---- texts of values ----

local function escape(text)
  return (text:gsub("[^%w._~*-]", function(char)
    return ("%%%02X"):format(char:byte())
  end))
end

local function plain(value)
  if value:type() == "null" then
    return ""
  end
  return value:string() or value:text()
end

local add_pair

local function add_array(pairs_, name, value, format)
  local texts = {}
  for index, element in value:elements() do
    local kind = element:type()
    local nested = kind == "object" or kind == "array"
    if format == "COMMAS" and not nested then
      texts[#texts + 1] = escape(plain(element))
    elseif format == "REPEAT" then
      add_pair(pairs_, name, element, format)
    elseif format == "BRACKETS" then
      add_pair(pairs_, name .. "[]", element, format)
    else
      add_pair(pairs_, name .. "[" .. index .. "]", element, format)
    end
  end
  if texts[1] then
    pairs_[#pairs_ + 1] = name .. "=" .. concat(texts, ",")
  end
end

-- `name` has been escaped.
add_pair = function(pairs_, name, value, format)
  local kind = value:type()
  if kind == "array" then
    add_array(pairs_, name, value, format)
  elseif kind == "object" then
    for key, element in value:members() do
      add_pair(pairs_, name .. "[" .. escape(key) .. "]", element, format)
    end
  else
    pairs_[#pairs_ + 1] = name .. "=" .. escape(plain(value))
  end
end

local function form(value, format)
  local pairs_ = {}
  for name, element in value:members() do
    add_pair(pairs_, escape(name), element, format)
  end
  return concat(pairs_, "&")
end

-- ---- connections ----

-- "arn:aws:events:REGION:ACCOUNT:connection/NAME/UUID"
local function name_of(arn)
  return arn:match("^arn:[^:]*:events:[^:]*:[^:]*:connection/([^/]+)")
end

local function find_connection(arn)
  local text, why = host.connections()
  local file = text and doc.parse(text)
  if text and not file then
    why = "the file of --connections is not JSON"
  end
  if not file then
    fail("Events.ConnectionResource.InvalidConnectionState", why)
  end
  local found = member(file, arn) or name_of(arn) and member(file,
    name_of(arn))
  if not found then
    fail("Events.ConnectionResource.ResourceNotFound",
      "There is no connection " .. arn .. " in the file of --connections")
  end
  return found
end

-- What the connection adds: { headers, query, body } of names and texts, in
-- lists of pairs; and the texts that nobody is to see.
local function new_additions()
  return { headers = {}, query = {}, body = {}, secrets = {} }
end

local function keep_secret(additions, text)
  if #text < LEAST_SECRET then
    return
  end
  local quoted = doc.quote(text):sub(2, -2) -- (JSON has no other texts)
  for _, form_ in ipairs({ text, quoted, escape(text) }) do
    additions.secrets[#additions.secrets + 1] = form_
  end
end

local PLACES = { HeaderParameters = "headers", QueryStringParameters = "query",
  BodyParameters = "body" }

local function add_parameters(additions, parameters)
  for field, place in pairs(PLACES) do
    local list = member(parameters, field, "array")
    for _, entry in (list and list:elements() or function() end) do
      local key, value = text_of(entry, "Key"), text_of(entry, "Value") or ""
      local secret = member(entry, "IsValueSecret")
      if key then
        local to = additions[place]
        to[#to + 1] = { key, value }
      end
      if not secret or secret:text() ~= "false" then
        keep_secret(additions, value)
      end
    end
  end
end

return function(library_require)
  local http, tokens = nil, {}

  local function request(options)
    http = http or library_require("http")
    options.timeout = TIMEOUT_S
    options.max_bytes = host.max_bytes
    options.proxy = ""
    local ok, response = pcall(http.request, options)
    if ok then
      return response
    elseif type(response) ~= "table" or not response.Error then
      runtime(tostring(response))
    elseif response.Error == "Http.TooLarge" then
      fail("States.DataLimitExceeded", "")
    end
    fail("States.Http.Socket", tostring(response.Cause))
  end

  -- ---- OAuth ----

  local function ask_token(oauth, key, additions)
    local client = member(oauth, "ClientParameters", "object")
    local id, secret = text_of(client, "ClientID"),
      text_of(client, "ClientSecret")
    local own = new_additions()
    add_parameters(own, member(oauth, "OAuthHttpParameters", "object"))
    local fields, headers, query = { grant_type = "client_credentials",
      client_id = id, client_secret = secret }, {}, {}
    for _, pair in ipairs(own.body) do
      fields[pair[1]] = pair[2]
    end
    for _, pair in ipairs(own.headers) do
      headers[pair[1]] = pair[2]
    end
    for _, pair in ipairs(own.query) do
      query[pair[1]] = pair[2]
    end
    keep_secret(additions, secret or "")
    for _, text in ipairs(own.secrets) do
      additions.secrets[#additions.secrets + 1] = text
    end
    local method = text_of(oauth, "HttpMethod") or "POST"
    local response = request({ url = text_of(oauth, "AuthorizationEndpoint"),
      method = method, form = method ~= "GET" and fields or nil,
      query = method == "GET" and fields or query, headers = headers,
      follow = false })
    local answer = response.status == 200 and doc.parse(response.body)
    local token = answer and text_of(answer, "access_token")
    if not token then
      fail("Events.ConnectionResource.InvalidConnectionState",
        "The authorization endpoint has given no token (status "
        .. response.status .. ")")
    end
    local lasts = member(answer, "expires_in")
    tokens[key] = { token = token,
      ["until"] = host.seconds() + (lasts and lasts:number() or 300)
        - TOKEN_SLACK_S }
    return token
  end

  local function token_of(oauth, key, additions)
    local kept = tokens[key]
    local client = member(oauth, "ClientParameters", "object")
    keep_secret(additions, text_of(client, "ClientSecret") or "")
    if kept and host.seconds() < kept["until"] then
      return kept.token
    end
    return ask_token(oauth, key, additions)
  end

  local function authorize(additions, connection, parameters)
    local kind = text_of(connection, "AuthorizationType")
    local headers = additions.headers
    if kind == "BASIC" then
      local basic = member(parameters, "BasicAuthParameters", "object")
      local user = text_of(basic, "Username") or ""
      local password = text_of(basic, "Password") or ""
      local both = host.base64(user .. ":" .. password)
      keep_secret(additions, password)
      keep_secret(additions, both)
      headers[#headers + 1] = { "Authorization", "Basic " .. both }
    elseif kind == "API_KEY" then
      local key = member(parameters, "ApiKeyAuthParameters", "object")
      local value = text_of(key, "ApiKeyValue") or ""
      keep_secret(additions, value)
      headers[#headers + 1] = { text_of(key, "ApiKeyName") or "", value }
    elseif kind == "OAUTH_CLIENT_CREDENTIALS" then
      local oauth = member(parameters, "OAuthParameters", "object")
      local key = oauth:text()
      local token = token_of(oauth, key, additions)
      keep_secret(additions, token)
      headers[#headers + 1] = { "Authorization", "Bearer " .. token }
      additions.token_key = key
    else
      fail("Events.ConnectionResource.InvalidConnectionState",
        "The connection has no AuthorizationType of BASIC, API_KEY or"
        .. " OAUTH_CLIENT_CREDENTIALS")
    end
  end

  local function additions_of(parameters)
    local additions = new_additions()
    local place = member(parameters, "Authentication", "object")
      or member(parameters, "InvocationConfig", "object")
    local arn = place and text_of(place, "ConnectionArn")
    if not arn then
      return additions
    end
    local connection = find_connection(arn)
    local auth = member(connection, "AuthParameters", "object")
    add_parameters(additions, member(auth, "InvocationHttpParameters",
      "object"))
    authorize(additions, connection, auth)
    return additions
  end

  -- ---- the request ----

  local function put_header(headers, name, value)
    for other in pairs(headers) do
      if other:lower() == name:lower() then
        headers[other] = nil
      end
    end
    headers[name] = value
  end

  local function headers_of(parameters, additions)
    local headers = {}
    local given = member(parameters, "Headers", "object")
    for name, value in (given and given:members() or function() end) do
      if value:type() == "array" then
        local texts = {}
        for _, element in value:elements() do
          texts[#texts + 1] = plain(element)
        end
        headers[name] = concat(texts, ", ")
      else
        headers[name] = plain(value)
      end
    end
    for _, pair in ipairs(additions.headers) do
      put_header(headers, pair[1], pair[2])
    end
    return headers
  end

  local function header(headers, name)
    for other, value in pairs(headers) do
      if other:lower() == name then
        return value
      end
    end
  end

  local function query_of(parameters, additions)
    local parts, taken = {}, {}
    for _, pair in ipairs(additions.query) do
      taken[pair[1]] = true
    end
    local given = member(parameters, "QueryParameters", "object")
    for name, value in (given and given:members() or function() end) do
      if not taken[name] then
        add_pair(parts, escape(name), value, "REPEAT")
      end
    end
    for _, pair in ipairs(additions.query) do
      parts[#parts + 1] = escape(pair[1]) .. "=" .. escape(pair[2])
    end
    return concat(parts, "&")
  end

  local function merged_body(parameters, additions)
    local body = member(parameters, "RequestBody")
    if not additions.body[1] then
      return body
    elseif body and body:type() ~= "object" then
      runtime("The connection has parameters for the body, and RequestBody is"
        .. " not an object")
    end
    local members, taken = {}, {}
    for _, pair in ipairs(additions.body) do
      taken[pair[1]] = true
    end
    for name, value in (body and body:members() or function() end) do
      if not taken[name] then
        members[#members + 1] = { name, value }
      end
    end
    for _, pair in ipairs(additions.body) do
      members[#members + 1] = { pair[1], doc.from(pair[2]) }
    end
    return doc.object(members)
  end

  local FORM = "application/x-www-form-urlencoded"

  local function body_of(parameters, additions, headers)
    local body = merged_body(parameters, additions)
    local transform = member(parameters, "Transform", "object")
    local encoding = transform and text_of(transform, "RequestBodyEncoding")
      or "NONE"
    if not body then
      return nil
    elseif encoding == "URL_ENCODED" then
      local options = member(transform, "RequestEncodingOptions", "object")
      if body:type() ~= "object" then
        runtime("A RequestBody that is URL-encoded must be an OBJECT")
      end
      put_header(headers, "Content-Type",
        header(headers, "content-type") or FORM)
      return form(body, options and text_of(options, "ArrayFormat")
        or "INDICES")
    elseif encoding ~= "NONE" then
      runtime("RequestBodyEncoding must be NONE or URL_ENCODED")
    end
    local kind = header(headers, "content-type")
    if not kind then
      headers["Content-Type"] = "application/json"
    end
    if kind and not kind:lower():find("json", 1, true) and body:string() then
      return body:string()
    end
    return body:text()
  end

  local function url_of(parameters, additions)
    local url = text_of(parameters, "ApiEndpoint")
    local query = query_of(parameters, additions)
    if not url:lower():find("^https?://[^/@?#]+") then
      runtime("The ApiEndpoint must be an http or https URL")
    elseif query == "" then
      return url
    end
    local base, fragment = url:match("^([^#]*)(.*)$")
    return base .. (base:find("?", 1, true) and "&" or "?") .. query
      .. fragment
  end

  local function send(parameters, additions)
    local headers = headers_of(parameters, additions)
    local body = body_of(parameters, additions, headers)
    if not header(headers, "user-agent") then
      headers["User-Agent"] = "Amazon|StepFunctions|HttpInvoke|"
        .. host.region
    end
    return request({ method = text_of(parameters, "Method"),
      url = url_of(parameters, additions), headers = headers, body = body,
      guard = true, allow = host.allow })
  end

  -- ---- the result ----

  -- Texts that the connection keeps are not for histories.
  local function masked(additions, text)
    for _, secret in ipairs(additions.secrets) do
      local from, parts = 1, nil
      while true do
        local first, last = text:find(secret, from, true)
        if not first then
          break
        end
        parts = parts or {}
        parts[#parts + 1] = text:sub(from, first - 1)
        from = last + 1
      end
      if parts then
        parts[#parts + 1] = text:sub(from)
        text = concat(parts, "****")
      end
    end
    return text
  end

  local function is_binary(kind)
    return kind:find("^application/octet%-stream") or kind:find("^image/")
      or kind:find("^video/") or kind:find("^audio/")
  end

  local function as_text(text)
    local ok, value = pcall(doc.from, text)
    if not ok then
      runtime("The response can't be read as text")
    end
    return value
  end

  local function body_value(additions, response)
    local kind = (response.headers["content-type"] or ""):lower()
    local text = masked(additions, response.body)
    if is_binary(kind) then
      runtime("The response's content type is not supported: " .. kind)
    end
    local value = kind:find("json", 1, true) and doc.parse(text)
    if value then
      return value
    end
    return as_text(text)
  end

  local function headers_value(additions, response)
    local names, members = {}, {}
    for name in pairs(response.headers) do
      names[#names + 1] = name
    end
    sort(names)
    for index, name in ipairs(names) do
      local values = {}
      for value in response.headers[name]:gmatch("[^\n]*") do
        if value ~= "" or not values[1] then
          values[#values + 1] = as_text(masked(additions, value))
        end
      end
      members[index] = { name, doc.array(values) }
    end
    return doc.object(members)
  end

  local function result(additions, response)
    local members = {
      { "Headers", headers_value(additions, response) },
      { "ResponseBody", body_value(additions, response) },
      { "StatusCode", doc.from(response.status) },
    }
    local reason = REASONS[response.status]
    if reason then
      members[#members + 1] = { "StatusText", doc.from(reason) }
    end
    return doc.object(members)
  end

  local function attempt(parameters, additions)
    local ok, response = pcall(send, parameters, additions)
    if ok then
      return response
    elseif type(response) == "table" and response.Cause then
      response.Cause = masked(additions, response.Cause)
    end
    error(response, 0)
  end

  --- Makes the call that the parameters describe.
  return function(parameters)
    if not METHODS[text_of(parameters, "Method") or ""] then
      runtime("The Method must be one of GET, POST, PUT, DELETE, PATCH,"
        .. " OPTIONS, HEAD")
    end
    local additions = additions_of(parameters)
    local response = attempt(parameters, additions)
    if response.status == 401 and additions.token_key then
      tokens[additions.token_key] = nil -- it has been revoked
      additions = additions_of(parameters)
      response = attempt(parameters, additions)
    end
    if response.status < 200 or response.status > 299 then
      fail("States.Http.StatusCode." .. response.status,
        masked(additions, response.body))
    end
    return result(additions, response)
  end
end
