--- Steps: what a path is made of, behind its "$".
--
-- Each step is a table with its kind:
--
--   name (name)     one member            index (index)  one element
--   names (names)   several members       indices (indices)
--   slice (from, to; nil: open)           all
--   filter (test)   see asl.filter        scan: the value and all in it
--   call (call)     see asl.path_functions
--
-- and with `fragment`, how the Jayway library prints it.
--
-- @module asl.steps

local path_functions = require("asl.path_functions")
local scanner = require("asl.scanner")

local steps = {}

local MAX_STEPS = 1000
local MAX_SELECTORS = 200 -- of steps that are neither name nor index
local MAX_DEPTH = 50 -- of filters in filters

local skip = scanner.skip

local function name_step(name)
  return { kind = "name", name = name, fragment = "['" .. name .. "']" }
end

--- The step to a member.
steps.name = name_step

local function names_step(names)
  if not names[2] then
    return name_step(names[1])
  end
  return {
    kind = "names",
    names = names,
    fragment = "['" .. table.concat(names, "','") .. "']",
  }
end

-- The names in a bracket, from the first quote on.
local function parse_names(text, at)
  local names = {}
  while true do
    local name, stop = scanner.quoted(text, at)
    if not name then
      return nil
    end
    names[#names + 1] = name
    stop = skip(text, stop)
    local mark = text:sub(stop, stop)
    if mark == "]" then
      return names_step(names), stop + 1
    elseif mark ~= "," then
      return nil
    end
    at = skip(text, stop + 1)
  end
end

-- One side of a slice: a number, nil if it is left out, false if it is
-- neither. Blanks go first: two repetitions of them would take quadratic time.
local function parse_bound(text)
  local digits = text:match("^%s*(.*)$"):match("^(%-?%d*)%s*$")
  if not digits then
    return false
  elseif digits == "" then
    return nil
  end
  return scanner.index(digits) or false
end

local function parse_slice(inner)
  local from, to = inner:match("^([^:]*):([^:]*)$")
  if not from then
    return nil
  end
  from, to = parse_bound(from), parse_bound(to)
  if from == false or to == false or (not from and not to) then
    return nil
  end
  return {
    kind = "slice",
    from = from,
    to = to,
    fragment = "[" .. (from or "") .. ":" .. (to or "") .. "]",
  }
end

local function parse_indices(inner)
  local indices = {}
  for item in (inner .. ","):gmatch("([^,]*),") do
    local index = scanner.index(item:match("^%s*(%-?%d+)%s*$"))
    if not index then
      return nil
    end
    indices[#indices + 1] = index
  end
  local fragment = "[" .. table.concat(indices, ",") .. "]"
  if not indices[2] then
    return { kind = "index", index = indices[1], fragment = fragment }
  end
  return { kind = "indices", indices = indices, fragment = fragment }
end

local function parse_filter(text, at, depth)
  at = text:match("^%?%s*%(()", at)
  if not at or depth == MAX_DEPTH then
    return nil
  end
  local test, stop = require("asl.filter").parse(text, at, depth + 1)
  stop = test and text:match("^%s*%)%s*%]()", stop)
  return stop and { kind = "filter", test = test, fragment = "[?]" }, stop
end

-- What stands in brackets; `at` is the place of the opening one.
local function parse_bracket(text, at, depth)
  at = skip(text, at + 1)
  local first = text:sub(at, at)
  if first == "'" or first == '"' then
    return parse_names(text, at)
  elseif first == "?" then
    return parse_filter(text, at, depth)
  elseif first == "*" then
    return { kind = "all", fragment = "[*]" }, text:match("^%*%s*%]()", at)
  end
  local inner, stop = text:match("^([%d%-:,%s]+)%]()", at)
  if not inner then
    return nil
  end
  return inner:find(":", 1, true) and parse_slice(inner)
    or parse_indices(inner), stop
end

-- A name ends at these; in a filter also at operators.
local NAME = "^([^%.%[%]%s%(%)\\]+)()"
local NAME_IN_FILTER = "^([^%.%[%]%s%(%)\\=<>!~&|,'\"]+)()"

-- What stands behind a dot.
local function parse_dotted(text, at, depth)
  if text:sub(at, at) == "[" then
    return parse_bracket(text, at, depth)
  elseif text:sub(at, at) == "*" then
    return { kind = "all", fragment = "[*]" }, at + 1
  end
  local name, stop =
    scanner.name(text, at, depth > 0 and NAME_IN_FILTER or NAME)
  if name and text:sub(stop, stop) == "(" then
    return path_functions.parse(text, name, stop)
  end
  return name and name_step(name), stop
end

-- One step; of `..` and what stands behind it, two.
local function parse_step(text, at, depth, list)
  local step, stop
  if text:sub(at, at) == "[" then
    step, stop = parse_bracket(text, at, depth)
  elseif text:sub(at, at + 1) == ".." then
    list[#list + 1] = { kind = "scan", fragment = ".." }
    step, stop = parse_dotted(text, at + 2, depth)
  elseif text:sub(at, at) == "." then
    step, stop = parse_dotted(text, at + 1, depth)
  end
  list[#list + 1] = step
  return step and stop
end

local function is_definite(step)
  return step.kind == "name" or step.kind == "index"
end

--- Parses the steps from `at` on: of a path alone (depth 0), up to the end of
-- the text; of one in a filter, as far as they go. Returns the list, where the
-- text goes on, and whether the path is definite; or nil.
function steps.parse(text, at, depth)
  local list, definite, others = {}, true, 0
  while at <= #text do
    if depth > 0 and not text:find("^[%.%[]", at) then
      break
    end
    at = parse_step(text, at, depth, list)
    if not at or #list > MAX_STEPS then
      return nil
    end
    if not is_definite(list[#list]) or (list[2]
        and list[#list - 1].kind == "scan") then
      definite = false
      others = others + 1
    end
    if others > MAX_SELECTORS then
      return nil
    end
  end
  return list, at, definite
end

return steps
