/*
 * test_engine_logging.c - what state machines log: the events of their level,
 * with the documents that the history has, wherever those are by then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "engine_fixture.h"
#include "execution_log.h"
#include "file.h"
#include "lua_stdlib.h"

#define LOGS(level, with_data)                                               \
    "{\"level\":\"" level "\",\"includeExecutionData\":" with_data           \
    ",\"destinations\":[{\"cloudWatchLogsLogGroup\":{\"logGroupArn\":"       \
    "\"arn:aws:logs:us-east-1:000000000000:log-group:/own/group:*\"}}]}"

struct logs {
    struct rig *rig;
    char path[112];
};

static void on_log_notice(void *arg, const char *text) {
    (void)arg;
    fail_msg("%s", text);
}

/* Opens the rig with a log that nobody but it sees. */
static struct logs open_logged(struct rig *rig) {
    struct logs logs = {.rig = rig};
    struct wf_error err = {0};
    snprintf(logs.path, sizeof(logs.path), "%s/logged", rig->directory);
    const struct wf_execution_log_options options = {
        .loop = rig->loop, .destination = logs.path, .notice = on_log_notice};
    if (wf_execution_log_open(&options, &rig->options.log, &err) != 0)
        fail_msg("%s", err.message);
    rig->is_unobserved = true;
    rig_open(rig);
    return logs;
}

static void on_made(void *arg, const struct wf_refusal *refusal,
                    const struct wf_state_machine_reply *reply) {
    (void)reply;
    if (refusal)
        fail_msg("%s", refusal->exception);
    *(bool *)arg = true;
}

static void make(struct rig *rig, const char *name, const char *definition,
                 bool express, const char *logging) {
    bool done = false;
    struct wf_create_state_machine ask = {
        .name = wf_str(name),
        .definition = wf_str(rig_quoted(rig, definition)),
        .role_arn = WF_STR("arn:aws:iam::000000000000:role/test"),
        .express = express,
        .settings.logging = wf_str(logging),
    };
    wf_engine_create_state_machine(rig->engine, &ask, on_made, &done);
    rig_until(rig, &done);
    snprintf(rig->arn, sizeof(rig->arn),
             "arn:aws:states:us-east-1:000000000000:stateMachine:%s", name);
}

/* All that was logged. Owned by who asks. */
static char *logged(struct logs *logs) {
    struct wf_buf text = {0};
    rig_flush(logs->rig);
    for (int i = 0; i < 50; i++) /* documents that are being read */
        rig_turn(logs->rig);
    rig_close(logs->rig);
    wf_execution_log_close(logs->rig->options.log);
    logs->rig->options.log = NULL;
    assert_int_equal(wf_file_read(logs->path, 1 << 24, &text, NULL), 0);
    wf_buf_u8(&text, 0);
    return text.data;
}

static void assert_logged(const char *text, const char *type,
                          const char *details) {
    struct wf_buf wanted = {0};
    wf_buf_addf(&wanted, "\"type\":\"%s\",\"details\":{%s", type, details);
    wf_buf_u8(&wanted, 0);
    if (!strstr(text, wanted.data))
        fail_msg("%s is not in\n%s", wanted.data, text);
    wf_buf_free(&wanted);
}

static const char fails[] =
    "{'StartAt':'P','States':{"
    "'P':{'Type':'Pass','Result':{'a':[1]},'Next':'F'},"
    "'F':{'Type':'Fail','Error':'Own','Cause':'why'}}}";

static void run(struct rig *rig, bool express) {
    if (express)
        rig_reply_of(rig, rig_ask_sync(rig, "{\"in\":true}"));
    else
        rig_end(rig, rig_start(rig, NULL, "{\"in\":true}"));
}

static void check_levels(struct rig *rig, bool express) {
    struct logs logs = open_logged(rig);
    static const char *const settings[] = {
        LOGS("ALL", "false"), LOGS("ERROR", "false"), LOGS("FATAL", "false"),
        LOGS("OFF", "false")};
    static const char *const names[] = {"all", "error", "fatal", "off"};
    for (unsigned i = 0; i < 4; i++) {
        make(rig, names[i], fails, express, settings[i]);
        run(rig, express);
    }
    char *text = logged(&logs);
    assert_int_equal(rig_count(text, ":all:"), 5);
    assert_int_equal(rig_count(text, ":error:"), 2);
    assert_int_equal(rig_count(text, ":fatal:"), 1);
    assert_int_equal(rig_count(text, ":off:"), 0);
    assert_int_equal(rig_count(text, "\"type\":\"FailStateEntered\""), 2);
    assert_int_equal(rig_count(text, "\"type\":\"ExecutionFailed\""), 3);
    assert_int_equal(rig_count(text, "\"log_group\":\"/own/group\""), 8);
    assert_int_equal(rig_count(text, "put\":"), 0);
    assert_logged(text, "ExecutionFailed",
                  "\"error\":\"Own\",\"cause\":\"why\"}");
    free(text);
}

static void logs_what_the_level_takes_in(void **state) {
    check_levels(*state, false);
}

static void express_logs_what_the_level_takes_in(void **state) {
    check_levels(*state, true);
}

/* Results, inputs and variables of many states in a row. */
static const char documents[] =
    "{'StartAt':'A','States':{"
    "'A':{'Type':'Pass','Assign':{'v':{'w':2}},'Result':{'a':1},"
    "'Next':'T'},"
    "'T':{'Type':'Task','Resource':'lua:t.big','ResultPath':'$.r',"
    "'Next':'M'},"
    "'M':{'Type':'Map','ItemsPath':'$.r.items','ResultPath':'$.m',"
    "'ItemProcessor':{'StartAt':'U','States':{'U':{'Type':'Task',"
    "'Resource':'lua:t.big','OutputPath':'$.big','End':true}}},"
    "'Next':'S'},"
    "'S':{'Type':'Succeed','OutputPath':'$.a'}}}";

static void check_documents(struct rig *rig, bool express) {
    rig_handler(rig, "t.lua",
                "local t = {}\n"
                "function t.big(input)\n"
                "  return { items = { 7, 8, 9 },\n"
                "           big = ('x'):rep(50000) }\n"
                "end\n"
                "return t\n");
    struct logs logs = open_logged(rig);
    make(rig, "m", documents, express, LOGS("ALL", "true"));
    run(rig, express);
    char *text = logged(&logs);
    assert_logged(text, "PassStateExited",
                  "\"name\":\"A\",\"output\":\"{\\\"a\\\":1}\","
                  "\"outputDetails\":{\"truncated\":false},"
                  "\"assignedVariables\":{\"v\":\"{\\\"w\\\":2}\"}");
    assert_logged(text, "TaskStateEntered",
                  "\"name\":\"T\",\"input\":\"{\\\"a\\\":1}\"");
    assert_logged(text, "TaskStateEntered", "\"name\":\"U\",\"input\":\"8\"");
    assert_logged(text, "SucceedStateExited",
                  "\"name\":\"S\",\"output\":\"1\"");
    assert_logged(text, "ExecutionSucceeded", "\"output\":\"1\"");
    assert_int_equal(rig_count(text, "\"truncated\":true"), 0);
    /* TaskSucceeded four times, TaskStateExited, MapStateEntered; and that of
     * the iterations, with those results that they have: */
    assert_int_equal(rig_count(text, "\"type\":\"TaskSucceeded\""), 4);
    assert_int_equal(rig_count(text, "\"output\":\"\\\"xxx"), 3);
    assert_int_equal(rig_count(text, "put\":\"\""), 0);
    free(text);
}

static void logs_the_documents_of_events(void **state) {
    check_documents(*state, false);
}

static void express_logs_the_documents_of_events(void **state) {
    check_documents(*state, true);
}

/* The wait's output is in an old segment, and nobody's input any more. */
static void reads_documents_that_have_left_memory(void **state) {
    struct rig *rig = *state;
    struct logs logs = open_logged(rig);
    make(rig, "m",
         "{'StartAt':'A','States':{"
         "'A':{'Type':'Pass','Result':{'kept':'long'},'Next':'W'},"
         "'W':{'Type':'Wait','Seconds':600,'Next':'P'},"
         "'P':{'Type':'Pass','Result':2,'End':true}}}",
         false, LOGS("ALL", "true"));
    const char *arn = rig_start(rig, NULL, "{}");
    rig_until_parked(rig);
    rig_jump(rig, 601000);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_SUCCEEDED);
    char *text = logged(&logs);
    assert_logged(text, "WaitStateExited",
                  "\"name\":\"W\",\"output\":\"{\\\"kept\\\":\\\"long\\\"}\"");
    assert_logged(text, "PassStateEntered",
                  "\"name\":\"P\",\"input\":\"{\\\"kept\\\":\\\"long\\\"}\"");
    assert_int_equal(rig_count(text, "\n"), 8);
    assert_int_equal(rig_count(text, "\"truncated\":true"), 0);
    free(text);
}

/* In pieces in the store, and longer than a line shows. */
static void cuts_large_documents(void **state) {
    struct rig *rig = *state;
    struct wf_buf input = {0};
    struct logs logs = open_logged(rig);
    make(rig, "m",
         "{'StartAt':'A','States':{"
         "'A':{'Type':'Pass','Next':'B'},"
         "'B':{'Type':'Pass','Result':2,'End':true}}}",
         false, LOGS("ALL", "true"));
    wf_buf_adds(&input, "[\"");
    for (int i = 0; i < 300000; i++)
        wf_buf_u8(&input, 'y');
    wf_buf_adds(&input, "\"]");
    wf_buf_u8(&input, 0);
    rig_end(rig, rig_start(rig, NULL, input.data));
    char *text = logged(&logs);
    assert_int_equal(rig_count(text, "\"truncated\":true"), 4);
    assert_int_equal(rig_count(text, "put\":\"[\\\"yyyy"), 4);
    assert_int_equal(rig_count(text, "\n"), 6);
    free(text);
    wf_buf_free(&input);
}

/* After a restart the settings are those of the stored revision. */
static void goes_on_logging_after_a_restart(void **state) {
    struct rig *rig = *state;
    struct logs logs = open_logged(rig);
    make(rig, "m",
         "{'StartAt':'W','States':{"
         "'W':{'Type':'Wait','Seconds':600,'Next':'F'},"
         "'F':{'Type':'Fail','Error':'Own'}}}",
         false, LOGS("ERROR", "true"));
    const char *arn = rig_start(rig, NULL, "{\"q\":3}");
    rig_reopen(rig);
    rig_jump(rig, 601000);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_FAILED);
    char *text = logged(&logs);
    assert_int_equal(rig_count(text, "\n"), 2);
    assert_logged(text, "FailStateEntered",
                  "\"name\":\"F\",\"input\":\"{\\\"q\\\":3}\"");
    free(text);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(logs_what_the_level_takes_in),
        ENGINE_TEST_BOTH(express_logs_what_the_level_takes_in),
        ENGINE_TEST_BOTH(logs_the_documents_of_events),
        ENGINE_TEST_BOTH(express_logs_the_documents_of_events),
        ENGINE_TEST_REAL(reads_documents_that_have_left_memory),
        ENGINE_TEST_BOTH(cuts_large_documents),
        ENGINE_TEST_REAL(goes_on_logging_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
