--- State types: the scripts of states/ and those a user adds.
--
-- @module asl.types

local types = {}

-- AWS's types, in the order of its messages.
local AWS_ORDER =
  { "Task", "Wait", "Pass", "Succeed", "Fail", "Choice", "Parallel", "Map" }

local scripts = {}

--- The script of a type, or nil.
function types.get(name)
  return name and scripts[name]
end

--- Adds a type, or replaces one. Raises an error if the script is unfit.
function types.add(script)
  if type(script) ~= "table" or type(script.type) ~= "string" then
    error("a state script returns a table with a type", 2)
  elseif type(script.enter) ~= "function" then
    error("state type " .. script.type .. " has no function enter", 2)
  end
  scripts[script.type] = script
end

local aws_types = {}
for _, name in ipairs(AWS_ORDER) do
  aws_types[name] = true
end

--- Whether a type is one of AWS's.
function types.is_aws(name)
  return aws_types[name] == true
end

--- The names of all types: AWS's first, then the others in order.
function types.names()
  local names = {}
  for _, name in ipairs(AWS_ORDER) do
    if scripts[name] then
      names[#names + 1] = name
    end
  end
  local others = {}
  for name in pairs(scripts) do
    if not aws_types[name] then
      others[#others + 1] = name
    end
  end
  table.sort(others)
  for _, name in ipairs(others) do
    names[#names + 1] = name
  end
  return names
end

for _, name in ipairs(AWS_ORDER) do
  types.add(require("states." .. name:lower()))
end

return types
