/*
 * test_engine_tokens.c - tasks that are answered by token: what their
 * histories say, which answers count, deaths and timeouts meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "lua_stdlib.h"
#include "machine_answers.h"

#define LATE "Task Timed Out: 'Provided task does not exist anymore'"
#define INVALID "Invalid Token: 'Invalid token'"

static const char handlers[] =
    "local t = {}\n"
    "function t.submit(input) return 'sent' end\n"
    "function t.fail() error({ Error = 'My.Error', Cause = 'no' }) end\n"
    "function t.hang(input)\n"
    "  require('fs').write(input.file, input.token)\n"
    "  require('sleep')(1e6)\n"
    "end\n"
    "local function until_gone(input)\n"
    "  local fs = require('fs')\n"
    "  fs.write(input.file, input.token)\n"
    "  while fs.exists(input.file) do require('sleep')(0.01) end\n"
    "end\n"
    "t.until_gone = until_gone\n"
    "function t.gone_wrong(input) until_gone(input) error('wrong') end\n"
    "return t\n";

static void open_with_handlers(struct rig *rig) {
    rig_handler(rig, "t.lua", handlers);
    rig_open(rig);
}

/* A task that waits for its token, with more fields. */
#define TASK(function, fields)                                            \
    "{'StartAt':'T','States':{'T':{'Type':'Task','Resource':"             \
    "'lua:t." function ".waitForTaskToken','Parameters':{"                \
    "'token.$':'$$.Task.Token','file.$':'$.file'}" fields ",'Next':'C'}," \
    "'C':{'Type':'Pass','End':true}}}"

/* The token that a history shows last. Owned by the rig. */
static const char *token_of(struct rig *rig, const char *arn) {
    const char *history = rig_history(rig, arn), *at = history, *last = NULL;
    while ((at = strstr(at, "\"token\":\"")))
        last = at += 9;
    assert_non_null(last);
    char *token = rig_quoted(rig, last);
    *strchr(token, '"') = 0;
    return token;
}

static void ask_success(struct rig *rig, const char *token,
                        const char *output, struct answer *answer) {
    struct wf_send_task ask = {.token = wf_str(token),
                               .output = wf_str(output)};
    wf_engine_send_task_success(rig->engine, &ask, answer_done, answer);
}

static void ask_failure(struct rig *rig, const char *token,
                        const char *error, const char *cause,
                        struct answer *answer) {
    struct wf_send_task ask = {.token = wf_str(token),
                               .error = wf_str(error),
                               .cause = wf_str(cause)};
    wf_engine_send_task_failure(rig->engine, &ask, answer_done, answer);
}

static void expect_late(struct rig *rig, const char *token) {
    struct answer answer = {0};
    ask_success(rig, token, "1", &answer);
    answer_expect_refused(rig, &answer, "TaskTimedOut", LATE);
    ask_failure(rig, token, NULL, NULL, &answer);
    answer_expect_refused(rig, &answer, "TaskTimedOut", LATE);
    wf_engine_send_task_heartbeat(rig->engine, wf_str(token), answer_done,
                                  &answer);
    answer_expect_refused(rig, &answer, "TaskTimedOut", LATE);
}

/* Starts one and waits until it has been submitted. */
static const char *start_submitted(struct rig *rig, const char *definition) {
    rig_machine(rig, "m", definition);
    const char *arn = rig_start(rig, NULL, "{'file':'x'}");
    rig_until_event(rig, arn, "TaskSubmitted");
    return arn;
}

static void an_answer_is_the_result(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    open_with_handlers(rig);
    const char *arn = start_submitted(rig, TASK("submit", ""));
    const char *token = token_of(rig, arn);
    assert_true(strlen(token) <= 1024);
    ask_success(rig, token, "{\"a\": 1.0}", &answer);
    answer_expect(rig, &answer, "");
    /* What was acknowledged is durable. */
    rig_crash(rig);
    rig_open(rig);
    struct rig_reply *end = rig_end(rig, arn);
    assert_string_equal(end->output, "{\"a\": 1.0}");
    const char *story = rig_story(rig, arn);
    rig_assert_has(story, "3<2 TaskScheduled T\n"
                          "4<3 TaskStarted T\n"
                          "5<4 TaskSubmitted T\n"
                          "6<5 TaskSucceeded T\n"
                          "7<6 TaskStateExited T\n");
    rig_assert_has(rig_history(rig, arn), "TaskSubmitted T \"sent\"");
    expect_late(rig, token);
}

static void a_failure_goes_to_the_catcher(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    open_with_handlers(rig);
    const char *arn = start_submitted(
        rig, TASK("submit", ",'Catch':[{'ErrorEquals':['Mine'],'Next':'C'}]"));
    ask_failure(rig, token_of(rig, arn), "Mine", "because", &answer);
    answer_expect(rig, &answer, "");
    rig_assert_text(rig, rig_end(rig, arn)->output,
                    "{'Error':'Mine','Cause':'because'}");
    rig_assert_has(rig_story(rig, arn), "6<5 TaskFailed T Mine: because\n");
}

static void a_failure_needs_no_words(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    open_with_handlers(rig);
    const char *arn = start_submitted(
        rig,
        TASK("submit",
             ",'Catch':[{'ErrorEquals':['States.ALL'],'Next':'C'}]"));
    ask_failure(rig, token_of(rig, arn), NULL, NULL, &answer);
    answer_expect(rig, &answer, "");
    rig_assert_text(rig, rig_end(rig, arn)->output,
                    "{'Error':null,'Cause':null}");
    rig_assert_has(rig_story(rig, arn), "6<5 TaskFailed T\n");
}

static void each_attempt_has_a_token(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    open_with_handlers(rig);
    const char *arn = start_submitted(
        rig, TASK("submit", ",'Retry':[{'ErrorEquals':['Again'],"
                            "'IntervalSeconds':1}]"));
    const char *first = token_of(rig, arn);
    ask_failure(rig, first, "Again", NULL, &answer);
    answer_expect(rig, &answer, "");
    expect_late(rig, first); /* while it waits for the retry, too */
    rig_jump(rig, 1100);
    rig_until_event(rig, arn, "9<8 TaskSubmitted"); /* the second */
    const char *second = token_of(rig, arn);
    assert_string_not_equal(first, second);
    expect_late(rig, first);
    ask_success(rig, second, "2", &answer);
    answer_expect(rig, &answer, "");
    assert_string_equal(rig_end(rig, arn)->output, "2");
}

static void what_is_no_token_is_told(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    open_with_handlers(rig);
    const char *arn = start_submitted(rig, TASK("submit", ""));
    const char *token = token_of(rig, arn);
    char *wrong = rig_quoted(rig, token);
    size_t last = strlen(wrong) - 1;
    wrong[last] = wrong[last] == '0' ? '1' : '0'; /* the secret */
    ask_success(rig, wrong, "1", &answer);
    answer_expect_refused(rig, &answer, "InvalidToken", INVALID);
    ask_success(rig, "NoSuchTaskToken", "1", &answer);
    answer_expect_refused(rig, &answer, "InvalidToken", INVALID);
    wrong = rig_quoted(rig, token);
    wrong[0] = '7'; /* the execution */
    ask_success(rig, wrong, "1", &answer);
    answer_expect_refused(
        rig, &answer, "TaskDoesNotExist",
        "Task Does Not Exist: 'Provided task does not exist'");
    wrong = rig_quoted(rig, token);
    wrong[20] = '7'; /* the frame */
    ask_success(rig, wrong, "1", &answer);
    answer_expect_refused(rig, &answer, "TaskTimedOut", LATE);
    struct wf_send_task ask = {.token = wf_str(token),
                               .output = WF_STR("{\"a\"")};
    wf_engine_send_task_success(rig->engine, &ask, answer_done, &answer);
    rig_until(rig, &answer.done);
    assert_string_equal(answer.exception, "InvalidOutput");
    answer = (struct answer){.text = answer.text};
    rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
    ask_success(rig, token, "1", &answer);
    answer_expect(rig, &answer, "");
    assert_string_equal(rig_end(rig, arn)->output, "1");
}

/* All at once: one is accepted, and that is the result. */
static void the_first_answer_counts(void **state) {
    enum { COUNT = 20 };
    struct rig *rig = *state;
    struct answer answers[COUNT] = {0};
    int accepted = -1;
    char expected[16];
    open_with_handlers(rig);
    const char *arn = start_submitted(rig, TASK("submit", ""));
    const char *token = token_of(rig, arn);
    rig_until_parked(rig);
    for (int i = 0; i < COUNT; i++) {
        char output[16];
        snprintf(output, sizeof(output), "%d", i);
        if (i % 3 == 2)
            wf_engine_send_task_heartbeat(rig->engine, wf_str(token),
                                          answer_done, &answers[i]);
        else
            ask_success(rig, token, output, &answers[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        rig_until(rig, &answers[i].done);
        if (i % 3 == 2 || answers[i].exception[0])
            continue;
        assert_int_equal(accepted, -1);
        accepted = i;
    }
    assert_true(accepted >= 0);
    snprintf(expected, sizeof(expected), "%d", accepted);
    assert_string_equal(rig_end(rig, arn)->output, expected);
    assert_int_equal(rig_count(rig_story(rig, arn), "TaskSucceeded"), 1);
    for (int i = 0; i < COUNT; i++)
        wf_buf_free(&answers[i].text);
}

static void a_stop_is_faster_or_not(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    open_with_handlers(rig);
    const char *arn = start_submitted(rig, TASK("submit", ""));
    const char *token = token_of(rig, arn);
    rig_until_parked(rig);
    struct rig_reply *stop = rig_ask_stop(rig, arn, "Stopped", NULL);
    ask_success(rig, token, "1", &answer);
    rig_reply_of(rig, stop);
    rig_until(rig, &answer.done);
    struct rig_reply *end = rig_end(rig, arn);
    if (answer.exception[0])
        assert_int_equal(end->status, WF_EXECUTION_ABORTED);
    else
        assert_int_equal(end->status, WF_EXECUTION_SUCCEEDED);
    wf_buf_free(&answer.text);
    expect_late(rig, token);
    rig_reopen(rig);
    expect_late(rig, token);
}

static bool is_there(struct rig *rig, void *arg) {
    (void)rig;
    return access(arg, F_OK) == 0;
}

/* Starts an execution whose task writes its token to a file and goes on, and
 * answers with 7 meanwhile. */
static const char *answer_early(struct rig *rig, const char *machine,
                                struct answer *answer) {
    char file[128], input[192];
    open_with_handlers(rig);
    rig_machine(rig, "m", machine);
    snprintf(file, sizeof(file), "%s/token", rig->directory);
    snprintf(input, sizeof(input), "{'file':'%s'}", file);
    const char *arn = rig_start(rig, NULL, input);
    rig_until_true(rig, is_there, file);
    ask_success(rig, token_of(rig, arn), "7", answer);
    rig_turns(rig, 20);
    return arn;
}

static void let_it_return(struct rig *rig, const struct answer *answer) {
    char file[128];
    assert_false(answer->done);
    snprintf(file, sizeof(file), "%s/token", rig->directory);
    unlink(file);
}

static void an_answer_waits_for_the_call(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    const char *arn = answer_early(rig, TASK("until_gone", ""), &answer);
    let_it_return(rig, &answer);
    answer_expect(rig, &answer, "");
    assert_string_equal(rig_end(rig, arn)->output, "7");
    rig_assert_has(rig_story(rig, arn), "5<4 TaskSubmitted T");
    rig_assert_has(rig_story(rig, arn), "6<5 TaskSucceeded T");
}

/* It has been in somebody's hands: what the call says then is no matter. */
static void an_answer_is_worth_more_than_the_call(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    const char *arn = answer_early(rig, TASK("gone_wrong", ""), &answer);
    let_it_return(rig, &answer);
    answer_expect(rig, &answer, "");
    assert_string_equal(rig_end(rig, arn)->output, "7");
    rig_assert_has(rig_story(rig, arn), "5<4 TaskSucceeded T");
}

/* The worker that has the token does not come back. */
static void an_answer_may_come_before_the_call_returns(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    const char *arn = answer_early(rig, TASK("hang", ""), &answer);
    rig_jump(rig, 1000);
    answer_expect(rig, &answer, "");
    assert_string_equal(rig_end(rig, arn)->output, "7");
    rig_assert_has(rig_story(rig, arn), "5<4 TaskSucceeded T");
    assert_int_equal(rig_count(rig_story(rig, arn), "TaskSubmitted"), 0);
}

static void a_call_that_fails_fails_the_task(void **state) {
    struct rig *rig = *state;
    open_with_handlers(rig);
    struct rig_reply *end = rig_run(rig, TASK("fail", ""), "{'file':'x'}");
    assert_string_equal(end->error, "My.Error");
    rig_assert_has(rig_story(rig, end->arn),
                   "5<4 TaskFailed T My.Error: no\n");
    expect_late(rig, token_of(rig, end->arn));
}

/* The call is made again, with the same token. */
static void a_death_keeps_the_token(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    char file[128], input[192];
    open_with_handlers(rig);
    rig_machine(rig, "m", TASK("hang", ""));
    snprintf(file, sizeof(file), "%s/token", rig->directory);
    snprintf(input, sizeof(input), "{'file':'%s'}", file);
    const char *arn = rig_start(rig, NULL, input);
    rig_until_true(rig, is_there, file);
    unlink(file);
    rig_crash(rig);
    rig_open(rig);
    rig_until_true(rig, is_there, file);
    char text[128] = "";
    FILE *in = fopen(file, "r");
    assert_non_null(in);
    assert_non_null(fgets(text, sizeof(text), in));
    fclose(in);
    assert_string_equal(text, token_of(rig, arn));
    ask_success(rig, text, "8", &answer);
    answer_expect(rig, &answer, "");
    assert_string_equal(rig_end(rig, arn)->output, "8");
    assert_int_equal(rig_count(rig_story(rig, arn), "TaskScheduled"), 1);
    unlink(file);
}

/* What the engine that died knew of the call's start was not durable, and the
 * next one has not made the call again. */
static void an_answer_tells_that_the_call_was_made(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    char file[128], input[192], token[128];
    open_with_handlers(rig);
    rig_machine(rig, "m", TASK("hang", ""));
    snprintf(file, sizeof(file), "%s/token", rig->directory);
    snprintf(input, sizeof(input), "{'file':'%s'}", file);
    const char *arn = rig_start(rig, NULL, input);
    rig_until_true(rig, is_there, file);
    snprintf(token, sizeof(token), "%s", token_of(rig, arn));
    rig_crash(rig);
    rig_open(rig);
    ask_success(rig, token, "8", &answer);
    answer_expect(rig, &answer, "");
    assert_string_equal(rig_end(rig, arn)->output, "8");
    rig_assert_has(rig_story(rig, arn), "4<3 TaskStarted T");
    rig_assert_has(rig_story(rig, arn), "5<4 TaskSucceeded T");
    unlink(file);
}

/* ---- real time, moved by hand ---- */

static void nobody_answers_in_time(void **state) {
    struct rig *rig = *state;
    open_with_handlers(rig);
    const char *arn =
        start_submitted(rig, TASK("submit", ",'TimeoutSeconds':3600"));
    const char *token = token_of(rig, arn);
    rig_until_parked(rig);
    rig_jump(rig, 3600500);
    struct rig_reply *end = rig_end(rig, arn);
    assert_string_equal(end->error, "States.Timeout");
    rig_assert_has(rig_story(rig, arn), "6<5 TaskTimedOut T +36");
    expect_late(rig, token);
}

static void heartbeats_keep_it_open(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    open_with_handlers(rig);
    const char *arn = start_submitted(
        rig, TASK("submit", ",'TimeoutSeconds':36000,"
                            "'HeartbeatSeconds':60"));
    const char *token = token_of(rig, arn);
    rig_until_parked(rig);
    uint64_t before = 0;
    for (int i = 0; i < 5; i++) {
        rig_jump(rig, 50000);
        wf_engine_send_task_heartbeat(rig->engine, wf_str(token),
                                      answer_done, &answer);
        answer_expect(rig, &answer, "");
        rig_flush(rig);
        if (i == 0)
            before = rig_stats(rig).durable_seq;
    }
    /* None of them is written. */
    assert_int_equal(rig_stats(rig).durable_seq, before);
    rig_jump(rig, 60500);
    struct rig_reply *end = rig_end(rig, arn);
    assert_string_equal(end->error, "States.Timeout");
    expect_late(rig, token);
}

/* While there is no engine nobody can beat. */
static void the_interval_begins_again_with_an_engine(void **state) {
    struct rig *rig = *state;
    struct answer answer = {0};
    open_with_handlers(rig);
    const char *arn =
        start_submitted(rig, TASK("submit", ",'HeartbeatSeconds':60"));
    const char *token = token_of(rig, arn);
    for (int parked = 0; parked < 2; parked++) {
        if (parked)
            rig_until_parked(rig);
        rig_close(rig);
        rig_jump(rig, 3600000);
        rig_open(rig);
        rig_turns(rig, 200);
        rig_jump(rig, 40000);
        rig_turns(rig, 200);
        rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
    }
    wf_engine_send_task_heartbeat(rig->engine, wf_str(token), answer_done,
                                  &answer);
    answer_expect(rig, &answer, "");
    rig_jump(rig, 60500);
    assert_string_equal(rig_end(rig, arn)->error, "States.Timeout");
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    /* Workers that crash on purpose are no finding. */
    setenv("ASAN_OPTIONS", "handle_segv=0", 1);
    setenv("TSAN_OPTIONS", "handle_segv=0", 1);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(an_answer_is_the_result),
        ENGINE_TEST_BOTH(a_failure_goes_to_the_catcher),
        ENGINE_TEST_BOTH(a_failure_needs_no_words),
        ENGINE_TEST_REAL(each_attempt_has_a_token),
        ENGINE_TEST_BOTH(what_is_no_token_is_told),
        ENGINE_TEST_REAL(the_first_answer_counts),
        ENGINE_TEST_REAL(a_stop_is_faster_or_not),
        ENGINE_TEST_BOTH(an_answer_waits_for_the_call),
        ENGINE_TEST_BOTH(an_answer_is_worth_more_than_the_call),
        ENGINE_TEST_REAL(an_answer_may_come_before_the_call_returns),
        ENGINE_TEST_BOTH(a_call_that_fails_fails_the_task),
        ENGINE_TEST_REAL(a_death_keeps_the_token),
        ENGINE_TEST_REAL(an_answer_tells_that_the_call_was_made),
        ENGINE_TEST_REAL(nobody_answers_in_time),
        ENGINE_TEST_REAL(heartbeats_keep_it_open),
        ENGINE_TEST_REAL(the_interval_begins_again_with_an_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
