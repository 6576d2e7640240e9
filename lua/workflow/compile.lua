--- Compiles a workflow (lua/lib/moonstep.lua) to Amazon States Language.
--
-- A list of steps becomes states that lead to each other; what a choice or a
-- catcher leads to goes on behind it. The definition is in JSONata.
--
-- @module workflow.compile

local condition = require("workflow.condition")
local doc = require("wf.doc")

local Compiler = {}
Compiler.__index = Compiler

local function pairs_sorted(map)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    return tostring(a) < tostring(b)
  end)
  local at = 0
  return function()
    at = at + 1
    return keys[at], map[keys[at]]
  end
end

-- An error at a step: "FILE:LINE: …".
local function complain(self, line, text)
  error(("%s:%d: %s"):format(self.file, line, text), 0)
end

-- ---- values ----

local function expression(self, text, line)
  local code, why = condition.value(text)
  return code or complain(self, line, why)
end

local function is_list(value)
  local count = 0
  for _ in pairs(value) do
    count = count + 1
  end
  return count > 0 and count == #value
end

local value_of

local function table_value(self, value, line, depth)
  local list = {}
  if is_list(value) then
    for i, each in ipairs(value) do
      list[i] = value_of(self, each, line, depth)
    end
    return doc.array(list)
  end
  for key, each in pairs_sorted(value) do
    if type(key) ~= "string" then
      complain(self, line, "a table here is a list or has names, not both; "
        .. "its key " .. tostring(key) .. " is a " .. type(key))
    end
    list[#list + 1] = { key, value_of(self, each, line, depth) }
  end
  return doc.object(list)
end

-- Lua data as a value; expressions in it become JSONata.
value_of = function(self, value, line, depth)
  depth = (depth or 0) + 1
  if depth > 100 then
    complain(self, line, "the value is too deep, or contains itself")
  elseif type(value) == "table"
      and getmetatable(value) == self.Expression then
    return doc.from(expression(self, value.expression, value.line))
  elseif type(value) == "table" then
    return table_value(self, value, line, depth)
  elseif type(value) == "function" or type(value) == "thread"
      or type(value) == "cdata" then
    complain(self, line, "a " .. type(value) .. " can't be a value here")
  elseif type(value) == "userdata" then
    return doc.null -- json.null
  end
  return doc.from(value)
end

-- ---- fields ----

local function add(fields, name, value)
  if value ~= nil then
    fields[#fields + 1] = { name, value }
  end
end

-- `{% $merge([$states.input, {"field": what}]) %}`
local function merged(field, what)
  return "{% $merge([$states.input, {" .. doc.quote(field) .. ": " .. what
    .. "}]) %}"
end

local function add_retriers(fields, step)
  local list = {}
  for i, retrier in ipairs(step.retriers or {}) do
    local entry = {}
    add(entry, "ErrorEquals", doc.array(retrier.errors))
    add(entry, "IntervalSeconds", retrier.interval)
    add(entry, "MaxAttempts", retrier.times)
    add(entry, "BackoffRate", retrier.backoff)
    add(entry, "MaxDelaySeconds", retrier.max_delay)
    add(entry, "JitterStrategy", retrier.jitter and (retrier.jitter == true
      and "FULL" or retrier.jitter))
    list[i] = doc.object(entry)
  end
  add(fields, "Retry", step.retriers and doc.array(list))
end

-- Puts a state into the scope; a name is given once in a whole definition.
local function place(self, scope, name, line, fields)
  if self.lines[name] then
    complain(self, line, "the state \"" .. name .. "\" is there already, in"
      .. " line " .. self.lines[name])
  end
  self.lines[name] = line
  local slot = { name = name, fields = fields }
  scope[#scope + 1] = slot
  return slot
end

local sequence -- (self, scope, steps, following) -> name of the first, or nil

-- The name of what steps lead to: theirs, or `following`.
local function target_of(self, scope, steps, following)
  return sequence(self, scope, steps, following) or following
end

local function add_catchers(self, scope, fields, step, following)
  local list = {}
  for i, catcher in ipairs(step.catchers or {}) do
    local entry = {}
    add(entry, "ErrorEquals", doc.array(catcher.errors))
    add(entry, "Output", merged(catcher.into, "$states.errorOutput"))
    add(entry, "Next", target_of(self, scope, catcher.steps, following)
      or self:ending(scope, step))
    list[i] = doc.object(entry)
  end
  add(fields, "Catch", step.catchers and doc.array(list))
end

-- A state that ends the list, for what can't end itself: made once for a step.
function Compiler:ending(scope, step)
  local name = step.name .. " (end)"
  if not self.lines[name] then
    place(self, scope, name, step.line, { { "Type", "Succeed" } })
  end
  return name
end

local function add_result(self, fields, step)
  if step.into_field and step.has_output then
    complain(self, step.line, "\"" .. step.name .. "\" has :into and"
      .. " :output; only one of them can say what the output is")
  elseif step.into_field then
    add(fields, "Output", merged(step.into_field, step.kind == "pass"
      and "$states.input" or "$states.result"))
  elseif step.has_output then
    add(fields, "Output", value_of(self, step.output_value, step.line))
  end
  if step.assign then
    add(fields, "Assign", value_of(self, step.assign, step.line))
  end
end

local function add_common(self, fields, step)
  add(fields, "Comment", step.comment_text)
  for name, value in pairs_sorted(step.more or {}) do
    add(fields, name, value_of(self, value, step.line))
  end
end

local function definition_of(self, steps)
  local scope = {}
  local first = sequence(self, scope, steps, nil)
  local states = {}
  for i, slot in ipairs(scope) do
    states[i] = { slot.name, doc.object(slot.fields) }
  end
  return first, doc.object(states)
end

-- ---- the kinds of steps: (self, fields, step) adds the fields ----

local function add_task(self, fields, step)
  local is_inline = type(step.what) == "function"
  add(fields, "Type", "Task")
  add(fields, "Resource", is_inline and "lua:" .. self.module .. "."
    .. step.name or step.what)
  if step.arguments ~= nil then
    add(fields, "Arguments", value_of(self, step.arguments, step.line))
  end
  add(fields, "TimeoutSeconds", step.timeout_seconds)
  add(fields, "HeartbeatSeconds", step.heartbeat_seconds)
end

local function add_run(self, fields, step)
  local arn = step.workflow
  add(fields, "Type", "Task")
  add(fields, "Resource", "arn:aws:states:::states:startExecution.sync:2")
  if not arn:find(":", 1, true) then
    arn = "arn:aws:states:" .. self.region .. ":" .. self.account
      .. ":stateMachine:" .. arn
  end
  add(fields, "Arguments", doc.object({
    { "StateMachineArn", arn },
    { "Input", step.arguments ~= nil
      and value_of(self, step.arguments, step.line) or "{% $states.input %}" },
  }))
  add(fields, "TimeoutSeconds", step.timeout_seconds)
  step.into_result = "$states.result.Output"
end

local function add_wait(self, fields, step)
  add(fields, "Type", "Wait")
  add(fields, "Seconds", step.seconds
    and value_of(self, step.seconds, step.line))
  add(fields, "Timestamp", step.until_time
    and value_of(self, step.until_time, step.line))
end

local function add_pass(_, fields)
  add(fields, "Type", "Pass")
end

local function add_succeed(_, fields)
  add(fields, "Type", "Succeed")
end

local function add_fail(self, fields, step)
  add(fields, "Type", "Fail")
  add(fields, "Error", step.error ~= nil
    and value_of(self, step.error, step.line) or nil)
  add(fields, "Cause", step.cause ~= nil
    and value_of(self, step.cause, step.line) or nil)
end

local function add_parallel(self, fields, step)
  local list = {}
  for i, steps in ipairs(step.branches) do
    local first, states = definition_of(self, steps)
    if not first then
      complain(self, step.line, "branch " .. i .. " of \"" .. step.name
        .. "\" has no steps")
    end
    list[i] = doc.object({ { "StartAt", first }, { "States", states } })
  end
  add(fields, "Type", "Parallel")
  if step.arguments ~= nil then
    add(fields, "Arguments", value_of(self, step.arguments, step.line))
  end
  add(fields, "Branches", doc.array(list))
end

local function add_map(self, fields, step)
  local first, states = definition_of(self, step.steps)
  local processor = {}
  add(fields, "Type", "Map")
  if type(step.items) == "string" then
    add(fields, "Items", expression(self, step.items, step.line))
  elseif step.items ~= nil then
    add(fields, "Items", value_of(self, step.items, step.line))
  end
  add(fields, "ItemReader", step.reader
    and value_of(self, step.reader, step.line))
  add(fields, "ItemBatcher", step.batch
    and value_of(self, step.batch, step.line))
  add(fields, "ItemSelector", step.select ~= nil
    and value_of(self, step.select, step.line) or nil)
  add(fields, "MaxConcurrency", step.concurrency
    and value_of(self, step.concurrency, step.line))
  add(fields, "ToleratedFailureCount", step.tolerate)
  add(fields, "ToleratedFailurePercentage", step.tolerate_percent)
  if step.distributed then
    add(processor, "ProcessorConfig", doc.object({
      { "Mode", "DISTRIBUTED" }, { "ExecutionType", "STANDARD" } }))
  end
  add(processor, "StartAt", first)
  add(processor, "States", states)
  add(fields, "ItemProcessor", doc.object(processor))
end

local function add_state(self, fields, step)
  add(fields, "Type", step.fields.Type)
  for name, value in pairs_sorted(step.fields) do
    if name == "Next" or name == "End" then
      complain(self, step.line, "\"" .. step.name .. "\": " .. name .. " comes"
        .. " from the order of the steps; to go elsewhere, write ms.go")
    elseif name ~= "Type" then
      add(fields, name, value_of(self, value, step.line))
    end
  end
end

local KINDS = {
  task = add_task,
  run = add_run,
  wait = add_wait,
  pass = add_pass,
  succeed = add_succeed,
  fail = add_fail,
  parallel = add_parallel,
  map = add_map,
  state = add_state,
}

-- ---- choices ----

-- A rule with a function: a task computes it, then a choice of its own
-- follows. Returns the name of the choice's first state.
local function function_rule(self, scope, step, index, following)
  local name = self.condition_name(step, index)
  local rule = step.rules[index]
  local fields = {}
  add(fields, "Type", "Task")
  add(fields, "Resource", "lua:" .. self.module .. "." .. name)
  add(fields, "Assign", doc.object({ { "condition",
    "{% $exists($states.result) and $states.result != null"
      .. " and $states.result != false %}" } }))
  add(fields, "Output", "{% $states.input %}")
  add(fields, "Next", name .. "?")
  place(self, scope, name, rule.line, fields)
  return name .. "?", { { "Condition", "{% $condition %}" },
    { "Next", target_of(self, scope, rule.steps, following)
      or self:ending(scope, step) } }
end

local choice_from

-- The state named `name` with the rules from `index` on, as far as they are
-- expressions; a function behind them starts another choice.
local function choice_state(self, scope, step, name, index, following, first)
  local rules, fields = { first and doc.object(first) }, {}
  local slot = place(self, scope, name, step.line, fields)
  while step.rules[index]
      and type(step.rules[index].condition) == "string" do
    local rule = step.rules[index]
    local code, why = condition.compile(rule.condition)
    if not code then
      complain(self, rule.line, why)
    end
    rules[#rules + 1] = doc.object({ { "Condition", code },
      { "Next", target_of(self, scope, rule.steps, following)
        or self:ending(scope, step) } })
    index = index + 1
  end
  add(fields, "Type", "Choice")
  add_common(self, fields, step)
  add(fields, "Choices", doc.array(rules))
  if step.rules[index] then
    add(fields, "Default", choice_from(self, scope, step, index, following))
  else
    add(fields, "Default", step.default
      and target_of(self, scope, step.default, following)
      or following or self:ending(scope, step))
  end
  return slot.name
end

choice_from = function(self, scope, step, index, following)
  local name, first = function_rule(self, scope, step, index, following)
  choice_state(self, scope, step, name, index + 1, following, first)
  return self.condition_name(step, index)
end

local function choice(self, scope, step, following)
  if #step.rules == 0 then
    complain(self, step.line, "\"" .. step.name .. "\" has no :when")
  elseif type(step.rules[1].condition) == "string" then
    return choice_state(self, scope, step, step.name, 1, following)
  end
  local fields = {} -- the choice's own name leads to its first condition
  place(self, scope, step.name, step.line, fields)
  add(fields, "Type", "Pass")
  add_common(self, fields, step)
  add(fields, "Next", choice_from(self, scope, step, 1, following))
  return step.name
end

-- ---- lists of steps ----

local ENDS = { succeed = true, fail = true }

-- A flat list, without the entries `go`: each step with the name it leads to.
local function resolve(self, steps)
  local list = {}
  for i, step in ipairs(steps) do
    if step.kind == "go" then
      if steps[i + 1] then
        complain(self, steps[i + 1].line, "nothing leads to this step, behind"
          .. " ms.go")
      end
      return list, step.target
    end
    list[#list + 1] = step
    if ENDS[step.kind] and steps[i + 1] then
      complain(self, steps[i + 1].line, "nothing leads to this step: the one"
        .. " before it ends the run")
    end
  end
  return list, nil
end

local function state(self, scope, step, following)
  local fields = {}
  place(self, scope, step.name, step.line, fields)
  KINDS[step.kind](self, fields, step)
  add_common(self, fields, step)
  if step.into_result and not step.has_output then
    add(fields, "Output", step.into_field
      and merged(step.into_field, step.into_result)
      or "{% " .. step.into_result .. " %}")
    step = setmetatable({ into_field = false }, { __index = step })
  end
  add_result(self, fields, step)
  add_retriers(fields, step)
  if not ENDS[step.kind] and step.fields_ends ~= true then
    add(fields, following and "Next" or "End", following or true)
  end
  add_catchers(self, scope, fields, step, following)
end

sequence = function(self, scope, steps, following)
  local list, target = resolve(self, steps)
  following = target or following
  for i, step in ipairs(list) do
    local next_step = list[i + 1]
    local leads_to = next_step and next_step.name or following
    if step.kind == "choice" then
      choice(self, scope, step, leads_to)
    else
      state(self, scope, step, leads_to)
    end
  end
  return list[1] and list[1].name or target
end

-- JSON text with a line for each member, as people write definitions.
local function laid_out(text)
  local out, depth, at = {}, 0, 1
  local function line()
    out[#out + 1] = "\n" .. ("  "):rep(depth)
  end
  while at <= #text do
    local token = text:match('^"[^"\\]*"', at)
      or text:match("^[^%[%]{},:\"]+", at) or text:sub(at, at)
    if token == '"' then -- with escapes: up to a quote that has none
      local stop = at
      repeat
        stop = stop + 1
        if text:sub(stop, stop) == "\\" then
          stop = stop + 2
        end
      until text:sub(stop, stop) == '"'
      token = text:sub(at, stop)
    end
    at = at + #token
    local closed = text:match("^[%]}]", at)
    if (token == "{" or token == "[") and closed then
      out[#out + 1] = token .. closed
      at = at + 1
    elseif token == "{" or token == "[" then
      depth = depth + 1
      out[#out + 1] = token
      line()
    elseif token == "}" or token == "]" then
      depth = depth - 1
      line()
      out[#out + 1] = token
    else
      out[#out + 1] = token == ":" and ": " or token
      if token == "," then
        line()
      end
    end
  end
  return table.concat(out) .. "\n"
end

--- Compiles a workflow.
--
-- `options` has `file` (its name in messages), `module` (what handlers require
-- it by), `region` and `account` (of the workflows it runs), `Expression` and
-- `condition_name` (of lua/lib/moonstep.lua).
--
-- @tparam Workflow workflow
-- @tparam table options
-- @treturn string the definition, JSON
-- @treturn table the line of each state by its name
-- @raise a text "FILE:LINE: …"
function Compiler.compile(workflow, options)
  local self = setmetatable({ lines = {} }, Compiler)
  for name, value in pairs(options) do
    self[name] = value
  end
  local fields = {}
  local first, states = definition_of(self, workflow.steps)
  if not first then
    complain(self, workflow.line, "the workflow has no steps")
  end
  add(fields, "Comment", workflow.comment)
  add(fields, "QueryLanguage", "JSONata")
  add(fields, "StartAt", first)
  add(fields, "TimeoutSeconds", workflow.timeout)
  add(fields, "States", states)
  return laid_out(doc.object(fields):text()), self.lines
end

return Compiler
