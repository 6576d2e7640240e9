--- Cases of module fs (tests/core/test_stdlib.c).

local fs = require("fs")
local mini = require("mini")
local exec = require("exec")

local DIRECTORY = require("fixture").directory

local cases = {}

local function at(name)
  return DIRECTORY .. "/" .. name
end

local function fails(name, f, ...)
  local fine, err = pcall(f, ...)
  assert(not fine, "it should have failed with " .. name)
  assert(type(err) == "table", tostring(err))
  assert(err.Error == name, tostring(err.Error) .. ": " .. err.Cause)
  return err
end

local function misuse(text, f, ...)
  local fine, err = pcall(f, ...)
  assert(not fine and type(err) == "string", "no misuse")
  assert(err:find(text, 1, true), err)
end

local function names(path)
  local found = {}
  for i, entry in ipairs(fs.list(path)) do
    found[i] = entry.name
  end
  return table.concat(found, " ")
end

function cases.files()
  local path = at("file")
  fs.write(path, "one\0two")
  assert(fs.read(path) == "one\0two")
  fs.write(path, "")
  assert(fs.read(path) == "")
  fs.append(path, "a\n")
  fs.append(path, "b\n", { sync = true })
  assert(fs.read(path) == "a\nb\n")
  fs.append(at("new"), "x", { mode = "600" })
  assert(fs.stat(at("new")).mode == 384)
  fs.chmod(path, "640")
  fs.write(path, "kept mode")
  assert(fs.stat(path).mode == 416)
  fs.write(path, "other mode", { mode = 493, sync = false })
  local stat = fs.stat(path)
  assert(stat.mode == 493 and stat.type == "file" and stat.size == 10)
  assert(stat.mtime > 1.7e12)
  fs.copy(path, at("copy"))
  assert(fs.read(at("copy")) == "other mode")
  assert(fs.stat(at("copy")).mode == 493)
  assert(fs.stat(at("copy")).mtime == stat.mtime)
  fs.rename(at("copy"), at("moved"))
  assert(not fs.exists(at("copy")) and fs.exists(at("moved")))
  assert(fs.hash(path, "sha1") == exec("sha1sum", path).stdout:match("%x+"))
  assert(#fs.hash(path) == 64)
  fs.remove(path)
  assert(fs.stat(path) == nil)
  assert(names(DIRECTORY) == "moved new", names(DIRECTORY))
end

function cases.directories()
  fs.mkdir_p(at("a/b/c"), { mode = "750" })
  fs.mkdir_p(at("a/b/c"))
  assert(fs.stat(at("a/b/c")).mode == 488)
  fs.write(at("a/z"), "z")
  fs.write(at("a/m"), "m")
  assert(names(at("a")) == "b m z")
  local entry = fs.list(at("a"))[1]
  assert(entry.type == "directory" and entry.mtime > 1.7e12)
  fails("Fs.NotEmpty", fs.remove, at("a"))
  fs.remove(at("a/b/c"))
  fs.remove_tree(at("a"))
  assert(not fs.exists(at("a")))
  fs.remove_tree(at("a"))
  local one = fs.temp_dir{ parent = DIRECTORY, prefix = "p-" }
  local two = fs.temp_dir{ parent = DIRECTORY, prefix = "p-" }
  assert(one ~= two and one:find(DIRECTORY .. "/p-", 1, true) == 1)
  assert(fs.stat(one).mode == 448)
  assert(names(one) == "")
end

function cases.links()
  fs.write(at("file"), "text")
  fs.symlink(at("soft"), "file")
  fs.link(at("hard"), at("file"))
  assert(fs.readlink(at("soft")) == "file")
  assert(fs.stat(at("soft")).type == "file")
  assert(fs.stat(at("soft"), { follow = false }).type == "symlink")
  assert(fs.stat(at("hard")).links == 2)
  fs.symlink(at("broken"), "nowhere")
  assert(not fs.exists(at("broken")))
  assert(fs.stat(at("broken"), { follow = false }))
  fs.remove(at("soft"))
  assert(fs.exists(at("file")))
  fails("Fs.Exists", fs.symlink, at("broken"), "x")
  fails("Fs.Failed", fs.readlink, at("file"))
end

function cases.walk()
  fs.mkdir_p(at("w/b/deep"))
  fs.write(at("w/a"), "1")
  fs.write(at("w/b/x"), "2")
  fs.write(at("w/c"), "3")
  fs.symlink(at("w/b/up"), "..")
  local found = {}
  for path, entry in fs.walk(at("w")) do
    found[#found + 1] = path:sub(#at("w/") + 1) .. ":" .. entry.type
  end
  local expected = "a:file b:directory b/deep:directory b/up:symlink "
    .. "b/x:file c:file"
  assert(table.concat(found, " ") == expected, table.concat(found, " "))
  -- what vanishes while it walks is passed over
  local count = 0
  for path in fs.walk(at("w")) do
    count = count + 1
    if path == at("w/b") then
      fs.remove_tree(path)
    end
  end
  assert(count == 3, count)
end

function cases.failures()
  local err = fails("Fs.NotFound", fs.read, at("none"))
  assert(err.Cause == "open " .. at("none") .. ": No such file or directory",
    err.Cause)
  fs.write(at("file"), "12345")
  fails("Fs.NotADirectory", fs.list, at("file"))
  fails("Fs.NotADirectory", fs.write, at("file/x"), "")
  fails("Fs.IsADirectory", fs.read, DIRECTORY)
  fails("Fs.Exists", fs.link, at("file"), at("file"))
  fails("Fs.Exists", fs.mkdir_p, at("file"))
  fails("Fs.TooLarge", fs.read, at("file"), { max_bytes = 4 })
  fails("Fs.NotFound", fs.walk, at("none"))
  fails("Fs.NotFound", fs.rename, at("none"), at("other"))
  fails("Fs.NotFound", fs.copy, at("none"), at("other"))
  fails("Fs.NotFound", fs.hash, at("none"))
  assert(fs.stat(at("file/below")) == nil)
end

function cases.misuse()
  misuse("a path expected", fs.read)
  misuse("a path expected", fs.read, "")
  misuse("NUL byte", fs.read, "a\0b")
  misuse("no option 'mod'", fs.write, at("x"), "", { mod = 1 })
  misuse("mode must be", fs.chmod, at("x"), "999")
  misuse("mode must be", fs.write, at("x"), "", { mode = -1 })
  misuse("content must be text", fs.write, at("x"), {})
  misuse("no algorithm", fs.hash, at("x"), "crc")
  misuse("will not remove", fs.remove_tree, "/")
  misuse("will not remove", fs.remove_tree, at(".."))
  misuse("will not remove", fs.remove_tree, at("a/.."))
  misuse("contains a slash", fs.temp_dir, { prefix = "a/b" })
end

function cases.concurrent()
  local tasks = {}
  for i = 1, 100 do
    tasks[i] = mini.go(function()
      local path = at("f" .. i % 10)
      for _ = 1, 5 do
        fs.write(path, ("%d"):format(i % 10):rep(10000), { sync = false })
        assert(fs.read(path) == ("%d"):format(i % 10):rep(10000))
      end
    end)
  end
  for _, task in ipairs(tasks) do
    assert(mini.wait(task))
  end
  assert(#fs.list(DIRECTORY) == 10, "a temporary file is left")
end

-- Cancelled in the middle of operations: what was under way ends by itself.
function cases.cancelled()
  for i = 1, 50 do
    local task = mini.go(function()
      while true do
        fs.write(at("x" .. i % 3), "text")
        fs.copy(at("x" .. i % 3), at("y"))
        fs.hash(at("y"))
      end
    end)
    fs.write(at("other"), "")
    mini.cancel(task)
    assert(not mini.wait(task))
  end
end

return cases
