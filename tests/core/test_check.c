/*
 * test_check.c - `moonstep check`: a store with a bit of everything is whole;
 * without any one of its rows, or with any one damaged, it is not. And a store
 * that is not closed, or in use.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "checks.h"
#include "keys.h"
#include "lua_stdlib.h"
#include "map_runs.h"
#include "schedules.h"
#include "store_rows.h"
#include "version_answers.h"

#define LARGE 150000
#define WAITS STANDARD("A", "'A':{'Type':'Wait','Seconds':9000," \
                            "'Next':'B'}," PASS("B"))

static const char branches[] =
    "{'StartAt':'P','States':{'P':{'Type':'Parallel','End':true,'Branches':["
    "{'StartAt':'A','States':{'A':{'Type':'Pass','Result':1,'End':true}}},"
    "{'StartAt':'B','States':{'B':{'Type':'Wait','Seconds':9000,"
    "'End':true}}},"
    "{'StartAt':'C','States':{'C':{'Type':'Wait','Seconds':9000,"
    "'End':true}}}]}}}";
static const char polled[] =
    "{'StartAt':'T','States':{'T':{'Type':'Task','End':true,'Resource':"
    "'arn:aws:states:us-east-1:000000000000:activity:a'}}}";

/* ---- a store ---- */

static void on_activity(void *arg, const struct wf_refusal *refusal,
                        const struct wf_activity_reply *reply) {
    (void)reply;
    assert_null(refusal);
    *(bool *)arg = true;
}

static void make_activity(struct rig *rig) {
    struct wf_create_activity ask = {.name = WF_STR("a")};
    bool done = false;
    wf_engine_create_activity(rig->engine, &ask, on_activity, &done);
    rig_until(rig, &done);
}

static bool is_parked(struct rig *rig, void *arg) {
    (void)arg;
    rig_jump(rig, 1); /* a clock that was moved stands */
    return rig_stats(rig).active_executions == 0;
}

static void start_large(struct rig *rig) {
    char *input = calloc(1, LARGE + 3);
    memset(input, 'x', LARGE + 2);
    input[0] = input[LARGE + 1] = '"';
    rig_machine(rig, "large", waits_two);
    rig_start(rig, "large", input);
    free(input);
}

static void make_schedule(struct rig *rig) {
    struct wf_schedule schedule =
        schedule_of(rig, "tick", "rate(1 hour)", "{}");
    struct wf_schedule_ask ask = {.operation = WF_SCHEDULE_CREATE_GROUP,
                                  .schedule = {.group = WF_STR("g")}};
    schedule_ask(rig, &ask);
    schedule.group = WF_STR("g");
    schedule.start_ms = wf_clock_now_ms(&rig->clock) + 3600000;
    schedule_make(rig, schedule);
}

static struct rig *fill(void **state) {
    struct rig *rig = *state;
    rig->options.idle_ms = 20;
    rig_handler(rig, "t.lua", "return { f = function() return 1 end }");
    versions_open(rig);
    versions_put_alias(rig, "PROD", M ":1", 90, M ":2");
    versions_expect_run(rig, M ":3", "3", ":3");
    free(versions_start(rig, M ":PROD", "one"));
    start_large(rig);
    rig_machine(rig, "branches", branches);
    rig_start(rig, "two", "{}");
    make_activity(rig);
    rig_machine(rig, "polled", polled);
    rig_start(rig, "three", "{}");
    rig_machine(rig, "map", MAP_MACHINE(WAITS, ""));
    rig_start(rig, "four", "[1,2]");
    make_schedule(rig);
    rig_until_true(rig, is_parked, NULL);
    return rig;
}

/* ---- damage ---- */

static void describe(char table, struct wf_str key, const char *damage) {
    struct wf_buf text = {0};
    wf_key_describe(key, &text);
    wf_buf_u8(&text, 0);
    fail_msg("%c %s: %s, and nothing was found", table, text.data, damage);
}

/* Without each row of the table, one after another. */
static void without_each(struct rig *rig, char table) {
    struct rows_taken taken;
    rows_take(rig, table, &taken);
    assert_true(taken.count > 0);
    struct wf_reader keys = rows_reader(&taken.keys);
    struct wf_reader values = rows_reader(&taken.values);
    while (keys.at < keys.end) {
        struct wf_str key = wf_read_text(&keys);
        struct wf_str value = wf_read_text(&values);
        rows_put(rig, key, WF_STR_NULL);
        if (checks_run(rig) == 0)
            describe(table, key, "deleted");
        rows_put(rig, key, value.data ? value : WF_STR(""));
    }
    wf_buf_free(&taken.keys);
    wf_buf_free(&taken.values);
}

/* With each row of the table damaged: what begins a row is its version, and
 * one that has no value gets one. */
static void with_each_damaged(struct rig *rig, char table) {
    struct rows_taken taken;
    rows_take(rig, table, &taken);
    struct wf_reader keys = rows_reader(&taken.keys);
    struct wf_reader values = rows_reader(&taken.values);
    while (keys.at < keys.end) {
        struct wf_str key = wf_read_text(&keys);
        struct wf_str value = wf_read_text(&values);
        rows_put(rig, key,
                 value.len ? (struct wf_str){value.data, value.len - 1}
                           : WF_STR("x"));
        if (checks_run(rig) == 0 ||
            checks_report.tables[(uint8_t)table].wrong == 0)
            describe(table, key, "cut");
        rows_put(rig, key, value.data ? value : WF_STR(""));
    }
    wf_buf_free(&taken.keys);
    wf_buf_free(&taken.values);
}

static void keep(void *arg, const struct wf_row *rows, size_t count,
                 bool more, const struct wf_error *err) {
    assert_null(err);
    assert_int_equal(count, 1);
    (void)more;
    wf_buf_addstr(arg, rows->value);
}

static void expect_lost(struct rig *rig, struct wf_key key,
                        const char *what) {
    struct wf_store *store = rows_store(rig);
    struct wf_key end = key;
    struct wf_buf value = {0};
    struct wf_error err;
    end.data[end.len++] = 0;
    struct wf_range range = {.from = wf_key_str(&key),
                             .to = wf_key_str(&end)};
    assert_int_equal(wf_store_scan_now(store, &range, keep, &value, &err), 0);
    wf_store_close(store);
    rows_put(rig, wf_key_str(&key), WF_STR_NULL);
    assert_true(checks_run(rig) > 0);
    rig_assert_has(checks_report.findings[0].what, what);
    rows_put(rig, wf_key_str(&key), (struct wf_str){value.data, value.len});
    wf_buf_free(&value);
}

static void every_row_counts(void **state) {
    struct rig *rig = fill(state);
    rig_close(rig);
    checks_assert_whole(rig);
    assert_int_equal(checks_report.left, 0);
    /* Of versions and aliases nothing says that they should be there, unless
     * an alias leads to a version. */
    for (const char *table = "ESPONLWTQGCMRABHUD"; *table; table++)
        without_each(rig, *table);
    expect_lost(rig, wf_key_version(0, 1, 1), "leads to version 1");
    checks_assert_whole(rig);
    rig_open(rig);
}

static void every_row_must_decode(void **state) {
    struct rig *rig = fill(state);
    rig_close(rig);
    for (const char *table = "ESPONLWTQGCRVIABHUD"; *table; table++)
        with_each_damaged(rig, *table);
    checks_assert_whole(rig);
    rig_open(rig);
}

static void expect_finding(struct rig *rig, struct wf_key key,
                           struct wf_str value, const char *what) {
    rows_put(rig, wf_key_str(&key), value);
    assert_true(checks_run(rig) > 0);
    rig_assert_has(checks_report.findings[0].what, what);
    rows_put(rig, wf_key_str(&key), WF_STR_NULL);
}

static void rows_that_nobody_wrote_are_found(void **state) {
    struct rig *rig = fill(state);
    rig_close(rig);
    expect_finding(rig, wf_key_table(0, 'E'), WF_STR("x"), "form");
    expect_finding(rig, wf_key_table(0, 'f'), WF_STR("x"), "no such table");
    expect_finding(rig, wf_key_journal(0, 1), WF_STR("x"), "does not start");
    expect_finding(rig, wf_key_frame(0, 7, 0), WF_STR("x"), "is missing");
    expect_finding(rig, wf_key_segment(0, 7, 1), WF_STR("x"), "is missing");
    expect_finding(rig, wf_key_survivor(0, 1, 7), WF_STR("x"), "process");
    expect_finding(rig, wf_key_table(0, 'Y'), WF_STR("x"), "mark");
    expect_finding(rig, wf_key_timer(0, 7, 7, 0), WF_STR(""), "timer");
    expect_finding(rig, wf_key_child(0, 7, 1, 8), WF_STR("x"), "decode");
    expect_finding(rig, wf_key_notification(0, 'q', WF_STR("ops"), 1),
                   WF_STR("x"), "notification does not decode");
    /* Pieces of a document that was never acknowledged do no harm. */
    struct wf_key piece = wf_key_piece(0, 7, 4, 0);
    rows_put(rig, wf_key_str(&piece), WF_STR("x"));
    checks_assert_whole(rig);
    assert_int_equal(checks_report.left, 1);
    rig_open(rig);
}

/* What is being removed has lost its image, and keeps other rows for now. */
static void what_is_being_removed_is_whole(void **state) {
    struct rig *rig = *state;
    rig_open(rig);
    rig_close(rig);
    struct wf_key segment = wf_key_segment(0, 7, 1);
    struct wf_key removed = wf_key_execution(0, 7);
    removed.data[2] = 'Z';
    rows_put(rig, wf_key_str(&segment), WF_STR("x"));
    assert_int_equal(checks_run(rig), 1);
    rows_put(rig, wf_key_str(&removed), WF_STR(""));
    checks_assert_whole(rig);
    rig_open(rig);
}

/* A crash leaves the journal, and often a log. */
static void a_store_that_crashed_is_whole(void **state) {
    struct rig *rig = fill(state);
    for (int i = 0; i < 5; i++) {
        rig_start(rig, NULL, "[3]");
        rig_turns(rig, (unsigned)i * 3);
        rig_crash(rig);
        checks_assert_whole(rig);
        rig_open(rig);
    }
}

/* The engine's last checkpoint is looked at: it goes on meanwhile. */
static void a_store_in_use_can_be_checked(void **state) {
    struct rig *rig = fill(state);
    char pid[32];
    checks_assert_whole(rig);
    assert_true(checks_report.is_live);
    snprintf(pid, sizeof(pid), "process %ld", (long)getpid());
    rig_assert_has(checks_report.holder, pid);
    rig_start(rig, NULL, "[3]");
    checks_assert_whole(rig);
}

static void what_is_no_store_is_refused(void **state) {
    struct rig *rig = *state;
    struct wf_error err;
    assert_int_equal(
        wf_check_store("/nonexistent", NULL, &checks_report, &err), -1);
    assert_int_equal(err.code, WF_E_NOT_FOUND);
    rig_open(rig);
}

#define CHECK_TEST(test) \
    {#test, test, rig_setup, rig_teardown, &rig_lmdb_real}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        CHECK_TEST(every_row_counts),
        CHECK_TEST(every_row_must_decode),
        CHECK_TEST(rows_that_nobody_wrote_are_found),
        CHECK_TEST(what_is_being_removed_is_whole),
        CHECK_TEST(a_store_that_crashed_is_whole),
        CHECK_TEST(a_store_in_use_can_be_checked),
        CHECK_TEST(what_is_no_store_is_refused),
    };
    if (argc > 1 && strcmp(argv[1], "--worker-process") == 0)
        return wf_worker_main(argc, argv, &wf_stdlib);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
