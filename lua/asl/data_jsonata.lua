--- The flow of data in JSONata states (see asl.data): Arguments, Output and
-- Assign.
--
-- @module asl.data_jsonata

local jsonata_view = require("asl.jsonata_view")

local jsonata = {}

local view_of = jsonata_view.new

--- The effective input: all of it.
function jsonata.input(_, _, input)
  return input
end

--- What the work is done on: Arguments, or the input.
function jsonata.parameters(ctx, state, input)
  local arguments = state.Arguments
  if not arguments then
    return input
  end
  return arguments:render(ctx, state, view_of(ctx, input))
end

-- The output and the new values of variables: what Output and Assign of
-- `chosen` make of a view, which both see as it was.
local function rendered(ctx, state, chosen, view, default)
  local output, error, cause = default, nil, nil
  if chosen.Output then
    output, error, cause = chosen.Output:render(ctx, state, view)
  end
  if not output or not chosen.Assign then
    return output, error, cause
  end
  local assigned
  assigned, error, cause = chosen.Assign:render(ctx, state, view)
  if not assigned then
    return nil, error, cause
  end
  return output, assigned
end

--- What a state with a result leaves.
function jsonata.leave(ctx, state, input, result)
  if not state.Output and not state.Assign then
    return result
  end
  local view = view_of(ctx, input, result)
  return rendered(ctx, state, state, view, result)
end

--- What a state without a result leaves.
function jsonata.hand_on(ctx, state, input, chosen)
  if not chosen.Output and not chosen.Assign then
    return input
  end
  return rendered(ctx, state, chosen, view_of(ctx, input), input)
end

--- What a catcher hands on: the error output, unless it has an Output.
function jsonata.caught(ctx, state, input, found, error_output)
  local view = view_of(ctx, input, nil, error_output)
  return rendered(ctx, state, found, view, error_output)
end

return jsonata
