--- inventory: which roots there are, what they have, whether they may be
-- patched. Everything here only looks (and builds the demo root).

local demo = require("demo")
local dpkg = require("dpkg")
local env = require("env")
local exec = require("exec")
local fs = require("fs")
local json = require("json")
local log = require("log")

local inventory = {}

local MIN_FREE_MIB = 20

local function bad_input(format, ...)
  error({ Error = "Patch.BadInput", Cause = format:format(...) })
end

local function plan_root(path, debs)
  if not fs.exists(path .. "/var/lib/dpkg/status") then
    bad_input("%s is no Debian root: it has no var/lib/dpkg/status", path)
  end
  local root = { path = path, debs = debs, mode = dpkg.mode(path) }
  log("%s: maintainer scripts run %s", path, root.mode == "chroot"
    and "inside it (chroot)" or "outside of it, with DPKG_ROOT (no chroot)")
  return root
end

--- The plan: roots, where their new packages are, what to patch.
function inventory.prepare(input, task)
  local plan = {
    apt = input.apt == true, packages = input.packages,
    roots = json.array({}),
  }
  if not input.roots then
    log("no roots in the input: building a demo root of 4 packages")
    local root, debs = demo.build(task, (input.demo or {}).fail)
    plan.demo = root
    plan.roots[1] = plan_root(root, debs)
    return plan
  end
  if not plan.apt and not input.debs then
    bad_input("say where the new packages are: debs (a directory), or apt")
  end
  for i, path in ipairs(input.roots) do
    local debs = plan.apt and path .. "/var/cache/apt/archives" or input.debs
    plan.roots[i] = plan_root(path, debs)
    if plan.apt and plan.roots[i].mode ~= "chroot" then
      bad_input("apt needs the superuser and a shell in %s", path)
    end
  end
  return plan
end

--- Lets apt download what is newer, in each root.
function inventory.fetch(plan, task)
  for _, root in ipairs(plan.roots) do
    for _, words in ipairs({ { "update" },
      { "--yes", "--download-only", "upgrade" } }) do
      dpkg.run("Patch.FetchFailed", { "chroot", root.path, "apt-get",
        "-o", "APT::Keep-Downloaded-Packages=true", words[1], words[2],
        words[3], stream = true })
      task:heartbeat()
    end
  end
end

local function wanted_names(plan)
  if not plan.packages then
    return nil
  end
  local wanted = {}
  for _, name in ipairs(plan.packages) do
    wanted[name] = true
  end
  return wanted
end

-- The newest .deb of each package in a directory.
local function newest_debs(directory)
  local newest = {}
  for _, entry in ipairs(fs.list(directory)) do
    if entry.name:find("%.deb$") then
      local deb = directory .. "/" .. entry.name
      local name, version = dpkg.describe(deb)
      if not newest[name] or dpkg.is_newer(version, newest[name].version) then
        newest[name] = { version = version, deb = deb }
      end
    end
  end
  return newest
end

-- What is to be patched in a root, in the order of names.
local function updates_of(root, wanted)
  local updates = json.array({})
  local packages, newest = dpkg.packages(root), newest_debs(root.debs)
  for name, package in pairs(packages) do
    local new = newest[name]
    if new and package.state == "installed" and (not wanted or wanted[name])
      and dpkg.is_newer(new.version, package.version) then
      updates[#updates + 1] = { name = name, from = package.version,
        to = new.version, deb = new.deb }
    end
  end
  table.sort(updates, function(a, b) return a.name < b.name end)
  return updates
end

--- What is older in the roots than among the new packages.
function inventory.list(plan)
  local found = { count = 0, roots = json.array({}) }
  local wanted = wanted_names(plan)
  for i, root in ipairs(plan.roots) do
    local updates = updates_of(root, wanted)
    found.roots[i] = { path = root.path, mode = root.mode, updates = updates }
    found.count = found.count + #updates
    log("%s: %d packages to patch", root.path, #updates)
  end
  return found
end

local function free_mib(path)
  local out = exec.run({ "df", "-Pk", path, env = dpkg.ENV }).stdout
  return tonumber(out:match("\n%S+%s+%d+%s+%d+%s+(%d+)")) / 1024
end

--- Refuses roots that are in a bad state already, or full.
function inventory.check(plan)
  local needed = tonumber(env.get("PATCH_MIN_FREE_MIB", MIN_FREE_MIB))
  for _, root in ipairs(plan.inventory.roots) do
    local audit = dpkg.command(root, "--audit").stdout
    if audit:find("%S") then
      error({ Error = "Patch.BrokenRoot", Cause = root.path
        .. " needs repair before it can be patched:\n" .. audit })
    end
    local free = free_mib(root.path)
    if free < needed then
      error({ Error = "Patch.NoSpace", Cause = ("%s: %d MiB free, %d needed")
        :format(root.path, free, needed) })
    end
    log("%s: in order, %d MiB free", root.path, free)
  end
end

return inventory
