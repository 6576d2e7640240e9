#!/usr/bin/env python3
"""Buckets over HTTP, as far as recorded cases need them: PUT and GET of
objects, which are files below the directory that the engine has as --files.

    buckets.py DIRECTORY    prints its port, and serves until it is killed
"""

import http.server
import os
import sys
import urllib.parse

ROOT = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    def file(self):
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        parts = [part for part in path.split("/") if part]
        if not parts or ".." in parts:
            return None
        return os.path.join(ROOT, *parts)

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        file = self.file()
        if not file:
            self.answer(400)
        elif os.path.dirname(file) == ROOT:
            os.makedirs(file, exist_ok=True)
            self.answer(200)
        else:
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "wb") as out:
                out.write(body)
            self.answer(200)

    def do_GET(self):
        try:
            with open(self.file() or "", "rb") as file:
                self.answer(200, file.read())
        except OSError:
            self.answer(404)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
