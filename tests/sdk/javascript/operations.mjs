// operations.mjs - the operations that tour.mjs does not call: activities,
// tokens, versions and aliases, redrives, Map Runs, TestState; and EventBridge
// Scheduler. At the end, no command of either client may be left over.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as sfn from "@aws-sdk/client-sfn";
import * as scheduler from "@aws-sdk/client-scheduler";

const settings = {
  endpoint: process.argv[2],
  region: "us-east-1",
  credentials: { accessKeyId: "none", secretAccessKey: "none" },
  disableHostPrefix: true,
  maxAttempts: 1,
};
const states = new sfn.SFNClient(settings);
const times = new scheduler.SchedulerClient(settings);
const roleArn = "arn:aws:iam::000000000000:role/tour";
const arnOf = (kind, name) =>
  `arn:aws:states:us-east-1:000000000000:${kind}:${name}`;

const called = new Set();
const send = (client, library) => (name, input = {}) => {
  called.add(`${name}Command`);
  return client.send(new library[`${name}Command`](input));
};
const ask = send(states, sfn);
const plan = send(times, scheduler);

async function fails(error, promise) {
  await assert.rejects(promise, (thrown) => {
    assert.equal(thrown.name, error, thrown);
    const known = [sfn[error], scheduler[error]].filter(Boolean);
    assert.ok(!known.length || known.some((one) => thrown instanceof one));
    assert.ok(thrown.message);
    return true;
  });
}

const machine = (all) => JSON.stringify({
  StartAt: Object.keys(all)[0], States: all });
const pass = machine({ A: { Type: "Pass", End: true } });
const create = (name, definition) => ask("CreateStateMachine",
  { name, definition, roleArn });
const start = async (name, id, input = null) => (await ask("StartExecution", {
  stateMachineArn: arnOf("stateMachine", name), name: id,
  input: JSON.stringify(input) })).executionArn;

async function until(what, look) {
  for (let i = 0; i < 1200; i++) {
    const found = await look();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`never: ${what}`);
}
const ended = (executionArn) => until(`${executionArn} ends`, async () => {
  const now = await ask("DescribeExecution", { executionArn });
  return now.status !== "RUNNING" && now;
});

const steps = {
  async activities() {
    const { activityArn } = await ask("CreateActivity", { name: "work" });
    assert.equal(activityArn, arnOf("activity", "work"));
    assert.equal((await ask("DescribeActivity", { activityArn })).name,
      "work");
    const names = [];
    for await (const page of sfn.paginateListActivities(
      { client: states }, {})) {
      called.add("ListActivitiesCommand");
      names.push(...page.activities.map((each) => each.name));
    }
    assert.deepEqual(names, ["work"]);
    await create("works", machine({
      A: { Type: "Task", Resource: activityArn, HeartbeatSeconds: 60,
        End: true } }));
    const poll = ask("GetActivityTask", { activityArn, workerName: "w" });
    const one = await start("works", "one", { n: 1 });
    const { taskToken, input } = await poll;
    assert.deepEqual(JSON.parse(input), { n: 1 });
    await ask("SendTaskHeartbeat", { taskToken });
    await fails("InvalidOutput",
      ask("SendTaskSuccess", { taskToken, output: "{" }));
    await ask("SendTaskFailure", { taskToken, error: "E", cause: "C" });
    assert.equal((await ended(one)).error, "E");
    await fails("TaskTimedOut", ask("SendTaskHeartbeat", { taskToken }));
    await fails("InvalidToken", ask("SendTaskSuccess",
      { taskToken: "nonsense", output: "1" }));
    await fails("ActivityDoesNotExist", ask("GetActivityTask",
      { activityArn: `${activityArn}-not` }));

    await ask("RedriveExecution", { executionArn: one });
    const again = await ask("GetActivityTask", { activityArn });
    await ask("SendTaskSuccess",
      { taskToken: again.taskToken, output: '"done"' });
    const end = await ended(one);
    assert.equal(end.output, '"done"');
    assert.equal(end.redriveCount, 1);
    assert.ok(end.redriveDate instanceof Date);
    await fails("ExecutionNotRedrivable",
      ask("RedriveExecution", { executionArn: one }));
    await ask("DeleteActivity", { activityArn });
    await fails("ActivityDoesNotExist",
      ask("DescribeActivity", { activityArn }));
  },

  async "versions and aliases"() {
    const { stateMachineArn } = await create("hello", pass);
    const { stateMachineVersionArn } = await ask(
      "PublishStateMachineVersion", { stateMachineArn });
    assert.equal(stateMachineVersionArn, `${stateMachineArn}:1`);
    const routingConfiguration = [{ stateMachineVersionArn, weight: 100 }];
    const { stateMachineAliasArn } = await ask("CreateStateMachineAlias",
      { name: "PROD", routingConfiguration });
    await ask("UpdateStateMachineAlias",
      { stateMachineAliasArn, description: "ours" });
    const shown = await ask("DescribeStateMachineAlias",
      { stateMachineAliasArn });
    assert.equal(shown.description, "ours");
    assert.deepEqual(shown.routingConfiguration, routingConfiguration);
    assert.equal((await ask("ListStateMachineAliases", { stateMachineArn }))
      .stateMachineAliases.length, 1);
    assert.equal((await ask("ListStateMachineVersions", { stateMachineArn }))
      .stateMachineVersions.length, 1);
    const end = await ended(await start("hello:PROD", "by-alias"));
    assert.equal(end.stateMachineAliasArn, stateMachineAliasArn);
    await fails("ConflictException", ask("DeleteStateMachineVersion",
      { stateMachineVersionArn }));
    await ask("DeleteStateMachineAlias", { stateMachineAliasArn });
    await ask("DeleteStateMachineVersion", { stateMachineVersionArn });
  },

  async "Map Runs"() {
    await create("maps", machine({ M: {
      Type: "Map", End: true, ItemProcessor: {
        ProcessorConfig: { Mode: "DISTRIBUTED", ExecutionType: "STANDARD" },
        StartAt: "W",
        States: { W: { Type: "Wait", SecondsPath: "$", End: true } } } } }));
    const executionArn = await start("maps", "one", [9999]);
    const mapRunArn = await until("a Map Run", async () =>
      (await ask("ListMapRuns", { executionArn })).mapRuns[0]?.mapRunArn);
    await ask("UpdateMapRun", { mapRunArn, toleratedFailureCount: 3 });
    const run = await ask("DescribeMapRun", { mapRunArn });
    assert.equal(run.toleratedFailureCount, 3);
    assert.equal(run.itemCounts.total, 1);
    await ask("StopExecution", { executionArn });
    await fails("ResourceNotFound",
      ask("DescribeMapRun", { mapRunArn: `${mapRunArn}0` }));
  },

  async TestState() {
    const answer = await ask("TestState", {
      definition: JSON.stringify({ Type: "Pass", End: true,
        Parameters: { "x.$": "$.y" } }),
      roleArn, input: '{"y":[1]}', inspectionLevel: "DEBUG" });
    assert.equal(answer.status, "SUCCEEDED");
    assert.equal(answer.output, '{"x":[1]}');
    assert.equal(answer.inspectionData.afterParameters, '{"x":[1]}');
    await fails("InvalidDefinition",
      ask("TestState", { definition: "{}", roleArn }));
  },

  async schedules() {
    const Target = { Arn: arnOf("stateMachine", "hello"), RoleArn: roleArn };
    const FlexibleTimeWindow = { Mode: "OFF" };
    const { ScheduleGroupArn } = await plan("CreateScheduleGroup",
      { Name: "tour" });
    await plan("GetScheduleGroup", { Name: "tour" });
    for await (const page of scheduler.paginateListScheduleGroups(
      { client: times }, {})) {
      called.add("ListScheduleGroupsCommand");
      assert.equal(page.ScheduleGroups.length, 2);
    }
    const schedule = { Name: "daily", GroupName: "tour", Target,
      FlexibleTimeWindow, ScheduleExpression: "rate(1 day)" };
    await plan("CreateSchedule", schedule);
    await fails("ConflictException", plan("CreateSchedule", schedule));
    await plan("UpdateSchedule", { ...schedule, State: "DISABLED",
      EndDate: new Date("2099-01-01T00:00:00Z") });
    const shown = await plan("GetSchedule",
      { Name: "daily", GroupName: "tour" });
    assert.equal(shown.State, "DISABLED");
    assert.equal(+shown.EndDate, +new Date("2099-01-01T00:00:00Z"));
    assert.equal((await plan("ListSchedules", { GroupName: "tour" }))
      .Schedules.length, 1);
    const ResourceArn = ScheduleGroupArn;
    await times.send(new scheduler.TagResourceCommand(
      { ResourceArn, Tags: [{ Key: "a", Value: "b" }] }));
    const { Tags } = await times.send(
      new scheduler.ListTagsForResourceCommand({ ResourceArn }));
    assert.deepEqual(Tags, [{ Key: "a", Value: "b" }]);
    await times.send(new scheduler.UntagResourceCommand(
      { ResourceArn, TagKeys: ["a"] }));
    await fails("ResourceNotFoundException",
      plan("GetSchedule", { Name: "none" }));
    await fails("ValidationException", plan("UpdateSchedule",
      { ...schedule, ScheduleExpression: "cron(* *)" }));
    await plan("DeleteSchedule", { Name: "daily", GroupName: "tour" });
    await plan("DeleteScheduleGroup", { Name: "tour" });
  },

  // (tags of both clients have the same names: they are called here or there)
  async "nothing is left out"() {
    const tour = readFileSync(new URL("tour.mjs", import.meta.url), "utf8");
    const left = [...Object.keys(sfn), ...Object.keys(scheduler)]
      .filter((name) => /^[A-Z]\w+Command$/.test(name))
      .filter((name) => !called.has(name) && !tour.includes(name) &&
        !tour.includes(`paginate${name.replace(/Command$/, "")}`));
    assert.deepEqual(left, []);
  },
};

let failed = 0;
for (const [name, step] of Object.entries(steps)) {
  try {
    await step();
    console.log(`passed: ${name}`);
  } catch (error) {
    failed++;
    console.log(`failed: ${name}\n${error.stack}`);
  }
}
process.exit(failed ? 1 : 0);
