/*
 * test_engine_nested.c - executions that tasks start: what histories say,
 * who waits for whom, deaths between any two steps, stops, and executions
 * that start each other for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lua_stdlib.h"
#include "machine_answers.h"

#define PREFIX "arn:aws:states:us-east-1:000000000000:"
#define CHILD_ARN PREFIX "stateMachine:child"

/* A task that starts an execution of "child", and catches what fails. */
#define TASK(pattern, parameters, fields)                                     \
    "{'Type':'Task','Resource':'arn:aws:states:::states:startExecution"       \
    pattern "','Parameters':{'StateMachineArn':'" CHILD_ARN "'" parameters    \
    "}" fields
#define PARENT(pattern, parameters, fields)                                   \
    "{'StartAt':'T','States':{'T':" TASK(pattern, parameters, fields)         \
    ",'Next':'C'},'C':{'Type':'Pass','End':true}}}"
#define CATCH ",'Catch':[{'ErrorEquals':['States.ALL'],'Next':'C'}]"

#define PASS "{'StartAt':'P','States':{'P':{'Type':'Pass','End':true}}}"
#define FAIL                                                                  \
    "{'StartAt':'F','States':{'F':{'Type':'Fail','Error':'E','Cause':'C'}}}"
#define WAIT                                                                  \
    "{'StartAt':'W','States':{'W':{'Type':'Wait','SecondsPath':'$',"          \
    "'Next':'P'},'P':{'Type':'Pass','End':true}}}"

static struct rig *open_with(void **state, const char *child,
                             const char *parent) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "child", child);
    if (parent)
        rig_machine(rig, "m", parent);
    return rig;
}

/* Owned by the rig. */
static const char *child_arn(struct rig *rig, const char *name) {
    char text[300];
    snprintf(text, sizeof(text), PREFIX "execution:child:%s", name);
    return rig_quoted(rig, text);
}

/* The first text of the history that begins like this. Owned by the rig. */
static const char *text_in(struct rig *rig, const char *history,
                           const char *begin) {
    const char *at = strstr(history, begin);
    if (!at)
        fail_msg("there is no %s in %s", begin, history);
    char *text = rig_quoted(rig, at);
    text[strcspn(text, "\"\\")] = 0;
    return text;
}

static const char *child_of(struct rig *rig, const char *arn) {
    return text_in(rig, rig_history(rig, arn), PREFIX "execution:child:");
}

/* No end is left to be told. */
static bool all_is_told(struct rig *rig, void *arg) {
    (void)arg;
    if (rig->is_real)
        rig_jump(rig, 1);
    return rig_rows(rig, 'T', 20) == 0;
}

/* ---- what tasks get ---- */

static void a_start_is_all(void **state) {
    struct rig *rig = open_with(state, WAIT, PARENT("", ",'Input':100", ""));
    struct rig_reply *end = rig_end(rig, rig_start(rig, NULL, "{}"));
    rig_assert_has(end->output, "{\"ExecutionArn\":\"" PREFIX
                                "execution:child:");
    rig_assert_has(end->output, "\"HttpStatusCode\":200}");
    rig_assert_has(rig_story(rig, end->arn), "3<2 TaskScheduled T\n"
                                             "4<3 TaskStarted T\n"
                                             "5<4 TaskSucceeded T\n");
    struct rig_reply *child = rig_end(rig, child_of(rig, end->arn));
    assert_string_equal(child->input, "100");
    assert_int_equal(child->stop_ms - child->start_ms, 100000);
}

static void a_task_gets_the_end_as_text(void **state) {
    struct rig *rig = open_with(
        state, PASS, PARENT(".sync", ",'Input':{'a':1.0},'Name':'n'", ""));
    struct rig_reply *end = rig_end(rig, rig_start(rig, NULL, "{}"));
    rig_assert_has(end->output, "\"Input\":\"{\\\"a\\\":1.0}\"");
    rig_assert_has(end->output, "\"Output\":\"{\\\"a\\\":1.0}\"");
    rig_assert_has(end->output, "\"Status\":\"SUCCEEDED\"");
    rig_assert_has(rig_story(rig, end->arn), "3<2 TaskScheduled T\n"
                                             "4<3 TaskStarted T\n"
                                             "5<4 TaskSubmitted T\n"
                                             "6<5 TaskSucceeded T\n"
                                             "7<6 TaskStateExited T\n");
    assert_string_equal(child_of(rig, end->arn), child_arn(rig, "n"));
    rig_until_true(rig, all_is_told, NULL);
}

static void or_parsed(void **state) {
    struct rig *rig = open_with(
        state, PASS, PARENT(".sync:2", ",'Input':{'a':1.0}", ""));
    struct rig_reply *end = rig_end(rig, rig_start(rig, NULL, "{}"));
    rig_assert_has(end->output, "\"Input\":{\"a\":1.0},");
    rig_assert_has(end->output, "\"Output\":{\"a\":1.0},");
}

static void a_failure_has_the_end_as_cause(void **state) {
    struct rig *rig = open_with(state, FAIL, PARENT(".sync:2", "", CATCH));
    struct rig_reply *end = rig_end(rig, rig_start(rig, NULL, "{}"));
    rig_assert_has(end->output, "{\"Error\":\"States.TaskFailed\",\"Cause\":"
                                "\"{\\\"Cause\\\":\\\"C\\\",\\\"Error\\\":"
                                "\\\"E\\\",\\\"ExecutionArn\\\":");
    rig_assert_has(end->output, "\\\"Input\\\":\\\"{}\\\"");
    rig_assert_has(end->output, "\\\"Status\\\":\\\"FAILED\\\"");
}

static void a_token_is_waited_for(void **state) {
    struct rig *rig = open_with(
        state, PASS,
        PARENT(".waitForTaskToken",
               ",'Input':{'token.$':'$$.Task.Token'}", ""));
    struct answer answer = {0};
    const char *arn = rig_start(rig, NULL, "{}");
    rig_until_event(rig, arn, "TaskSubmitted");
    const char *child = child_of(rig, arn);
    const char *output = rig_end(rig, child)->output;
    const char *token = output + strlen("{'token':'");
    struct wf_send_task ask = {.token = {token, strcspn(token, "\"")},
                               .output = WF_STR("7")};
    wf_engine_send_task_success(rig->engine, &ask, answer_done, &answer);
    answer_expect(rig, &answer, "");
    assert_string_equal(rig_end(rig, arn)->output, "7");
}

/* ---- what is refused ---- */

static void refusals_fail_the_task(void **state) {
    struct rig *rig = open_with(state, PASS, PARENT(".sync", "", CATCH));
    rig_reply_of(rig, rig_ask_machine(rig, "express", PASS, true));
    static const struct {
        const char *parameters, *resource, *error;
    } cases[] = {
        {"'StateMachineArn':'" PREFIX "stateMachine:none'", "states:",
         "StepFunctions.StateMachineDoesNotExistException"},
        {"'StateMachineArn':'none'", "states:",
         "StepFunctions.InvalidArnException"},
        {"'StateMachineArn':'" CHILD_ARN "','Name':'a b'", "states:",
         "StepFunctions.InvalidNameException"},
        {"'StateMachineArn':'" CHILD_ARN "','Input':'{'", "states:",
         "StepFunctions.InvalidExecutionInputException"},
        {"'StateMachineArn':'" PREFIX "stateMachine:none'", "aws-sdk:sfn:",
         "Sfn.StateMachineDoesNotExistException"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[1024];
        snprintf(text, sizeof(text),
                 "{'StartAt':'T','States':{'T':{'Type':'Task','Resource':"
                 "'arn:aws:states:::%sstartExecution','Parameters':{%s},"
                 "'End':true}}}",
                 cases[i].resource, cases[i].parameters);
        struct rig_reply *end = rig_run(rig, text, "{}");
        assert_string_equal(end->error, cases[i].error);
        rig_assert_has(rig_story(rig, end->arn), "5<4 TaskFailed T");
    }
    assert_int_equal(rig_rows(rig, 'T', 20), 0);
}

static void express_executions_are_not_waited_for(void **state) {
    struct rig *rig = open_with(state, PASS, NULL);
    rig_reply_of(rig, rig_ask_machine(rig, "express", PASS, true));
#define EXPRESS(pattern)                                                      \
    "{'StartAt':'T','States':{'T':{'Type':'Task','Resource':"                 \
    "'arn:aws:states:::states:startExecution" pattern "','Parameters':{"      \
    "'StateMachineArn':'" PREFIX "stateMachine:express','Name':'n'},"         \
    "'End':true}}}"
    struct rig_reply *end = rig_run(rig, EXPRESS(""), "{}");
    rig_assert_has(end->output, "\"" PREFIX "express:express:n:");
    end = rig_run(rig, EXPRESS(".sync"), "{}");
    assert_string_equal(end->error,
                        "StepFunctions.StateMachineTypeNotSupportedException");
}

static void names_are_idempotent(void **state) {
    struct rig *rig = open_with(
        state, WAIT, PARENT(".sync", ",'Name':'n','Input.$':'$'", CATCH));
    const char *one = rig_start(rig, "1", "100");
    rig_until_event(rig, one, "TaskSubmitted");
    const char *same = rig_start(rig, "2", "100");
    const char *other = rig_start(rig, "3", "101");
    rig_assert_has(rig_end(rig, other)->output,
                   "{\"Error\":\"StepFunctions.ExecutionAlreadyExistsExceptio"
                   "n\",\"Cause\":\"Execution Already Exists: '" PREFIX
                   "execution:child:n' (Service: AWSStepFunctions; Status "
                   "Code: 400; Error Code: ExecutionAlreadyExists;");
    rig_assert_has(rig_end(rig, one)->output, "\"Output\":\"100\"");
    rig_assert_has(rig_end(rig, same)->output, "\"Output\":\"100\"");
    const char *late = rig_start(rig, "4", "100");
    rig_assert_has(rig_end(rig, late)->output, "ExecutionAlreadyExists");
    rig_until_true(rig, all_is_told, NULL);
}

/* ---- waiting ---- */

static void whoever_waits_parks(void **state) {
    struct rig *rig = open_with(
        state, WAIT, PARENT(".sync:2", ",'Input':100000", ""));
    const char *arn = rig_start(rig, NULL, "{}");
    rig_until_event(rig, arn, "TaskSubmitted");
    rig_until_parked(rig);
    rig_reopen(rig);
    rig_jump(rig, 100001000);
    rig_assert_has(rig_end(rig, arn)->output, "\"Output\":100000,");
    rig_until_true(rig, all_is_told, NULL);
}

/* 3 levels, each of which waits for the next one. */
static void parents_have_parents(void **state) {
    struct rig *rig = open_with(state, WAIT, NULL);
    rig_machine(rig, "middle", PARENT(".sync:2", ",'Input.$':'$'", ""));
    rig_machine(rig, "m",
                "{'StartAt':'T','States':{'T':{'Type':'Task','Resource':"
                "'arn:aws:states:::states:startExecution.sync:2',"
                "'Parameters':{'StateMachineArn':'" PREFIX
                "stateMachine:middle','Input.$':'$'},'OutputPath':"
                "'$.Output.Output','End':true}}}");
    const char *arn = rig_start(rig, NULL, "5000");
    rig_until_parked(rig);
    rig_jump(rig, 5001000);
    assert_string_equal(rig_end(rig, arn)->output, "5000");
}

/* Each iteration of a Map waits for a child of its own. */
static void many_wait(void **state) {
    struct rig *rig = open_with(
        state, WAIT,
        "{'StartAt':'M','States':{'M':{'Type':'Map','End':true,"
        "'ItemProcessor':{'StartAt':'T','States':{'T':" TASK(
            ".sync:2", ",'Input.$':'$'", "")
        ",'OutputPath':'$.Output','End':true}}}}}}");
    struct wf_buf input = {0};
    for (int i = 0; i < 300; i++)
        wf_buf_addf(&input, "%c%d", i ? ',' : '[', 3000 + i % 7);
    wf_buf_u8(&input, ']');
    wf_buf_u8(&input, 0);
    const char *arn = rig_start(rig, NULL, input.data);
    rig_until_parked(rig);
    assert_int_equal(rig_count(rig_story(rig, arn), "TaskSubmitted"), 300);
    rig_crash(rig);
    rig_open(rig);
    rig_jump(rig, 3010000);
    rig_assert_text(rig, rig_end(rig, arn)->output, input.data);
    wf_buf_free(&input);
    rig_until_true(rig, all_is_told, NULL);
}

/* ---- deaths ---- */

/* Opening a store on disk takes its time. */
static unsigned step(const struct rig *rig) {
    return rig->in_memory ? 1 : 5;
}

/* Starts one, has the engine die after so many turns, and looks at what the
 * next one makes of it. NULL: nothing of it was durable. */
static struct rig_reply *end_after_crash(struct rig *rig, unsigned turns,
                                         const char *input) {
    char name[24], arn[300];
    snprintf(name, sizeof(name), "x%u", turns);
    rig->options.journal_bytes = turns % 3 ? 1024 : 0;
    rig_ask_start(rig, name, input);
    rig_turns(rig, turns);
    rig_crash(rig);
    rig_open(rig);
    snprintf(arn, sizeof(arn), PREFIX "execution:m:%s", name);
    struct rig_reply *there = rig_reply_of(rig, rig_ask_describe(rig, arn));
    return there->refused ? NULL : rig_end(rig, there->arn);
}

static void a_death_loses_and_repeats_nothing(void **state) {
    struct rig *rig = open_with(
        state, WAIT,
        PARENT(".sync", ",'Input':1,'Name.$':'$$.Execution.Name'", ""));
    rig_flush(rig);
    for (unsigned turns = 0; turns < 90; turns += step(rig)) {
        struct rig_reply *end = end_after_crash(rig, turns, "{}");
        if (!end)
            continue;
        const char *child = child_of(rig, end->arn);
        rig_assert_has(end->output, "\"Output\":\"1\"");
        const char *story = rig_story(rig, end->arn);
        assert_int_equal(rig_count(story, "TaskScheduled"), 1);
        assert_int_equal(rig_count(story, "TaskStarted"), 1);
        assert_int_equal(rig_count(story, "TaskSubmitted"), 1);
        assert_int_equal(rig_count(story, "TaskSucceeded"), 1);
        assert_int_equal(rig_count(rig_story(rig, child), "WaitStateExited"),
                         1);
    }
    rig_until_true(rig, all_is_told, NULL);
}

/* Children without a name of the user's: there is one for each task. */
static void a_death_starts_none_twice(void **state) {
    struct rig *rig = open_with(state, PASS, PARENT("", "", ""));
    unsigned ended = 0;
    rig_flush(rig);
    for (unsigned turns = 0; turns < 60; turns += step(rig))
        ended += end_after_crash(rig, turns, "{}") != NULL;
    rig_flush(rig);
    assert_true(ended > 0);
    assert_int_equal(rig_rows(rig, 'L', 0), 2 * ended);
    rig_until_true(rig, all_is_told, NULL);
}

/* ---- stops ---- */

static bool is_over(struct rig *rig, void *arg) {
    const char *arn = arg;
    return rig_describe(rig, arn)->status != WF_EXECUTION_RUNNING;
}

static void expect_stopped(struct rig *rig, const char *child) {
    rig_until_true(rig, is_over, (void *)child);
    rig_assert_status(rig, child, WF_EXECUTION_ABORTED);
    rig_until_true(rig, all_is_told, NULL);
}

static void a_stop_goes_down(void **state) {
    struct rig *rig = open_with(
        state, WAIT, PARENT(".sync", ",'Input':100000", ""));
    for (int parked = 0; parked < 2; parked++) {
        const char *arn = rig_start(rig, NULL, "{}");
        rig_until_event(rig, arn, "TaskSubmitted");
        const char *child = child_of(rig, arn);
        if (parked)
            rig_until_parked(rig);
        rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
        expect_stopped(rig, child);
    }
}

static void even_if_the_engine_dies(void **state) {
    struct rig *rig = open_with(
        state, WAIT, PARENT(".sync", ",'Input':100000", ""));
    for (unsigned turns = 0; turns < 40; turns += step(rig)) {
        const char *arn = rig_start(rig, NULL, "{}");
        rig_until_event(rig, arn, "TaskSubmitted");
        const char *child = child_of(rig, arn);
        if (turns % 2)
            rig_until_parked(rig);
        struct rig_reply *stop = rig_ask_stop(rig, arn, NULL, NULL);
        rig_turns(rig, turns / 2);
        rig_crash(rig);
        rig_open(rig);
        if (!stop->done)
            rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
        expect_stopped(rig, child);
    }
}

/* The start may be on its way when the parent is stopped. */
static void a_start_on_its_way_is_stopped(void **state) {
    struct rig *rig = open_with(
        state, WAIT,
        PARENT(".sync", ",'Input':100000,'Name.$':'$$.Execution.Name'", ""));
    for (unsigned turns = 0; turns < 60; turns += step(rig)) {
        char name[16];
        snprintf(name, sizeof(name), "s%u", turns);
        const char *arn = rig_start(rig, name, "{}");
        rig_turns(rig, turns / 2);
        rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
        if (turns % 2) {
            rig_crash(rig);
            rig_open(rig);
        }
        rig_turns(rig, 100);
        struct rig_reply *child = rig_reply_of(
            rig, rig_ask_describe(rig, child_arn(rig, name)));
        if (!child->refused)
            expect_stopped(rig, child->arn);
    }
}

static void a_timeout_stops_the_child(void **state) {
    struct rig *rig = open_with(
        state, WAIT,
        PARENT(".sync", ",'Input':100000", ",'TimeoutSeconds':60" CATCH));
    const char *arn = rig_start(rig, NULL, "{}");
    rig_until_event(rig, arn, "TaskSubmitted");
    const char *child = child_of(rig, arn);
    rig_until_parked(rig);
    rig_jump(rig, 61000);
    rig_assert_has(rig_end(rig, arn)->output, "States.Timeout");
    expect_stopped(rig, child);
}

/* What waits in rows is found when the execution's rows are swept. */
static void a_stop_reaches_parked_iterations(void **state) {
    struct rig *rig = open_with(
        state, WAIT,
        "{'StartAt':'M','States':{'M':{'Type':'Map','End':true,"
        "'ItemProcessor':{'StartAt':'T','States':{'T':" TASK(
            ".sync:2", ",'Input':100000", "") ",'End':true}}}}}}");
    struct wf_buf input = {0};
    for (int i = 0; i < 200; i++)
        wf_buf_addf(&input, "%c%d", i ? ',' : '[', i);
    wf_buf_u8(&input, ']');
    wf_buf_u8(&input, 0);
    const char *arn = rig_start(rig, NULL, input.data);
    wf_buf_free(&input);
    rig_until_parked(rig);
    rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
    rig_until_true(rig, all_is_told, NULL);
    rig_machine(rig, "child", WAIT);
    struct rig_reply *list =
        rig_reply_of(rig, rig_ask_list(rig, WF_EXECUTION_ABORTED, 1000, NULL));
    assert_int_equal(list->count, 200);
}

/* A branch that fails ends its sibling, and what that waits for. */
static void a_branch_that_fails_stops_the_child(void **state) {
    struct rig *rig = open_with(
        state, WAIT,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','End':true,"
        "'Branches':[{'StartAt':'T','States':{'T':" TASK(
            ".sync", ",'Input':100000", "") ",'End':true}}},"
        "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':5,"
        "'Next':'F'},'F':{'Type':'Fail','Error':'E'}}}]}}}");
    const char *arn = rig_start(rig, NULL, "{}");
    rig_until_event(rig, arn, "TaskSubmitted");
    const char *child = child_of(rig, arn);
    rig_jump(rig, 5100);
    assert_string_equal(rig_end(rig, arn)->error, "E");
    expect_stopped(rig, child);
}

/* ---- for ever ---- */

/* Each starts two more: memory is bounded, the engine answers, and those that
 * find no room for a minute fail. */
static void they_may_start_each_other_for_ever(void **state) {
    struct rig *rig = *state;
    rig->options.memory_bytes = 300000;
    rig_open(rig);
#define BRANCH(state)                                                         \
    "{'StartAt':'" state "','States':{'" state "':" TASK(".sync", "", "")    \
    ",'End':true}}}"
    rig_machine(rig, "child",
                "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
                BRANCH("T") "," BRANCH("U") "],'End':true}}}");
    const char *arn = rig_start(rig, NULL, "{}");
    for (int i = 0; i < 400; i++) {
        rig_turns(rig, 20);
        assert_true(rig_stats(rig).active_bytes < 3000000);
    }
    rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
    while (rig_rows(rig, 'T', 20) > 0 || rig_stats(rig).active_executions > 0) {
        rig_jump(rig, 70000);
        rig_turns(rig, 100);
    }
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(a_start_is_all),
        ENGINE_TEST_BOTH(a_task_gets_the_end_as_text),
        ENGINE_TEST_BOTH(or_parsed),
        ENGINE_TEST_BOTH(a_failure_has_the_end_as_cause),
        ENGINE_TEST_BOTH(a_token_is_waited_for),
        ENGINE_TEST_BOTH(refusals_fail_the_task),
        ENGINE_TEST_BOTH(express_executions_are_not_waited_for),
        ENGINE_TEST_BOTH(names_are_idempotent),
        ENGINE_TEST_REAL(whoever_waits_parks),
        ENGINE_TEST_REAL(parents_have_parents),
        ENGINE_TEST_REAL(many_wait),
        ENGINE_TEST_BOTH(a_death_loses_and_repeats_nothing),
        ENGINE_TEST_BOTH(a_death_starts_none_twice),
        ENGINE_TEST_REAL(a_stop_goes_down),
        ENGINE_TEST_REAL(even_if_the_engine_dies),
        ENGINE_TEST_REAL(a_start_on_its_way_is_stopped),
        ENGINE_TEST_REAL(a_timeout_stops_the_child),
        ENGINE_TEST_REAL(a_stop_reaches_parked_iterations),
        ENGINE_TEST_REAL(a_branch_that_fails_stops_the_child),
        ENGINE_TEST_REAL(they_may_start_each_other_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
