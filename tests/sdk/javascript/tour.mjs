// tour.mjs - what a program with AWS's JavaScript SDK does with Step
// Functions, against the server at the first argument. The SDK is as it comes;
// only the endpoint and the prefix of host names are set.
import assert from "node:assert/strict";
import * as sfn from "@aws-sdk/client-sfn";

const client = new sfn.SFNClient({
  endpoint: process.argv[2],
  region: "us-east-1",
  credentials: { accessKeyId: "none", secretAccessKey: "none" },
  disableHostPrefix: true, // no DNS for sync-127.0.0.1
  maxAttempts: 1,
});
const roleArn = "arn:aws:iam::000000000000:role/tour";

const definition = (states) => JSON.stringify({
  StartAt: Object.keys(states)[0],
  States: states,
});
const hello = definition({
  Greet: { Type: "Pass", Parameters: { "text.$": "$.name" }, Next: "Twice" },
  Twice: {
    Type: "Parallel",
    Branches: ["A", "B"].map((name) => ({
      StartAt: name,
      States: { [name]: { Type: "Pass", End: true } },
    })),
    End: true,
  },
});
const hold = definition({ Hold: { Type: "Wait", Seconds: 9999, End: true } });

const create = (name, text, more = {}) => client.send(
  new sfn.CreateStateMachineCommand({
    name, roleArn, definition: text, ...more,
  }));

/** Fails with the SDK's own class of error, and AWS's words. */
async function fails(command, error, message) {
  await assert.rejects(client.send(command), (thrown) => {
    assert.equal(thrown.name, error);
    if (sfn[error]) assert.ok(thrown instanceof sfn[error], error);
    assert.match(thrown.message, message);
    assert.equal(thrown.$metadata.httpStatusCode, 400);
    assert.ok(thrown.$metadata.requestId);
    return true;
  });
}

async function ended(executionArn) {
  for (let i = 0; i < 600; i++) {
    const now = await client.send(
      new sfn.DescribeExecutionCommand({ executionArn }));
    if (now.status !== "RUNNING") return now;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`${executionArn} does not end`);
}

const steps = {
  async "create, describe, list"() {
    const made = await create("hello", hello);
    assert.ok(made.creationDate instanceof Date);
    assert.equal((await create("hello", hello)).stateMachineArn,
      made.stateMachineArn);
    const described = await client.send(new sfn.DescribeStateMachineCommand(
      { stateMachineArn: made.stateMachineArn }));
    assert.equal(described.definition, hello);
    assert.equal(described.type, "STANDARD");
    assert.equal(described.roleArn, roleArn);
    assert.equal(described.status, "ACTIVE");
    await create("hold", hold);
    await create("quick", hello, { type: "EXPRESS" });
    const names = [];
    for await (const page of sfn.paginateListStateMachines(
      { client, pageSize: 2 }, {}))
      names.push(...page.stateMachines.map((machine) => machine.name));
    assert.deepEqual(names, ["hello", "hold", "quick"]);
    return made.stateMachineArn;
  },

  async "start, wait, describe"(stateMachineArn) {
    const input = JSON.stringify({ name: "Ünal", id: 1234567890 });
    const started = await client.send(new sfn.StartExecutionCommand(
      { stateMachineArn, name: "first", input }));
    assert.ok(Math.abs(started.startDate - Date.now()) < 60000);
    const end = await ended(started.executionArn);
    assert.equal(end.status, "SUCCEEDED");
    assert.deepEqual(JSON.parse(end.output),
      [{ text: "Ünal" }, { text: "Ünal" }]);
    assert.equal(end.input, input);
    assert.ok(end.stopDate >= end.startDate);
    const machine = await client.send(
      new sfn.DescribeStateMachineForExecutionCommand(
        { executionArn: started.executionArn }));
    assert.equal(machine.name, "hello");
    return started.executionArn;
  },

  async "history, page by page"(stateMachineArn, executionArn) {
    const events = [];
    for await (const page of sfn.paginateGetExecutionHistory(
      { client, pageSize: 3 }, { executionArn })) {
      assert.ok(page.events.length <= 3);
      events.push(...page.events);
    }
    assert.deepEqual(events.map((event) => event.id),
      events.map((event, at) => at + 1));
    assert.equal(events[0].type, "ExecutionStarted");
    assert.equal(events[0].executionStartedEventDetails.roleArn, roleArn);
    assert.equal(events.at(-1).type, "ExecutionSucceeded");
    assert.ok(events.some((event) => event.type === "ParallelStateStarted"));
    const last = await client.send(new sfn.GetExecutionHistoryCommand(
      { executionArn, reverseOrder: true, maxResults: 1 }));
    assert.equal(last.events[0].id, events.length);
    assert.ok(last.nextToken);
  },

  async "list executions, page by page"(stateMachineArn) {
    for (let i = 0; i < 7; i++)
      await client.send(new sfn.StartExecutionCommand(
        { stateMachineArn, name: `more-${i}`, input: '{"name":1}' }));
    const names = [];
    for await (const page of sfn.paginateListExecutions(
      { client, pageSize: 3 }, { stateMachineArn }))
      names.push(...page.executions.map((execution) => execution.name));
    assert.equal(names.length, 8);
    assert.equal(names[0], "more-6");
    assert.equal(new Set(names).size, 8);
  },

  async "stop"(stateMachineArn) {
    const { executionArn } = await client.send(new sfn.StartExecutionCommand(
      { stateMachineArn: stateMachineArn.replace(/hello$/, "hold") }));
    const stopped = await client.send(new sfn.StopExecutionCommand(
      { executionArn, error: "Tour.Over", cause: "that is all" }));
    assert.ok(stopped.stopDate instanceof Date);
    const end = await ended(executionArn);
    assert.equal(end.status, "ABORTED");
    assert.equal(end.error, "Tour.Over");
    assert.equal(end.cause, "that is all");
    const running = await client.send(new sfn.ListExecutionsCommand({
      stateMachineArn: stateMachineArn.replace(/hello$/, "hold"),
      statusFilter: "RUNNING",
    }));
    assert.deepEqual(running.executions, []);
  },

  async "errors"(stateMachineArn, executionArn) {
    const none = stateMachineArn.replace(/hello$/, "none");
    await fails(new sfn.StartExecutionCommand({ stateMachineArn: none }),
      "StateMachineDoesNotExist", /State Machine Does Not Exist: '.*none'/);
    await fails(new sfn.DescribeExecutionCommand(
      { executionArn: `${executionArn}-not` }),
    "ExecutionDoesNotExist", /Execution Does Not Exist: '.*first-not'/);
    await fails(new sfn.StartExecutionCommand(
      { stateMachineArn, name: "first", input: '{"other":1}' }),
    "ExecutionAlreadyExists", /Execution Already Exists: '.*first'/);
    await fails(new sfn.StartExecutionCommand(
      { stateMachineArn, input: "{" }),
    "InvalidExecutionInput", /Invalid State Machine Execution Input/);
    await fails(new sfn.DescribeExecutionCommand({ executionArn: "nonsense" }),
      "InvalidArn", /Invalid Arn/);
    await fails(new sfn.CreateStateMachineCommand(
      { name: "bad name!*", roleArn, definition: hello }),
    "InvalidName", /Invalid Name: 'bad name!\*'/);
    await fails(new sfn.CreateStateMachineCommand(
      { name: "broken", roleArn, definition: '{"StartAt":"A"}' }),
    "InvalidDefinition", /Invalid State Machine Definition/);
    await fails(new sfn.CreateStateMachineCommand(
      { name: "hello", roleArn, definition: hold }),
    "StateMachineAlreadyExists", /State Machine Already Exists/);
    await fails(new sfn.GetExecutionHistoryCommand(
      { executionArn, nextToken: "nonsense" }), "InvalidToken", /Token/);
  },

  async "validate"() {
    const good = await client.send(
      new sfn.ValidateStateMachineDefinitionCommand({ definition: hello }));
    assert.equal(good.result, "OK");
    const bad = await client.send(
      new sfn.ValidateStateMachineDefinitionCommand({
        definition: definition({ A: { Type: "Pass", Next: "B" } }),
      }));
    assert.equal(bad.result, "FAIL");
    assert.ok(bad.diagnostics.some(
      (finding) => finding.code === "MISSING_TRANSITION_TARGET"));
  },

  async "tags"(resourceArn) {
    await client.send(new sfn.TagResourceCommand(
      { resourceArn, tags: [{ key: "team", value: "a" },
        { key: "stage", value: "test" }] }));
    await client.send(new sfn.UntagResourceCommand(
      { resourceArn, tagKeys: ["stage"] }));
    const { tags } = await client.send(
      new sfn.ListTagsForResourceCommand({ resourceArn }));
    assert.deepEqual(tags, [{ key: "team", value: "a" }]);
  },

  async "update: running executions keep theirs"(stateMachineArn) {
    const other = definition({ New: { Type: "Succeed" } });
    const { updateDate } = await client.send(
      new sfn.UpdateStateMachineCommand({ stateMachineArn,
        definition: other }));
    assert.ok(updateDate instanceof Date);
    const { executionArn } = await client.send(
      new sfn.StartExecutionCommand({ stateMachineArn, input: '{"n":1}' }));
    assert.equal((await ended(executionArn)).output, '{"n":1}');
    await fails(new sfn.UpdateStateMachineCommand({ stateMachineArn }),
      "MissingRequiredParameter", /./);
  },

  async "start sync"(stateMachineArn) {
    const quick = stateMachineArn.replace(/hello$/, "quick");
    const answer = await client.send(new sfn.StartSyncExecutionCommand(
      { stateMachineArn: quick, input: '{"name":"x"}' }));
    assert.equal(answer.status, "SUCCEEDED");
    assert.deepEqual(JSON.parse(answer.output), [{ text: "x" }, { text: "x" }]);
    assert.ok(answer.billingDetails.billedDurationInMilliseconds > 0);
    await fails(new sfn.StartSyncExecutionCommand({ stateMachineArn }),
      "StateMachineTypeNotSupported", /./);
  },

  async "delete"(stateMachineArn) {
    const hold = stateMachineArn.replace(/hello$/, "hold");
    const { executionArn } = await client.send(
      new sfn.StartExecutionCommand({ stateMachineArn: hold }));
    await client.send(new sfn.DeleteStateMachineCommand(
      { stateMachineArn: hold }));
    await client.send(new sfn.StopExecutionCommand({ executionArn }));
    assert.equal((await ended(executionArn)).status, "ABORTED");
    for (const arn of [stateMachineArn,
      stateMachineArn.replace(/hello$/, "quick")])
      await client.send(new sfn.DeleteStateMachineCommand(
        { stateMachineArn: arn }));
    const left = await client.send(new sfn.ListStateMachinesCommand({}));
    assert.deepEqual(left.stateMachines, []);
  },
};

const results = [];
let failed = 0;
for (const [name, step] of Object.entries(steps)) {
  try {
    results.push(await step(...results.filter(Boolean)));
    console.log(`passed: ${name}`);
  } catch (error) {
    failed++;
    console.log(`failed: ${name}\n${error.stack}`);
    if (results.length < 2) break; // the others need what these make
  }
}
process.exit(failed ? 1 : 0);
