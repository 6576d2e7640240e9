--- The house rules, as tests: what CONTRIBUTING.md asks of every file.
--
--   luajit tests/house/house.lua [--list | RULE...]
--
-- Prints each offence as FILE:LINE: what, and exits with 1 if there is one.

local MAX_COLUMNS = 80
local MAX_LINES = 700

--- Files under version control, and new ones that are not ignored.
local function list_files()
  local files = {}
  local pipe = assert(io.popen("git ls-files -co --exclude-standard"))
  for path in pipe:lines() do
    local file = io.open(path, "rb")
    if file then -- not one that was just removed
      files[#files + 1] = { path = path, text = file:read("*a") }
      file:close()
    end
  end
  assert(pipe:close())
  assert(#files > 0, "run it from a git checkout of the sources")
  return files
end

local files = list_files()
local offences = 0

local function offence(path, line, what)
  print(string.format("%s:%d: %s", path, line, what))
  offences = offences + 1
end

local function matches(path, patterns)
  for _, pattern in ipairs(patterns) do
    if path:find(pattern) then
      return true
    end
  end
  return false
end

--- Files whose path matches one of the patterns, but none of `except`.
local function each_file(patterns, except)
  local index = 0
  return function()
    repeat
      index = index + 1
      local file = files[index]
      if file and matches(file.path, patterns)
        and not matches(file.path, except or {}) then
        return file
      end
    until not file
  end
end

--- Lines of a text with their numbers.
local function each_line(text)
  local number = 0
  local lines = (text:sub(-1) == "\n" and text or text .. "\n")
    :gmatch("(.-)\n")
  return function()
    number = number + 1
    local line = lines()
    return line and number, line
  end
end

--- C text without comments and string literals, lines kept.
local function code_only(text)
  local function blank(part)
    return (part:gsub("[^\n]", " "))
  end
  text = text:gsub("/%*.-%*/", blank)
  return (text:gsub('"[^"\n]*"', blank))
end

--- Nothing that matches `pattern` in files but those allowed.
local function forbid(where, pattern, allowed, what, filter)
  for file in each_file(where, allowed) do
    local text = filter and filter(file.text) or file.text
    for number, line in each_line(text) do
      if line:find(pattern) then
        offence(file.path, number, what)
      end
    end
  end
end

local C_FILES = { "%.[ch]$" }
local SOURCES = { "%.[ch]$", "%.lua$" }
local SCRIPTS = { "^lua/.*%.lua$", "^states/.*%.lua$" }

local rules = {}

--- Only the lua_*.c of core/ know Lua.
function rules.lua_border()
  local what = "only core/*/lua_*.c include Lua's headers"
  local allowed = { "^core/%w+/lua_[%w_]+%.[ch]$" }
  for _, header in ipairs({ "lua", "lauxlib", "lualib", "luajit" }) do
    forbid({ "^core/" }, '#include [<"]' .. header .. "%.h", allowed, what)
  end
end

--- Calls into Lua are protected; one inside a protected call says so, on its
-- line or the line above.
function rules.lua_call()
  for file in each_file({ "^core/.*%.[ch]$" }) do
    local before = ""
    local code = each_line(code_only(file.text))
    for number, line in each_line(file.text) do
      local _, plain = code()
      if plain:find("%f[%w_]lua_call%s*%(")
        and not (before .. line):find("protected") then
        offence(file.path, number, "bare lua_call()")
      end
      before = line
    end
  end
end

--- Only the LMDB store knows LMDB.
function rules.store_border()
  forbid({ "^core/" }, '#include [<"]lmdb%.h',
    { "^core/store/store_[%w_]+%.[ch]$" },
    "only core/store/store_* include lmdb.h")
end

--- Scripts know nothing of storage and loop.
function rules.scripts_decide()
  for _, word in ipairs({ "[Ll][Mm][Dd][Bb]", "libev", "mdb_", "ev_loop" }) do
    forbid(SCRIPTS, word, { "%.stub%.lua$" },
      "lua/ and states/ know nothing of LMDB and libev")
  end
end

--- One module reads clocks; tests and the recorder's preload stand outside.
function rules.one_clock()
  local what = "only core/base/clock.c reads a clock"
  local allowed = { "^core/base/clock%.c$" }
  for _, call in ipairs({ "clock_gettime%s*%(", "gettimeofday%s*%(",
    "[^%w_]time%s*%(%s*NULL", "[^%w_]time%s*%(%s*0%s*%)",
    "ev_time%s*%(" }) do
    forbid({ "^core/.*%.[ch]$" }, call, allowed, what, code_only)
  end
  for _, call in ipairs({ "os%.time", "os%.clock", "os%.date" }) do
    forbid(SCRIPTS, call, nil, "scripts ask ctx for the time")
  end
end

--- The default loop waits for any child: processes of a pool, waited for by
-- their own, would die unseen.
function rules.own_loops()
  forbid({ "^core/.*%.[ch]$" }, "ev_default_loop", nil,
    "loops are made by ev_loop_new()")
end

--- Narrow enough for two files side by side.
function rules.columns()
  for file in each_file(SOURCES) do
    for number, line in each_line(file.text) do
      local _, columns = line:gsub("[^\128-\191]", "")
      if columns > MAX_COLUMNS then
        offence(file.path, number, columns .. " columns")
      end
    end
  end
end

--- No tabs, no blanks at the end of a line, a newline at the end.
function rules.blanks()
  for file in each_file(SOURCES) do
    for number, line in each_line(file.text) do
      if line:find("%s$") then
        offence(file.path, number, "blank at the end of the line")
      elseif line:find("\t") then
        offence(file.path, number, "a tab")
      end
    end
    if file.text:sub(-1) ~= "\n" then
      offence(file.path, 1, "no newline at the end")
    end
  end
end

--- Short enough to keep in the head.
function rules.lines()
  for file in each_file(SOURCES) do
    local _, lines = file.text:gsub("\n", "")
    if lines > MAX_LINES then
      offence(file.path, lines, lines .. " lines: split it")
    end
  end
end

--- The first screen says what a file is.
function rules.heads()
  for file in each_file(C_FILES, { "^tests/" }) do
    local name = file.path:match("[^/]+$")
    local head = file.text:match("^/%*[%s*]*([^\n]*)") or ""
    if head:sub(1, #name + 3) ~= name .. " - " then
      offence(file.path, 1, "must begin with /* " .. name .. " - ... */")
    end
  end
  for file in each_file({ "^tests/.*%.[ch]$" }) do
    if not file.text:find("^/%*") then
      offence(file.path, 1, "must begin with a comment")
    end
  end
  for file in each_file({ "%.lua$" }) do
    if not file.text:find("^%-%-") and not file.text:find("^#!") then
      offence(file.path, 1, "must begin with a comment")
    end
  end
end

--- Headers are guarded.
function rules.guards()
  for file in each_file({ "%.h$" }) do
    local guard = file.text:match("\n#ifndef ([%w_]+)\n")
    if not guard or not file.text:find("\n#define " .. guard .. "\n", 1,
      true) then
      offence(file.path, 1, "no include guard")
    end
  end
end

--- What is not done is not left as a note in the source.
function rules.markers()
  for _, word in ipairs({ "TO" .. "DO", "FIX" .. "ME", "XX" .. "X" }) do
    local pattern = "%f[%w]" .. word .. "%f[%W]"
    forbid({ "%.[ch]$", "%.lua$", "%.sh$", "%.md$", "%.cmake$" }, pattern,
      nil, "left-over marker")
  end
end

--- Every Lua file compiles.
function rules.lua_compiles()
  for file in each_file({ "%.lua$" }, { "%.stub%.lua$" }) do
    local text = file.text:gsub("^#![^\n]*", "")
    local chunk, err = loadstring(text, "@" .. file.path)
    if not chunk then
      offence(file.path, 1, err)
    end
  end
end

--- Modules return something at their end, and set no globals.
function rules.lua_modules()
  for file in each_file(SCRIPTS, { "%.stub%.lua$" }) do
    if not file.text:find("\nreturn ", 1, true) then
      offence(file.path, 1, "a module returns what it offers")
    end
    for number, line in each_line(file.text) do
      if line:find("^function [%w_]+%s*%(") then
        offence(file.path, number, "a global function")
      end
    end
  end
end

--- Public functions of the Lua sources are explained.
function rules.lua_documented()
  for file in each_file(SCRIPTS, { "%.stub%.lua$" }) do
    local before = ""
    for number, line in each_line(file.text) do
      if line:find("^function [%w_]+[.:]") and not before:find("^%-%-") then
        offence(file.path, number, "a public function without a comment")
      end
      before = line
    end
  end
end

--- The README explains every folder at the top.
function rules.folders()
  local readme = io.open("README.md", "rb")
  local text = readme and readme:read("*a") or ""
  local seen = {}
  for file in each_file({ "^[^.][^/]*/" }) do
    local folder = file.path:match("^[^/]+/")
    if not seen[folder] and not text:find("`" .. folder .. "`", 1, true) then
      offence("README.md", 1, "does not explain `" .. folder .. "`")
    end
    seen[folder] = true
  end
end

--- Links between documents lead somewhere.
function rules.links()
  for file in each_file({ "%.md$" }) do
    local base = file.path:match("^(.*/)") or ""
    for number, line in each_line(file.text) do
      for target in line:gmatch("%]%(([^)#%s]+)[^)]*%)") do
        local found = target:find("^%a+:")
          or io.open(base .. target, "rb")
        if not found then
          offence(file.path, number, "a dead link: " .. target)
        elseif type(found) == "userdata" then
          found:close()
        end
      end
    end
  end
end

local names = {}
for name in pairs(rules) do
  names[#names + 1] = name
end
table.sort(names)

if arg[1] == "--list" then
  print(table.concat(names, "\n"))
  os.exit(0)
end

for _, name in ipairs(#arg > 0 and arg or names) do
  local rule = rules[name]
  if not rule then
    io.stderr:write("no rule is called ", name, "; see --list\n")
    os.exit(2)
  end
  rule()
end
os.exit(offences == 0 and 0 or 1)
