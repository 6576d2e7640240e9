--- Errors of the states language: the names AWS defines, what matches what,
-- and the wording of causes.
--
-- A failure is two values: error (a name) and cause (text; nil if there is
-- none). Functions that can fail return nil, error, cause.
--
-- @module asl.errors

local errors = {}

errors.ALL = "States.ALL"
errors.BRANCH_FAILED = "States.BranchFailed"
errors.DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
errors.EXCEED_TOLERATED_FAILURE_THRESHOLD =
  "States.ExceedToleratedFailureThreshold"
errors.HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
errors.HTTP_SOCKET = "States.Http.Socket"
errors.INTRINSIC_FAILURE = "States.IntrinsicFailure"
errors.ITEM_READER_FAILED = "States.ItemReaderFailed"
errors.NO_CHOICE_MATCHED = "States.NoChoiceMatched"
errors.PARAMETER_PATH_FAILURE = "States.ParameterPathFailure"
errors.PERMISSIONS = "States.Permissions"
errors.QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"
errors.RESULT_PATH_MATCH_FAILURE = "States.ResultPathMatchFailure"
errors.RESULT_WRITER_FAILED = "States.ResultWriterFailed"
errors.RUNTIME = "States.Runtime"
errors.TASK_FAILED = "States.TaskFailed"
errors.TIMEOUT = "States.Timeout"

local RUNTIME = errors.RUNTIME
local ALL = errors.ALL
local TASK_FAILED = errors.TASK_FAILED
local TIMEOUT = errors.TIMEOUT
local HEARTBEAT_TIMEOUT = errors.HEARTBEAT_TIMEOUT

--- Compiles an ErrorEquals list. The result is for errors.matches() only.
function errors.matcher(names)
  local matcher = { all = false, task_failed = false, names = {} }
  for _, name in ipairs(names) do
    if name == ALL then
      matcher.all = true
    elseif name == TASK_FAILED then
      matcher.task_failed = true
    elseif name == TIMEOUT then
      matcher.names[HEARTBEAT_TIMEOUT] = true
    end
    matcher.names[name] = true
  end
  return matcher
end

--- True if a retrier or catcher with this matcher is for `name`.
--
-- States.Runtime is for nobody, not even by its name: AWS ends the execution.
-- States.DataLimitExceeded of a task's result does go to States.ALL, whatever
-- AWS's table of errors says; its recorded histories show it.
function errors.matches(matcher, name)
  if name == RUNTIME then
    return false
  end
  if matcher.all or matcher.names[name] then
    return true
  end
  return matcher.task_failed and name ~= TIMEOUT
end

local MAX_CAUSE_BYTES = 32768

-- At most that many bytes, cut between characters.
local function clipped(text)
  if #text <= MAX_CAUSE_BYTES then
    return text
  end
  local last = MAX_CAUSE_BYTES
  while text:byte(last + 1) >= 0x80 and text:byte(last + 1) < 0xC0 do
    last = last - 1
  end
  return text:sub(1, last)
end

--- AWS's beginning of the causes that arise inside a state, and `text`. A
-- state that is tested was entered by no event, and has none.
function errors.cause(ctx, state, text)
  local event = ctx:entered_event_id()
  if event == 0 then
    return clipped(text)
  end
  return clipped("An error occurred while executing the state '" .. state.name
    .. "' (entered at the event id #" .. event .. "). " .. text)
end

--- The three values of a state's failure that no catcher gets.
function errors.runtime(ctx, state, text)
  return nil, RUNTIME, errors.cause(ctx, state, text)
end

-- Where the string ends whose opening quote is at `quote`.
local function string_end(text, quote)
  local at = quote + 1
  while true do
    at = text:find('["\\]', at)
    if not at then
      return #text
    elseif text:byte(at) == 34 then
      return at
    end
    at = at + 2
  end
end

--- JSON text without the blanks between its tokens.
function errors.without_blanks(text)
  local parts, at = {}, 1
  while true do
    local quote = text:find('"', at, true)
    local between = text:sub(at, quote and quote - 1)
    parts[#parts + 1] = between:gsub("%s+", "")
    if not quote then
      return table.concat(parts)
    end
    at = string_end(text, quote) + 1
    parts[#parts + 1] = text:sub(quote, at - 1)
  end
end

--- The same as causes quote it: of very long text, the beginning.
function errors.compact(text)
  return errors.without_blanks(clipped(text))
end

return errors
