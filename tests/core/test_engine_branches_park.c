/*
 * test_engine_branches_park.c - branches and iterations that wait leave
 * memory, each by itself, and come back; rows that they leave behind go. A
 * real clock that is moved by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "branches.h"
#include "lua_stdlib.h"

#define HOUR_MS INT64_C(3600000)

/* Each item: how long its iteration waits. */
static const char waits[] =
    "{'StartAt':'M','States':{'M':{'Type':'Map','ItemSelector':{"
    "'s.$':'$$.Map.Item.Value','i.$':'$$.Map.Item.Index'},'ItemProcessor':"
    BRANCH("W", "'W':{'Type':'Wait','SecondsPath':'$.s','Next':'A'},"
           "'A':{'Type':'Pass','OutputPath':'$.i','End':true}")
    ",'End':true}}}";

/* "[value,value,...]" of f(0) ... f(count - 1). Owned by the rig. */
static char *array_of(struct rig *rig, int count, int (*f)(int i)) {
    struct wf_buf text = {0};
    for (int i = 0; i < count; i++)
        wf_buf_addf(&text, "%c%d", i ? ',' : '[', f(i));
    wf_buf_adds(&text, "]");
    wf_buf_u8(&text, 0);
    char *kept = rig_quoted(rig, text.data);
    wf_buf_free(&text);
    return kept;
}

static int itself(int i) {
    return i;
}

static int an_hour(int i) {
    (void)i;
    return 3600;
}

/* Far apart, and not in order. */
static int hours(int i) {
    return 3600 * (1 + i * 7 % 10);
}

static bool has_no_rows(struct rig *rig, void *arg) {
    (void)arg;
    rig_jump(rig, 1);
    return rig_stats(rig).active_executions == 0 &&
           rig_rows(rig, 'E', 12) + rig_rows(rig, 'T', 0) +
                   rig_rows(rig, 'K', 0) + rig_rows(rig, 'O', 0) ==
               0;
}

static void until_no_rows(struct rig *rig) {
    rig_until_true(rig, has_no_rows, NULL);
}

static bool has_frame_rows(struct rig *rig, void *arg) {
    return rig_rows(rig, 'E', 12) >= *(size_t *)arg;
}

static void until_frame_rows(struct rig *rig, size_t count) {
    rig_until_true(rig, has_frame_rows, &count);
}

static bool is_parked(struct rig *rig, void *arg) {
    (void)arg;
    rig_jump(rig, 20); /* a clock that has jumped stands */
    return rig_stats(rig).active_executions == 0;
}

static void until_parked(struct rig *rig) {
    rig_until_true(rig, is_parked, NULL);
}

struct ended {
    const char *arn;
    unsigned count;
};

static bool have_ended(struct rig *rig, void *arg) {
    const struct ended *ended = arg;
    return rig_count(rig_story(rig, ended->arn), " MapIterationSucceeded") ==
           ended->count;
}

static void until_ended(struct rig *rig, const char *arn, unsigned count) {
    struct ended ended = {arn, count};
    rig_until_true(rig, have_ended, &ended);
}

static void iterations_end_one_by_one(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", waits);
    const char *arn = rig_start(rig, NULL, array_of(rig, 10, hours));
    for (int i = 0; i < 10; i++) {
        until_parked(rig);
        rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
        assert_int_equal(rig_rows(rig, 'E', 12), 11 - i);
        assert_int_equal(rig_rows(rig, 'T', 0), 10 - i);
        rig_jump(rig, HOUR_MS + 10);
        if (i < 9)
            until_ended(rig, arn, i + 1);
    }
    struct rig_reply *end = rig_end(rig, arn);
    rig_assert_text(rig, end->output, array_of(rig, 10, itself));
    branches_check(rig_story(rig, arn));
    until_no_rows(rig);
}

/* Of many frames only the one whose time has come is loaded, and the Map. */
static void waking_one_leaves_the_others(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", waits);
    struct wf_buf items = {0};
    wf_buf_adds(&items, "[3600");
    for (int i = 1; i < 300; i++)
        wf_buf_addf(&items, ",%d", 2 * 3600);
    wf_buf_adds(&items, "]");
    wf_buf_u8(&items, 0);
    const char *arn = rig_start(rig, NULL, items.data);
    wf_buf_free(&items);
    until_parked(rig);
    assert_int_equal(rig_rows(rig, 'E', 12), 301);
    rig_jump(rig, HOUR_MS + 10);
    struct ended ended = {arn, 1};
    size_t timers = 0;
    while (!have_ended(rig, &ended)) {
        rig_turn(rig);
        if (rig_stats(rig).timers > timers)
            timers = rig_stats(rig).timers;
    }
    assert_true(timers <= 1);
    until_parked(rig);
    rig_jump(rig, HOUR_MS + 10);
    rig_assert_text(rig, rig_end(rig, arn)->output,
                    array_of(rig, 300, itself));
    branches_check(rig_story(rig, arn));
    until_no_rows(rig);
}

/* A Map in each iteration of a Map; the inner iterations wait. */
static const char nested_waits[] =
    "{'StartAt':'O','States':{'O':{'Type':'Map','ItemProcessor':"
    BRANCH("M", "'M':{'Type':'Map','ItemProcessor':"
           BRANCH("W", "'W':{'Type':'Wait','SecondsPath':'$','End':true}")
           ",'End':true}")
    ",'End':true}}}";

/* When the timers fire, neither Map is in memory. The inner one is loaded
 * first: what waited for both went on only if it was the outer one. */
static void iterations_in_iterations_go_on(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", nested_waits);
    char *inner = array_of(rig, 10, an_hour);
    struct wf_buf items = {0};
    for (int i = 0; i < 10; i++)
        wf_buf_addf(&items, "%c%s", i ? ',' : '[', inner);
    wf_buf_adds(&items, "]");
    wf_buf_u8(&items, 0);
    const char *arn = rig_start(rig, NULL, items.data);
    until_parked(rig);
    rig_jump(rig, HOUR_MS + 10);
    rig_assert_text(rig, rig_end(rig, arn)->output, items.data);
    wf_buf_free(&items);
    branches_check(rig_story(rig, arn));
    until_no_rows(rig);
}

/* Results that are on several pages, most of them rows. */
static void many_results_wait_in_rows(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", waits);
    const char *arn = rig_start(rig, NULL, array_of(rig, 700, hours));
    for (int i = 0; i < 10; i++) {
        until_parked(rig);
        rig_jump(rig, HOUR_MS + 10);
        if (i < 9)
            until_ended(rig, arn, 70 * (unsigned)(i + 1));
        if (i % 4 == 1)
            rig_reopen(rig);
    }
    rig_assert_text(rig, rig_end(rig, arn)->output,
                    array_of(rig, 700, itself));
    branches_check(rig_story(rig, arn));
    until_no_rows(rig);
}

/* The tasks before the waits end long before those. */
static void a_window_does_not_wait_for_waits(void **state) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", "local t = {}\n"
                              "function t.echo(x) return x end\n"
                              "return t\n");
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'M','States':{'M':{'Type':'Map',"
                "'ItemProcessor':"
                BRANCH("T", "'T':{'Type':'Task','Resource':'lua:t.echo',"
                       "'Next':'W'},"
                       "'W':{'Type':'Wait','SecondsPath':'$','End':true}")
                ",'End':true}}}");
    const char *arn = rig_start(rig, NULL, array_of(rig, 1500, an_hour));
    until_frame_rows(rig, 1500);
    until_parked(rig);
    rig_jump(rig, HOUR_MS + 10);
    rig_assert_text(rig, rig_end(rig, arn)->output,
                    array_of(rig, 1500, an_hour));
    until_no_rows(rig);
}

/* A Map's own variables are not those that its iterations see last. */
static void variables_come_back_with_the_map(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'V','States':{'V':{'Type':'Pass','Assign':{"
                "'x':7},'Next':'M'},'M':{'Type':'Map','ItemProcessor':"
                BRANCH("A", "'A':{'Type':'Pass','Assign':{'y.$':'$'},"
                       "'Next':'W'},"
                       "'W':{'Type':'Wait','SecondsPath':'$','Next':'B'},"
                       "'B':{'Type':'Pass','Parameters':{'y.$':'$y',"
                       "'x.$':'$x'},'End':true}")
                ",'ResultSelector':{'all.$':'$','x.$':'$x'},"
                "'End':true}}}");
    const char *arn = rig_start(rig, NULL, "[3600,7200]");
    until_parked(rig);
    rig_jump(rig, HOUR_MS + 10);
    until_ended(rig, arn, 1);
    until_parked(rig);
    rig_jump(rig, HOUR_MS + 10);
    rig_assert_text(rig, rig_end(rig, arn)->output,
                    "{'all':[{'y':3600,'x':7},{'y':7200,'x':7}],'x':7}");
    arn = rig_start(rig, NULL, "[3600]"); /* joins as the child ends */
    until_parked(rig);
    rig_jump(rig, HOUR_MS + 10);
    rig_assert_text(rig, rig_end(rig, arn)->output,
                    "{'all':[{'y':3600,'x':7}],'x':7}");
    until_no_rows(rig);
}

/* The journal has the innermost frames, all above them are rows. */
static void frames_survive_without_their_parents(void **state) {
    struct rig *rig = *state;
    rig_handler(rig, "t.lua", "local sleep, t = require('sleep'), {}\n"
                              "function t.slow(x) sleep(0.2) return x end\n"
                              "return t\n");
    rig_open(rig);
    rig_machine(rig, "m",
                "{'StartAt':'M','States':{'M':{'Type':'Map',"
                "'ItemProcessor':" BRANCH("N", "'N':{'Type':'Map',"
                "'ItemProcessor':" BRANCH("O", "'O':{'Type':'Map',"
                "'ItemProcessor':"
                BRANCH("W", "'W':{'Type':'Wait','Seconds':3600,'Next':'T'},"
                       "'T':{'Type':'Task','Resource':'lua:t.slow',"
                       "'End':true}")
                ",'End':true}") ",'End':true}") ",'End':true}}}");
    const char *arn = rig_start(rig, NULL, "[[[1,2]],[[3]]]");
    until_parked(rig);
    rig_jump(rig, HOUR_MS + 10);
    while (rig_count(rig_story(rig, arn), " TaskScheduled") < 3)
        rig_turn(rig);
    rig_crash(rig);
    rig_open(rig);
    rig_assert_text(rig, rig_end(rig, arn)->output, "[[[1,2]],[[3]]]");
    branches_check(rig_story(rig, arn));
    until_no_rows(rig);
}

static void parked_branches_are_aborted(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m",
        "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
        BRANCH("M", "'M':{'Type':'Map','ItemProcessor':"
               BRANCH("W", "'W':{'Type':'Wait','Seconds':7200,'End':true}")
               ",'End':true}") ","
        BRANCH("F", "'F':{'Type':'Wait','Seconds':3600,'Next':'G'},"
               "'G':{'Type':'Fail','Error':'E'}")
        "],'Catch':[{'ErrorEquals':['E'],'Next':'Z'}],'End':true},"
        "'Z':{'Type':'Pass','Result':'caught','End':true}}}");
    const char *arn = rig_start(rig, NULL, array_of(rig, 600, itself));
    until_frame_rows(rig, 603);
    until_parked(rig);
    rig_jump(rig, HOUR_MS + 10);
    rig_assert_text(rig, rig_end(rig, arn)->output, "'caught'");
    const char *story = rig_story(rig, arn);
    branches_check(story);
    assert_int_equal(rig_count(story, " MapIterationAborted"), 600);
    assert_int_equal(rig_count(story, " WaitStateAborted W"), 600);
    until_no_rows(rig);
}

static void a_parked_map_is_retried(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m",
        "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':"
        BRANCH("W", "'W':{'Type':'Wait','SecondsPath':'$','Next':'C'},"
               "'C':{'Type':'Choice','Choices':[{'Variable':'$',"
               "'NumericEquals':7200,'Next':'F'}],'Default':'S'},"
               "'S':{'Type':'Succeed'},'F':{'Type':'Fail','Error':'E'}")
        ",'Retry':[{'ErrorEquals':['E'],'IntervalSeconds':3600,"
        "'MaxAttempts':1}],'End':true}}}");
    const char *arn = rig_start(rig, NULL, "[3600,7200,10800]");
    for (int i = 0; i < 5; i++) {
        until_parked(rig);
        rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
        rig_jump(rig, HOUR_MS + 10);
        rig_turns(rig, 20);
    }
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_FAILED);
    const char *story = rig_story(rig, arn);
    branches_check(story);
    assert_int_equal(rig_count(story, " MapStateStarted"), 2);
    assert_int_equal(rig_count(story, " MapIterationSucceeded"), 2);
    assert_int_equal(rig_count(story, " MapIterationAborted"), 2);
    until_no_rows(rig);
}

/* While the store is away, a wait ends that was about to be parked. */
static void a_wait_ends_while_it_is_parked(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", waits);
    const char *first = rig_start(rig, NULL, "[3601,40000]");
    until_parked(rig);
    store_gate_close(rig->store);
    struct rig_reply *start = rig_ask_start(rig, "x", "[1800,40000]");
    rig_turns(rig, 100); /* its rows wait in the gate */
    rig_jump(rig, HOUR_MS + 5000); /* the first one's timers are read */
    rig_turns(rig, 100);
    store_gate_open(rig->store);
    rig_reply_of(rig, start);
    until_ended(rig, first, 1);
    until_ended(rig, start->arn, 1);
    rig_jump(rig, 12 * HOUR_MS);
    rig_end(rig, first);
    rig_end(rig, start->arn);
    until_no_rows(rig);
}

static void a_stop_removes_all_rows(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_machine(rig, "m", waits);
    const char *arn = rig_start(rig, NULL, array_of(rig, 3000, an_hour));
    until_frame_rows(rig, 3001);
    until_parked(rig);
    rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
    rig_assert_status(rig, arn, WF_EXECUTION_ABORTED);
    until_no_rows(rig);
    branches_check(rig_story(rig, arn));
}

/* The engine dies some turns into the sweep. */
static void a_crash_does_not_stop_the_sweep(void **state) {
    struct rig *rig = *state;
    for (unsigned turns = 0; turns < 12; turns += 2) {
        rig_open(rig);
        rig_machine(rig, "m", waits);
        const char *arn = rig_start(rig, NULL, array_of(rig, 1000, an_hour));
        until_frame_rows(rig, 1001);
        until_parked(rig);
        rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
        rig_turns(rig, turns);
        rig_crash(rig);
        rig_open(rig);
        until_no_rows(rig);
        rig_assert_status(rig, arn, WF_EXECUTION_ABORTED);
        rig_close(rig);
    }
}

/* The same with a timeout, while some are in memory. */
static void a_timeout_removes_all_rows(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    char definition[500];
    snprintf(definition, sizeof(definition), "{'TimeoutSeconds':5400,%s",
             waits + 1);
    rig_machine(rig, "m", definition);
    const char *arn = rig_start(rig, NULL, array_of(rig, 200, hours));
    until_frame_rows(rig, 201);
    until_parked(rig);
    rig_jump(rig, HOUR_MS + 10);
    until_ended(rig, arn, 20);
    rig_jump(rig, HOUR_MS);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_TIMED_OUT);
    until_no_rows(rig);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_REAL(iterations_end_one_by_one),
        ENGINE_TEST_REAL(waking_one_leaves_the_others),
        ENGINE_TEST_REAL(iterations_in_iterations_go_on),
        ENGINE_TEST_REAL(many_results_wait_in_rows),
        ENGINE_TEST_REAL(a_window_does_not_wait_for_waits),
        ENGINE_TEST_REAL(variables_come_back_with_the_map),
        ENGINE_TEST_REAL(frames_survive_without_their_parents),
        ENGINE_TEST_REAL(parked_branches_are_aborted),
        ENGINE_TEST_REAL(a_parked_map_is_retried),
        ENGINE_TEST_REAL(a_wait_ends_while_it_is_parked),
        ENGINE_TEST_REAL(a_stop_removes_all_rows),
        ENGINE_TEST_REAL(a_crash_does_not_stop_the_sweep),
        ENGINE_TEST_REAL(a_timeout_removes_all_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
