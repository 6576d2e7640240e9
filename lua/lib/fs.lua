--- fs: files and directories.
--
--     local fs = require("fs")
--     local config = fs.read("/etc/app.conf")
--     config = config:gsub("8080", "80")
--     fs.write("/etc/app.conf", config, { mode = "644" })
--     for path, entry in fs.walk("/srv") do ... end
--
-- What replaces a file (write, copy) replaces it as a whole: a temporary file
-- beside it is written, flushed to disk and renamed, so that a crash leaves
-- the old content or the new. Reading, writing, copying, hashing and removing
-- trees happen on helper threads, while other tasks of the worker go on.
--
-- If a task is cancelled in the middle of one operation, a copy, a hash or the
-- removal of a tree stops soon; a read or write that is under way is completed.
--
-- Relative paths start at the directory of the server. Modes are numbers or
-- octal text: 0x1a4, 420 and "644" are the same.
--
-- Every function raises Fs.NotFound, Fs.PermissionDenied, Fs.Exists,
-- Fs.NotEmpty, Fs.NotADirectory, Fs.IsADirectory, Fs.NoSpace, Fs.TooLarge or
-- Fs.Failed; the cause says what was tried, on which path, and why it failed:
-- "open /x/y: No such file or directory".
--
-- @module fs

local core = require("fs.core")

local fs = {}

--- Largest file that read() returns unless max_bytes says.
fs.MAX_READ = 64 * 1024 * 1024

local NO_OPTIONS = {}

local function check_path(path, level)
  if type(path) ~= "string" or path == "" then
    error("fs: a path expected, not " .. (path == "" and "empty text"
      or type(path)), level + 1)
  end
  if path:find("\0", 1, true) then
    error("fs: the path contains a NUL byte", level + 1)
  end
end

local function check_options(options, allowed, level)
  if options == nil then
    return NO_OPTIONS
  end
  if type(options) ~= "table" then
    error("fs: options must be a table, not " .. type(options), level + 1)
  end
  for name, value in pairs(options) do
    if allowed[name] == nil then
      error("fs: no option '" .. tostring(name) .. "'", level + 1)
    elseif allowed[name] ~= "any" and type(value) ~= allowed[name] then
      error("fs: " .. name .. " must be a " .. allowed[name] .. ", not "
        .. type(value), level + 1)
    end
  end
  return options
end

local function mode_of(mode, level)
  if type(mode) == "string" then
    mode = mode:find("^[0-7]+$") and tonumber(mode, 8)
  end
  if type(mode) ~= "number" or mode < 0 or mode > 4095 or mode % 1 ~= 0 then
    error('fs: mode must be a number or octal text like "644"', level + 1)
  end
  return mode
end

local function call(operation, path, options)
  local result, kind, cause = core.call(operation, path, options)
  if result == nil then
    error({ Error = "Fs." .. kind, Cause = cause }, 0)
  end
  return result
end

-- nil instead of an error where nothing is.
local function call_if_there(operation, path, options)
  local result, kind, cause = core.call(operation, path, options)
  if result == nil and kind ~= "NotFound" and kind ~= "NotADirectory" then
    error({ Error = "Fs." .. kind, Cause = cause }, 0)
  end
  return result
end

--- The content of a file.
-- @tparam string path
-- @tparam[opt] table options max_bytes (64 MiB): more is an error
-- @treturn string
-- @raise Fs.TooLarge, and those of every function
function fs.read(path, options)
  check_path(path, 2)
  options = check_options(options, { max_bytes = "number" }, 2)
  return call("read", path, { max_bytes = options.max_bytes or fs.MAX_READ })
end

local function put(operation, path, data, options)
  check_path(path, 3)
  if type(data) ~= "string" then
    error("fs: the content must be text, not " .. type(data), 3)
  end
  options = check_options(options, { mode = "any", sync = "boolean" }, 3)
  local sync = options.sync
  if sync == nil then
    sync = operation == "write"
  end
  call(operation, path, {
    data = data,
    mode = options.mode ~= nil and mode_of(options.mode, 3) or nil,
    sync = sync,
  })
end

--- Replaces a file, or makes it, as a whole. A symbolic link is followed; mode
-- and owner of an existing file are kept.
-- @tparam string path
-- @tparam string data
-- @tparam[opt] table options mode; sync (true): false does not wait for the
-- disk
function fs.write(path, data, options)
  put("write", path, data, options)
end

--- Adds to the end of a file, which is made if it is missing.
-- @tparam string path
-- @tparam string data written at once: lines of several writers don't mix
-- @tparam[opt] table options mode (of a new file); sync (false): true waits
-- for the disk
function fs.append(path, data, options)
  put("append", path, data, options)
end

--- What a path is.
-- @tparam string path
-- @tparam[opt] table options follow (true): false looks at a symbolic link
-- itself
-- @treturn table type ("file", "directory", "symlink", "other"), size (bytes),
-- mtime (ms since the epoch), mode, uid, gid, inode, links; nil if there is
-- nothing
function fs.stat(path, options)
  check_path(path, 2)
  options = check_options(options, { follow = "boolean" }, 2)
  return call_if_there("stat", path, { follow = options.follow ~= false })
end

--- Is there something? A symbolic link counts by what it leads to.
-- @tparam string path
-- @treturn boolean
function fs.exists(path)
  check_path(path, 2)
  return call_if_there("stat", path, { follow = true }) ~= nil
end

--- What a directory holds, sorted by name.
-- @tparam string path
-- @treturn table list of tables: name, and the fields of stat() (symbolic
-- links themselves)
function fs.list(path)
  check_path(path, 2)
  return call("list", path, NO_OPTIONS)
end

local function join(directory, name)
  if directory:sub(-1) == "/" then
    return directory .. name
  end
  return directory .. "/" .. name
end

--- Goes through a directory and all below it, in the order of names, each
-- directory before what it holds. Symbolic links are not followed. A directory
-- that vanishes meanwhile is passed over.
--
--     for path, entry in fs.walk("/srv") do
--       if entry.type == "file" then total = total + entry.size end
--     end
--
-- @tparam string path
-- @treturn function iterator giving path and entry (as in list())
function fs.walk(path)
  check_path(path, 2)
  local levels = { { path = path, entries = fs.list(path), at = 0 } }
  local function enter(directory)
    local entries = call_if_there("list", directory, NO_OPTIONS)
    if entries then
      levels[#levels + 1] = { path = directory, entries = entries, at = 0 }
    end
  end
  local pending -- a directory that was given and not yet entered
  return function()
    if pending then
      enter(pending)
      pending = nil
    end
    while #levels > 0 do
      local level = levels[#levels]
      level.at = level.at + 1
      local entry = level.entries[level.at]
      if entry then
        local full = join(level.path, entry.name)
        if entry.type == "directory" then
          pending = full
        end
        return full, entry
      end
      levels[#levels] = nil
    end
  end
end

--- Makes a directory and those above it. An existing one is fine.
-- @tparam string path
-- @tparam[opt] table options mode ("777", less the umask) of the last one
function fs.mkdir_p(path, options)
  check_path(path, 2)
  options = check_options(options, { mode = "any" }, 2)
  call("mkdir_p", path, { mode = mode_of(options.mode or "777", 2) })
end

--- Removes a file, a symbolic link or an empty directory.
-- @tparam string path
-- @raise Fs.NotFound, Fs.NotEmpty, and those of every function
function fs.remove(path)
  check_path(path, 2)
  call("remove", path, NO_OPTIONS)
end

--- Removes a directory with all it holds, or a file. Nothing there is fine.
-- Symbolic links are removed, not followed; other file systems mounted below
-- are left alone (an error).
-- @tparam string path
function fs.remove_tree(path)
  check_path(path, 2)
  local last = path:gsub("/+$", ""):match("[^/]*$")
  if last == "" or last == "." or last == ".." then
    error("fs.remove_tree: will not remove '" .. path .. "'", 2)
  end
  call("remove_tree", path, NO_OPTIONS)
end

--- Copies a regular file over another path, as a whole. Mode and mtime are
-- kept; where the file system can, the blocks are shared.
-- @tparam string from
-- @tparam string to the file (not the directory) to make
-- @tparam[opt] table options sync (true): false does not wait for the disk
function fs.copy(from, to, options)
  check_path(from, 2)
  check_path(to, 2)
  options = check_options(options, { sync = "boolean" }, 2)
  call("copy", from, { to = to, sync = options.sync ~= false })
end

--- Renames a file or directory within a file system, over an existing file,
-- and flushes the directory it is now in.
-- @tparam string from
-- @tparam string to
function fs.rename(from, to)
  check_path(from, 2)
  check_path(to, 2)
  call("rename", from, { to = to, sync = true })
end

local ALGORITHMS = { md5 = true, sha1 = true, sha256 = true, sha512 = true }

--- The digest of a file's content.
-- @tparam string path
-- @tparam[opt] string algorithm "sha256" (if not given), "sha512", "sha1",
-- "md5"
-- @treturn string lower-case hexadecimal
function fs.hash(path, algorithm)
  check_path(path, 2)
  algorithm = algorithm or "sha256"
  if not ALGORITHMS[algorithm] then
    error("fs.hash: no algorithm '" .. tostring(algorithm) .. "'", 2)
  end
  return call("hash", path, { text = algorithm })
end

--- Makes a new empty directory that only this user can enter.
-- @tparam[opt] table options parent (TMPDIR, or /tmp); prefix ("moonstep-")
-- @treturn string its path
function fs.temp_dir(options)
  options = check_options(options, { parent = "string", prefix = "string" }, 2)
  local prefix = options.prefix or "moonstep-"
  if prefix:find("/", 1, true) then
    error("fs.temp_dir: prefix contains a slash", 2)
  end
  if options.parent then
    check_path(options.parent, 2)
  end
  return call("temp_dir", options.parent or "", { text = prefix })
end

--- Changes permissions.
-- @tparam string path
-- @param mode a number, or octal text like "755"
function fs.chmod(path, mode)
  check_path(path, 2)
  call("chmod", path, { mode = mode_of(mode, 2) })
end

--- Gives a file a second name.
-- @tparam string path the new name
-- @tparam string target the file
function fs.link(path, target)
  check_path(path, 2)
  check_path(target, 2)
  call("link", path, { to = target })
end

--- Makes a symbolic link.
-- @tparam string path the link
-- @tparam string target where it leads, kept as it is written
function fs.symlink(path, target)
  check_path(path, 2)
  check_path(target, 2)
  call("symlink", path, { to = target })
end

--- Where a symbolic link leads.
-- @tparam string path the link
-- @treturn string
function fs.readlink(path)
  check_path(path, 2)
  return call("readlink", path, NO_OPTIONS)
end

return fs
