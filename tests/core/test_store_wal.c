/*
 * test_store_wal.c - the log in front of the store: torn, corrupt and old
 * records, the order of numbers, the growing file. test_store_crash.c asks
 * the whole store the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_crc.h"
#include "store_touched.h"
#include "store_wal.h"

struct log {
    char directory[64], path[96];
    struct store_wal wal;
    unsigned numbers[64]; /* of the batches that replay gave */
    unsigned count;
};

static int setup(void **state) {
    struct log *log = calloc(1, sizeof(*log));
    const char *tmp = getenv("TMPDIR");

    snprintf(log->directory, sizeof(log->directory), "%s/wal-XXXXXX",
             tmp && strlen(tmp) < 40 ? tmp : "/tmp");
    assert_non_null(mkdtemp(log->directory));
    snprintf(log->path, sizeof(log->path), "%s/moonstep.wal", log->directory);
    log->wal.fd = -1;
    assert_int_equal(store_wal_open(&log->wal, log->directory, 0, false), 0);
    assert_int_equal(store_wal_grow(&log->wal, log->directory), 0);
    *state = log;
    return 0;
}

static int teardown(void **state) {
    struct log *log = *state;
    store_wal_close(&log->wal);
    unlink(log->path);
    rmdir(log->directory);
    free(log);
    return 0;
}

/* The number is the limit of a range: it needs no parsing. */
static struct wf_batch *batch_make(unsigned number, size_t size) {
    struct wf_batch *batch = wf_batch_new(1);
    char *value = calloc(1, size + 1);

    memset(value, 'a' + (int)(number % 26), size);
    wf_batch_expect(batch, WF_STR("\0\1Aprecondition"), WF_STR_NULL);
    wf_batch_delete_range(batch, WF_STR("\0\1A"), WF_STR("\0\1B"), number);
    wf_batch_put(batch, WF_STR("\0\1Akey"), (struct wf_str){value, size});
    wf_batch_delete(batch, WF_STR("\0\1Aother"));
    free(value);
    return batch;
}

static void append(struct log *log, unsigned number, size_t size) {
    struct wf_batch *batch = batch_make(number, size);
    store_wal_begin(&log->wal);
    store_wal_add(&log->wal, batch);
    assert_true(store_wal_fits(&log->wal));
    assert_int_equal(store_wal_append(&log->wal), 0);
    wf_batch_free(batch);
}

static int on_batch(void *arg, struct wf_batch *batch) {
    struct log *log = arg;

    assert_int_equal(wf_batch_partition(batch), 1);
    assert_int_equal(wf_batch_count(batch), 3); /* no precondition */
    struct wf_op range = wf_batch_op(batch, 0), put = wf_batch_op(batch, 1),
                 gone = wf_batch_op(batch, 2);
    assert_int_equal(range.kind, WF_OP_DELETE_RANGE);
    assert_true(wf_str_eq(range.value, WF_STR("\0\1B")));
    assert_int_equal(put.kind, WF_OP_PUT);
    assert_true(wf_str_eq(put.key, WF_STR("\0\1Akey")));
    for (size_t i = 0; i < put.value.len; i++)
        assert_int_equal(put.value.data[i], 'a' + (int)(range.limit % 26));
    assert_int_equal(gone.kind, WF_OP_DELETE);
    log->numbers[log->count++] = range.limit;
    wf_batch_free(batch);
    return 0;
}

/* As a new process would; 0 or errno. The batches are in `numbers`. */
static int reopen(struct log *log, uint64_t stored) {
    store_wal_close(&log->wal);
    log->count = 0;
    int rc = store_wal_open(&log->wal, log->directory, stored, false);
    return rc ? rc : store_wal_replay(&log->wal, on_batch, log);
}

static void records_are_read_back(void **state) {
    struct log *log = *state;
    for (unsigned i = 1; i <= 10; i++)
        append(log, i, i * 997 % 6000);
    uint64_t end = log->wal.at;
    assert_int_equal(reopen(log, 0), 0);
    assert_int_equal(log->count, 10);
    assert_int_equal(log->numbers[9], 10);
    assert_int_equal(log->wal.at, end);
    assert_int_equal(log->wal.seq, 10);
    append(log, 11, 5); /* goes on behind them */
    assert_int_equal(reopen(log, 0), 0);
    assert_int_equal(log->count, 11);
}

static void what_the_database_has_is_not_read(void **state) {
    struct log *log = *state;
    for (unsigned i = 1; i <= 3; i++)
        append(log, i, 100);
    assert_int_equal(reopen(log, 3), 0);
    assert_int_equal(log->count, 0);
    assert_int_equal(log->wal.at, 0);
    assert_int_equal(reopen(log, 7), 0); /* others needed no record */
    assert_int_equal(log->count, 0);
    assert_int_equal(log->wal.seq, 7);
}

static void records_of_older_rounds_are_not_read(void **state) {
    struct log *log = *state;
    for (unsigned i = 1; i <= 8; i++)
        append(log, i, 100);
    store_wal_reset(&log->wal);
    append(log, 9, 100); /* in place of 1; 2 to 8 stand behind it */
    assert_int_equal(reopen(log, 8), 0);
    assert_int_equal(log->count, 1);
    assert_int_equal(log->numbers[0], 9);
}

static void a_gap_between_database_and_log_is_told(void **state) {
    struct log *log = *state;
    for (unsigned i = 1; i <= 3; i++)
        append(log, i, 100);
    store_wal_reset(&log->wal);
    append(log, 4, 100);
    assert_int_equal(reopen(log, 2), EILSEQ);
    assert_int_equal(reopen(log, 3), 0);
    assert_int_equal(log->count, 1);
}

/* ---- torn and corrupt records ---- */

static void file_read(const struct log *log, char *data, size_t len) {
    int fd = open(log->path, O_RDONLY);
    assert_int_equal(pread(fd, data, len, 0), len);
    close(fd);
}

static void file_write(const struct log *log, const char *data, size_t len,
                       off_t at) {
    int fd = open(log->path, O_WRONLY);
    assert_int_equal(pwrite(fd, data, len, at), len);
    close(fd);
}

enum { TORN_LEN = 900 };

/* Only the first bytes of the last record arrived; behind them is `before`,
 * zeros or another record. */
static void tear(struct log *log, const char *before) {
    uint64_t from = log->wal.at;
    static char record[4096];

    append(log, 3, TORN_LEN);
    size_t len = log->wal.at - from;
    file_read(log, record, log->wal.at);
    memmove(record, record + from, len);
    for (size_t torn = 0; torn < TORN_LEN; torn++) {
        file_write(log, record, torn, (off_t)from);
        file_write(log, before + torn, len - torn, (off_t)(from + torn));
        assert_int_equal(reopen(log, 0), 0);
        assert_int_equal(log->count, 2);
        assert_int_equal(log->wal.seq, 2);
        assert_int_equal(log->wal.at, from);
    }
    append(log, 4, 10); /* takes its place */
    assert_int_equal(reopen(log, 0), 0);
    assert_int_equal(log->numbers[2], 4);
}

static void a_torn_record_ends_the_log_wherever_it_is_torn(void **state) {
    static char zeros[4096];
    append(*state, 1, 300);
    append(*state, 2, 700);
    tear(*state, zeros);
}

static void a_torn_record_over_an_older_one_is_seen(void **state) {
    static char older[4096];
    struct log *log = *state;

    append(log, 7, TORN_LEN);
    file_read(log, older, sizeof(older));
    store_wal_reset(&log->wal);
    log->wal.seq = 0;
    append(log, 1, 300);
    append(log, 2, 700);
    tear(log, older);
}

static void any_wrong_byte_is_seen(void **state) {
    struct log *log = *state;
    append(log, 1, 100);
    uint64_t from = log->wal.at;
    append(log, 2, 100);
    size_t used = 20 + 6 + 3 * 11 + 3 + 3 + 6 + 100 + 8;
    char *data = malloc(log->wal.at);

    file_read(log, data, log->wal.at);
    for (size_t i = 0; i < used; i++) {
        char wrong = (char)(data[from + i] ^ (1 << i % 8));
        file_write(log, &wrong, 1, (off_t)(from + i));
        assert_int_equal(reopen(log, 0), 0);
        assert_int_equal(log->count, 1);
        file_write(log, &data[from + i], 1, (off_t)(from + i));
    }
    assert_int_equal(reopen(log, 0), 0);
    assert_int_equal(log->count, 2);
    free(data);
}

static void a_file_cut_short_keeps_what_is_whole(void **state) {
    struct log *log = *state;
    append(log, 1, 100);
    append(log, 2, 3000);
    assert_int_equal(truncate(log->path, 512 + 1000), 0);
    assert_int_equal(reopen(log, 0), 0);
    assert_int_equal(log->count, 1);
    assert_int_equal(log->wal.filled, 0); /* and is filled anew */
}

/* ---- the file ---- */

static void the_file_grows_filled_and_not_for_ever(void **state) {
    struct log *log = *state;
    struct stat st;

    for (int i = 0; i < 10; i++)
        assert_int_equal(store_wal_grow(&log->wal, log->directory), 0);
    assert_int_equal(stat(log->path, &st), 0);
    assert_int_equal(st.st_size, STORE_WAL_MOST);
    assert_true(st.st_blocks * 512 >= st.st_size); /* not sparse */
    unsigned count = 0;
    for (;; count++) {
        struct wf_batch *batch = batch_make(count, 60000);
        store_wal_begin(&log->wal);
        store_wal_add(&log->wal, batch);
        wf_batch_free(batch);
        if (!store_wal_fits(&log->wal))
            break;
        assert_int_equal(store_wal_append(&log->wal), 0);
    }
    assert_int_equal(count, STORE_WAL_MOST / (118 * 512));
    assert_int_equal(stat(log->path, &st), 0);
    assert_int_equal(st.st_size, STORE_WAL_MOST);
    log->count = 0;
}

static void the_checksum_is_crc32c(void **state) {
    (void)state;
    assert_int_equal(store_crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(store_crc32c("", 0), 0);
}

/* ---- which keys the log has ---- */

#define P "\0\1E\0\0\0\0\0\0\1"

static bool touched_at(const struct store_touched *touched, struct wf_str from,
                       struct wf_str to) {
    return store_touched_has(touched, from, to);
}

/* Segments of one history: those before the lowest that was written. */
static void reads_of_lower_keys_are_told_apart(void **state) {
    struct store_touched *touched = calloc(1, sizeof(*touched));
    struct wf_batch *batch = wf_batch_new(1);
    (void)state;

#define N(byte) "\5\0\0\0\0\0\0\0" byte
#define HAS(from, to) touched_at(touched, WF_STR(from), WF_STR(to))
    wf_batch_put(batch, WF_STR(P N("\x90")), WF_STR("x"));
    wf_batch_put(batch, WF_STR(P N("\x80")), WF_STR("x"));
    wf_batch_put(batch, WF_STR(P N("\x88")), WF_STR("x"));
    wf_batch_put(batch, WF_STR(P "\7"), WF_STR("the prefix alone"));
    store_touched_add(touched, batch);
    wf_batch_free(batch);
    assert_false(HAS(P N("\0"), P N("\2")));
    assert_false(HAS(P N("\0"), P N("\x7f")));
    assert_true(HAS(P N("\0"), P N("\x81")));
    assert_true(HAS(P N("\x80"), P N("\x80\0")));
    assert_true(HAS(P N("\x70"), P N("\xff")));
    assert_true(HAS(P N("\0"), P "\6"));
    assert_true(HAS(P "\7", P "\7\0"));
    store_touched_clear(touched);
    batch = wf_batch_new(1);
    wf_batch_put(batch, WF_STR(P N("\xa0")), WF_STR("x"));
    store_touched_add(touched, batch);
    wf_batch_free(batch);
    assert_false(HAS(P N("\x80"), P N("\x90"))); /* the old one is gone */
    free(touched);
#undef HAS
}

static void reads_of_other_keys_are_told_apart(void **state) {
    struct store_touched *touched = calloc(1, sizeof(*touched));
    struct wf_batch *batch = wf_batch_new(1);
    (void)state;

    wf_batch_put(batch, WF_STR(P "\7"), WF_STR("x"));
    wf_batch_delete(batch, WF_STR(P "\xff" "frame"));
    wf_batch_put(batch, WF_STR("\0\1Cs"), WF_STR("short"));
    wf_batch_delete_range(batch, WF_STR("\0\1Q"), WF_STR("\0\1S"), 9);
    store_touched_add(touched, batch);
    wf_batch_free(batch);
#define HAS(from, to) touched_at(touched, WF_STR(from), WF_STR(to))
    assert_true(HAS(P "\7", P "\7\0"));
    assert_true(HAS(P "\7frame", P "\7frame\0"));
    assert_true(HAS(P "\7", P "\x8"));
    assert_false(HAS(P "\6", P "\7"));
    assert_false(HAS(P "\x8", P "\x9"));
    assert_true(HAS(P "\6", P "\x8"));
    assert_true(HAS(P "\xff", "\0\1E\0\0\0\0\0\0\2\0"));
    assert_false(HAS(P "\xfe", P "\xff"));
    assert_true(HAS("\0\1E", "\0\1F"));
    assert_true(HAS("\0\1A", "\0\1Z"));
    assert_false(HAS("\0\1F", "\0\1Q"));
    assert_true(HAS("\0\1Cs", "\0\1Cs\0"));
    assert_false(HAS("\0\1Ct", "\0\1Ct\0"));
    assert_true(HAS("\0\1Rany", "\0\1Rany\0"));
    assert_true(HAS("", ""));
    store_touched_clear(touched);
    assert_false(HAS(P "\7", P "\7\0"));
    assert_false(HAS("\0\1A", "\0\1Z"));
    free(touched);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(records_are_read_back),
        CASE(what_the_database_has_is_not_read),
        CASE(records_of_older_rounds_are_not_read),
        CASE(a_gap_between_database_and_log_is_told),
        CASE(a_torn_record_ends_the_log_wherever_it_is_torn),
        CASE(a_torn_record_over_an_older_one_is_seen),
        CASE(any_wrong_byte_is_seen),
        CASE(a_file_cut_short_keeps_what_is_whole),
        CASE(the_file_grows_filled_and_not_for_ever),
        cmocka_unit_test(the_checksum_is_crc32c),
        cmocka_unit_test(reads_of_lower_keys_are_told_apart),
        cmocka_unit_test(reads_of_other_keys_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
