--- The loader: from a definition to a machine, or to diagnostics.
--
-- Everything that can be known beforehand is worked out here, once: fields
-- are checked and compiled, names of states become numbers. Running a state
-- reads the result only.
--
-- A scope is what StartAt and States stand in: the machine itself, a branch,
-- an item processor. Transitions stay within their scope. The states of all
-- scopes are one list, in the order of the text.
--
-- While a state is compiled, load.language is its query language, and
-- load.variables the set that collects the variables it refers to.
--
-- @module asl.loader

local assign_fields = require("asl.assign_fields")
local characters = require("asl.characters")
local data = require("asl.data")
local diagnostics = require("asl.diagnostics")
local doc = require("wf.doc")
local fields = require("asl.fields")
local inspection = require("asl.inspection")
local types = require("asl.types")
local variable_references = require("asl.variable_references")

require("asl.containers")
require("asl.failure_fields")
require("asl.resource")
require("asl.rules")

local loader = {}

local below = diagnostics.below
local schema = diagnostics.schema

local MAX_NAME_CHARACTERS = 80
local MAX_NESTED_SCOPES = 50

local LANGUAGE = "query_language"
local NONE = {}

-- Fields of every state; `transition` adds Next and End.
local COMMON = { Type = "string", Comment = "string", QueryLanguage = LANGUAGE }

--- The name of a query language.
function fields.kinds.query_language(value)
  local name = value:string()
  if not name or not data.of(name) then
    return nil, "The field 'QueryLanguage' should have one of these values: "
      .. "[JSONPath, JSONata]"
  end
  return name
end

--- The field End: true, or it had better not be there.
function fields.kinds.end_flag(value)
  if value:boolean() ~= true then
    return nil, "The value for the field 'End' must be true"
  end
  return true
end

local function check_name(load, name, location)
  local report = load.diagnostics
  if name == "" or characters.count(name) > MAX_NAME_CHARACTERS then
    diagnostics.add(report, diagnostics.INVALID_STATE_NAME,
      "State names have 1 to " .. MAX_NAME_CHARACTERS .. " characters",
      location)
  end
  if load.names[name] then
    diagnostics.add(report, diagnostics.DUPLICATE_STATE_NAME,
      "Duplicate State name: " .. name, location)
  end
  load.names[name] = true
end

-- The fields of a state type's own, and the types of those it has in the
-- other query language.
local function own_fields(script, language)
  local jsonpath, jsonata = script.fields or {}, script.jsonata_fields
  if language == "JSONPath" or not jsonata then
    return jsonpath, jsonata and jsonata.types
  end
  return jsonata, jsonpath.types
end

--- The schema of a state type in a query language, with the fields that all
-- states have.
function loader.schema(script, language)
  local own, other = own_fields(script, language)
  local full = {
    types = {},
    other_language = other,
    required = own.required,
    exactly_one_of = { unpack(own.exactly_one_of or {}) },
    at_most_one_of = own.at_most_one_of,
    at_least_one_of = own.at_least_one_of,
    extensions = own.extensions,
  }
  for name, kind in pairs(COMMON) do
    full.types[name] = kind
  end
  for name, kind in pairs(own.types or {}) do
    full.types[name] = kind
  end
  if not script.terminal and not script.chooses then
    full.types.Next = "state"
    full.types.End = "end_flag"
    table.insert(full.exactly_one_of, 1, { "Next", "End" })
  end
  return full
end

local function script_of(load, object, location)
  local value = object:get("Type")
  if not value then
    schema(load.diagnostics, "The field 'Type' is required but was missing",
      location)
    return nil
  end
  local script = types.get(value:string())
  if not script then
    schema(load.diagnostics, "The field 'Type' should have one of these "
      .. "values: [" .. table.concat(types.names(), ", ") .. "]",
      below(location, "Type"))
  end
  return script
end

-- AWS's rule: a state may go from JSONPath to JSONata, not back.
local function language_of(load, object, location)
  local value = object:get("QueryLanguage")
  local name = value and value:string()
  if name == "JSONPath" and load.query_language == "JSONata" then
    schema(load.diagnostics, "'QueryLanguage' can not be 'JSONPath' if set to "
      .. "'JSONata' for whole state machine", location)
  end
  return data.of(name) and name or load.query_language
end

local function schema_of(load, script, language)
  local schemas = load.schemas[language]
  schemas[script] = schemas[script] or loader.schema(script, language)
  return schemas[script]
end

local function compile_fields(load, scope, object, location, state)
  local language, variables, outer =
    load.language, load.variables, load.state_location
  load.language = state.query_language
  load.variables = {}
  load.state_location = location
  local full = schema_of(load, state.script, state.query_language)
  fields.compile(load, object, full, location, scope, state)
  state.variables = load.variables
  load.language, load.variables, load.state_location =
    language, variables, outer
end

local function new_state(load, scope, name)
  local number = #load.states + 1
  local state = { name = name, index = number, scope = scope.number,
    inside = scope.inside or 0 }
  load.states[number] = state
  scope.numbers[name] = number
  scope.members[#scope.members + 1] = number
  scope.current = number
  return state
end

local function compile_state(load, scope, name, object, location)
  local state = new_state(load, scope, name)
  if object:type() ~= "object" then
    schema(load.diagnostics, "Expected value of type Object", location)
    return
  end
  local script = script_of(load, object, location)
  if not script then
    scope.has_end = true -- it may well have been one
    return
  end
  state.type = script.type
  state.script = script
  state.query_language = language_of(load, object, location)
  state.data = load.languages[state.query_language]
  state.is_inspected = load.is_inspected
  compile_fields(load, scope, object, location, state)
  state.last_inside = #load.states -- those in it follow it
  if script.terminal or state.End then
    state.can_end = true
    scope.has_end = true
  end
end

-- The number of a state that is known by its name only.
local function stranger(load, scope, name)
  local number = #load.states + 1
  load.states[number] = { name = name, index = number }
  scope.numbers[name] = number
  return number
end

local function resolve(load, scope)
  for _, transition in ipairs(scope.transitions) do
    local number = scope.numbers[transition.name]
      or scope.is_open and stranger(load, scope, transition.name)
    if number then
      transition.target[transition.field] = number
      local reached = scope.reaches[transition.from] or {}
      scope.reaches[transition.from] = reached
      reached[#reached + 1] = number
    else
      diagnostics.add(load.diagnostics, diagnostics.MISSING_TRANSITION_TARGET,
        "Missing 'Next' target: " .. transition.name,
        transition.location)
    end
  end
end

-- Where the scope starts. If that is a state that there is not: wherever a
-- transition leads.
local function entries_of(scope)
  local entries = { scope.start }
  for _, numbers in pairs(scope.start and NONE or scope.reaches) do
    for _, number in ipairs(numbers) do
      entries[#entries + 1] = number
    end
  end
  return entries
end

-- AWS refuses a state that no transition leads to.
local function check_reachable(load, scope, location)
  local reached, queue = {}, entries_of(scope)
  for _, number in ipairs(queue) do
    reached[number] = true
  end
  local at = 1
  while queue[at] do
    for _, number in ipairs(scope.reaches[queue[at]] or {}) do
      if not reached[number] then
        reached[number] = true
        queue[#queue + 1] = number
      end
    end
    at = at + 1
  end
  for _, number in ipairs(scope.members) do
    local name = load.states[number].name
    if not reached[number] then
      diagnostics.add(load.diagnostics, diagnostics.MISSING_TRANSITION_TARGET,
        'State "' .. name .. '" is not reachable.', below(location, name))
    end
  end
end

local function check_required(load, object, location)
  local missing = {}
  for _, name in ipairs({ "States", "StartAt" }) do
    if not object:get(name) then
      missing[#missing + 1] = name
    end
  end
  if missing[1] then
    schema(load.diagnostics, "These fields are required: ["
      .. table.concat(missing, ", ") .. "]", location)
    return false
  end
  return true
end

local function compile_states(load, scope, states, location)
  if states:type() ~= "object" or states:len() == 0 then
    schema(load.diagnostics, "Expected value of type non-empty Object",
      location)
    return
  end
  for name, object in states:members() do
    local its_location = below(location, name)
    check_name(load, name, its_location)
    compile_state(load, scope, name, object, its_location)
  end
end

local function start_of(load, scope, object, location)
  local name = object:get("StartAt"):string()
  local number = name and scope.numbers[name]
  if not name then
    schema(load.diagnostics, "Expected value of type String",
      below(location, "StartAt"))
  elseif not number and scope.members[1] then
    diagnostics.add(load.diagnostics, diagnostics.MISSING_TRANSITION_TARGET,
      "Missing 'Next' target: " .. name, below(location, "StartAt"))
  end
  return number
end

local function new_scope(load, parent, around)
  local scope = {
    number = #load.scopes + 1,
    inside = around and around.current, -- the number of the state it is in
    numbers = {},
    members = {},
    transitions = {},
    reaches = {},
    assigned = {}, -- { name, location, state } of variables
    parent = parent, -- whose variables its states see
    container = parent and parent.current, -- the state of it that it is in
  }
  load.scopes[#load.scopes + 1] = scope
  return scope
end

-- Compiles what has StartAt and States; returns the number of its first
-- state. `parent`: the scope around it, if its variables are seen.
local function compile_scope(load, object, location, around, parent)
  if not check_required(load, object, location) then
    return nil
  end
  local scope = new_scope(load, parent, around)
  local states_location = below(location, "States")
  local clean = #load.diagnostics
  compile_states(load, scope, object:get("States"), states_location)
  local is_sound = #load.diagnostics == clean
  scope.start = start_of(load, scope, object, location)
  resolve(load, scope)
  if scope.members[1] and not scope.has_end then -- AWS does not say where
    diagnostics.add(load.diagnostics, diagnostics.MISSING_END_STATE,
      "Workflow has no terminal state", location ~= "/" and location or nil)
  elseif is_sound then
    check_reachable(load, scope, states_location)
  end
  return scope.start
end

local SCOPE_FIELDS = { StartAt = true, States = true }

local function unsupported_fields(load, object, location, types_of)
  for name in object:members() do
    if not SCOPE_FIELDS[name] and not types_of[name] then
      schema(load.diagnostics, "Field '" .. name .. "' is not supported",
        location)
    end
  end
end

-- A scope inside a state: { start = number }. options.types lists what may
-- stand beside StartAt and States; options.is_isolated: it sees no variables
-- of the scope around it.
function fields.kinds.scope(value, at, options)
  local load = at.load
  if value:type() ~= "object" then
    return nil, "Expected value of type Object"
  elseif load.depth == MAX_NESTED_SCOPES then
    diagnostics.add(load.diagnostics, diagnostics.TOO_DEEPLY_NESTED,
      "States are nested too deeply", at.location)
    return nil
  end
  unsupported_fields(load, value, at.location, options.types or {})
  load.depth = load.depth + 1
  local start = compile_scope(load, value, at.location, at.scope,
    not options.is_isolated and at.scope or nil)
  load.depth = load.depth - 1
  return { start = start }
end

--- The schema of the whole definition.
loader.machine_schema = {
  types = {
    Comment = "string",
    QueryLanguage = LANGUAGE,
    StartAt = "any", -- checked by compile_scope()
    States = "any",
    TimeoutSeconds = { "integer", min = 1, max = 99999999 },
    Version = { "enum", values = { "1.0" } },
  },
}

-- What a state needs once all names are numbers.
local function finish(state)
  local script = state.script
  if not script then
    return
  end
  state.next = state.Next or 0
  state.enter = script.enter
  if script.prepare then
    script.prepare(state)
  end
  if state.is_inspected then
    inspection.prepare(state)
  end
end

local function parse(definition)
  if doc.is_value(definition) then
    return definition
  end
  if not definition:find("%S") then
    return nil, { {
      code = diagnostics.SCHEMA_VALIDATION_FAILED,
      message = "Definition must be a valid JSON object",
    } }
  end
  local object, problem = doc.parse(definition)
  if not object then
    return nil, { {
      code = diagnostics.INVALID_JSON_DESCRIPTION,
      message = problem,
      location = "/",
    } }
  end
  return object
end

local function compile_machine(load, object)
  if object:type() ~= "object" then
    schema(load.diagnostics, "Definition must be a valid JSON object", "/")
    return nil
  end
  local top = fields.compile(load, object, loader.machine_schema, "/")
  load.query_language = top.QueryLanguage or "JSONPath"
  local start = compile_scope(load, object, "/")
  assign_fields.check_scopes(load)
  return {
    start = start,
    timeout_s = top.TimeoutSeconds,
    states = load.states,
    variable_references = variable_references.text(load.states),
  }
end

-- The name of a state that stands alone, as AWS has it.
local ALONE = "StateName"

-- A state by itself: where it leads to is not there.
local function compile_alone(load, object)
  local scope = new_scope(load)
  scope.is_open = true
  load.query_language = "JSONPath"
  compile_state(load, scope, ALONE, object, "/States/" .. ALONE)
  resolve(load, scope)
  assign_fields.check_scopes(load)
  return { start = 1, states = load.states }
end

local function new_load(options)
  local is_inspected = options and options.is_inspected or nil
  return {
    diagnostics = {},
    states = {},
    names = {},
    labels = {},
    schemas = { JSONPath = {}, JSONata = {} },
    scopes = {},
    depth = 0,
    profile = options and options.profile or "native",
    is_inspected = is_inspected,
    languages = is_inspected and inspection.languages or data.languages,
  }
end

local function load_with(compile, definition, options)
  local object, problems = parse(definition)
  if not object then
    return nil, problems
  end
  local load = new_load(options)
  local machine = compile(load, object)
  if load.diagnostics[1] then
    return nil, load.diagnostics
  end
  for _, state in ipairs(machine.states) do
    finish(state)
  end
  return machine
end

--- Compiles a definition: JSON text or a value. Returns a machine; or nil and
-- a list of diagnostics. options.profile is "aws" or "native" (the default);
-- options.is_inspected makes the data flow of its states show its stages
-- (asl.inspection).
function loader.load(definition, options)
  return load_with(compile_machine, definition, options)
end

--- The same for the definition of one state, which becomes the first of a
-- machine; states that it leads to are there by their names only.
function loader.load_state(definition, options)
  return load_with(compile_alone, definition, options)
end

return loader
