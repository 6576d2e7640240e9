--- rollout: batches, how many roots may fail, and the report.

local fs = require("fs")
local json = require("json")
local ledger = require("ledger")
local log = require("log")
local patch = require("patch")

local rollout = {}

-- The canary first, then batches of the same size.
local function batches_of(plan, pending)
  local batches, at = json.array({}), 1
  while pending[at] do
    local size = #batches == 0 and plan.canary or plan.batch
    local batch = json.array({})
    for i = at, math.min(at + size - 1, #pending) do
      batch[#batch + 1] = pending[i]
    end
    batches[#batches + 1] = batch
    at = at + size
  end
  return batches
end

--- Adds the batches to the plan.
function rollout.plan(plan)
  local pending, count = {}, 0
  for _, root in ipairs(plan.roots) do
    if #root.updates > 0 then
      pending[#pending + 1] = root
      count = count + #root.updates
    end
  end
  plan.batches = batches_of(plan, pending)
  log("%d packages in %d of %d roots, %d batches", count, #pending,
    #plan.roots, #plan.batches)
  return plan
end

-- "ROOT: Error: cause" of the failures in this batch.
local function causes_of(batch)
  local causes = {}
  for _, outcome in ipairs(batch.outcomes) do
    if outcome.failure then
      causes[#causes + 1] = ("%s: %s: %s"):format(outcome.path,
        outcome.failure.Error, outcome.failure.Cause)
    end
  end
  return causes
end

--- Counts the failures of this batch and of those before it.
function rollout.tally(batch, task)
  local failed = 0
  for _, path in ipairs(batch.paths) do
    if ledger.failure({ path = path }, task) then
      failed = failed + 1
    end
  end
  log("after batch %d (%d roots): %d failed so far, %d tolerated",
    batch.number + 1, #batch.roots, failed, batch.tolerated)
  return {
    failed = failed, tolerated = batch.tolerated,
    cause = ("%d failed, %d tolerated\n%s"):format(failed, batch.tolerated,
      table.concat(causes_of(batch), "\n")),
  }
end

local function outcome_of(root, task)
  if #root.updates == 0 then
    return "up to date"
  end
  local failure = ledger.failure(root, task)
  if failure then
    return "failed: " .. failure
  end
  return ledger.count(root, task) > 0 and "patched" or "not patched"
end

--- The summary; snapshots are not needed any more.
function rollout.report(plan, task)
  local report = {
    demo = plan.demo, count = 0, failed = 0, roots = json.array({}),
    stopped = plan.stopped,
  }
  for i, root in ipairs(plan.roots) do
    local outcome, patched = outcome_of(root, task), 0
    if outcome == "patched" then
      patched = #root.updates
      fs.remove_tree(patch.snapshot_path(root, task))
    end
    if outcome:find("^failed") then
      report.failed = report.failed + 1
    end
    report.count = report.count + patched
    report.roots[i] = { path = root.path, mode = root.mode,
      outcome = outcome, patched = patched, ledger = ledger.path(root) }
    log("%s: %s", root.path, outcome)
  end
  return report
end

return rollout
