--- Views: what $states and variables are to the expressions of a state.
--
-- All expressions that are evaluated together share a view, so that each sees
-- what was there when the state was entered. What none looks at is not made.
--
-- @module asl.jsonata_view

local jsonata = require("jsonata")

local jsonata_view = {}

local decode = jsonata.decode

-- Members of $states, and where its view has them.
local SOURCES = {
  input = function(view)
    return view.input
  end,
  result = function(view)
    return view.result
  end,
  errorOutput = function(view)
    return view.error_output
  end,
  context = function(view)
    return view.ctx:context()
  end,
}

local STATES = {}

local BINDINGS = {}

local function view_of(states)
  return rawget(states, STATES)
end

-- A member that nobody has looked at yet.
local function states_member(states, name)
  local source = SOURCES[name]
  local found = source and source(view_of(states))
  local value = found and decode(found)
  rawset(states, name, value)
  return value
end

local STATES_CLASS = { __index = states_member }

-- The names of members, which views share.
local KEYS = { [0] = 2, "input", "context" }
local RESULT_KEYS = { [0] = 3, "input", "result", "context" }
local ERROR_KEYS = { [0] = 3, "input", "errorOutput", "context" }

local function keys_of(view)
  return view.result and RESULT_KEYS or view.error_output and ERROR_KEYS or KEYS
end

-- A variable that nobody has looked at yet.
local function variable(bindings, name)
  local variables = rawget(bindings, BINDINGS)
  local found = variables and type(name) == "string" and variables:get(name)
  local value = found and decode(found) or nil
  rawset(bindings, name, value)
  return value
end

local BINDINGS_CLASS = { __index = variable }

local view = {}
view.__index = view

--- Values by name, as programs want them.
function view:bindings()
  local bindings = self.bound
  if not bindings then
    bindings = setmetatable({
      [BINDINGS] = self.ctx:variables(),
      states = setmetatable({
        [0] = keys_of(self),
        [STATES] = self,
      }, STATES_CLASS),
    }, BINDINGS_CLASS)
    self.bound = bindings
  end
  return bindings
end

--- Makes all members of $states: for what looks at the whole of it.
function view:fill()
  local states = self:bindings().states
  for i = 1, states[0][0] do
    local _ = states[states[0][i]]
  end
end

--- A view. `result` and `error_output` may be nil.
function jsonata_view.new(ctx, input, result, error_output)
  return setmetatable({
    ctx = ctx,
    input = input,
    result = result,
    error_output = error_output,
    bound = nil, -- made when first asked for
  }, view)
end

return jsonata_view
