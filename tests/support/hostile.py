#!/usr/bin/env python3
"""Clients that mean no good: hostile.py HOST:PORT PID

Each of them does its worst against a server; meanwhile and afterwards another
client is answered as ever, and the server's memory stays bounded. Says which
one failed, or "passed".
"""
import http.client
import json
import os
import resource
import socket
import struct
import sys
import time

HOST, PORT = sys.argv[1].rsplit(":", 1)
PORT, PID = int(PORT), int(sys.argv[2])
PREFIX = "arn:aws:states:us-east-1:000000000000:"
ROLE = "arn:aws:iam::123456789012:role/r"
JSON = "application/x-amz-json-1.0"
ANSWER_S = 3.0      # others are answered within
MEMORY_MIB = 320    # so much more, at most, whatever they do
CONNECTIONS = 10000


def memory_mib():
    with open("/proc/%d/status" % PID) as status:
        return next(int(line.split()[1]) / 1024 for line in status
                    if line.startswith("VmRSS"))


def connect():
    return socket.create_connection((HOST, PORT), 30)


def post(body, headers="", operation="ListStateMachines", length=None):
    return ("POST / HTTP/1.1\r\nHost: %s\r\nX-Amz-Target: AWSStepFunctions.%s"
            "\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n%s" % (
                HOST, operation, JSON, len(body) if length is None
                else length, headers, body)).encode()


def read_all(client, limit_s=30):
    """What comes until the server closes, or says nothing for a moment."""
    client.settimeout(limit_s)
    data = b""
    try:
        while True:
            piece = client.recv(65536)
            if not piece:
                return data
            data += piece
            if b"\r\n\r\n" in data:
                client.settimeout(0.2)
    except (socket.timeout, ConnectionError):
        return data


def status_of(raw):
    """The status that a raw request gets; 0: the connection ends without."""
    with connect() as client:
        try:
            client.sendall(raw)
        except ConnectionError:
            pass
        answer = read_all(client)
    return int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/1.1") else 0


def call(operation, target="AWSStepFunctions", **body):
    client = http.client.HTTPConnection(HOST, PORT, timeout=30)
    client.request("POST", "/", json.dumps(body), {
        "X-Amz-Target": target + "." + operation, "Content-Type": JSON})
    answer = client.getresponse()
    text = answer.read()
    client.close()
    return answer.status, json.loads(text) if text else {}


def others_are_answered(who):
    begin = time.monotonic()
    status, _ = call("ListStateMachines")
    took = time.monotonic() - begin
    assert status == 200, (who, status)
    assert took < ANSWER_S, (who, "another client waited", took)


def expect(found, wanted, what):
    assert found in wanted, (what, found, "not in", wanted)


# ---- requests that never end ----

def slow_bodies():
    """A byte now and then, of many bodies at once: see also ended()."""
    clients = []
    for _ in range(200):
        client = connect()
        client.sendall(post("", length=1000000) + b"{")
        clients.append(client)
    for round_ in range(5):
        for client in clients:
            client.sendall(b" ")
        others_are_answered("slow bodies")
    return clients


def slow_headers():
    clients = []
    for _ in range(200):
        client = connect()
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nX-")
        clients.append(client)
    for round_ in range(5):
        for client in clients:
            client.sendall(b"a")
        others_are_answered("slow headers")
    return clients


def many_bodies_at_once():
    """All nearly complete: what is received is bounded for all together."""
    clients, refused = [], 0
    piece = b" " * 65536
    for _ in range(100):
        client = connect()
        client.sendall(post("", length=4 << 20))
        for _ in range(63):
            client.sendall(piece)
        clients.append(client)
        if len(clients) % 20 == 0:
            status, _ = call("ListStateMachines") # what is left is too little
            expect(status, (200, 503), "many bodies")
    grown = memory_mib()
    for client in clients:
        client.sendall(piece)
        refused += client.recv(12) == b"HTTP/1.1 503"
        client.close()
    expect(refused > 20, [True], "400 MiB of bodies")
    return grown


# ---- requests that are none ----

def huge_headers():
    for raw in (post("{}", "X-A: %s\r\n" % ("a" * 200000)),
                post("{}", "".join("X-%d: a\r\n" % i for i in range(20000))),
                b"POST /" + b"a" * 200000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
                b"A" * 200000):
        expect(status_of(raw), (0, 400, 413, 414, 431), "huge headers")
    others_are_answered("huge headers")


def broken_chunks():
    head = post("", "Transfer-Encoding: chunked\r\n").replace(
        b"Content-Length: 0\r\n", b"")
    for body in (b"g\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n",
                 b"ffffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
                 b"2\r\n{}x\r\n0\r\n\r\n", b"2 ;;;\n{}", b"\r\n\r\n",
                 b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 100000):
        with connect() as client:
            try:
                client.sendall(head + body)
                client.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            answer = read_all(client, 5)
            assert not answer.startswith(b"HTTP/1.1 5"), (body[:20], answer)
    # One request hidden in another: both lengths.
    both = post("0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
                "Transfer-Encoding: chunked\r\n")
    with connect() as client:
        client.sendall(both)
        answer = read_all(client, 5)
    assert answer.count(b"HTTP/1.1 2") <= 1, ("two lengths", answer)
    others_are_answered("broken chunks")


def bodies_that_are_none():
    for body in ("[" * 1000000, "{\"a\":" * 200000, "\"" + "\\u" * 100,
                 "\0" * 1000, "{\"name\":\"\ud800\"}".encode(
                     "utf-8", "surrogatepass").decode("latin1"),
                 "{\"maxResults\":1e999999}", "{\"a\":" + "9" * 1000000 + "}",
                 "{" + ",".join("\"a%d\":1" % i for i in range(100000)) + "}"):
        expect(status_of(post(body)), (200, 400, 413), body[:20])
    expect(status_of(post("", length=1 << 40)), (0, 413), "a terabyte")
    expect(status_of(post("", length=-1)), (0, 400), "less than nothing")
    others_are_answered("bodies that are none")


# ---- names ----

def paths_in_names():
    definition = json.dumps({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "End": True}}})
    _, good = call("CreateStateMachine", name="good", roleArn=ROLE,
                   definition=definition)
    for name in ("../../etc/passwd", "..", "a/b", "/etc/passwd", "a\0b",
                 "a\nb", "%2e%2e%2f", "a" * 100000, "", "*", "a b", "..\\x"):
        for operation, body in (
                ("CreateStateMachine", {"name": name, "roleArn": ROLE,
                                        "definition": definition}),
                ("CreateActivity", {"name": name}),
                ("StartExecution", {"name": name, "stateMachineArn":
                                    good["stateMachineArn"]}),
                ("DescribeStateMachine", {"stateMachineArn": PREFIX +
                                          "stateMachine:" + name}),
                ("DescribeExecution", {"executionArn": PREFIX +
                                       "execution:good:" + name}),
                ("DescribeActivity", {"activityArn": PREFIX + "activity:" +
                                      name})):
            status, answer = call(operation, **body)
            # Two dots are a good name, and nothing but a name.
            expect(status, (200, 400) if name == ".." else (400,),
                   (operation, name[:20]))
            assert "passwd:" not in json.dumps(answer)
        status, _ = call("GetSchedule", target="Scheduler", Name=name)
        expect(status, (400, 404), ("GetSchedule", name[:20]))
    for path in ("/../../etc/passwd", "/console/../../etc/passwd",
                 "/console/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd",
                 "/schedules/..%2f..%2fetc", "/console/..\\..\\etc"):
        with connect() as client:
            client.sendall(("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" %
                            path).encode())
            answer = read_all(client, 5)
        assert b"root:" not in answer, path
        expect(int(answer.split(b" ")[1]), (400, 403, 404, 405), path)


# ---- pages of other origins ----

def pages_of_other_origins():
    def status(headers, method="POST", path="/", body="{}"):
        return status_of((
            "%s %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s" % (
                method, path, "".join("%s: %s\r\n" % pair
                                      for pair in headers.items()),
                len(body), body)).encode())
    target = {"X-Amz-Target": "AWSStepFunctions.ListStateMachines"}
    here = "localhost:%d" % PORT
    for origin in ("http://evil.example", "null", "http://localhost:1",
                   "http://localhost.evil.example", "file://",
                   "http://127.0.0.1:%d" % PORT):
        headers = dict(target, Host=here, Origin=origin)
        expect(status(headers), (403,), origin)
        # What a form of a page can send without asking first.
        headers = {"Host": here, "Origin": origin,
                   "Content-Type": "text/plain"}
        expect(status(headers), (403,), origin)
        # It asks first: no answer may say that it is welcome.
        with connect() as client:
            client.sendall((
                "OPTIONS / HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\n"
                "Access-Control-Request-Method: POST\r\n"
                "Access-Control-Request-Headers: x-amz-target\r\n\r\n" %
                (here, origin)).encode())
            answer = read_all(client, 5).lower()
        assert b"access-control-allow" not in answer, origin
        expect(int(answer.split(b" ")[1]), (403, 404, 405), origin)
    # A name that was rebound to this address: the Host is another's.
    rebound = "evil.example:%d" % PORT
    for path in ("/", "/healthz", "/metrics", "/console/", "/schedules"):
        expect(status({"Host": rebound}, "GET", path, ""), (403,), path)
        expect(status({"Host": rebound, "Origin": "http://" + rebound},
                      "GET", path, ""), (403,), path)
    expect(status({"Host": rebound, "Origin": "http://" + rebound, **target}),
           (403,), "rebound")
    expect(status({"Host": rebound}), (403,), "rebound, no target")
    expect(status({"Host": rebound, **target}), (200,), "an SDK's prefix")


# ---- many ----

def ten_thousand_connections():
    clients = []
    for _ in range(CONNECTIONS):
        clients.append(connect())
    others_are_answered("10,000 connections")
    for client in clients: # all at once, and nobody reads the answers
        client.sendall(post("{}"))
    others_are_answered("10,000 connections that ask")
    for client in clients[::2]: # half of them end with a reset
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))
        client.close()
    others_are_answered("5,000 resets")
    for client in clients[1::2]:
        expect(client.recv(12), (b"HTTP/1.1 200",), "one of 10,000")
        client.close()


def another_user():
    """Somebody else on this machine: needs root to be tried."""
    if os.getuid() != 0:
        print("skipped: another user (not root)")
        return
    pid = os.fork()
    if pid == 0:
        os.setgid(65534)
        os.setuid(65534)
        os._exit(0 if status_of(post("{}")) == 403 and
                 status_of(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
                           b"\r\n") == 403 else 1)
    expect(os.waitpid(pid, 0)[1], (0,), "another user")


def ended(clients, what):
    """Within the server's limits all of them are gone."""
    until = time.monotonic() + 60
    for client in clients:
        client.settimeout(max(0.1, until - time.monotonic()))
        try:
            while client.recv(4096):
                pass
        except ConnectionError:
            pass
        except socket.timeout:
            assert False, (what, "are still there")
        client.close()


def main():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    before = memory_mib()
    bodies, headers = slow_bodies(), slow_headers()
    for attack in (huge_headers, broken_chunks, bodies_that_are_none,
                   paths_in_names, pages_of_other_origins, another_user,
                   many_bodies_at_once, ten_thousand_connections):
        grown = max(attack() or 0, memory_mib()) - before
        others_are_answered(attack.__name__)
        assert grown < MEMORY_MIB, (attack.__name__, "took MiB", grown)
    ended(bodies, "slow bodies")
    if len(sys.argv) > 3: # these have the time of a body and of idling
        ended(headers, "slow headers")
    others_are_answered("the end")
    print("passed")


main()
