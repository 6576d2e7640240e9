/*
 * test_store.c - what every store promises, asked of each implementation:
 * the one on LMDB, and the one in memory that other tests torture.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store_fixture.h"

static int setup(void **state) {
    enum fixture_kind kind = *(enum fixture_kind *)*state;
    struct fixture *f = malloc(sizeof(*f));
    fixture_up(f, kind, NULL);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    fixture_down(*state);
    free(*state);
    return 0;
}

static void a_row_is_read_back(void **state) {
    struct fixture *f = *state;
    struct fixture_rows rows = {0};

    assert_null(fixture_value(f, fixture_key('A', "x"), &rows));
    fixture_put(f, fixture_key('A', "x"), WF_STR("one"));
    fixture_put(f, fixture_key('A', "xy"), WF_STR(""));
    assert_int_equal(f->durable, 0); /* never from inside the call */
    fixture_until(f, &f->durable, 2);
    assert_string_equal(fixture_value(f, fixture_key('A', "x"), &rows), "one");
    assert_false(rows.more);
    assert_string_equal(fixture_value(f, fixture_key('A', "xy"), &rows), "");
    assert_null(fixture_value(f, fixture_key('A', "xyz"), &rows));
    assert_null(fixture_value(f, fixture_key('B', "x"), &rows));
    fixture_rows_free(&rows);
}

static void later_operations_of_a_batch_win(void **state) {
    struct fixture *f = *state;
    struct fixture_rows rows = {0};
    struct wf_batch *batch = wf_batch_new(1);

    assert_true(wf_batch_is_empty(batch));
    wf_batch_put(batch, fixture_key('A', "1"), WF_STR("a"));
    wf_batch_put(batch, fixture_key('A', "1"), WF_STR("b"));
    wf_batch_put(batch, fixture_key('A', "2"), WF_STR("c"));
    wf_batch_delete(batch, fixture_key('A', "2"));
    wf_batch_delete(batch, fixture_key('A', "3"));
    wf_batch_put(batch, fixture_key('A', "3"), WF_STR("d"));
    wf_batch_delete(batch, fixture_key('Z', "never there"));
    assert_int_equal(wf_batch_count(batch), 7);
    assert_int_equal(wf_batch_bytes(batch), 6 * 4 + 14 + 4);
    wf_store_apply(f->store, batch, fixture_done, f);
    fixture_until(f, &f->durable, 1);
    assert_string_equal(fixture_value(f, fixture_key('A', "1"), &rows), "b");
    assert_null(fixture_value(f, fixture_key('A', "2"), &rows));
    assert_string_equal(fixture_value(f, fixture_key('A', "3"), &rows), "d");
    fixture_rows_free(&rows);
}

/* ---- order ---- */

struct ordered {
    unsigned *next;
    unsigned number;
};

static void on_ordered(void *arg, const struct wf_error *err) {
    struct ordered *me = arg;
    assert_null(err);
    assert_int_equal(*me->next, me->number);
    ++*me->next;
}

static void batches_complete_in_the_order_of_apply(void **state) {
    struct fixture *f = *state;
    enum { COUNT = 2000 };
    static struct ordered all[COUNT];
    unsigned next = 0;

    for (unsigned i = 0; i < COUNT; i++) {
        struct wf_batch *batch = wf_batch_new(1);
        all[i] = (struct ordered){&next, i};
        wf_batch_put(batch, fixture_key('J', "%08u", i), WF_STR("record"));
        wf_batch_put(batch, fixture_key('N', "last"), WF_STR("again"));
        wf_store_apply(f->store, batch, on_ordered, &all[i]);
        if (i % 100 == 0)
            ev_run(f->loop, EVRUN_NOWAIT);
    }
    fixture_settle(f); /* ends: nothing outstanding keeps the loop */
    assert_int_equal(next, COUNT);
    struct wf_store_stats stats;
    wf_store_stats(f->store, &stats);
    assert_int_equal(stats.entries, COUNT + 1);
    assert_int_equal(stats.batches, COUNT);
    assert_int_equal(stats.queued_batches, 0);
}

struct read_back {
    struct fixture *f;
    unsigned number;
    struct fixture_rows rows;
};

static void on_written(void *arg, const struct wf_error *err) {
    struct read_back *me = arg;
    assert_null(err);
    wf_store_get(me->f->store, fixture_key('A', "%u", me->number),
                 fixture_on_rows, &me->rows);
}

static void a_read_sees_what_was_acknowledged(void **state) {
    struct fixture *f = *state;
    enum { COUNT = 100 };
    static struct read_back all[COUNT];

    for (unsigned i = 0; i < COUNT; i++) {
        struct wf_batch *batch = wf_batch_new(1);
        all[i] = (struct read_back){.f = f, .number = i};
        wf_batch_put(batch, fixture_key('A', "%u", i), WF_STR("here"));
        wf_store_apply(f->store, batch, on_written, &all[i]);
    }
    fixture_settle(f);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(all[i].rows.count, 1);
        assert_string_equal(all[i].rows.values.data, "here");
        fixture_rows_free(&all[i].rows);
    }
}

/* ---- preconditions ---- */

static void expect(struct fixture *f, const char *key, struct wf_str value,
                   const char *write) {
    struct wf_batch *batch = wf_batch_new(1);
    wf_batch_put(batch, fixture_key('A', "%s", write), WF_STR("written"));
    wf_batch_expect(batch, fixture_key('L', "%s", key), value);
    wf_store_apply(f->store, batch, fixture_done, f);
}

static void a_batch_whose_precondition_fails_writes_nothing(void **state) {
    struct fixture *f = *state;
    struct fixture_rows rows = {0};

    fixture_put(f, fixture_key('L', "lease"), WF_STR("me"));
    fixture_put(f, fixture_key('L', "empty"), WF_STR(""));
    expect(f, "lease", WF_STR("me"), "1 ok");
    expect(f, "lease", WF_STR("you"), "2 conflict");
    expect(f, "lease", WF_STR_NULL, "3 conflict");
    expect(f, "none", WF_STR_NULL, "4 ok");
    expect(f, "none", WF_STR("me"), "5 conflict");
    expect(f, "empty", WF_STR(""), "6 ok");
    expect(f, "empty", WF_STR_NULL, "7 conflict");
    fixture_until(f, &f->durable, 9);
    assert_int_equal(f->conflicts, 4);
    struct wf_range range = {
        .from = fixture_key('A', "%s", ""), .to = fixture_key('B', "%s", ""),
    };
    fixture_scan(f, &range, &rows);
    assert_string_equal(rows.keys.data, "A1 ok A4 ok A6 ok");
    fixture_rows_free(&rows);
}

/* ---- ranges ---- */

static void fill(struct fixture *f) {
    struct wf_batch *batch = wf_batch_new(1);
    for (int i = 9; i >= 0; i--) { /* not in order */
        wf_batch_put(batch, fixture_key('A', "%d", i), WF_STR("aaaa"));
        wf_batch_put(batch, fixture_key('B', "%d", i), WF_STR("bb"));
    }
    wf_store_apply(f->store, batch, fixture_done, f);
    fixture_until(f, &f->durable, 1);
}

static void check_scan(struct fixture *f, struct wf_range range,
                       const char *keys, bool more) {
    struct fixture_rows rows = {0};
    struct wf_error err;

    fixture_scan(f, &range, &rows);
    assert_string_equal(rows.keys.data, keys);
    assert_int_equal(rows.more, more);
    fixture_rows_free(&rows);
    assert_int_equal(wf_store_scan_now(f->store, &range, fixture_on_rows,
                                       &rows, &err), 0);
    assert_string_equal(rows.keys.data, keys);
    assert_int_equal(rows.more, more);
    fixture_rows_free(&rows);
}

#define KEY(table, text) fixture_key(table, "%s", text)

static void ranges_are_half_open(void **state) {
    struct fixture *f = *state;
    fill(f);
    struct wf_range range = {.from = KEY('A', "3"), .to = KEY('A', "6")};
    check_scan(f, range, "A3 A4 A5", false);
    range = (struct wf_range){.from = KEY('A', "33"), .to = KEY('A', "55")};
    check_scan(f, range, "A4 A5", false);
    range = (struct wf_range){.from = KEY('A', "7"), .to = KEY('B', "")};
    check_scan(f, range, "A7 A8 A9", false);
    range = (struct wf_range){.from = KEY('A', "8"), .to = KEY('B', "2")};
    check_scan(f, range, "A8 A9 B0 B1", false);
    range = (struct wf_range){.from = KEY('A', "5"), .to = KEY('A', "5")};
    check_scan(f, range, "", false);
    range = (struct wf_range){.from = KEY('A', "6"), .to = KEY('A', "5")};
    check_scan(f, range, "", false);
    range = (struct wf_range){.from = KEY('Q', ""), .to = KEY('R', "")};
    check_scan(f, range, "", false);
}

static void ranges_can_be_reversed(void **state) {
    struct fixture *f = *state;
    fill(f);
    struct wf_range range = {
        .from = KEY('A', "3"), .to = KEY('A', "6"), .reverse = true,
    };
    check_scan(f, range, "A5 A4 A3", false);
    range.from = KEY('A', "7");
    range.to = KEY('B', "");
    check_scan(f, range, "A9 A8 A7", false);
    range.from = KEY('B', "8");
    range.to = KEY('C', "");
    check_scan(f, range, "B9 B8", false);
    range.from = KEY('A', "8");
    range.to = KEY('B', "2");
    check_scan(f, range, "B1 B0 A9 A8", false);
    range.from = KEY('A', "");
    range.to = KEY('A', "0");
    check_scan(f, range, "", false);
    range.to = KEY('B', "");
    range.max_rows = 2;
    check_scan(f, range, "A9 A8", true);
}

static void limits_end_a_scan_and_say_so(void **state) {
    struct fixture *f = *state;
    fill(f);
    struct wf_range range = {
        .from = KEY('A', ""), .to = KEY('B', ""), .max_rows = 3,
    };
    check_scan(f, range, "A0 A1 A2", true);
    range.max_rows = 10;
    check_scan(f, range, "A0 A1 A2 A3 A4 A5 A6 A7 A8 A9", false);
    range.max_bytes = 9; /* a row has 8: the second one reaches it */
    check_scan(f, range, "A0 A1", true);
    range.max_bytes = 1;
    check_scan(f, range, "A0", true);
    range.max_bytes = 9;
    range.keys_only = true;
    check_scan(f, range, "A0 A1 A2", true);
}

static void a_long_range_is_read_in_slices(void **state) {
    struct fixture *f = *state;
    struct fixture_rows rows = {0};
    struct wf_batch *batch = wf_batch_new(1);
    for (int i = 0; i < 2500; i++)
        wf_batch_put(batch, fixture_key('A', "%04d", i), WF_STR("x"));
    wf_store_apply(f->store, batch, fixture_done, f);
    fixture_until(f, &f->durable, 1);

    struct wf_range range = {.from = KEY('A', ""), .to = KEY('B', "")};
    char from[512];
    size_t total = 0;
    do { /* continues behind the last key */
        fixture_scan(f, &range, &rows);
        total += rows.count;
        memcpy(from, rows.last.data, rows.last.len);
        from[rows.last.len] = '\0';
        range.from = (struct wf_str){from, rows.last.len + 1};
    } while (rows.more);
    assert_int_equal(total, 2500);
    fixture_rows_free(&rows);
}

static void a_range_is_deleted_piece_by_piece(void **state) {
    struct fixture *f = *state;
    fill(f);
    for (unsigned i = 0; i < 3; i++) {
        struct wf_batch *batch = wf_batch_new(1);
        wf_batch_delete_range(batch, KEY('A', "2"), KEY('B', "1"), 4);
        wf_store_apply(f->store, batch, fixture_done, f);
        fixture_until(f, &f->durable, 2 + i);
        struct wf_range all = {.from = KEY('A', ""), .to = KEY('B', "3")};
        static const char *const left[] = {
            "A0 A1 A6 A7 A8 A9 B0 B1 B2", "A0 A1 B0 B1 B2", "A0 A1 B1 B2",
        };
        check_scan(f, all, left[i], false);
    }
}

/* ---- size, life ---- */

static void big_values_are_kept(void **state) {
    struct fixture *f = *state;
    struct fixture_rows rows = {0};
    size_t len = (size_t)10 << 20;
    struct wf_batch *batch = wf_batch_new(1);
    struct wf_buf value = {0};

    wf_buf_reserve(&value, len);
    for (size_t i = 0; i < len; i++)
        value.data[i] = (char)('a' + i % 23);
    value.len = len;
    wf_batch_put_buf(batch, KEY('P', "big"), &value);
    assert_null(value.data);
    assert_int_equal(wf_batch_bytes(batch), len + 6);
    wf_buf_adds(&value, "small");
    wf_batch_put_buf(batch, KEY('P', "small"), &value);
    assert_null(value.data);
    wf_store_apply(f->store, batch, fixture_done, f);
    fixture_until(f, &f->durable, 1);
    fixture_get(f, KEY('P', "big"), &rows);
    assert_int_equal(rows.values.len, len);
    for (size_t i = 0; i < len; i++)
        if (rows.values.data[i] != (char)('a' + i % 23))
            fail_msg("byte %zu", i);
    assert_string_equal(fixture_value(f, KEY('P', "small"), &rows), "small");
    fixture_rows_free(&rows);
}

static void closing_waits_for_what_was_applied(void **state) {
    struct fixture *f = *state;
    struct fixture_rows rows = {0};
    struct wf_error err;

    for (int i = 0; i < 50; i++)
        fixture_put(f, fixture_key('A', "%02d", i), WF_STR("x"));
    fixture_close(f);
    assert_int_equal(f->durable, 0); /* callbacks are dropped */
    assert_int_equal(fixture_open(f, &err), 0);
    assert_non_null(fixture_value(f, fixture_key('A', "%02d", 49), &rows));
    assert_non_null(fixture_value(f, fixture_key('A', "%02d", 0), &rows));
    fixture_rows_free(&rows);
    fixture_settle(f);
}

static void an_empty_batch_is_acknowledged_in_its_turn(void **state) {
    struct fixture *f = *state;
    wf_store_apply(f->store, wf_batch_new(1), fixture_done, f);
    wf_store_apply(f->store, wf_batch_new(1), NULL, NULL);
    fixture_put(f, KEY('A', "1"), WF_STR("x"));
    fixture_settle(f);
    assert_int_equal(f->durable, 2);
}

/* ---- the memory store's own ---- */

static void full_memory_store_keeps_and_retries(void **state) {
    struct fixture *f = *state;
    struct fixture_rows rows = {0};

    store_memory_full(f->store, 5);
    for (int i = 0; i < 10; i++)
        fixture_put(f, fixture_key('A', "%d", i), WF_STR("x"));
    fixture_until(f, &f->state_changes, 1);
    assert_int_equal(f->last_state, WF_STORE_FULL);
    assert_int_equal(f->durable, 0);
    fixture_settle(f);
    assert_int_equal(f->last_state, WF_STORE_OK);
    assert_int_equal(f->durable, 10);
    store_memory_die(f->store);
    fixture_put(f, KEY('A', "lost"), WF_STR("x"));
    fixture_settle(f);
    assert_int_equal(f->last_state, WF_STORE_DEAD);
    assert_int_equal(f->durable, 10);
    fixture_rows_free(&rows);
}

/* One life: what was acknowledged, and what was found afterwards. */
static void crash_once(struct fixture *f, unsigned *acknowledged,
                       unsigned *found) {
    struct fixture_rows rows = {0};
    struct wf_error err;

    f->durable = 0;
    for (int i = 0; i < 40; i++) {
        fixture_put(f, fixture_key('A', "%02d", i), WF_STR("x"));
        ev_run(f->loop, EVRUN_NOWAIT);
    }
    fixture_until(f, &f->durable, (unsigned)(f->seed % 30));
    *acknowledged = f->durable;
    store_memory_crash(f->store);
    assert_int_equal(fixture_open(f, &err), 0);
    struct wf_range all = {.from = KEY('A', ""), .to = KEY('B', "")};
    fixture_scan(f, &all, &rows);
    *found = (unsigned)rows.count;
    if (rows.count > 0) { /* a prefix: the last one's number is the count */
        char *number = wf_strndup(rows.last.data + 3, 2);
        assert_int_equal(atoi(number) + 1, *found);
        free(number);
    }
    fixture_rows_free(&rows);
}

static void a_crash_keeps_some_prefix(void **state) {
    struct fixture *f = *state;
    unsigned acknowledged, found, more = 0, lost = 0;

    for (int life = 0; life < 60; life++) {
        crash_once(f, &acknowledged, &found);
        assert_true(found >= acknowledged);
        more += found > acknowledged;
        lost += found < 40;
        fixture_close(f);
        store_memory_disk_free(f->disk);
        f->disk = store_memory_disk_new();
        struct wf_error err;
        assert_int_equal(fixture_open(f, &err), 0);
    }
    assert_true(more > 0 && lost > 0); /* every outcome did occur */
}

/* ---- both, step for step ---- */

static void random_operation(struct wf_batch *batch, unsigned *random) {
    static char value[6000];
    int number = rand_r(random) % 600;
    char table = (char)('A' + rand_r(random) % 3);
    int what = rand_r(random) % 20;

    memset(value, 'a' + number % 26, sizeof(value));
    if (what == 0)
        wf_batch_delete_range(batch, fixture_key(table, "%03d", number),
                              fixture_key(table, "%03d", number + 90),
                              1 + (unsigned)rand_r(random) % 60);
    else if (what < 6)
        wf_batch_delete(batch, fixture_key(table, "%03d", number));
    else if (what == 6)
        wf_batch_expect(batch, fixture_key(table, "%03d", number),
                        WF_STR_NULL);
    else
        wf_batch_put(batch, fixture_key(table, "%03d", number),
                     (struct wf_str){value, (size_t)rand_r(random) % 300 *
                                                (what == 19 ? 20 : 1)});
}

static void apply_random(struct fixture *f, unsigned random) {
    unsigned *state = &random;
    struct wf_batch *batch = wf_batch_new(1);
    int count = 1 + rand_r(state) % 40;
    while (count-- > 0)
        random_operation(batch, state);
    wf_store_apply(f->store, batch, fixture_done, f);
}

static void both_stores_do_the_same(void **state) {
    struct fixture a, b;
    struct fixture_rows rows_a = {0}, rows_b = {0};
    struct wf_store_options options = {.no_sync = true};
    (void)state;

    fixture_up(&a, FIXTURE_LMDB, &options);
    fixture_up(&b, FIXTURE_MEMORY, &options);
    for (unsigned round = 0; round < 60; round++) {
        for (unsigned i = 0; i < 20; i++) {
            apply_random(&a, round * 1000 + i);
            apply_random(&b, round * 1000 + i);
        }
        fixture_settle(&a);
        fixture_settle(&b);
        struct wf_range all = {
            .from = KEY('A', ""), .to = KEY('Z', ""), .max_rows = 5000,
            .max_bytes = SIZE_MAX, .reverse = round % 2,
        };
        fixture_scan(&a, &all, &rows_a);
        fixture_scan(&b, &all, &rows_b);
        assert_string_equal(rows_a.keys.data, rows_b.keys.data);
        assert_string_equal(rows_a.values.data, rows_b.values.data);
        assert_int_equal(a.conflicts, b.conflicts);
    }
    assert_true(a.conflicts > 0 && rows_a.count > 100);
    fixture_rows_free(&rows_a);
    fixture_rows_free(&rows_b);
    fixture_down(&a);
    fixture_down(&b);
}

static enum fixture_kind lmdb = FIXTURE_LMDB, memory = FIXTURE_MEMORY;

#define ON(kind, test) \
    cmocka_unit_test_prestate_setup_teardown(test, setup, teardown, &kind)
#define EACH(test) ON(lmdb, test), ON(memory, test)

int main(void) {
    const struct CMUnitTest tests[] = {
        EACH(a_row_is_read_back),
        EACH(later_operations_of_a_batch_win),
        EACH(batches_complete_in_the_order_of_apply),
        EACH(a_read_sees_what_was_acknowledged),
        EACH(a_batch_whose_precondition_fails_writes_nothing),
        EACH(ranges_are_half_open),
        EACH(ranges_can_be_reversed),
        EACH(limits_end_a_scan_and_say_so),
        EACH(a_long_range_is_read_in_slices),
        EACH(a_range_is_deleted_piece_by_piece),
        EACH(big_values_are_kept),
        EACH(closing_waits_for_what_was_applied),
        EACH(an_empty_batch_is_acknowledged_in_its_turn),
        ON(memory, full_memory_store_keeps_and_retries),
        ON(memory, a_crash_keeps_some_prefix),
        cmocka_unit_test(both_stores_do_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
