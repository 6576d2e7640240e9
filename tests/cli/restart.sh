#!/bin/sh
# A server whose socket a service manager keeps: restarts lose no request, no
# poll and no heartbeat; what was asked for before SIGTERM is answered.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }

cat >"$home/handover.asl.json" <<'JSON'
{"StartAt": "Do", "States": {"Do": {
  "Type": "Task", "Resource": "ACTIVITY", "HeartbeatSeconds": 30,
  "End": true}}}
JSON

cat >"$home/restart.py" <<'PYTHON'
import http.client, json, os, signal, socket, subprocess, sys, threading

moonstep, data, definition = sys.argv[1:]
listener = socket.create_server(("127.0.0.1", 0), backlog=64)
port = listener.getsockname()[1]
# Not one that the server needs: it finds the socket as its file 3.
os.dup2(listener.fileno(), 3, inheritable=True)


def start():
    return subprocess.Popen(
        ["sh", "-c", 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@"', moonstep,
         "serve", "--listen", "127.0.0.1:1", "--data", data],
        pass_fds=(3,), stderr=subprocess.DEVNULL)


def stop(server):
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0, server.returncode


def call(operation, **body):
    """One request, never repeated: refused connections fail the test."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", "/", json.dumps(body), {
        "X-Amz-Target": "AWSStepFunctions." + operation,
        "Content-Type": "application/x-amz-json-1.0"})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 200, (operation, answer.status, text)
    return json.loads(text)


class Asking(threading.Thread):
    """A request that is on its way while something else happens."""

    def __init__(self, operation, **body):
        super().__init__()
        self.what, self.body, self.answer = operation, body, None
        self.start()

    def run(self):
        self.answer = call(self.what, **self.body)

    def end(self):
        self.join(60)
        assert self.answer is not None, self.what + " was not answered"
        return self.answer


server = start()
activity = call("CreateActivity", name="work")["activityArn"]
with open(definition) as file:
    text = file.read().replace("ACTIVITY", activity)
machine = call("CreateStateMachine", name="m", definition=text,
               roleArn="arn:aws:iam::000000000000:role/r")["stateMachineArn"]


def parked():
    """Waits until the server has the poll."""
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        if "\nmoonstep_http_unanswered 2" in text:  # it, and this one
            return


# A poll that waits is answered at once: there was no task.
poll = Asking("GetActivityTask", activityArn=activity)
parked()
stop(server)
assert poll.end().get("taskToken") is None

# Nobody serves: requests wait, and the next server has them.
poll = Asking("GetActivityTask", activityArn=activity)
begin = Asking("StartExecution", stateMachineArn=machine, name="one")
server = start()
begin.end()
token = poll.end()["taskToken"]

# Restarts amid heartbeats: each is heard.
for turn in range(3):
    stop(server)
    beats = [Asking("SendTaskHeartbeat", taskToken=token) for _ in range(8)]
    server = start()
    for beat in beats:
        beat.end()

# What is asked at the same moment as the end is done, or asked for again by
# the next server: never done without an answer.
starts = [Asking("StartExecution", stateMachineArn=machine, name="n%d" % n)
          for n in range(32)]
server.send_signal(signal.SIGTERM)
assert server.wait(30) == 0
server = start()
for one in starts:
    one.end()
call("SendTaskSuccess", taskToken=token, output="{}")
stop(server)
PYTHON
python3 "$home/restart.py" "$moonstep" "$home/data" "$home/handover.asl.json"
