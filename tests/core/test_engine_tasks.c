/*
 * test_engine_tasks.c - Task states with handlers in real worker processes:
 * answers, failures, retries, timeouts, deaths, bundles.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "lua_stdlib.h"

static const char handlers[] =
    "local t = {}\n"
    "local sleep = require('sleep')\n"
    "function t.echo(input) return input end\n"
    "function t.add(input) return { sum = input.a + input.b } end\n"
    "function t.fail() error({ Error = 'My.Error', Cause = 'no luck' }) end\n"
    "function t.third(_, task)\n"
    "  if task.attempt < 3 then\n"
    "    error({ Error = 'My.Error', Cause = 'try ' .. task.attempt })\n"
    "  end\n"
    "  return task.attempt\n"
    "end\n"
    "function t.loop() while true do end end\n"
    "function t.hang() sleep(1e6) end\n"
    "function t.segfault()\n"
    "  local ffi = require('ffi')\n"
    "  return ffi.cast('int *', 8)[0]\n"
    "end\n"
    "function t.who(_, task)\n"
    "  return { attempt = task.attempt, restarted = task.restarted,\n"
    "    key = task.idempotency_key, name = task.execution_name,\n"
    "    state = task.state }\n"
    "end\n"
    "function t.mark(input, task)\n"
    "  local fs = require('fs')\n"
    "  fs.write(input.file .. task.restarted, task.idempotency_key)\n"
    "  if input.fast or task.restarted > 0 then\n"
    "    return { restarted = task.restarted, attempt = task.attempt,\n"
    "      key = task.idempotency_key, cursor = task.cursor }\n"
    "  end\n"
    "  task:checkpoint({ at = 41 })\n"
    "  task:checkpoint({ at = 42 })\n"
    "  fs.write(input.file .. '.ready', 'x')\n"
    "  sleep(600)\n"
    "end\n"
    "return t\n";

static void open_with(struct rig *rig, const char *text) {
    rig_handler(rig, "t.lua", text);
    rig_open(rig);
}

/* A machine of one task: `function` and more fields. */
static const char *one_task(struct rig *rig, const char *function,
                            const char *fields) {
    struct wf_buf text = {0};
    wf_buf_addf(&text,
                "{'StartAt':'T','States':{'T':{'Type':'Task','Resource':"
                "'lua:%s'%s%s,'End':true}%s}}",
                function, *fields ? "," : "", fields,
                strstr(fields, "'C'") ? ",'C':{'Type':'Pass','End':true}"
                                      : "");
    wf_buf_u8(&text, 0);
    const char *kept = rig_quoted(rig, text.data);
    wf_buf_free(&text);
    return kept;
}

static void a_task_tells_its_story(void **state) {
    struct rig *rig = *state;
    open_with(rig, handlers);
    struct rig_reply *end = rig_run(
        rig, one_task(rig, "t.add", "'ResultPath':'$.r'"),
        "{'a':1,'b':2}");
    rig_assert_text(rig, end->output, "{'a':1,'b':2,'r':{'sum':3}}");
    rig_assert_text(rig, rig_history(rig, end->arn),
                    "1<0 ExecutionStarted {'a':1,'b':2}\n"
                    "2<0 TaskStateEntered T {'a':1,'b':2}\n"
                    "3<2 TaskScheduled T {'a':1,'b':2}\n"
                    "4<3 TaskStarted T\n"
                    "5<4 TaskSucceeded T {'sum':3}\n"
                    "6<5 TaskStateExited T {'a':1,'b':2,'r':{'sum':3}}\n"
                    "7<6 ExecutionSucceeded {'a':1,'b':2,'r':{'sum':3}}\n");
}

static void a_failure_that_nobody_catches_ends_it(void **state) {
    struct rig *rig = *state;
    open_with(rig, handlers);
    struct rig_reply *end = rig_run(rig, one_task(rig, "t.fail", ""), "{}");
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_string_equal(end->error, "My.Error");
    assert_string_equal(end->cause, "no luck");
    rig_assert_text(rig, rig_story(rig, end->arn),
                    "1<0 ExecutionStarted\n"
                    "2<0 TaskStateEntered T\n"
                    "3<2 TaskScheduled T\n"
                    "4<3 TaskStarted T\n"
                    "5<4 TaskFailed T My.Error: no luck\n"
                    "6<5 ExecutionFailed My.Error: no luck\n");
}

static void a_retrier_waits_longer_each_time(void **state) {
    struct rig *rig = *state;
    open_with(rig, handlers);
    struct rig_reply *end = rig_run(
        rig,
        one_task(rig, "t.third",
                 "'Retry':[{'ErrorEquals':['My.Error'],'IntervalSeconds':10,"
                 "'BackoffRate':3,'MaxAttempts':5}]"),
        "{}");
    rig_assert_text(rig, end->output, "3");
    rig_assert_text(rig, rig_story(rig, end->arn),
                    "1<0 ExecutionStarted\n"
                    "2<0 TaskStateEntered T\n"
                    "3<2 TaskScheduled T\n"
                    "4<3 TaskStarted T\n"
                    "5<4 TaskFailed T My.Error: try 1\n"
                    "6<5 TaskScheduled T +10000\n"
                    "7<6 TaskStarted T +10000\n"
                    "8<7 TaskFailed T +10000 My.Error: try 2\n"
                    "9<8 TaskScheduled T +40000\n"
                    "10<9 TaskStarted T +40000\n"
                    "11<10 TaskSucceeded T +40000\n"
                    "12<11 TaskStateExited T +40000\n"
                    "13<12 ExecutionSucceeded +40000\n");
}

static void a_catcher_goes_elsewhere(void **state) {
    struct rig *rig = *state;
    open_with(rig, handlers);
    struct rig_reply *end = rig_run(
        rig,
        one_task(rig, "t.fail",
                 "'Retry':[{'ErrorEquals':['Other'],'MaxAttempts':9}],"
                 "'Catch':[{'ErrorEquals':['My.Error'],'Next':'C',"
                 "'ResultPath':'$.e'}]"),
        "{'x':1}");
    rig_assert_text(rig, end->output,
                    "{'x':1,'e':{'Error':'My.Error','Cause':'no luck'}}");
    rig_assert_has(rig_story(rig, end->arn),
                   "6<5 TaskStateExited T\n7<6 PassStateEntered C\n");
}

static void what_is_missing_fails_the_task(void **state) {
    struct rig *rig = *state;
    static const char *const missing[] = {"none.echo", "t.none"};
    open_with(rig, handlers);
    for (int i = 0; i < 2; i++) {
        struct rig_reply *end =
            rig_run(rig, one_task(rig, missing[i], ""), "{}");
        assert_int_equal(end->status, WF_EXECUTION_FAILED);
        rig_assert_has(end->cause, "none");
        rig_assert_has(rig_story(rig, end->arn), "TaskFailed T");
    }
}

static void without_handlers_a_task_fails(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = rig_run(rig, one_task(rig, "t.echo", ""), "{}");
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_non_null(end->cause);
}

static void a_crash_ends_only_its_own_task(void **state) {
    struct rig *rig = *state;
    struct rig_reply *starts[12];
    open_with(rig, handlers);
    rig_machine(rig, "echo", one_task(rig, "t.echo", ""));
    for (int i = 0; i < 6; i++)
        starts[i] = rig_ask_start(rig, NULL, "{'i':1}");
    rig_machine(rig, "crash", one_task(rig, "t.segfault", ""));
    struct rig_reply *crash = rig_ask_start(rig, NULL, "{}");
    rig_machine(rig, "echo", one_task(rig, "t.echo", ""));
    for (int i = 6; i < 12; i++)
        starts[i] = rig_ask_start(rig, NULL, "{'i':1}");
    struct rig_reply *end = rig_end(rig, rig_reply_of(rig, crash)->arn);
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    rig_assert_has(end->cause, "SIGSEGV");
    for (int i = 0; i < 12; i++) {
        end = rig_end(rig, rig_reply_of(rig, starts[i])->arn);
        assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
    }
}

/* ---- timeouts: a real clock, moved by hand ---- */

static bool is_in_flight(struct rig *rig, void *arg) {
    return rig_stats(rig).tasks_in_flight == *(unsigned *)arg;
}

static void until_in_flight(struct rig *rig, unsigned tasks) {
    rig_until_true(rig, is_in_flight, &tasks);
}

static void a_task_times_out(void **state) {
    struct rig *rig = *state;
    open_with(rig, handlers);
    rig_machine(rig, "m", one_task(rig, "t.hang", "'TimeoutSeconds':60"));
    const char *arn = rig_start(rig, NULL, "{}");
    until_in_flight(rig, 1);
    rig_jump(rig, 60100);
    struct rig_reply *end = rig_end(rig, arn);
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_string_equal(end->error, "States.Timeout");
    assert_null(end->cause);
    const char *story = rig_story(rig, arn);
    rig_assert_has(story, " timeout=60\n");
    rig_assert_has(story, "5<4 TaskTimedOut T +6");
    rig_assert_has(story, "6<5 ExecutionFailed +6");
    until_in_flight(rig, 0);
}

static void an_endless_loop_times_out_and_is_tried_again(void **state) {
    struct rig *rig = *state;
    open_with(rig, handlers);
    rig_machine(rig, "m",
                one_task(rig, "t.loop",
                         "'TimeoutSeconds':30,'Retry':[{'ErrorEquals':["
                         "'States.Timeout'],'IntervalSeconds':1,"
                         "'MaxAttempts':1}]"));
    const char *arn = rig_start(rig, NULL, "{}");
    until_in_flight(rig, 1);
    rig_jump(rig, 30100);
    until_in_flight(rig, 0);
    rig_jump(rig, 1100);
    until_in_flight(rig, 1);
    rig_jump(rig, 30100);
    struct rig_reply *end = rig_end(rig, arn);
    assert_string_equal(end->error, "States.Timeout");
    assert_int_equal(rig_count(rig_story(rig, arn), "TaskScheduled"), 2);
    assert_int_equal(rig_count(rig_story(rig, arn), "TaskTimedOut"), 2);
}

static void a_missing_heartbeat_times_out(void **state) {
    struct rig *rig = *state;
    open_with(rig, handlers);
    rig_machine(rig, "m",
                one_task(rig, "t.hang",
                         "'TimeoutSeconds':600,'HeartbeatSeconds':20"));
    const char *arn = rig_start(rig, NULL, "{}");
    until_in_flight(rig, 1);
    rig_jump(rig, 20100);
    struct rig_reply *end = rig_end(rig, arn);
    assert_string_equal(end->error, "States.Timeout");
    rig_assert_has(rig_story(rig, arn), " timeout=600 heartbeat=20\n");
}

static void heartbeats_keep_a_task_alive(void **state) {
    struct rig *rig = *state;
    open_with(rig, "local t, sleep = {}, require('sleep')\n"
                   "function t.beat(_, task)\n"
                   "  while true do task:heartbeat() sleep(0.01) end\n"
                   "end\n"
                   "return t\n");
    rig_machine(rig, "m", one_task(rig, "t.beat", "'HeartbeatSeconds':20"));
    const char *arn = rig_start(rig, NULL, "{}");
    until_in_flight(rig, 1);
    for (int i = 0; i < 5; i++) {
        rig_turns(rig, 100);
        rig_jump(rig, 12000);
    }
    rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
    rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
}

static void an_execution_times_out_with_its_task(void **state) {
    struct rig *rig = *state;
    open_with(rig, handlers);
    rig_machine(rig, "m",
                "{'TimeoutSeconds':50,'StartAt':'T','States':{'T':{"
                "'Type':'Task','Resource':'lua:t.hang','End':true}}}");
    const char *arn = rig_start(rig, NULL, "{}");
    until_in_flight(rig, 1);
    rig_jump(rig, 50100);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_TIMED_OUT);
    until_in_flight(rig, 0);
    rig_until_parked(rig);
}

static void stopping_ends_the_task_in_flight(void **state) {
    struct rig *rig = *state;
    open_with(rig, handlers);
    rig_machine(rig, "m", one_task(rig, "t.hang", ""));
    const char *arn = rig_start(rig, NULL, "{}");
    until_in_flight(rig, 1);
    struct rig_reply *stop =
        rig_reply_of(rig, rig_ask_stop(rig, arn, "Why", NULL));
    assert_int_equal(stop->status, WF_EXECUTION_ABORTED);
    assert_string_equal(stop->error, "Why");
    until_in_flight(rig, 0);
    const char *story = rig_story(rig, arn);
    rig_assert_has(story, "4<3 TaskStarted T");
    rig_assert_has(story, "ExecutionAborted");
    /* The worker is free for others. */
    rig_machine(rig, "e", one_task(rig, "t.echo", ""));
    rig_end(rig, rig_start(rig, NULL, "{}"));
}

/* ---- deaths ---- */

static bool is_there(struct rig *rig, void *arg) {
    (void)rig;
    return access(arg, F_OK) == 0;
}

/* Starts t.mark, which waits in its first run once it is known. */
static const char *start_marked(struct rig *rig, char file[128],
                                const char *fields) {
    char input[192], ready[144];
    snprintf(file, 128, "%s/mark", rig->directory);
    snprintf(ready, sizeof(ready), "%s.ready", file);
    snprintf(input, sizeof(input), "{'file':'%s'}", file);
    rig_machine(rig, "m", one_task(rig, "t.mark", fields));
    const char *arn = rig_start(rig, NULL, input);
    rig_until_true(rig, is_there, ready);
    return arn;
}

static void assert_same_key(const char *output, const char *file) {
    char path[144], key[128] = "";
    snprintf(path, sizeof(path), "%s0", file);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    assert_non_null(fgets(key, sizeof(key), in));
    fclose(in);
    rig_assert_has(output, key);
}

static void an_engine_that_died_runs_the_task_again(void **state) {
    struct rig *rig = *state;
    char file[128];
    open_with(rig, handlers);
    const char *arn = start_marked(rig, file, "");
    rig_crash(rig);
    rig_open(rig);
    struct rig_reply *end = rig_end(rig, arn);
    assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
    rig_assert_has(end->output, "\"restarted\":1");
    rig_assert_has(end->output, "\"attempt\":1");
    rig_assert_has(end->output, "\"cursor\":{\"at\":42}");
    assert_same_key(end->output, file);
    assert_int_equal(rig_count(rig_story(rig, arn), "TaskScheduled"), 1);
}

static void once_is_once_for_at_most_once(void **state) {
    struct rig *rig = *state;
    char file[128], again[144];
    open_with(rig, handlers);
    const char *arn = start_marked(rig, file, "'AtMostOnce':true");
    rig_crash(rig);
    rig_open(rig);
    struct rig_reply *end = rig_end(rig, arn);
    assert_string_equal(end->error, "Moonstep.Interrupted");
    snprintf(again, sizeof(again), "%s1", file);
    assert_int_equal(access(again, F_OK), -1);
}

/* The worker: the youngest child of this process that has its name. */
static int32_t worker_of(void) {
    char path[64], list[512] = "", *at = list;
    int32_t worker = -1;
    snprintf(path, sizeof(path), "/proc/self/task/%d/children",
             (int)getpid());
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    assert_non_null(fgets(list, sizeof(list), in));
    fclose(in);
    for (long pid; (pid = strtol(at, &at, 10)) > 0;)
        worker = (int32_t)pid;
    return worker;
}

static void a_killed_worker_hands_the_cursor_on(void **state) {
    struct rig *rig = *state;
    char file[128];
    open_with(rig, handlers);
    const char *arn = start_marked(rig, file, "");
    int32_t worker = worker_of();
    assert_true(worker > 0);
    assert_int_equal(kill(worker, SIGKILL), 0);
    struct rig_reply *end = rig_end(rig, arn);
    assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
    rig_assert_has(end->output, "\"restarted\":1");
    rig_assert_has(end->output, "\"cursor\":{\"at\":42}");
    assert_same_key(end->output, file);
}

/* The journal is packed while the task runs: all that a new engine needs is
 * in rows, and in the slices that followed. */
static void a_packed_task_survives(void **state) {
    struct rig *rig = *state;
    char file[128];
    rig->options.journal_bytes = 1;
    open_with(rig, handlers);
    const char *arn = start_marked(rig, file, "");
    rig_machine(rig, "other",
                "{'StartAt':'S','States':{'S':{'Type':'Succeed'}}}");
    for (int i = 0; i < 100; i++)
        rig_end(rig, rig_start(rig, NULL, "{}"));
    rig_crash(rig);
    rig_open(rig);
    struct rig_reply *end = rig_end(rig, arn);
    rig_assert_has(end->output, "\"cursor\":{\"at\":42}");
    assert_same_key(end->output, file);
    assert_int_equal(rig_count(rig_story(rig, arn), "TaskScheduled"), 1);
}

static void a_packed_task_still_times_out(void **state) {
    struct rig *rig = *state;
    rig->options.journal_bytes = 1;
    open_with(rig, handlers);
    rig_machine(rig, "m", one_task(rig, "t.hang", "'TimeoutSeconds':600"));
    const char *arn = rig_start(rig, NULL, "{}");
    until_in_flight(rig, 1);
    rig_machine(rig, "other",
                "{'StartAt':'S','States':{'S':{'Type':'Succeed'}}}");
    for (int i = 0; i < 200; i++)
        rig_end(rig, rig_start(rig, NULL, "{}"));
    rig_reopen(rig);
    until_in_flight(rig, 1);
    rig_jump(rig, 600100);
    assert_string_equal(rig_end(rig, arn)->error, "States.Timeout");
}

/* ---- bundles ---- */

static bool has_notice(struct rig *rig, void *arg) {
    wf_buf_u8(&rig->notices, 0);
    bool has = strstr(rig->notices.data, arg) != NULL;
    rig->notices.len--;
    return has;
}

#define VERSION(number)                                                  \
    "local t, sleep = {}, require('sleep')\n"                            \
    "function t.version() return " number " end\n"                       \
    "return t\n"

static void a_running_execution_keeps_its_bundle(void **state) {
    struct rig *rig = *state;
    open_with(rig, VERSION("1"));
    rig_machine(rig, "m",
                "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':60,"
                "'Next':'T'},'T':{'Type':'Task','Resource':'lua:t.version',"
                "'End':true}}}");
    const char *old = rig_start(rig, NULL, "{}");
    rig_handler(rig, "t.lua", VERSION("2"));
    rig_until_true(rig, has_notice, "new executions use them");
    const char *young = rig_start(rig, NULL, "{}");
    rig_jump(rig, 60100);
    assert_string_equal(rig_end(rig, old)->output, "1");
    assert_string_equal(rig_end(rig, young)->output, "2");
    old = rig_start(rig, NULL, "{}");
    rig_close(rig);
    rig_handler(rig, "t.lua", VERSION("3"));
    rig_open(rig);
    rig_jump(rig, 60100);
    assert_string_equal(rig_end(rig, old)->output, "2");
}

static void a_broken_edit_changes_nothing(void **state) {
    struct rig *rig = *state;
    open_with(rig, VERSION("1"));
    rig_machine(rig, "m", one_task(rig, "t.version", ""));
    assert_string_equal(rig_end(rig, rig_start(rig, NULL, "{}"))->output,
                        "1");
    rig_handler(rig, "t.lua", "local t = {\n");
    rig_until_true(rig, has_notice, "stay in use");
    rig_until_true(rig, has_notice, "t.lua");
    assert_string_equal(rig_end(rig, rig_start(rig, NULL, "{}"))->output,
                        "1");
    rig_handler(rig, "t.lua", VERSION("2"));
    rig_until_true(rig, has_notice, "new executions use them");
    assert_string_equal(rig_end(rig, rig_start(rig, NULL, "{}"))->output,
                        "2");
}

static void what_handlers_print_is_told(void **state) {
    struct rig *rig = *state;
    open_with(rig, "local t = {}\n"
                   "function t.talk(_, task)\n"
                   "  task:log('one') print('two')\n"
                   "end\n"
                   "return t\n");
    rig_run(rig, one_task(rig, "t.talk", ""), "{}");
    wf_buf_u8(&rig->logs, 0);
    rig_assert_has(rig->logs.data, "T log one\n");
    rig_assert_has(rig->logs.data, "two\n");
}

static void express_runs_tasks(void **state) {
    struct rig *rig = *state;
    open_with(rig, handlers);
    struct rig_reply *made = rig_reply_of(
        rig, rig_ask_machine(rig, "e", one_task(rig, "t.add", ""), true));
    snprintf(rig->arn, sizeof(rig->arn), "%s", made->arn);
    struct rig_reply *ends[50];
    for (int i = 0; i < 50; i++)
        ends[i] = rig_ask_sync(rig, "{'a':20,'b':22}");
    for (int i = 0; i < 50; i++)
        rig_assert_text(rig, rig_reply_of(rig, ends[i])->output,
                        "{'sum':42}");
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    /* Workers that crash on purpose are no finding. */
    setenv("ASAN_OPTIONS", "handle_segv=0", 1);
    setenv("TSAN_OPTIONS", "handle_segv=0", 1);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(a_task_tells_its_story),
        ENGINE_TEST_BOTH(a_failure_that_nobody_catches_ends_it),
        ENGINE_TEST_BOTH(a_retrier_waits_longer_each_time),
        ENGINE_TEST_BOTH(a_catcher_goes_elsewhere),
        ENGINE_TEST_BOTH(what_is_missing_fails_the_task),
        ENGINE_TEST_BOTH(without_handlers_a_task_fails),
        ENGINE_TEST_BOTH(a_crash_ends_only_its_own_task),
        ENGINE_TEST_REAL(a_task_times_out),
        ENGINE_TEST_REAL(an_endless_loop_times_out_and_is_tried_again),
        ENGINE_TEST_REAL(a_missing_heartbeat_times_out),
        ENGINE_TEST_REAL(heartbeats_keep_a_task_alive),
        ENGINE_TEST_REAL(an_execution_times_out_with_its_task),
        ENGINE_TEST_REAL(stopping_ends_the_task_in_flight),
        ENGINE_TEST_REAL(an_engine_that_died_runs_the_task_again),
        ENGINE_TEST_REAL(once_is_once_for_at_most_once),
        ENGINE_TEST_REAL(a_killed_worker_hands_the_cursor_on),
        ENGINE_TEST_REAL(a_packed_task_survives),
        ENGINE_TEST_REAL(a_packed_task_still_times_out),
        ENGINE_TEST_REAL(a_running_execution_keeps_its_bundle),
        ENGINE_TEST_REAL(a_broken_edit_changes_nothing),
        ENGINE_TEST_BOTH(what_handlers_print_is_told),
        ENGINE_TEST_BOTH(express_runs_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
