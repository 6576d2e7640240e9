/*
 * test_engine_map_run.c - distributed Maps in the engine: what children get,
 * what becomes of their outputs and failures, and how runs end. Crashes:
 * test_engine_map_recover.c; the API: test_map_api.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lua_stdlib.h"
#include "map_runs.h"

#define SUCCEEDED WF_EXECUTION_SUCCEEDED
#define FAILED WF_EXECUTION_FAILED

static const char handlers[] =
    "local t = {}\n"
    "function t.odd(input)\n"
    "  if input % 2 == 1 then error({ Error = 'E', Cause = 'C' }) end\n"
    "  return input\n"
    "end\n"
    "return t\n";

static struct rig *opened(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    return rig;
}

static struct rig *opened_with_handlers(void **state) {
    rig_handler(*state, "t.lua", handlers);
    return opened(state);
}

#define ECHO STANDARD("A", PASS("A"))
#define ODD STANDARD("A", "'A':{'Type':'Task','Resource':'lua:t.odd'," \
                          "'End':true}")
/* Waits as many seconds as the item says. */
#define WAITS STANDARD("A", "'A':{'Type':'Wait','SecondsPath':'$'," \
                            "'End':true}")

/* ---- inputs and outputs ---- */

static void outputs_are_in_order(void **state) {
    struct rig *rig = opened(state);
    struct rig_reply *end = map_run(rig, MAP_MACHINE(WAITS, ""),
                                    "[3,1,4,1,5,9,2,6]", SUCCEEDED,
                                    "[3,1,4,1,5,9,2,6]");
    rig_assert_text(rig, map_runs(rig, end->arn),
                    "SUCCEEDED items 0+0+8+0+0+0 executions 0+0+8+0+0+0\n");
    const char *story = rig_story(rig, end->arn);
    rig_assert_has(story, "3<2 MapStateStarted M length=8\n"
                          "4<3 MapRunStarted M\n"
                          "5<4 MapRunSucceeded M +9000\n"
                          "6<5 MapStateSucceeded M +9000\n");
    assert_int_equal(rig_count(story, "\n"), 8);
}

static void a_map_of_nothing_succeeds(void **state) {
    struct rig *rig = opened(state);
    struct rig_reply *end =
        map_run(rig, MAP_MACHINE(WAITS, ""), "[]", SUCCEEDED, "[]");
    rig_assert_text(rig, map_runs(rig, end->arn),
                    "SUCCEEDED items 0+0+0+0+0+0 executions 0+0+0+0+0+0\n");
    rig_assert_has(rig_story(rig, end->arn), "MapRunSucceeded");
}

static void selectors_see_items_and_context(void **state) {
    struct rig *rig = opened(state);
    const char *output = "[{'i':0,'v':'a','o':7,'n':'x'},"
                         "{'i':1,'v':{'b':1},'o':7,'n':'x'}]";
    map_run(rig,
            MAP_MACHINE(ECHO, ",'ItemsPath':'$.l','ItemSelector':{"
                              "'i.$':'$$.Map.Item.Index',"
                              "'v.$':'$$.Map.Item.Value','o.$':'$.o',"
                              "'n.$':'$$.Execution.Input.n'}"),
            "{'l':['a',{'b':1}],'o':7,'n':'x'}", SUCCEEDED, output);
}

/* As AWS does it: the child's own states see nothing of its item, and the
 * iterations of an inline Map have no source. */
static void selectors_see_where_items_come_from(void **state) {
    struct rig *rig = opened(state);
    map_run(rig,
            MAP_MACHINE(ECHO, ",'ItemSelector':{'s.$':'$$.Map.Item.Source'},"
                              "'ItemBatcher':{'MaxItemsPerBatch':2}"),
            "[1,2,3]", SUCCEEDED,
            "[{'Items':[{'s':'STATE_DATA'},{'s':'STATE_DATA'}]},"
            "{'Items':[{'s':'STATE_DATA'}]}]");
    map_run(rig,
            MAP_MACHINE(ECHO, ",'QueryLanguage':'JSONata','ItemSelector':"
                              "'{% $states.context.Map.Item %}'"),
            "{'a':7}", SUCCEEDED,
            "[{'Index':0,'Key':'a','Value':7,'Source':'STATE_DATA'}]");
    map_run(rig,
            MAP_MACHINE(STANDARD("A", "'A':{'Type':'Pass','Parameters':{"
                                      "'m.$':'$$..Map'},'End':true}"), ""),
            "[1]", SUCCEEDED, "[{'m':[]}]");
    map_run(rig,
            MAP_MACHINE(STANDARD("N", "'N':{'Type':'Map','ItemProcessor':"
                                      BRANCH("A", PASS("A"))
                                      ",'ItemSelector':{'i.$':"
                                      "'$$.Map.Item'},'End':true}"), ""),
            "[[8]]", SUCCEEDED,
            "[[{'i':{'Index':0,'Value':8,'Source':'STATE_DATA'}}]]");
}

static void a_selector_that_fails_fails_the_run(void **state) {
    struct rig *rig = opened(state);
    struct rig_reply *end = map_run(
        rig, MAP_MACHINE(WAITS, ",'ToleratedFailurePercentage':100,"
                                "'ItemSelector':{'i.$':"
                                "'$$.Map.Item.Value.i'}"),
        "[{'i':1},{'j':1}]", FAILED, NULL);
    rig_assert_has(rig_story(rig, end->arn), "MapRunFailed");
    rig_assert_has(rig_story(rig, end->arn), "MapStateFailed");
}

static void batches_have_items(void **state) {
    struct rig *rig = opened(state);
    struct rig_reply *end =
        map_run(rig, MAP_MACHINE(ECHO, ",'ItemBatcher':{'MaxItemsPerBatch':2,"
                                       "'BatchInput':{'k':true}}"),
                "[1,2,3,4,5]", SUCCEEDED,
                "[{'BatchInput':{'k':true},'Items':[1,2]},"
                "{'BatchInput':{'k':true},'Items':[3,4]},"
                "{'BatchInput':{'k':true},'Items':[5]}]");
    rig_assert_text(rig, map_runs(rig, end->arn),
                    "SUCCEEDED items 0+0+5+0+0+0 executions 0+0+3+0+0+0\n");
}

/* More than are taken in a turn. */
static void batches_may_be_long(void **state) {
    struct rig *rig = opened(state);
    struct wf_buf input = {0};
    for (int i = 0; i < 700; i++)
        wf_buf_addf(&input, "%c%d", i ? ',' : '[', i);
    wf_buf_adds(&input, "]");
    wf_buf_u8(&input, 0);
    map_run(rig, MAP_MACHINE(STANDARD("A", "'A':{'Type':'Pass','Parameters':{"
                                           "'n.$':'States.ArrayLength("
                                           "$.Items)'},'End':true}"),
                             ",'ItemBatcher':{'MaxItemsPerBatch':300}"),
            input.data, SUCCEEDED, "[{'n':300},{'n':300},{'n':100}]");
    wf_buf_free(&input);
}

static void batches_have_so_many_bytes(void **state) {
    struct rig *rig = opened(state);
    /* {"Items":[1111,2222]} has 21. */
    map_run(rig, MAP_MACHINE(ECHO, ",'ItemBatcher':{"
                                   "'MaxInputBytesPerBatch':21}"),
            "[1111,2222,33333,4444,5]", SUCCEEDED,
            "[{'Items':[1111,2222]},{'Items':[33333]},"
            "{'Items':[4444,5]}]");
}

static void variables_are_not_seen_inside(void **state) {
    struct rig *rig = opened(state);
    rig_machine(rig, "m", "{'StartAt':'V','States':{'V':{'Type':'Pass',"
                          "'Assign':{'v':[1,2]},'Next':'M'},"
                          "'M':{'Type':'Map','QueryLanguage':'JSONata',"
                          "'Items':'{% $v %}'," ECHO ",'Next':'Z'},"
                          "'Z':{'Type':'Pass','Parameters':{'v.$':'$v',"
                          "'o.$':'$'},'End':true}}}");
    struct rig_reply *end = rig_end(rig, rig_start(rig, "x", "0"));
    rig_assert_text(rig, end->output, "{'v':[1,2],'o':[1,2]}");
    map_check(rig, end->arn);
}

static void an_express_run_is_one_too(void **state) {
    struct rig *rig = opened(state);
    struct rig_reply *end = map_run(
        rig, MAP_MACHINE(PROCESSOR("EXPRESS", "A",
                                   "'A':{'Type':'Wait','Seconds':1,"
                                   "'End':true}"), ""),
        "[5,6,7]", SUCCEEDED, "[5,6,7]");
    rig_assert_text(rig, map_children(rig, end->arn),
                    "SUCCEEDED 5 5\nSUCCEEDED 6 6\nSUCCEEDED 7 7\n");
}

/* Inputs, outputs of children in pieces. */
static void items_may_be_large(void **state) {
    struct rig *rig = opened(state);
    char *pad = branches_padding(200000);
    struct wf_buf input = {0};
    wf_buf_addf(&input, "[%s,1,%s,2,3,%s]", pad, pad, pad);
    wf_buf_u8(&input, 0);
    map_run(rig, MAP_MACHINE(STANDARD("A", "'A':{'Type':'Wait','Seconds':1,"
                                           "'Next':'B'}," PASS("B")), ""),
            input.data, SUCCEEDED, input.data);
    wf_buf_free(&input);
    free(pad);
}

/* Outputs that no payload could hold fail the state, not the engine. */
static void outputs_may_be_too_large(void **state) {
    struct rig *rig = *state;
    rig->options.payload_bytes = 300000;
    opened(state);
    char *pad = branches_padding(60000);
    struct wf_buf input = {0};
    wf_buf_addf(&input, "{\"l\":[1,2,3,4,5,6,7],\"p\":%s}", pad);
    wf_buf_u8(&input, 0);
    struct rig_reply *end = map_run(
        rig, MAP_MACHINE(ECHO, ",'ItemsPath':'$.l','ItemSelector':{"
                               "'p.$':'$.p'}"),
        input.data, FAILED, NULL);
    assert_string_equal(end->error, "States.DataLimitExceeded");
    rig_assert_has(map_runs(rig, end->arn), "executions 0+0+7+0+0+0");
    wf_buf_free(&input);
    free(pad);
}

/* The parent alone takes all memory that there is for executions. */
static void a_run_without_room_goes_on(void **state) {
    struct rig *rig = *state;
    rig->options.memory_bytes = 100000;
    opened(state);
    char *pad = branches_padding(100000);
    struct wf_buf input = {0};
    wf_buf_addf(&input, "{\"l\":[1,2,3],\"p\":%s}", pad);
    wf_buf_u8(&input, 0);
    map_run(rig, MAP_MACHINE(WAITS, ",'ItemsPath':'$.l'"), input.data,
            SUCCEEDED, "[1,2,3]");
    wf_buf_free(&input);
    free(pad);
}

/* What is kept of outputs gives way when memory is short. */
static void outputs_leave_room_for_children(void **state) {
    struct rig *rig = *state;
    rig->options.memory_bytes = 400000;
    opened(state);
    char *pad = branches_padding(10000);
    struct wf_buf input = {0};
    wf_buf_addf(&input, "{\"p\":%s,\"l\":[0", pad);
    for (int i = 1; i < 60; i++)
        wf_buf_addf(&input, ",%d", i);
    wf_buf_adds(&input, "]}");
    wf_buf_u8(&input, 0);
    struct rig_reply *end = map_run(
        rig, MAP_MACHINE(ECHO, ",'MaxConcurrency':5,'ItemsPath':'$.l',"
                               "'ItemSelector':{'p.$':'$.p'}"),
        input.data, SUCCEEDED, NULL);
    assert_int_equal(rig_count(end->output, "xxx\"}"), 60);
    wf_buf_free(&input);
    free(pad);
}

/* A thread decides what another branch does: its execution is held back from
 * batches, and so are the ends of the children that it counts meanwhile. */
static void results_are_read_when_they_are_there(void **state) {
    struct rig *rig = *state;
    rig->clock.seeded = false; /* which would do without threads */
    opened(state);
    char *pad = branches_padding(3000000);
    struct wf_buf input = {0};
    wf_buf_addf(&input, "{\"l\":[1,1,1],\"p\":%s}", pad);
    wf_buf_u8(&input, 0);
    struct rig_reply *end = map_run(
        rig,
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("S", "'S':{'Type':'Wait','Seconds':1,'Next':'B'},"
                    "'B':{'Type':'Pass','Parameters':{},'End':true}") ","
        BRANCH("N", "'N':{'Type':'Pass','Parameters':{'l.$':'$.l'},"
                    "'Next':'M'},'M':{'Type':'Map','ItemsPath':'$.l',"
                    "'ResultWriter':{'WriterConfig':{'Transformation':"
                    "'NONE','OutputType':'JSON'}}," WAITS ",'End':true}")
        "],'End':true}}}",
        input.data, SUCCEEDED, NULL);
    assert_int_equal(rig_count(end->output, "SUCCEEDED"), 3);
    wf_buf_free(&input);
    free(pad);
}

/* ---- MaxConcurrency ---- */

static void no_more_run_at_once_than_may(void **state) {
    struct rig *rig = opened(state);
    struct rig_reply *end = map_run(
        rig, MAP_MACHINE(STANDARD("A", "'A':{'Type':'Wait','Seconds':1,"
                                       "'End':true}"),
                         ",'MaxConcurrency':3"),
        "[1,2,3,4,5,6,7,8]", SUCCEEDED, "[1,2,3,4,5,6,7,8]");
    rig_assert_has(rig_story(rig, end->arn), "MapRunSucceeded M +3000");
}

/* ---- failures ---- */

static void tolerated_failures_are_outputs(void **state) {
    struct rig *rig = opened_with_handlers(state);
    struct rig_reply *end =
        map_run(rig, MAP_MACHINE(ODD, ",'ToleratedFailureCount':2"),
                "[0,1,2,3]", SUCCEEDED,
                "[0,{'Error':'E','Cause':'C'},2,"
                "{'Error':'E','Cause':'C'}]");
    rig_assert_text(rig, map_runs(rig, end->arn),
                    "SUCCEEDED items 0+0+2+2+0+0 executions 0+0+2+2+0+0\n");
}

static void a_percentage_is_tolerated(void **state) {
    struct rig *rig = opened_with_handlers(state);
    map_run(rig, MAP_MACHINE(ODD, ",'ToleratedFailurePercentage':50"),
            "[0,1,2,3]", SUCCEEDED, NULL);
    map_run(rig, MAP_MACHINE(ODD, ",'ToleratedFailurePercentage':49.9"),
            "[0,1,2,3]", FAILED, NULL);
    map_run(rig, MAP_MACHINE(ODD, ",'ToleratedFailurePercentage':75,"
                                  "'ToleratedFailureCount':1"),
            "[0,1,2,3]", FAILED, NULL);
}

static void too_many_failures_stop_the_others(void **state) {
    struct rig *rig = opened(state);
    struct rig_reply *end = map_run(
        rig,
        MAP_MACHINE(STANDARD("C",
                             "'C':{'Type':'Choice','Choices':[{'Variable':"
                             "'$','NumericEquals':0,'Next':'F'}],"
                             "'Default':'W'},'F':{'Type':'Fail'},"
                             "'W':{'Type':'Wait','Seconds':9,'Next':'A'},"
                             PASS("A")), ",'MaxConcurrency':3"),
        "[1,2,0,3,4]", FAILED, NULL);
    assert_string_equal(end->error,
                        "States.ExceedToleratedFailureThreshold");
    assert_string_equal(
        end->cause,
        "The specified tolerated failure threshold was exceeded");
    rig_assert_text(rig, map_runs(rig, end->arn),
                    "FAILED items 2+0+0+1+0+2 executions 0+0+0+1+0+2\n");
    const char *story = rig_story(rig, end->arn);
    rig_assert_has(story, "MapRunFailed M");
    rig_assert_has(story, "MapStateFailed M");
}

/* A retry is another run; it begins when all of the first have ended. */
static void a_failed_run_is_retried_and_caught(void **state) {
    struct rig *rig = opened_with_handlers(state);
    struct rig_reply *end = map_run(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemsPath':'$.l',"
        STANDARD("W", "'W':{'Type':'Wait','SecondsPath':'$','Next':'T'},"
                      "'T':{'Type':'Task','Resource':'lua:t.odd',"
                      "'End':true}")
        ",'Retry':[{'ErrorEquals':["
        "'States.ExceedToleratedFailureThreshold'],'IntervalSeconds':1,"
        "'MaxAttempts':2}],'Catch':[{'ErrorEquals':['States.ALL'],"
        "'ResultPath':'$.e','Next':'Z'}],'End':true}," PASS("Z") "}}",
        "{'l':[2,9,1,8]}", SUCCEEDED, NULL);
    rig_assert_has(end->output, "States.ExceedToleratedFailureThreshold");
    rig_assert_text(rig, map_runs(rig, end->arn),
                    "FAILED items 0+0+0+1+0+3 executions 0+0+0+1+0+3\n"
                    "FAILED items 0+0+0+1+0+3 executions 0+0+0+1+0+3\n"
                    "FAILED items 0+0+0+1+0+3 executions 0+0+0+1+0+3\n");
    const char *story = rig_story(rig, end->arn);
    assert_int_equal(rig_count(story, " MapRunFailed M"), 3);
    assert_int_equal(rig_count(story, " MapStateFailed M"), 1);
    rig_assert_has(story, "MapRunStarted M +2000");
    rig_assert_has(story, "MapRunStarted M +5000");
}

/* ---- in one another ---- */

#define INNER(label, processor)                                           \
    "'I':{'Type':'Map','Label':'" label "'," processor ",'End':true}"

static void runs_may_be_in_children(void **state) {
    struct rig *rig = opened(state);
    struct rig_reply *end = map_run(
        rig, MAP_MACHINE(STANDARD("I", INNER("in", WAITS)), ",'Label':'o'"),
        "[[1,2],[],[3]]", SUCCEEDED, "[[1,2],[],[3]]");
    rig_assert_text(rig, map_children(rig, end->arn),
                    "SUCCEEDED [1,2] [1,2]\nSUCCEEDED [] []\n"
                    "SUCCEEDED [3] [3]\n");
}

static void iterations_may_have_runs(void **state) {
    struct rig *rig = opened(state);
    struct rig_reply *end = map_run(
        rig,
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':"
        BRANCH("I", INNER("in", WAITS)) ",'End':true}}}",
        "[[1,2],[],[3]]", SUCCEEDED, "[[1,2],[],[3]]");
    assert_int_equal(rig_count(map_runs(rig, end->arn), "SUCCEEDED"), 3);
}

/* The other branch fails after two seconds; `inner` is a run's processor. */
#define FAILING_BESIDE(inner)                                             \
    "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["        \
    BRANCH("I", INNER("in", inner)) ","                                   \
    BRANCH("W", "'W':{'Type':'Wait','Seconds':2,'Next':'F'},"             \
           "'F':{'Type':'Fail','Error':'E'}")                             \
    "],'Catch':[{'ErrorEquals':['E'],'Next':'Z'}],'End':true},"           \
    "'Z':{'Type':'Wait','Seconds':20,'End':true}}}"

static void a_run_beside_a_failure_is_aborted(void **state) {
    struct rig *rig = opened(state);
    struct rig_reply *end = map_run(rig, FAILING_BESIDE(WAITS), "[1,5,9]",
                                    SUCCEEDED, NULL);
    rig_assert_text(rig, map_runs(rig, end->arn),
                    "ABORTED items 0+0+1+0+0+2 executions 0+0+1+0+0+2\n");
    rig_assert_text(rig, map_children(rig, end->arn),
                    "SUCCEEDED 1 1\nABORTED 5 \nABORTED 9 \n");
    const char *story = rig_story(rig, end->arn);
    rig_assert_has(story, "MapRunAborted I +2000");
    rig_assert_has(story, "MapStateAborted I +2000");
}

static void runs_of_children_are_aborted_too(void **state) {
    struct rig *rig = opened(state);
    struct rig_reply *end = map_run(
        rig, FAILING_BESIDE(STANDARD("J", "'J':{'Type':'Map','Label':'j',"
                                          WAITS ",'End':true}")),
        "[[1,7],[8]]", SUCCEEDED, NULL);
    rig_assert_text(rig, map_children(rig, end->arn),
                    "ABORTED [1,7] \nABORTED [8] \n");
    const char *arns = map_child_arns(rig, end->arn);
    char *first = wf_strndup(arns, strcspn(arns, "\n"));
    rig_assert_text(rig, map_children(rig, first),
                    "SUCCEEDED 1 1\nABORTED 7 \n");
    free(first);
}

/* ---- the parent ends ---- */

static void children_of_a_stopped_parent_end(void **state) {
    struct rig *rig = opened(state);
    rig_machine(rig, "m", MAP_MACHINE(WAITS, ",'MaxConcurrency':3"));
    const char *arn = rig_start(rig, "x", "[3600,3600,3600,3600]");
    rig_reply_of(rig, rig_ask_stop(rig, arn, "E", "C"));
    rig_assert_status(rig, arn, WF_EXECUTION_ABORTED);
    map_check(rig, arn);
    rig_assert_has(map_runs(rig, arn), "ABORTED items ");
}

static void children_of_a_late_parent_end(void **state) {
    struct rig *rig = opened(state);
    struct rig_reply *end = map_run(
        rig,
        "{'TimeoutSeconds':5,'StartAt':'M','States':{'M':{'Type':'Map',"
        WAITS ",'End':true}}}",
        "[1,7,8,9]", WF_EXECUTION_TIMED_OUT, NULL);
    rig_assert_text(rig, map_runs(rig, end->arn),
                    "ABORTED items 0+0+1+0+0+3 executions 0+0+1+0+0+3\n");
    rig_assert_text(rig, map_children(rig, end->arn),
                    "SUCCEEDED 1 1\nABORTED 7 \nABORTED 8 \nABORTED 9 \n");
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(outputs_are_in_order),
        ENGINE_TEST_BOTH(a_map_of_nothing_succeeds),
        ENGINE_TEST_BOTH(selectors_see_items_and_context),
        ENGINE_TEST_BOTH(selectors_see_where_items_come_from),
        ENGINE_TEST_BOTH(a_selector_that_fails_fails_the_run),
        ENGINE_TEST_BOTH(batches_have_items),
        ENGINE_TEST_BOTH(batches_may_be_long),
        ENGINE_TEST_BOTH(batches_have_so_many_bytes),
        ENGINE_TEST_BOTH(variables_are_not_seen_inside),
        ENGINE_TEST_BOTH(an_express_run_is_one_too),
        ENGINE_TEST_BOTH(items_may_be_large),
        ENGINE_TEST_LMDB(outputs_may_be_too_large),
        ENGINE_TEST_BOTH(a_run_without_room_goes_on),
        ENGINE_TEST_BOTH(outputs_leave_room_for_children),
        ENGINE_TEST_BOTH(results_are_read_when_they_are_there),
        ENGINE_TEST_BOTH(no_more_run_at_once_than_may),
        ENGINE_TEST_BOTH(tolerated_failures_are_outputs),
        ENGINE_TEST_BOTH(a_percentage_is_tolerated),
        ENGINE_TEST_BOTH(too_many_failures_stop_the_others),
        ENGINE_TEST_BOTH(a_failed_run_is_retried_and_caught),
        ENGINE_TEST_BOTH(runs_may_be_in_children),
        ENGINE_TEST_BOTH(iterations_may_have_runs),
        ENGINE_TEST_BOTH(a_run_beside_a_failure_is_aborted),
        ENGINE_TEST_BOTH(runs_of_children_are_aborted_too),
        ENGINE_TEST_BOTH(children_of_a_stopped_parent_end),
        ENGINE_TEST_BOTH(children_of_a_late_parent_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
