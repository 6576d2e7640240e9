--- patch: snapshot, apply, verify, roll back: what is done to one root.
--
-- Each handler may be cut off anywhere and run again, so each asks what is
-- done already: a snapshot counts when its file has its final name, a package
-- when dpkg calls it installed in the new version.

local dpkg = require("dpkg")
local fs = require("fs")
local ledger = require("ledger")
local log = require("log")

local patch = {}

--- Where the snapshot of a root is.
function patch.snapshot_path(root, task)
  return root.path .. "/var/backups/moonstep-patch/" .. task.execution_name
    .. ".tar"
end

local function is_patched(packages, update)
  local package = packages[update.name]
  return package and package.version == update.to
    and package.state == "installed"
end

-- dpkg's own data, and each file of the packages that will change.
local function files_to_keep(root)
  local files = { "./var/lib/dpkg" }
  for _, update in ipairs(root.updates) do
    for _, file in ipairs(dpkg.owned_files(root, update.name)) do
      local stat = fs.stat(root.path .. "/" .. file, { follow = false })
      if stat and stat.type ~= "directory" then
        files[#files + 1] = file
      end
    end
  end
  return table.concat(files, "\n") .. "\n"
end

--- Keeps what applying will change, for a rollback.
function patch.snapshot(root, task)
  local path = patch.snapshot_path(root, task)
  if fs.exists(path) then
    return
  end
  fs.mkdir_p(path:match("^(.*)/"))
  dpkg.run("Patch.SnapshotFailed", { "tar", "-C", root.path, "-cf",
    path .. ".new", "--exclude=./var/lib/dpkg/lock*",
    "--verbatim-files-from", "--files-from=-",
    stdin = files_to_keep(root) })
  fs.rename(path .. ".new", path)
  log("%s: snapshot of %d packages", root.path, #root.updates)
end

--- Installs the new packages: unpacks what is still old, then configures all
-- that is unpacked, so that packages may depend on each other in any order.
function patch.apply(root, task)
  local packages = dpkg.packages(root)
  local pending = {}
  if task.cursor then
    log("%s: goes on after %d packages", root.path, task.cursor.unpacked)
  end
  for done, update in ipairs(root.updates) do
    local package = packages[update.name]
    if not is_patched(packages, update) then
      pending[#pending + 1] = update.name
      if package.version ~= update.to or package.state == "half-installed" then
        log("%s: unpacking %s %s", root.path, update.name, update.to)
        dpkg.command(root, "--unpack", update.deb)
      end
    end
    task:checkpoint({ unpacked = done })
  end
  if #pending > 0 then
    log("%s: configuring %d packages", root.path, #pending)
    dpkg.command(root, "--configure", unpack(pending))
  end
  ledger.patched(root, task)
end

--- Makes sure that the root is what it should be.
function patch.verify(root)
  local packages = dpkg.packages(root)
  for _, update in ipairs(root.updates) do
    if not is_patched(packages, update) then
      error({ Error = "Patch.VerifyFailed", Cause = ("%s: %s is not %s")
        :format(root.path, update.name, update.to) })
    end
    dpkg.command(root, "--verify", update.name)
  end
  local audit = dpkg.command(root, "--audit").stdout
  if audit:find("%S") then
    error({ Error = "Patch.VerifyFailed", Cause = audit })
  end
  log("%s: verified", root.path)
end

-- Files that only the new packages have.
local function remove_new_files(root, path)
  local listing = dpkg.run("Patch.RollbackFailed", { "tar", "-tf", path })
  local kept = {}
  for line in listing.stdout:gmatch("[^\n]+") do
    kept[line] = true
  end
  for _, update in ipairs(root.updates) do
    for _, file in ipairs(dpkg.owned_files(root, update.name)) do
      local full = root.path .. "/" .. file
      local stat = fs.stat(full, { follow = false })
      if stat and stat.type ~= "directory" and not kept[file] then
        fs.remove(full)
      end
    end
  end
end

local function restore(root, path)
  log.warn("%s: rolling back", root.path)
  remove_new_files(root, path)
  fs.remove_tree(root.path .. "/var/lib/dpkg/info")
  fs.remove_tree(root.path .. "/var/lib/dpkg/updates")
  dpkg.run("Patch.RollbackFailed", { "tar", "-C", root.path,
    "--overwrite", "-xpf", path })
end

--- Puts back what the snapshot kept, if it was taken, and notes why.
function patch.rollback(root, task)
  local path = patch.snapshot_path(root, task)
  local is_changed = fs.exists(path)
  if is_changed then
    restore(root, path)
    ledger.rolled_back(root, task)
  end
  ledger.failed(root, task, root.failure.Error)
  return {
    path = root.path, outcome = is_changed and "rolled back" or "untouched",
    failure = root.failure,
  }
end

return patch
