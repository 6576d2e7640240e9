--- Parallel: runs branches at the same time, and waits for all of them.
--
-- @module states.parallel

local containers = require("asl.containers")
local decide = require("asl.decide")
local failing = require("asl.failing")

local parallel = { type = "Parallel" }

--- Fields of this state beyond those every state has.
parallel.fields = containers.parallel_fields
parallel.jsonata_fields = containers.parallel_jsonata_fields

parallel.prepare = containers.prepare_parallel

--- Decides what entering the state means: its branches start.
function parallel.enter(ctx, state, input)
  local data = state.data
  local effective, error, cause = data.input(ctx, state, input)
  if effective then
    effective, error, cause = data.parameters(ctx, state, effective)
  end
  if not effective then
    return failing.failed(ctx, state, input, error, cause)
  end
  return decide.parallel(effective)
end

--- A retrier's interval is over: everything again from the state's input.
parallel.retry = parallel.enter

--- All branches have succeeded: comes with the array of their outputs.
parallel.joined = failing.succeeded

--- A branch has failed, and the others have been stopped.
parallel.branch_failed = failing.failed

return parallel
