#!/usr/bin/env python3
"""A stand-in for APIs behind API Gateway, and for EKS: its own API, and that
of a Kubernetes cluster.

    apis.py DIRECTORY: writes its address to DIRECTORY/url, and what it is
    asked to DIRECTORY/requests, a line of JSON each.

A Kubernetes Job whose name begins with "bad" fails, one with "long" runs
until it is deleted; the others end when they are looked at for the second
time. Requests of the key AKTEST must be signed well.
"""
import base64
import http.server
import json
import os
import re
import sys
import threading
import urllib.parse

sys.dont_write_bytecode = True
from sigv4 import signature  # noqa: E402

HOME = sys.argv[1]
lock = threading.Lock()
jobs, looks = {}, {}
log = open(os.path.join(HOME, "requests"), "a", buffering=1)


def is_caller(token, cluster):
    """Whether a token is a request to STS, signed by somebody for it."""
    lead = "k8s-aws-v1."
    if not token.startswith("Bearer " + lead):
        return False
    text = token[len("Bearer " + lead):]
    url = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    parts = urllib.parse.urlsplit(url)
    asked = dict(urllib.parse.parse_qsl(parts.query))
    query = "&".join(part for part in parts.query.split("&")
                     if not part.startswith("X-Amz-Signature="))
    names = asked["X-Amz-SignedHeaders"].split(";")
    headers = {"host": parts.netloc, "x-k8s-aws-id": cluster}
    return (parts.netloc == "sts.us-east-1.amazonaws.com"
            and asked["Action"] == "GetCallerIdentity"
            and asked["X-Amz-Expires"] == "60"
            and names == ["host", "x-k8s-aws-id"]
            and asked["X-Amz-Signature"] == signature(
                "GET", parts.path, query, headers, names, b"",
                asked["X-Amz-Credential"].split("/", 1)[1],
                asked["X-Amz-Date"]))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, kind="application/json", headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    # ---- API Gateway ----

    def signed_for(self, body):
        match = re.match(r"AWS4-HMAC-SHA256 Credential=AKTEST/(\S+), ?"
                         r"SignedHeaders=(\S+), ?Signature=(\w+)$",
                         self.headers["Authorization"] or "")
        if not match:
            return None
        scope, names, given = match.groups()
        path, _, query = self.path.partition("?")
        good = given == signature(
            self.command, path, query, self.headers, names.split(";"), body,
            scope, self.headers["x-amz-date"])
        return scope.split("/", 1)[1] if good else "badly"

    def gateway(self, path, asked, body):
        if path.endswith("/private") and not self.headers["Authorization"]:
            self.answer(403, {"message": "Missing Authentication Token"})
        elif path.endswith("/text"):
            self.answer(202, b"taken", "text/plain",
                        [("X-Two", "1"), ("X-Two", "2")])
        else:
            self.answer(200, dict(asked, signed=self.signed_for(body)))

    # ---- Kubernetes ----

    def refuse(self, code, reason):
        self.answer(code, {"kind": "Status", "apiVersion": "v1",
                           "metadata": {}, "status": "Failure",
                           "message": reason, "reason": reason, "code": code})

    def job(self, space, name):
        if name not in jobs:
            self.refuse(404, "NotFound")
        elif self.command == "DELETE":
            self.answer(200, jobs.pop(name))
        else:
            looks[name] += 1
            found = dict(jobs[name], status={"active": 1})
            if looks[name] > 1 and not name.startswith("long"):
                kind = "Failed" if name.startswith("bad") else "Complete"
                found["status"] = {"conditions": [
                    {"type": "Suspended", "status": "False"},
                    {"type": kind, "status": "True"}]}
            self.answer(200, found)

    def pod_log(self, name, container, query):
        if container == "broken":
            self.refuse(400, "BadRequest")
        elif container == "speech":
            self.answer(200, ("said %s" % query.get("tailLines")).encode(),
                        "text/plain")
        else:
            self.answer(200, b'{"pi": 3.140}', "text/plain")

    def kubernetes(self, path, query, body):
        if not is_caller(self.headers["Authorization"], "cluster"):
            return self.refuse(401, "Unauthorized")
        part = path.split("/")
        if part[1] == "apis" and part[-1] == "jobs":
            job = json.loads(body)
            name = job["metadata"]["name"]
            job["metadata"]["namespace"] = part[-2]
            if name in jobs:
                return self.refuse(409, "AlreadyExists")
            jobs[name], looks[name] = job, 0
            return self.answer(201, job)
        if part[1] == "apis":
            return self.job(part[-3], part[-1])
        if part[-1] == "log":
            return self.pod_log(part[-2], query["container"], query)
        name = query.get("labelSelector", "").partition("=")[2]
        return self.answer(200, {"kind": "PodList", "items": [
            {"metadata": {"name": name + "-1"}, "spec": {"containers": [
                {"name": kind} for kind in ("pi", "speech", "broken")]}}]})

    # ---- EKS ----

    def eks(self, name):
        looks[name] = looks.get(name, 0) + 1
        gone = looks[name] > 3 and self.command == "GET"
        if gone and not name.startswith("bad"):
            self.answer(404, {"message": "No cluster found for name: " + name},
                        headers=[("x-amzn-errortype",
                                  "ResourceNotFoundException")])
        else:
            self.answer(200, {"cluster": {
                "name": name, "status": "FAILED" if gone else "DELETING"}})

    def serve(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        path, _, query = self.path.partition("?")
        asked = {"method": self.command, "path": path, "query": query,
                 "body": body.decode(), "headers": {
                     name.lower(): text
                     for name, text in self.headers.items()}}
        with lock:
            log.write(json.dumps(asked) + "\n")
            if ".execute-api." in self.headers["Host"]:
                self.gateway(path, asked, body)
            elif path.startswith("/clusters/"):
                self.eks(path.split("/")[2])
            else:
                self.kubernetes(path, dict(urllib.parse.parse_qsl(query)),
                                body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = serve
    do_OPTIONS = serve


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(os.path.join(HOME, "url.new"), "w") as file:
    file.write("http://127.0.0.1:%d" % server.server_address[1])
os.rename(os.path.join(HOME, "url.new"), os.path.join(HOME, "url"))
server.serve_forever()
