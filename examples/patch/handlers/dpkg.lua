--- dpkg: what the handlers of this example know about dpkg and roots.
--
-- A root is a directory with a Debian system in it. If it has a shell and we
-- are the superuser, dpkg changes into it to run maintainer scripts
-- ("chroot"). Otherwise they run outside, with DPKG_ROOT set, and nothing
-- needs privileges ("chrootless").

local exec = require("exec")
local fs = require("fs")

local dpkg = {}

local PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

--- The variables every program here gets.
dpkg.ENV = {
  PATH = PATH, LC_ALL = "C.UTF-8", DEBIAN_FRONTEND = "noninteractive",
}

-- What is worth another attempt: locks held by others, scripts that say so.
local TRANSIENT = { "locked by another", "unable to lock", "get lock",
  "[Tt]emporar", "Could not resolve", "try again" }

--- Runs a program; a failure becomes `error_name`, or Patch.Transient.
function dpkg.run(error_name, command)
  command.env = dpkg.ENV
  command.check = false
  local result = exec.run(command)
  if result.status == 0 then
    return result
  end
  local text = result.stderr ~= "" and result.stderr or result.stdout
  for _, pattern in ipairs(TRANSIENT) do
    if text:find(pattern) then
      error_name = "Patch.Transient"
    end
  end
  text = text:gsub("%s+$", "")
  error({
    Error = error_name,
    Cause = ("%s\n%s: %s"):format(text,
      table.concat(command, " "),
      result.signal or "exit status " .. tostring(result.status)),
  })
end

local function is_superuser()
  return exec("id", "-u").stdout:match("%d+") == "0"
end

--- How maintainer scripts run in a root: "chroot" or "chrootless".
function dpkg.mode(root)
  if fs.exists(root .. "/bin/sh") and is_superuser() then
    return "chroot"
  end
  return "chrootless"
end

--- dpkg on a root of the plan.
function dpkg.command(root, ...)
  local command = { "dpkg", "--root=" .. root.path,
    "--log=" .. root.path .. "/var/log/dpkg.log" }
  if root.mode == "chrootless" then
    command[#command + 1] = "--force-not-root"
    command[#command + 1] = "--force-script-chrootless"
  end
  for _, word in ipairs({ ... }) do
    command[#command + 1] = word
  end
  command.stream = true
  return dpkg.run("Patch.DpkgFailed", command)
end

--- The packages of a root: by name, version and state ("installed").
function dpkg.packages(root)
  local result = dpkg.run("Patch.DpkgFailed", {
    "dpkg-query", "--root=" .. root.path, "-W",
    "-f", "${Package}\\t${Version}\\t${db:Status-Status}\\n",
  })
  local packages = {}
  for name, version, state in
    result.stdout:gmatch("([^\t\n]+)\t([^\t\n]*)\t([^\t\n]*)\n") do
    packages[name] = { version = version, state = state }
  end
  return packages
end

--- Is one version newer than another, by Debian's rules?
function dpkg.is_newer(version, than)
  local result = exec.run({
    "dpkg", "--compare-versions", version, "gt", than,
    env = dpkg.ENV, check = false,
  })
  return result.status == 0
end

--- Name, version and architecture of a .deb file.
function dpkg.describe(deb)
  local result = dpkg.run("Patch.BadPackage", {
    "dpkg-deb", "--showformat=${Package}\t${Version}\n", "--show", deb,
  })
  return result.stdout:match("^([^\t]+)\t([^\n]+)\n")
end

--- The files a package owns in a root, as paths below it ("./usr/bin/x").
function dpkg.owned_files(root, package)
  local result = exec.run({
    "dpkg-query", "--root=" .. root.path, "-L", package,
    env = dpkg.ENV, check = false,
  })
  local files = {}
  for line in result.stdout:gmatch("[^\n]+") do
    if line:sub(1, 1) == "/" and line ~= "/." then
      files[#files + 1] = "." .. line
    end
  end
  return files
end

return dpkg
