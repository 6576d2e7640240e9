--- Writes api_model.c, or api_scheduler_model.c, from AWS's service model of
-- the API. In core/api/:
--
--   luajit api_model.lua stepfunctions.json > api_model.c
--   luajit api_model.lua scheduler.json > api_scheduler_model.c
--
-- The models are those that AWS publishes with its SDKs (botocore's
-- stepfunctions/2016-11-23/service-2.json). Only what inputs are made of is
-- written: members, whether they are required, and their constraints; of a
-- REST API besides, where they are, and the operations' methods and paths.

local cjson = require("cjson")

-- Payloads: how long they may be depends on the profile.
local PAYLOADS = { SensitiveData = true }

-- What requests to the scheduler may have of ours.
local OURS = {
  MissedSlots = { type = "string", enum = { "SKIP", "ONCE", "ALL" } },
  OverlapPolicy = { type = "string", enum = { "ALLOW", "SKIP", "QUEUE" } },
}

local KINDS = {
  string = "STRING",
  integer = "INTEGER",
  long = "INTEGER",
  float = "NUMBER",
  double = "NUMBER",
  boolean = "BOOLEAN",
  structure = "STRUCTURE",
  map = "STRUCTURE", -- of no members that are looked at
  timestamp = "NUMBER",
  list = "LIST",
}

local MAX_COLUMNS = 79

local function sorted_keys(of)
  local keys = {}
  for key in pairs(of) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

local function quote(text)
  return '"' .. text:gsub('[\\"]', "\\%0") .. '"'
end

-- The same, over as many lines as it takes.
local function quote_long(text)
  if #text <= 60 then
    return " " .. quote(text)
  end
  local lines = {}
  for at = 1, #text, 50 do
    lines[#lines + 1] = quote(text:sub(at, at + 49))
  end
  return "\n        " .. table.concat(lines, "\n        ")
end

-- "CreateStateMachineInput" is create_state_machine_input.
local function snake(name)
  return (name:gsub("(%l)(%u)", "%1_%2"):lower())
end

---------------------------------------------------------------------------
-- patterns: those that are made of character classes
---------------------------------------------------------------------------

-- The inside of [...] as pairs of characters; `\-` is a minus.
local function class_ranges(inside)
  local characters = {}
  local at = 1
  while at <= #inside do
    local c = inside:sub(at, at)
    local escaped = c == "\\"
    if escaped then
      at = at + 1
      c = inside:sub(at, at)
      assert(not c:find("%w"), "no escapes of letters: " .. inside)
    end
    characters[#characters + 1] = { c, range = c == "-" and not escaped }
    at = at + 1
  end
  local ranges = {}
  local i = 1
  while i <= #characters do
    local first = characters[i][1]
    if characters[i + 1] and characters[i + 1].range and characters[i + 2] then
      ranges[#ranges + 1] = first .. characters[i + 2][1]
      i = i + 3
    else
      ranges[#ranges + 1] = first .. first
      i = i + 1
    end
  end
  return table.concat(ranges)
end

-- What a pattern means: characters that may occur, and those of which one
-- must. A `+` is left to the minimal length. Nil: it is more than that.
local function compile_pattern(pattern, shape)
  local rest = pattern:gsub("^%^", ""):gsub("%$$", "")
  local one_of
  rest = rest:gsub("^%(%?=%.%*%[(.-[^\\])%]%)", function(inside)
    one_of = class_ranges(inside)
    return ""
  end)
  if rest == "\\p{ASCII}*" then
    return '{"\\0\\177", 2}', nil
  end
  local inside, times = rest:match("^%[(.*)%]([*+])$")
  if not inside or inside:find("[^\\]%]") then
    return nil
  end
  assert(times == "*" or (shape.min or 0) >= 1, "+ without a minimum")
  local function class(ranges)
    return ranges and ("{%s, %d}"):format(quote(ranges), #ranges)
  end
  return class(class_ranges(inside)), class(one_of)
end

---------------------------------------------------------------------------
-- shapes
---------------------------------------------------------------------------

local model, output, written

local function line(text)
  output[#output + 1] = text
end

-- Items joined by ", " and broken into lines that begin with `indent`.
local function wrapped(items, indent)
  local current = indent
  for i, item in ipairs(items) do
    local text = item .. (i < #items and "," or "")
    if #current + #text + 1 > MAX_COLUMNS and current ~= indent then
      line(current)
      current = indent
    end
    current = current .. (current == indent and "" or " ") .. text
  end
  line(current)
end

-- The first line of a definition, in two if it is long.
local function declare(of, name)
  local one = ("static const %s %s = {"):format(of, name)
  if #one <= MAX_COLUMNS then
    line(one)
  else
    line("static const " .. of)
    line(("    %s = {"):format(name))
  end
end

-- A row of a table.
local function row(values)
  local one = "    {" .. table.concat(values, ", ") .. "},"
  if #one <= MAX_COLUMNS then
    line(one)
  else
    line("    {" .. values[1] .. ",")
    line("     " .. table.concat(values, ", ", 2) .. "},")
  end
end

local function write_choices(name, shape)
  declare("char *const", snake(name) .. "_choices[]")
  local items = {}
  for i, choice in ipairs(shape.enum) do
    items[i] = quote(choice)
  end
  items[#items + 1] = "NULL"
  wrapped(items, "    ")
  line("};")
end

--- Structures of lists with a limit, which complaints show: by name.
local shown

local write_shape

local function write_members(name, shape)
  local required = {}
  for _, member in ipairs(shape.required or {}) do
    required[member] = true
  end
  local names = sorted_keys(shape.members or {})
  for _, member in ipairs(names) do
    write_shape(shape.members[member].shape)
  end
  declare("struct wf_api_member", snake(name) .. "_members[]")
  for _, member in ipairs(names) do
    row({ quote(member), "&" .. snake(shape.members[member].shape),
      required[member] and "true" or "false" })
  end
  line("    {0},")
  line("};")
end

local function add_limits(fields, name, shape)
  if shape.min then
    fields[#fields + 1] = ("WF_API_AT_LEAST(%d)"):format(shape.min)
  end
  if PAYLOADS[name] then
    fields[#fields + 1] = ".is_payload = true"
  elseif shape.max then
    fields[#fields + 1] = ("WF_API_AT_MOST(%d)"):format(shape.max)
  end
end

--- Writes a shape behind those it is made of, once.
function write_shape(name)
  if written[name] then
    return
  end
  written[name] = true
  local shape = model.shapes[name]
  local kind = assert(KINDS[shape.type], "unknown type " .. shape.type)
  local fields = { ".kind = WF_API_" .. kind }
  if shape.sensitive then
    fields[#fields + 1] = ".sensitive = true"
  end
  add_limits(fields, name, shape)
  if shape.enum then
    write_choices(name, shape)
    fields[#fields + 1] = (".choices = %s_choices"):format(snake(name))
  end
  if shape.pattern then
    local all_of, one_of = compile_pattern(shape.pattern, shape)
    fields[#fields + 1] = ".pattern =" .. quote_long(shape.pattern)
    fields[#fields + 1] = all_of and ".all_of = " .. all_of
      or ".is_regex = true"
    if one_of then
      fields[#fields + 1] = ".one_of = " .. one_of
    end
  end
  if shape.type == "map" then
    fields[#fields + 1] = ".members = no_members"
  elseif kind == "STRUCTURE" then
    if shown[name] then
      fields[#fields + 1] = ".name = " .. quote(name)
    end
    write_members(name, shape)
    fields[#fields + 1] = (".members = %s_members"):format(snake(name))
  elseif kind == "LIST" then
    write_shape(shape.member.shape)
    fields[#fields + 1] = (".element = &%s"):format(snake(shape.member.shape))
  end
  declare("struct wf_api_shape", snake(name))
  wrapped(fields, "    ")
  line("};")
end

-- Our members of the two inputs that make schedules.
local function add_ours(service)
  for name, shape in pairs(OURS) do
    service.shapes[name] = shape
    for _, input in ipairs({ "CreateScheduleInput", "UpdateScheduleInput" }) do
      service.shapes[input].members[name] = { shape = name }
    end
  end
end

-- Which members of an input are not in the body.
local function write_locations(name)
  local members = model.shapes[name].members
  declare("struct wf_api_location", snake(name) .. "_locations[]")
  for _, member in ipairs(sorted_keys(members)) do
    local location = members[member].location
    if location == "uri" then
      row({ quote(member), "NULL" })
    elseif location == "querystring" then
      row({ quote(member), quote(members[member].locationName) })
    end
  end
  line("    {0},")
  line("};")
end

local function write_routes(operations)
  for _, name in ipairs(operations) do
    write_locations(model.operations[name].input.shape)
  end
  line("")
  line("const struct wf_api_route wf_api_scheduler_routes[] = {")
  for _, name in ipairs(operations) do
    local operation = model.operations[name]
    line(("    {%s, %s,"):format(quote(operation.http.method),
      quote(operation.http.requestUri)))
    line(("     %s, &%s,"):format(quote("Scheduler." .. name),
      snake(operation.input.shape)))
    line(("     %s_locations},"):format(snake(operation.input.shape)))
  end
  line("    {0},")
  line("};")
end

--- The text of api_model.c for a decoded service model.
local function generate(service)
  model, output, written, shown = service, {}, {}, {}
  for _, shape in pairs(service.shapes) do
    if shape.type == "list" and (shape.max or shape.min) then
      shown[shape.member.shape] = true
    end
  end
  local is_rest = service.metadata.protocol == "rest-json"
  if is_rest then
    add_ours(service)
  end
  line(("/* %s - written by api_model.lua: do not edit. See"):format(
    is_rest and "api_scheduler_model.c" or "api_model.c"))
  line((" * api_model.h. Version %s of the API. */")
    :format(service.metadata.apiVersion))
  line('#include "api_model.h"')
  line("")
  if is_rest then
    line("static const struct wf_api_member no_members[] = {{0}};")
  end
  local operations = sorted_keys(service.operations)
  for _, name in ipairs(operations) do
    write_shape(service.operations[name].input.shape)
  end
  if is_rest then
    write_routes(operations)
    return table.concat(output, "\n") .. "\n"
  end
  line("")
  line("const struct wf_api_input wf_api_inputs[] = {")
  for _, name in ipairs(operations) do
    row({ quote(name), "&" .. snake(service.operations[name].input.shape) })
  end
  line("};")
  line(("const size_t wf_api_input_count = %d;"):format(#operations))
  return table.concat(output, "\n") .. "\n"
end

local file = assert(io.open(assert(arg[1], "usage: api_model.lua MODEL"),
  "rb"))
local service = cjson.decode(file:read("*a"))
file:close()
io.write(generate(service))
