--- The machine: what the core calls. Loads definitions, and hands entering
-- and events to the state scripts.
--
-- All functions are free of memory: what they answer follows from their
-- arguments, so that replaying them is harmless.
--
-- @module machine

local loader = require("asl.loader")
local types = require("asl.types")

local machine = {}

--- Compiles a definition; see core.stub.lua.
machine.load = loader.load

--- All findings about a definition; see core.stub.lua. The checks are not
-- needed to run it: they are loaded when first asked for.
function machine.diagnose(definition, options)
  return require("asl.validator").diagnose(definition, options)
end

--- Loads the state that a request of TestState is about; see core.stub.lua.
function machine.load_tested(definition, asked)
  return require("testing.state").load(definition, asked)
end

--- Adds a user's state type; see states/README.md.
machine.add_type = types.add

--- Decides what entering state number `index` means.
function machine.enter(loaded, index, ctx, input)
  local state = loaded.states[index]
  return state.enter(ctx, state, input)
end

--- The input of a Map's iteration.
function machine.item(loaded, index, ctx, input, item_index, item)
  local state = loaded.states[index]
  return state.script.item(ctx, state, input, item_index, item)
end

--- Decides what an event means for a state that waits.
function machine.resume(loaded, index, ctx, input, event, a, b)
  local state = loaded.states[index]
  return state.script[event](ctx, state, input, a, b)
end

return machine
