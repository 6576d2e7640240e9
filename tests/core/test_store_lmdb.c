/*
 * test_store_lmdb.c - what is special about the store on LMDB: its lock, its
 * format, and what it does when the disk is full or broken.
 */
#include <errno.h>
#include <lmdb.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fault_io.h"
#include "store_fault.h"
#include "store_fixture.h"
#include "store_wal.h"

#define KEY(table, text) fixture_key(table, "%s", text)

static int setup_with(void **state, const struct wf_store_options *options) {
    struct fixture *f = malloc(sizeof(*f));
    fault_io_set(FAULT_IO_NONE, 0);
    fixture_up(f, FIXTURE_LMDB, options);
    *state = f;
    return 0;
}

static int setup(void **state) {
    return setup_with(state, NULL);
}

static int setup_limited(void **state) {
    struct wf_store_options options = {.limit_bytes = 4 << 20};
    return setup_with(state, &options);
}

static int setup_small_ballast(void **state) {
    struct wf_store_options options = {.ballast_bytes = 1 << 20};
    return setup_with(state, &options);
}

static int teardown(void **state) {
    fault_io_set(FAULT_IO_NONE, 0);
    fixture_down(*state);
    free(*state);
    return 0;
}

static off_t ballast_bytes(const struct fixture *f) {
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s/ballast.bin", f->directory);
    assert_int_equal(stat(path, &st), 0);
    assert_true(st.st_blocks * 512 >= st.st_size); /* not sparse */
    return st.st_size;
}

static void put_text(struct fixture *f, const char *key, const char *value) {
    fixture_put(f, KEY('A', key), wf_str(value));
}

/* In a batch that is too large for the log: LMDB commits it at once. */
static void put_direct(struct fixture *f, const char *key,
                       const char *value) {
    static char large[STORE_WAL_LARGE];
    struct wf_batch *batch = wf_batch_new(1);
    wf_batch_put(batch, KEY('A', key), wf_str(value));
    wf_batch_put(batch, KEY('P', key),
                 (struct wf_str){large, sizeof(large)});
    wf_store_apply(f->store, batch, fixture_done, f);
}

static void check_value(struct fixture *f, const char *key,
                        const char *expected) {
    struct fixture_rows rows = {0};
    const char *value = fixture_value(f, KEY('A', key), &rows);
    if (expected)
        assert_string_equal(value, expected);
    else
        assert_null(value);
    fixture_rows_free(&rows);
}

/* ---- opening ---- */

static void a_second_engine_is_told_who_holds_the_lock(void **state) {
    struct fixture *f = *state;
    struct wf_store *second;
    struct wf_error err;
    char expected[128];

    assert_int_equal(wf_store_open_lmdb(f->loop, &f->options, &second, &err),
                     -1);
    assert_null(second);
    assert_int_equal(err.code, WF_E_BUSY);
    snprintf(expected, sizeof(expected), "%s is in use by process %ld",
             f->directory, (long)getpid());
    assert_string_equal(err.message, expected);
    fixture_close(f);
    assert_int_equal(fixture_open(f, &err), 0);
}

/* The program as a tool: counts the rows of table A. */
static int tool_main(const char *directory) {
    struct wf_store_options options = {
        .directory = directory, .read_only = true,
    };
    struct wf_range range = {.from = KEY('A', ""), .to = KEY('B', "")};
    struct ev_loop *loop = ev_loop_new(0);
    struct fixture_rows rows = {0};
    struct wf_store *store = NULL;
    struct wf_error err;

    int rc = wf_store_open_lmdb(loop, &options, &store, &err);
    if (rc == 0)
        rc = wf_store_scan_now(store, &range, fixture_on_rows, &rows, &err);
    if (rc != 0)
        fprintf(stderr, "%s\n", err.message);
    int count = rc == 0 ? (int)rows.count : 100;
    fixture_rows_free(&rows);
    wf_store_close(store);
    ev_loop_destroy(loop);
    return count;
}

/* In a process of its own: LMDB forbids to open a file twice in one. */
static void tools_may_read_beside_the_engine(void **state) {
    struct fixture *f = *state;

    put_text(f, "1", "one");
    fixture_settle(f);
    pid_t child = fork();
    if (child == 0) {
        execl("/proc/self/exe", "tool", "--count", f->directory, NULL);
        _exit(101);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
    put_text(f, "2", "two");
    fixture_settle(f);
    assert_int_equal(f->durable, 2);
}

static void a_missing_store_is_not_created_for_tools(void **state) {
    struct fixture *f = *state;
    char path[128];
    struct wf_store_options options = {.directory = path, .read_only = true};
    struct wf_store *tool;
    struct wf_error err;

    snprintf(path, sizeof(path), "%s/none", f->directory);
    assert_int_equal(wf_store_open_lmdb(f->loop, &options, &tool, &err), -1);
    assert_int_equal(err.code, WF_E_NOT_FOUND);
}

static void set_format(const struct fixture *f, uint8_t format) {
    unsigned char be[4] = {0, 0, 0, format};
    MDB_val key = {6, (char *)"format"}, value = {4, be};
    char path[128];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;

    snprintf(path, sizeof(path), "%s/moonstep.mdb", f->directory);
    assert_int_equal(mdb_env_create(&env), 0);
    mdb_env_set_maxdbs(env, 8);
    mdb_env_set_mapsize(env, 1 << 24); /* the store's may not fit */
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "meta", 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void an_unknown_format_is_refused(void **state) {
    struct fixture *f = *state;
    struct wf_error err;

    fixture_close(f);
    set_format(f, 77);
    assert_int_equal(fixture_open(f, &err), -1);
    assert_int_equal(err.code, WF_E_INVALID);
    assert_non_null(strstr(err.message, "store format 77"));
    set_format(f, 3);
    assert_int_equal(fixture_open(f, &err), 0);
}

static void a_foreign_file_is_refused(void **state) {
    struct fixture *f = *state;
    char path[128];
    struct wf_error err;

    fixture_close(f);
    snprintf(path, sizeof(path), "%s/moonstep.mdb", f->directory);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 3000; i++)
        fputs("not a database\n", file);
    fclose(file);
    assert_int_equal(fixture_open(f, &err), -1);
    assert_int_equal(err.code, WF_E_INVALID);
    assert_non_null(strstr(err.message, "is not a Moonstep store"));
    unlink(path);
    assert_int_equal(fixture_open(f, &err), 0);
}

static void a_smaller_map_is_taken_where_space_is_scarce(void **state) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)state; /* their shadow needs more than any limit allows */
    skip();
#else
    struct fixture *f = *state;
    struct wf_error err;

    put_text(f, "1", "one");
    fixture_close(f);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {(rlim_t)8 << 30, (rlim_t)8 << 30};
        setrlimit(RLIMIT_AS, &limit);
        if (fixture_open(f, &err) != 0) {
            fprintf(stderr, "%s\n", err.message);
            _exit(1);
        }
        check_value(f, "1", "one");
        fixture_close(f);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
#endif
}

/* ---- no room ---- */

typedef void put_fn(struct fixture *f, const char *key, const char *value);

static void fails_then_recovers(struct fixture *f, put_fn *put,
                                enum fault_io_kind kind, int error) {
    put_text(f, "0", "before");
    fixture_until(f, &f->durable, 1);
    assert_int_equal(ballast_bytes(f), 16 << 20);
    fault_io_set(kind, error);
    put(f, "1", "one");
    put(f, "2", "two");
    fixture_until(f, &f->state_changes, 1);
    assert_int_equal(f->last_state, WF_STORE_FULL);
    assert_int_equal(ballast_bytes(f), 8 << 20);
    assert_int_equal(f->durable, 1); /* nothing was acknowledged */
    check_value(f, "0", "before");   /* reading goes on */
    check_value(f, "1", NULL);
    fault_io_set(FAULT_IO_NONE, 0);
    fixture_until(f, &f->durable, 3);
    fixture_until(f, &f->state_changes, 2);
    assert_int_equal(f->last_state, WF_STORE_OK);
    assert_int_equal(ballast_bytes(f), 16 << 20);
    check_value(f, "2", "two");
}

static void a_full_disk_is_waited_for(void **state) {
    fails_then_recovers(*state, put_text, FAULT_IO_DATA, ENOSPC);
}

static void a_quota_is_waited_for(void **state) {
    fails_then_recovers(*state, put_text, FAULT_IO_DATA, EDQUOT);
}

static void a_full_disk_is_waited_for_with_large_batches(void **state) {
    fails_then_recovers(*state, put_direct, FAULT_IO_DATA, ENOSPC);
}

static void a_short_write_is_a_full_disk(void **state) {
    fails_then_recovers(*state, put_text, FAULT_IO_SHORT, 0);
}

static void a_flush_without_room_is_waited_for(void **state) {
    fails_then_recovers(*state, put_text, FAULT_IO_SYNC, ENOSPC);
}

/* What waits needs a reserve to be written, and there is none. */
static void a_disk_full_from_the_start_is_waited_for(void **state) {
    struct fixture *f = *state;
    struct wf_error err;
    char path[128];

    fixture_close(f);
    snprintf(path, sizeof(path), "%s/ballast.bin", f->directory);
    assert_int_equal(unlink(path), 0);
    fault_io_set(FAULT_IO_GROW, ENOSPC);
    atomic_store(&fault_io_room, 0);
    assert_int_equal(fixture_open(f, &err), 0);
    fixture_until(f, &f->state_changes, 1);
    assert_int_equal(f->last_state, WF_STORE_FULL);
    put_direct(f, "1", "one");
    put_text(f, "2", "two");
    check_value(f, "1", NULL);
    fault_io_set(FAULT_IO_NONE, 0);
    fixture_until(f, &f->durable, 2);
    fixture_until(f, &f->state_changes, 2);
    assert_int_equal(f->last_state, WF_STORE_OK);
    assert_int_equal(ballast_bytes(f), 16 << 20);
    check_value(f, "2", "two");
}

static void closing_a_full_store_does_not_wait_for_ever(void **state) {
    struct fixture *f = *state;
    struct wf_error err;

    put_text(f, "0", "before");
    fixture_until(f, &f->durable, 1);
    fault_io_set(FAULT_IO_DATA, ENOSPC);
    put_text(f, "1", "lost");
    put_text(f, "2", "lost");
    fixture_close(f);
    fault_io_set(FAULT_IO_NONE, 0);
    assert_int_equal(f->durable, 1);
    assert_int_equal(fixture_open(f, &err), 0);
    check_value(f, "0", "before");
    check_value(f, "1", NULL);
}

static void put_large(struct fixture *f, unsigned number) {
    static char value[50000];
    fixture_put(f, fixture_key('A', "%06u", number),
                (struct wf_str){value, sizeof(value)});
}

static void check_rows(struct fixture *f, size_t count) {
    struct fixture_rows rows = {0};
    struct wf_range range = {.from = KEY('A', ""), .to = KEY('B', ""),
                             .keys_only = true};
    char from[64];
    size_t total = 0;

    do {
        fixture_scan(f, &range, &rows);
        assert_false(rows.failed);
        total += rows.count;
        memcpy(from, rows.last.data, rows.last.len);
        from[rows.last.len] = '\0';
        range.from = (struct wf_str){from, rows.last.len + 1};
    } while (rows.more);
    assert_int_equal(total, count);
    fixture_rows_free(&rows);
}

/*
 * The file never shrinks, so deleting rows gives the disk nothing back; the
 * free pages inside it take the ballast's place. What the log had room for is
 * kept although the database has none.
 */
static void clean_up_works_on_a_full_disk(void **state) {
    struct fixture *f = *state;
    struct wf_error err;
    unsigned count = 0;

    while (count < 200)
        put_large(f, count++);
    put_direct(f, "~", "the log is empty now");
    fixture_until(f, &f->durable, count + 1);
    fault_io_set(FAULT_IO_GROW, ENOSPC);
    atomic_store(&fault_io_room, 0);
    put_large(f, count++);
    fixture_until(f, &f->state_changes, 1);
    assert_int_equal(f->last_state, WF_STORE_FULL);
    check_rows(f, 202);
    fixture_close(f);
    assert_int_equal(f->durable, 202);

    f->state_changes = f->durable = 0;
    assert_int_equal(fixture_open(f, &err), 0);
    fixture_until(f, &f->state_changes, 1);
    assert_int_equal(f->last_state, WF_STORE_FULL); /* from the start */
    check_rows(f, 202);
    atomic_store(&fault_io_room, 512 << 10); /* what the ballast gives back */
    struct wf_batch *batch = wf_batch_new(1);
    wf_batch_delete_range(batch, KEY('A', ""), KEY('B', ""), 100);
    wf_store_apply(f->store, batch, fixture_done, f);
    fixture_until(f, &f->durable, 1);
    fixture_until(f, &f->state_changes, 2);
    assert_int_equal(f->last_state, WF_STORE_OK);
    check_rows(f, 102);
    for (count = 0; f->state_changes == 2; count++) {
        put_large(f, count); /* until only the reserve is left again */
        while (f->durable < count + 2 && f->state_changes == 2)
            ev_run(f->loop, EVRUN_ONCE);
    }
    /* 100 were deleted; the reserve is free pages and half the ballast */
    assert_in_range(count, 40, 105);
    assert_int_equal(f->last_state, WF_STORE_FULL);
}

/* LMDB gives up after this; the store opens the environment anew. */
static void a_meta_page_that_was_not_written_is_tried_again(void **state) {
    struct fixture *f = *state;

    put_text(f, "0", "before");
    fixture_until(f, &f->durable, 1);
    fault_io_set(FAULT_IO_META, ENOSPC);
    put_direct(f, "1", "one");
    fixture_until(f, &f->durable, 2);
    assert_int_equal(atomic_load(&fault_io_hits), 1);
    check_value(f, "0", "before");
    check_value(f, "1", "one");
    put_text(f, "2", "two");
    fixture_until(f, &f->durable, 3);
    check_value(f, "2", "two");
}

/* Told as failed, but on the disk: doing it twice would fail the
 * precondition. */
static void a_commit_of_unknown_outcome_is_looked_up(void **state) {
    struct fixture *f = *state;
    static char large[STORE_WAL_LARGE]; /* too large for the log */
    struct wf_batch *batch = wf_batch_new(1);

    put_text(f, "0", "before");
    fixture_until(f, &f->durable, 1);
    fault_io_set(FAULT_IO_META_WRITTEN, ENOSPC);
    wf_batch_expect(batch, KEY('A', "1"), WF_STR_NULL);
    wf_batch_put(batch, KEY('A', "1"), WF_STR("once"));
    wf_batch_put(batch, KEY('P', "1"), (struct wf_str){large, sizeof(large)});
    wf_store_apply(f->store, batch, fixture_done, f);
    fixture_until(f, &f->durable, 2);
    assert_int_equal(f->conflicts, 0);
    assert_int_equal(atomic_load(&fault_io_hits), 2);
    check_value(f, "1", "once");
    put_text(f, "2", "two");
    fixture_until(f, &f->durable, 3);
    check_value(f, "2", "two");
}

/* ---- a broken disk ---- */

static void dies(struct fixture *f, put_fn *put, enum fault_io_kind kind,
                 int error) {
    struct fixture_rows rows = {0};
    struct wf_error err;

    put_text(f, "0", "before");
    fixture_until(f, &f->durable, 1);
    fault_io_set(kind, error);
    put(f, "1", "one");
    fixture_until(f, &f->state_changes, 1);
    assert_int_equal(f->last_state, WF_STORE_DEAD);
    assert_int_equal(wf_store_state(f->store), WF_STORE_DEAD);
    fault_io_set(FAULT_IO_NONE, 0);
    put_text(f, "2", "two");
    fixture_get(f, KEY('A', "0"), &rows);
    assert_true(rows.failed);
    fixture_settle(f); /* the lost batches do not keep the loop */
    assert_int_equal(f->durable, 1);
    fixture_rows_free(&rows);
    fixture_close(f);
    assert_int_equal(fixture_open(f, &err), 0);
    check_value(f, "0", "before");
    check_value(f, "2", NULL);
}

static void a_write_error_is_the_end(void **state) {
    dies(*state, put_text, FAULT_IO_DATA, EIO);
}

static void a_write_error_of_the_database_is_the_end(void **state) {
    dies(*state, put_direct, FAULT_IO_DATA, EIO);
}

static void a_write_error_while_the_log_grows_is_the_end(void **state) {
    struct fixture *f = *state;
    struct wf_error err;
    char path[128];

    put_text(f, "0", "before");
    fixture_until(f, &f->durable, 1);
    fixture_close(f);
    snprintf(path, sizeof(path), "%s/moonstep.wal", f->directory);
    assert_int_equal(unlink(path), 0);
    fault_io_set(FAULT_IO_DATA, EIO);
    assert_int_equal(fixture_open(f, &err), 0);
    fixture_until(f, &f->state_changes, 1);
    assert_int_equal(f->last_state, WF_STORE_DEAD);
}

static void a_failed_flush_is_the_end(void **state) {
    dies(*state, put_text, FAULT_IO_SYNC, EIO);
}

static void a_failed_flush_of_the_database_is_the_end(void **state) {
    dies(*state, put_direct, FAULT_IO_SYNC, EIO);
}

static void a_broken_meta_page_is_the_end(void **state) {
    dies(*state, put_direct, FAULT_IO_META, EIO);
}

/* The database fails when nobody waits for it: what was acknowledged is in
 * the log. */
static void a_broken_database_is_made_good_from_the_log(void **state) {
    struct fixture *f = *state;
    struct wf_error err;

    put_direct(f, "0", "before"); /* the log is empty */
    fixture_until(f, &f->durable, 1);
    fault_io_set(FAULT_IO_META, EIO);
    put_text(f, "1", "one");
    fixture_until(f, &f->state_changes, 1);
    assert_int_equal(f->last_state, WF_STORE_DEAD);
    assert_int_equal(f->durable, 2);
    fixture_close(f);
    fault_io_set(FAULT_IO_NONE, 0);
    assert_int_equal(fixture_open(f, &err), 0);
    check_value(f, "0", "before");
    check_value(f, "1", "one");
}

/* ---- the size limit ---- */

static void fill_until_full(struct fixture *f, unsigned *count) {
    static char value[20000];
    while (f->state_changes == 0) {
        fixture_put(f, fixture_key('A', "%06u", (*count)++),
                    (struct wf_str){value, sizeof(value)});
        fixture_until(f, &f->durable, *count);
        assert_true(*count < 1000);
        ev_run(f->loop, EVRUN_NOWAIT);
    }
    assert_int_equal(f->last_state, WF_STORE_FULL);
}

static void a_limit_refuses_growth_until_rows_are_deleted(void **state) {
    struct fixture *f = *state;
    unsigned count = 0;
    struct wf_store_stats stats;

    fill_until_full(f, &count);
    wf_store_stats(f->store, &stats);
    assert_in_range(stats.used_bytes, 3 << 20, 4 << 20);
    struct wf_batch *batch = wf_batch_new(1);
    wf_batch_delete_range(batch, KEY('A', ""), KEY('B', ""), 100);
    wf_store_apply(f->store, batch, fixture_done, f);
    fixture_until(f, &f->state_changes, 2);
    assert_int_equal(f->last_state, WF_STORE_OK);
    put_text(f, "more", "fits");
    fixture_settle(f);
    check_value(f, "more", "fits");
}

/* Not even the ballast's part is left: only deletes are written. */
static void deletes_are_written_beyond_the_limit(void **state) {
    struct fixture *f = *state;
    struct wf_error err;
    unsigned count = 0;

    fill_until_full(f, &count);
    fixture_close(f);
    f->options.limit_bytes = 1 << 20;
    f->durable = f->state_changes = 0;
    assert_int_equal(fixture_open(f, &err), 0);
    struct wf_batch *batch = wf_batch_new(1);
    wf_batch_delete(batch, fixture_key('A', "%06u", 0));
    wf_store_apply(f->store, batch, fixture_done, f);
    fixture_until(f, &f->durable, 1);
    put_text(f, "blocked", "for good");
    fixture_until(f, &f->state_changes, 1);
    assert_int_equal(f->last_state, WF_STORE_FULL);
    assert_int_equal(f->durable, 1);
    fixture_close(f);
    f->options.limit_bytes = 0;
    assert_int_equal(fixture_open(f, &err), 0);
    check_value(f, "blocked", NULL);
}

/* ---- several tables, many of them new in a commit that fails ---- */

static void tables_created_by_a_failed_commit_are_created_again(
    void **state) {
    struct fixture *f = *state;
    struct fixture_rows rows = {0};

    fault_io_set(FAULT_IO_DATA, ENOSPC);
    for (int table = 'A'; table <= 'Z'; table++)
        fixture_put(f, KEY(table, "row"), WF_STR("x"));
    fixture_until(f, &f->state_changes, 1);
    fault_io_set(FAULT_IO_NONE, 0);
    fixture_until(f, &f->durable, 26);
    struct wf_range all = {.from = KEY('A', ""), .to = KEY('a', "")};
    fixture_scan(f, &all, &rows);
    assert_int_equal(rows.count, 26);
    fixture_rows_free(&rows);
}

#ifdef WF_FAULTS
static void a_fault_point_fails_the_nth_commit(void **state) {
    struct fixture *f = *state;
    struct wf_store_fault full = {
        .nth = 2, .times = UINT_MAX, .error = ENOSPC};
    struct wf_store_fault none = {0};
    struct wf_store_fault dead = {.nth = 1, .times = 1, .error = EIO,
                                  .delay_us = 1000};
    wf_store_fault_set(f->store, &full);
    put_text(f, "1", "x");
    fixture_until(f, &f->durable, 1);
    assert_int_equal(f->state_changes, 0);
    put_text(f, "2", "x");
    fixture_until(f, &f->state_changes, 1);
    assert_int_equal(f->last_state, WF_STORE_FULL);
    assert_int_equal(f->durable, 1);
    /* Until here it lasts: changes that are over before the loop has heard of
     * them, it does not hear of. */
    wf_store_fault_set(f->store, &none);
    fixture_until(f, &f->durable, 2);
    while (f->last_state != WF_STORE_OK)
        ev_run(f->loop, EVRUN_ONCE);
    wf_store_fault_set(f->store, &dead);
    put_text(f, "3", "x");
    while (f->last_state != WF_STORE_DEAD)
        ev_run(f->loop, EVRUN_ONCE);
    assert_int_equal(f->durable, 2);
}
#endif

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define LIMITED(test) \
    cmocka_unit_test_setup_teardown(test, setup_limited, teardown)

int main(int argc, char **argv) {
    if (argc == 3)
        return tool_main(argv[2]);
    const struct CMUnitTest tests[] = {
        CASE(a_second_engine_is_told_who_holds_the_lock),
        CASE(tools_may_read_beside_the_engine),
        CASE(a_missing_store_is_not_created_for_tools),
        CASE(an_unknown_format_is_refused),
        CASE(a_foreign_file_is_refused),
        CASE(a_smaller_map_is_taken_where_space_is_scarce),
        CASE(a_full_disk_is_waited_for),
        CASE(a_full_disk_is_waited_for_with_large_batches),
        CASE(a_quota_is_waited_for),
        CASE(a_short_write_is_a_full_disk),
        CASE(a_flush_without_room_is_waited_for),
        CASE(a_disk_full_from_the_start_is_waited_for),
        CASE(closing_a_full_store_does_not_wait_for_ever),
        cmocka_unit_test_setup_teardown(clean_up_works_on_a_full_disk,
                                        setup_small_ballast, teardown),
        CASE(a_meta_page_that_was_not_written_is_tried_again),
        CASE(a_commit_of_unknown_outcome_is_looked_up),
        CASE(a_write_error_is_the_end),
        CASE(a_write_error_of_the_database_is_the_end),
        CASE(a_write_error_while_the_log_grows_is_the_end),
        CASE(a_failed_flush_is_the_end),
        CASE(a_failed_flush_of_the_database_is_the_end),
        CASE(a_broken_meta_page_is_the_end),
        CASE(a_broken_database_is_made_good_from_the_log),
        LIMITED(a_limit_refuses_growth_until_rows_are_deleted),
        LIMITED(deletes_are_written_beyond_the_limit),
        CASE(tables_created_by_a_failed_commit_are_created_again),
#ifdef WF_FAULTS
        CASE(a_fault_point_fails_the_nth_commit),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
