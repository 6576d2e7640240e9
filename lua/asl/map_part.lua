--- Parts of a distributed Map: fields whose values are objects with a schema
-- for each query language, as ItemReader.
--
-- @module asl.map_part

local fields = require("asl.fields")
local jsonata_view = require("asl.jsonata_view")

local map_part = {}

--- The schemas of a type of fields, by query language.
map_part.schemas = {}

--- Adds a type of fields: such a part, with a schema by query language.
-- `check`, if given, is called with the compiled fields, `at` and the value.
function map_part.add_kind(name, schemas, check)
  map_part.schemas[name] = schemas
  fields.kinds[name] = function(value, at)
    local part = fields.compile(at.load, value, schemas[at.load.language],
      at.location, at.scope)
    if check then
      check(part, at, value)
    end
    return part
  end
end

--- What a template makes of the effective input. Returns a value; or nil,
-- error, cause.
function map_part.render(ctx, state, template, effective)
  if state.query_language == "JSONata" then
    return template:render(ctx, state, jsonata_view.new(ctx, effective))
  end
  return template:render(ctx, state, effective)
end

return map_part
