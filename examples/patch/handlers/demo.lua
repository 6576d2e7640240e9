--- demo: small Debian roots of our own, and newer packages for them.
--
-- They are real dpkg roots: packages made with dpkg-deb, installed by dpkg.
-- The last package's maintainer script can be told to fail in some roots
-- (input demo.fail): "transient" once, "always" each time.

local dpkg = require("dpkg")
local env = require("env")
local fs = require("fs")

local demo = {}

local PACKAGES = {
  { name = "demo-base" },
  { name = "demo-tool", depends = "demo-base" },
  { name = "demo-service", depends = "demo-base" },
  { name = "demo-check", depends = "demo-service", script = true },
}

-- Runs outside of the root, which DPKG_ROOT names.
local SCRIPT = [[
#!/bin/sh
set -e
plan="$DPKG_ROOT/etc/demo-check.fail"
[ -e "$plan" ] && [ "$1" = configure ] && [ -n "$2" ] || exit 0
case $(cat "$plan") in
transient)
  rm "$plan"
  echo "demo-check: the service is starting, try again" >&2
  exit 75 ;;
always)
  echo "demo-check: the service does not answer" >&2
  exit 1 ;;
esac
]]

local function build(directory, package, version)
  local deb = ("%s/%s_%s_all.deb"):format(directory, package.name, version)
  local tree = fs.temp_dir({ prefix = "moonstep-deb-" })
  fs.mkdir_p(tree .. "/DEBIAN", { mode = "755" })
  fs.mkdir_p(tree .. "/usr/share/" .. package.name)
  fs.write(tree .. "/DEBIAN/control", ("Package: %s\nVersion: %s\n"
    .. "Architecture: all\n%sMaintainer: Demo <demo@example.org>\n"
    .. "Description: part of the patch example\n"):format(package.name,
    version, package.depends and "Depends: " .. package.depends .. "\n"
    or ""))
  fs.write(("%s/usr/share/%s/version"):format(tree, package.name),
    version .. "\n")
  fs.write(("%s/usr/share/%s/only-in-%s"):format(tree, package.name, version),
    "")
  if package.script then
    fs.write(tree .. "/DEBIAN/postinst", SCRIPT, { mode = "755" })
  end
  fs.chmod(tree, "755")
  dpkg.run("Patch.DemoFailed", { "dpkg-deb", "--root-owner-group", "-b",
    tree, deb })
  fs.remove_tree(tree)
  return deb
end

-- Packages of one version, in a directory of their own.
local function build_all(directory, version)
  local debs = {}
  if not fs.exists(directory) then
    local unfinished = directory .. ".new"
    fs.remove_tree(unfinished)
    fs.mkdir_p(unfinished)
    for _, package in ipairs(PACKAGES) do
      build(unfinished, package, version)
    end
    fs.rename(unfinished, directory)
  end
  for i, entry in ipairs(fs.list(directory)) do
    debs[i] = directory .. "/" .. entry.name
  end
  return debs
end

-- The first root is installed, the others are copies of it.
local function install(root, debs)
  for _, directory in ipairs({ "info", "updates", "triggers" }) do
    fs.mkdir_p(root .. "/var/lib/dpkg/" .. directory)
  end
  fs.mkdir_p(root .. "/var/log")
  fs.mkdir_p(root .. "/etc")
  fs.write(root .. "/var/lib/dpkg/status", "")
  dpkg.command({ path = root, mode = "chrootless" }, "--install",
    unpack(debs))
end

local function make_root(root, base, debs, fail)
  fs.remove_tree(root .. ".new")
  if not fs.exists(base) then
    fs.remove_tree(base .. ".new")
    install(base .. ".new", debs)
    fs.rename(base .. ".new", base)
  end
  dpkg.run("Patch.DemoFailed", { "cp", "-a", base, root .. ".new" })
  if fail then
    fs.write(root .. ".new/etc/demo-check.fail", fail .. "\n")
  end
  fs.rename(root .. ".new", root)
end

local function set_of(list)
  local set = {}
  for _, member in ipairs(list) do
    set[member] = true
  end
  return set
end

--- Builds the roots that are not there yet, and returns their paths and the
-- directory of the new packages. A half-built one is built again. `demo` is
-- the input's: roots (how many), fail, failing (which).
function demo.build(task, options)
  local home = ("%s/moonstep-patch-demo/%s"):format(env.get("TMPDIR", "/tmp"),
    task.execution_name)
  local failing = set_of(options.failing or { 2 })
  local roots = {}
  fs.mkdir_p(home)
  local old = build_all(home .. "/old", "1.0")
  build_all(home .. "/debs", "1.1")
  for i = 1, options.roots or 5 do
    local root = ("%s/root-%d"):format(home, i)
    if not fs.exists(root) then
      make_root(root, home .. "/base", old, failing[i] and options.fail)
      task:heartbeat()
    end
    roots[i] = root
  end
  return roots, home .. "/debs"
end

return demo
