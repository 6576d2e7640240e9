/*
 * test_engine_map_stop.c - the ends of Map Runs while rows are read: children
 * that leave memory meanwhile, and frames that are not in memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lua_stdlib.h"
#include "map_runs.h"

/* An item is how long to wait; 0 fails. */
#define WAITS_OR_FAILS                                                    \
    STANDARD("C", "'C':{'Type':'Choice','Choices':[{'Variable':'$',"      \
                  "'NumericEquals':0,'Next':'F'}],'Default':'W'},"        \
                  "'F':{'Type':'Fail'},"                                  \
                  "'W':{'Type':'Wait','SecondsPath':'$','End':true}")

static bool has_answers(struct rig *rig, void *arg) {
    (void)arg;
    return store_gate_answers(rig->store) > 0;
}

/* The rows are read before the child has one, and answered when the child has
 * left memory. */
static void a_child_that_parks_is_stopped(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", MAP_MACHINE(WAITS_OR_FAILS, ""));
    store_gate_hold_answers(rig->store, true);
    struct rig_reply *start = rig_ask_start(rig, NULL, "[3600,0]");
    rig_until_true(rig, has_answers, NULL);
    rig_flush(rig);
    rig_turns(rig, 3);
    store_gate_hold_answers(rig->store, false);
    store_gate_give_answers(rig->store);
    rig_reply_of(rig, start);
    struct rig_reply *end = rig_end(rig, start->arn);
    assert_string_equal(end->error,
                        "States.ExceedToleratedFailureThreshold");
    map_check(rig, end->arn);
    rig_assert_text(rig, map_children(rig, end->arn),
                    "ABORTED 3600 \nFAILED 0 \n");
    rig_assert_text(rig, map_runs(rig, end->arn),
                    "FAILED items 0+0+0+1+0+1 executions 0+0+0+1+0+1\n");
}

/* So many frames that each is loaded by itself: a Map Run's, and others. */
static const char *start_and_park(struct rig *rig) {
    struct wf_buf input = {0};
    rig_machine(rig, "m",
                "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
                BRANCH("M", "'M':{'Type':'Map','ItemsPath':'$.few',"
                            WAITS_OR_FAILS ",'End':true}") ","
                BRANCH("I", "'I':{'Type':'Map','ItemsPath':'$.many',"
                            "'ItemProcessor':"
                            BRANCH("V", "'V':{'Type':'Wait','Seconds':3600,"
                                        "'End':true}") ",'End':true}")
                "],'End':true}}}");
    wf_buf_adds(&input, "{\"few\":[3600,3600],\"many\":[0");
    for (int i = 0; i < 100; i++)
        wf_buf_adds(&input, ",0");
    wf_buf_adds(&input, "]}");
    wf_buf_u8(&input, 0);
    const char *arn = rig_start(rig, "x", input.data);
    wf_buf_free(&input);
    rig_flush(rig);
    rig_until_parked(rig);
    return arn;
}

static void a_run_that_is_a_row_is_aborted(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *arn = start_and_park(rig);
    rig_reply_of(rig, rig_ask_stop(rig, arn, "E", "C"));
    rig_assert_status(rig, arn, WF_EXECUTION_ABORTED);
    map_check(rig, arn);
    rig_assert_text(rig, map_runs(rig, arn),
                    "ABORTED items 0+0+0+0+0+2 executions 0+0+0+0+0+2\n");
}

/* A child has ended, its parent's frame is being loaded to count it, and the
 * parent is stopped. */
static void a_child_does_not_wait_for_a_parent_that_ends(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    const char *arn = start_and_park(rig);
    const char *children = map_child_arns(rig, arn);
    char *first = wf_strndup(children, strcspn(children, "\n"));
    rig_until_parked(rig);
    store_gate_hold_answers(rig->store, true);
    struct rig_reply *child = rig_ask_stop(rig, first, "E", "C");
    while (rig_stats(rig).active_executions < 2) {
        rig_until_true(rig, has_answers, NULL);
        store_gate_give_answers(rig->store);
    }
    struct rig_reply *stop = rig_ask_stop(rig, arn, "E", "C");
    store_gate_hold_answers(rig->store, false);
    store_gate_give_answers(rig->store);
    rig_reply_of(rig, stop);
    rig_reply_of(rig, child);
    map_check(rig, arn);
    rig_assert_has(map_runs(rig, arn), "ABORTED items ");
    free(first);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_REAL(a_child_that_parks_is_stopped),
        ENGINE_TEST_REAL(a_run_that_is_a_row_is_aborted),
        ENGINE_TEST_REAL(a_child_does_not_wait_for_a_parent_that_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
