--- The compiler of JSONata as far as it is there.
--
-- @module asl.jsonata_language

local jsonata_language = {}

local function part(name)
  local ok, found = pcall(require, name)
  return ok and found or nil
end

jsonata_language.jsonata = part("jsonata")
if jsonata_language.jsonata then
  jsonata_language.core = require("wf.jsonata")
  jsonata_language.errors = require("jsonata.errors")
  jsonata_language.values = require("jsonata.values")
  jsonata_language.variables = require("asl.jsonata_variables")
end

return jsonata_language
