#!/usr/bin/env python3
"""Parked polls: polls.py MOONSTEP [POLLS]

Starts a server, parks so many GetActivityTask calls on connections that have
been used before, and prints the server's memory and how long a task takes from
the answer to StartExecution to the poll.
"""
import http.client
import json
import re
import socket
import subprocess
import sys
import tempfile
import time

TASKS = 500


def request(host, operation, body):
    body = json.dumps(body).encode()
    return (b"POST / HTTP/1.1\r\nHost: %s\r\n"
            b"X-Amz-Target: AWSStepFunctions.%s\r\n"
            b"Content-Type: application/x-amz-json-1.0\r\n"
            b"Content-Length: %d\r\n\r\n" % (host.encode(),
                                             operation.encode(),
                                             len(body))) + body


class Server:
    def __init__(self, moonstep, data):
        self.process = subprocess.Popen(
            [moonstep, "serve", "--listen", "127.0.0.1:0", "--data", data],
            stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            found = re.search(r"listening on http://([^:]+):(\d+)", line)
            if found:
                self.host, self.port = found.group(1), int(found.group(2))
                break
        self.client = http.client.HTTPConnection(self.host, self.port)

    def call(self, operation, **body):
        self.client.request("POST", "/", json.dumps(body), {
            "X-Amz-Target": "AWSStepFunctions." + operation})
        return json.load(self.client.getresponse())

    def memory_mib(self):
        with open("/proc/%d/status" % self.process.pid) as status:
            for line in status:
                if line.startswith("VmRSS"):
                    return int(line.split()[1]) / 1024
        return 0

    def poll(self, activity):
        connection = socket.create_connection((self.host, self.port))
        connection.sendall(request(self.host, "DescribeActivity",
                                   {"activityArn": activity}))
        connection.recv(4096)
        connection.sendall(request(self.host, "GetActivityTask",
                                   {"activityArn": activity}))
        return connection


def show(name, value, unit):
    print("%-44s %14.2f %s" % (name, value, unit), flush=True)


def run(server, polls):
    activity = server.call("CreateActivity", name="bench")["activityArn"]
    machine = server.call(
        "CreateStateMachine", name="bench", roleArn="arn:aws:iam::123456789012:role/r",
        definition=json.dumps({"StartAt": "T", "States": {"T": {
            "Type": "Task", "Resource": activity, "End": True,
        }}}))["stateMachineArn"]
    show("polls: memory before", server.memory_mib(), "MiB")
    parked = [server.poll(activity) for _ in range(polls)]
    show("polls: parked", polls, "")
    show("polls: memory", server.memory_mib(), "MiB")
    took = []
    for connection in parked[:TASKS]:
        server.call("StartExecution", stateMachineArn=machine, input="1")
        begin = time.perf_counter()
        if b"taskToken" not in connection.recv(4096):
            sys.exit("a poll got no task")
        took.append((time.perf_counter() - begin) * 1000)
    took.sort()
    show("polls: handed over, p50", took[len(took) // 2], "ms")
    show("polls: handed over, p99", took[len(took) * 99 // 100], "ms")


def main():
    polls = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
    with tempfile.TemporaryDirectory() as data:
        server = Server(sys.argv[1], data)
        try:
            run(server, polls)
        finally:
            server.process.kill()
            server.process.wait()


main()
