--- moonstep: workflows as Lua.
--
--     local ms = require("moonstep")
--     local pkg = require("pkg")
--
--     return ms {
--       ms.task("Look", function() return pkg.upgradable() end)
--         :into("updates"),
--       ms.choice("Anything to do?"):when("#input.updates > 0", {
--         ms.wait("Until night", { seconds = 3600 }),
--         ms.task("Upgrade", function(input) pkg.upgrade(input.updates) end)
--           :retry("Pkg.Locked", { times = 5, interval = "1m" }),
--       }),
--     }
--
-- The file returns a workflow: a list of steps that run one after the other.
-- It compiles to Amazon States Language (`moonstep validate --asl FILE`) and
-- runs with `moonstep run FILE`. A function given to a task runs in a worker,
-- where the file is loaded again: it may use what the file defines, but not
-- change it.
--
-- Expressions are texts in Lua's own syntax, compiled to JSONata: `input` is
-- the state's input, `result` what it returned, `error` what it failed with
-- (`error.Error`, `error.Cause`), `context` the context object, any other name
-- a variable. A text that begins with `{%` is JSONata as it is.
--
-- Durations are seconds, or a text such as "90s", "15m", "1h30m", "90d".
--
-- @module moonstep

local moonstep = {}

-- Steps and workflows carry their kind in their metatable, so that a table of
-- the user's is never taken for one.
local Step, Choice, Workflow = {}, {}, {}
Step.__index, Choice.__index, Workflow.__index = Step, Choice, Workflow
setmetatable(Choice, { __index = Step })

local getinfo = debug and debug.getinfo

-- The line of the file that called the constructor `level` calls up.
local function line_of(level)
  local info = getinfo and getinfo(level + 1, "l")
  return info and info.currentline or 0
end

local function misuse(text, level)
  error(text, level + 1)
end

local function check_name(name, what, level)
  if type(name) ~= "string" or name == "" then
    misuse(what .. ": the state's name (a text) is expected first, not "
      .. (name == "" and "an empty text" or type(name)), level + 1)
  elseif #name > 80 then
    misuse(what .. ": the name \"" .. name .. "\" has more than 80 bytes",
      level + 1)
  end
end

local function check_options(options, allowed, what, level)
  if options ~= nil and type(options) ~= "table" then
    misuse(what .. ": a table of options expected, not " .. type(options),
      level + 1)
  end
  for name in pairs(options or {}) do
    if type(name) == "string" and not allowed[name] then
      local known = {}
      for each in pairs(allowed) do
        known[#known + 1] = each
      end
      table.sort(known)
      misuse(what .. ": no option '" .. name .. "'; there are "
        .. table.concat(known, ", "), level + 1)
    end
  end
  return options or {}
end

local function check_steps(steps, what, level)
  if getmetatable(steps) == Step or getmetatable(steps) == Choice then
    return { steps }
  elseif type(steps) ~= "table" or getmetatable(steps) then
    misuse(what .. ": a list of steps expected, not " .. type(steps),
      level + 1)
  end
  for i, step in ipairs(steps) do
    local kind = getmetatable(step)
    if kind ~= Step and kind ~= Choice then
      misuse(what .. ": entry " .. i .. " is not a step but "
        .. (type(step) == "function" and "a function; write"
          .. " ms.task(\"Name\", function … end)" or type(step)), level + 1)
    end
  end
  return steps
end

local UNITS = { s = 1, m = 60, h = 3600, d = 86400, w = 604800 }

local function seconds_of(value, what, level)
  if type(value) == "number" and value >= 0 and value % 1 == 0 then
    return value
  end
  local total = 0
  if type(value) == "string" then
    local rest = value:gsub("(%d+)([smhdw])", function(count, unit)
      total = total + tonumber(count) * UNITS[unit]
      return ""
    end)
    if rest == "" and value ~= "" then
      return total
    end
  end
  misuse(what .. ": seconds, or a text such as \"15m\" or \"1h30m\""
    .. " expected, not " .. tostring(value), level + 1)
end

local function step(kind, name, line, fields)
  fields = fields or {}
  fields.kind, fields.name, fields.line = kind, name, line
  return setmetatable(fields, Step)
end

--- A task.
--
-- `what` is a function `function(input, task) … return output end`, the name
-- of one in the handlers ("inventory.list"), or the ARN of a resource.
--
-- @tparam string name of the state
-- @param what
-- @treturn Step
function moonstep.task(name, what)
  check_name(name, "ms.task", 2)
  if type(what) == "string" and not what:find(":", 1, true) then
    what = "lua:" .. what
  elseif type(what) ~= "function" and type(what) ~= "string" then
    misuse("ms.task(\"" .. name .. "\"): a function, the name of a handler or"
      .. " an ARN expected, not " .. type(what), 2)
  end
  if type(what) == "function" and (name:find("..", 1, true)
      or name:find("[%.%c]$") or name:find("%c")) then
    misuse("ms.task(\"" .. name .. "\"): the name of a state with a function"
      .. " has no two points in a row, none at its end, and no control"
      .. " characters", 2)
  end
  return step("task", name, line_of(2), { what = what })
end

--- Waits: `{ seconds = 90 }`, `{ seconds = "1h" }`, `{ seconds = expression }`
-- or `{ until_time = "2027-01-01T00:00:00Z" }` (or an expression: text that
-- begins with `{%`, or ms.expr).
-- @tparam string name of the state
-- @tparam table options
-- @treturn Step
function moonstep.wait(name, options)
  check_name(name, "ms.wait", 2)
  if type(options) == "number" or type(options) == "string" then
    options = { seconds = options }
  end
  options = check_options(options, { seconds = true, until_time = true },
    "ms.wait", 2)
  local seconds, moment = options.seconds, options.until_time
  if (seconds == nil) == (moment == nil) then
    misuse("ms.wait(\"" .. name .. "\"): either seconds or until_time", 2)
  end
  if type(seconds) ~= "table" and seconds ~= nil
      and not tostring(seconds):find("^{%%") then
    seconds = seconds_of(seconds, "ms.wait(\"" .. name .. "\")", 2)
  end
  return step("wait", name, line_of(2), { seconds = seconds,
    until_time = moment })
end

--- Hands its input on, or what :output() says.
-- @tparam string name of the state
-- @treturn Step
function moonstep.pass(name)
  check_name(name, "ms.pass", 2)
  return step("pass", name, line_of(2))
end

--- Ends the workflow, or the branch, well.
-- @tparam string name of the state
-- @treturn Step
function moonstep.succeed(name)
  check_name(name, "ms.succeed", 2)
  return step("succeed", name, line_of(2))
end

--- Fails the workflow: `{ error = "Backup.Stale", cause = "…" }`, each of them
-- a text or ms.expr.
-- @tparam string name of the state
-- @tparam table options
-- @treturn Step
function moonstep.fail(name, options)
  check_name(name, "ms.fail", 2)
  options = check_options(options, { error = true, cause = true },
    "ms.fail", 2)
  return step("fail", name, line_of(2), { error = options.error,
    cause = options.cause })
end

--- Goes on with another state of the same list, or of one around it.
-- @tparam string target name of that state
-- @treturn Step
function moonstep.go(target)
  check_name(target, "ms.go", 2)
  return step("go", nil, line_of(2), { target = target })
end

--- Runs lists of steps at the same time; the result is the list of theirs.
-- @tparam string name of the state
-- @tparam table branches a list of lists of steps
-- @treturn Step
function moonstep.parallel(name, branches)
  check_name(name, "ms.parallel", 2)
  if type(branches) ~= "table" or #branches == 0 then
    misuse("ms.parallel(\"" .. name .. "\"): a list of lists of steps"
      .. " expected", 2)
  end
  local lists = {}
  for i, branch in ipairs(branches) do
    lists[i] = check_steps(branch, "ms.parallel(\"" .. name .. "\"), branch "
      .. i, 2)
  end
  return step("parallel", name, line_of(2), { branches = lists })
end

local MAP_OPTIONS = {
  items = true, concurrency = true, tolerate = true, tolerate_percent = true,
  select = true, distributed = true, reader = true, batch = true,
}

--- Runs steps for each item of a list; the result is the list of theirs.
--
-- Beside the steps `options` has
--
--   items             expression: the list (without it the input itself), or
--                     a constant list
--   concurrency       how many at a time; 0 or nothing: as many as there are
--   select            value: the input of an iteration, of `item`, `index`
--                     and `input`; without it the item
--   tolerate          how many may fail (distributed)
--   tolerate_percent  which share of them
--   distributed       true: each iteration is an execution of its own
--   reader, batch     ItemReader and ItemBatcher, as in ASL (distributed)
--
-- @tparam string name of the state
-- @tparam table options with the steps in its list part
-- @treturn Step
function moonstep.map(name, options)
  check_name(name, "ms.map", 2)
  options = check_options(options, MAP_OPTIONS, "ms.map", 2)
  local made = step("map", name, line_of(2), { steps = {} })
  for key, value in pairs(options) do
    if type(key) == "number" then
      made.steps[key] = value
    else
      made[key] = value
    end
  end
  made.steps = check_steps(made.steps, "ms.map(\"" .. name .. "\")", 2)
  if #made.steps == 0 then
    misuse("ms.map(\"" .. name .. "\"): no steps given", 2)
  elseif (made.reader or made.batch or made.tolerate
      or made.tolerate_percent) and not made.distributed then
    misuse("ms.map(\"" .. name .. "\"): reader, batch, tolerate and"
      .. " tolerate_percent need distributed = true", 2)
  end
  return made
end

--- Runs another workflow and waits for its end; the result is its output.
-- @tparam string name of the state
-- @tparam string workflow its name, or its ARN
-- @treturn Step
function moonstep.run(name, workflow)
  check_name(name, "ms.run", 2)
  if type(workflow) ~= "string" or workflow == "" then
    misuse("ms.run(\"" .. name .. "\"): the name of a workflow expected", 2)
  end
  return step("run", name, line_of(2), { workflow = workflow })
end

--- Chooses by conditions: give them with :when() and :otherwise(). What they
-- lead to goes on behind the choice, unless it ends or goes elsewhere.
-- @tparam string name of the state
-- @treturn Choice
function moonstep.choice(name)
  check_name(name, "ms.choice", 2)
  return setmetatable({ kind = "choice", name = name, line = line_of(2),
    rules = {} }, Choice)
end

--- Any state, as ASL has it: `{ Type = "Poll", … }`, without Next and End.
-- @tparam string name of the state
-- @tparam table fields
-- @treturn Step
function moonstep.state(name, fields)
  check_name(name, "ms.state", 2)
  if type(fields) ~= "table" or type(fields.Type) ~= "string" then
    misuse("ms.state(\"" .. name .. "\"): a table with Type expected", 2)
  end
  return step("state", name, line_of(2), { fields = fields })
end

--- An expression where a value is expected: `ms.expr("input.price * 2")`.
-- @tparam string text in Lua's syntax
-- @treturn table
function moonstep.expr(text)
  if type(text) ~= "string" then
    misuse("ms.expr: an expression (a text) expected, not " .. type(text), 2)
  end
  return setmetatable({ expression = text, line = line_of(2) },
    moonstep.Expression)
end
moonstep.Expression = {}

--- Methods of steps. Each returns the step, so that they can be chained.
-- @section Step

--- What the task gets instead of the state's input.
-- @param value a table or other value; ms.expr() may stand anywhere in it
-- @treturn Step
function Step:with(value)
  self.arguments = value
  return self
end

--- The state's output is its input, with its result in this field.
-- @tparam string field
-- @treturn Step
function Step:into(field)
  if type(field) ~= "string" or field == "" then
    misuse(":into: the name of a field expected", 2)
  end
  self.into_field = field
  return self
end

--- The state's output is this.
-- @param value a value; ms.expr() may stand anywhere in it
-- @treturn Step
function Step:output(value)
  self.output_value = value
  self.has_output = true
  return self
end

--- Sets variables, which later states see.
-- @tparam table values by name; ms.expr() may stand anywhere in them
-- @treturn Step
function Step:set(values)
  if type(values) ~= "table" then
    misuse(":set: a table of values by name expected", 2)
  end
  self.assign = values
  return self
end

local function error_names(errors, what, level)
  local names = type(errors) == "table" and errors or { errors }
  for _, name in ipairs(names) do
    if type(name) ~= "string" then
      misuse(what .. ": names of errors (texts) expected, not " .. type(name),
        level + 1)
    end
  end
  if #names == 0 then
    misuse(what .. ": no error is named; \"States.ALL\" are all", level + 1)
  end
  return names
end

local RETRY_OPTIONS = {
  times = true, interval = true, backoff = true, max_delay = true,
  jitter = true,
}

--- Tries again: `:retry(5)` any error, `:retry("Net.Timeout", { times = 5,
-- interval = "10s", backoff = 2, max_delay = "5m", jitter = true })`.
-- @param errors how often, or the name of an error, or a list of names
-- @tparam[opt] table options
-- @treturn Step
function Step:retry(errors, options)
  if type(errors) == "number" then
    options = options or {}
    options.times = errors
    errors = "States.ALL"
  end
  options = check_options(options, RETRY_OPTIONS, ":retry", 2)
  self.retriers = self.retriers or {}
  self.retriers[#self.retriers + 1] = {
    errors = error_names(errors, ":retry", 2),
    times = options.times,
    interval = options.interval
      and seconds_of(options.interval, ":retry, interval", 2),
    max_delay = options.max_delay
      and seconds_of(options.max_delay, ":retry, max_delay", 2),
    backoff = options.backoff,
    jitter = options.jitter,
  }
  return self
end

--- What happens when the state fails (after its retries): the steps run, and
-- the workflow goes on behind the state. They find the error in the field
-- `error` of their input (`into`: another field).
-- @param errors the name of an error, or a list of names
-- @param steps a list of steps, or the name of a state to go on with
-- @tparam[opt] table options `into`
-- @treturn Step
function Step:catch(errors, steps, options)
  options = check_options(options, { into = true }, ":catch", 2)
  if type(steps) == "string" then
    steps = { moonstep.go(steps) }
  end
  self.catchers = self.catchers or {}
  self.catchers[#self.catchers + 1] = {
    errors = error_names(errors, ":catch", 2),
    steps = check_steps(steps, ":catch", 2),
    into = options.into or "error",
  }
  return self
end

--- How long it may take, and how long it may be silent.
-- @param seconds a duration
-- @param[opt] heartbeat a duration
-- @treturn Step
function Step:timeout(seconds, heartbeat)
  self.timeout_seconds = seconds_of(seconds, ":timeout", 2)
  self.heartbeat_seconds = heartbeat
    and seconds_of(heartbeat, ":timeout, heartbeat", 2)
  return self
end

--- A comment, shown beside the state.
-- @tparam string text
-- @treturn Step
function Step:comment(text)
  self.comment_text = text
  return self
end

--- Further fields of the state, as ASL has them.
-- @tparam table fields
-- @treturn Step
function Step:fields(fields)
  self.more = fields
  return self
end

--- A condition and where it leads.
-- @param condition an expression; or a function of the input, which runs in a
-- worker
-- @param steps a list of steps, or the name of a state to go on with
-- @treturn Choice
function Choice:when(condition, steps)
  if type(condition) ~= "string" and type(condition) ~= "function" then
    misuse(":when: a condition (a text such as \"input.count > 3\", or a"
      .. " function) expected, not " .. type(condition), 2)
  elseif type(steps) == "string" then
    steps = { moonstep.go(steps) }
  end
  self.rules[#self.rules + 1] = { condition = condition, line = line_of(2),
    steps = check_steps(steps, ":when", 2) }
  return self
end

--- Where it goes on if no condition holds; without it, behind the choice.
-- @param steps a list of steps, or the name of a state
-- @treturn Choice
function Choice:otherwise(steps)
  if type(steps) == "string" then
    steps = { moonstep.go(steps) }
  end
  self.default = check_steps(steps, ":otherwise", 2)
  return self
end

--- The name of the state that computes a condition given as a function.
function moonstep.condition_name(choice, index)
  return choice.name .. " (condition " .. index .. ")"
end

-- Everything below a list of steps, for `visit(step)`.
local function walk(steps, visit)
  for _, each in ipairs(steps) do
    visit(each)
    for _, catcher in ipairs(each.catchers or {}) do
      walk(catcher.steps, visit)
    end
    for _, rule in ipairs(each.rules or {}) do
      walk(rule.steps, visit)
    end
    for _, branch in ipairs(each.branches or {}) do
      walk(branch, visit)
    end
    walk(each.default or {}, visit)
    walk(each.steps or {}, visit)
  end
end

local WORKFLOW_OPTIONS = { comment = true, timeout = true, version = true }

local function new_workflow(_, definition)
  if type(definition) ~= "table" then
    misuse("moonstep { … }: a table with steps expected, not "
      .. type(definition), 2)
  end
  local made = { steps = {}, functions = {}, line = line_of(2) }
  for key, value in pairs(definition) do
    if type(key) == "number" then
      made.steps[key] = value
    end
  end
  check_options(definition, WORKFLOW_OPTIONS, "moonstep { … }", 2)
  made.comment = definition.comment
  made.timeout = definition.timeout
    and seconds_of(definition.timeout, "moonstep { … }, timeout", 2)
  made.steps = check_steps(made.steps, "moonstep { … }", 2)
  if #made.steps == 0 then
    misuse("moonstep { … }: there are no steps", 2)
  end
  walk(made.steps, function(each)
    if type(each.what) == "function" then
      made.functions[each.name] = each.what
    end
    for i, rule in ipairs(each.rules or {}) do
      if type(rule.condition) == "function" then
        made.functions[moonstep.condition_name(each, i)] = rule.condition
      end
    end
  end)
  return setmetatable(made, Workflow)
end

--- Whether a value is a workflow.
-- @param value
-- @treturn boolean
function moonstep.is_workflow(value)
  return type(value) == "table" and getmetatable(value) == Workflow
end

--- moonstep { … }: makes a workflow of its steps, in their order.
--
-- Beside the steps: `comment`, and `timeout`, a duration for the whole.
--
-- @tparam table definition
-- @treturn Workflow
-- @function moonstep
return setmetatable(moonstep, { __call = new_workflow })
