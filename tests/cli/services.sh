#!/bin/sh
# Calls of AWS services: signed, by the services' models, at stand-ins that
# check them; handlers that stand in; what is not configured.
. "$(dirname "$(realpath "$0")")/../support/cli.sh"
. "$(dirname "$(realpath "$0")")/../support/services.sh"
stand_in aws.py

# The JSON protocols: SQS, DynamoDB.
queue=$url/000000000000/q
task aws-sdk:sqs:createQueue '{"QueueName": "q"}'
run 0 --service-endpoint "sqs=$url"
out_is "{\"QueueUrl\":\"$queue\"}"
MOONSTEP_ENDPOINT=http://127.0.0.1:1 run 0 --endpoint "sqs=$url"
out_is "{\"QueueUrl\":\"$queue\"}"
MOONSTEP_ENDPOINT=$url run 1
err_has 'There is no endpoint of sqs'
task sqs:sendMessage \
  "{\"QueueUrl\": \"$queue\", \"MessageBody\": {\"n\": [1, 2.50]}}"
run 0 --service-endpoint "sqs=$url"
out_has '"MessageId":"'
out_has '"SdkHttpMetadata":{"AllHttpHeaders":{"Content-Length":['
out_has '"HttpStatusCode":200},"SdkResponseMetadata":{"RequestId":"request-1"}}'
requested '"MessageBody":"{\"n\":[1,2.50]}"'
task sqs:sendMessage "{\"QueueUrl\": \"$queue-not\", \"MessageBody\": \"m\"}"
run 1 --service-endpoint "$url"
err_has 'SQS.QueueDoesNotExistException'
task aws-sdk:dynamodb:putItem '{"TableName": "t", "Item": {"id": {"S": "1"}}}'
run 1 --service-endpoint "$url"
err_has 'DynamoDb.ResourceNotFoundException'
err_has '(Service: DynamoDb, Status Code: 400, Request ID: request-1)'

# Forms and XML: SNS, S3. Odd names are signed as they are sent.
task aws-sdk:sns:createTopic '{"Name": "news & more"}'
run 0 --service-endpoint "$url"
out_is '{"TopicArn":"arn:aws:sns:us-east-1:000000000000:news & more"}'
task sns:publish '{"TopicArn": "nowhere", "Message": "m"}'
run 1 --service-endpoint "$url"
err_has 'SNS.NotFoundException'
err_has '(Service: AmazonSNS; Status Code: 404; Error Code: NotFound;'
task aws-sdk:s3:putObject \
  '{"Bucket": "b", "Key": "a b/ü+(1)", "Body": {"x": "é"}}'
run 0 --service-endpoint "$url"
out_has '"ServerSideEncryption":"AES256"'
requested 's3 PUT /b/a%20b/%C3%BC%2B%281%29'
task aws-sdk:s3:getObject '{"Bucket": "b", "Key": "a b/ü+(1)"}'
run 0 --service-endpoint "$url"
out_has '"LastModified":"2020-01-02T03:04:05Z"'
out_has '"Body":"{\"x\":\"é\"}"'
task aws-sdk:s3:getObject '{"Bucket": "b", "Key": "no"}'
run 1 --service-endpoint "$url"
err_has 'S3.NoSuchKeyException'
err_has 'Request ID: request-1, Extended Request ID: host-1)'

# Addresses: the variables of AWS's SDKs, one service before all others.
task aws-sdk:secretsmanager:listSecrets '{}'
AWS_ENDPOINT_URL_SECRETS_MANAGER=$url run 0
out_is '{"SecretList":[]}'
AWS_ENDPOINT_URL=http://127.0.0.1:1 run 0 --service-endpoint "$url"
MOONSTEP_SERVICE_ENDPOINT="http://127.0.0.1:1 secretsmanager=$url" run 0
run 1 --service-endpoint http://127.0.0.1:1
err_has 'SecretsManager.SdkClientException'
err_has 'Unable to execute HTTP request'
AWS_SECRET_ACCESS_KEY=wrong run 1 --service-endpoint "$url"
err_has 'wrong signature'

# What is missing is said.
run 1
err_has 'There is no endpoint of secretsmanager'
err_has 'give --service-endpoint secretsmanager=URL'
task aws-sdk:nosuch:thing '{}'
run 1 --service-endpoint "$url"
err_has 'there is no model of nosuch (--service-models gives others)'
task aws-sdk:sqs:noSuchThing '{}'
run 1 --service-endpoint "$url"
err_has 'The model of sqs has no operation noSuchThing'
task sqs:sendMessage '{"queueUrl": "q"}'
run 1 --service-endpoint "$url"
err_has "The field 'queueUrl' is not supported by Step Functions"

# A handler stands in for a service.
mkdir -p "$home/handlers/aws"
cat >"$home/handlers/aws/sqs.lua" <<'LUA'
return {
  sendMessage = function(input, task)
    return { MessageId = input.QueueUrl .. task.attempt }
  end,
}
LUA
task sqs:sendMessage '{"QueueUrl": "u"}'
run 0 --handlers "$home/handlers"
out_is '{"MessageId":"u1"}'
task aws-sdk:sqs:listQueues '{}'
run 1 --handlers "$home/handlers"
err_has 'the handlers have no aws/sqs.lua with a function listQueues'

# The engine's own API is there without being named.
serve
task aws-sdk:sfn:listStateMachines '{}'
expect 0 start --wait "$home/m.asl.json" --endpoint "$endpoint"
out_has '"StateMachines":[{"StateMachineArn":"arn:'
out_has '"CreationDate":"20'

# What can't be asked is not scheduled; a thread finds out, by the model.
task aws-sdk:glue:getJob '{"jobName": "j"}'
mv "$home/m.asl.json" "$home/wrong.asl.json"
expect 1 start --wait "$home/wrong.asl.json" --endpoint "$endpoint" --name one
err_has "The field 'jobName' is not supported by Step Functions"
expect 0 history wrong:one --json --endpoint "$endpoint"
out_has '"TaskStateEntered"'
! grep -q '"TaskScheduled"' "$home/out" || fail "it was scheduled"
echo ok
