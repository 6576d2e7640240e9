#!/usr/bin/env python3
"""A stand-in for web APIs that HTTP Tasks call, friendly and hostile ones.

    web_api.py DIRECTORY: writes two addresses to DIRECTORY/urls, and what it
    is asked to DIRECTORY/requests, a line of JSON each.
"""
import json
import os
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

home = sys.argv[1]
log = open(os.path.join(home, "requests"), "a", buffering=1)
others = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", kind="application/json", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def run(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        path, _, query = self.path.partition("?")
        asked = {"method": self.command, "path": path, "query": query,
                 "host": self.headers["Host"], "body": body,
                 "headers": {k.lower(): v for k, v in self.headers.items()}}
        log.write(json.dumps(asked) + "\n")
        if path == "/echo":
            self.answer(200, json.dumps(asked).encode())
        elif path == "/text":
            self.answer(200, "höflich".encode(), "text/plain; charset=utf-8")
        elif path == "/image":
            self.answer(200, b"\x89PNG", "image/png")
        elif path == "/binary":
            self.answer(200, b"\xff\xfe", "text/plain")
        elif path.startswith("/status/"):
            self.answer(int(path[8:]), json.dumps(
                {"said": self.headers.get("Authorization")}).encode())
        elif path == "/metadata":
            self.answer(302, Location="http://169.254.169.254/latest/")
        elif path == "/elsewhere":
            self.answer(302, Location=others[0] + "/echo")
        elif path == "/elsewhere307":
            self.answer(307, Location=others[0] + "/echo")
        elif path == "/round":
            self.answer(302, Location="/round")
        elif path == "/huge":
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * 65536)
            except OSError:
                self.close_connection = True
        elif path == "/slow":
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x")
                    time.sleep(0.2)
            except OSError:
                self.close_connection = True
        elif path == "/token":
            fields = urllib.parse.parse_qs(body)
            good = fields.get("client_secret") == ["client-secret-1"]
            self.answer(200 if good else 403, json.dumps(
                {"access_token": "token-of-oauth-%d" % int(time.time()),
                 "expires_in": 3600}).encode())
        else:
            self.answer(404)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = run
    do_HEAD = do_OPTIONS = run


servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
urls = ["http://127.0.0.1:%d" % s.server_address[1] for s in servers]
others.append(urls[1])
with open(os.path.join(home, "urls.new"), "w") as out:
    out.write("\n".join(urls) + "\n")
os.rename(os.path.join(home, "urls.new"), os.path.join(home, "urls"))
threading.Thread(target=servers[1].serve_forever, daemon=True).start()
servers[0].serve_forever()
