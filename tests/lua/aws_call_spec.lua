--- aws.*: calls of services as requests of HTTP, and what comes back.

local doc = require("wf.doc") -- first: it brings wf.service_models
local decode = require("aws.decode")
local integrations = require("aws.integrations")
local model = require("aws.model")
local names = require("aws.names")
local place = require("aws.place")
local request = require("aws.request")
local sigv4 = require("aws.sigv4")
local values = require("aws.values")
local xml = require("aws.xml")

local function at_of(service, action, parameters)
  local found = assert(model.service(service))
  local operation, name = model.operation(found, action)
  return {
    service = found, operation = operation, name = name,
    parameters = assert(doc.parse(parameters or "{}")),
    protocol = model.protocol(found), token = "the-token",
  }
end

local function build(service, action, parameters)
  return request.build(at_of(service, action, parameters))
end

local function result(service, action, body, headers, more)
  local at = at_of(service, action)
  for name, value in pairs(more or {}) do
    at[name] = value
  end
  return decode.result(at,
    { status = 200, body = body, headers = headers or {} })
end

describe("a request", function()
  it("of the JSON protocols has a target and a body", function()
    local call = build("dynamodb", "putItem",
      '{"TableName":"t","Item":{"id":{"S":"1"},"n":{"N":"2"},"b":{"B":"x"}}}')
    assert.equal("POST", call.method)
    assert.equal("/", call.path)
    assert.equal("DynamoDB_20120810.PutItem", call.headers["X-Amz-Target"])
    assert.equal("application/x-amz-json-1.0", call.headers["Content-Type"])
    assert.equal('{"TableName":"t","Item":{"id":{"S":"1"},"n":{"N":"2"},'
      .. '"b":{"B":"eA=="}}}', call.body)
  end)

  it("has objects as text where the service wants text", function()
    assert.equal('{"QueueUrl":"q","MessageBody":"{\\"a\\":[1,2]}"}',
      build("sqs", "sendMessage",
        '{"QueueUrl":"q","MessageBody":{"a": [1, 2]}}').body)
  end)

  it("leaves out what is null", function()
    assert.equal('{"QueueUrl":"q"}', build("sqs", "sendMessage",
      '{"QueueUrl":"q","MessageBody":null}').body)
  end)

  it("fills in what makes a call idempotent", function()
    assert.truthy(build("ecs", "runTask", '{"TaskDefinition":"t"}').body
      :find('"clientToken":"the-token"', 1, true))
    assert.truthy(build("ecs", "runTask",
      '{"TaskDefinition":"t","ClientToken":"mine"}').body
      :find('"clientToken":"mine"', 1, true))
  end)

  it("of the query protocol is a form", function()
    local call = build("sns", "publish", '{"TopicArn":"a:b","Message":{"x":1},'
      .. '"MessageAttributes":{"k":{"DataType":"String","StringValue":"v"}}}')
    assert.equal("Action=Publish&Version=2010-03-31&TopicArn=a%3Ab"
      .. "&Message=%7B%22x%22%3A1%7D"
      .. "&MessageAttributes.entry.1.Name=k"
      .. "&MessageAttributes.entry.1.Value.DataType=String"
      .. "&MessageAttributes.entry.1.Value.StringValue=v", call.body)
    call = build("sns", "publishBatch", '{"TopicArn":"a",'
      .. '"PublishBatchRequestEntries":[{"Id":"1","Message":"m"}]}')
    assert.truthy(call.body:find(
      "PublishBatchRequestEntries.member.1.Id=1", 1, true))
  end)

  it("of REST has labels, query, headers and body", function()
    local call = build("lambda", "getFunction",
      '{"FunctionName":"arn:aws:lambda:x","Qualifier":"1"}')
    assert.equal("GET", call.method)
    assert.equal("/2015-03-31/functions/arn%3Aaws%3Alambda%3Ax", call.path)
    assert.equal("Qualifier=1", request.query(call.query))
    assert.equal("", call.body)
    call = build("batch", "submitJob",
      '{"JobName":"n","JobQueue":"q","JobDefinition":"d"}')
    assert.equal("/v1/submitjob", call.path)
    assert.equal('{"jobName":"n","jobQueue":"q","jobDefinition":"d"}',
      call.body)
    call = build("s3", "putObject", '{"Bucket":"b","Key":"x/y z","Body":0,'
      .. '"Metadata":{"k":"v"},"ObjectLockRetainUntilDate":1577934245}')
    assert.equal("/b/x/y%20z", call.path)
    assert.equal("0", call.body)
    assert.equal("v", call.headers["x-amz-meta-k"])
    assert.equal("2020-01-02T03:04:05Z",
      call.headers["x-amz-object-lock-retain-until-date"])
    call = build("s3", "getObject", '{"Bucket":"b","Key":"k",'
      .. '"IfModifiedSince":"2020-01-02T03:04:05Z"}')
    assert.equal("Thu, 02 Jan 2020 03:04:05 GMT",
      call.headers["If-Modified-Since"])
    call = build("s3", "deleteObjects",
      '{"Bucket":"b","Delete":{"Objects":[{"Key":"<1>"}],"Quiet":true}}')
    assert.equal('<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
      .. "<Object><Key>&lt;1&gt;</Key></Object><Quiet>true</Quiet></Delete>",
      call.body)
    assert.equal("delete=", request.query(call.query))
    assert.is_string(call.headers["Content-MD5"])
  end)

  it("is not made of what the model does not have", function()
    local function problem(...)
      local ok, err = pcall(build, ...)
      assert.is_false(ok)
      assert.equal("States.Runtime", err.Error)
      return err.Cause
    end
    assert.equal("The Parameters '{\"queueUrl\":\"q\"}' could not be used to "
      .. "start the Task: [The field 'queueUrl' is not supported by Step "
      .. "Functions]", problem("sqs", "sendMessage", '{"queueUrl":"q"}'))
    assert.truthy(problem("sqs", "sendMessage",
      '{"QueueUrl":"q","MessageAttributes":[]}'):find("must be a OBJECT", 1,
      true))
    assert.truthy(problem("s3", "getObject", '{"Bucket":"b"}'):find(
      "'Key' is required", 1, true))
    assert.truthy(problem("s3", "putObject",
      '{"Bucket":"b","Key":"k","CacheControl":"a\\r\\nX: y"}'):find(
      "line breaks", 1, true))
  end)
end)

describe("an answer", function()
  it("in JSON has members in PascalCase, times and bytes as text", function()
    assert.equal('{"Item":{"id":{"S":"1"}}}',
      result("dynamodb", "getItem", '{"Item":{"id":{"S":"1"}},"x":1}'))
    local body = '{"executionArn":"a","startDate":1.5e9}'
    assert.equal('{"ExecutionArn":"a","StartDate":"2017-07-14T02:40:00Z"}',
      result("sfn", "startExecution", body))
    assert.equal('{"ExecutionArn":"a","StartDate":1500000000000}',
      result("sfn", "startExecution", body, nil, { times = "ms" }))
    assert.equal('{"CiphertextBlob":"hello"}',
      result("kms", "encrypt", '{"CiphertextBlob":"aGVsbG8="}'))
    assert.equal('{"CiphertextBlob":"/w=="}',
      result("kms", "encrypt", '{"CiphertextBlob":"/w=="}'))
  end)

  it("in XML is read by the model", function()
    assert.equal('{"MessageId":"m"}', result("sns", "publish",
      '<PublishResponse xmlns="x"><PublishResult><MessageId>m</MessageId>'
      .. "</PublishResult><ResponseMetadata/></PublishResponse>"))
    assert.equal('{"Topics":[{"TopicArn":"a"},{"TopicArn":"b&c"}]}',
      result("sns", "listTopics", "<ListTopicsResponse><ListTopicsResult>"
        .. "<Topics><member><TopicArn>a</TopicArn></member><member><TopicArn>"
        .. "b&amp;c</TopicArn></member></Topics></ListTopicsResult>"
        .. "</ListTopicsResponse>"))
    assert.equal('{"IsTruncated":false,"Contents":[{"Key":"k","LastModified":'
      .. '"2020-01-02T03:04:05Z","ETag":"\\"e\\"","Size":7}]}',
      result("s3", "listObjectsV2", '<?xml version="1.0"?><ListBucketResult>'
        .. "<IsTruncated>false</IsTruncated><Contents><Key>k</Key>"
        .. "<LastModified>2020-01-02T03:04:05.000Z</LastModified>"
        .. "<ETag>&quot;e&quot;</ETag><Size>7</Size></Contents>"
        .. "</ListBucketResult>"))
  end)

  it("of REST has members of headers and body", function()
    local text = result("s3", "getObject", "bytes", {
      ["content-length"] = "5", etag = '"e"', ["x-amz-meta-a"] = "b",
      ["last-modified"] = "Thu, 02 Jan 2020 03:04:05 GMT",
    })
    local value = assert(doc.parse(text))
    assert.equal("bytes", value:get("Body"):string())
    assert.equal(5, value:get("ContentLength"):number())
    assert.equal('{"a":"b"}', value:get("Metadata"):text())
    assert.equal("2020-01-02T03:04:05Z", value:get("LastModified"):string())
  end)
end)

describe("a failure", function()
  local function failure(kind, resource, response)
    local task = integrations.of(kind, resource)
    local at = at_of(task.service, task.operation)
    local found = decode.failure(at, response)
    return integrations.failure(task, at.service, at.operation,
      response.status, found)
  end

  it("is named as AWS's SDKs for Java do", function()
    local gone = { status = 400, body = '{"__type":"com.amazonaws.dynamodb'
      .. '.v20120810#ResourceNotFoundException","message":"gone"}',
      headers = { ["x-amzn-requestid"] = "r" } }
    assert.same({ "DynamoDb.ResourceNotFoundException",
      "gone (Service: DynamoDb, Status Code: 400, Request ID: r)" },
      { failure("aws-sdk:dynamodb", "putItem", gone) })
    assert.same({ "DynamoDB.ResourceNotFoundException",
      "gone (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: "
      .. "ResourceNotFoundException; Request ID: r; Proxy: null)" },
      { failure("dynamodb", "putItem", gone) })
    assert.same({ "SQS.AmazonSQSException", "m (Service: AmazonSQS; Status "
      .. "Code: 400; Error Code: MissingParameter; Request ID: null; "
      .. "Proxy: null)" },
      { failure("sqs", "sendMessage", { status = 400, headers = {
        ["x-amzn-query-error"] = "MissingParameter;Sender" },
        body = '{"__type":"com.amazonaws.sqs#Other","message":"m"}' }) })
    assert.same({ "SNS.NotFoundException", "Topic does not exist (Service: "
      .. "AmazonSNS; Status Code: 404; Error Code: NotFound; Request ID: r; "
      .. "Proxy: null)" },
      { failure("sns", "publish", { status = 404, headers = {}, body =
        "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code>"
        .. "<Message>Topic does not exist</Message></Error><RequestId>r"
        .. "</RequestId></ErrorResponse>" }) })
    assert.same({ "S3.NoSuchKeyException", "no (Service: S3, Status Code: "
      .. "404, Request ID: r, Extended Request ID: h)" },
      { failure("aws-sdk:s3", "getObject", { status = 404, headers = {},
        body = "<Error><Code>NoSuchKey</Code><Message>no</Message>"
        .. "<RequestId>r</RequestId><HostId>h</HostId></Error>" }) })
    assert.same("SecretsManager.SecretsManagerException",
      (failure("aws-sdk:secretsmanager", "createSecret", { status = 400,
        headers = {}, body = '{"__type":"ValidationException"}' })))
  end)

  it("has classes of names", function()
    for name, class in pairs({ DynamoDB = "DynamoDb", SQS = "Sqs", S3 = "S3",
        ["CloudWatch Logs"] = "CloudWatchLogs", IoT = "Iot", SESv2 = "SesV2",
        ["Secrets Manager"] = "SecretsManager", SFN = "Sfn",
        EventBridge = "EventBridge" }) do
      assert.equal(class, names.class(name))
    end
    assert.equal("NoSuchBucketException", names.exception("NoSuchBucket"))
  end)
end)

describe("a signature", function()
  -- The examples of AWS's documentation.
  it("is that of AWS's example", function()
    local call = { method = "GET", path = "/",
      query = { { "Version", "2010-05-08" }, { "Action", "ListUsers" } },
      body = "", headers = {
        ["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8",
        Host = "iam.amazonaws.com" } }
    sigv4.sign(call, { service = "iam", region = "us-east-1",
      access_key = "AKIDEXAMPLE", date = "20150830T123600Z",
      secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" })
    assert.equal("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/"
      .. "iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, "
      .. "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924"
      .. "a6f2b5d7", call.headers.Authorization)
  end)

  it("may be in the query, for somebody else to send", function()
    local call = { method = "GET", path = "/", query = { { "Action", "A" } },
      body = "", headers = { Host = "sts.example", ["x-k8s-aws-id"] = "c" } }
    sigv4.presign(call, { service = "sts", region = "r", access_key = "K",
      date = "20150830T123600Z", secret_key = "secret",
      session_token = "t" }, 60)
    assert.equal("Action=A&X-Amz-Algorithm=AWS4-HMAC-SHA256"
      .. "&X-Amz-Credential=K%2F20150830%2Fr%2Fsts%2Faws4_request"
      .. "&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60"
      .. "&X-Amz-Security-Token=t&X-Amz-Signature=SIGNATURE"
      .. "&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id",
      (request.query(call.query):gsub("Signature=%x+", "Signature=SIGNATURE")))
    assert.is_nil(call.headers.Authorization)
  end)
end)

describe("a place", function()
  it("is in the answer, in the parameters, or a list of one", function()
    local answer = doc.parse('{"Tasks":[{"TaskArn":"t"}]}')
    local parameters = doc.parse('{"Cluster":"c"}')
    assert.equal('{"Cluster":"c","Tasks":["t"]}', place.object({
      Cluster = "=Cluster", Tasks = "[Tasks.0.TaskArn]", None = "No.Such",
    }, answer, parameters):text())
  end)
end)

describe("moments", function()
  it("are read and written in the forms that services use", function()
    for _, text in ipairs({ "1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z",
        "2100-03-01T00:00:00Z", "2024-12-31T12:00:00.25Z" }) do
      local seconds = values.seconds(text)
      assert.equal(text:gsub("%.25Z", ".250Z"), values.iso(seconds))
      assert.equal(math.floor(seconds),
        values.seconds(values.http_date(seconds)))
    end
    assert.equal("1.5", values.number(1.5))
    assert.equal("10", values.number(10))
    assert.is_nil(values.seconds("yesterday"))
  end)
end)

describe("XML", function()
  it("is read, hostile or not", function()
    local root = xml.parse('<?xml version="1.0"?><!-- c --><a:r x="1&amp;2">'
      .. "t<![CDATA[<&>]]><b/>&#65;&#x42;&nosuch;</a:r>")
    assert.equal("r", root.name)
    assert.equal("t<&>AB&nosuch;", root.text)
    assert.equal("1&2", root.attributes.x)
    for _, text in ipairs({ "", "<", "<a>", "</a>", "<a></b>", "text",
        ("<a>"):rep(1000), "<a><![CDATA[", "<!--", "<a", "<>" }) do
      assert.is_nil(xml.parse(text))
    end
  end)
end)
