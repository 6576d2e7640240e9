--- asl.map_fields: how distributed Maps load.

local machine = require("machine")
local machine_run = require("machine_run")

local problems = machine_run.problems

local SCHEMA = "SCHEMA_VALIDATION_FAILED: "
local INNER = '"StartAt":"%s","States":{"%s":{"Type":"Succeed"}}}'

-- The text of a Map state and its processor.
local function map(members, mode, inner)
  return '{"Type":"Map","End":true,' .. members .. '"ItemProcessor":'
    .. '{"ProcessorConfig":' .. (mode or '{"Mode":"DISTRIBUTED",'
      .. '"ExecutionType":"STANDARD"}') .. ","
    .. INNER:gsub("%%s", inner or "I") .. "}"
end

local function of_state(members, mode)
  return '{"StartAt":"A","States":{"A":' .. map(members, mode) .. "}}"
end

local function label_problem(label)
  return problems(of_state('"Label":"' .. label .. '",'))[1]
end

describe("a distributed Map", function()
  it("keeps its processor's text", function()
    local state = assert(machine.load(of_state(""))).states[1]
    assert.is_true(state.distributed)
    assert.equal(2, state.processor)
    assert.equal("STANDARD", state.execution_type)
    assert.equal('{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":'
      .. '"STANDARD"},"StartAt":"I","States":{"I":{"Type":"Succeed"}}}',
      state.processor_text)
    state = assert(machine.load(of_state("", '{"Mode":"INLINE"}'))).states[1]
    assert.is_false(state.distributed)
    assert.is_nil(state.processor_text)
  end)

  it("says of what type its executions are", function()
    assert.same({ SCHEMA .. "The field 'ExecutionType' is required but was "
      .. "missing at /States/A/ItemProcessor/ProcessorConfig" },
      problems(of_state("", '{"Mode":"DISTRIBUTED"}')))
  end)

  it("alone has a reader, a batcher and a writer", function()
    for _, part in ipairs({ '"ItemReader":{"Resource":"file:list",'
        .. '"Parameters":{}},', '"ItemBatcher":{"MaxItemsPerBatch":1},',
      '"ResultWriter":{"WriterConfig":{}},' }) do
      local name = part:match("%a+")
      assert.same({}, problems(of_state(part)))
      assert.same({ SCHEMA .. "Field '" .. name .. "' is only supported for a "
        .. "Map with the Mode 'DISTRIBUTED' at /States/A" },
        problems(of_state(part, "{}")))
    end
  end)

  -- Recorded at AWS: TestSnfApiVariableReferences,
  -- MAP_STATE_REFERENCE_IN_TOLERATED_FAILURE_PATH.
  it("refers to variables in all parts", function()
    local loaded = assert(machine.load(of_state(
      '"ToleratedFailureCountPath":"$a","ToleratedFailurePercentagePath":"$b",'
      .. '"ItemReader":{"Resource":"file:list","Parameters":{"Path.$":"$c"},'
      .. '"ReaderConfig":{"MaxItemsPath":"$d"}},"ItemBatcher":'
      .. '{"MaxItemsPerBatchPath":"$e","BatchInput":{"x.$":"$f"}},')))
    assert.equal('{"A":["a","b","c","d","e","f"]}',
      loaded.variable_references)
  end)
end)

describe("a Label", function()
  -- Recorded: test_map_state_label_invalid_char_fail.
  it("has characters of ARNs only", function()
    local function refused(label, shown)
      assert.equal("INVALID_LABEL_NAME: Label contains invalid character: '"
        .. shown .. "' at /States/A/Label", label_problem(label))
    end
    for char in (" ?*<>{}[]:;,|^~$#%&`"):gmatch(".") do
      refused("label_" .. char, char)
    end
    refused("\\u0000", "\\x00")
    refused("a\\tb", "\\t")
    refused("\\b", "\\x08")
    refused("\\u007f", "\\x7f")
    refused("\\u0080", "\\x80")
    refused("\\u009d?", "\\x9d")
    refused("?\\u009d", "?")
    assert.is_nil(label_problem("\195\133_Az0-.=@!()/+'"))
  end)

  it("has 40 characters at most, and is the only one of its name", function()
    assert.is_nil(label_problem(("\195\188"):rep(40)))
    assert.equal("INVALID_LABEL_NAME: Label cannot exceed 40 characters at "
      .. "/States/A/Label", label_problem(("x"):rep(41)))
    assert.matches("Label cannot be empty", label_problem(""))
    assert.same({ "DUPLICATE_LABEL_NAME: Duplicate Label: L at "
      .. "/States/A/Branches[1]/States/C/Label" }, problems(
      '{"StartAt":"A","States":{"A":{"Type":"Parallel","End":true,'
      .. '"Branches":[{"StartAt":"B","States":{"B":'
      .. map('"Label":"L",', nil, "X") .. '}},{"StartAt":"C","States":{"C":'
      .. map('"Label":"L",', nil, "Y") .. "}}]}}}"))
  end)
end)

describe("an ItemReader", function()
  local function of_reader(members, options)
    return problems(of_state('"ItemReader":{' .. members .. "},"), options)
  end

  it("is one of AWS's, or ours", function()
    local unknown = " is not recognized. The value is not a valid resource "
      .. "ARN, or the resource is not available in this region. at "
      .. "/States/A/ItemReader/Resource"
    for _, resource in ipairs({ "file:write", "file:", "x",
      "arn:aws:states:::s3:putObject", "arn:aws:states:::aws-sdk:s3:getObject",
      "arn:aws:states:::lambda:invoke" }) do
      assert.same({ SCHEMA .. "The resource provided " .. resource .. unknown },
        of_reader('"Resource":"' .. resource .. '","Parameters":{}'))
    end
    local ours = '"Resource":"file:list","Parameters":{"Path":"d"}'
    assert.same({}, of_reader(ours))
    assert.same({ SCHEMA .. "The resource provided file:list" .. unknown },
      of_reader(ours, { profile = "aws" }))
    assert.same({}, of_reader('"Resource":"arn:aws-cn:states:::s3:'
      .. 'listObjectsV2","Parameters":{}', { profile = "aws" }))
  end)

  it("needs what its data are like", function()
    local s3 = '"Resource":"arn:aws:states:::s3:getObject","Parameters":{}'
    local config = "/States/A/ItemReader/ReaderConfig"
    local function missing(name, at)
      return { SCHEMA .. "The field '" .. name .. "' is required but was "
        .. "missing at " .. at }
    end
    assert.same(missing("Parameters", "/States/A/ItemReader"),
      of_reader('"Resource":"file:list"'))
    assert.same(missing("ReaderConfig", "/States/A/ItemReader"),
      of_reader(s3))
    assert.same(missing("InputType", config),
      of_reader(s3 .. ',"ReaderConfig":{"MaxItems":1}'))
    assert.equal(1, #of_reader(s3 .. ',"ReaderConfig":{"InputType":"XML"}'))
    assert.same(missing("CSVHeaderLocation", config),
      of_reader(s3 .. ',"ReaderConfig":{"InputType":"CSV"}'))
    assert.same(missing("CSVHeaders", config), of_reader(s3
      .. ',"ReaderConfig":{"InputType":"CSV","CSVHeaderLocation":"GIVEN"}'))
    local flatten =
      ',"Parameters":{},"ReaderConfig":{"Transformation":"LOAD_AND_FLATTEN"}'
    assert.same(missing("InputType", config), of_reader('"Resource":'
      .. '"arn:aws:states:::s3:listObjectsV2"' .. flatten))
    assert.same({}, of_reader('"Resource":"file:list"' .. flatten))
    assert.same({}, of_reader('"Resource":"file:read","Parameters":{}'))
  end)

  it("has values that there are", function()
    local function in_config(members)
      return of_reader('"Resource":"file:list","Parameters":{},'
        .. '"ReaderConfig":{' .. members .. "}")[1]
    end
    local at = " at /States/A/ItemReader/ReaderConfig/"
    assert.equal(SCHEMA .. "The field 'InputType' should have one of these "
      .. "values: [CSV, JSON, JSONL, PARQUET, MANIFEST]" .. at .. "InputType",
      in_config('"InputType":"XML"'))
    assert.equal(SCHEMA .. "The value must be between 0 and 100000000" .. at
      .. "MaxItems", in_config('"MaxItems":100000001'))
    assert.equal(SCHEMA .. "Only one of these fields is allowed: "
      .. "[MaxItems, MaxItemsPath] at /States/A/ItemReader/ReaderConfig",
      in_config('"MaxItems":1,"MaxItemsPath":"$.x"'))
    for _, pointer in ipairs({ "a", "/~2", "/a~" }) do
      assert.equal(SCHEMA .. "The value for the field 'ItemsPointer' must be a "
        .. "valid JSON Pointer" .. at .. "ItemsPointer",
        in_config('"ItemsPointer":"' .. pointer .. '"'))
    end
    assert.is_nil(in_config('"ItemsPointer":""'))
  end)

  it("has fields of its query language", function()
    local function with(language, members)
      return problems(of_state('"QueryLanguage":"' .. language
        .. '","ItemReader":{"Resource":"file:list",' .. members .. "},"))
    end
    assert.same({}, with("JSONata", '"Arguments":{"Path":"{% 1 %}"}'))
    assert.same(SCHEMA .. "The QueryLanguage is set to 'JSONata', but field "
      .. "'Parameters' is only supported for the 'JSONPath' QueryLanguage at "
      .. "/States/A/ItemReader", with("JSONata", '"Parameters":{}')[1])
    assert.same(SCHEMA .. "The QueryLanguage is set to 'JSONPath', but field "
      .. "'Arguments' is only supported for the 'JSONata' QueryLanguage at "
      .. "/States/A/ItemReader", with("JSONPath", '"Arguments":{}')[1])
  end)
end)

describe("an ItemBatcher", function()
  it("has a limit", function()
    assert.same({ SCHEMA .. "At least one of these fields is required: "
      .. "[MaxItemsPerBatch, MaxItemsPerBatchPath, MaxInputBytesPerBatch, "
      .. "MaxInputBytesPerBatchPath] at /States/A/ItemBatcher" },
      problems(of_state('"ItemBatcher":{"BatchInput":{}},')))
    assert.same({ SCHEMA .. "The value must be between 1 and 262144 at "
      .. "/States/A/ItemBatcher/MaxInputBytesPerBatch" }, problems(of_state(
        '"ItemBatcher":{"MaxInputBytesPerBatch":262145},')))
  end)
end)

describe("a ResultWriter", function()
  it("has a resource with parameters, or a form", function()
    local function of_writer(members)
      return problems(of_state('"ResultWriter":{' .. members .. "},"))
    end
    local at = " at /States/A/ResultWriter"
    assert.same({}, of_writer('"WriterConfig":{"OutputType":"JSONL"}'))
    assert.same({ SCHEMA .. "At least one of these fields is required: "
      .. "[Resource, WriterConfig]" .. at }, of_writer(""))
    assert.same({ SCHEMA .. "The field 'Parameters' is required but was "
      .. "missing" .. at },
      of_writer('"Resource":"arn:aws:states:::s3:putObject"'))
    assert.equal(1, #of_writer('"Resource":"file:write","Parameters":1'))
    assert.same({ SCHEMA .. "The field 'Resource' is required but was missing"
      .. at }, of_writer('"Parameters":{},"WriterConfig":{}'))
  end)
end)
