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

local function plan_root(path, plan, debs)
  if not fs.exists(path .. "/var/lib/dpkg/status") then
    bad_input("%s is no Debian root: it has no var/lib/dpkg/status", path)
  end
  local root = {
    path = path, mode = dpkg.mode(path), apt = plan.apt,
    packages = plan.packages,
    debs = plan.apt and path .. "/var/cache/apt/archives" or debs,
  }
  if plan.apt and root.mode ~= "chroot" then
    bad_input("apt needs the superuser and a shell in %s", path)
  end
  log("%s: maintainer scripts run %s", path, root.mode == "chroot"
    and "inside it (chroot)" or "outside of it, with DPKG_ROOT (no chroot)")
  return root
end

-- The same root twice in one batch would be patched twice at a time.
local function refuse_twice(paths)
  local seen = {}
  for _, path in ipairs(paths) do
    if seen[path] then
      bad_input("%s is given twice", path)
    end
    seen[path] = true
  end
end

--- The plan: roots, where their new packages are, what to patch, and how
-- many at a time.
function inventory.prepare(input, task)
  local plan = {
    apt = input.apt == true, packages = input.packages,
    canary = input.canary or 1, batch = input.batch or 2,
    tolerated = input.tolerated or 0, at_once = input.at_once or 2,
    demo = input.roots == nil, roots = json.array({}),
  }
  local paths, debs = input.roots, input.debs
  if plan.demo then
    log("no roots in the input: building demo roots of 4 packages")
    paths, debs = demo.build(task, input.demo or {})
  elseif not plan.apt and not debs then
    bad_input("say where the new packages are: debs (a directory), or apt")
  end
  refuse_twice(paths)
  for i, path in ipairs(paths) do
    plan.roots[i] = plan_root(path, plan, debs)
  end
  return plan
end

--- Lets apt download what is newer in a root.
function inventory.fetch(root, task)
  for _, words in ipairs({ { "update" },
    { "--yes", "--download-only", "upgrade" } }) do
    dpkg.run("Patch.FetchFailed", { "chroot", root.path, "apt-get",
      "-o", "APT::Keep-Downloaded-Packages=true", words[1], words[2],
      words[3], stream = true })
    task:heartbeat()
  end
end

local function wanted_names(root)
  if not root.packages then
    return nil
  end
  local wanted = {}
  for _, name in ipairs(root.packages) do
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

--- What is older in the root than among the new packages, by name.
function inventory.list(root)
  local updates, wanted = json.array({}), wanted_names(root)
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
  log("%s: %d packages to patch", root.path, #updates)
  return updates
end

local function free_mib(path)
  local out = exec.run({ "df", "-Pk", path, env = dpkg.ENV }).stdout
  return tonumber(out:match("\n%S+%s+%d+%s+%d+%s+(%d+)")) / 1024
end

--- Refuses a root that is in a bad state already, or full.
function inventory.check(root)
  local needed = tonumber(env.get("PATCH_MIN_FREE_MIB", MIN_FREE_MIB))
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

return inventory
