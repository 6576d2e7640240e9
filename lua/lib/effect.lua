--- effect: what a handler does to the world, as data.
--
--     local effect = require("effect")
--     function flags.set(host, flag)
--       return effect.run({ kind = "flags.set", on = host,
--         what = { flag = flag }, planned = true }, function()
--         return exec("flagctl", host, flag).status == 0
--       end)
--     end
--
-- The standard library passes everything by which it touches the world through
-- this module, and so can handlers. In a plan (`moonstep run --plan`) an
-- effect is noted and not done: its function is not called, and `planned` is
-- returned instead. When a plan is applied (`--apply PLAN`) a change that the
-- plan does not have is refused with Plan.Drifted before it is made. Otherwise
-- the function is just called.
--
-- What an effect's function calls is part of that effect: exec.run() in the
-- example is neither noted nor checked by itself.
--
-- @module effect

local core = require("task.core")
local json = require("json")

local effect = {}

local FIELDS = {
  kind = "string", on = "string", what = "any", planned = "any",
  reads = "boolean",
}

-- How many effects of a task surround what runs now, by the task's key.
local inside = {}

local function check(description, f)
  if type(description) ~= "table" then
    error("effect.run: a table expected, not " .. type(description), 3)
  end
  for name, value in pairs(description) do
    local expected = FIELDS[name]
    if not expected then
      error("effect.run: no field '" .. tostring(name) .. "'", 3)
    elseif expected ~= "any" and type(value) ~= expected then
      error("effect.run: " .. name .. " must be a " .. expected .. ", not "
        .. type(value), 3)
    end
  end
  if not description.kind or not description.kind:find("^[%w_.-]+$") then
    error("effect.run: kind must be a name such as \"pkg.install\"", 3)
  elseif type(f) ~= "function" then
    error("effect.run: a function expected, not " .. type(f), 3)
  end
end

local function leave(key, fine, ...)
  local depth = inside[key] - 1
  inside[key] = depth > 0 and depth or nil
  if not fine then
    error((...), 0)
  end
  return ...
end

local function refuse(description)
  local on = description.on and " on " .. description.on or ""
  error({ Error = "Plan.Drifted", Cause = "the plan does not have "
    .. description.kind .. on .. " with " .. json.encode(description.what)
    .. "; make a new plan, and look at it" }, 0)
end

--- Does something to the world, or notes that it would be done.
--
-- `description` has
--
--   kind     what is done, as a name: "pkg.install"
--   on       where: the name of a host; without it, this machine
--   what     with what: data that says what would change, without secrets
--   planned  what is returned in a plan: a value that `f` could return
--   reads    true: it only looks; a plan shows it, applying does not check it
--
-- @tparam table description
-- @tparam function f does it; what it returns is returned, what it raises is
-- raised
-- @return what `f` returns, or `planned`
-- @raise Plan.Drifted when a plan is applied that does not have this change
function effect.run(description, f)
  check(description, f)
  local mode = core.plan_mode and core.plan_mode()
  if not mode then
    return f()
  end
  local key = core.key()
  if inside[key] then
    return f()
  end
  if mode == "plan" then
    core.note_effect(description.kind, description.on, json.encode(
      description.what == nil and json.null or description.what),
      description.reads == true)
    return description.planned
  end
  if not description.reads and not core.is_planned(description.kind,
      description.on, json.encode(
        description.what == nil and json.null or description.what)) then
    refuse(description)
  end
  inside[key] = (inside[key] or 0) + 1
  return leave(key, pcall(f))
end

--- Whether effects are only noted.
-- @treturn boolean
function effect.is_planning()
  return core.plan_mode and core.plan_mode() == "plan" or false
end

return effect
