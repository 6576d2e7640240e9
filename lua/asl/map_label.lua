--- Labels of distributed Maps: part of the ARNs of Map Runs and their child
-- executions.
--
-- @module asl.map_label

local characters = require("asl.characters")
local diagnostics = require("asl.diagnostics")
local doc = require("wf.doc")
local fields = require("asl.fields")

local map_label = {}

local MAX_CHARACTERS = 40

local REFUSED = "[%z\1-\32?*<>{}%[%]:;,\\|^~$#%%&`\"\127]"
local REFUSED_ABOVE_ASCII = "\194[\128-\159]" -- U+0080 to U+009F

local ESCAPES = { ["\t"] = "\\t", ["\n"] = "\\n", ["\r"] = "\\r",
  ["\\"] = "\\\\" }

-- A character as messages show it.
local function shown(char)
  if ESCAPES[char] then
    return ESCAPES[char]
  elseif char:find("^[%z\1-\31\127\194]") then
    return ("\\x%02x"):format(char:byte(#char))
  end
  return char
end

local function problem_of(label)
  local first = label:match(REFUSED)
  local other = label:match(REFUSED_ABOVE_ASCII)
  local char = first or other
  if first and other and label:find(other, 1, true)
      < label:find(first, 1, true) then
    char = other
  end
  if char then
    return "Label contains invalid character: '" .. shown(char) .. "'"
  elseif characters.count(label) > MAX_CHARACTERS then
    return "Label cannot exceed " .. MAX_CHARACTERS .. " characters"
  end
  return label == "" and "Label cannot be empty" or nil
end

--- The field Label.
function fields.kinds.label(value, at)
  local label = value:string()
  if not label then
    return nil, "Expected value of type String"
  end
  local report, labels = at.load.diagnostics, at.load.labels
  local problem = problem_of(label)
  if problem then
    diagnostics.add(report, diagnostics.INVALID_LABEL_NAME, problem,
      at.location)
  elseif labels[label] then
    diagnostics.add(report, diagnostics.DUPLICATE_LABEL_NAME,
      "Duplicate Label: " .. label, at.location)
  end
  labels[label] = true
  return label
end

--- The label of a state without one: a UUID (version 3), the same each time
-- the state is entered.
function map_label.default(ctx, state)
  local machine = ctx:brief_context():get("StateMachine")
  local id = machine and machine:get("Id")
  local hash = doc.hash("MD5", (id and id:string() or "") .. "/" .. state.name)
  local variant = ("%x"):format(8 + tonumber(hash:sub(17, 17), 16) % 4)
  return hash:sub(1, 8) .. "-" .. hash:sub(9, 12) .. "-3" .. hash:sub(14, 16)
    .. "-" .. variant .. hash:sub(18, 20) .. "-" .. hash:sub(21)
end

return map_label
