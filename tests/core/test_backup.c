/*
 * test_backup.c - a backup is the store as it was at the end, whatever was
 * written while it was made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "backup.h"
#include "store_fixture.h"

struct rig {
    struct fixture source;
    struct wf_backup *backup;
    char directory[80];
    unsigned over;
    unsigned applied, durable;
    uint64_t random; /* for how much is written in a turn */
};

static uint64_t next_random(uint64_t *random) {
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

static int set_up(void **state) {
    struct rig *rig = calloc(1, sizeof(*rig));
    fixture_up(&rig->source, *(enum fixture_kind *)*state, NULL);
    snprintf(rig->directory, sizeof(rig->directory), "%s.copy",
             rig->source.directory);
    rig->random = 88172645463325252u;
    *state = rig;
    return 0;
}

static int tear_down(void **state) {
    struct rig *rig = *state;
    char command[128];
    wf_backup_free(rig->backup);
    fixture_down(&rig->source);
    snprintf(command, sizeof(command), "rm -rf %s*", rig->directory);
    assert_int_equal(system(command), 0);
    free(rig);
    return 0;
}

static void on_over(void *arg) {
    ((struct rig *)arg)->over++;
}

static void on_finishing(void *arg, struct wf_batch *last) {
    (void)arg;
    wf_batch_delete(last, WF_STR("\0\1Ynothing"));
}

static const struct wf_backup_events events = {on_finishing, on_over};

static void begin(struct rig *rig) {
    struct wf_error err;
    assert_int_equal(wf_backup_new(rig->source.loop, rig->source.store, 1,
                                   rig->directory, &events, rig, &rig->backup,
                                   &err),
                     0);
}

/* ---- what is in a store, as text ---- */

struct listing {
    struct wf_buf text;
    struct wf_buf last;
    bool more;
};

static void on_rows(void *arg, const struct wf_row *rows, size_t count,
                    bool more, const struct wf_error *err) {
    struct listing *listing = arg;
    assert_null(err);
    for (size_t i = 0; i < count; i++) {
        wf_buf_addstr(&listing->text, rows[i].key);
        wf_buf_u8(&listing->text, '=');
        wf_buf_addstr(&listing->text, rows[i].value);
        wf_buf_u8(&listing->text, '\n');
    }
    listing->more = more;
    listing->last.len = 0;
    if (count)
        wf_buf_addstr(&listing->last, rows[count - 1].key);
    wf_buf_u8(&listing->last, 0);
}

static struct wf_buf list(struct wf_store *store) {
    struct listing listing = {0};
    struct wf_range range = {.from = {"\0\1", 2}, .to = {"\0\2", 2}};
    struct wf_error err;
    do {
        assert_int_equal(
            wf_store_scan_now(store, &range, on_rows, &listing, &err), 0);
        range.from = (struct wf_str){listing.last.data, listing.last.len};
    } while (listing.more);
    wf_buf_free(&listing.last);
    return listing.text;
}

/* ---- writing ---- */

static void on_durable(void *arg, const struct wf_error *err) {
    assert_null(err);
    ((struct rig *)arg)->durable++;
}

static struct wf_str random_key(uint64_t *random) {
    static const char tables[] = "BEJS";
    char table = tables[next_random(random) % 4];
    return fixture_key(table, "%05u", (unsigned)(next_random(random) % 20000));
}

/* The same for the same number. It notes the number. */
static struct wf_batch *batch_of(unsigned number) {
    uint64_t random = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    struct wf_batch *batch = wf_batch_new(1);
    char value[600];
    wf_batch_put(batch, fixture_key('N', "number"),
                 (struct wf_str){(char *)&number, sizeof(number)});
    for (unsigned i = next_random(&random) % 8; i > 0; i--) {
        memset(value, 'a' + (int)(next_random(&random) % 26), sizeof(value));
        wf_batch_put(batch, random_key(&random),
                     (struct wf_str){value, next_random(&random) % 600});
    }
    wf_batch_delete(batch, random_key(&random));
    if (next_random(&random) % 8 == 0) { /* as journals' heads are dropped */
        unsigned from = (unsigned)(next_random(&random) % 20000);
        wf_batch_delete_range(batch, fixture_key('J', "%05u", from),
                              fixture_key('J', "%05u", from + 50), 1000);
    }
    return batch;
}

static void write_some(struct rig *rig) {
    wf_store_apply(rig->source.store, batch_of(rig->applied++), on_durable,
                   rig);
}

static void fill(struct rig *rig) {
    for (int i = 0; i < 8000; i++)
        write_some(rig);
    fixture_until(&rig->source, &rig->durable, rig->applied);
}

/* ---- tests ---- */

/* The copy is opened as any store is, and has what the first batches have
 * made, all in all and nothing else: how many those are is returned. */
static unsigned assert_is_prefix(struct rig *rig) {
    struct wf_store_options options = {.directory = rig->directory};
    struct fixture again;
    struct wf_store *copy;
    struct wf_error err;
    unsigned last;
    assert_int_equal(
        wf_store_open_lmdb(rig->source.loop, &options, &copy, &err), 0);
    struct wf_buf found = list(copy);
    wf_store_close(copy);
    char *number = memmem(found.data, found.len, "\0\1Nnumber=", 10);
    assert_non_null(number);
    memcpy(&last, number + 10, sizeof(last));
    fixture_up(&again, FIXTURE_MEMORY, NULL);
    for (unsigned i = 0; i <= last; i++)
        wf_store_apply(again.store, batch_of(i), fixture_done, &again);
    fixture_until(&again, &again.durable, last + 1);
    struct wf_buf expected = list(again.store);
    fixture_down(&again);
    assert_int_equal(found.len, expected.len);
    assert_memory_equal(found.data, expected.data, expected.len);
    wf_buf_free(&expected);
    wf_buf_free(&found);
    return last + 1;
}

static void a_backup_is_the_store_at_its_end(void **state) {
    struct rig *rig = *state;
    struct wf_backup_status status;
    fill(rig);
    begin(rig);
    while (!rig->over) {
        unsigned some = (unsigned)(next_random(&rig->random) % 20);
        while (some-- > 0 && rig->applied - rig->durable < 200)
            write_some(rig);
        ev_run(rig->source.loop, EVRUN_ONCE);
    }
    wf_backup_status(rig->backup, &status);
    assert_int_equal(status.err.code, WF_OK);
    assert_true(status.bytes > 4 << 20); /* several slices */
    assert_true(assert_is_prefix(rig) > 8000); /* some of those meanwhile */
    fixture_until(&rig->source, &rig->durable, rig->applied);
}

static void an_empty_store_has_a_backup(void **state) {
    struct rig *rig = *state;
    begin(rig);
    fixture_until(&rig->source, &rig->over, 1);
    struct wf_backup_status status;
    wf_backup_status(rig->backup, &status);
    assert_int_equal(status.err.code, WF_OK);
    assert_int_equal(status.rows, 0);
    assert_int_equal(access(rig->directory, F_OK), 0);
}

static void there_is_one_backup_at_a_time(void **state) {
    struct rig *rig = *state;
    struct wf_backup *second;
    struct wf_error err;
    begin(rig);
    assert_int_equal(wf_backup_new(rig->source.loop, rig->source.store, 1,
                                   "/nowhere", &events, rig, &second, &err),
                     -1);
    assert_int_equal(err.code, WF_E_BUSY);
    fixture_until(&rig->source, &rig->over, 1);
    wf_backup_free(rig->backup);
    rig->backup = NULL;
    assert_int_equal(wf_backup_new(rig->source.loop, rig->source.store, 1,
                                   rig->directory, &events, rig, &second,
                                   &err),
                     -1);
    assert_int_equal(err.code, WF_E_EXISTS);
}

static void a_place_that_cannot_be_written_is_told(void **state) {
    struct rig *rig = *state;
    struct wf_error err;
    assert_int_equal(wf_backup_new(rig->source.loop, rig->source.store, 1,
                                   "/proc/nowhere/copy", &events, rig,
                                   &rig->backup, &err),
                     -1);
    assert_string_equal(err.message,
                        "/proc/nowhere/copy: it must be in a directory that "
                        "is there and can be written to: No such file or "
                        "directory");
    assert_int_equal(wf_backup_new(rig->source.loop, rig->source.store, 1,
                                   "/proc/copy", &events, rig, &rig->backup,
                                   &err),
                     -1);
    assert_int_equal(rig->over, 0);
}

/* Given up half-way: nothing is left of it. */
static void what_is_given_up_leaves_nothing(void **state) {
    struct rig *rig = *state;
    char partial[96];
    fill(rig);
    begin(rig);
    struct wf_backup_status status = {0};
    while (status.rows == 0) {
        ev_run(rig->source.loop, EVRUN_ONCE);
        wf_backup_status(rig->backup, &status);
    }
    wf_backup_free(rig->backup);
    rig->backup = NULL;
    snprintf(partial, sizeof(partial), "%s.partial", rig->directory);
    assert_int_equal(access(partial, F_OK), -1);
    assert_int_equal(access(rig->directory, F_OK), -1);
}

#define ON(kind, test) \
    {#kind " " #test, test, set_up, tear_down, &kind}

int main(void) {
    static enum fixture_kind lmdb = FIXTURE_LMDB, memory = FIXTURE_MEMORY;
    const struct CMUnitTest tests[] = {
        ON(lmdb, a_backup_is_the_store_at_its_end),
        ON(memory, a_backup_is_the_store_at_its_end),
        ON(lmdb, an_empty_store_has_a_backup),
        ON(lmdb, there_is_one_backup_at_a_time),
        ON(lmdb, a_place_that_cannot_be_written_is_told),
        ON(lmdb, what_is_given_up_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
