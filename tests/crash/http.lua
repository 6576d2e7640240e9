--- Many requests at a time to the engine's API: libcurl's multi interface.
--
--     local client = http.new("http://127.0.0.1:8083")
--     client:call("AWSStepFunctions.StartExecution", body, function(status,
--       answer) ... end)
--     client:step(50)  -- runs callbacks of what has been answered
--
-- `status` is the HTTP status and `answer` the decoded body; when there was
-- no complete answer, `status` is nil and `answer` says why.

local cjson = require("cjson")
local ffi = require("ffi")

ffi.cdef([[
  typedef struct FILE FILE;
  FILE *open_memstream(char **data, size_t *size);
  int fclose(FILE *file);
  void free(void *memory);

  struct curl_slist;
  struct curl_slist *curl_slist_append(struct curl_slist *, const char *);
  void curl_slist_free_all(struct curl_slist *);
  void *curl_easy_init(void);
  void curl_easy_cleanup(void *easy);
  int curl_easy_setopt(void *easy, int option, ...);
  int curl_easy_getinfo(void *easy, int info, ...);
  const char *curl_easy_strerror(int code);
  void *curl_multi_init(void);
  int curl_multi_cleanup(void *multi);
  int curl_multi_add_handle(void *multi, void *easy);
  int curl_multi_remove_handle(void *multi, void *easy);
  int curl_multi_perform(void *multi, int *running);
  int curl_multi_poll(void *multi, void *fds, unsigned count, int timeout_ms,
                      int *ready);
  struct curl_message { int kind; void *easy; union { void *any; int code; }; };
  struct curl_message *curl_multi_info_read(void *multi, int *left);
]])

local curl = ffi.load("libcurl.so.4")

local NOSIGNAL, TIMEOUT_MS, POSTFIELDSIZE = 99, 155, 60
local WRITEDATA, URL, HTTPHEADER, COPYPOSTFIELDS = 10001, 10002, 10023, 10165
local RESPONSE_CODE = 0x200002
local MESSAGE_DONE = 1

local client = {}
client.__index = client

local http = {}

--- A client of one server; at most `limit` requests are under way.
function http.new(url)
  return setmetatable({
    url = url,
    multi = curl.curl_multi_init(),
    requests = {}, -- by the number of their handle
    count = 0,
  }, client)
end

local function number_of(easy)
  return tonumber(ffi.cast("intptr_t", easy))
end

local function set_number(easy, option, value)
  curl.curl_easy_setopt(easy, option, ffi.cast("long", value))
end

--- Sends a request. `callback(status, answer)` is run by step().
function client:call(target, body, callback, timeout_ms)
  local text = cjson.encode(body)
  local request = {
    callback = callback,
    easy = curl.curl_easy_init(),
    data = ffi.new("char *[1]"),
    size = ffi.new("size_t[1]"),
  }
  local headers
  for _, line in ipairs({
    "Content-Type: application/x-amz-json-1.0", "Expect:",
    "X-Amz-Target: " .. target,
  }) do
    headers = curl.curl_slist_append(headers, line)
  end
  request.headers = headers
  request.stream = ffi.C.open_memstream(request.data, request.size)
  curl.curl_easy_setopt(request.easy, URL, ffi.cast("const char *", self.url))
  curl.curl_easy_setopt(request.easy, HTTPHEADER, headers)
  set_number(request.easy, POSTFIELDSIZE, #text)
  curl.curl_easy_setopt(request.easy, COPYPOSTFIELDS,
    ffi.cast("const char *", text))
  curl.curl_easy_setopt(request.easy, WRITEDATA, request.stream)
  set_number(request.easy, NOSIGNAL, 1)
  set_number(request.easy, TIMEOUT_MS, timeout_ms or 70000)
  curl.curl_multi_add_handle(self.multi, request.easy)
  self.requests[number_of(request.easy)] = request
  self.count = self.count + 1
end

-- Frees a request; returns the body it received.
local function release(self, request)
  ffi.C.fclose(request.stream)
  local body = ffi.string(request.data[0], request.size[0])
  ffi.C.free(request.data[0])
  curl.curl_multi_remove_handle(self.multi, request.easy)
  curl.curl_slist_free_all(request.headers)
  self.requests[number_of(request.easy)] = nil
  self.count = self.count - 1
  curl.curl_easy_cleanup(request.easy)
  return body
end

local function finish(self, request, code)
  local status = ffi.new("long[1]")
  curl.curl_easy_getinfo(request.easy, RESPONSE_CODE, status)
  local body = release(self, request)
  if code ~= 0 then
    return request.callback(nil, ffi.string(curl.curl_easy_strerror(code)))
  end
  local ok, answer = pcall(cjson.decode, body)
  request.callback(tonumber(status[0]), ok and answer or body)
end

-- Runs the callbacks of requests that are finished; true if there were any.
local function finish_all(self)
  local left, any = ffi.new("int[1]"), false
  curl.curl_multi_perform(self.multi, left)
  while true do
    local message = curl.curl_multi_info_read(self.multi, left)
    if message == nil then
      return any
    end
    if message.kind == MESSAGE_DONE then
      any = true
      finish(self, self.requests[number_of(message.easy)], message.code)
    end
  end
end

--- Waits up to `timeout_ms` for something to happen and runs callbacks.
function client:step(timeout_ms)
  if not finish_all(self) then
    curl.curl_multi_poll(self.multi, nil, 0, timeout_ms, nil)
    finish_all(self)
  end
end

--- Sends one request and waits for its answer.
function client:ask(target, body, timeout_ms)
  local done, status, answer = false, nil, nil
  self:call(target, body, function(...)
    done, status, answer = true, ...
  end, timeout_ms)
  while not done do
    self:step(100)
  end
  return status, answer
end

--- Drops whatever is under way; no callback is run.
function client:close()
  for _, request in pairs(self.requests) do
    release(self, request)
  end
  curl.curl_multi_cleanup(self.multi)
end

return http
