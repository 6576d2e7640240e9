--- Task: scheduling, results, retries, catchers.

local machine_run = require("machine_run")

local function task(members, options)
  return machine_run.of_state('"Type":"Task","Resource":"lua:hello.greet",'
    .. members .. '"Next":"End"', options)
end

local PREFIX = "An error occurred while executing the state 'A' (entered at "
  .. "the event id #2). "

describe("a Task state", function()
  it("schedules its resource with the input", function()
    local machine = task("")
    local run = machine:start('{"name": "Ada"}')
    local state = machine.loaded.states[1]
    assert.same({ "lua", "hello.greet", "Task" },
      { state.resource_type, state.resource, state.family })
    assert.equal('{"name": "Ada"}', run.scheduled)
    assert.same({ nil, nil, false },
      { run.timeout_s, run.heartbeat_s, run.at_most_once })
    run:succeed('"Hello, Ada"')
    assert.equal('"Hello, Ada"', run.output)
  end)

  it("shapes what goes in and what comes out", function()
    local run = task('"InputPath":"$.p","Parameters":{"n.$":"$.name"},'
      .. '"ResultSelector":{"t.$":"$.text","id.$":"$$.Execution.Name"},'
      .. '"ResultPath":"$.r","OutputPath":"$.r",')
      :start('{"p":{"name":"Ada"}}')
    assert.equal('{"n":"Ada"}', run.scheduled)
    run:succeed('{"text":"hi","more":1}')
    assert.equal('{"t":"hi","id":"e"}', run.output)
  end)

  it("passes timeouts on, given or found", function()
    local run = task('"TimeoutSeconds":30,"HeartbeatSeconds":5,'):start("{}")
    assert.same({ 30, 5 }, { run.timeout_s, run.heartbeat_s })
    run = task('"TimeoutSecondsPath":"$.t","HeartbeatSecondsPath":"$.h",')
      :start('{"t":60,"h":7}')
    assert.same({ 60, 7 }, { run.timeout_s, run.heartbeat_s })
  end)

  it("fails if a timeout is not there, or is no number", function()
    local run = task('"TimeoutSecondsPath":"$.t",'):start("{}")
    assert.same({ "States.Runtime", PREFIX
      .. "Invalid path '$.t' : No results for path: $['t']" },
      { run.error, run.cause })
    run = task('"TimeoutSecondsPath":"$.t",'):start('{"t":"soon"}')
    assert.same({ "States.Runtime", PREFIX .. "The TimeoutSecondsPath field "
      .. 'refers to value "soon" which is not a valid integer: $.t' },
      { run.error, run.cause })
  end)

  it("names the role of its credentials", function()
    local run = task('"Credentials":{"RoleArn":"arn:r"},'):start("{}")
    assert.equal("arn:r", run.role_arn)
    local found = task('"Credentials":{"RoleArn.$":"$.role"},')
    assert.equal("arn:x", found:start('{"role":"arn:x"}').role_arn)
    assert.same({ "States.Runtime", PREFIX
      .. "Invalid path '$.role' : No results for path: $['role']" },
      { found:start("{}").error, found:start("{}").cause })
    assert.equal("States.Runtime", found:start('{"role":1}').error)
  end)

  it("does not start an integration whose parameters are wrong", function()
    local machine = machine_run.of_state('"Type":"Task","Resource":'
      .. '"arn:aws:states:::lambda:invoke","Next":"End"')
    local run = machine:start('{"FunctionName":"f","Payload":[null]}')
    assert.equal("task", run.waiting)
    for input, problem in pairs({
      ["{}"] = "The field 'FunctionName' is required but was missing",
      ['{"FunctionName":1}'] =
        "The value for the field 'FunctionName' must be a STRING",
      ['{"FunctionName":"f","Colour":2}'] =
        "The field 'Colour' is not supported by Step Functions",
    }) do
      run = machine:start(input)
      assert.same({ "States.Runtime", PREFIX .. "The Parameters '" .. input
        .. "' could not be used to start the Task: [" .. problem .. "]" },
        { run.error, run.cause })
    end
  end)

  it("does not start a service's operation that can't be asked so", function()
    local function start(resource, input)
      local run = machine_run.of_state('"Type":"Task","Resource":'
        .. '"arn:aws:states:::' .. resource .. '","Next":"End"'):start(input)
      return run.waiting or run.error, run.cause
    end
    assert.equal("task", start("sqs:sendMessage", '{"QueueUrl":"q"}'))
    for _, case in ipairs({
      { "sqs:sendMessage", '{"queueUrl":"q"}',
        "The field 'queueUrl' is not supported by Step Functions" },
      { "aws-sdk:sqs:sendMessage.waitForTaskToken", '{"MessageAttributes":{'
        .. '"a":{"Type":"s"}}}',
        "The field 'Type' is not supported by Step Functions" },
      { "aws-sdk:dynamodb:putItem", '{"Item":[]}',
        "The value for the field 'Item' must be a OBJECT" },
      { "aws-sdk:s3:getObject", '{"Bucket":"b"}',
        "The field 'Key' is required but was missing" },
    }) do
      local error, cause = start(case[1], case[2])
      assert.same({ "States.Runtime", PREFIX .. "The Parameters '" .. case[2]
        .. "' could not be used to start the Task: [" .. case[3] .. "]" },
        { error, cause })
    end
    -- What no model knows is for the worker to say, or a handler to do.
    assert.equal("task", start("aws-sdk:nosuch:thing", '{"a":1}'))
    assert.equal("task", start("aws-sdk:sqs:noSuchThing", '{"a":1}'))
    assert.equal("task", start("elasticmapreduce:terminateCluster",
      '{"ClusterId":"j-1"}'))
  end)

  it("asks for a single run with AtMostOnce", function()
    assert.is_true(task('"AtMostOnce":true,'):start("{}").at_most_once)
    assert.same({
      "SCHEMA_VALIDATION_FAILED: Field 'AtMostOnce' is not supported at "
        .. "/States/A",
    }, machine_run.problems('{"StartAt":"A","States":{"A":{"Type":"Task",'
      .. '"Resource":"arn:aws:states:::sqs:sendMessage","AtMostOnce":true,'
      .. '"End":true}}}', { profile = "aws" }))
  end)
end)

describe("a Task that fails", function()
  it("fails the execution with its error and cause", function()
    local run = task(""):start("{}"):fail("Boom", "It burst.")
    assert.same({ "FAILED", "Boom", "It burst." },
      { run.status, run.error, run.cause })
  end)

  it("has no cause if there is none", function()
    local run = task(""):start("{}"):fail("States.Timeout", "")
    assert.same({ "States.Timeout" }, { run.error, run.cause })
  end)

  it("is retried after the interval, until the attempts are used up",
    function()
      local run = task('"Retry":[{"ErrorEquals":["Boom"],"MaxAttempts":2,'
        .. '"IntervalSeconds":10}],"Parameters":'
        .. '{"n.$":"$$.State.RetryCount"},'):start("{}")
      run:fail("Boom", "1")
      assert.equal(10000, run:delay_ms())
      run:advance(10)
      assert.equal('{"n":1}', run.scheduled)
      run:fail("Boom", "2")
      assert.equal(20000, run:delay_ms())
      run:advance(20):fail("Boom", "3")
      assert.same({ "FAILED", "3" }, { run.status, run.cause })
    end)

  it("goes to the first catcher that wants the error", function()
    local run = task('"Catch":[{"ErrorEquals":["Other"],"Next":"End"},'
      .. '{"ErrorEquals":["States.ALL"],"Next":"Caught"}],'):start('{"a":1}')
    run:fail("Boom", 'It "burst".')
    assert.same({ "A", "Caught" }, run.visited)
    assert.equal('{"Error":"Boom","Cause":"It \\"burst\\"."}', run.output)
  end)

  it("has its error at the catcher's ResultPath, over the input", function()
    local run = task('"InputPath":"$.a","Catch":[{"ErrorEquals":'
      .. '["States.TaskFailed"],"ResultPath":"$.e","Next":"Caught"}],')
      :start('{"a":1}'):fail("Boom")
    assert.equal('{"a":1,"e":{"Error":"Boom","Cause":null}}', run.output)
  end)

  -- Both recorded at AWS.
  it("hands on an empty cause of a timeout, null of a bare failure",
    function()
      local catching = task('"Catch":[{"ErrorEquals":["States.ALL"],'
        .. '"Next":"Caught"}],')
      assert.equal('{"Error":"States.Timeout","Cause":""}',
        catching:start("{}"):fail("States.Timeout").output)
      assert.equal('{"Error":null,"Cause":null}',
        catching:start("{}"):fail("", "").output)
    end)

  it("is caught only after the retries", function()
    local run = task('"Retry":[{"ErrorEquals":["States.ALL"],'
      .. '"MaxAttempts":1}],"Catch":[{"ErrorEquals":["States.ALL"],'
      .. '"Next":"Caught"}],'):start("{}"):fail("Boom", "1")
    assert.equal("retry", run.waiting)
    run:advance(1):fail("Boom", "2")
    assert.equal('{"Error":"Boom","Cause":"2"}', run.output)
  end)

  -- Recorded at AWS: test_catch_states_runtime.
  it("cannot catch States.Runtime, not even by name", function()
    local run = task('"OutputPath":"$.no.such.result.path","Catch":['
      .. '{"ErrorEquals":["States.Runtime"],"Next":"Caught"}],')
      :start("{}"):succeed("{}")
    assert.same({ "FAILED", "States.Runtime", PREFIX .. "Invalid path "
      .. "'$.no.such.result.path' : Missing property in path $['no']" },
      { run.status, run.error, run.cause })
  end)

  it("can catch a ResultPath that did not fit", function()
    local run = task('"ResultPath":"$.a.b","Catch":[{"ErrorEquals":'
      .. '["States.ResultPathMatchFailure"],"Next":"Caught"}],')
      :start('{"a":1}'):succeed("{}")
    assert.same({ "A", "Caught" }, run.visited)
  end)
end)

describe("resources", function()
  local resource = require("asl.resource")

  local function parts(text)
    local found = resource.parse(text)
    return found and { found.type, found.resource, found.family }
  end

  it("are taken apart", function()
    local lambda = "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST"
    local activity = "arn:aws:states:us-east-1:123456789012:activity:a"
    assert.same({ "lua", "aws.sqs.send", "Task" }, parts("lua:aws.sqs.send"))
    assert.same({ "lua", "patch.Look at v1.2?", "Task" },
      parts("lua:patch.Look at v1.2?")) -- a function of a state
    assert.same({ "lambda", lambda, "LambdaFunction" }, parts(lambda))
    assert.same({ "activity", activity, "Activity" }, parts(activity))
    assert.same({ "lambda", "invoke", "Task" },
      parts("arn:aws:states:::lambda:invoke"))
    assert.same({ "sqs", "sendMessage.waitForTaskToken", "Task" },
      parts("arn:aws:states:::sqs:sendMessage.waitForTaskToken"))
    assert.same({ "states", "startExecution.sync:2", "Task" },
      parts("arn:aws:states:::states:startExecution.sync:2"))
    assert.same({ "aws-sdk:s3", "listBuckets", "Task" },
      parts("arn:aws-cn:states:::aws-sdk:s3:listBuckets"))
  end)

  it("are refused if they are of no known form", function()
    for _, text in ipairs({ "", "lua:", "lua:greet", "lua:a..b", "lua:a.",
      "hello.greet", "arn:aws:s3:::bucket", "lua:a b.c",
      "lua:a.b\n",
      "arn:aws:states:::sqs:" }) do
      assert.is_nil(parts(text))
    end
  end)
end)
