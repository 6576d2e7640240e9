--- Inspection: the flow of data through a state that is tested (TestState),
-- which shows what each stage makes of it.
--
-- A state whose definition was loaded for that (is_inspected) has a language
-- of this module in state.data: the functions of asl.data, wrapped so that
-- they tell ctx:inspect() the names that AWS's InspectionData has for their
-- results. What is not tested never comes here.
--
-- Which stages are shown is as recorded at AWS: a Parallel shows none before
-- its branches, a Pass with a Result only what follows that, and the result as
-- it came is shown of Tasks and of such a Pass.
--
-- @module asl.inspection

local data_jsonata = require("asl.data_jsonata")
local data_jsonpath = require("asl.data_jsonpath")

local inspection = {}

local function is_fixed(state)
  return state.type == "Pass" and state.Result ~= nil
end

local function hides_input(state)
  return state.type == "Parallel" or is_fixed(state)
end

-- The stage, telling what comes of it, unless the state hides that.
local function told(name, stage, hides)
  return function(ctx, state, ...)
    local value, error, cause = stage(ctx, state, ...)
    if value and not (hides and hides(state)) then
      ctx:inspect(name, value)
    end
    return value, error, cause
  end
end

local function copy(language)
  local copied = {}
  for name, stage in pairs(language) do
    copied[name] = stage
  end
  return copied
end

-- The functions of a language, whose leave() tells the result as it comes.
local function with_result(language, shows)
  local leave = language.leave
  function language.leave(ctx, state, input, result)
    if state.type == "Task" or is_fixed(state) then
      ctx:inspect("result", result)
    end
    if shows then
      shows(ctx, state, result)
    end
    return leave(ctx, state, input, result)
  end
  return language
end

local function inspected_jsonpath()
  local language = copy(data_jsonpath)
  language.input = told("afterInputPath", language.input, hides_input)
  language.parameters =
    told("afterParameters", language.parameters, hides_input)
  language.result = told("afterResultSelector", language.result)
  language.place = told("afterResultPath", language.place)
  function language.leave(...)
    return data_jsonpath.leave_by(language, ...)
  end
  function language.hand_on(...)
    return data_jsonpath.hand_on_by(language, ...)
  end
  return with_result(language, function(ctx, state, result)
    if not state.ResultSelector then -- then that stage is left out
      ctx:inspect("afterResultSelector", result)
    end
  end)
end

local function inspected_jsonata()
  local language = copy(data_jsonata)
  language.parameters = told("afterArguments", language.parameters,
    function(state)
      return state.type ~= "Task"
    end)
  return with_result(language)
end

--- The languages of states that are inspected.
inspection.languages = {
  JSONPath = inspected_jsonpath(),
  JSONata = inspected_jsonata(),
}

--- A Fail state has no data flow, but shows its input all the same.
function inspection.prepare(state)
  local enter = state.enter
  if state.type ~= "Fail" or state.query_language == "JSONata" then
    return
  end
  function state.enter(ctx, its_state, input)
    ctx:inspect("afterInputPath", input)
    return enter(ctx, its_state, input)
  end
end

return inspection
