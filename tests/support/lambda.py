"""A stand-in for Lambda's Invoke API, on loopback.

    lambda.py DIR

Writes its URL to DIR/url. What a function does is in its name, see below;
hold() appends the key of each call to DIR/held and answers when DIR/go exists.
"""
import http.server
import json
import os
import re
import sys
import time
import urllib.parse

HOME = sys.argv[1]
ROUTE = re.compile(r"/2015-03-31/functions/([^/?]+)/invocations(?:\?(.*))?$")


def failed(body):
    return 200, body, {"X-Amz-Function-Error": "Unhandled"}


def echo(call, body):
    return 200, body, {"X-Amz-Executed-Version": "7"}


def about(call, body):
    seen = {name.lower(): value for name, value in call.headers.items()
            if name.lower().startswith("x-amz-")}
    query = call.path.partition("?")[2]
    return 200, json.dumps([seen, query, body], sort_keys=True), {
        "X-Amz-Log-Result": "bG9n", "x-amzn-RequestId": "r-1"}


def text(call, body):
    return 200, "plain text", {}


def fails(call, body):
    return failed('{"errorMessage": "caf\\u00e9", "errorType": "My.Error"}')


def untyped(call, body):
    return failed('{"errorMessage": "Task timed out after 3.00 seconds"}')


def busy(call, body):
    return 429, '{"Type":"User","message":"Rate Exceeded."}', {
        "x-amzn-ErrorType": "TooManyRequestsException:http://aws/",
        "x-amzn-RequestId": "r-2"}


def down(call, body):
    return 502, "Bad gateway", {}


def hold(call, body):
    key = call.headers["Idempotency-Key"]
    with open(os.path.join(HOME, "held"), "a") as held:
        held.write(key + "\n")
    while not os.path.exists(os.path.join(HOME, "go")):
        time.sleep(0.02)
    return 200, json.dumps(key), {}


FUNCTIONS = {f.__name__: f for f in
             (echo, about, text, fails, untyped, busy, down, hold)}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        name = urllib.parse.unquote(ROUTE.match(self.path)[1])
        if name in FUNCTIONS:
            status, answer, headers = FUNCTIONS[name](self, body)
        else:
            status, answer, headers = 404, json.dumps(
                {"Type": "User", "Message": "Function not found: " + name}), {
                "x-amzn-ErrorType": "ResourceNotFoundException"}
        data = answer.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # an engine that was killed hangs up


server = Server(("127.0.0.1", 0), Handler)
with open(os.path.join(HOME, "url.new"), "w") as file:
    file.write(f"http://127.0.0.1:{server.server_address[1]}")
os.rename(os.path.join(HOME, "url.new"), os.path.join(HOME, "url"))
server.serve_forever()
