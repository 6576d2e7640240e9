--- states.map, distributed: what entering one asks the core for.

local doc = require("wf.doc")
local fake_ctx = require("fake_ctx")
local machine = require("machine")
local machine_run = require("machine_run")

local JSONATA = '"QueryLanguage":"JSONata",'

local PROCESSOR = '"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED",'
  .. '"ExecutionType":"EXPRESS"},"StartAt":"I","States":{"I":'
  .. '{"Type":"Succeed"}}},'

local S3_READER = '"Resource":"arn:aws:states:::s3:getObject",'

-- Enters a Map with these fields. Returns the decision, a list, and ctx.
local function enter(members, input, variables)
  local ctx = fake_ctx.new('{"StateMachine":{"Id":"arn:m","Name":"m"}}', {
    entered_event_id = function()
      return 2
    end,
    retrier_count = function()
      return 0
    end,
    now_ms = function()
      return 0
    end,
    variables = function()
      return variables and doc.parse(variables)
    end,
    evaluation_failed = function(self, location)
      self.failed_location = location
    end,
    map_started = function(self, length)
      self.started = length
    end,
  })
  local loaded = machine_run.of_state('"Type":"Map",' .. PROCESSOR .. members
    .. '"Next":"End"').loaded
  return { machine.enter(loaded, 1, ctx, doc.parse(input)) }, ctx
end

-- The run as Lua data.
local function run_of(members, input, variables)
  local decision = enter(members, input, variables)
  assert.equal("map", decision[1], decision[3])
  return decision[4]:decode(), decision
end

-- What is wrong, and the length of the Map that had started.
local function failure_of(members, input, variables)
  local decision, ctx = enter(members, input, variables)
  assert.equal("fail", decision[1])
  return decision[2] .. ": " .. decision[3]:gsub("^.-#2%)%. ", ""),
    ctx.started
end

describe("a distributed Map", function()
  it("asks for a Map Run over its items", function()
    local run, decision = run_of('"ItemsPath":"$.a","MaxConcurrency":3,'
      .. '"Label":"L",', '{"a":[1,2]}')
    assert.equal("[1,2]", decision[2]:text())
    assert.equal(3, decision[3])
    assert.same({ label = "L", executionType = "EXPRESS", maxConcurrency = 3,
      toleratedFailureCount = 0, toleratedFailurePercentage = 0 }, run)
  end)

  it("has a label of its own without one, always the same", function()
    local label = run_of("", "[]").label
    assert.equal("16db4c7b-44ff-3692-b6f9-d9e6a169e5cf", label)
    assert.equal(label, run_of('"MaxConcurrency":1,', "[1]").label)
    assert.equal("map", enter("", "[]")[1])
  end)

  it("reads the numbers that paths lead to, of variables texts too", function()
    local run = run_of('"MaxConcurrencyPath":"$.m",'
      .. '"ToleratedFailureCountPath":"$c",'
      .. '"ToleratedFailurePercentagePath":"$p","ItemsPath":"$.a",'
      .. '"ItemBatcher":{"MaxItemsPerBatchPath":"$n",'
      .. '"MaxInputBytesPerBatchPath":"$b"},', '{"m":7,"a":[]}',
      '{"c":"1","p":"1.5","n":"2","b":"15000"}')
    assert.same({ 7, 1, 1.5, 2, 15000 }, { run.maxConcurrency,
      run.toleratedFailureCount, run.toleratedFailurePercentage,
      run.maxItemsPerBatch, run.maxInputBytesPerBatch })
  end)

  it("takes no number for larger than it can be exactly", function()
    local run = run_of('"MaxConcurrencyPath":"$.m","ItemsPath":"$.a",'
      .. '"ToleratedFailureCountPath":"$.c",',
      '{"a":[],"m":1e300,"c":"' .. ("9"):rep(400) .. '"}')
    assert.equal(9007199254740991, run.maxConcurrency)
    assert.equal(9007199254740991, run.toleratedFailureCount)
  end)

  it("evaluates what batches have beside their items", function()
    local run = run_of('"ItemBatcher":{"MaxItemsPerBatch":5,"BatchInput":'
      .. '{"x.$":"$[0]","y":1}},', "[8]")
    assert.equal(5, run.maxItemsPerBatch)
    assert.is_nil(run.maxInputBytesPerBatch)
    assert.same({ x = 8, y = 1 }, run.batchInput)
  end)

  it("names a reader instead of items", function()
    local run, decision = run_of('"ItemReader":{' .. S3_READER
      .. '"Parameters":{"Bucket":"b","Key.$":"$.k"},"ReaderConfig":{'
      .. '"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["a"],'
      .. '"CSVDelimiter":"TAB","MaxItemsPath":"$.n"}},',
      '{"k":"file","n":100000001}')
    assert.is_nil(decision[2])
    assert.same({
      resource = "arn:aws:states:::s3:getObject",
      parameters = { Bucket = "b", Key = "file" },
      inputType = "CSV",
      headerLocation = "GIVEN",
      headers = { "a" },
      delimiter = "\t",
      maxItems = 100000001,
    }, run.reader)
  end)

  it("says how lists, manifests and parts of JSON are read", function()
    local run = run_of('"ItemReader":{"Resource":"file:list","Parameters":'
      .. '{"Path":"d"},"ReaderConfig":{"InputType":"JSON",'
      .. '"Transformation":"LOAD_AND_FLATTEN","ItemsPointer":"/a~1b",'
      .. '"MaxItems":2}},', "{}")
    assert.same({ resource = "file:list", parameters = { Path = "d" },
      inputType = "JSON", transformation = "LOAD_AND_FLATTEN",
      itemsPointer = "/a~1b", maxItems = 2 }, run.reader)
    run = run_of('"ItemReader":{' .. S3_READER .. '"Parameters":{},'
      .. '"ReaderConfig":{"InputType":"MANIFEST",'
      .. '"ManifestType":"S3_INVENTORY"}},', "{}")
    assert.equal("S3_INVENTORY", run.reader.manifestType)
  end)

  it("names a writer, or only the form of the results", function()
    local run = run_of('"ResultWriter":{"Resource":'
      .. '"arn:aws:states:::s3:putObject","Parameters":{"Bucket.$":"$[0]"},'
      .. '"WriterConfig":{"Transformation":"FLATTEN"}},', '["b"]')
    assert.same({ resource = "arn:aws:states:::s3:putObject",
      parameters = { Bucket = "b" }, transformation = "FLATTEN" }, run.writer)
    run = run_of('"ResultWriter":{"WriterConfig":{"Transformation":"COMPACT",'
      .. '"OutputType":"JSONL"}},', "[]")
    assert.same({ transformation = "COMPACT", outputType = "JSONL" },
      run.writer)
  end)

  it("takes all of that from JSONata expressions", function()
    local run = run_of(JSONATA .. '"MaxConcurrency":"{% 1 + 1 %}",'
      .. '"ToleratedFailureCount":"{% $v %}",'
      .. '"ToleratedFailurePercentage":"{% 2.5 %}",'
      .. '"ItemReader":{' .. S3_READER .. '"Arguments":{"Bucket":'
      .. '"{% $states.input.b %}"},"ReaderConfig":{"InputType":"JSONL",'
      .. '"MaxItems":"{% 3 %}"}},"ItemBatcher":{"MaxItemsPerBatch":"{% 4 %}",'
      .. '"MaxInputBytesPerBatch":"{% 5 %}","BatchInput":{"v":"{% $v %}"}},'
      .. '"ResultWriter":{"Resource":"file:write","Arguments":'
      .. '"{% {\'Path\': \'out\'} %}"},', '{"b":"bucket"}', '{"v":9}')
    assert.same({ 2, 9, 2.5, 4, 5 }, { run.maxConcurrency,
      run.toleratedFailureCount, run.toleratedFailurePercentage,
      run.maxItemsPerBatch, run.maxInputBytesPerBatch })
    assert.same({ v = 9 }, run.batchInput)
    assert.same({ Bucket = "bucket" }, run.reader.parameters)
    assert.equal(3, run.reader.maxItems)
    assert.same({ Path = "out" }, run.writer.parameters)
  end)
end)

describe("a distributed Map that cannot start", function()
  -- Recorded at AWS: test_map_state_tolerated_failure_count_path,
  -- test_map_state_tolerated_failure_percentage_path.
  it("says so once it has started, if a number is wrong", function()
    local function with(field, value)
      return failure_of('"ItemsPath":"$.a","' .. field .. 'Path":"$.' .. field
        .. '",', '{"a":[0],"' .. field .. '":' .. value .. "}")
    end
    local text, started = with("ToleratedFailureCount", '"NoNumber"')
    assert.equal("States.Runtime: The ToleratedFailureCountPath field refers "
      .. 'to value "NoNumber" which is not a valid integer: '
      .. "$.ToleratedFailureCount", text)
    assert.equal(1, started)
    assert.equal("States.Runtime: The ToleratedFailurePercentagePath field "
      .. 'refers to value "{}" which is not a valid float: '
      .. "$.ToleratedFailurePercentage",
      (with("ToleratedFailurePercentage", "{}")))
    for _, value in ipairs({ "-1.1", "100.1", '"101"' }) do
      assert.equal("States.Runtime: ToleratedFailurePercentage must be "
        .. "between 0 and 100.", (with("ToleratedFailurePercentage", value)))
    end
    assert.equal("States.Runtime: ToleratedFailureCount cannot be negative.",
      (with("ToleratedFailureCount", "-1")))
    assert.equal('States.Runtime: The MaxConcurrencyPath field refers to '
      .. 'value "1.5" which is not a valid integer: $.MaxConcurrency',
      (with("MaxConcurrency", "1.5")))
  end)

  it("says so if what it reads or writes cannot be told", function()
    local text, started = failure_of('"ItemReader":{' .. S3_READER
      .. '"Parameters":{"Key.$":"$.k"},"ReaderConfig":{"InputType":"JSON"}},',
      "{}")
    assert.equal("States.Runtime: The JSONPath '$.k' specified for the field "
      .. "'Key.$' could not be found in the input '{}'", text)
    assert.equal(0, started)
    assert.matches("'b.%$' could not be found", (failure_of('"ItemBatcher":'
      .. '{"MaxItemsPerBatch":1,"BatchInput":{"b.$":"$.x"}},', "[]")))
    assert.equal("States.Runtime: Expected positive integer for "
      .. "MaxItemsPerBatch, got '0' instead.", (failure_of('"ItemBatcher":'
      .. '{"MaxItemsPerBatchPath":"$[0]"},', "[0]")))
    assert.matches("'Bucket.%$' could not be found", (failure_of(
      '"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject",'
      .. '"Parameters":{"Bucket.$":"$.x"}},', "[]")))
  end)

  it("has not started if its items are none", function()
    local text, started = failure_of("", '"s"')
    assert.equal('States.Runtime: Reference path "$" must point to array.',
      text)
    assert.is_nil(started)
  end)

  it("says where an expression stands", function()
    local decision, ctx = enter(JSONATA .. '"ItemReader":{' .. S3_READER
      .. '"Arguments":{"Key":"{% $states.input.k %}"},"ReaderConfig":'
      .. '{"InputType":"JSON"}},', "{}")
    assert.equal("States.QueryEvaluationError", decision[2])
    assert.equal("ItemReader/Arguments/Key", ctx.failed_location)
    assert.equal(0, ctx.started)
    assert.matches("ToleratedFailurePercentage must be between 0 and 100",
      (failure_of(JSONATA .. '"ToleratedFailurePercentage":"{% 101 %}",',
        "[]")))
  end)

  it("goes to its catchers with errors of expressions", function()
    local decision, ctx = enter(JSONATA .. '"MaxConcurrency":"{% 1.5 %}",'
      .. '"Catch":[{"ErrorEquals":["States.QueryEvaluationError"],"Next":'
      .. '"End"}],', "[1]")
    assert.same({ "exit", 3, 1 }, { decision[1], decision[3], ctx.started })
  end)
end)
