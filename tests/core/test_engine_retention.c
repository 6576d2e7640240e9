/*
 * test_engine_retention.c - what ended long ago is removed, with all its
 * rows, and nothing else; also when the engine dies in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "map_runs.h"

#define DAY_MS INT64_C(86400000)

/* Waits as many seconds as its input says. */
static const char waits[] =
    "{'StartAt':'W','States':{'W':{'Type':'Wait','SecondsPath':'$',"
    "'End':true}}}";

/* Has a long history, which is in segments, and a large document. */
static const char is_long[] =
    "{'StartAt':'A','States':{'A':{'Type':'Map','ItemProcessor':{'StartAt':"
    "'B','States':{'B':{'Type':'Pass','End':true}}},'ResultPath':null,"
    "'End':true}}}";

static struct rig *opened(void **state) {
    struct rig *rig = *state;
    rig->options.retention_ms = 30 * DAY_MS;
    rig_open(rig);
    return rig;
}

/* Time passes: an execution waits. */
static void pass_days(struct rig *rig, const char *name, int days) {
    char input[32];
    snprintf(input, sizeof(input), "%d", days * 86400);
    rig_machine(rig, "waits", waits);
    assert_int_equal(rig_end(rig, rig_start(rig, name, input))->status,
                     WF_EXECUTION_SUCCEEDED);
}

static bool is_gone(struct rig *rig, const char *arn) {
    struct rig_reply *reply = rig_reply_of(rig, rig_ask_describe(rig, arn));
    return reply->refused &&
           strcmp(reply->exception, "ExecutionDoesNotExist") == 0;
}

static bool has_gone(struct rig *rig, void *arn) {
    return is_gone(rig, arn);
}

static bool has_removed(struct rig *rig, void *count) {
    return rig_stats(rig).executions_removed >= *(uint64_t *)count &&
           rig_rows(rig, 'Z', 0) == 0;
}

static void until_removed(struct rig *rig, uint64_t count) {
    rig_until_true(rig, has_removed, &count);
    rig_flush(rig);
}

/* All that executions have: none is left but those that are counted. */
static void assert_rows(struct rig *rig, size_t executions) {
    assert_int_equal(rig_rows(rig, 'E', 0), executions);
    assert_int_equal(rig_rows(rig, 'L', 0), executions);
    assert_int_equal(rig_rows(rig, 'N', 0), executions);
    assert_int_equal(rig_rows(rig, 'S', 0), 0);
    assert_int_equal(rig_rows(rig, 'P', 0), 0);
    assert_int_equal(rig_rows(rig, 'G', 0), 0);
    assert_int_equal(rig_rows(rig, 'C', 0), 0);
    assert_int_equal(rig_rows(rig, 'O', 0), 0);
    assert_int_equal(rig_rows(rig, 'T', 0), 0);
}

static char *large_input(void) {
    struct wf_buf input = {0};
    wf_buf_adds(&input, "[0");
    for (int i = 1; i < 3000; i++) /* (the rig's quotes are single) */
        wf_buf_addf(&input, ",'%060d'", i);
    wf_buf_adds(&input, "]");
    wf_buf_u8(&input, 0);
    return input.data;
}

static void what_ended_long_ago_is_removed(void **state) {
    struct rig *rig = opened(state);
    char *input = large_input();
    pass_days(rig, "first", 0);
    rig_machine(rig, "long", is_long);
    const char *arn = rig_start(rig, "x", input);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_SUCCEEDED);
    free(input);
    rig_flush(rig);
    assert_true(rig_rows(rig, 'S', 0) + rig_rows(rig, 'P', 0) > 2);
    pass_days(rig, "second", 20);
    assert_false(is_gone(rig, arn));
    pass_days(rig, "third", 15);
    rig_until_true(rig, has_gone, (void *)arn);
    until_removed(rig, 2);
    assert_rows(rig, 2); /* "second" and "third" ended later */
    rig_machine(rig, "long", is_long);
    rig_start(rig, "x", "[]"); /* its name is free again */
}

/* Segments and pieces of a copy are its own; the original can go before. */
static void forks_are_removed(void **state) {
    struct rig *rig = opened(state);
    const struct wf_fix none = {.is_dry = false};
    char *input = large_input();
    rig_machine(rig, "long", is_long);
    const char *arn = rig_start(rig, "x", input);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_SUCCEEDED);
    pass_days(rig, "first", 20);
    struct rig_reply *fork;
    uint64_t event = 6000;
    do
        fork = rig_reply_of(rig, rig_ask_fork(rig, arn, event++, "y", &none));
    while (fork->refused && event < 6010);
    assert_false(fork->refused);
    assert_int_equal(rig_end(rig, fork->arn)->status,
                     WF_EXECUTION_SUCCEEDED);
    rig_assert_text(rig, rig_describe(rig, fork->arn)->output,
                    rig_describe(rig, arn)->output);
    pass_days(rig, "second", 15);
    rig_until_true(rig, has_gone, (void *)arn);
    rig_assert_text(rig, rig_describe(rig, fork->arn)->input,
                    rig_quoted(rig, input));
    assert_true(strlen(rig_story(rig, fork->arn)) > 100000);
    pass_days(rig, "third", 20);
    rig_until_true(rig, has_gone, (void *)fork->arn);
    until_removed(rig, 3);
    assert_rows(rig, 2);
    free(input);
}

/* What could be redriven until then. */
static void what_failed_is_removed(void **state) {
    struct rig *rig = opened(state);
    rig_machine(rig, "fails",
                "{'StartAt':'P','States':{'P':{'Type':'Parallel','Branches':["
                "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':"
                "{'StartAt':'C','States':{'C':{'Type':'Choice','Choices':[{"
                "'Variable':'$','NumericEquals':2,'Next':'F'}],'Default':'W'},"
                "'W':{'Type':'Wait','Seconds':9,'End':true},"
                "'F':{'Type':'Fail'}}},'End':true}}},"
                "{'StartAt':'V','States':{'V':{'Type':'Wait','Seconds':5,"
                "'End':true}}}],'End':true}}}");
    assert_int_equal(rig_end(rig, rig_start(rig, "x", "[1,2,3,4]"))->status,
                     WF_EXECUTION_FAILED);
    rig_machine(rig, "maps",
                MAP_MACHINE(STANDARD("A", "'A':{'Type':'Fail'}"), ""));
    assert_int_equal(rig_end(rig, rig_start(rig, "x", "[1,2,3]"))->status,
                     WF_EXECUTION_FAILED);
    pass_days(rig, "later", 40);
    until_removed(rig, 3);
    assert_rows(rig, 1);
}

static void what_runs_stays(void **state) {
    struct rig *rig = opened(state);
    rig_machine(rig, "waits", waits);
    const char *arn = rig_start(rig, "long", "8640000"); /* 100 days */
    rig_start(rig, "short", "1");
    pass_days(rig, "first", 40);
    until_removed(rig, 1);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_SUCCEEDED);
}

static void children_go_with_their_parent(void **state) {
    struct rig *rig = opened(state);
    struct wf_buf items = {0};
    wf_buf_adds(&items, "[0");
    for (int i = 1; i < 250; i++) /* several pages */
        wf_buf_addf(&items, ",%d", i);
    wf_buf_adds(&items, "]");
    wf_buf_u8(&items, 0);
    const char *map = MAP_MACHINE(STANDARD("A", PASS("A")), "");
    rig_machine(rig, "maps", map);
    const char *arn = rig_start(rig, "x", items.data);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_SUCCEEDED);
    wf_buf_free(&items);
    rig_flush(rig);
    assert_int_equal(rig_rows(rig, 'C', 0), 250);
    pass_days(rig, "later", 40);
    until_removed(rig, 251);
    assert_rows(rig, 1);
}

static void tagged(void *arg, const struct wf_refusal *refusal) {
    (void)arg;
    assert_null(refusal);
}

static void a_tag_says_how_long(void **state) {
    struct rig *rig = opened(state);
    const struct wf_tag keep = {WF_STR("moonstep:retention-days"),
                                WF_STR("0")};
    const struct wf_tag brief = {WF_STR("moonstep:retention-days"),
                                 WF_STR("2")};
    rig_machine(rig, "kept", waits);
    wf_engine_tag_resource(rig->engine, wf_str(rig->arn), &keep, 1,
                           tagged, NULL);
    const char *kept = rig_start(rig, "x", "1");
    rig_end(rig, kept);
    rig_machine(rig, "brief", waits);
    wf_engine_tag_resource(rig->engine, wf_str(rig->arn), &brief, 1,
                           tagged, NULL);
    const char *gone = rig_start(rig, "x", "1");
    rig_end(rig, gone);
    pass_days(rig, "a", 3);
    rig_until_true(rig, has_gone, (void *)gone);
    pass_days(rig, "b", 40);
    until_removed(rig, 2); /* that, and "a" */
    assert_false(is_gone(rig, kept));
}

static void count_done(void *arg, const struct wf_refusal *refusal) {
    assert_null(refusal);
    ++*(unsigned *)arg;
}

/* A state machine is deleted, and made again under its name. */
static void make_again(struct rig *rig, const char *name, const char *arn) {
    unsigned done = 0;
    wf_engine_delete_state_machine(rig->engine, wf_str(arn), count_done,
                                   &done);
    while (done == 0)
        rig_turns(rig, 1);
    rig_until_parked(rig);
    rig_machine(rig, name, is_long);
}

/* Also after a restart; its successors' executions stay until it is time. */
static void predecessors_are_removed(void **state) {
    struct rig *rig = opened(state);
    const char *gone[3];
    rig_machine(rig, "made", is_long);
    char *machine = strdup(rig->arn);
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof(name), "x%d", i);
        gone[i] = rig_start(rig, name, "[1,2]");
        assert_int_equal(rig_end(rig, gone[i])->status,
                         WF_EXECUTION_SUCCEEDED);
        make_again(rig, "made", machine);
    }
    const char *kept = rig_start(rig, "kept", "[1]");
    pass_days(rig, "first", 20);
    rig_reopen(rig);
    rig_machine(rig, "made", is_long);
    const char *late = rig_start(rig, "late", "[1]");
    rig_end(rig, late);
    pass_days(rig, "second", 15);
    for (int i = 0; i < 3; i++)
        rig_until_true(rig, has_gone, (void *)gone[i]);
    rig_until_true(rig, has_gone, (void *)kept);
    until_removed(rig, 4);
    assert_false(is_gone(rig, late));
    assert_rows(rig, 3);
    free(machine);
}

/* Without a retention of its own an engine heeds tags all the same. */
static void a_tag_counts_without_a_limit(void **state) {
    struct rig *rig = *state;
    const struct wf_tag brief = {WF_STR("moonstep:retention-days"),
                                 WF_STR("2")};
    rig->options.retention_ms = INT64_MAX;
    rig_open(rig);
    rig_machine(rig, "brief", waits);
    wf_engine_tag_resource(rig->engine, wf_str(rig->arn), &brief, 1,
                           tagged, NULL);
    const char *gone = rig_start(rig, "x", "1");
    rig_end(rig, gone);
    pass_days(rig, "a", 30);
    const char *kept = rig_start(rig, "y", "1");
    rig_end(rig, kept);
    pass_days(rig, "b", 30);
    rig_until_true(rig, has_gone, (void *)gone);
    until_removed(rig, 1);
    assert_false(is_gone(rig, kept));
}

static void is_refused(void *arg, const struct wf_refusal *refusal) {
    assert_non_null(refusal);
    assert_string_equal(refusal->exception, "ValidationException");
    assert_non_null(strstr(refusal->message.data, "a number of days"));
    ++*(unsigned *)arg;
}

static void nonsense_is_no_retention(void **state) {
    static const char *const values[] = {"", "forever", "-1", "1.5", " 3",
                                         "0x10", "12345678"};
    struct rig *rig = opened(state);
    unsigned refused = 0;
    rig_machine(rig, "waits", waits);
    for (unsigned i = 0; i < 7; i++) {
        const struct wf_tag tag = {WF_STR("moonstep:retention-days"),
                                   wf_str(values[i])};
        wf_engine_tag_resource(rig->engine, wf_str(rig->arn), &tag, 1,
                               is_refused, &refused);
        assert_int_equal(refused, i + 1);
    }
}

static void crashes_leave_nothing_behind(void **state) {
    struct rig *rig = opened(state);
    rig_machine(rig, "maps", MAP_MACHINE(STANDARD("A", PASS("A")), ""));
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof(name), "x%d", i);
        rig_end(rig, rig_start(rig, name, "[1,2,3,4,5,6,7,8,9]"));
    }
    pass_days(rig, "later", 40);
    for (unsigned turns = 1; turns < 60; turns += 3) {
        rig_turns(rig, turns);
        rig_crash(rig);
        rig_open(rig);
    }
    pass_days(rig, "much-later", 1);
    for (unsigned tries = 0; rig_rows(rig, 'L', 0) > 2 ||
                             rig_rows(rig, 'Z', 0) > 0;
         tries++) {
        rig_turns(rig, 20);
        assert_true(tries < 5000);
    }
    rig_flush(rig);
    assert_rows(rig, 2);
}

/* A redrive takes several batches: there are iterations that go on. */
static const char waits_inside[] =
    "{'StartAt':'M','States':{'M':{'Type':'Map','ItemProcessor':"
    "{'StartAt':'W','States':{'W':{'Type':'Wait','Seconds':5000000,"
    "'End':true}}},'End':true}}}"; /* 57 days */

/* It went on, or it was not there any more: never half of each. */
static void redriven_or_gone(struct rig *rig, const char *arn,
                             struct rig_reply *redrive) {
    rig_reply_of(rig, redrive);
    if (redrive->refused) {
        assert_string_equal(redrive->exception, "ExecutionDoesNotExist");
        assert_true(is_gone(rig, arn));
        return;
    }
    rig_turns(rig, 40);
    rig_reopen(rig);
    rig_assert_status(rig, arn, WF_EXECUTION_RUNNING);
    rig_jump(rig, 60 * DAY_MS);
    assert_int_equal(rig_end(rig, arn)->status, WF_EXECUTION_SUCCEEDED);
    rig_assert_has(rig_story(rig, arn), "ExecutionRedriven#1");
}

/* 40 days go by some turns before, or after, it is redriven. */
static void redrive_as_time_goes(struct rig *rig, unsigned before,
                                 unsigned after) {
    rig_machine(rig, "waits", waits_inside);
    const char *arn = rig_start(rig, "x", "[1,2,3,4]");
    rig_reply_of(rig, rig_ask_stop(rig, arn, NULL, NULL));
    rig_until_parked(rig);
    if (before)
        rig_jump(rig, 40 * DAY_MS);
    rig_turns(rig, before);
    struct rig_reply *redrive = rig_ask_redrive(rig, arn, NULL);
    rig_turns(rig, after);
    if (!before)
        rig_jump(rig, 40 * DAY_MS);
    redriven_or_gone(rig, arn, redrive);
    rig_jump(rig, 40 * DAY_MS);
    rig_until_true(rig, has_gone, (void *)arn);
    until_removed(rig, 0);
    assert_rows(rig, 0);
}

/* Once a redrive ran an execution whose rows were being removed. */
static void what_is_redriven_stays(void **state) {
    for (unsigned turns = 0; turns < 40; turns++) {
        struct rig *rig = opened(state);
        bool is_first = turns % 2;
        redrive_as_time_goes(rig, is_first ? turns : 0, is_first ? 0 : turns);
        rig_close(rig);
        rig_wipe(rig);
    }
    opened(state);
}

/* 40 days go by some turns before, or after, it is forked: the fork is whole,
 * or there is none. */
static void fork_as_time_goes(struct rig *rig, const char *input,
                              unsigned before, unsigned after) {
    const struct wf_fix none = {.is_dry = false};
    rig_machine(rig, "passes",
                "{'StartAt':'A','States':{'A':{'Type':'Pass','Next':'B'},"
                "'B':{'Type':'Pass','End':true}}}");
    const char *arn = rig_start(rig, "x", input);
    rig_end(rig, arn);
    rig_until_parked(rig);
    if (before)
        rig_jump(rig, 40 * DAY_MS);
    rig_turns(rig, before);
    struct rig_reply *fork = rig_ask_fork(rig, arn, 2, "y", &none);
    rig_turns(rig, after);
    if (!before)
        rig_jump(rig, 40 * DAY_MS);
    if (rig_reply_of(rig, fork)->refused) { /* it is going */
        assert_string_equal(fork->exception, "ExecutionDoesNotExist");
    } else {
        struct rig_reply *end = rig_end(rig, fork->arn);
        if (end->status != WF_EXECUTION_SUCCEEDED)
            fail_msg("%s: %s", end->error, end->cause);
        rig_assert_text(rig, end->input, rig_quoted(rig, input));
        rig_assert_text(rig, end->output, rig_quoted(rig, input));
    }
    rig_jump(rig, DAY_MS); /* it is looked at again */
    rig_until_true(rig, has_gone, (void *)arn);
}

static void what_is_forked_stays(void **state) {
    struct wf_buf input = {0};
    wf_buf_adds(&input, "[0");
    for (int i = 0; i < 40000; i++)
        wf_buf_addf(&input, ",'%060d'", i);
    wf_buf_add(&input, "]", 2);
    for (unsigned turns = 0; turns < 24; turns++) {
        struct rig *rig = opened(state);
        bool is_first = turns % 2;
        fork_as_time_goes(rig, input.data, is_first ? turns : 0,
                          is_first ? 0 : turns);
        rig_close(rig);
        rig_wipe(rig);
    }
    wf_buf_free(&input);
    opened(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        ENGINE_TEST_BOTH(what_ended_long_ago_is_removed),
        ENGINE_TEST_BOTH(forks_are_removed),
        ENGINE_TEST_BOTH(what_failed_is_removed),
        ENGINE_TEST_BOTH(what_runs_stays),
        ENGINE_TEST_BOTH(children_go_with_their_parent),
        ENGINE_TEST_BOTH(a_tag_says_how_long),
        ENGINE_TEST_REAL(what_is_redriven_stays),
        ENGINE_TEST_REAL(what_is_forked_stays),
        ENGINE_TEST_BOTH(a_tag_counts_without_a_limit),
        ENGINE_TEST_BOTH(predecessors_are_removed),
        ENGINE_TEST_BOTH(nonsense_is_no_retention),
        ENGINE_TEST_BOTH(crashes_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
