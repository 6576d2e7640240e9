--- patch: snapshot, apply, verify, roll back, report.
--
-- Each handler may be cut off anywhere and run again, so each asks what is
-- done already: a snapshot counts when its file has its final name, a package
-- when dpkg calls it installed in the new version. The ledger
-- (var/log/moonstep-patch.log in the root) has one line for each package an
-- execution has patched.

local dpkg = require("dpkg")
local fs = require("fs")
local json = require("json")
local log = require("log")
local time = require("time")

local patch = {}

local function snapshot_path(root, task)
  return root.path .. "/var/backups/moonstep-patch/" .. task.execution_name
    .. ".tar"
end

local function ledger_path(root)
  return root.path .. "/var/log/moonstep-patch.log"
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
function patch.snapshot(plan, task)
  for _, root in ipairs(plan.inventory.roots) do
    local path = snapshot_path(root, task)
    if #root.updates > 0 and not fs.exists(path) then
      fs.mkdir_p(path:match("^(.*)/"))
      dpkg.run("Patch.SnapshotFailed", { "tar", "-C", root.path, "-cf",
        path .. ".new", "--exclude=./var/lib/dpkg/lock*",
        "--verbatim-files-from", "--files-from=-",
        stdin = files_to_keep(root) })
      fs.rename(path .. ".new", path)
      log("%s: snapshot of %d packages", root.path, #root.updates)
    end
  end
end

local function ledger_key(task, name, from, to)
  return (" %s %s %s -> %s\n"):format(task.execution_name, name, from, to)
end

local function ledger_has(root, key)
  local path = ledger_path(root)
  return fs.exists(path) and fs.read(path):find(key, 1, true) ~= nil
end

-- One line, however often this is asked.
local function ledger_add(root, key)
  if not ledger_has(root, key) then
    fs.append(ledger_path(root), time.iso() .. key, { sync = true })
  end
end

-- Unpacks what is still old, then configures all that is unpacked, so that
-- packages may depend on each other in any order.
local function apply_root(root, task)
  local packages = dpkg.packages(root)
  local pending = {}
  for done, update in ipairs(root.updates) do
    local package = packages[update.name]
    if not is_patched(packages, update) then
      pending[#pending + 1] = update.name
      if package.version ~= update.to or package.state == "half-installed" then
        log("%s: unpacking %s %s", root.path, update.name, update.to)
        dpkg.command(root, "--unpack", update.deb)
      end
    end
    task:checkpoint({ root = root.path, unpacked = done })
  end
  if #pending > 0 then
    log("%s: configuring %d packages", root.path, #pending)
    dpkg.command(root, "--configure", unpack(pending))
  end
  for _, update in ipairs(root.updates) do
    ledger_add(root, ledger_key(task, update.name, update.from, update.to))
  end
  task:checkpoint({ root = root.path, configured = #root.updates })
end

--- Installs the new packages.
function patch.apply(plan, task)
  local patched = json.array({})
  if task.cursor then
    log("goes on after %s", task.cursor.root)
  end
  for _, root in ipairs(plan.inventory.roots) do
    apply_root(root, task)
    for _, update in ipairs(root.updates) do
      patched[#patched + 1] = { root = root.path, package = update.name,
        from = update.from, to = update.to }
    end
  end
  return patched
end

--- Makes sure that the roots are what they should be.
function patch.verify(plan)
  for _, root in ipairs(plan.inventory.roots) do
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

-- The ledger tells of what was patched and is not any more.
local function ledger_roll_back(root, task)
  for _, update in ipairs(root.updates) do
    local name, from, to = update.name, update.from, update.to
    if ledger_has(root, ledger_key(task, name, from, to)) then
      ledger_add(root, ledger_key(task, name, to, from))
    end
  end
end

--- Puts back what the snapshot kept.
function patch.rollback(plan, task)
  for _, root in ipairs(plan.inventory.roots) do
    local path = snapshot_path(root, task)
    if fs.exists(path) then
      log.warn("%s: rolling back", root.path)
      remove_new_files(root, path)
      fs.remove_tree(root.path .. "/var/lib/dpkg/info")
      fs.remove_tree(root.path .. "/var/lib/dpkg/updates")
      dpkg.run("Patch.RollbackFailed", { "tar", "-C", root.path,
        "--overwrite", "-xpf", path })
      ledger_roll_back(root, task)
    end
  end
end

--- The summary; the snapshots are not needed any more.
function patch.report(plan, task)
  local roots = json.array({})
  for i, root in ipairs(plan.inventory.roots) do
    local path = snapshot_path(root, task)
    if fs.exists(path) then
      fs.remove(path)
    end
    roots[i] = { path = root.path, mode = root.mode, patched = #root.updates,
      ledger = ledger_path(root) }
  end
  return {
    demo = plan.demo ~= nil, count = plan.inventory.count, roots = roots,
    patched = plan.patched or json.array({}),
  }
end

return patch
