/*
 * test_engine_redrive_branches.c - redrives of executions with Parallel and
 * Map states: what was done stays done, what was not goes on; wherever they
 * were stopped, and wherever the engine died.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "redrives.h"
#include "lua_stdlib.h"

/* ---- one level ---- */

static void branches_that_are_done_stay_done(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("A", "'A':{'Type':'Pass','Result':1,'Next':'B'}," PASS("B")) ","
        BRANCH("W", "'W':{'Type':'Wait','Seconds':1,'Next':'T'},"
               TASK("T", "flaky", "'End':true")) ","
        BRANCH("V", "'V':{'Type':'Wait','Seconds':9,'End':true}")
        "],'End':true}}}",
        "2");
    const char *story = redrives_succeed(rig, arn, "[1,2,2]");
    assert_int_equal(rig_count(story, " PassStateEntered"), 2);
    assert_int_equal(rig_count(story, " WaitStateEntered"), 2);
    assert_int_equal(rig_count(story, " WaitStateAborted V"), 1);
    assert_int_equal(rig_count(story, " WaitStateExited V"), 1);
    assert_int_equal(rig_count(story, " TaskStateEntered"), 1);
    assert_int_equal(rig_count(story, " TaskScheduled T"), 2);
    assert_int_equal(rig_count(story, " ParallelStateStarted"), 1);
    assert_int_equal(rig_count(story, " ParallelStateSucceeded"), 1);
    assert_int_equal(rig_rows(rig, 'T', 0), 0);
}

static void iterations_keep_their_results(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':"
        BRANCH("W", "'W':{'Type':'Wait','SecondsPath':'$','Next':'T'},"
               TASK("T", "even", "'End':true"))
        ",'End':true}}}",
        "[2,4,7,6,9]");
    const char *story = redrives_succeed(rig, arn, "[20,40,70,60,90]");
    assert_int_equal(rig_count(story, " MapIterationStarted"), 5);
    assert_int_equal(rig_count(story, " MapIterationFailed M#2"), 1);
    assert_int_equal(rig_count(story, " MapIterationSucceeded"), 5);
    assert_int_equal(rig_count(story, " WaitStateExited"), 5);
    assert_int_equal(rig_rows(rig, 'O', 0), 0);
}

static void iterations_that_had_not_begun_begin(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','MaxConcurrency':2,"
        "'ItemSelector':{'n.$':'$$.Map.Item.Value'},'ItemProcessor':"
        BRANCH("P", "'P':{'Type':'Pass','InputPath':'$.n','Next':'T'},"
               TASK("T", "even", "'End':true"))
        ",'End':true}}}",
        "[2,4,3,6,5,8]");
    const char *story = redrives_succeed(rig, arn, "[20,40,30,60,50,80]");
    assert_int_equal(rig_count(story, " MapIterationStarted"), 6);
    assert_int_equal(rig_count(story, " MapStateStarted"), 1);
}

static void a_caught_failure_is_behind_us(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("F", "'F':{'Type':'Fail','Error':'X','Cause':'Y'}")
        "],'Catch':[{'ErrorEquals':['X'],'Next':'T'}],'End':true},"
        TASK("T", "flaky", "'End':true") "}}",
        "{}");
    const char *story =
        redrives_succeed(rig, arn, "{'Error':'X','Cause':'Y'}");
    assert_int_equal(rig_count(story, " FailStateEntered"), 1);
}

static void a_retried_map_goes_on_with_its_last_attempt(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':"
        BRANCH("T", TASK("T", "even", "'End':true"))
        ",'Retry':[{'ErrorEquals':['E'],'MaxAttempts':1}],'End':true}}}",
        "[2,3]");
    const char *story = redrives_succeed(rig, arn, "[20,30]");
    assert_int_equal(rig_count(story, " MapStateStarted"), 2);
    assert_int_equal(rig_count(story, " MapIterationStarted"), 4);
}

/* The results are too much for one payload: all of it runs again. */
static void what_could_not_be_joined_runs_again(void **state) {
    struct rig *rig = *state;
    rig->options.payload_bytes = 1000;
    redrives_open(rig);
    const char *arn = redrives_fail(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':"
        BRANCH("T", TASK("T", "grow", "'End':true")) ",'End':true}}}",
        "[600,600]");
    rig_redrive(rig, arn);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_FAILED);
    const char *story = rig_story(rig, arn);
    assert_int_equal(rig_count(story, " MapStateStarted"), 2);
    assert_int_equal(rig_count(story, " TaskSucceeded"), 4);
}

static void variables_are_what_they_were(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    const char *arn = redrives_fail(
        rig,
        "{'StartAt':'A','QueryLanguage':'JSONata','States':{"
        "'A':{'Type':'Pass','Assign':{'x':1,'y':1},'Next':'B'},"
        "'B':{'Type':'Pass','Assign':{'y':2},'Next':'M'},"
        "'M':{'Type':'Map','Items':[1,2],'ItemProcessor':"
        BRANCH("C", "'C':{'Type':'Pass','Assign':{'z':'{% $states.input %}'},"
               "'Next':'T'},"
               "'T':{'Type':'Task','Resource':'lua:t.flaky','Next':'D'},"
               "'D':{'Type':'Pass','Output':'{% [$x,$y,$z] %}','End':true}")
        ",'End':true}}}",
        "{}");
    redrives_succeed(rig, arn, "[[1,2,1],[1,2,2]]");
}

static void a_join_that_failed_is_made_again(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *arn = redrives_fail(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':"
        BRANCH("A", PASS("A"))
        ",'ResultSelector':{'t.$':'$$.Execution.RedriveTime','r.$':'$[1]'},"
        "'OutputPath':'$.r','End':true}}}",
        "[4,5]");
    const char *story = redrives_succeed(rig, arn, "5");
    assert_int_equal(rig_count(story, " MapIterationStarted"), 2);
}

/* ---- all of it, stopped anywhere ---- */

/* Everything there is, each with a result that follows from its input. */
static const char mixed[] =
    "{'StartAt':'A','States':{"
    "'A':{'Type':'Pass','Next':'P'},"
    "'P':{'Type':'Parallel','Branches':["
    BRANCH("M", "'M':{'Type':'Map','ItemsPath':'$.l','MaxConcurrency':3,"
           "'ItemProcessor':"
           BRANCH("C", "'C':{'Type':'Choice','Choices':[{'Variable':'$',"
                  "'NumericGreaterThan':3,'Next':'Q'}],'Default':'D'},"
                  "'D':{'Type':'Pass','Next':'E'},"
                  "'E':{'Type':'Wait','Seconds':1,'End':true},"
                  "'Q':{'Type':'Parallel','Branches':["
                  BRANCH("R", TASK("R", "echo", "'Next':'S'") ","
                         "'S':{'Type':'Pass','End':true}") ","
                  BRANCH("U", "'U':{'Type':'Wait','Seconds':2,'Next':'V'},"
                         "'V':{'Type':'Pass','Next':'X'}," PASS("X"))
                  "],'End':true}")
           ",'End':true}") ","
    BRANCH("F", "'F':{'Type':'Parallel','Branches':["
           BRANCH("G", "'G':{'Type':'Fail','Error':'E'}") ","
           BRANCH("H", "'H':{'Type':'Wait','Seconds':5,'End':true}")
           "],'Retry':[{'ErrorEquals':['E'],'IntervalSeconds':1,"
           "'MaxAttempts':1}],'Catch':[{'ErrorEquals':['E'],'Next':'I'}],"
           "'End':true},"
           "'I':{'Type':'Pass','Result':'caught','End':true}") ","
    BRANCH("J", "'J':{'Type':'Pass','Next':'K'},"
           "'K':{'Type':'Choice','Choices':[{'Variable':'$.n',"
           "'NumericEquals':0,'Next':'L'}],'Default':'N'},"
           "'L':{'Type':'Pass','Result':'done','End':true},"
           "'N':{'Type':'Pass','Parameters':{'n.$':"
           "'States.MathAdd($.n, -1)'},'Next':'J'}")
    "],'Next':'Z'}," PASS("Z") "}}";
static const char mixed_input[] = "{'l':[1,5,2,6,3,4],'n':90}";
static const char mixed_output[] =
    "[[1,[5,5],2,[6,6],3,[4,4]],'caught','done']";

/* No step that was recorded as done is done again. */
static void check_steps(const char *story) {
    assert_int_equal(rig_count(story, " PassStateExited J"), 91);
    assert_int_equal(rig_count(story, " ChoiceStateExited K"), 91);
    assert_int_equal(rig_count(story, " PassStateExited N"), 90);
    assert_int_equal(rig_count(story, " PassStateExited A"), 1);
    assert_int_equal(rig_count(story, " PassStateExited D"), 3);
    assert_int_equal(rig_count(story, " WaitStateExited E"), 3);
    assert_int_equal(rig_count(story, " TaskStateExited R"), 3);
    assert_int_equal(rig_count(story, " WaitStateExited U"), 3);
    assert_int_equal(rig_count(story, " PassStateExited X"), 3);
    assert_int_equal(rig_count(story, " MapIterationSucceeded"), 6);
    assert_int_equal(rig_count(story, " PassStateExited I"), 1);
    assert_int_equal(rig_count(story, " PassStateExited Z"), 1);
    assert_int_equal(rig_count(story, " ParallelStateExited Q"), 3);
}

/* Stops it after so many turns; false: it had ended by then. */
static bool stop_after(struct rig *rig, const char *arn, unsigned turns) {
    rig_turns(rig, turns);
    struct rig_reply *end =
        rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
    return end->status == WF_EXECUTION_ABORTED;
}

static void check_mixed(struct rig *rig, const char *arn, unsigned turns) {
    struct rig_reply *end = rig_end(rig, arn);
    const char *story = rig_story(rig, arn);
    if (end->status != WF_EXECUTION_SUCCEEDED)
        fail_msg("stopped after %u turns: %s\n%s", turns, end->cause, story);
    rig_assert_text(rig, end->output, mixed_output);
    branches_check(story);
    check_steps(story);
}

static void it_goes_on_wherever_it_was_stopped(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    rig_machine(rig, "m", mixed);
    bool goes_on = true;
    for (unsigned turns = 1; goes_on; turns++) {
        char name[16];
        snprintf(name, sizeof(name), "x%u", turns);
        const char *arn = rig_start(rig, name, mixed_input);
        goes_on = stop_after(rig, arn, turns);
        if (goes_on)
            rig_redrive(rig, arn);
        check_mixed(rig, arn, turns);
    }
}

static void it_goes_on_however_often_it_was_stopped(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    rig_machine(rig, "m", mixed);
    const char *arn = rig_start(rig, "x", mixed_input);
    unsigned stops = 0;
    for (unsigned turns = 3; stop_after(rig, arn, turns); turns++) {
        rig_redrive(rig, arn);
        if (stops++ % 5 == 4)
            rig_reopen(rig);
    }
    assert_true(stops > 5);
    check_mixed(rig, arn, 0);
    assert_int_equal(rig_describe(rig, arn)->redrives, stops);
    assert_int_equal(rig_rows(rig, 'T', 0), 0);
    assert_int_equal(rig_rows(rig, 'O', 0), 0);
    assert_int_equal(rig_rows(rig, 'E', 12), 0);
}

static void it_goes_on_wherever_the_engine_died(void **state) {
    struct rig *rig = *state;
    redrives_open(rig);
    rig_machine(rig, "m", mixed);
    unsigned stopped = 0;
    for (unsigned turns = 0; turns < 26; turns++) {
        char name[16];
        snprintf(name, sizeof(name), "x%u", turns);
        const char *arn = rig_start(rig, name, mixed_input);
        if (!stop_after(rig, arn, 1 + turns % 13))
            continue; /* too late: it has ended */
        stopped++;
        struct rig_reply *redriven = rig_ask_redrive(rig, arn, "token");
        rig_turns(rig, turns);
        bool acknowledged = redriven->done;
        rig_crash(rig);
        rig_open(rig);
        struct rig_reply *there = rig_describe(rig, arn);
        if (acknowledged)
            assert_int_equal(there->redrives, 1);
        redriven = rig_reply_of(rig, rig_ask_redrive(rig, arn, "token"));
        assert_false(redriven->refused);
        check_mixed(rig, arn, turns);
        assert_int_equal(rig_describe(rig, arn)->redrives, 1);
    }
    assert_true(stopped > 10);
    assert_int_equal(rig_rows(rig, 'T', 0), 0);
    assert_int_equal(rig_rows(rig, 'O', 0), 0);
    assert_int_equal(rig_rows(rig, 'E', 12), 0);
}

/* ---- many ---- */


static void many_iterations_wake_some_at_a_time(void **state) {
    struct rig *rig = *state;
    struct wf_buf input = {0}, output = {0};
    redrives_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':"
                BRANCH("W", "'W':{'Type':'Wait','Seconds':1000,'Next':'A'},"
                       PASS("A")) ",'End':true}}}");
    for (unsigned i = 0; i < 5000; i++) {
        wf_buf_addf(&input, "%s%u", i ? "," : "[", i);
        wf_buf_addf(&output, "%s%u", i ? "," : "[", i);
    }
    wf_buf_add(&input, "]", 2);
    wf_buf_add(&output, "]", 2);
    const char *arn = rig_start(rig, "x", input.data);
    rig_turns(rig, 20);
    rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
    const char *story = redrives_succeed(rig, arn, output.data);
    assert_int_equal(rig_count(story, " MapIterationStarted"), 5000);
    assert_int_equal(rig_count(story, " WaitStateExited"), 5000);
    assert_int_equal(rig_rows(rig, 'E', 12), 0);
    wf_buf_free(&input);
    wf_buf_free(&output);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(branches_that_are_done_stay_done),
        ENGINE_TEST_BOTH(iterations_keep_their_results),
        ENGINE_TEST_BOTH(iterations_that_had_not_begun_begin),
        ENGINE_TEST_BOTH(a_caught_failure_is_behind_us),
        ENGINE_TEST_BOTH(a_retried_map_goes_on_with_its_last_attempt),
        ENGINE_TEST_BOTH(what_could_not_be_joined_runs_again),
        ENGINE_TEST_BOTH(variables_are_what_they_were),
        ENGINE_TEST_BOTH(a_join_that_failed_is_made_again),
        ENGINE_TEST_BOTH(it_goes_on_wherever_it_was_stopped),
        ENGINE_TEST_BOTH(it_goes_on_however_often_it_was_stopped),
        ENGINE_TEST_BOTH(it_goes_on_wherever_the_engine_died),
        ENGINE_TEST_BOTH(many_iterations_wake_some_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
