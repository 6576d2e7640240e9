/* redrives.c - for tests of redrives. See redrives.h. */
#include "redrives.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

const char redrives_handlers[] =
    "local t = {}\n"
    "local function redrives(task)\n"
    "  return tonumber(task.idempotency_key:match('%-r(%x+)$') or '0', 16)\n"
    "end\n"
    "local function fails(task, times)\n"
    "  if redrives(task) < times then\n"
    "    error({ Error = 'E', Cause = 'C' })\n"
    "  end\n"
    "end\n"
    "function t.echo(input) return input end\n"
    "function t.fail(input, task) fails(task, math.huge) end\n"
    "function t.flaky(input, task) fails(task, 1) return input end\n"
    "function t.twice(input, task) fails(task, 2) return input end\n"
    "function t.even(input, task)\n"
    "  if input % 2 == 1 then fails(task, 1) end\n"
    "  return input * 10\n"
    "end\n"
    "function t.slow(input)\n"
    "  require('sleep')(1e6)\n"
    "  return input\n"
    "end\n"
    "function t.grow(input) return ('x'):rep(input) end\n"
    "return t\n";

void redrives_open(struct rig *rig) {
    rig_handler(rig, "t.lua", redrives_handlers);
    rig_open(rig);
}

static const char *failed(struct rig *rig, struct rig_reply *end) {
    if (end->status != WF_EXECUTION_FAILED)
        fail_msg("%s\n%s", end->output, rig_story(rig, end->arn));
    branches_check(rig_story(rig, end->arn));
    return end->arn;
}

const char *redrives_fail(struct rig *rig, const char *definition,
                          const char *input) {
    return failed(rig, rig_run(rig, definition, input));
}

const char *redrives_end(struct rig *rig, const char *arn,
                         const char *output) {
    struct rig_reply *end = rig_end(rig, arn);
    const char *story = rig_story(rig, arn);
    if (end->status != WF_EXECUTION_SUCCEEDED)
        fail_msg("%s: %s\n%s", wf_execution_status_name(end->status),
                 end->cause, story);
    rig_assert_text(rig, end->output, output);
    return story;
}

const char *redrives_succeed(struct rig *rig, const char *arn,
                             const char *output) {
    rig_redrive(rig, arn);
    const char *story = redrives_end(rig, arn, output);
    branches_check(story);
    return story;
}

/* ---- with a fix ---- */

struct update {
    bool done;
};

static void updated(void *arg, const struct wf_refusal *refusal,
                    const struct wf_state_machine_reply *reply) {
    struct update *update = arg;
    (void)reply;
    if (refusal)
        fail_msg("%s: %.*s", refusal->exception, (int)refusal->message.len,
                 refusal->message.data);
    update->done = true;
}

void redrives_update(struct rig *rig, const char *definition) {
    struct update update = {0};
    struct wf_update_state_machine ask = {
        .arn = wf_str(rig->arn),
        .definition = wf_str(rig_quoted(rig, definition)),
    };
    wf_engine_update_state_machine(rig->engine, &ask, updated, &update);
    rig_until(rig, &update.done);
}

const char *redrives_fail_then_update(struct rig *rig, const char *first,
                                      const char *input, const char *second) {
    rig_machine(rig, "m", first);
    const char *arn =
        failed(rig, rig_end(rig, rig_start(rig, "x", input)));
    redrives_update(rig, second);
    return arn;
}

struct rig_reply *redrives_ask(struct rig *rig, const char *arn,
                               const struct wf_fix *fix, const char *token) {
    struct wf_fix quoted = *fix;
    if (fix->input.data)
        quoted.input = wf_str(rig_quoted(rig, fix->input.data));
    if (fix->variables.data)
        quoted.variables = wf_str(rig_quoted(rig, fix->variables.data));
    return rig_ask_redrive_with(rig, arn, &quoted, token);
}

void redrives_fix(struct rig *rig, const char *arn,
                  const struct wf_fix *fix) {
    struct rig_reply *reply =
        rig_reply_of(rig, redrives_ask(rig, arn, fix, NULL));
    if (reply->refused)
        fail_msg("%s: %s", reply->exception, reply->message);
}

void redrives_refuse(struct rig *rig, const char *arn,
                     const struct wf_fix *fix, const char *reason) {
    struct wf_fix dry = *fix;
    struct rig_reply *reply =
        rig_reply_of(rig, redrives_ask(rig, arn, fix, NULL));
    assert_true(reply->refused);
    assert_string_equal(reply->exception, "ExecutionNotRedrivable");
    assert_string_equal(reply->message, reason);
    dry.is_dry = true;
    reply = rig_reply_of(rig, redrives_ask(rig, arn, &dry, NULL));
    assert_false(reply->refused);
    assert_string_equal(reply->text, reason);
}
