--- demo: a small Debian root of our own, and newer packages for it.
--
-- It is a real dpkg root: packages made with dpkg-deb, installed by dpkg. The
-- last package's maintainer script can be told to fail (input demo.fail):
-- "transient" once, "always" each time.

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

--- Builds the root (if it is not there yet) and returns it with the directory
-- of the new packages. A half-built one is built again.
function demo.build(task, fail)
  local parent = env.get("TMPDIR", "/tmp") .. "/moonstep-patch-demo"
  local home = parent .. "/" .. task.execution_name
  local root, debs = home .. "/root", home .. "/debs"
  if not fs.exists(home .. "/complete") then
    fs.remove_tree(home)
    fs.mkdir_p(debs)
    fs.mkdir_p(home .. "/old")
    local old = {}
    for i, package in ipairs(PACKAGES) do
      old[i] = build(home .. "/old", package, "1.0")
      build(debs, package, "1.1")
    end
    install(root, old)
    if fail then
      fs.write(root .. "/etc/demo-check.fail", fail .. "\n")
    end
    fs.write(home .. "/complete", "")
  end
  return root, debs
end

return demo
