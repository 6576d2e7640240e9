"""A stand-in for S3, on loopback: buckets in memory.

Prints its URL. Every request must be signed (Signature Version 4,
checked in full) with the key "AKTEST", the secret "secret/+key" and the
region eu-test-1, unless its bucket is called "open". Keys with a special
meaning: "broken/..." fails with status 500, "flaky/..." once, "slow/..."
is refused once with status 503, "whole/..." knows no ranges, "sizeless/..."
does not tell its size.
GET /-/requests answers with the requests so far, a line each.
"""
import hashlib
import hmac
import http.server
import re
import urllib.parse
import xml.sax.saxutils

SECRET, REGION = "secret/+key", "eu-test-1"
objects = {}  # (bucket, key): bytes
uploads = {}  # id: {part: bytes}
failed = set()
requests = []


class Refused(Exception):
    def __init__(self, status, code):
        self.status, self.code = status, code


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def tag(data):
    return '"%s"' % hashlib.md5(data).hexdigest()


def signature(request, given, signed):
    """What the signature of this request must be."""
    date, scope = request.headers["x-amz-date"], given.split("/", 1)[1]
    path, _, query = request.path.partition("?")
    query = "&".join(sorted(query.split("&"))) if query else ""
    lines = [request.command, path, query]
    lines += ["%s:%s" % (name, " ".join(request.headers[name].split()))
              for name in signed]
    lines += ["", ";".join(signed), request.headers["x-amz-content-sha256"]]
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope,
                      sha256("\n".join(lines).encode())])
    key = ("AWS4" + SECRET).encode()
    for part in scope.split("/") + [text]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


def check_signature(request, body):
    match = re.match(r"AWS4-HMAC-SHA256 Credential=(\S+), "
                     r"SignedHeaders=(\S+), Signature=(\w+)$",
                     request.headers["Authorization"] or "")
    if not match:
        raise Refused(403, "AccessDenied")
    given, signed, signed_with = match.groups()
    signed = signed.split(";")
    if not re.match(r"AKTEST/\d{8}/%s/s3/aws4_request$" % REGION, given):
        raise Refused(403, "InvalidAccessKeyId")
    if request.headers["x-amz-content-sha256"] != sha256(body):
        raise Refused(400, "XAmzContentSHA256Mismatch")
    for name in ("host", "x-amz-content-sha256", "x-amz-date"):
        if name not in signed:
            raise Refused(403, "AccessDenied")
    if signature(request, given, signed) != signed_with:
        raise Refused(403, "SignatureDoesNotMatch")


def listing(bucket, query):
    """A page; encoding-type=url."""
    start, limit = query.get("start-after", ""), 1000
    if query.get("list-type") != "2" or query.get("encoding-type") != "url":
        raise Refused(400, "InvalidArgument")
    keys = sorted(key for name, key in objects if name == bucket and
                  key.startswith(query.get("prefix", "")) and key > start)
    if bucket == "mixed":
        keys.reverse()
    text = "".join(
        "<Contents><Key>%s</Key><LastModified>2024-02-03T04:05:06.000Z"
        "</LastModified><ETag>%s</ETag><Size>%d</Size><Owner><ID>x</ID></Owner>"
        "<StorageClass>GLACIER</StorageClass></Contents>" % (
            urllib.parse.quote_plus(key, safe="/"),
            xml.sax.saxutils.escape(tag(objects[bucket, key]),
                                    {'"': "&quot;"}),
            len(objects[bucket, key])) for key in keys[:limit])
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult '
            'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>%s</Name>'
            "<IsTruncated>%s</IsTruncated>%s</ListBucketResult>" % (
                bucket, str(len(keys) > limit).lower(), text)).encode()


def source_of(request):
    source = urllib.parse.unquote(request.headers["x-amz-copy-source"])
    bucket, _, key = source.lstrip("/").partition("/")
    if (bucket, key) not in objects:
        raise Refused(404, "NoSuchKey")
    return objects[bucket, key]


def put(request, bucket, key, query, body):
    copied = "x-amz-copy-source" in request.headers
    if copied:
        body = source_of(request)
    if "uploadId" in query:
        uploads[query["uploadId"]][int(query["partNumber"])] = body
        name = "CopyPartResult"
    else:
        objects[bucket, key] = body
        name = "CopyObjectResult"
    text = "<%s><ETag>%s</ETag></%s>" % (name, tag(body), name)
    return 200, text.encode() if copied else b"", {"ETag": tag(body)}


def post(bucket, key, query, body):
    if "uploads" in query:
        upload = "id/+%d" % len(uploads)
        uploads[upload] = {}
        return 200, ("<InitiateMultipartUploadResult><UploadId>%s</UploadId>"
                     "</InitiateMultipartUploadResult>" % upload).encode(), {}
    parts = uploads.pop(query["uploadId"])
    asked = re.findall(r"<Part><ETag>(.*?)</ETag><PartNumber>(\d+)"
                       r"</PartNumber></Part>", body.decode())
    if [(tag(parts[n]), str(n)) for n in sorted(parts)] != asked:
        raise Refused(400, "InvalidPart")
    if any(len(parts[n]) < 5 << 20 for n in sorted(parts)[:-1]):
        return 200, b"<Error><Code>EntityTooSmall</Code></Error>", {}
    objects[bucket, key] = b"".join(parts[n] for n in sorted(parts))
    return 200, ("<CompleteMultipartUploadResult><ETag>x</ETag>"
                 "</CompleteMultipartUploadResult>").encode(), {}


def get(request, bucket, key):
    if (bucket, key) not in objects:
        raise Refused(404, "NoSuchKey")
    body = objects[bucket, key]
    headers = {"ETag": tag(body)}
    if request.headers["If-Match"] not in (None, tag(body)):
        raise Refused(412, "PreconditionFailed")
    match = re.match(r"bytes=(\d+)-(\d+)$", request.headers["Range"] or "")
    if not match or key.startswith("whole/"):
        return 200, body, headers
    first, last = int(match[1]), min(int(match[2]), len(body) - 1)
    if first >= len(body):
        raise Refused(416, "InvalidRange")
    size = "*" if key.startswith("sizeless/") else len(body)
    headers["Content-Range"] = "bytes %d-%d/%s" % (first, last, size)
    return 206, body[first:last + 1], headers


def misbehave(key):
    kind = key.split("/")[0]
    if kind == "broken" or (kind == "flaky" and key not in failed):
        failed.add(key)
        raise Refused(500, "InternalError")
    if kind == "slow" and key not in failed:
        failed.add(key)
        raise Refused(503, "SlowDown")


def answer(request, body):
    path, _, query = request.path.partition("?")
    bucket, _, key = urllib.parse.unquote(path[1:]).partition("/")
    query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    if bucket == "-":
        return 200, "\n".join(requests).encode(), {}
    requests.append("%s %s" % (request.command, request.path))
    if bucket != "open":
        check_signature(request, body)
    elif "Authorization" in request.headers:
        raise Refused(400, "InvalidArgument")
    misbehave(key)
    if bucket == "none":
        raise Refused(404, "NoSuchBucket")
    if not key:
        return 200, listing(bucket, query), {}
    if request.command == "PUT":
        return put(request, bucket, key, query, body)
    if request.command == "POST":
        return post(bucket, key, query, body)
    if request.command == "DELETE":
        objects.pop((bucket, key), None)
        return 204, b"", {}
    return get(request, bucket, key)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_request(self):
        length = int(self.headers["Content-Length"] or 0)
        body = self.rfile.read(length)
        try:
            status, text, headers = answer(self, body)
        except Refused as why:
            status, headers = why.status, {}
            text = ("<?xml version='1.0'?><Error><Code>%s</Code><Message>It "
                    "is so &amp; not otherwise.</Message></Error>" %
                    why.code).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command == "HEAD":
            return
        try:
            self.wfile.write(text)
        except ConnectionError:  # the client has had enough
            self.close_connection = True

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_request

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("http://127.0.0.1:%d" % server.server_address[1], flush=True)
server.serve_forever()
