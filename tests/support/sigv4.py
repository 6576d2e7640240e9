"""Signature Version 4, as the stand-ins of AWS services check it."""
import hashlib
import hmac
import urllib.parse

SECRET = "secret/+key"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def signature(method, path, query, headers, names, body, scope, date):
    """What the signature of a request must be. `path` and `query` as they
    came, `headers` those of the names in `names`."""
    if scope.split("/")[2] != "s3":
        path = urllib.parse.quote(path, safe="/-_.~")
    lines = [method, path, "&".join(sorted(query.split("&")))]
    lines += ["%s:%s" % (name, " ".join(headers[name].split()))
              for name in names]
    lines += ["", ";".join(names), sha256(body)]
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope,
                      sha256("\n".join(lines).encode())])
    key = ("AWS4" + SECRET).encode()
    for part in scope.split("/") + [text]:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()
