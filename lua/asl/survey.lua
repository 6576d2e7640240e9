--- Surveys: a definition taken apart for checks, whether it loads or not.
--
--   survey.states   all states, in the order of the text, nested ones too
--   survey.scopes   the machine and what is inside states (branches, item
--                   processors): what has StartAt and States
--   survey.source   the definition
--
--   state.name, .location, .object (a value), .type, .script (nil for a type
--   that is not known), .language ("JSONPath" or "JSONata"), .scope, and
--   .transitions, a list of { name, location, target (a state, or nil) }
--
--   scope.states, .location, .object, .start (a state, or nil), .parent (the
--   state it is in; nil for the machine), .field (of the parent: "Branches")
--
-- What is of a wrong type is left out: the loader reports it.
--
-- @module asl.survey

local diagnostics = require("asl.diagnostics")
local map_part = require("asl.map_part")
local types = require("asl.types")

local survey = {}

local below = diagnostics.below

local MAX_NESTED_SCOPES = 50 -- as in asl.loader

local NONE = {}

-- The language may be one that there is not.
local function types_in(language, jsonpath, jsonata)
  local schema = language == "JSONata" and jsonata or jsonpath or NONE
  return schema.types or NONE
end

local function types_of(state)
  local script = state.script or NONE
  return types_in(state.language, script.fields, script.jsonata_fields)
end

--- The type of a field: its name and options. `kinds` are a schema's types.
function survey.kind_in(kinds, name)
  local kind = kinds[name]
  if type(kind) == "table" then
    return kind[1], kind
  end
  return kind
end

--- The same in a state's language.
function survey.kind(state, name)
  return survey.kind_in(types_of(state), name)
end

local function add_parts(list, language, object, location, kinds)
  list[#list + 1] = { object = object, location = location, types = kinds }
  for name, member in object:members() do
    local schemas = map_part.schemas[kinds[name]]
    if schemas and member:type() == "object" then
      add_parts(list, language, member, below(location, name),
        types_in(language, schemas.JSONPath, schemas.JSONata))
    end
  end
end

--- A state and its parts that have fields of their own, as ItemReader: a list
-- of { object, location, types }, the types of its fields.
function survey.parts(state)
  local list = {}
  add_parts(list, state.language, state.object, state.location,
    types_of(state))
  return list
end

--- Elements of a member that is an array, with their locations.
function survey.elements(object, name, location)
  local list = object:type() == "object" and object:get(name)
  local found = {}
  if list and list:type() == "array" then
    for index, element in list:elements() do
      found[#found + 1] = {
        value = element,
        location = below(location, name) .. "[" .. index .. "]",
      }
    end
  end
  return found
end

--- The text of a member, or nil.
function survey.text(object, name)
  local member = object:type() == "object" and object:get(name)
  return member and member:string() or nil
end

local function add_transition(state, object, name, location)
  local target = survey.text(object, name)
  if target then
    state.transitions[#state.transitions + 1] =
      { name = target, location = below(location, name) }
  end
end

local function add_transitions_of(state, field)
  for _, element in
      ipairs(survey.elements(state.object, field, state.location)) do
    add_transition(state, element.value, "Next", element.location)
  end
end

local TRANSITIONS = {
  catchers = add_transitions_of,
  rules = add_transitions_of,
  jsonata_rules = add_transitions_of,
  state = function(state, field)
    add_transition(state, state.object, field, state.location)
  end,
}

local survey_scope

local SCOPES = {
  branches = function(whole, state, field)
    for _, branch in
        ipairs(survey.elements(state.object, field, state.location)) do
      survey_scope(whole, branch.value, branch.location, state, field)
    end
  end,
  processor = function(whole, state, field)
    survey_scope(whole, state.object:get(field), below(state.location, field),
      state, field)
  end,
}

local function survey_fields(whole, state)
  if not state.script then
    return
  end
  for field in state.object:members() do
    local kind = field == "Next" and "state" or survey.kind(state, field)
    if TRANSITIONS[kind] then
      TRANSITIONS[kind](state, field)
    elseif SCOPES[kind] then
      SCOPES[kind](whole, state, field)
    end
  end
end

local function survey_state(whole, scope, name, object, location)
  local type_name = survey.text(object, "Type")
  local state = {
    name = name,
    object = object,
    location = location,
    type = type_name,
    script = types.get(type_name),
    language = survey.text(object, "QueryLanguage") or whole.language,
    scope = scope,
    transitions = {},
  }
  whole.states[#whole.states + 1] = state
  scope.states[#scope.states + 1] = state
  scope.by_name[name] = state
  survey_fields(whole, state)
end

survey_scope = function(whole, object, location, parent, field)
  local states = object:type() == "object" and object:get("States")
  if not states or states:type() ~= "object"
      or whole.depth == MAX_NESTED_SCOPES then
    return
  end
  local scope = {
    object = object,
    location = location,
    parent = parent,
    field = field,
    states = {},
    by_name = {},
  }
  whole.scopes[#whole.scopes + 1] = scope
  whole.depth = whole.depth + 1
  for name, state in states:members() do
    if state:type() == "object" then
      survey_state(whole, scope, name, state,
        below(below(location, "States"), name))
    end
  end
  whole.depth = whole.depth - 1
  scope.start = scope.by_name[survey.text(object, "StartAt") or false]
  for _, state in ipairs(scope.states) do
    for _, transition in ipairs(state.transitions) do
      transition.target = scope.by_name[transition.name]
    end
  end
end

--- The survey of a definition, a value. options.profile and options.type are
-- kept with it.
function survey.of(definition, options)
  local whole = {
    source = definition,
    states = {},
    scopes = {},
    depth = 0,
    language = survey.text(definition, "QueryLanguage") or "JSONPath",
    profile = options and options.profile or "native",
    type = options and options.type or "STANDARD",
  }
  survey_scope(whole, definition, "/")
  return whole
end

return survey
