--- XML, as much of it as services speak: elements, attributes, text.
--
-- @module aws.xml

local xml = {}

local MAX_DEPTH = 200

local ENTITIES = { amp = "&", apos = "'", gt = ">", lt = "<", quot = '"' }

local function utf8(code)
  if code < 0x80 then
    return string.char(code)
  elseif code < 0x800 then
    return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64)
  elseif code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 4096),
      0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
  end
  return string.char(0xF0 + math.floor(code / 262144) % 8,
    0x80 + math.floor(code / 4096) % 64, 0x80 + math.floor(code / 64) % 64,
    0x80 + code % 64)
end

local function entity(name)
  local code = name:match("^#(%d+)$")
  code = code and tonumber(code)
    or name:match("^#x(%x+)$") and tonumber(name:sub(3), 16)
  return code and code < 0x110000 and utf8(code) or ENTITIES[name]
end

local function characters(text)
  return (text:gsub("&(#?%w+);", entity))
end

local function attributes_of(text)
  local attributes = {}
  for name, _, value in text:gmatch("([%w:_.-]+)%s*=%s*(['\"])(.-)%2") do
    attributes[name] = characters(value)
  end
  return attributes
end

local function local_name(name)
  return name:match(":(.+)$") or name
end

-- Markup that is no element: where it ends, and its text. Nil: it is one.
local function other_markup(text, at)
  if text:sub(at, at + 8) == "<![CDATA[" then
    local first, last = text:find("]]>", at + 9, true)
    return last, first and text:sub(at + 9, first - 1)
  elseif text:sub(at, at + 3) == "<!--" then
    return select(2, text:find("-->", at + 4, true)), ""
  elseif text:find("^<[?!]", at) then
    return text:find(">", at, true), ""
  end
  return nil
end

-- A tag: opens an element below the last of `open`, or closes that.
local function take_tag(open, tag)
  local parent = open[#open]
  local closing = tag:match("^/%s*([^%s]+)")
  if closing then
    if #open == 1 or parent.name ~= local_name(closing) then
      return false
    end
    parent.text = table.concat(parent.texts)
    open[#open] = nil
    return true
  end
  local name, rest = tag:match("^([^%s/]+)(.*)$")
  if not name or #open > MAX_DEPTH then
    return false
  end
  local element = { name = local_name(name), texts = {}, children = {},
    attributes = attributes_of(rest), text = "" }
  parent.children[#parent.children + 1] = element
  if not rest:find("/$") then
    open[#open + 1] = element
  end
  return true
end

--- The root element: { name, text, children, attributes }; names without
-- prefixes. nil if the text is no XML.
function xml.parse(text)
  local open, at = { { texts = {}, children = {} } }, 1
  while true do
    local mark = text:find("<", at, true)
    local texts = open[#open].texts
    texts[#texts + 1] = characters(text:sub(at, (mark or 0) - 1))
    if not mark then
      break
    end
    local last, content = other_markup(text, mark)
    if last and content then
      texts[#texts + 1] = content
    else
      last = text:find(">", mark, true)
      if not last or not take_tag(open, text:sub(mark + 1, last - 1)) then
        return nil
      end
    end
    at = last + 1
  end
  return #open == 1 and open[1].children[1] or nil
end

--- The first child of that name, or nil.
function xml.child(element, name)
  for _, child in ipairs(element and element.children or {}) do
    if child.name == name then
      return child
    end
  end
  return nil
end

--- All children of that name.
function xml.all(element, name)
  local found = {}
  for _, child in ipairs(element.children) do
    if child.name == name then
      found[#found + 1] = child
    end
  end
  return found
end

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;",
  ['"'] = "&quot;", ["\r"] = "&#13;", ["\n"] = "&#10;" }

--- Characters as they stand in XML.
function xml.escape(text)
  return (text:gsub('[&<>"\r\n]', ESCAPES))
end

return xml
