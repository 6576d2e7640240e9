--- The validator: all that is to be said of a definition.
--
-- Errors are the loader's, and those of some checks; warnings and remarks
-- (INFO) are the checks' (lua/asl/checks/, one a file). A check is a table:
--
--   code, severity, summary  what docs/validation.md says of it
--   run(whole, report)       looks at a survey (asl.survey), calls
--                            report(location, message)
--
-- @module asl.validator

local diagnostics = require("asl.diagnostics")
local doc = require("wf.doc")
local loader = require("asl.loader")
local survey = require("asl.survey")

local validator = {}

--- The checks, in the order in which they run.
validator.checks = {
  require("asl.checks.express"),
  require("asl.checks.no_dollar"),
  require("asl.checks.no_path"),
  require("asl.checks.pass_result_is_static"),
  require("asl.checks.no_way_to_end"),
  require("asl.checks.choice_without_default"),
  require("asl.checks.choice_of_itself"),
  require("asl.checks.unassigned_variable"),
  require("asl.checks.other_language"),
  require("asl.checks.shadowed_error"),
  require("asl.checks.unknown_error"),
  require("asl.checks.runtime_error"),
  require("asl.checks.heartbeat"),
  require("asl.checks.token_not_passed"),
  require("asl.checks.wait_of_nothing"),
  require("asl.checks.duplicate_field"),
  require("asl.checks.deprecated"),
  require("asl.checks.not_portable"),
}

-- Runs the checks over an object; appends to `list`.
local function check(object, machine, options, list)
  local whole = survey.of(object, options)
  whole.machine = machine
  for _, one in ipairs(validator.checks) do
    if one.severity == "ERROR" or not (options and options.errors_only) then
      one.run(whole, function(location, message)
        diagnostics.add(list, one.code, message, location, one.severity)
      end)
    end
  end
end

--- All findings about a definition, JSON text: a list of { code, message,
-- location, severity } (none: "ERROR"), errors first. options.profile is
-- "aws" or "native" (the default), options.type "EXPRESS" or "STANDARD";
-- options.errors_only leaves out the rest.
function validator.diagnose(definition, options)
  local machine, problems = loader.load(definition, options)
  local list = problems or {}
  local object = doc.parse(definition)
  if object and object:type() == "object" then
    local found = {}
    check(object, machine, options, found)
    for _, severity in ipairs({ "ERROR", "WARNING", "INFO" }) do
      for _, finding in ipairs(found) do
        if finding.severity == severity then
          list[#list + 1] = finding
        end
      end
    end
  end
  return list
end

return validator
