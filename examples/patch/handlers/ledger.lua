--- ledger: what was done to a root, one line each, in the root itself
-- (var/log/moonstep-patch.log): packages patched, packages rolled back, and
-- that the root failed. An execution writes no line twice.

local fs = require("fs")
local time = require("time")

local ledger = {}

--- Where it is.
function ledger.path(root)
  return root.path .. "/var/log/moonstep-patch.log"
end

local function read(root)
  local path = ledger.path(root)
  return fs.exists(path) and fs.read(path) or ""
end

local function has(root, line)
  return read(root):find(line, 1, true) ~= nil
end

-- One line, however often this is asked.
local function add(root, line)
  if not has(root, line) then
    fs.append(ledger.path(root), time.iso() .. line, { sync = true })
  end
end

local function package_line(task, name, from, to)
  return (" %s %s %s -> %s\n"):format(task.execution_name, name, from, to)
end

--- The updates of a root are installed.
function ledger.patched(root, task)
  for _, update in ipairs(root.updates) do
    add(root, package_line(task, update.name, update.from, update.to))
  end
end

--- What was patched is not any more.
function ledger.rolled_back(root, task)
  for _, update in ipairs(root.updates) do
    local name, from, to = update.name, update.from, update.to
    if has(root, package_line(task, name, from, to)) then
      add(root, package_line(task, name, to, from))
    end
  end
end

--- The root could not be patched.
function ledger.failed(root, task, error_name)
  if not ledger.failure(root, task) then
    add(root, (" %s failed %s\n"):format(task.execution_name, error_name))
  end
end

--- The name of the error with which the root failed in this execution; nil if
-- it has not.
function ledger.failure(root, task)
  local key = (" %s failed "):format(task.execution_name)
  local _, at = read(root):find(key, 1, true)
  return at and read(root):match("^[^\n]*", at + 1)
end

--- How many packages this execution has patched in the root.
function ledger.count(root, task)
  local count = 0
  for _, update in ipairs(root.updates) do
    if has(root, package_line(task, update.name, update.from, update.to)) then
      count = count + 1
    end
  end
  return count
end

return ledger
