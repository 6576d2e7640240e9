/*
 * test_engine_pause.c - paused executions and state machines: what is held,
 * what goes on, and what a death in between leaves of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "lua_stdlib.h"
#include "machine_answers.h"

static const char handlers[] =
    "local t, fs = {}, require('fs')\n"
    "local function until_there(file)\n"
    "  while not fs.exists(file) do require('sleep')(0.005) end\n"
    "end\n"
    "function t.until_file(input, task)\n"
    "  fs.write(input.file .. '.began' .. task.restarted, 'x')\n"
    "  until_there(input.file)\n"
    "  return 'done'\n"
    "end\n"
    "function t.fail_when(input)\n"
    "  until_there(input.file)\n"
    "  error({ Error = 'Again' })\n"
    "end\n"
    "function t.submit() return 'sent' end\n"
    "return t\n";

#define WAITS "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':10," \
    "'Next':'P'},'P':{'Type':'Pass','End':true}}}"
#define TASK(function, more) "{'StartAt':'T','States':{'T':{'Type':'Task'," \
    "'Resource':'lua:t." function "'" more ",'Next':'P'}," \
    "'P':{'Type':'Pass','End':true}}}"

static void open_with_handlers(struct rig *rig) {
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
}

static struct rig_reply *pause_it(struct rig *rig, const char *arn) {
    struct rig_reply *reply =
        rig_reply_of(rig, rig_ask_pause(rig, arn, "because"));
    assert_false(reply->refused);
    assert_int_not_equal(reply->paused_ms, 0);
    return reply;
}

static void resume_it(struct rig *rig, const char *arn) {
    struct rig_reply *reply = rig_reply_of(rig, rig_ask_resume(rig, arn));
    assert_false(reply->refused);
    assert_int_equal(reply->paused_ms, 0);
}

static void die(struct rig *rig) {
    rig_crash(rig);
    rig_open(rig);
}

/* An input that names a file, which is not there. */
static const char *file_input(struct rig *rig, char path[128]) {
    char text[160];
    snprintf(path, 128, "%s/go", rig->directory);
    snprintf(text, sizeof(text), "{'file':'%s'}", path);
    return rig_quoted(rig, text);
}

static void touch(const char *path) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
}

static bool is_there(struct rig *rig, void *arg) {
    (void)rig;
    return access(arg, F_OK) == 0;
}

static void expect_nothing_more(struct rig *rig, const char *arn) {
    unsigned events = rig_count(rig_story(rig, arn), "\n");
    rig_turns(rig, 60);
    assert_int_equal(rig_count(rig_story(rig, arn), "\n"), events);
    rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
}

/* The clock stands: whatever is touched again is idle a jump later. */
static void until_parked(struct rig *rig) {
    unsigned tries = 0;
    while (rig_stats(rig).active_executions > 0) {
        assert_true(tries++ < 1000);
        rig_jump(rig, 4000);
        rig_turns(rig, 20);
    }
}

static void a_wait_ends_when_it_is_resumed(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", WAITS);
    const char *arn = rig_start(rig, NULL, "{}");
    pause_it(rig, arn);
    rig_jump(rig, 11000);
    expect_nothing_more(rig, arn);
    die(rig);
    expect_nothing_more(rig, arn);
    struct rig_reply *reply = rig_describe(rig, arn);
    assert_int_not_equal(reply->paused_ms, 0);
    assert_string_equal(reply->pause_reason, "because");
    rig_reopen(rig);
    expect_nothing_more(rig, arn);
    resume_it(rig, arn);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_SUCCEEDED);
    assert_int_equal(rig_describe(rig, arn)->paused_ms, 0);
}

static void a_handler_ends_and_no_state_follows(void **state) {
    struct rig *rig = *state;
    char path[128];
    open_with_handlers(rig);
    rig_machine(rig, "m", TASK("until_file", ""));
    const char *arn = rig_start(rig, NULL, file_input(rig, path));
    rig_until_event(rig, arn, "TaskStarted");
    pause_it(rig, arn);
    touch(path);
    rig_until_event(rig, arn, "TaskStateExited");
    expect_nothing_more(rig, arn);
    die(rig); /* what it has ended with is kept */
    expect_nothing_more(rig, arn);
    until_parked(rig); /* as if it waited */
    assert_int_equal(rig_reply_of(rig, rig_ask_list(rig, 0, 0, NULL))
                         ->paused_ms,
                     rig_describe(rig, arn)->paused_ms);
    resume_it(rig, arn);
    assert_string_equal(rig_end(rig, arn)->output, "\"done\"");
    assert_int_equal(rig_count(rig_story(rig, arn), "TaskScheduled"), 1);
    assert_int_equal(
        rig_reply_of(rig, rig_ask_list(rig, 0, 0, NULL))->paused_ms, 0);
}

static void a_retry_waits(void **state) {
    struct rig *rig = *state;
    char path[128];
    open_with_handlers(rig);
    rig_machine(rig, "m",
                TASK("fail_when", ",'Retry':[{'ErrorEquals':['Again'],"
                                  "'IntervalSeconds':1,'MaxAttempts':1}]"));
    const char *arn = rig_start(rig, NULL, file_input(rig, path));
    rig_until_event(rig, arn, "TaskStarted");
    pause_it(rig, arn);
    touch(path);
    rig_until_event(rig, arn, "TaskFailed");
    rig_jump(rig, 5000);
    expect_nothing_more(rig, arn);
    resume_it(rig, arn);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_FAILED);
    assert_int_equal(rig_count(rig_story(rig, arn), "TaskScheduled"), 2);
}

/* The engine dies while a handler runs: it runs again, but not yet. */
static void a_lost_handler_runs_again_later(void **state) {
    struct rig *rig = *state;
    char path[128], began[160];
    open_with_handlers(rig);
    rig_machine(rig, "m", TASK("until_file", ",'TimeoutSeconds':60"));
    const char *arn = rig_start(rig, NULL, file_input(rig, path));
    rig_until_event(rig, arn, "TaskStarted");
    pause_it(rig, arn);
    die(rig);
    snprintf(began, sizeof(began), "%s.began1", path);
    expect_nothing_more(rig, arn);
    assert_int_not_equal(access(began, F_OK), 0);
    resume_it(rig, arn);
    rig_until_true(rig, is_there, began);
    touch(path);
    assert_string_equal(rig_end(rig, arn)->output, "\"done\"");
}

static void a_token_is_answered_meanwhile(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    open_with_handlers(rig);
    rig_machine(rig, "m",
                "{'StartAt':'T','States':{'T':{'Type':'Task','Resource':"
                "'lua:t.submit.waitForTaskToken','TimeoutSeconds':100,"
                "'Parameters':{'token.$':'$$.Task.Token'},'Next':'P'},"
                "'P':{'Type':'Pass','End':true}}}");
    const char *arn = rig_start(rig, NULL, "{}");
    rig_until_event(rig, arn, "TaskSubmitted");
    pause_it(rig, arn);
    rig_jump(rig, 200000); /* it does not time out, either */
    expect_nothing_more(rig, arn);
    const char *at = strstr(rig_history(rig, arn), "\"token\":\"");
    char *token = rig_quoted(rig, at + 9);
    *strchr(token, '"') = 0;
    struct wf_send_task ask = {.token = wf_str(token),
                               .output = WF_STR("7")};
    wf_engine_send_task_success(rig->engine, &ask, answer_done, &answer);
    answer_expect(rig, &answer, "");
    die(rig);
    rig_assert_has(rig_story(rig, arn), "TaskStateExited");
    expect_nothing_more(rig, arn);
    resume_it(rig, arn);
    assert_string_equal(rig_end(rig, arn)->output, "7");
}

static bool all_wait(struct rig *rig, void *arg) {
    const char **arn = arg;
    return rig_count(rig_story(rig, *arn), "WaitStateEntered") == 200;
}

/* More frames than are loaded with their execution. */
static void many_parked_iterations_go_on(void **state) {
    struct rig *rig = *state;
    struct wf_buf items = {0};
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'M','States':{'M':{'Type':'Map','MaxConcurrency':"
                "150,'End':true,'ItemProcessor':{'StartAt':'W','States':{"
                "'W':{'Type':'Wait','Seconds':1000,'Next':'P'},"
                "'P':{'Type':'Pass','Result':1,'End':true}}}}}}");
    for (int i = 0; i < 200; i++)
        wf_buf_adds(&items, i ? ",1" : "[1");
    wf_buf_add(&items, "]", 2);
    const char *arn = rig_start(rig, NULL, items.data);
    wf_buf_free(&items);
    until_parked(rig);
    pause_it(rig, arn);
    rig_jump(rig, 1000000);
    expect_nothing_more(rig, arn);
    until_parked(rig);
    die(rig);
    expect_nothing_more(rig, arn);
    until_parked(rig);
    resume_it(rig, arn);
    rig_until_true(rig, all_wait, &arn);
    rig_jump(rig, 1100000);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_SUCCEEDED);
    assert_int_equal(rig_count(rig_story(rig, arn), "MapIterationSucceeded"),
                     200);
}

static void a_paused_one_is_stopped_or_times_out(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", WAITS);
    const char *arn = rig_start(rig, NULL, "{}");
    pause_it(rig, arn);
    rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
    rig_assert_status(rig, arn, WF_EXECUTION_ABORTED);
    assert_int_equal(rig_describe(rig, arn)->paused_ms, 0);
    struct rig_reply *reply =
        rig_reply_of(rig, rig_ask_pause(rig, arn, NULL));
    assert_string_equal(reply->exception, "ExecutionNotRunning");
    rig_machine(rig, "n",
                "{'StartAt':'W','TimeoutSeconds':50,'States':{'W':{'Type':"
                "'Wait','Seconds':10,'End':true}}}");
    arn = rig_start(rig, NULL, "{}");
    pause_it(rig, arn);
    rig_jump(rig, 51000);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_TIMED_OUT);
    char unknown[300];
    snprintf(unknown, sizeof(unknown), "%s-not", arn);
    reply = rig_reply_of(rig, rig_ask_resume(rig, unknown));
    assert_string_equal(reply->exception, "ExecutionDoesNotExist");
}

/* ---- state machines ---- */

struct machine_answer {
    bool done;
    char exception[64];
    int64_t paused_ms;
    uint64_t executions;
};

static void on_machine(void *arg, const struct wf_refusal *refusal,
                       const struct wf_machine_pause_reply *reply) {
    struct machine_answer *answer = arg;
    answer->done = true;
    if (refusal) {
        snprintf(answer->exception, sizeof(answer->exception), "%s",
                 refusal->exception);
        return;
    }
    answer->paused_ms = reply->paused_ms;
    answer->executions = reply->executions;
}

static void pause_machine(struct rig *rig, bool running, uint64_t expected) {
    struct wf_pause_state_machine ask = {.arn = wf_str(rig->arn),
                                         .reason = WF_STR("maintenance"),
                                         .running = running};
    struct machine_answer answer = {0};
    wf_engine_pause_state_machine(rig->engine, &ask, on_machine, &answer);
    rig_until(rig, &answer.done);
    assert_string_equal(answer.exception, "");
    assert_int_not_equal(answer.paused_ms, 0);
    assert_int_equal(answer.executions, expected);
}

static void resume_machine(struct rig *rig, uint64_t expected) {
    struct machine_answer answer = {0};
    wf_engine_resume_state_machine(rig->engine, wf_str(rig->arn), on_machine,
                                   &answer);
    rig_until(rig, &answer.done);
    assert_string_equal(answer.exception, "");
    assert_int_equal(answer.paused_ms, 0);
    assert_int_equal(answer.executions, expected);
}

static void what_starts_while_paused_begins_later(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", WAITS);
    const char *before = rig_start(rig, "before", "{}");
    pause_machine(rig, false, 0);
    const char *after = rig_start(rig, "after", "{}");
    expect_nothing_more(rig, after);
    assert_string_equal(rig_describe(rig, after)->pause_reason,
                        "maintenance");
    assert_int_equal(rig_describe(rig, before)->paused_ms, 0);
    die(rig);
    expect_nothing_more(rig, after);
    const char *later = rig_start(rig, "later", "{}");
    assert_int_equal(rig_count(rig_story(rig, later), "Entered"), 0);
    resume_it(rig, later); /* one alone, to try */
    rig_until_event(rig, later, "WaitStateEntered");
    resume_machine(rig, 1);
    rig_until_event(rig, after, "WaitStateEntered");
    rig_jump(rig, 60000);
    rig_end(rig, before);
    rig_end(rig, after);
    rig_end(rig, later);
}

static void running_ones_are_paused_and_resumed(void **state) {
    struct rig *rig = *state;
    const char *arns[200];
    char name[16];
    rig_open(rig);
    rig_machine(rig, "m", WAITS);
    for (int i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "e%d", i);
        arns[i] = rig_start(rig, name, "{}");
    }
    pause_it(rig, arns[7]); /* by itself: the machine leaves it alone */
    pause_machine(rig, true, 199);
    pause_machine(rig, true, 0);
    rig_jump(rig, 20000);
    expect_nothing_more(rig, arns[0]);
    die(rig);
    expect_nothing_more(rig, arns[199]);
    resume_machine(rig, 199);
    for (int i = 0; i < 200; i++)
        if (i != 7)
            rig_end(rig, arns[i]);
    expect_nothing_more(rig, arns[7]);
    resume_machine(rig, 0);
    resume_it(rig, arns[7]);
    rig_end(rig, arns[7]);
}

static void an_express_one_is_refused(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *made = rig_reply_of(
        rig, rig_ask_machine(rig, "x",
                             "{'StartAt':'P','States':{'P':{'Type':'Pass',"
                             "'End':true}}}",
                             true));
    snprintf(rig->arn, sizeof(rig->arn), "%s", made->arn);
    pause_machine(rig, true, 0);
    struct rig_reply *reply =
        rig_reply_of(rig, rig_ask_start(rig, NULL, "{}"));
    assert_string_equal(reply->exception, "StateMachinePaused");
    resume_machine(rig, 0);
    reply = rig_reply_of(rig, rig_ask_sync(rig, "{}"));
    assert_false(reply->refused);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_REAL(a_wait_ends_when_it_is_resumed),
        ENGINE_TEST_REAL(a_handler_ends_and_no_state_follows),
        ENGINE_TEST_REAL(a_retry_waits),
        ENGINE_TEST_REAL(a_lost_handler_runs_again_later),
        ENGINE_TEST_REAL(a_token_is_answered_meanwhile),
        ENGINE_TEST_REAL(many_parked_iterations_go_on),
        ENGINE_TEST_REAL(a_paused_one_is_stopped_or_times_out),
        ENGINE_TEST_REAL(what_starts_while_paused_begins_later),
        ENGINE_TEST_REAL(running_ones_are_paused_and_resumed),
        ENGINE_TEST_REAL(an_express_one_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
