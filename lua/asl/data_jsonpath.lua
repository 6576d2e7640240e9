--- The flow of data in JSONPath states (see asl.data).
--
-- InputPath null and OutputPath null stand for {}; ResultPath null keeps the
-- input and drops the result.
--
-- @module asl.data_jsonpath

local doc = require("wf.doc")
local errors = require("asl.errors")

local jsonpath = {}

local EMPTY = doc.empty_object

--- The failure of a path that found nothing.
function jsonpath.no_result(ctx, state, path, input)
  return errors.runtime(ctx, state, "Invalid path '" .. path.text .. "' : "
    .. path:reason(input, ctx))
end

local function select(ctx, state, path, input)
  if path == nil then
    return input
  elseif path == false then
    return EMPTY
  end
  local found, error, cause = path:find(input, ctx)
  if found == nil and error then
    return nil, error, errors.cause(ctx, state, cause)
  elseif found == nil then
    return jsonpath.no_result(ctx, state, path, input)
  end
  return found
end

--- The effective input: InputPath.
function jsonpath.input(ctx, state, input)
  return select(ctx, state, state.InputPath, input)
end

--- What the work is done on: Parameters, over the effective input.
function jsonpath.parameters(ctx, state, effective)
  local parameters = state.Parameters
  if not parameters then
    return effective
  end
  return parameters:render(ctx, state, effective)
end

--- The result as ResultSelector reshapes it.
function jsonpath.result(ctx, state, result)
  local selector = state.ResultSelector
  if not selector then
    return result
  end
  return selector:render(ctx, state, result)
end

-- The step of a Reference Path that does not fit, and where.
local function first_misfit(path, input)
  local value = input
  for _, step in ipairs(path.steps) do
    local found = step.name and value:get(step.name)
      or step.index and value:at(step.index)
    if not found then
      return step.name or step.index, value
    end
    value = found
  end
  local last = path.steps[#path.steps]
  return last.name or last.index, input
end

local function no_place(ctx, state, path, input)
  local step, value = first_misfit(path, input)
  return nil, errors.RESULT_PATH_MATCH_FAILURE, errors.cause(ctx, state,
    "Unable to apply step " .. doc.quote(tostring(step)) .. " to input "
    .. errors.compact(value:text()))
end

--- The input with the result where `path` (a ResultPath) says.
function jsonpath.put(ctx, state, path, input, result)
  if path == nil or (path and path.steps[1] == nil) then
    return result
  elseif path == false then
    return input
  end
  local output = input:put(path.compiled, result)
  if output == nil then
    return no_place(ctx, state, path, input)
  end
  return output
end

--- The state's (raw) input with its result at ResultPath.
function jsonpath.place(ctx, state, input, result)
  return jsonpath.put(ctx, state, state.ResultPath, input, result)
end

--- What leaves the state: OutputPath.
function jsonpath.output(ctx, state, output)
  return select(ctx, state, state.OutputPath, output)
end

-- An output and the values that Assign gives variables, `$` being `seen`.
local function assigned(ctx, state, output, assign, seen)
  if not assign then
    return output
  end
  local values, error, cause = assign:render(ctx, state, seen)
  if not values then
    return nil, error, cause
  end
  return output, values
end

--- What a state with a result leaves, by the stages of a language: this one,
-- or one that shows them (asl.inspection). `$` of Assign is the result, as
-- ResultSelector leaves it.
function jsonpath.leave_by(language, ctx, state, input, result)
  local error, cause
  if state.ResultSelector then
    result, error, cause = language.result(ctx, state, result)
    if not result then
      return nil, error, cause
    end
  end
  local output
  output, error, cause = language.place(ctx, state, input, result)
  if output and state.OutputPath ~= nil then
    output, error, cause = language.output(ctx, state, output)
  end
  if not output then
    return nil, error, cause
  end
  return assigned(ctx, state, output, state.Assign, result)
end

--- The same with the stages of this module.
function jsonpath.leave(ctx, state, input, result)
  return jsonpath.leave_by(jsonpath, ctx, state, input, result)
end

--- What a state without a result leaves: its effective input. As leave_by().
function jsonpath.hand_on_by(language, ctx, state, input, chosen)
  local effective, error, cause = language.input(ctx, state, input)
  local output
  if effective then
    output, error, cause = language.output(ctx, state, effective)
  end
  if not output then
    return nil, error, cause
  end
  return assigned(ctx, state, output, chosen.Assign, effective)
end

--- The same with the stages of this module.
function jsonpath.hand_on(ctx, state, input, chosen)
  return jsonpath.hand_on_by(jsonpath, ctx, state, input, chosen)
end

--- What a catcher hands on: the error output at its ResultPath, which is `$`
-- of its Assign.
function jsonpath.caught(ctx, state, input, found, error_output)
  local output, error, cause =
    jsonpath.put(ctx, state, found.ResultPath, input, error_output)
  if not output then
    return nil, error, cause
  end
  return assigned(ctx, state, output, found.Assign, error_output)
end

return jsonpath
