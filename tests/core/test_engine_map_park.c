/*
 * test_engine_map_park.c - Map Runs whose children wait for long: parent and
 * children leave memory, each comes back when its time has come, and the
 * parent when it has something to count. A real clock that is moved by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lua_stdlib.h"
#include "map_runs.h"

#define HOUR_MS INT64_C(3600000)
#define WAITS STANDARD("A", "'A':{'Type':'Wait','SecondsPath':'$'," \
                            "'Next':'B'}," PASS("B"))

static struct rig *open_idle(void **state, const char *definition,
                             int64_t idle_ms) {
    struct rig *rig = *state;
    rig->options.idle_ms = idle_ms;
    rig_open(rig);
    rig_machine(rig, "m", definition);
    return rig;
}

static struct rig *open_with(void **state, const char *definition) {
    return open_idle(state, definition, 20);
}

struct wanted {
    const char *arn, *text;
};

static bool has_come(struct rig *rig, void *arg) {
    const struct wanted *wanted = arg;
    return strstr(map_runs(rig, wanted->arn), wanted->text);
}

static void until_runs(struct rig *rig, const char *arn, const char *text) {
    struct wanted wanted = {arn, text};
    rig_until_true(rig, has_come, &wanted);
}

static bool is_parked(struct rig *rig, void *arg) {
    (void)arg;
    rig_jump(rig, 1); /* a clock that was moved stands */
    return rig_stats(rig).active_executions == 0;
}

static void until_parked(struct rig *rig) {
    rig_until_true(rig, is_parked, NULL);
}

/* All wait, and nothing of them is in memory. */
static const char *start_parked(struct rig *rig, const char *input,
                                const char *text) {
    const char *arn = rig_start(rig, NULL, input);
    until_runs(rig, arn, text);
    until_parked(rig);
    return arn;
}

static void a_run_comes_back_for_each_end(void **state) {
    struct rig *rig = open_with(state, MAP_MACHINE(WAITS, ""));
    const char *arn =
        start_parked(rig, "[7200,3600,10800]", "executions 0+3+0");
    const char *after[] = {"executions 0+2+1", "executions 0+1+2",
                           "executions 0+0+3"};
    for (int i = 0; i < 3; i++) {
        rig_jump(rig, HOUR_MS + 1000);
        until_runs(rig, arn, after[i]);
        until_parked(rig);
    }
    rig_assert_text(rig, rig_end(rig, arn)->output, "[7200,3600,10800]");
    map_check(rig, arn);
}

static void a_limit_starts_others_later(void **state) {
    struct rig *rig =
        open_with(state, MAP_MACHINE(WAITS, ",'MaxConcurrency':2"));
    const char *arn =
        start_parked(rig, "[7200,3600,7200]", "items 1+2+0");
    rig_jump(rig, HOUR_MS + 1000);
    until_runs(rig, arn, "items 0+2+1");
    until_parked(rig);
    rig_reopen(rig);
    rig_jump(rig, 2 * HOUR_MS + 1000);
    rig_assert_text(rig, rig_end(rig, arn)->output, "[7200,3600,7200]");
    map_check(rig, arn);
}

/* Both hours end in the same moment, some while the parent is loaded. */
static void many_come_back_at_once(void **state) {
    struct rig *rig = open_with(state, MAP_MACHINE(WAITS, ""));
    struct wf_buf input = {0};
    for (int i = 0; i < 300; i++)
        wf_buf_addf(&input, "%c%d", i ? ',' : '[', 3600 + 7 * (i % 3));
    wf_buf_adds(&input, "]");
    wf_buf_u8(&input, 0);
    const char *arn = start_parked(rig, input.data, "executions 0+300+0");
    rig_jump(rig, HOUR_MS);
    rig_turns(rig, 3);
    rig_crash(rig);
    rig_open(rig);
    rig_jump(rig, HOUR_MS);
    rig_assert_text(rig, rig_end(rig, arn)->output, input.data);
    rig_assert_has(map_runs(rig, arn), "executions 0+0+300+0+0+0");
    map_check(rig, arn);
    wf_buf_free(&input);
}

static void parked_children_are_stopped(void **state) {
    struct rig *rig = open_with(state, MAP_MACHINE(WAITS, ""));
    for (int crash = 0; crash < 3; crash++) {
        const char *arn =
            start_parked(rig, "[7200,3600,7200]", "executions 0+3+0");
        rig_reply_of(rig, rig_ask_stop(rig, arn, "E", "C"));
        if (crash > 0) {
            rig_turns(rig, crash == 2);
            rig_crash(rig);
            rig_open(rig);
        }
        map_check(rig, arn);
        rig_assert_has(map_runs(rig, arn), "ABORTED items 0+0+0+0+0+3");
        assert_int_equal(rig_count(map_children(rig, arn), "ABORTED"), 3);
    }
}

/* One child is stopped, which is more than is tolerated: so are the others. */
static void the_end_of_one_ends_a_parked_run(void **state) {
    struct rig *rig = open_with(state, MAP_MACHINE(WAITS, ""));
    const char *arn =
        start_parked(rig, "[7200,3600,7200]", "executions 0+3+0");
    const char *arns = map_child_arns(rig, arn);
    char *child = wf_strndup(arns, strcspn(arns, "\n"));
    until_parked(rig);
    rig_reply_of(rig, rig_ask_stop(rig, child, "E", "C"));
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_FAILED);
    rig_assert_text(rig, map_runs(rig, arn),
                    "FAILED items 0+0+0+0+0+3 executions 0+0+0+0+0+3\n");
    map_check(rig, arn);
    free(child);
}

static bool is_answered(struct rig *rig, void *arg) {
    (void)arg;
    return store_gate_answers(rig->store) > 0;
}

/* The run fails, and looks for its children in rows. Those that are in memory
 * then leave it meanwhile: a long wait begins. */
static void children_on_their_way_are_stopped(void **state) {
    struct rig *rig = open_idle(
        state,
        MAP_MACHINE(STANDARD("A", "'A':{'Type':'Wait','Seconds':1,'Next':"
                                  "'C'},'C':{'Type':'Choice','Choices':[{"
                                  "'Variable':'$','NumericEquals':0,"
                                  "'Next':'F'}],'Default':'W'},"
                                  "'F':{'Type':'Fail'},'W':{'Type':'Wait',"
                                  "'Seconds':3600,'End':true}"), ""),
        2000);
    rig_jump(rig, HOUR_MS); /* the clock stands */
    const char *arn = rig_start(rig, NULL, "[1,0,1]");
    until_runs(rig, arn, "executions 0+3+0");
    rig_flush(rig);
    store_gate_hold_answers(rig->store, true);
    rig_jump(rig, 1000);
    rig_until_true(rig, is_answered, NULL);
    rig_turns(rig, 40);
    store_gate_hold_answers(rig->store, false);
    store_gate_give_answers(rig->store);
    rig_end(rig, arn);
    rig_assert_text(rig, map_runs(rig, arn),
                    "FAILED items 0+0+0+1+0+2 executions 0+0+0+1+0+2\n");
    map_check(rig, arn);
}

/* Nothing of the iterations is in memory when the execution is stopped. */
static void parked_runs_of_iterations_are_aborted(void **state) {
    struct rig *rig = open_with(
        state, "{'StartAt':'O','States':{'O':{'Type':'Map',"
               "'ItemProcessor':"
               BRANCH("M", "'M':{'Type':'Map','Label':'M'," WAITS
                           ",'End':true}") ",'End':true}}}");
    struct wf_buf input = {0};
    int iterations = 90; /* more frames than are loaded at once */
    for (int i = 0; i < iterations; i++)
        wf_buf_addf(&input, "%c[7200,7200]", i ? ',' : '[');
    wf_buf_adds(&input, "]");
    wf_buf_u8(&input, 0);
    const char *arn = rig_start(rig, NULL, input.data);
    until_parked(rig);
    while (rig_count(map_runs(rig, arn), "executions 0+2+0") <
           (unsigned)iterations)
        rig_turn(rig);
    until_parked(rig);
    rig_reply_of(rig, rig_ask_stop(rig, arn, "E", "C"));
    rig_assert_status(rig, arn, WF_EXECUTION_ABORTED);
    map_until_no_rows(rig);
    const char *runs = map_runs(rig, arn);
    assert_int_equal(rig_count(runs, "ABORTED items 0+0+0+0+0+2 "
                                     "executions 0+0+0+0+0+2\n"),
                     iterations);
    map_check(rig, arn);
    wf_buf_free(&input);
}

static void parked_runs_are_aborted_by_a_failure(void **state) {
    struct rig *rig = open_with(
        state, "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
               BRANCH("M", "'M':{'Type':'Map','Label':'M'," WAITS
                           ",'End':true}") ","
               BRANCH("W", "'W':{'Type':'Wait','Seconds':3600,'Next':'F'},"
                           "'F':{'Type':'Fail','Error':'E'}")
               "],'Catch':[{'ErrorEquals':['E'],'Next':'Z'}],'End':true},"
               PASS("Z") "}}");
    const char *arn = start_parked(rig, "[7200,1800]", "executions 0+2+0");
    rig_jump(rig, HOUR_MS / 2 + 1000);
    until_runs(rig, arn, "executions 0+1+1");
    until_parked(rig);
    rig_jump(rig, HOUR_MS / 2);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_SUCCEEDED);
    rig_assert_text(rig, map_runs(rig, arn),
                    "ABORTED items 0+0+1+0+0+1 executions 0+0+1+0+0+1\n");
    map_check(rig, arn);
}

/* Parent and children wait; the execution's time is over. */
static void a_parked_execution_times_out(void **state) {
    struct rig *rig = open_with(
        state, "{'TimeoutSeconds':3600,'StartAt':'M','States':{'M':{"
               "'Type':'Map'," WAITS ",'End':true}}}");
    const char *arn = start_parked(rig, "[7200,7200]", "executions 0+2+0");
    rig_jump(rig, HOUR_MS + 1000);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_TIMED_OUT);
    map_check(rig, arn);
    rig_assert_text(rig, map_runs(rig, arn),
                    "ABORTED items 0+0+0+0+0+2 executions 0+0+0+0+0+2\n");
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_REAL(a_run_comes_back_for_each_end),
        ENGINE_TEST_REAL(a_limit_starts_others_later),
        ENGINE_TEST_REAL(many_come_back_at_once),
        ENGINE_TEST_REAL(parked_children_are_stopped),
        ENGINE_TEST_REAL(the_end_of_one_ends_a_parked_run),
        ENGINE_TEST_REAL(children_on_their_way_are_stopped),
        ENGINE_TEST_REAL(parked_runs_of_iterations_are_aborted),
        ENGINE_TEST_REAL(parked_runs_are_aborted_by_a_failure),
        ENGINE_TEST_REAL(a_parked_execution_times_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
