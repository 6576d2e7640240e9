--- sync: what is done to the two trees.
--
-- Every handler may be cut off anywhere and run again. A file is copied into
-- TREE/.moonstep-sync first and then renamed to its place, so whoever reads
-- the target sees the old file or the new one; what a killed run has left in
-- there is overwritten or removed by the next.

local fs = require("fs")
local json = require("json")
local log = require("log")

local sync = {}

local WORKSHOP = ".moonstep-sync"

local function bad_input(format, ...)
  error({ Error = "Sync.BadInput", Cause = format:format(...) })
end

local function is_inside(path, of)
  return (path .. "/"):sub(1, #of + 1) == of .. "/"
end

local POLICIES = { source = true, target = true, fail = true }

--- Checks the input and fills in what is not given.
function sync.prepare(input)
  if type(input.from) ~= "string" or type(input.to) ~= "string" then
    bad_input("say what to copy (from) and where to (to)")
  end
  local from, to = input.from:gsub("/+$", ""), input.to:gsub("/+$", "")
  if is_inside(from, to) or is_inside(to, from) then
    bad_input("%s and %s overlap", from, to)
  end
  local conflict = input.conflict or "source"
  if not POLICIES[conflict] then
    bad_input("conflict is source, target or fail, not %s", conflict)
  end
  local stat = fs.stat(from)
  if not stat or stat.type ~= "directory" then
    error({ Error = "Sync.NoSource", Cause = from .. " is no directory" })
  end
  fs.mkdir_p(to)
  return {
    from = from, to = to, delete = input.delete == true,
    conflict = conflict, at_once = input.at_once or 8,
    settle = input.settle or 0,
  }
end

-- What is compared of an entry; errors are kept, to be told of later.
local function describe(full, entry)
  local item = { type = entry.type, mtime = entry.mtime, mode = entry.mode }
  local ok, result = pcall(function()
    if entry.type == "file" then
      return fs.hash(full)
    end
    return entry.type == "symlink" and fs.readlink(full) or ""
  end)
  if ok then
    item.content = result
  elseif type(result) == "table" and result.Error == "Fs.NotFound" then
    return nil
  elseif type(result) == "table" and result.Error then
    item.failure = { Error = result.Error, Cause = result.Cause }
  else
    error(result, 0)
  end
  return item
end

--- What is in a tree, with checksums, in the order of paths. A directory that
-- can't be read is an error: nobody knows what is in it.
function sync.list(input, task)
  local items, root = json.array({}), input.root
  for full, entry in fs.walk(root) do
    local path = full:sub(#root + 2)
    local item = not is_inside(path, WORKSHOP) and describe(full, entry)
    if item then
      item.path = path
      items[#items + 1] = item
    end
    task:heartbeat()
  end
  log("%s: %d entries", root, #items)
  return items
end

local function copy_file(from, new)
  local before = fs.hash(from)
  fs.copy(from, new)
  if fs.hash(new) ~= before then
    fs.remove(new)
    error({ Error = "Sync.Changed", Cause = from .. " changes meanwhile" })
  end
  return before
end

local function copy_link(from, new)
  local target = fs.readlink(from)
  fs.remove_tree(new)
  fs.symlink(new, target)
  return target
end

-- A directory stands where a file should be, or the other way round.
local function refuse_clash(input)
  local there = fs.stat(input.to .. "/" .. input.path, { follow = false })
  if there and (there.type == "directory") ~= (input.type == "directory") then
    error({ Error = "Sync.Clash", Cause = ("%s is a %s in the source, a %s "
      .. "in the target"):format(input.path, input.type, there.type) })
  end
end

--- Copies one entry; the result is what verify() compares with.
function sync.copy(input, task)
  local from = input.from .. "/" .. input.path
  local to = input.to .. "/" .. input.path
  refuse_clash(input)
  if input.type == "directory" then
    fs.mkdir_p(to)
    return ""
  end
  local workshop = ("%s/%s/%s"):format(input.to, WORKSHOP,
    task.execution_name)
  local new = workshop .. "/" .. input.index
  fs.mkdir_p(workshop)
  fs.mkdir_p(to:match("^(.*)/"))
  local content = input.type == "symlink" and copy_link(from, new)
    or copy_file(from, new)
  fs.rename(new, to)
  return content
end

--- Reads what was copied once more.
function sync.verify(input)
  local to = input.to .. "/" .. input.path
  local content = input.type == "file" and fs.hash(to)
    or input.type == "symlink" and fs.readlink(to) or ""
  if content ~= input.hash then
    error({ Error = "Sync.Mismatch", Cause = to .. " is not what was copied" })
  end
end

--- Removes what only the target has, what directories hold before them.
function sync.delete(plan, task)
  local count = 0
  for i = #plan.extra, 1, -1 do
    local path = plan.to .. "/" .. plan.extra[i]
    local ok, failure = pcall(fs.remove, path)
    if ok then
      count = count + 1
    elseif failure.Error ~= "Fs.NotFound" and failure.Error ~= "Fs.NotEmpty"
    then
      error(failure, 0)
    end
    task:heartbeat()
  end
  log("%s: %d entries removed", plan.to, count)
  return count
end

return sync
