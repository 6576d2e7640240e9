--- summary: what became of each entry, in numbers.

local fs = require("fs")
local json = require("json")
local log = require("log")

local summary = {}

local function add_failure(result, outcome)
  local line = ("%s: %s: %s"):format(outcome.path, outcome.failure.Error,
    outcome.failure.Cause)
  result.failed = result.failed + 1
  result.failures[#result.failures + 1] = line
  log.error("%s", line)
end

--- Counts, and puts away what the copies were made in.
function summary.count(plan)
  local result = {
    copied = 0, vanished = 0, failed = 0, deleted = 0, same = plan.same,
    extra = #plan.extra, conflicts = plan.conflicts,
    failures = json.array({}),
  }
  for _, outcome in ipairs(plan.unread) do
    add_failure(result, outcome)
  end
  for _, outcome in ipairs(plan.outcomes) do
    if outcome.failure then
      add_failure(result, outcome)
    else
      result[outcome.outcome] = result[outcome.outcome] + 1
    end
  end
  fs.remove_tree(plan.to .. "/.moonstep-sync")
  result.cause = ("%d failed, %d copied\n%s"):format(result.failed,
    result.copied, table.concat(result.failures, "\n"))
  return result
end

return summary
