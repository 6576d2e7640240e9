/*
 * test_engine_redrive.c - RedriveExecution: what goes on, from where, with
 * what; what may not be; once for a token.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "redrives.h"
#include "lua_stdlib.h"

static struct rig_reply *redrive_to_end(struct rig *rig, const char *arn) {
    rig_redrive(rig, arn);
    return rig_end(rig, arn);
}

/* ---- one line of control ---- */

static const char steps[] =
    "{'StartAt':'A','States':{'A':{'Type':'Pass','Result':{'x':1},"
    "'ResultPath':'$.a','Next':'T'},"
    TASK("T", "flaky", "'Next':'Z'") "," PASS("Z") "}}";

static void it_goes_on_where_it_failed(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail(rig, steps, "{}");
    const char *story = redrives_succeed(rig, arn, "{'a':{'x':1}}");
    assert_string_equal(story, "1<0 ExecutionStarted\n"
                               "2<0 PassStateEntered A\n"
                               "3<2 PassStateExited A\n"
                               "4<3 TaskStateEntered T\n"
                               "5<4 TaskScheduled T\n"
                               "6<5 TaskStarted T\n"
                               "7<6 TaskFailed T E: C\n"
                               "8<7 ExecutionFailed E: C\n"
                               "9<8 ExecutionRedriven#1\n"
                               "10<9 TaskScheduled T\n"
                               "11<10 TaskStarted T\n"
                               "12<11 TaskSucceeded T\n"
                               "13<12 TaskStateExited T\n"
                               "14<13 PassStateEntered Z\n"
                               "15<14 PassStateExited Z\n"
                               "16<15 ExecutionSucceeded\n");
    struct rig_reply *end = rig_describe(rig, arn);
    assert_int_equal(end->redrives, 1);
    assert_true(end->redrive_ms >= end->start_ms);
    assert_null(end->error);
    assert_int_equal(end->redrive_status, WF_REDRIVE_NOT_REDRIVABLE);
}

static void it_goes_on_in_another_engine(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail(rig, steps, "{}");
    rig_reopen(rig);
    rig_redrive(rig, arn);
    rig_reopen(rig);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_SUCCEEDED);
    rig_reopen(rig);
    assert_int_equal(rig_count(rig_story(rig, arn), "\n"), 16);
}

static void it_fails_and_is_redriven_again(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail(
        rig, "{'StartAt':'T','States':{" TASK("T", "twice", "'End':true") "}}",
        "7");
    assert_int_equal(redrive_to_end(rig, arn)->status, WF_EXECUTION_FAILED);
    const char *story = redrives_succeed(rig, arn, "7");
    assert_int_equal(rig_count(story, " ExecutionFailed E"), 2);
    assert_int_equal(rig_count(story, " ExecutionRedriven#1\n"), 1);
    assert_int_equal(rig_count(story, " ExecutionRedriven#2\n"), 1);
    assert_int_equal(rig_count(story, " TaskStateEntered T"), 1);
    assert_int_equal(rig_describe(rig, arn)->redrives, 2);
}

static void retries_begin_again(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail(
        rig,
        "{'StartAt':'T','States':{" TASK("T", "twice",
        "'Retry':[{'ErrorEquals':['E'],'MaxAttempts':2}],'End':true") "}}",
        "{}");
    struct rig_reply *end = redrive_to_end(rig, arn);
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
    assert_int_equal(rig_count(rig_story(rig, arn), " TaskScheduled T"), 6);
    redrives_succeed(rig, arn, "{}");
}

static void a_fail_state_is_entered_again(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *arn = redrives_fail(
        rig,
        "{'StartAt':'F','States':{'F':{'Type':'Fail','Error':'E',"
        "'Cause':'C'}}}",
        "{}");
    assert_int_equal(redrive_to_end(rig, arn)->status, WF_EXECUTION_FAILED);
    assert_string_equal(rig_story(rig, arn), "1<0 ExecutionStarted\n"
                                             "2<0 FailStateEntered F\n"
                                             "3<2 ExecutionFailed E: C\n"
                                             "4<3 ExecutionRedriven#1\n"
                                             "5<4 FailStateEntered F\n"
                                             "6<5 ExecutionFailed E: C\n");
}

/* What the context object says can make the difference. */
static void a_choice_is_evaluated_again(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *arn = redrives_fail(
        rig,
        "{'StartAt':'C','States':{'C':{'Type':'Choice','Choices':[{"
        "'Variable':'$$.Execution.RedriveCount','NumericEquals':1,"
        "'Next':'Z'}]},'Z':{'Type':'Pass','Parameters':{"
        "'n.$':'$$.Execution.RedriveCount'},'End':true}}}",
        "{}");
    const char *story = redrives_succeed(rig, arn, "{'n':1}");
    rig_assert_has(story, "4<3 ExecutionRedriven#1\n5<4 ChoiceStateExited C");
}

static void the_context_has_the_time(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail(
        rig,
        "{'StartAt':'T','States':{" TASK("T", "flaky", "'Next':'Z'")
        ",'Z':{'Type':'Pass','Parameters':{"
        "'t.$':'$$.Execution.RedriveTime'},'End':true}}}",
        "{}");
    struct rig_reply *end = redrive_to_end(rig, arn);
    char text[25], expected[64];
    wf_clock_iso(rig_describe(rig, arn)->redrive_ms, text);
    snprintf(expected, sizeof(expected), "{'t':'%s'}", text);
    rig_assert_text(rig, end->output, expected);
}

/* ---- ends from outside ---- */

static void what_was_stopped_goes_on(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':1000,"
                "'Next':'Z'}," PASS("Z") "}}");
    const char *arn = rig_start(rig, "x", "5");
    rig_reply_of(rig, rig_ask_stop(rig, arn, "S", "because"));
    const char *story = redrives_succeed(rig, arn, "5");
    rig_assert_has(story, "3<0 ExecutionAborted");
    rig_assert_has(story, "4<3 ExecutionRedriven#1\n"
                          "5<4 WaitStateExited W +1000000");
}

static void what_has_timed_out_has_all_its_time_again(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    struct rig_reply *end = rig_run(
        rig,
        "{'StartAt':'W','TimeoutSeconds':100,'States':{'W':{'Type':'Wait',"
        "'Seconds':150,'End':true}}}",
        "{}");
    assert_int_equal(end->status, WF_EXECUTION_TIMED_OUT);
    end = redrive_to_end(rig, end->arn);
    assert_int_equal(end->status, WF_EXECUTION_TIMED_OUT);
    assert_int_equal(end->stop_ms - end->start_ms, 200000);
}

static void a_moment_that_has_passed_is_not_waited_for(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end = rig_run(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("W", "'W':{'Type':'Wait','Seconds':20,'Next':'F'},"
               "'F':{'Type':'Fail'}") ","
        BRANCH("V", "'V':{'Type':'Wait','TimestampPath':'$.t','Next':'Y'},"
               PASS("Y"))
        "],'End':true}}}",
        "{'t':'2200-01-01T00:00:00Z'}");
    assert_int_equal(end->status, WF_EXECUTION_FAILED);
}

/* ---- what may not be ---- */

static void refuse(struct rig *rig, const char *arn, const char *exception,
                   const char *message) {
    struct rig_reply *reply =
        rig_reply_of(rig, rig_ask_redrive(rig, arn, NULL));
    assert_true(reply->refused);
    assert_string_equal(reply->exception, exception);
    assert_string_equal(reply->message, message);
}

static void only_what_has_failed_is_redriven(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    struct rig_reply *end =
        rig_run(rig, "{'StartAt':'Z','States':{" PASS("Z") "}}", "{}");
    refuse(rig, end->arn, "ExecutionNotRedrivable",
           "Execution is SUCCEEDED and cannot be redriven");
    rig_reopen(rig);
    refuse(rig, end->arn, "ExecutionNotRedrivable",
           "Execution is SUCCEEDED and cannot be redriven");
    refuse(rig, "x", "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: x'");
    refuse(rig, "arn:aws:states:us-east-1:000000000000:execution:m:none",
           "ExecutionDoesNotExist",
           "Execution Does Not Exist: 'arn:aws:states:us-east-1:000000000000:"
           "execution:m:none'");
}

static void what_runs_is_not_redriven(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    rig_machine(rig, "m", "{'StartAt':'T','States':{"
                          TASK("T", "slow", "'End':true") "}}");
    const char *arn = rig_start(rig, "x", "{}");
    refuse(rig, arn, "ExecutionNotRedrivable",
           "Execution is RUNNING and cannot be redriven");
}

static void a_token_is_good_once(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail(rig, steps, "{}");
    struct rig_reply *one = rig_ask_redrive(rig, arn, "token");
    struct rig_reply *two = rig_ask_redrive(rig, arn, "token");
    rig_reply_of(rig, one);
    rig_reply_of(rig, two);
    assert_false(one->refused);
    assert_false(two->refused);
    assert_true(one->start_ms == two->start_ms);
    rig_end(rig, arn);
    rig_reopen(rig);
    two = rig_reply_of(rig, rig_ask_redrive(rig, arn, "token"));
    assert_false(two->refused);
    assert_true(one->start_ms == two->start_ms);
    assert_int_equal(rig_describe(rig, arn)->redrives, 1);
}

/* Memory and rows say the same, as long as it is in both. */
static void lists_show_it_as_it_is(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':1000,"
                "'End':true}}}");
    const char *arn = rig_start(rig, "x", "5");
    rig_reply_of(rig, rig_ask_stop(rig, arn, "S", "because"));
    rig_reopen(rig);
    struct rig_reply *list =
        rig_reply_of(rig, rig_ask_list(rig, 0, 10, NULL));
    assert_string_equal(list->text, "x ABORTED\n");
    assert_int_equal(list->redrives, 0);
    struct rig_reply *redriven = rig_ask_redrive(rig, arn, NULL);
    rig_reply_of(rig, redriven);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_SUCCEEDED);
    rig_reopen(rig);
    list = rig_reply_of(rig, rig_ask_list(rig, 0, 10, NULL));
    assert_string_equal(list->text, "x SUCCEEDED\n");
    assert_int_equal(list->redrives, 1);
    assert_true(list->redrive_ms == redriven->start_ms);
}

static void the_profile_has_limits(void **state) {
    struct rig *rig = *state;
    rig->options.profile = &WF_PROFILE_AWS;
    redrives_open(rig);
    const char *arn = redrives_fail(
        rig, "{'StartAt':'F','States':{'F':{'Type':'Fail'}}}", "{}");
    /* (virtual time moves with what waits) */
    rig_run(rig, "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':"
                 "1209601,'End':true}}}", "{}");
    refuse(rig, arn, "ExecutionNotRedrivable",
           "Execution redrivable period exceeded");
    struct rig_reply *there = rig_describe(rig, arn);
    assert_int_equal(there->redrive_status, WF_REDRIVE_NOT_REDRIVABLE);
    assert_string_equal(there->redrive_reason,
                        "Execution redrivable period exceeded");
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(it_goes_on_where_it_failed),
        ENGINE_TEST_BOTH(it_goes_on_in_another_engine),
        ENGINE_TEST_BOTH(it_fails_and_is_redriven_again),
        ENGINE_TEST_BOTH(retries_begin_again),
        ENGINE_TEST_BOTH(a_fail_state_is_entered_again),
        ENGINE_TEST_BOTH(a_choice_is_evaluated_again),
        ENGINE_TEST_BOTH(the_context_has_the_time),
        ENGINE_TEST_BOTH(what_was_stopped_goes_on),
        ENGINE_TEST_BOTH(what_has_timed_out_has_all_its_time_again),
        ENGINE_TEST_BOTH(a_moment_that_has_passed_is_not_waited_for),
        ENGINE_TEST_BOTH(only_what_has_failed_is_redriven),
        ENGINE_TEST_BOTH(what_runs_is_not_redriven),
        ENGINE_TEST_BOTH(a_token_is_good_once),
        ENGINE_TEST_BOTH(lists_show_it_as_it_is),
        ENGINE_TEST_BOTH(the_profile_has_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
