--- template: texts with values in them: configuration files, mails, commands.
--
--     local template = require("template")
--     fs.write("/etc/motd", template.render([[
--     Welcome to {{ host.name }}.
--     {% for _, disk in ipairs(host.disks) do %}
--     {{ disk.path }} is {{ disk.used | percent }} full.
--     {% end %}
--     ]], { host = host }, { filters = { percent = function(share)
--       return ("%.0f%%"):format(share * 100)
--     end } }))
--
-- `{{ EXPRESSION }}` is the value of a Lua expression, `{% STATEMENT %}` a
-- part of a Lua program, `{# COMMENT #}` nothing. A line with nothing but
-- statements and comments leaves no line. The values that are given are in
-- them by name, and Lua's own `ipairs`, `pairs`, `tostring`, `tonumber`,
-- `type`, `select`, `unpack`, `next`, `string`, `table` and `math`, but nothing
-- that reaches beyond the text.
--
-- A value that is not there is an error with the template's name and line, not
-- a gap in a file; where it may be missing, say so: `{{ port | default(22) }}`.
--
-- Filters stand behind a bar, each takes what is before it:
--
--     {{ name | upper }}               {{ list | join(", ") }}
--     {{ path | shell }}  for sh       {{ value | json }}  as JSON
--     {{ text | html }}   escaped      {{ text | indent(4) }}  each line
--     {{ x | default("y") }}           {{ text | lower | trim }}
--
-- @module template

local template = {}

local GLOBALS = { ipairs = ipairs, pairs = pairs, tostring = tostring,
  tonumber = tonumber, type = type, select = select, unpack = unpack,
  next = next, string = string, table = table, math = math }

---------------------------------------------------------------------------
-- Filters
---------------------------------------------------------------------------

local HTML = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;",
  ['"'] = "&quot;", ["'"] = "&#39;" }

local filters = {}

--- In capital letters (of ASCII).
function filters.upper(value)
  return tostring(value):upper()
end

--- In small letters (of ASCII).
function filters.lower(value)
  return tostring(value):lower()
end

--- Without blanks and newlines around it.
function filters.trim(value)
  return (tostring(value):match("^%s*(.-)%s*$"))
end

-- As JSON's null is.
local function is_missing(value)
  return value == nil or type(value) == "userdata"
end

--- Another value for one that is not there.
function filters.default(value, other)
  if is_missing(value) then
    return other
  end
  return value
end

--- A list's items with a text between each two.
function filters.join(list, separator)
  local texts = {}
  for i, item in ipairs(list) do
    texts[i] = tostring(item)
  end
  return table.concat(texts, separator or "")
end

--- One word for sh, whatever is in it.
function filters.shell(value)
  local text = tostring(value)
  if text:find("^[%w_@%%+=:,./-]+$") then
    return text
  end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- As JSON, on one line.
function filters.json(value)
  return require("json").encode(value)
end

--- With what has a meaning in HTML and XML escaped.
function filters.html(value)
  return (tostring(value):gsub("[&<>\"']", HTML))
end

--- Each line that is not empty so many blanks further in (2).
function filters.indent(value, count)
  local text = (" "):rep(count or 2)
  return (("\n" .. tostring(value)):gsub("\n([^\n])", "\n" .. text .. "%1")
    :sub(2))
end

---------------------------------------------------------------------------
-- Reading
---------------------------------------------------------------------------

local CLOSING = { ["{{"] = "}}", ["{%"] = "%}", ["{#"] = "#}" }

local function fail(name, line, format, ...)
  error({ Error = "Template.Invalid",
    Cause = ("%s:%d: " .. format):format(name, line, ...) }, 0)
end

local function count_lines(text)
  return select(2, text:gsub("\n", ""))
end

-- Where a character stands, or the end of the text in quotes that it begins.
local function skip_quoted(text, at)
  local quote = text:match("^[\"']", at)
  if not quote then
    return at
  end
  repeat
    at = at + (text:sub(at, at) == "\\" and 2 or 1)
  until at > #text or text:sub(at, at) == quote
  return at
end

-- Where the closing mark of a tag stands; text in quotes may contain one.
local function find_end(text, at, closing)
  while at <= #text do
    if text:sub(at, at + 1) == closing then
      return at
    end
    at = (closing == "#}" and at or skip_quoted(text, at)) + 1
  end
  return nil
end

-- The text as a list of { kind, text, line }: kind "" is text as it is.
local function scan(text, name)
  local parts, at, line = {}, 1, 1
  while at <= #text do
    local start = text:find("{[{%%#]", at)
    local plain = text:sub(at, (start or #text + 1) - 1)
    if plain ~= "" then
      parts[#parts + 1] = { kind = "", text = plain, line = line }
      line = line + count_lines(plain)
    end
    if not start then
      break
    end
    local kind = text:sub(start, start + 1)
    local stop = find_end(text, start + 2, CLOSING[kind])
    if not stop then
      fail(name, line, "%s has no %s", kind, CLOSING[kind])
    end
    local inner = text:sub(start + 2, stop - 1)
    parts[#parts + 1] = { kind = kind, text = inner, line = line }
    line = line + count_lines(inner)
    at = stop + 2
  end
  return parts
end

local function is_silent(part)
  return part and (part.kind == "{%" or part.kind == "{#")
end

-- The last one of statements and comments with only blanks between them.
local function last_silent(parts, first)
  local last, at = first, first + 1
  while parts[at] do
    if is_silent(parts[at]) then
      last = at
    elseif parts[at].kind ~= "" or parts[at].text:find("[^ \t]") then
      break
    end
    at = at + 1
  end
  return last
end

-- Whether the line that the parts first..last are on begins and ends around
-- them, but for blanks.
local function stands_alone(parts, first, last)
  local before, behind = parts[first - 1], parts[last + 1]
  local begins = not before or before.kind == "" and
    (before.text:find("\n[ \t]*$") or
      before.begins_line and before.text:find("^[ \t]*$"))
  local ends = not behind or behind.kind == "" and
    (behind.text:find("^[ \t]*\r?\n") or
      last + 1 == #parts and behind.text:find("^[ \t]*$"))
  return begins and ends
end

-- Lines of nothing but statements and comments leave nothing.
local function trim(parts)
  local first = 1
  if parts[1] then
    parts[1].begins_line = true
  end
  while first <= #parts do
    if is_silent(parts[first]) then
      local last = last_silent(parts, first)
      if stands_alone(parts, first, last) then
        local before, behind = parts[first - 1], parts[last + 1]
        for i = first, last do
          parts[i].text = is_silent(parts[i]) and parts[i].text or ""
        end
        if before then
          before.text = before.text:gsub("[ \t]*$", "")
        end
        if behind then
          local cut = behind.text:match("^[ \t]*\r?\n") or behind.text
          behind.text = behind.text:sub(#cut + 1)
          behind.line = behind.line + count_lines(cut)
          behind.begins_line = true
        end
      end
      first = last
    end
    first = first + 1
  end
  return parts
end

---------------------------------------------------------------------------
-- Making a program
---------------------------------------------------------------------------

-- An expression and its filters: texts between bars that stand outside of
-- quotes and brackets.
local function split(text)
  local pieces, from, depth, at = {}, 1, 0, 1
  while at <= #text do
    at = skip_quoted(text, at)
    local char = text:sub(at, at)
    if char:find("[%(%[{]") then
      depth = depth + 1
    elseif char:find("[%)%]}]") then
      depth = depth - 1
    elseif char == "|" and depth == 0 then
      pieces[#pieces + 1] = text:sub(from, at - 1)
      from = at + 1
    end
    at = at + 1
  end
  pieces[#pieces + 1] = text:sub(from)
  return pieces
end

local function check_filter(part, name, piece, known)
  local filter, rest = piece:match("^%s*([%a_][%w_]*)%s*(.-)%s*$")
  if not filter or rest ~= "" and not rest:find("^%(.*%)$") then
    fail(name, part.line, "behind | a filter, as upper or join(\", \"), is "
      .. "expected, not \"%s\"", piece)
  elseif not known[filter] then
    fail(name, part.line, "there is no filter \"%s\"", filter)
  end
  local arguments = rest:sub(2, -2)
  return filter, arguments:find("%S") and ", " .. arguments or ""
end

local function value_code(part, name, known)
  local pieces = split(part.text)
  local code = pieces[1]
  if not code:find("%S") then
    fail(name, part.line, "there is no expression in {{ }}")
  elseif not loadstring("return (" .. code .. ")") then
    fail(name, part.line, "\"%s\" is no expression",
      (code:gsub("%s+", " "):match("^ ?(.-) ?$")))
  end
  for i = 2, #pieces do
    local filter, arguments = check_filter(part, name, pieces[i], known)
    code = ("filters_.%s((%s)%s)"):format(filter, code, arguments)
  end
  return ("put_((%s), %q)"):format(code, part.text:match("^%s*(.-)%s*$"))
end

-- Each piece of code on the line of the template that it comes from.
local function program(parts, name, known)
  local code, line = {}, 1
  local function emit(text, at)
    code[#code + 1] = ("\n"):rep(at - line) .. text
    line = math.max(line, at) + count_lines(text)
  end
  for _, part in ipairs(parts) do
    if part.kind == "" and part.text ~= "" then
      emit(("text_(%s) "):format(("%q"):format(part.text)
        :gsub("\\\n", "\\n"):gsub("\r", "\\r")), part.line)
    elseif part.kind == "{{" then
      emit(value_code(part, name, known) .. " ", part.line)
    elseif part.kind == "{%" then
      emit(part.text .. (part.text:find("--", 1, true) and "\n" or " "),
        part.line)
    end
  end
  return table.concat(code)
end

---------------------------------------------------------------------------
-- The module
---------------------------------------------------------------------------

local function options_of(options)
  local known = setmetatable({}, { __index = filters })
  for name, filter in pairs(options and options.filters or {}) do
    if type(filter) ~= "function" then
      error("template: filters: \"" .. tostring(name)
        .. "\" has to be a function", 3)
    end
    known[name] = filter
  end
  return options and options.name or "template", known
end

local function run(chunk, values, known)
  local out = {}
  local environment = { filters_ = known }
  function environment.text_(text)
    out[#out + 1] = text
  end
  function environment.put_(value, expression)
    if is_missing(value) then
      error(("there is no value for {{ %s }}"):format(expression), 2)
    end
    out[#out + 1] = tostring(value)
  end
  setmetatable(environment, { __index = function(_, key)
    local value = values[key]
    if value == nil then
      return GLOBALS[key]
    end
    return value
  end })
  setfenv(chunk, environment)
  local fine, why = pcall(chunk)
  if not fine then
    error({ Error = "Template.Failed", Cause = type(why) == "table"
      and why.Cause or tostring(why) }, 0)
  end
  return table.concat(out)
end

--- Reads a template once, to render it often.
-- @tparam string text the template
-- @tparam[opt] table options
--
--     name      the template's, for errors, such as its file's; "template"
--     filters   more filters: functions of a value and arguments, by name
--
-- @treturn function of a table of values; returns the text, or raises
--   Template.Failed with name and line
-- @raise Template.Invalid with name and line, if it is no template
function template.compile(text, options)
  if type(text) ~= "string" then
    error("template: a text expected", 2)
  end
  local name, known = options_of(options)
  local code = program(trim(scan(text, name)), name, known)
  local chunk, why = loadstring(code, "=" .. name)
  if not chunk then
    error({ Error = "Template.Invalid", Cause = why }, 0)
  end
  return function(values)
    if values ~= nil and type(values) ~= "table" then
      error("template: a table of values expected", 2)
    end
    return run(chunk, values or {}, known)
  end
end

--- A template with values in it.
-- @tparam string text the template
-- @tparam[opt] table values by name
-- @tparam[opt] table options as of compile()
-- @treturn string the text
-- @raise Template.Invalid, Template.Failed: as compile()
function template.render(text, values, options)
  if type(text) ~= "string" then
    error("template: a text expected", 2)
  end
  return template.compile(text, options)(values)
end

--- The same of a file.
-- @tparam string path
-- @tparam[opt] table values by name
-- @tparam[opt] table options as of compile(); the name is the path
-- @treturn string the text
-- @raise Template.Invalid, Template.Failed: as compile(); what fs.read raises
function template.render_file(path, values, options)
  local with = { name = path, filters = options and options.filters }
  return template.render(require("fs").read(path), values, with)
end

return template
