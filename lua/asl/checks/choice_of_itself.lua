--- MOONSTEP_CHOICE_OF_ITSELF: a Choice state that may choose itself for ever.
--
-- @module asl.checks.choice_of_itself

local survey = require("asl.survey")

local choice_of_itself = {
  code = "MOONSTEP_CHOICE_OF_ITSELF",
  severity = "WARNING",
  summary = "A Choice state leads to itself, and nothing changes what it "
    .. "chooses by: it chooses the same again, for ever.",
}

local CHANGING = { "Assign", "InputPath", "OutputPath", "Output" }

local function has_any(object, names)
  for _, name in ipairs(names) do
    if object:get(name) then
      return true
    end
  end
  return false
end

-- The context object, and functions, change by themselves.
local function changes_by_itself(state)
  local text = state.object:get("Choices"):text()
  return text:find("$$", 1, true) or text:find("context", 1, true)
    or text:find("$now", 1, true) or text:find("$millis", 1, true)
    or text:find("$random", 1, true) or text:find("Assign", 1, true)
    or text:find("Output", 1, true)
end

--- Runs the check.
function choice_of_itself.run(whole, report)
  for _, state in ipairs(whole.states) do
    if state.type == "Choice" and not has_any(state.object, CHANGING)
        and survey.elements(state.object, "Choices", "")[1]
        and not changes_by_itself(state) then
      for _, transition in ipairs(state.transitions) do
        if transition.target == state then
          report(transition.location, "The Choice state leads to itself with "
            .. "the same input, and chooses the same again")
        end
      end
    end
  end
end

return choice_of_itself
