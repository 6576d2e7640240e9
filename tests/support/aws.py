"""Stand-ins for some AWS services, on loopback, in memory.

    aws.py DIR [LOGS]

Writes its URL to DIR/url, and each request to DIR/requests: service, what was
asked, and for the JSON protocols the body. Requests that are signed with the
key AKTEST (secret "secret/+key", region us-east-1) must be signed correctly
(Signature Version 4, checked in full). The service is that of the signature;
requests without one are taken for S3's.

A job's name says what becomes of it: "ok...", "bad..." fails, "long..." runs
until it is stopped; a job is looked at twice before it has ended. The answer
to the start of "long-slow..." comes when DIR/go is there.

With LOGS, the directory of `serve --logs LOGS/`, it is there for recorded
cases: log events are the lines there, and of what topics and rules have sent
to a queue ReceiveMessage gives all, and the bodies only, as it was recorded;
it waits for up to a second.
"""
import hashlib
import http.server
import json
import os
import re
import sys
import threading
import time
import urllib.parse
import uuid
import xml.sax.saxutils

sys.dont_write_bytecode = True
from sigv4 import signature  # noqa: E402

HOME = sys.argv[1]
LOGS = sys.argv[2] if len(sys.argv) > 2 else None
REGION, ACCOUNT = "us-east-1", "000000000000"
ENDS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted",
        "ExecutionTimedOut")
lock = threading.Lock()
queues, tables, topics, objects, rules, jobs = {}, {}, {}, {}, {}, {}


class Refused(Exception):
    def __init__(self, status, code, message, query_code=None):
        self.status, self.code, self.message = status, code, message
        self.query_code = query_code


def service_of(request, body):
    match = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\S+), ?"
                     r"SignedHeaders=(\S+), ?Signature=(\w+)$",
                     request.headers["Authorization"] or "")
    if not match:
        return "s3"
    key, scope, names, given = match.groups()
    names = names.split(";")
    if key == "AKTEST":
        if not {"host", "x-amz-date"} <= set(names):
            raise Refused(403, "AccessDenied", "not all is signed")
        if scope.split("/")[1] != REGION:
            raise Refused(403, "AccessDenied", "another region")
        path, _, query = request.path.partition("?")
        if given != signature(request.command, path, query, request.headers,
                              names, body, scope,
                              request.headers["x-amz-date"]):
            raise Refused(403, "SignatureDoesNotMatch", "wrong signature")
    return scope.split("/")[2]


# ---- JSON ----

def sqs_queue(ask):
    name = ask["QueueUrl"].rsplit("/", 1)[-1]
    if name not in queues:
        raise Refused(400, "QueueDoesNotExist", "No such queue.",
                      "AWS.SimpleQueueService.NonExistentQueue")
    return queues[name]


def put_message(queue, body, **more):
    queue.append({"MessageId": str(uuid.uuid4()), "Body": body,
                  "ReceiptHandle": str(uuid.uuid4()),
                  "MD5OfBody": hashlib.md5(body.encode()).hexdigest(),
                  **more})
    return queue[-1]


def sqs_CreateQueue(ask):
    queues.setdefault(ask["QueueName"], [])
    return {"QueueUrl": "%s/%s/%s" % (URL, ACCOUNT, ask["QueueName"])}


def sqs_GetQueueAttributes(ask):
    name = ask["QueueUrl"].rsplit("/", 1)[-1]
    return {"Attributes": {"QueueArn": "arn:aws:sqs:%s:%s:%s" %
                           (REGION, ACCOUNT, name)}}


def sqs_SetQueueAttributes(ask):
    return {}


def sqs_SendMessage(ask):
    if "MessageBody" not in ask:
        raise Refused(400, "MissingRequiredParameterException",
                      "The request must contain the parameter MessageBody.",
                      "MissingParameter")
    given = ask.get("MessageAttributes")
    more = {"MessageAttributes": given} if given else {}
    message = put_message(sqs_queue(ask), ask["MessageBody"], **more)
    answer = {"MessageId": message["MessageId"],
              "MD5OfMessageBody": message["MD5OfBody"]}
    if given:
        answer["MD5OfMessageAttributes"] = "0" * 32
    return answer


def await_message(queue):
    limit = time.monotonic() + 1
    while not queue and time.monotonic() < limit:
        lock.release()
        time.sleep(0.002)
        lock.acquire()


def sqs_ReceiveMessage(ask):
    queue = sqs_queue(ask)
    if LOGS:
        await_message(queue)
    if LOGS and queue and queue[0].get("sent"):
        bodies = [json.loads(message["Body"]) for message in queue]
        queue.clear()
        return {"Messages": bodies}
    most = ask.get("MaxNumberOfMessages", 1)
    taken, queue[:] = queue[:most], queue[most:]
    for message in taken:
        message.pop("sent", None)
    return {"Messages": taken} if taken else {}


def dynamodb_CreateTable(ask):
    tables[ask.get("TableName") or ask.get("table_name")] = {}
    return {}


def dynamodb_table(ask):
    if ask["TableName"] not in tables:
        raise Refused(400, "com.amazonaws.dynamodb.v20120810"
                      "#ResourceNotFoundException",
                      "Requested resource not found")
    return tables[ask["TableName"]]


def dynamodb_PutItem(ask):
    if "Item" not in ask:
        raise Refused(400, "com.amazon.coral.validate#ValidationException",
                      "1 validation error detected: Value null at 'item' "
                      "failed to satisfy constraint: Member must not be null")
    dynamodb_table(ask)[json.dumps(ask["Item"]["id"])] = ask["Item"]
    return {}


def dynamodb_GetItem(ask):
    item = dynamodb_table(ask).get(json.dumps(ask["Key"]["id"]))
    return {"Item": item} if item else {}


def dynamodb_UpdateItem(ask):
    item = dynamodb_table(ask)[json.dumps(ask["Key"]["id"])]
    name, value = ask["UpdateExpression"].split(" ", 1)[1].split("=")
    changed = {name: ask["ExpressionAttributeValues"][value]}
    item.update(changed)
    return {"Attributes": changed}


def events_PutRule(ask):
    pattern = ask["EventPattern"]
    pattern = json.loads(pattern) if isinstance(pattern, str) else pattern
    rules[ask["Name"]] = [pattern, []]
    return {"RuleArn": "arn:aws:events:%s:%s:rule/%s" %
            (REGION, ACCOUNT, ask["Name"])}


def events_PutTargets(ask):
    rules[ask["Rule"]][1] += [target["Arn"] for target in ask["Targets"]]
    return {"FailedEntryCount": 0, "FailedEntries": []}


def put_event(entry):
    if not entry.get("Source"):
        return {"ErrorCode": "InvalidArgument", "ErrorMessage":
                "Parameter Source is not valid. Reason: Source is a required "
                "argument."}
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail",
                "ErrorMessage": "Detail is malformed."}
    event = {"version": "0", "id": str(uuid.uuid4()),
             "detail-type": entry["DetailType"], "source": entry["Source"],
             "account": ACCOUNT, "time": "2024-01-01T00:00:00Z",
             "region": REGION, "resources": entry.get("Resources", []),
             "detail": detail}
    for pattern, targets in rules.values():
        if entry["DetailType"] in pattern.get("detail-type", []):
            for target in targets:
                put_message(queues[target.rsplit(":", 1)[-1]],
                            json.dumps(event), sent=True)
    return {"EventId": event["id"]}


def events_PutEvents(ask):
    entries = [put_event(entry) for entry in ask["Entries"]]
    failed = sum("ErrorCode" in entry for entry in entries)
    return {"FailedEntryCount": failed, "Entries": entries}


def secretsmanager_ListSecrets(ask):
    return {"SecretList": []}


def secretsmanager_CreateSecret(ask):
    if " " in ask["Name"]:
        raise Refused(400, "ValidationException", "Invalid name. Must be a "
                      "valid name containing alphanumeric characters, or any "
                      "of the following: -/_+=.@!")
    return {"Name": ask["Name"], "ARN": "arn:" + ask["Name"]}


# ---- logs ----

def log_lines(path):
    """Once an execution has ended there, which it does soon."""
    lines, limit = [], time.monotonic() + 20
    while not any(line["type"] in ENDS for line in lines):
        if time.monotonic() > limit:
            raise Refused(500, "ServiceUnavailableException", "no end")
        time.sleep(0.02)
        if os.path.exists(path):
            with open(path) as file:
                lines = [json.loads(line) for line in file
                         if line.endswith("\n")]
    for line in lines:
        del line["log_group"]  # it is what the file is for
    return lines


def logs_GetLogEvents(ask):
    name = ask["logGroupName"].replace("/", "+") + ".jsonl"
    lock.release()
    try:
        return {"messages": log_lines(os.path.join(LOGS, name))}
    finally:
        lock.acquire()


# ---- jobs ----

def start_job(name, **more):
    jobs[name] = {"looks": 0, "stopped": False, **more}
    lock.release()
    while name.startswith("long-slow") and not os.path.exists(HOME + "/go"):
        time.sleep(0.02)
    lock.acquire()


def looked_at(name):
    """True once the job has ended."""
    job = jobs[name]
    job["looks"] += 1
    return job["stopped"] or (job["looks"] > 2 and
                              not name.startswith("long"))


def ecs_RunTask(ask):
    name = ask["taskDefinition"]
    start_job(name, token=ask["clientToken"], cluster=ask.get("cluster"))
    return {"tasks": [{"taskArn": name, "lastStatus": "PROVISIONING",
                       "createdAt": 1500000000.5}], "failures": []}


def ecs_DescribeTasks(ask):
    name = ask["tasks"][0]
    task = {"taskArn": name, "clusterArn": ask.get("cluster"),
            "createdAt": 1500000000.5, "lastStatus": "RUNNING",
            "containers": [{"name": "main", "lastStatus": "RUNNING"}]}
    if looked_at(name):
        task["lastStatus"] = task["containers"][0]["lastStatus"] = "STOPPED"
        task["containers"][0]["exitCode"] = int(name.startswith("bad"))
    return {"tasks": [task], "failures": []}


def ecs_StopTask(ask):
    jobs[ask["task"]]["stopped"] = True
    return {"task": {"taskArn": ask["task"]}}


def glue_StartJobRun(ask):
    start_job(ask["JobName"])
    return {"JobRunId": "run-" + ask["JobName"]}


def glue_GetJobRun(ask):
    assert ask["RunId"] == "run-" + ask["JobName"]
    state = "RUNNING"
    if looked_at(ask["JobName"]):
        state = "FAILED" if ask["JobName"].startswith("bad") else "SUCCEEDED"
    return {"JobRun": {"Id": ask["RunId"], "JobName": ask["JobName"],
                       "StartedOn": 1.5e9, "JobRunState": state}}


# ---- query: SNS ----

def sns_CreateTopic(ask):
    arn = "arn:aws:sns:%s:%s:%s" % (REGION, ACCOUNT, ask["Name"])
    topics.setdefault(arn, [])
    return {"TopicArn": arn}


def sns_DeleteTopic(ask):
    topics.pop(ask["TopicArn"], None)
    return {}


def sns_Subscribe(ask):
    topics[ask["TopicArn"]].append(ask["Endpoint"])
    return {"SubscriptionArn": ask["TopicArn"] + ":1"}


def sns_attributes(ask):
    found = {}
    for name, value in ask.items():
        match = re.match(r"MessageAttributes\.entry\.(\d+)\.Name$", name)
        if match:
            lead = "MessageAttributes.entry.%s.Value." % match.group(1)
            found[value] = {"Type": ask[lead + "DataType"],
                            "Value": ask[lead + "StringValue"]}
    return found


def sns_Publish(ask):
    if ask["TopicArn"] not in topics:
        raise Refused(404, "NotFound", "Topic does not exist")
    identifier = str(uuid.uuid4())
    body = {"Type": "Notification", "MessageId": identifier,
            "TopicArn": ask["TopicArn"], "Message": ask["Message"],
            "Timestamp": "2024-01-01T00:00:00.000Z",
            "SignatureVersion": "1", "Signature": "c2lnbmVk",
            "SigningCertURL": URL + "/SimpleNotificationService-1.pem",
            "UnsubscribeURL": "%s/?Action=Unsubscribe&SubscriptionArn=%s:1" %
            (URL, ask["TopicArn"])}
    attributes = sns_attributes(ask)
    if attributes:
        body["MessageAttributes"] = attributes
    for endpoint in topics[ask["TopicArn"]]:
        put_message(queues[endpoint.rsplit(":", 1)[-1]], json.dumps(body),
                    sent=True)
    return {"MessageId": identifier}


# ---- HTTP ----

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, **headers):
        self.send_response(status)
        self.send_header("x-amzn-RequestId", "request-1")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def note(self, *parts):
        with open(os.path.join(HOME, "requests"), "a") as file:
            file.write(" ".join(parts) + "\n")

    def json_call(self, service, body):
        name = self.headers["x-amz-target"].rsplit(".", 1)[-1]
        self.note(service, name, body.decode())
        operation = globals().get("%s_%s" % (service, name))
        if not operation:
            raise Refused(400, "UnknownOperationException", "Unknown: " + name)
        answer = operation(json.loads(body))
        self.answer(200, json.dumps(answer).encode(),
                    Content_Type=self.headers["content-type"])

    def form_call(self, service, body):
        ask = dict(urllib.parse.parse_qsl(body.decode(),
                                          keep_blank_values=True))
        name = ask["Action"]
        self.note(service, name)
        answer = globals()["%s_%s" % (service, name)](ask)
        text = "".join("<%s>%s</%s>" % (key, xml.sax.saxutils.escape(value),
                                        key) for key, value in answer.items())
        text = ('<%sResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">'
                "<%sResult>%s</%sResult></%sResponse>" %
                (name, name, text, name, name))
        self.answer(200, text.encode(), Content_Type="text/xml")

    def s3_call(self, body):
        path = urllib.parse.unquote(self.path.partition("?")[0])
        self.note("s3", self.command, self.path)
        _, bucket, key = (path.split("/", 2) + [""])[:3]
        if self.command == "PUT" and key:
            objects[bucket, key] = body
        if self.command == "PUT":
            tag = '"%s"' % hashlib.md5(body).hexdigest()
            self.answer(200, b"", ETag=tag, x_amz_meta_extra="1",
                        x_amz_server_side_encryption="AES256",
                        x_amz_checksum_crc32="9NvfIQ==",
                        x_amz_checksum_type="FULL_OBJECT")
        elif (bucket, key) in objects:
            data = objects[bucket, key]
            tag = '"%s"' % hashlib.md5(data).hexdigest()
            self.answer(200, data, ETag=tag, Accept_Ranges="bytes",
                        Content_Type="binary/octet-stream",
                        Last_Modified="Thu, 02 Jan 2020 03:04:05 GMT",
                        x_amz_server_side_encryption="AES256")
        else:
            raise Refused(404, "NoSuchKey",
                          "The specified key does not exist.")

    def refused(self, service, problem):
        headers = {}
        if problem.query_code:
            headers["x_amzn_query_error"] = problem.query_code + ";Sender"
        if self.headers["x-amz-target"]:
            text = json.dumps({"__type": problem.code,
                               "message": problem.message})
        elif service == "s3":
            text = ("<Error><Code>%s</Code><Message>%s</Message><RequestId>"
                    "request-1</RequestId><HostId>host-1</HostId></Error>" %
                    (problem.code, problem.message))
        else:
            text = ("<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code>"
                    "<Message>%s</Message></Error><RequestId>request-1"
                    "</RequestId></ErrorResponse>" %
                    (problem.code, problem.message))
        self.answer(problem.status, text.encode(), **headers)

    def serve(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        service = None
        with lock:
            try:
                service = service_of(self, body)
                if self.headers["x-amz-target"]:
                    self.json_call(service, body)
                elif service == "s3":
                    self.s3_call(body)
                else:
                    self.form_call(service, body)
            except Refused as problem:
                self.refused(service, problem)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = serve


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
URL = "http://127.0.0.1:%d" % server.server_address[1]
with open(os.path.join(HOME, "url.new"), "w") as file:
    file.write(URL)
os.rename(os.path.join(HOME, "url.new"), os.path.join(HOME, "url"))
server.serve_forever()
