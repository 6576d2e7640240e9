/*
 * test_store_crash.c - the store on LMDB, killed and opened again, and read
 * while it is written; both compared with a model that is computed from the
 * numbers of the batches alone.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_fixture.h"
#include "store_wal.h"

enum { KEYS = 48, MOST = 4000, LIVES = 24, AHEAD = 60 };

/* Which batch wrote each row last (0: there is none), after `n` batches. */
static unsigned model[MOST + 1][KEYS];
static char padding[STORE_WAL_LARGE];

static uint64_t mix(uint64_t z) {
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static struct wf_str row_key(unsigned row) {
    return fixture_key('r', "%08u", row);
}

/* ---- batches: some rows put, one deleted, at times a range ---- */

static void model_make(void) {
    for (unsigned n = 1; n <= MOST; n++) {
        memcpy(model[n], model[n - 1], sizeof(model[n]));
        model[n][mix(n) % KEYS] = n;
        model[n][mix(n) / KEYS % KEYS] = n;
        model[n][mix(~n) % KEYS] = 0;
        unsigned left = n % 9 == 0 ? 3 : 0;
        for (unsigned row = n % KEYS; row < KEYS && left > 0; row++)
            if (model[n][row]) {
                model[n][row] = 0;
                left--;
            }
    }
}

/* Mostly small; now and then too large for the log. */
static size_t value_size(unsigned n) {
    return n % 97 == 0 ? sizeof(padding) : mix(n ^ 7) % (n % 5 ? 300 : 9000);
}

static void put_row(struct wf_batch *batch, struct wf_str key, unsigned n) {
    struct wf_buf value = {0};
    wf_buf_be32(&value, n);
    wf_buf_add(&value, padding, value_size(n));
    wf_batch_put_buf(batch, key, &value);
    wf_buf_free(&value);
}

static struct wf_batch *batch_make(unsigned n) {
    struct wf_batch *batch = wf_batch_new(1);

    wf_batch_put(batch, fixture_key('c', "counter"),
                 (struct wf_str){(char *)&n, sizeof(n)});
    put_row(batch, row_key((unsigned)(mix(n) % KEYS)), n);
    put_row(batch, row_key((unsigned)(mix(n) / KEYS % KEYS)), n);
    wf_batch_delete(batch, row_key((unsigned)(mix(~n) % KEYS)));
    if (n % 9 == 0)
        wf_batch_delete_range(batch, row_key(n % KEYS), fixture_key('s', "%s",
                              ""), 3);
    return batch;
}

/* Must leave no trace: the counter is never absent then. */
static struct wf_batch *conflict_make(void) {
    struct wf_batch *batch = wf_batch_new(1);
    wf_batch_expect(batch, fixture_key('c', "counter"), WF_STR_NULL);
    wf_batch_put(batch, fixture_key('x', "trace"), WF_STR("x"));
    wf_batch_delete_range(batch, row_key(0), row_key(KEYS), KEYS);
    return batch;
}

/* ---- reading ---- */

struct seen {
    unsigned answers, counter, count;
    unsigned rows[KEYS]; /* by which batch */
    bool trace;
};

static unsigned number_at(const char *data) {
    struct wf_reader reader = {data, data + 4, false};
    return wf_read_be32(&reader);
}

static void on_seen(void *arg, const struct wf_row *rows, size_t count,
                    bool more, const struct wf_error *err) {
    struct seen *seen = arg;

    assert_null(err);
    assert_false(more);
    seen->answers++;
    seen->count = (unsigned)count;
    for (size_t i = 0; i < count; i++) {
        struct wf_str key = rows[i].key, value = rows[i].value;
        char number[9] = "";
        if (key.data[2] == 'c') {
            memcpy(&seen->counter, value.data, sizeof(seen->counter));
        } else if (key.data[2] == 'x') {
            seen->trace = true;
        } else {
            memcpy(number, key.data + 3, 8);
            unsigned n = number_at(value.data);
            assert_int_equal(value.len, 4 + value_size(n));
            seen->rows[atoi(number)] = n;
        }
    }
}

static struct wf_range everything(void) {
    return (struct wf_range){
        .from = fixture_key('a', "%s", ""), .to = fixture_key('z', "%s", ""),
        .max_bytes = (size_t)1 << 30,
    };
}

/* ---- killed, opened again ---- */

struct life {
    struct fixture *f;
    unsigned applied, durable, until;
    int pipe;
};

static void on_durable(void *arg, const struct wf_error *err) {
    struct life *life = arg;
    assert_null(err);
    life->durable++;
    if (write(life->pipe, &life->durable, sizeof(life->durable)) < 0 ||
        life->durable >= life->until)
        _exit(0);
}

/* In a process of its own, which ends without closing anything. */
static void live(struct life *life) {
    unsigned first = life->durable;
    struct wf_error err;

    if (fixture_open(life->f, &err) != 0)
        _exit(1);
    for (;;) {
        unsigned some = 1 + (unsigned)(mix(life->applied) % 6);
        for (unsigned i = 0; i < some; i++) {
            if (life->applied == life->until + AHEAD)
                break;
            wf_store_apply(life->f->store, batch_make(++life->applied),
                           on_durable, life);
            if (life->applied % 5 == 0)
                wf_store_apply(life->f->store, conflict_make(), NULL, NULL);
        }
        if (mix(first) % 3) /* others: as fast as it can */
            while (life->durable < life->applied)
                ev_run(life->f->loop, EVRUN_ONCE);
        ev_run(life->f->loop, EVRUN_NOWAIT);
    }
}

/* The last batch it said was durable. */
static unsigned life_end(pid_t child, int pipe, unsigned durable) {
    unsigned number;
    int status;
    while (read(pipe, &number, sizeof(number)) == sizeof(number))
        durable = number;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return durable;
}

static unsigned check_found(struct fixture *f, unsigned durable) {
    struct seen seen = {0};
    struct wf_range all = everything();
    struct wf_error err;

    assert_int_equal(fixture_open(f, &err), 0);
    assert_int_equal(wf_store_scan_now(f->store, &all, on_seen, &seen, &err),
                     0);
    assert_in_range(seen.counter, durable, MOST);
    assert_memory_equal(seen.rows, model[seen.counter], sizeof(seen.rows));
    assert_false(seen.trace);
    return seen.counter;
}

static void nothing_acknowledged_is_lost_when_killed(void **state) {
    struct fixture *f = *state;
    unsigned durable = 0;
    int ends[2];

    for (unsigned i = 0; i < LIVES; i++) {
        fixture_close(f);
        assert_int_equal(pipe(ends), 0);
        struct life life = {
            .f = f, .applied = durable, .durable = durable, .pipe = ends[1],
            .until = durable + 1 + (unsigned)(mix(i) % 90),
        };
        assert_true(life.until + AHEAD <= MOST);
        pid_t child = fork();
        if (child == 0)
            live(&life);
        close(ends[1]);
        durable = check_found(f, life_end(child, ends[0], durable));
        close(ends[0]);
    }
}

static void crash_with(struct fixture *f, void (*fill)(struct fixture *f)) {
    struct wf_error err;
    int status;

    fixture_close(f);
    pid_t child = fork();
    if (child == 0) {
        if (fixture_open(f, &err) != 0)
            _exit(1);
        fill(f);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void fill_log(struct fixture *f) {
    fixture_put(f, row_key(1), WF_STR("logged"));
    fixture_until(f, &f->durable, 1);
}

/* Two records, then a commit of the database that undoes them. */
static void fill_both(struct fixture *f) {
    struct wf_batch *batch = wf_batch_new(1);

    fixture_put(f, row_key(1), WF_STR("old"));
    fixture_until(f, &f->durable, 1);
    fixture_put(f, row_key(2), WF_STR("old"));
    fixture_until(f, &f->durable, 2);
    wf_batch_delete(batch, row_key(1));
    wf_batch_put(batch, row_key(2), (struct wf_str){padding, sizeof(padding)});
    wf_store_apply(f->store, batch, fixture_done, f);
    fixture_until(f, &f->durable, 3);
}

static void what_the_database_has_is_not_done_again(void **state) {
    struct fixture *f = *state;
    struct fixture_rows rows = {0};
    struct wf_error err;

    crash_with(f, fill_both);
    assert_int_equal(fixture_open(f, &err), 0);
    assert_null(fixture_value(f, row_key(1), &rows));
    fixture_get(f, row_key(2), &rows);
    assert_int_equal(rows.values.len, sizeof(padding));
    fixture_rows_free(&rows);
}

static void a_tool_finds_what_only_the_log_has(void **state) {
    struct fixture *f = *state;
    struct fixture_rows rows = {0};
    struct wf_error err;

    crash_with(f, fill_log);
    f->options.read_only = true;
    assert_int_equal(fixture_open(f, &err), 0);
    assert_string_equal(fixture_value(f, row_key(1), &rows), "logged");
    fixture_rows_free(&rows);
}

/* ---- read while it is written ---- */

struct reading {
    struct fixture *f;
    unsigned applied, durable, asked, answered, done;
};

struct question {
    struct reading *reading;
    struct seen seen;
    unsigned from; /* batches that had been acknowledged when it was asked */
    int row;       /* or -1: all */
};

static bool is_answer(const struct question *question, unsigned n) {
    const unsigned *rows = question->seen.rows;
    if (question->row >= 0)
        return rows[question->row] == model[n][question->row];
    return memcmp(rows, model[n], sizeof(model[n])) == 0;
}

static void on_answer(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct question *question = arg;
    unsigned n = question->from;

    on_seen(&question->seen, rows, count, more, err);
    while (n < question->reading->applied && !is_answer(question, n))
        n++;
    if (!is_answer(question, n))
        fail_msg("row %d is of no moment from %u to %u", question->row,
                 question->from, question->reading->applied);
    question->reading->answered++;
    free(question);
}

static void ask(struct reading *reading) {
    struct question *question = calloc(1, sizeof(*question));
    uint64_t random = mix(reading->asked++);
    struct wf_range all = {.from = row_key(0), .to = row_key(KEYS),
                           .max_bytes = (size_t)1 << 30};

    question->reading = reading;
    question->from = reading->durable;
    question->row = random % 8 ? (int)(random / 8 % KEYS) : -1;
    if (question->row >= 0)
        wf_store_get(reading->f->store, row_key((unsigned)question->row),
                     on_answer, question);
    else
        wf_store_scan(reading->f->store, &all, on_answer, question);
}

static void on_acknowledged(void *arg, const struct wf_error *err) {
    struct reading *reading = arg;
    assert_null(err);
    reading->durable++;
    ask(reading);
    if (reading->durable % 3 == 0)
        ask(reading);
}

static void a_read_sees_one_moment_and_all_acknowledged(void **state) {
    struct fixture *f = *state;
    struct reading reading = {.f = f};

    while (reading.applied < MOST / 2) {
        unsigned some = 1 + (unsigned)(mix(reading.applied) % 4);
        for (unsigned i = 0; i < some; i++)
            wf_store_apply(f->store, batch_make(++reading.applied),
                           on_acknowledged, &reading);
        fixture_until(f, &reading.durable, reading.applied - 2);
    }
    fixture_settle(f);
    assert_int_equal(reading.durable, reading.applied);
    assert_int_equal(reading.answered, reading.asked);
    struct wf_store_stats stats;
    wf_store_stats(f->store, &stats);
    assert_in_range(stats.checkpoints, 10, stats.commits / 4);
}

static int setup(void **state) {
    struct fixture *f = malloc(sizeof(*f));
    fixture_up(f, FIXTURE_LMDB, NULL);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    fixture_down(*state);
    free(*state);
    return 0;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(nothing_acknowledged_is_lost_when_killed),
        CASE(what_the_database_has_is_not_done_again),
        CASE(a_tool_finds_what_only_the_log_has),
        CASE(a_read_sees_one_moment_and_all_acknowledged),
    };
    model_make();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
