"""A receiver of notifications for tests: writes what comes to a file.

    hook.py PORT-FILE LOG-FILE STATUS-FILE [KEY CERTIFICATE]

The first line of STATUS-FILE says with which status each request is answered;
without the file it is 204. A line of LOG-FILE is a JSON object: status that
was answered, headers, body. With KEY and CERTIFICATE it speaks TLS.
"""
import http.server
import json
import os
import ssl
import sys

port_file, log_file, status_file = sys.argv[1:4]


class Hook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 204
        if os.path.exists(status_file):
            with open(status_file) as file:
                status = int(file.readline())
        line = {
            "status": status,
            "path": self.path,
            "headers": {k.lower(): v for k, v in self.headers.items()},
            "body": body.decode(),
        }
        with open(log_file, "a") as file:
            file.write(json.dumps(line) + "\n")
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[5], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(port_file + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
