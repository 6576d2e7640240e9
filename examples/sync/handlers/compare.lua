--- compare: from two listings to what has to be done.

local json = require("json")
local log = require("log")

local compare = {}

local function by_path(items)
  local map = {}
  for _, item in ipairs(items) do
    map[item.path] = item
  end
  return map
end

local function is_same(a, b)
  return a.type == b.type and (a.type == "directory"
    or a.content == b.content and (a.type == "symlink" or a.mode == b.mode))
end

-- Somebody has changed the target: copies keep the time of their source.
local function is_conflict(source, target)
  return source.type == "file" and target.type == "file"
    and source.content ~= target.content and target.mtime > source.mtime
end

local function note_conflict(plan, path)
  plan.conflicts[#plan.conflicts + 1] = path
  if plan.conflict == "fail" then
    error({ Error = "Sync.Conflict",
      Cause = path .. " is newer in the target than in the source" })
  end
  log.warn("conflict: %s is newer in the target; the %s's is kept", path,
    plan.conflict)
  return plan.conflict == "source"
end

-- Sorts one entry of the source into the plan.
local function sort_in(plan, item, target)
  if item.failure then
    plan.unread[#plan.unread + 1] = { path = item.path, outcome = "failed",
      failure = item.failure }
  elseif item.type == "other" then
    log.warn("%s is no file, directory or link: left out", item.path)
  elseif target and is_same(item, target) then
    plan.same = plan.same + 1
  elseif not (target and is_conflict(item, target))
    or note_conflict(plan, item.path) then
    plan.copy[#plan.copy + 1] = { path = item.path, type = item.type }
  end
end

--- The plan; the listings are not needed any more.
function compare.plan(plan)
  local source, target = by_path(plan.lists.source), by_path(plan.lists.target)
  plan.copy, plan.extra = json.array({}), json.array({})
  plan.conflicts, plan.unread = json.array({}), json.array({})
  plan.same = 0
  for _, item in ipairs(plan.lists.source) do
    sort_in(plan, item, target[item.path])
  end
  for _, item in ipairs(plan.lists.target) do
    if not source[item.path] then
      plan.extra[#plan.extra + 1] = item.path
    end
  end
  plan.lists = nil
  log("%d to copy, %d the same, %d only in the target, %d in conflict",
    #plan.copy, plan.same, #plan.extra, #plan.conflicts)
  return plan
end

return compare
