--- Names of variables: letters, digits and underscores, no digit first; any
-- character beyond ASCII is taken for a letter.
--
-- @module asl.variable_name

local characters = require("asl.characters")

local variable_name = {}

local MAX_CHARACTERS = 80

--- The name at `at` and where the text goes on, or nil.
function variable_name.at(text, at)
  return text:match("^([%a_\128-\255][%w_\128-\255]*)()", at)
end

--- What is wrong with a name that Assign gives; nil: nothing.
function variable_name.problem(name)
  local _, stop = variable_name.at(name, 1)
  if stop ~= #name + 1 then
    return "Variable names have letters, digits and underscores, and do not "
      .. "begin with a digit: " .. name
  elseif name == "states" then
    return "The variable name 'states' is reserved"
  elseif characters.count(name) > MAX_CHARACTERS then
    return "Variable names have at most " .. MAX_CHARACTERS .. " characters"
  end
  return nil
end

return variable_name
