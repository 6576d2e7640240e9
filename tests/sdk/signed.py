"""What AWS's Python library signs, and what becomes of it on the way.

    signed.py ENDPOINT ID SECRET

botocore makes each signature; then the request is sent as it was signed, or
altered, or late. Checks the exceptions and their texts.
"""
import datetime
import http.client
import json
import sys
import urllib.parse

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

endpoint, key, secret = sys.argv[1:]
url = urllib.parse.urlsplit(endpoint)
LIST = "AWSStepFunctions.ListStateMachines"


class At(SigV4Auth):
    """Signs for a moment of our choice."""

    seconds = 0

    def add_auth(self, request):
        now = datetime.datetime.now(datetime.timezone.utc)
        then = now + datetime.timedelta(seconds=self.seconds)
        request.context["timestamp"] = then.strftime("%Y%m%dT%H%M%SZ")
        self._modify_request_before_signing(request)
        canonical = self.canonical_request(request)
        text = self.string_to_sign(request, canonical)
        self._inject_signature_to_request(
            request, self.signature(text, request))


def signed(target=LIST, body="{}", seconds=0, service="states", method="POST",
           path="/", id_=key, secret_=secret, region="us-east-1", token=None):
    headers = {"Host": url.netloc}
    if target:
        headers["X-Amz-Target"] = target
        headers["Content-Type"] = "application/x-amz-json-1.0"
    request = AWSRequest(method, endpoint + path, headers=headers, data=body)
    auth = At(Credentials(id_, secret_, token), service, region)
    auth.seconds = seconds
    auth.add_auth(request)
    return {"method": method, "path": path, "body": body,
            "headers": dict(request.headers.items())}


def send(request):
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    connection.putrequest(request["method"], request["path"], skip_host=True,
                          skip_accept_encoding=True)
    for name, value in request["headers"].items():
        connection.putheader(name, value)
    body = request["body"].encode()
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    name = answer.getheader("x-amzn-ErrorType")
    answer_body = json.loads(text or b"{}")
    return (answer.status, name or answer_body.get("__type"),
            answer_body.get("message") or answer_body.get("Message") or "")


def passes(what, request):
    status, name, message = send(request)
    assert status == 200, (what, status, name, message)


def refused(what, request, name, words, status=400):
    got = send(request)
    assert got[0] == status and got[1] == name and words in got[2], (what, got)


INVALID = "InvalidSignatureException"
ALTERED = "The request signature we calculated does not match"

passes("plain", signed())
passes("another region", signed(region="eu-north-1"))
passes("a session token", signed(token="whatever"))
passes("large body", signed(body='{"nextToken":null,  "x":"%s"}' % ("y" * 900000)))
passes("four minutes late", signed(seconds=-240))
passes("four minutes early", signed(seconds=240))
passes("our own", signed(target="Moonstep.Stats"))
passes("metrics", dict(signed(method="GET", path="/healthz", target=None,
                              body="")))
for path in ("/schedules", "/schedules?MaxResults=5&ScheduleGroup=default",
             "/schedules?ScheduleGroup=default&MaxResults=5",
             "/schedule-groups?NamePrefix=a-b",
             "/tags/arn%3Aaws%3Ascheduler%3Aus-east-1%3A000000000000"
             "%3Aschedule-group%2Fdefault"):
    passes(path, signed(method="GET", path=path, service="scheduler",
                        target=None, body=""))
order = signed()
order["headers"] = dict(reversed(order["headers"].items()))
passes("headers in another order", order)
names = signed()
names["headers"] = {n.upper(): "  %s  " % v if n == "Content-Type" else v
                    for n, v in names["headers"].items()}
passes("names in capitals, blanks around a value", names)
passes("the same again, within five minutes", names)

refused("late", signed(seconds=-310), INVALID, "Signature expired: ")
refused("early", signed(seconds=310), INVALID, "Signature not yet current: ")
refused("a day late", signed(seconds=-86400), INVALID, "Signature expired: ")
refused("another secret", signed(secret_=secret + "x"), INVALID, ALTERED)
refused("nobody's key", signed(id_="nobody"), "UnrecognizedClientException",
        "The security token included in the request is invalid.")
refused("another service", signed(service="s3"), INVALID,
        "Credential should be scoped to correct service: 'states'")


def altered(what, name="x", value=None, **changes):
    request = signed()
    if value is not None:
        request["headers"][name] = value
    request.update(changes)
    refused(what, request, INVALID, ALTERED)


altered("body", body='{"maxResults":1}')
altered("blank in the body", body="{} ")
altered("no body", body="")
altered("path", path="/?a=b")
altered("target", name="X-Amz-Target",
        value="AWSStepFunctions.ListActivities")
altered("host", name="Host", value="states.us-east-1.amazonaws.com")
altered("content type", name="Content-Type", value="text/plain")

time = signed(seconds=-400)
late = signed()
time["headers"]["X-Amz-Date"] = late["headers"]["X-Amz-Date"]
refused("an old one with a new time", time, INVALID, ALTERED)
for name in ("Authorization", "X-Amz-Date", "X-Amz-Target"):
    request = signed()
    del request["headers"][name]
    got = send(request)
    assert got[0] >= 400, (name, got)
request = signed()
del request["headers"]["Authorization"]
refused("nothing signed", request, "MissingAuthenticationTokenException",
        "Missing Authentication Token")
request = signed()
request["headers"]["Authorization"] = \
    request["headers"]["Authorization"].rsplit(",", 1)[0]
refused("no signature", request, "IncompleteSignatureException",
        "Authorization header requires 'Signature' parameter.")
unsigned = signed()
unsigned["headers"]["Authorization"] = unsigned["headers"]["Authorization"] \
    .replace(";x-amz-target", "")
refused("target not signed", unsigned, INVALID, "'x-amz-target'")
request = signed(method="GET", path="/schedules", service="scheduler",
                 target=None, body="")
request["path"] = "/schedules?MaxResults=1"
refused("query", request, INVALID, ALTERED, 403)
request = signed(method="GET", path="/metrics", target=None, body="")
request["headers"]["X-Amz-Date"] = late["headers"]["X-Amz-Date"][:8] + "T000000Z"
refused("metrics", request, INVALID, "", 403)
origin = signed()
origin["headers"]["Origin"] = "http://evil.example"
refused("a page of another site", origin, "AccessDeniedException",
        "Origin", 403)
print("passed: what is signed, altered, late")
