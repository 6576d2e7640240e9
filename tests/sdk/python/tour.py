"""tour.py - every operation of Step Functions and of EventBridge Scheduler, as
a program with boto3 calls them, against the server at the first argument.

The models are the newest ones, which botocore finds through AWS_DATA_PATH. At
the end, each operation of both models must have been called, and each have
been refused at least once where it can be.
"""
import json
import sys
import threading
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1]
ROLE = "arn:aws:iam::000000000000:role/tour"
ARN = "arn:aws:states:us-east-1:000000000000:"
CONFIG = Config(retries={"max_attempts": 0}, inject_host_prefix=False,
                read_timeout=90)

called, refused = set(), set()


def client(service):
    made = boto3.client(service, endpoint_url=ENDPOINT, config=CONFIG,
                        region_name="us-east-1", aws_access_key_id="none",
                        aws_secret_access_key="none")

    def note(http_response, parsed, model, **_):
        called.add((service, model.name))
        if http_response.status_code >= 400:
            refused.add((service, model.name))

    made.meta.events.register(f"after-call.{service}.*", note)
    return made


sfn = client("stepfunctions")
scheduler = client("scheduler")


def fails(code, call, **given):
    """The call is refused with the exception that the model names."""
    try:
        answer = call(**given)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        assert error.response["Error"].get("Message"), error
        assert error.response["ResponseMetadata"]["RequestId"]
        modelled = getattr(sfn.exceptions, code, None) or getattr(
            scheduler.exceptions, code, None)
        assert modelled is None or code == type(error).__name__, error
        return error.response
    raise AssertionError(f"not refused with {code}: {answer}")


def machine(states, **more):
    return json.dumps({"StartAt": next(iter(states)), "States": states,
                       **more})


PASS = machine({"A": {"Type": "Pass", "End": True}})
HOLD = machine({"A": {"Type": "Wait", "Seconds": 9999, "End": True}})


def create(name, definition, **more):
    return sfn.create_state_machine(name=name, definition=definition,
                                    roleArn=ROLE, **more)


def start(arn, name, data=None):
    return sfn.start_execution(stateMachineArn=arn, name=name,
                               input=json.dumps(data))["executionArn"]


def until(holds, what):
    for _ in range(1200):
        value = holds()
        if value:
            return value
        time.sleep(0.025)
    raise AssertionError(f"never: {what}")


def ended(arn):
    def look():
        now = sfn.describe_execution(executionArn=arn)
        return now if now["status"] != "RUNNING" else None
    return until(look, f"{arn} ends")


def state_machines():
    made = create("hello", PASS, tags=[{"key": "team", "value": "a"}])
    arn = made["stateMachineArn"]
    assert arn == ARN + "stateMachine:hello"
    described = sfn.describe_state_machine(stateMachineArn=arn)
    assert described["definition"] == PASS and described["type"] == "STANDARD"
    assert sfn.describe_state_machine(
        stateMachineArn=arn, includedData="METADATA_ONLY")["name"] == "hello"
    create("other", PASS)
    create("quick", PASS, type="EXPRESS")
    pages = sfn.get_paginator("list_state_machines").paginate(
        PaginationConfig={"PageSize": 2})
    assert [m["name"] for page in pages for m in page["stateMachines"]] == [
        "hello", "other", "quick"]
    assert sfn.validate_state_machine_definition(definition=PASS)["result"] \
        == "OK"
    sfn.tag_resource(resourceArn=arn, tags=[{"key": "stage", "value": "b"}])
    sfn.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [
        {"key": "stage", "value": "b"}]
    fails("StateMachineAlreadyExists", create, name="hello", definition=HOLD)
    fails("InvalidDefinition", create, name="x", definition="{")
    fails("InvalidArn", sfn.describe_state_machine, stateMachineArn="x")
    fails("StateMachineDoesNotExist", sfn.describe_state_machine,
          stateMachineArn=arn + "-not")
    fails("InvalidToken", sfn.list_state_machines, nextToken="nonsense")
    fails("StateMachineDoesNotExist", sfn.update_state_machine,
          stateMachineArn=arn + "-not", definition=PASS)
    fails("MissingRequiredParameter", sfn.update_state_machine,
          stateMachineArn=arn)
    fails("InvalidArn", sfn.delete_state_machine, stateMachineArn="x")
    for call, more in ((sfn.tag_resource, {"tags": []}),
                       (sfn.untag_resource, {"tagKeys": ["a"]}),
                       (sfn.list_tags_for_resource, {})):
        fails("ResourceNotFound", call, resourceArn=arn + "-not", **more)
    fails("ValidationException", sfn.validate_state_machine_definition,
          definition=PASS, maxResults=1000)


def executions():
    arn = ARN + "stateMachine:hello"
    one = start(arn, "one", {"n": 1.5})
    end = ended(one)
    assert end["status"] == "SUCCEEDED" and end["output"] == '{"n": 1.5}'
    assert end["redriveStatus"] == "NOT_REDRIVABLE"
    assert start(arn, "one", {"n": 1.5}) == one if end["status"] == "RUNNING" \
        else True
    assert sfn.describe_state_machine_for_execution(
        executionArn=one)["stateMachineArn"] == arn
    events = [event for page in
              sfn.get_paginator("get_execution_history").paginate(
                  executionArn=one, PaginationConfig={"PageSize": 3})
              for event in page["events"]]
    assert [event["id"] for event in events] == [1, 2, 3, 4]
    for name in ("two", "three"):
        ended(start(arn, name))
    pages = sfn.get_paginator("list_executions").paginate(
        stateMachineArn=arn, PaginationConfig={"PageSize": 2})
    assert [e["name"] for page in pages for e in page["executions"]] == [
        "three", "two", "one"]
    answer = sfn.start_sync_execution(
        stateMachineArn=ARN + "stateMachine:quick", input='{"a":1}')
    assert answer["status"] == "SUCCEEDED" and answer["output"] == '{"a":1}'
    assert answer["billingDetails"]["billedMemoryUsedInMB"] > 0
    held = start(create("hold", HOLD)["stateMachineArn"], "h")
    sfn.stop_execution(executionArn=held, error="Tour", cause="over")
    assert ended(held)["error"] == "Tour"
    fails("ExecutionAlreadyExists", sfn.start_execution, stateMachineArn=arn,
          name="one", input='{"other":1}')
    fails("InvalidExecutionInput", sfn.start_execution, stateMachineArn=arn,
          input="{")
    fails("StateMachineTypeNotSupported", sfn.start_sync_execution,
          stateMachineArn=arn)
    for call in (sfn.describe_execution, sfn.stop_execution,
                 sfn.get_execution_history,
                 sfn.describe_state_machine_for_execution):
        fails("ExecutionDoesNotExist", call, executionArn=one + "-not")
    fails("StateMachineDoesNotExist", sfn.list_executions,
          stateMachineArn=arn + "-not")


def redrives():
    fragile = machine({
        "A": {"Type": "Task", "Resource": ARN + "activity:fragile",
              "End": True}})
    sfn.create_activity(name="fragile")
    arn = create("fragile", fragile)["stateMachineArn"]
    one = start(arn, "one")
    task = sfn.get_activity_task(activityArn=ARN + "activity:fragile")
    sfn.send_task_failure(taskToken=task["taskToken"], error="E", cause="C")
    end = ended(one)
    assert end["status"] == "FAILED" and end["redriveStatus"] == "REDRIVABLE"
    sfn.redrive_execution(executionArn=one)
    task = sfn.get_activity_task(activityArn=ARN + "activity:fragile")
    sfn.send_task_success(taskToken=task["taskToken"], output='"done"')
    end = ended(one)
    assert end["status"] == "SUCCEEDED" and end["redriveCount"] == 1
    fails("ExecutionNotRedrivable", sfn.redrive_execution, executionArn=one)
    sfn.delete_activity(activityArn=ARN + "activity:fragile")


def versions():
    arn = ARN + "stateMachine:other"
    first = sfn.publish_state_machine_version(
        stateMachineArn=arn, description="the first")["stateMachineVersionArn"]
    assert first == arn + ":1"
    second = sfn.update_state_machine(
        stateMachineArn=arn, definition=HOLD,
        publish=True)["stateMachineVersionArn"]
    assert second == arn + ":2"
    listed = sfn.list_state_machine_versions(stateMachineArn=arn)
    assert [v["stateMachineVersionArn"]
            for v in listed["stateMachineVersions"]] == [second, first]
    route = [{"stateMachineVersionArn": first, "weight": 100}]
    alias = sfn.create_state_machine_alias(
        name="PROD", routingConfiguration=route)["stateMachineAliasArn"]
    assert alias == arn + ":PROD"
    by_alias = start(alias, "by-alias")
    end = ended(by_alias)
    assert end["stateMachineAliasArn"] == alias
    assert end["stateMachineVersionArn"] == first
    fails("ConflictException", sfn.delete_state_machine_version,
          stateMachineVersionArn=first)
    sfn.update_state_machine_alias(
        stateMachineAliasArn=alias, description="half",
        routingConfiguration=[
            {"stateMachineVersionArn": first, "weight": 50},
            {"stateMachineVersionArn": second, "weight": 50}])
    shown = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
    assert len(shown["routingConfiguration"]) == 2
    listed = sfn.list_state_machine_aliases(stateMachineArn=arn)
    assert [a["stateMachineAliasArn"]
            for a in listed["stateMachineAliases"]] == [alias]
    fails("StateMachineDoesNotExist", sfn.publish_state_machine_version,
          stateMachineArn=arn + "-not")
    fails("ValidationException", sfn.create_state_machine_alias,
          name="BAD", routingConfiguration=[
              {"stateMachineVersionArn": first, "weight": 60}])
    fails("ResourceNotFound", sfn.describe_state_machine_alias,
          stateMachineAliasArn=arn + ":NONE")
    fails("ResourceNotFound", sfn.update_state_machine_alias,
          stateMachineAliasArn=arn + ":NONE", description="x")
    fails("StateMachineDoesNotExist", sfn.list_state_machine_aliases,
          stateMachineArn=arn + "-not")
    fails("InvalidArn", sfn.delete_state_machine_alias,
          stateMachineAliasArn="x")
    fails("InvalidToken", sfn.list_state_machine_versions,
          stateMachineArn=arn, nextToken="nonsense")
    sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
    sfn.delete_state_machine_version(stateMachineVersionArn=second)


def activities():
    arn = sfn.create_activity(name="work")["activityArn"]
    assert arn == ARN + "activity:work"
    assert sfn.describe_activity(activityArn=arn)["name"] == "work"
    assert [a["name"] for page in
            sfn.get_paginator("list_activities").paginate()
            for a in page["activities"]] == ["work"]
    works = create("works", machine({
        "A": {"Type": "Task", "Resource": arn, "HeartbeatSeconds": 60,
              "Catch": [{"ErrorEquals": ["Own"], "Next": "B"}],
              "End": True},
        "B": {"Type": "Pass", "Result": "caught", "End": True}}))
    answers = []
    poll = threading.Thread(target=lambda: answers.append(
        client("stepfunctions").get_activity_task(activityArn=arn,
                                                  workerName="w")))
    poll.start()
    one = start(works["stateMachineArn"], "one", {"n": 1})
    poll.join(30)
    assert json.loads(answers[0]["input"]) == {"n": 1}
    token = answers[0]["taskToken"]
    sfn.send_task_heartbeat(taskToken=token)
    fails("InvalidOutput", sfn.send_task_success, taskToken=token, output="{")
    sfn.send_task_success(taskToken=token, output='{"m":2}')
    assert ended(one)["output"] == '{"m":2}'
    fails("TaskTimedOut", sfn.send_task_heartbeat, taskToken=token)
    two = start(works["stateMachineArn"], "two")
    token = sfn.get_activity_task(activityArn=arn)["taskToken"]
    sfn.send_task_failure(taskToken=token, error="Own", cause="why")
    assert ended(two)["output"] == '"caught"'
    fails("InvalidToken", sfn.send_task_failure, taskToken="nonsense")
    fails("InvalidName", sfn.create_activity, name="bad name")
    fails("ActivityDoesNotExist", sfn.describe_activity,
          activityArn=arn + "-not")
    fails("ActivityDoesNotExist", sfn.get_activity_task,
          activityArn=arn + "-not")
    fails("InvalidToken", sfn.list_activities, nextToken="nonsense")
    fails("InvalidArn", sfn.delete_activity, activityArn="x")
    sfn.delete_activity(activityArn=arn)


def map_runs():
    items = machine({"M": {
        "Type": "Map", "End": True, "ToleratedFailurePercentage": 100,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED",
                                "ExecutionType": "STANDARD"},
            "StartAt": "W", "States": {
                "W": {"Type": "Wait", "SecondsPath": "$", "End": True}}}}})
    one = start(create("maps", items)["stateMachineArn"], "one", [9999, 9999])
    run = until(lambda: sfn.list_map_runs(executionArn=one)["mapRuns"],
                "a Map Run")[0]["mapRunArn"]
    sfn.update_map_run(mapRunArn=run, maxConcurrency=7)
    shown = sfn.describe_map_run(mapRunArn=run)
    assert shown["maxConcurrency"] == 7 and shown["itemCounts"]["total"] == 2
    children = sfn.list_executions(mapRunArn=run)["executions"]
    assert all(child["mapRunArn"] == run for child in children)
    sfn.stop_execution(executionArn=one)
    fails("ResourceNotFound", sfn.describe_map_run, mapRunArn=run + "0")
    fails("ResourceNotFound", sfn.update_map_run, mapRunArn=run + "0",
          maxConcurrency=1)
    fails("ExecutionDoesNotExist", sfn.list_map_runs,
          executionArn=one + "-not")


def test_state():
    state = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
             "Parameters": {"FunctionName": "f"}, "End": True,
             "OutputPath": "$.Payload"}
    answer = sfn.test_state(
        definition=json.dumps(state), roleArn=ROLE, input="{}",
        inspectionLevel="DEBUG",
        mock={"result": json.dumps({"Payload": {"x": 1}})})
    assert answer["status"] == "SUCCEEDED", answer
    assert json.loads(answer["output"]) == {"x": 1}
    fails("InvalidDefinition", sfn.test_state, definition="{}", roleArn=ROLE)


def deletion():
    for page in sfn.get_paginator("list_state_machines").paginate():
        for each in page["stateMachines"]:
            sfn.delete_state_machine(
                stateMachineArn=each["stateMachineArn"])


def schedules():
    target = {"Arn": ARN + "stateMachine:hello", "RoleArn": ROLE,
              "Input": '{"by":"schedule"}'}
    off = {"Mode": "OFF"}
    group = scheduler.create_schedule_group(
        Name="tour", Tags=[{"Key": "a", "Value": "b"}])["ScheduleGroupArn"]
    assert scheduler.get_schedule_group(Name="tour")["State"] == "ACTIVE"
    names = [g["Name"] for page in
             scheduler.get_paginator("list_schedule_groups").paginate()
             for g in page["ScheduleGroups"]]
    assert names == ["default", "tour"], names
    made = scheduler.create_schedule(
        Name="daily", GroupName="tour", ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow=off, Target=target)
    scheduler.update_schedule(
        Name="daily", GroupName="tour",
        ScheduleExpression="cron(0 8 * * ? *)",
        ScheduleExpressionTimezone="Europe/Vienna",
        FlexibleTimeWindow=off, Target=target, State="DISABLED")
    shown = scheduler.get_schedule(Name="daily", GroupName="tour")
    assert shown["Arn"] == made["ScheduleArn"]
    assert shown["ScheduleExpressionTimezone"] == "Europe/Vienna"
    pages = scheduler.get_paginator("list_schedules").paginate(
        GroupName="tour")
    assert [s["Name"] for page in pages for s in page["Schedules"]] == [
        "daily"]
    scheduler.tag_resource(ResourceArn=group,
                           Tags=[{"Key": "c", "Value": "d"}])
    scheduler.untag_resource(ResourceArn=group, TagKeys=["a"])
    assert scheduler.list_tags_for_resource(ResourceArn=group)["Tags"] == [
        {"Key": "c", "Value": "d"}]
    fails("ConflictException", scheduler.create_schedule, Name="daily",
          GroupName="tour", ScheduleExpression="rate(1 day)",
          FlexibleTimeWindow=off, Target=target)
    fails("ValidationException", scheduler.update_schedule, Name="daily",
          GroupName="tour", ScheduleExpression="rate(1 week)",
          FlexibleTimeWindow=off, Target=target)
    fails("ConflictException", scheduler.create_schedule_group, Name="tour")
    none = "ResourceNotFoundException"
    fails(none, scheduler.get_schedule, Name="none")
    fails(none, scheduler.delete_schedule, Name="none")
    fails(none, scheduler.get_schedule_group, Name="none")
    fails(none, scheduler.delete_schedule_group, Name="none")
    fails(none, scheduler.list_schedules, GroupName="none")
    fails(none, scheduler.tag_resource, ResourceArn=group + "-not", Tags=[])
    fails(none, scheduler.untag_resource, ResourceArn=group + "-not",
          TagKeys=["a"])
    fails(none, scheduler.list_tags_for_resource, ResourceArn=group + "-not")
    fails("ValidationException", scheduler.list_schedule_groups,
          NextToken="nonsense")
    scheduler.delete_schedule(Name="daily", GroupName="tour")
    scheduler.delete_schedule_group(Name="tour")


def every_operation_was_called():
    for made, service in ((sfn, "stepfunctions"), (scheduler, "scheduler")):
        names = set(made.meta.service_model.operation_names)
        missing = names - {name for s, name in called if s == service}
        assert not missing, f"never called: {sorted(missing)}"
        missing = names - {name for s, name in refused if s == service}
        assert not missing, f"never refused: {sorted(missing)}"
    assert len(sfn.meta.service_model.operation_names) >= 37


failed = 0
for step in (state_machines, executions, versions, activities, redrives,
             map_runs, test_state, schedules, deletion,
             every_operation_was_called):
    try:
        step()
        print(f"passed: {step.__name__.replace('_', ' ')}")
    except Exception as error:  # the next step may work
        failed += 1
        print(f"failed: {step.__name__.replace('_', ' ')}: "
              f"{type(error).__name__}: {error}")
sys.exit(failed > 0)
