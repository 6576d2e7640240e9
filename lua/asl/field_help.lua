--- What fields are for: the texts of `moonstep help asl`.
--
-- By name, for all types of states; "Type.Name" goes before "Name". A user's
-- state type brings its own: script.help = { summary = text, fields =
-- { Name = text } }.
--
-- @module asl.field_help

local field_help = {}

field_help.summaries = {
  Choice = "Goes on with the first rule that holds.",
  Fail = "Ends the execution, or the branch, with an error.",
  Map = "Runs its processor once for each item of an array.",
  Parallel = "Runs several branches at the same time, and waits for all.",
  Pass = "Hands its input on, reshaped, or a fixed result.",
  Succeed = "Ends the execution, or the branch, successfully.",
  Task = "Runs a piece of work: a function, a service, an activity.",
  Wait = "Holds the execution until a moment.",
}

field_help.fields = {
  Arguments = "What the work is asked with.",
  Assign = "New values of variables, which all later states see.",
  AtMostOnce = "Fail with Moonstep.Interrupted instead of running the task "
    .. "again after a crash. An extension: AWS does not have it.",
  BackoffRate = "By what the interval is multiplied after each retry; 2 if "
    .. "not given.",
  BatchInput = "What each batch has beside its Items.",
  Branches = "The branches: each has StartAt and States of its own. All get "
    .. "the same input; the result is an array of their outputs.",
  CSVDelimiter = "What stands between the fields of a row; COMMA if not "
    .. "given.",
  CSVHeaderLocation = "Where the names of the columns are: in the first row, "
    .. "or in CSVHeaders.",
  CSVHeaders = "The names of the columns.",
  Catch = "Where to go on after errors that no retrier takes: the first "
    .. "catcher that names the error. See `help asl Catch`.",
  Cause = "What explains the error to people.",
  CausePath = "Where the cause is found.",
  Choices = "The rules, looked at in their order. See `help asl Choices`.",
  Comment = "For people; the engine does not look at it.",
  Condition = "The rule holds if this is true.",
  Credentials = "RoleArn, or RoleArn.$: the role that the task is run with.",
  Default = "The state to go on with if no rule holds. Without it, the "
    .. "state fails with States.NoChoiceMatched then.",
  End = "true: the execution, or the branch, ends after this state.",
  Error = "The name of the error.",
  ErrorEquals = "Names of errors; States.ALL stands for all.",
  ErrorPath = "Where the name of the error is found.",
  ExecutionType = "The type of the child executions of a distributed Map.",
  HeartbeatSeconds = "The task fails with States.HeartbeatTimeout when so "
    .. "long no heartbeat has come.",
  HeartbeatSecondsPath = "Where HeartbeatSeconds are found.",
  InputPath = "The part of the input that the state works on; null: {}.",
  InputType = "What the data are. Not needed for a list of objects, nor by "
    .. "file:read and file:list, which go by names.",
  IntervalSeconds = "How long to wait before the first retry; 1 if not given.",
  ItemBatcher = "Makes batches of items: each child execution gets one. See "
    .. "`help asl ItemBatcher`.",
  ItemProcessor = "What each item goes through: StartAt, States, and "
    .. "ProcessorConfig with the Mode.",
  ItemReader = "Where the items of a distributed Map are read from. See "
    .. "`help asl ItemReader`.",
  ItemSelector = "Makes the input of each iteration; its item is "
    .. "Map.Item.Value of the context object.",
  Items = "The array (or object) whose items are gone through.",
  ItemsPath = "Where in the input the array of items is.",
  ItemsPointer = "Where in a JSON file the array of items is, as /a/b.",
  Iterator = "The older name of ItemProcessor.",
  JitterStrategy = "FULL: wait a random part of each interval.",
  Label = "Names a distributed Map in the ARNs of its child executions.",
  ManifestType = "What lists the files to read.",
  MaxAttempts = "How many retries there are at most; 3 if not given.",
  MaxConcurrency = "How many iterations run at once; 0: as many as there is "
    .. "room for.",
  MaxConcurrencyPath = "Where MaxConcurrency is found.",
  MaxDelaySeconds = "The longest interval between retries.",
  MaxInputBytesPerBatch = "How large the input of a child execution is at "
    .. "most.",
  MaxInputBytesPerBatchPath = "Where MaxInputBytesPerBatch is found.",
  MaxItems = "How many items are read at most; 0: all.",
  MaxItemsPath = "Where MaxItems is found.",
  MaxItemsPerBatch = "How many items a batch has at most.",
  MaxItemsPerBatchPath = "Where MaxItemsPerBatch is found.",
  Mode = "INLINE, or DISTRIBUTED: each item is a child execution with a "
    .. "history of its own.",
  Next = "The state to go on with.",
  ["Catch.Output"] = "What the next state gets; the error is "
    .. "$states.errorOutput.",
  ["Catch.ResultPath"] = "Where in the input the error output is put.",
  Output = "What the next state gets.",
  OutputType = "JSON: one array; JSONL: a line for each result.",
  OutputPath = "The part that the next state gets; null: {}.",
  ["Map.Parameters"] = "The older name of ItemSelector.",
  ["ItemReader.Arguments"] = "What is read: Bucket, Key or Prefix; of ours: "
    .. "Path.",
  ["ItemReader.Parameters"] = "What is read: Bucket, Key or Prefix; of ours: "
    .. "Path.",
  ["ResultWriter.Arguments"] = "Where to: Bucket and Prefix; of ours: Path.",
  ["ResultWriter.Parameters"] = "Where to: Bucket and Prefix; of ours: Path.",
  ["Pass.Parameters"] = "Makes the result.",
  Parameters = "What the work is asked with.",
  QueryLanguage = "What paths and expressions are written in; a state of a "
    .. "JSONPath state machine may be JSONata.",
  ReaderConfig = "What is in it, and how much is read. See `help asl "
    .. "ReaderConfig`.",
  ["ItemReader.Resource"] = "What reads: arn:aws:states:::s3:getObject or "
    .. "…:s3:listObjectsV2; file:read and file:list, for files of the "
    .. "engine's, are extensions.",
  ["ResultWriter.Resource"] = "What writes: arn:aws:states:::s3:putObject; "
    .. "file:write, for files of the engine's, is an extension.",
  Resource = "What is run: an ARN of a function, an activity or an "
    .. "integration, or lua:module.function.",
  Result = "The result as it stands: nothing in it is evaluated.",
  ResultPath = "Where in the input the result is put; null: the result is "
    .. "dropped.",
  ResultSelector = "Makes another result of the raw one.",
  ResultWriter = "Where the results of a distributed Map are written to. See "
    .. "`help asl ResultWriter`.",
  Retry = "Which errors are tried again, and how often: the first retrier "
    .. "that names the error. See `help asl Retry`.",
  Seconds = "How long to wait.",
  SecondsPath = "Where Seconds are found.",
  StartAt = "The name of the first state.",
  States = "The states by name.",
  TimeoutSeconds = "The task fails with States.Timeout after so long.",
  ["Machine.TimeoutSeconds"] = "The execution times out after so long.",
  TimeoutSecondsPath = "Where TimeoutSeconds are found.",
  Timestamp = "The moment to wait for, as 2030-01-31T12:00:00Z.",
  TimestampPath = "Where the Timestamp is found.",
  ToleratedFailureCount = "A distributed Map fails when more items than this "
    .. "have failed.",
  ToleratedFailureCountPath = "Where ToleratedFailureCount is found.",
  ToleratedFailurePercentage = "A distributed Map fails when more than this "
    .. "part of its items has failed.",
  ToleratedFailurePercentagePath = "Where ToleratedFailurePercentage is "
    .. "found.",
  Transformation = "NONE, or LOAD_AND_FLATTEN: the items in all objects of a "
    .. "list instead of the list.",
  ["WriterConfig.Transformation"] = "NONE: all about each child execution; "
    .. "COMPACT: its output; FLATTEN: the elements of its output.",
  Type = "The type of the state.",
  Version = "The version of the states language.",
  WriterConfig = "The form of the results. See `help asl WriterConfig`.",
}

--- What a field of a type (a topic of `help asl`) is for, or nil. `own` are
-- the texts of a user's type.
function field_help.of(topic, name, own)
  return own and own[name] or field_help.fields[topic .. "." .. name]
    or field_help.fields[name]
end

return field_help
