--- mock.check: mocked results against the models of services.

local doc = require("wf.doc") -- first: it brings wf.service_models
local check = require("mock.check")

local STATES = "arn:aws:states:::"
local LEAD = "Mock result schema validation error: "

local function result(resource, text, mode)
  return check.result(STATES .. resource, assert(doc.parse(text)), mode)
end

describe("a mocked result", function()
  it("may have members that the model does not know", function()
    assert.is_nil(result("events:putEvents", '{"random":"json"}'))
    assert.is_nil(result("dynamodb:putItem",
      '{"SdkHttpMetadata":{"HttpStatusCode":200}}'))
  end)

  it("must have what is required, spelled as Step Functions does", function()
    local wrong = '{"executionArn":"a","startDate":"b"}'
    assert.equal(LEAD .. "Required field 'ExecutionArn' is missing",
      result("states:startExecution", wrong))
    assert.equal(LEAD .. "Required field 'ExecutionArn' is missing",
      result("states:startExecution", wrong, "STRICT"))
    assert.is_nil(result("states:startExecution", wrong, "PRESENT"))
    assert.is_nil(result("states:startExecution",
      '{"ExecutionArn":"a","StartDate":"b"}'))
  end)

  it("must have the types of the model", function()
    for _, case in ipairs({
      { "events:putEvents", '{"Entries":"x"}', "'Entries' must be an array" },
      { "events:putEvents", '{"Entries":[{"EventId":"x"},{"EventId":[]}]}',
        "'EventId' must be a string" },
      { "events:putEvents", '{"Entries":[1]}', "'Entries' must be an object" },
      { "states:startExecution", '{"StartDate":true}',
        "'StartDate' must be a string" },
      { "lambda:invoke", '{"StatusCode":"200"}',
        "'StatusCode' must be a number" },
      { "dynamodb:putItem", '{"ConsumedCapacity":{"CapacityUnits":"1.5"}}',
        "'CapacityUnits' must be a number" },
      { "dynamodb:getItem", '{"Item":{"id":{"BOOL":1}}}',
        "'BOOL' must be a boolean" },
      { "aws-sdk:kms:encrypt", '{"CiphertextBlob":123}',
        "'CiphertextBlob' must be a string" },
      { "aws-sdk:s3:getObject", '{"ContentLength":"9000"}',
        "'ContentLength' must be a number" },
    }) do
      assert.equal(LEAD .. "Field " .. case[3],
        result(case[1], case[2], "PRESENT"))
    end
  end)

  it("must keep to the limits of numbers", function()
    local function memory(size)
      return result("aws-sdk:lambda:getFunction",
        '{"Configuration":{"MemorySize":' .. size .. "}}")
    end
    assert.equal(LEAD .. "Field 'MemorySize' is less than the minimum value",
      memory(127))
    assert.equal(LEAD .. "Field 'MemorySize' exceeds the maximum value",
      memory(10241))
    assert.is_nil(memory(128))
  end)

  it("is not looked at in mode NONE", function()
    assert.is_nil(result("states:startExecution", '{"StartDate":true}',
      "NONE"))
  end)

  it("of lambda:invoke has any Payload", function()
    assert.is_nil(result("lambda:invoke", '{"Payload":{"a":[1]}}'))
    assert.is_nil(result("lambda:invoke", '{"Payload":"text"}'))
    assert.is_nil(result("lambda:invoke.waitForTaskToken", "[1]"))
  end)

  it("of a job is that of the operation that describes it", function()
    local complete = '{"ExecutionArn":"a","StateMachineArn":"b",'
      .. '"StartDate":"c","Status":"SUCCEEDED","Output":%s}'
    assert.is_nil(result("states:startExecution.sync:2",
      complete:format("{}")))
    assert.equal(LEAD .. "Field 'Output' must be a string",
      result("states:startExecution.sync", complete:format("{}")))
    assert.equal(LEAD .. "Required field 'StateMachineArn' is missing",
      result("states:startExecution.sync", '{"ExecutionArn":"a"}'))
    assert.equal(LEAD .. "Field 'JobRunState' must be a string",
      result("glue:startJobRun.sync", '{"JobRun":{"JobRunState":1}}'))
  end)

  it("is not looked at where there is no model", function()
    assert.is_nil(result("aws-sdk:nosuch:thing", "[]"))
    assert.is_nil(result("sqs:sendMessage.waitForTaskToken", "1"))
    assert.is_nil(result("apigateway:invoke", '{"approval":true}'))
    assert.is_nil(check.result("arn:aws:lambda:us-east-1:1:function:f",
      doc.parse("[]")))
  end)
end)
