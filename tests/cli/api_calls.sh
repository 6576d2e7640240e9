#!/bin/sh
# Calls that no service's model describes, at stand-ins: apigateway:invoke, and
# the Kubernetes API of EKS; and clusters that are removed.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/services.sh"
stand_in apis.py

last() { tail -n 1 "$home/requests" | grep -qF -e "$1" ||
  fail "not sent: $1 but $(tail -n 1 "$home/requests")"; }

# ---- API Gateway ----

# invoke PARAMETERS: calls an API, at the stand-in.
host=abc123.execute-api.eu-west-1.amazonaws.com
invoke() { task apigateway:invoke "{\"ApiEndpoint\": \"$host\", $1}"; }
GET='"Method": "GET"' POST='"Method": "POST"'
call() {
  wanted=$1
  shift
  run "$wanted" --service-endpoint "apigateway=$url" "$@"
}

# What is sent, what comes back.
invoke "$GET, \"Stage\": \"prod\", \"Path\": \"bills/a b%2Fc\",
  \"QueryParameters\": {\"id\": [\"1\", \"2 3\"], \"none\": null, \"n\": 7},
  \"Headers\": {\"X-Mine\": [\"me\", \"you\"]}, \"RequestBody\": {\"a\": 1}"
call 0
last '"path": "/prod/bills/a%20b%2Fc", "query": "id=1&id=2%203&n=7"'
last '"x-mine": "me, you"'
last "\"host\": \"$host\""
last '"body": ""'
out_has '{"Headers":{"Content-Length":["'
out_has '"Content-Type":["application/json"]'
out_has '"ResponseBody":{"method": "GET"'
out_has '"StatusCode":200,"StatusText":"OK"}'
invoke "$POST, \"Path\": \"/text\",
  \"RequestBody\": {\"a\": null, \"b\": [{\"c\": null, \"d\": 1.0}, null]}"
call 0
last '"path": "/text"'
last '"content-type": "application/json"'
last '"body": "{\"b\":[{\"d\":1.0},null]}"'
out_has '"X-Two":["1, 2"]},"ResponseBody":"taken","StatusCode":202'
invoke "$POST, \"AllowNullValues\": true, \"RequestBody\": {\"a\": null}"
call 0
last '"body": "{\"a\": null}"'
invoke "\"Method\": \"PATCH\", \"RequestBody\": \"as it is\""
call 0
last '"body": "as it is"'

# Failures have the status in their names, the body is the cause.
invoke "$GET, \"Path\": \"private\""
call 1
err_has 'ApiGateway.403'
err_has '{"message": "Missing Authentication Token"}'
run 1 --service-endpoint apigateway=http://127.0.0.1:1
err_has 'ApiGateway.SdkClientException'

# Signatures, for the API's region.
for kind in IAM_ROLE RESOURCE_POLICY; do
  invoke "$POST, \"Stage\": \"s\", \"Path\": \"a b\", \"AuthType\": \"$kind\",
    \"QueryParameters\": {\"b\": \"2\", \"a\": \"1/1\"}, \"RequestBody\": {}"
  call 0
  out_has '"signed": "eu-west-1/execute-api/aws4_request"'
done
invoke "$GET, \"AuthType\": \"NO_AUTH\""
call 0
out_has '"signed": null'

# The token of a task that others answer.
echo '{"StartAt": "T", "States": {"T": {"Type": "Task", "TimeoutSeconds": 1,
  "Resource": "arn:aws:states:::apigateway:invoke.waitForTaskToken",
  "Parameters": {"ApiEndpoint": "'$host'", "Method": "GET", "Headers":
    {"TaskToken.$": "States.Array($$.Task.Token)"}}, "End": true}}}' \
  >"$home/m.asl.json"
call 1
err_has 'States.Timeout'
last '"tasktoken": "'

# What can't be meant is refused.
before=$(requests '{')
for wrong in "$GET, \"Headers\": {\"Host\": \"other\"}" \
  "$GET, \"Headers\": {\"X-Amz-Date\": \"now\"}" \
  "$GET, \"AuthType\": \"BASIC\"" "\"Method\": \"TRACE\"" \
  "$GET, \"Stages\": \"s\"" "$GET, \"Path\": 1"; do
  invoke "$wrong"
  call 1
  err_has 'States.Runtime'
done
task apigateway:invoke "{\"ApiEndpoint\": \"http://$host\", $GET}"
call 1
err_has 'The ApiEndpoint must be the name of a host'
# Without an address of the operator's, only public ones are called.
task apigateway:invoke "{\"ApiEndpoint\": \"${url#http://}\", $GET}"
run 1
err_has 'not allowed'
[ "$(requests '{')" = "$before" ] || fail "something was sent"

# ---- Kubernetes ----

# eks RESOURCE PARAMETERS [CLUSTER]
eks() {
  task "eks:$1" "{\"ClusterName\": \"${3:-cluster}\", \"Endpoint\": \"$url\",
    \"CertificateAuthority\": \"bm9uZQ==\", $2}"
}
allowed() {
  wanted=$1
  shift
  run "$wanted" --http-allow 127.0.0.1/32 "$@"
}

# job NAME: a Job's definition.
job() {
  echo "\"Job\": {\"apiVersion\": \"batch/v1\", \"kind\": \"Job\",
    \"metadata\": {\"name\": \"$1\"}, \"spec\": {}}"
}

eks call "$GET, \"Path\": \"/api/v1/namespaces/default/pods\",
  \"QueryParameters\": {\"labelSelector\": [\"job-name=x\"]}"
run 1
err_has 'EKS.SdkClientException'
err_has 'not allowed'
allowed 0
last '"query": "labelSelector=job-name%3Dx"'
out_has '{"ResponseBody":{"kind": "PodList", "items": [{"metadata": {"name":'
out_has '"StatusCode":200,"StatusText":"OK"}'
eks call "$GET, \"Path\": \"/api/v1/pods\"" another
allowed 1
err_has 'EKS.401'
err_has '{"ResponseBody":{"kind": "Status",'
err_has '"StatusCode":401,"StatusText":"Unauthorized"}'

# Jobs: without a wait, with one, and with logs.
eks runJob "$(job j1)"
allowed 0
out_has '"namespace": "default"}'
out_has '"StatusCode":201,"StatusText":"Created"}'
eks runJob.sync "\"Namespace\": \"own\", $(job j2)"
allowed 0
out_has '"metadata": {"name": "j2", "namespace": "own"}'
out_has '"type": "Complete"'
eks runJob.sync "$(job j3), \"LogOptions\": {\"RetrieveLogs\": true,
  \"LogParameters\": {\"tailLines\": [\"6\"]}}"
allowed 0
out_has '"logs":{"pods":{"j3-1":{"containers":{"pi":{"log":{"pi": 3.140}},'
out_has '"speech":{"log":"said 6"}'
out_has '"broken":{"error":"EKS.400","cause":"{'
eks runJob.sync "$(job j4), \"LogOptions\": {\"RetrieveLogs\": true,
  \"RawLogs\": true}"
allowed 0
out_has '"pi":{"log":"{\"pi\": 3.140}"}'
eks runJob.sync "$(job bad1)"
allowed 1
err_has 'States.TaskFailed'
err_has '"type": "Failed"'
eks runJob.sync "$(job bad1)"
allowed 1
err_has 'EKS.409'

# A Job whose task is given up is deleted.
MOONSTEP_HTTP_ALLOW=127.0.0.1/32
export MOONSTEP_HTTP_ALLOW
serve
eks runJob.sync "$(job long1)"
expect 0 start "$home/m.asl.json" --endpoint "$endpoint" --name one
until_true "it is looked at" asked '"GET", "path": "/apis/batch/v1/namespaces/default/jobs/long1"'
expect 0 stop m:one --endpoint "$endpoint"
until_true "it is deleted" asked '"DELETE", "path": "/apis/batch/v1/namespaces/default/jobs/long1", "query": "propagationPolicy=Background"'

# A cluster that is removed is waited for until it is gone.
task eks:deleteCluster.sync '{"Name": "c1"}'
run 0 --service-endpoint "eks=$url"
out_has '"Cluster":{"Name":"c1","Status":"DELETING"}'
task eks:deleteCluster.sync '{"Name": "bad"}'
run 1 --service-endpoint "eks=$url"
err_has 'States.TaskFailed'
err_has '"Status":"FAILED"'
echo ok
