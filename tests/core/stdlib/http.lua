--- Cases of module http (tests/core/test_stdlib.c). The server is
-- tests/support/web.c; connections() counts what it accepted.

local fs = require("fs")
local http = require("http")
local json = require("json")
local mini = require("mini")

local DIRECTORY = require("fixture").directory
local URL = require("fixture").url
local connections = require("fixture").connections

local cases = {}

local function fails(name, options)
  local fine, err = pcall(http.request, options)
  assert(not fine, "it should have failed with " .. name)
  assert(type(err) == "table", tostring(err))
  assert(err.Error == name, tostring(err.Error) .. ": " .. err.Cause)
  return err
end

local function has(text, part)
  assert(text:find(part, 1, true), "no '" .. part .. "' in " .. text)
end

local function lacks(text, part)
  assert(not text:find(part, 1, true), "'" .. part .. "' in " .. text)
end

function cases.echo()
  local response = http.get(URL .. "/echo")
  assert(response.status == 200)
  assert(response.body == "method GET\nbody ", response.body)
  assert(response.size == #response.body and response.seconds >= 0)
  assert(response.url == URL .. "/echo" and not response.in_file)
  response = http.head(URL .. "/echo")
  assert(response.status == 200 and response.body == "")
  has(http.delete(URL .. "/echo").body, "method DELETE\n")
end

function cases.query()
  local body = http.get(URL .. "/echo?x=1#top",
    { query = { b = { 1, 2 }, ["a b"] = "ü&=", z = true } }).body
  has(body, "arg x=1\narg a b=ü&=\narg b=1\narg b=2\narg z=true\n")
end

function cases.bodies()
  local body = http.post(URL .. "/echo", { body = "a\0b" }).body
  has(body, "method POST\n")
  has(body, "Content-Length: 3\nbody a\0b")
  lacks(body, "Content-Type")
  lacks(body, "Expect")
  has(http.post(URL .. "/echo").body, "Content-Length: 0\nbody ")
  body = http.put(URL .. "/echo", { json = { a = 1 } }).body
  has(body, "method PUT\nContent-Type: application/json\n")
  has(body, 'body {"a":1}')
  body = http.request{ url = URL .. "/echo", form = { x = "1 2", y = "&" } }
    .body
  has(body, "method POST\nContent-Type: application/x-www-form-urlencoded\n")
  has(body, "body x=1%202&y=%26")
  has(http.request{ method = "get", url = URL .. "/echo", body = "q" }.body,
    "method GET\nContent-Length: 1\nbody q")
  local large = ("x"):rep(3 * 1024 * 1024)
  assert(#http.post(URL .. "/echo", { body = large }).body > #large)
end

function cases.headers()
  local body = http.get(URL .. "/echo", { headers = { ["X-Test"] = 7,
    ["content-type"] = "text/x" } }).body
  has(body, "X-Test: 7\n")
  has(body, "Content-Type: text/x\n")
  has(http.get(URL .. "/echo", { headers = { ["X-Test"] = "" } }).body,
    "X-Test: \n")
  local headers = http.get(URL .. "/cookies").headers
  assert(headers["set-cookie"] == "a=1, 2\nb=3", headers["set-cookie"])
  assert(headers["x-two"] == "one, two")
  assert(headers["content-length"] == "0")
end

function cases.json()
  local data = http.get(URL .. "/json").json()
  assert(data.name == "moon" and data.list[2] == 2)
  local fine, err = pcall(http.get(URL .. "/echo?q=1").json)
  assert(not fine and err.Error == "Http.BadJson")
  has(err.Cause, "GET " .. URL .. "/echo: ")
  has(http.post(URL .. "/echo", { json = json.empty_array }).body, "body []")
end

function cases.redirects()
  local response = http.get(URL .. "/redirect/3")
  assert(response.status == 200 and response.url == URL .. "/echo")
  assert(response.body == "method GET\nbody ", response.body)
  response = http.get(URL .. "/redirect/3", { follow = false })
  assert(response.status == 302 and response.body == "moved\n")
  assert(response.headers.location == "/redirect/2")
  assert(http.get(URL .. "/redirect/3", { max_redirects = 3 }).status == 200)
  fails("Http.TooManyRedirects",
    { url = URL .. "/redirect/3", max_redirects = 2 })
  local err = fails("Http.BadUrl",
    { url = URL .. "/to", query = { url = "file:///etc/passwd" } })
  has(err.Cause, "file:///etc/passwd")
end

function cases.methods_after_redirect()
  local function after(code, method)
    return http.request{ url = URL .. "/to", method = method, body = "data",
      query = { url = "/echo", code = code } }.body
  end
  for _, code in ipairs{ 301, 302, 303 } do
    assert(after(code, "POST") == "method GET\nbody ", after(code, "POST"))
  end
  assert(after(303, "PUT") == "method GET\nbody ")
  for _, code in ipairs{ 307, 308 } do
    has(after(code, "POST"), "method POST\n")
    has(after(code, "POST"), "body data")
  end
  has(after(302, "PUT"), "method PUT\n")
end

function cases.credentials()
  local other = URL:gsub("127.0.0.1", "localhost")
  local function after(target, options)
    options.url = URL .. "/to"
    options.query = { url = target }
    return http.request(options).body
  end
  has(http.get(URL .. "/echo", { user = "u", password = "p:w" }).body,
    "Authorization: Basic dTpwOnc=\n")
  has(http.get(URL .. "/echo", { bearer = "abc" }).body,
    "Authorization: Bearer abc\n")
  has(after(URL .. "/echo", { bearer = "abc" }), "Authorization: Bearer abc")
  has(after(URL .. "/echo", { user = "u", password = "p" }),
    "Authorization: Basic")
  for _, options in ipairs{
    { bearer = "abc" },
    { user = "u", password = "p" },
    { headers = { Authorization = "secret", Cookie = "a=b",
      ["X-Test"] = "kept" } },
  } do
    local body = after(other .. "/echo", options)
    lacks(body, "Authorization")
    lacks(body, "Cookie")
    if options.headers then
      has(body, "X-Test: kept")
    end
  end
  local away = other .. "/to?url=" .. URL .. "/echo"
  lacks(after(away, { bearer = "abc" }), "Authorization")
end

function cases.status()
  assert(http.get(URL .. "/status/404").status == 404)
  assert(http.get(URL .. "/status/204").body == "")
  local err = fails("Http.Status.503",
    { url = URL .. "/status/503?key=secret", check = true })
  assert(err.Cause == "GET " .. URL .. "/status/503: status 503\nstatus 503",
    err.Cause)
  assert(err.response.status == 503)
  assert(http.request{ url = URL .. "/echo", check = true }.status == 200)
end

function cases.timeout()
  local err = fails("Http.Timeout",
    { url = URL:gsub("//", "//me:secret@") .. "/slow", timeout = 0.1 })
  has(err.Cause, "GET " .. URL .. "/slow: ")
  lacks(err.Cause, "secret")
  fails("Http.Timeout", { url = URL .. "/drip", timeout = 0.1 })
end

function cases.connect_failed()
  local err = fails("Http.ConnectFailed", { url = "http://127.0.0.1:1/x" })
  has(err.Cause, "http://127.0.0.1:1/x")
  -- plain HTTP where TLS was expected
  fails("Http.Tls", { url = URL:gsub("^http:", "https:") .. "/echo" })
  fails("Http.ConnectFailed", { url = URL .. "/echo",
    proxy = "http://127.0.0.1:1" })
end

function cases.tls()
  local tls = require("fixture").tls
  local ca_file = DIRECTORY .. "/ca.pem"
  local err = fails("Http.Tls", { url = tls .. "/echo" })
  has(err.Cause, "certificate")
  local response = http.get(tls .. "/echo", { ca_file = ca_file })
  assert(response.body == "method GET\nbody ")
  local file = assert(io.open(ca_file))
  local ca = file:read("*a")
  file:close()
  assert(http.get(tls .. "/echo", { ca = ca }).body == response.body)
  fails("Http.Tls", { url = tls .. "/echo", ca = "none" })
  assert(http.get(tls .. "/echo", { insecure = true }).status == 200)
  -- that was for one request
  fails("Http.Tls", { url = tls .. "/echo" })
  -- a certificate for another name
  fails("Http.Tls", { url = tls:gsub("127.0.0.1", "localhost") .. "/echo",
    ca_file = ca_file })
  fails("Http.Tls", { url = tls .. "/echo", ca_file = DIRECTORY .. "/none" })
  -- from https to http is another origin
  lacks(http.get(tls .. "/to", { ca_file = ca_file, bearer = "abc",
    query = { url = URL .. "/echo" } }).body, "Authorization")
end

function cases.bad_url()
  fails("Http.BadUrl", { url = "file:///etc/passwd" })
  fails("Http.BadUrl", { url = "http://" })
  fails("Http.BadUrl", { url = "ftp://127.0.0.1/x" })
end

function cases.to_file()
  local path = DIRECTORY .. "/file"
  fs.write(path, "old", { mode = "640" })
  local response = http.get(URL .. "/chunked", { to_file = path })
  assert(response.in_file and response.body == "")
  assert(response.size == 100000)
  assert(fs.read(path) == ("c"):rep(100000))
  assert(fs.stat(path).mode == 416)
  -- an answer that is no success does not touch the file
  response = http.get(URL .. "/status/500", { to_file = path })
  assert(not response.in_file and response.body == "status 500")
  assert(fs.stat(path).size == 100000)
  -- nor does one that breaks off, or is too large
  fails("Http.Failed", { url = URL .. "/cut", to_file = path })
  fails("Http.TooLarge", { url = URL .. "/chunked", to_file = path,
    max_bytes = 99999 })
  assert(fs.stat(path).size == 100000)
  -- an empty body is an empty file
  assert(http.get(URL .. "/cookies", { to_file = path }).in_file)
  assert(fs.stat(path).size == 0)
  http.get(URL .. "/redirect/2", { to_file = path })
  assert(fs.read(path) == "method GET\nbody ")
  local err = fails("Http.FileFailed", { url = URL .. "/echo",
    to_file = DIRECTORY .. "/none/file" })
  has(err.Cause, "No such file or directory")
  assert(#fs.list(DIRECTORY) == 1, "a temporary file is left")
end

function cases.from_file()
  local path = DIRECTORY .. "/upload"
  local data = ("0123456789"):rep(20000)
  fs.write(path, data)
  local body = http.put(URL .. "/echo", { from_file = path }).body
  has(body, "method PUT\nContent-Length: 200000\nbody 0123")
  assert(body:sub(-#data) == data)
  -- read again from its beginning after a redirect
  body = http.post(URL .. "/to", { from_file = path,
    query = { url = "/echo", code = 307 } }).body
  assert(body:sub(-#data) == data)
  fs.write(path, "")
  has(http.post(URL .. "/echo", { from_file = path }).body,
    "Content-Length: 0\nbody ")
  local err = fails("Http.FileFailed", { url = URL .. "/echo",
    from_file = DIRECTORY .. "/none" })
  has(err.Cause, "No such file or directory")
end

function cases.chunked()
  assert(http.get(URL .. "/chunked").body == ("c"):rep(100000))
end

function cases.broken()
  local err = fails("Http.Failed", { url = URL .. "/cut" })
  has(err.Cause, URL .. "/cut: ")
end

function cases.too_large()
  local err = fails("Http.TooLarge",
    { url = URL .. "/chunked", max_bytes = 99999 })
  has(err.Cause, "larger than allowed")
  assert(http.get(URL .. "/chunked", { max_bytes = 100000 }).size == 100000)
end

function cases.concurrent()
  local tasks = {}
  for i = 1, 100 do
    tasks[i] = mini.go(function()
      has(http.post(URL .. "/echo", { body = "number " .. i }).body,
        "body number " .. i)
    end)
  end
  for _, task in ipairs(tasks) do
    assert(mini.wait(task))
  end
end

function cases.reuse()
  for _ = 1, 20 do
    http.get(URL .. "/echo")
  end
  assert(connections() == 1, connections())
end

function cases.cancelled()
  for _, path in ipairs{ "/slow", "/drip" } do
    local task = mini.go(function()
      http.get(URL .. path, { to_file = DIRECTORY .. "/never" })
    end)
    while connections() == 0 do -- until it is under way
      http.get(URL .. "/echo")
    end
    mini.cancel(task)
    assert(not mini.wait(task))
  end
  for _ = 1, 20 do -- while the file is being flushed, or anywhere else
    local task = mini.go(function()
      http.get(URL .. "/chunked", { to_file = DIRECTORY .. "/file" })
    end)
    http.get(URL .. "/chunked")
    mini.cancel(task)
    mini.wait(task)
  end
  assert(not fs.exists(DIRECTORY .. "/never"))
end

function cases.misuse()
  local function misuse(text, options)
    local fine, err = pcall(http.request, options)
    assert(not fine and type(err) == "string", "no misuse")
    has(err, text)
  end
  misuse("no url", {})
  misuse("no option 'uri'", { uri = URL })
  misuse("timeout must be a number", { url = URL, timeout = "1" })
  misuse("control character", { url = URL, headers = { A = "b\r\nC: d" } })
  misuse("can't name a header", { url = URL, headers = { ["A:"] = "b" } })
  misuse("control character", { url = URL .. "\r\nX: y" })
  misuse("only one of", { url = URL, body = "", json = {} })
  misuse("can't be a method", { url = URL, method = "GET /x" })
  misuse("HEAD has no body", { url = URL, method = "HEAD", body = "x" })
  misuse("a table expected", URL)
end

return cases
