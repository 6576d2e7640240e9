--- MOONSTEP_NO_DEFAULT: a Choice state that may choose nothing.
--
-- @module asl.checks.choice_without_default

local survey = require("asl.survey")

local choice_without_default = {
  code = "MOONSTEP_NO_DEFAULT",
  severity = "WARNING",
  summary = "A Choice state has no `Default`: the execution fails with "
    .. "`States.NoChoiceMatched` when no rule holds. Not reported if two "
    .. "rules are each other's opposites.",
}

-- A rule as text, with what makes it the opposite of another one taken out:
-- key, and the value of its flag.
local function opposite_of(rule)
  local variable = survey.text(rule, "Variable")
  for name, member in rule:members() do
    local flag = member:boolean()
    if flag ~= nil and (name:find("^Is") or name == "BooleanEquals") then
      return tostring(variable) .. " " .. name, flag
    end
  end
end

local function has_opposites(rules)
  local seen = {}
  for _, rule in ipairs(rules) do
    local key, flag
    if rule.value:type() == "object" then
      key, flag = opposite_of(rule.value)
    end
    if key and seen[key] == not flag then
      return true
    elseif key then
      seen[key] = flag
    end
  end
  return false
end

--- Runs the check.
function choice_without_default.run(whole, report)
  for _, state in ipairs(whole.states) do
    if state.type == "Choice" and not state.object:get("Default") then
      local rules = survey.elements(state.object, "Choices", state.location)
      if rules[1] and not has_opposites(rules) then
        report(state.location, "The Choice state has no Default: if no rule "
          .. "holds, the execution fails with States.NoChoiceMatched")
      end
    end
  end
end

return choice_without_default
