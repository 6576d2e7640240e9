#!/usr/bin/env python3
"""Makes the service models of this folder from botocore's.

    models/trim.py BOTOCORE/data [SERVICE...]

BOTOCORE/data is the folder of that name in a botocore package (one folder a
service, in it one a version, in it service-2.json or service-2.json.gz).
Without SERVICE, all of SERVICES are made. Written is SERVICE.json.gz beside
this script, the same bytes for the same input.
"""
import gzip
import json
import os
import sys

# What Step Functions has integrations of its own for, and what else
# workflows use most.
SERVICES = """
athena batch bedrock bedrock-runtime cloudformation cloudwatch codebuild
cognito-idp comprehend databrew dynamodb ecr ecs eks emr emr-containers
emr-serverless events firehose glue iam kinesis kms lambda logs mediaconvert
polly rds-data redshift-data rekognition s3 sagemaker sagemaker-runtime
scheduler secretsmanager ses sesv2 sns sqs ssm stepfunctions sts textract
transcribe translate
""".split()

# Of large ones, only these operations.
OPERATIONS = {
    "sagemaker": """
        AddTags CreateEndpoint CreateEndpointConfig CreateHyperParameterTuningJob
        CreateLabelingJob CreateModel CreateProcessingJob CreateTrainingJob
        CreateTransformJob DeleteEndpoint DeleteEndpointConfig DeleteModel
        DescribeEndpoint DescribeEndpointConfig
        DescribeHyperParameterTuningJob DescribeLabelingJob DescribeModel
        DescribeProcessingJob DescribeTrainingJob DescribeTransformJob
        ListTags StopHyperParameterTuningJob StopLabelingJob StopProcessingJob
        StopTrainingJob StopTransformJob UpdateEndpoint
    """.split(),
}

# What Step Functions was seen to have otherwise: AWS raised this limit after
# it had been recorded there.
SEEN = {"lambda": {"MemorySize": {"max": 10240}}}

METADATA = """
endpointPrefix jsonVersion protocol protocols serviceId signatureVersion
signingName targetPrefix xmlNamespace apiVersion
""".split()
OPERATION = """
http input output errors endpoint authtype httpChecksumRequired
""".split()
SHAPE = """
type members required max min member enum error exception key value payload
timestampFormat wrapper flattened document locationName xmlNamespace
xmlAttribute streaming eventstream union
""".split()
MEMBER = """
shape location locationName idempotencyToken flattened jsonvalue hostLabel
queryName resultWrapper xmlAttribute xmlNamespace streaming
timestampFormat
""".split()


def keep(value, names):
    return {name: value[name] for name in names if name in value}


def trim_shape(shape):
    kept = keep(shape, SHAPE)
    if "members" in kept:
        kept["members"] = {name: keep(member, MEMBER)
                           for name, member in kept["members"].items()}
    for part in ("member", "key", "value"):
        if part in kept:
            kept[part] = keep(kept[part], MEMBER)
    if kept["type"] == "string":  # lengths and names are not looked at
        for name in ("min", "max", "enum"):
            kept.pop(name, None)
    elif kept["type"] in ("list", "map", "blob"):
        for name in ("min", "max"):
            kept.pop(name, None)
    return kept


def refers_to(shape):
    for member in shape.get("members", {}).values():
        yield member["shape"]
    for part in ("member", "key", "value"):
        if part in shape:
            yield shape[part]["shape"]


def reachable(operations, shapes):
    todo = []
    for operation in operations.values():
        todo += [operation[part]["shape"] for part in ("input", "output")
                 if part in operation]
        todo += [error["shape"] for error in operation.get("errors", [])]
    found = set()
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += refers_to(shapes[name])
    return found


def trim(model, only):
    operations = {}
    for name, operation in model["operations"].items():
        if only is None or name in only:
            kept = operations[name] = keep(operation, OPERATION)
            if operation.get("httpChecksum", {}).get(
                    "requestChecksumRequired"):
                kept["httpChecksumRequired"] = True
            for part in ("input", "output"):
                if part in kept:
                    kept[part] = keep(kept[part], MEMBER)
            if "errors" in kept:
                kept["errors"] = [keep(error, ["shape"])
                                  for error in kept["errors"]]
    shapes = reachable(operations, model["shapes"])
    return {
        "metadata": keep(model["metadata"], METADATA),
        "operations": operations,
        "shapes": {name: trim_shape(shape)
                   for name, shape in model["shapes"].items()
                   if name in shapes},
    }


def read(folder):
    for version in sorted(os.listdir(folder), reverse=True):
        for name, opener in (("service-2.json", open),
                             ("service-2.json.gz", gzip.open)):
            path = os.path.join(folder, version, name)
            if os.path.exists(path):
                with opener(path, "rb") as file:
                    return json.load(file)
    sys.exit(f"{folder}: no service-2.json in it")


def main(data, *services):
    here = os.path.dirname(os.path.abspath(__file__))
    for service in services or SERVICES:
        model = trim(read(os.path.join(data, service)),
                     OPERATIONS.get(service))
        for shape, seen in SEEN.get(service, {}).items():
            model["shapes"][shape].update(seen)
        text = json.dumps(model, separators=(",", ":"))
        with open(os.path.join(here, service + ".json.gz"), "wb") as file:
            file.write(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(*sys.argv[1:])
