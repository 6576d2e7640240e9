/*
 * bench_store.c - the store beside a bare LMDB loop that writes the same rows.
 *
 *   bench_store [--dir DIRECTORY] [--seconds N] [--no-sync]
 *
 * Rows: 11-byte ascending keys, 200-byte values (journal records). "bare" is
 * a loop of begin, put, commit on one thread. "store, 1 waiting" applies the
 * next batch when the one before is durable, so the difference to bare is the
 * way to the committer and back; "store, 8 waiting" keeps eight under way, of
 * which the committer joins what it finds. Bytes are the block device's,
 * the journal of the file system included.
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_util.h"
#include "clock.h"
#include "store.h"

enum { VALUE_BYTES = 200, KEY_BYTES = 11 };

struct run {
    const char *parent;
    double seconds;
    bool no_sync;
    unsigned puts;          /* in a batch */
    unsigned window;        /* batches under way */
    /* what was measured */
    uint64_t batches, commits, written;
    double elapsed;
    struct bench_samples latency;
    /* inside */
    struct ev_loop *loop;
    struct wf_store *store;
    uint64_t next_key, end_ns;
    unsigned under_way;
};

static char value[VALUE_BYTES];

static struct wf_str next_key(struct run *run, char key[KEY_BYTES]) {
    uint64_t number = run->next_key++;
    key[0] = 0;
    key[1] = 1;
    key[2] = 'J';
    for (int i = 0; i < 8; i++)
        key[3 + i] = (char)(number >> (56 - 8 * i));
    return (struct wf_str){key, KEY_BYTES};
}

static void die(const char *what, const char *why) {
    fprintf(stderr, "bench_store: %s: %s\n", what, why);
    exit(1);
}

static void check(int rc, const char *what) {
    if (rc != 0)
        die(what, mdb_strerror(rc));
}

/* ---- bare LMDB ---- */

static void bare_commit(struct run *run, MDB_env *env, MDB_dbi dbi) {
    char key[KEY_BYTES];
    MDB_txn *txn;

    uint64_t start = wf_clock_mono_ns();
    check(mdb_txn_begin(env, NULL, 0, &txn), "begin");
    for (unsigned i = 0; i < run->puts; i++) {
        struct wf_str text = next_key(run, key);
        MDB_val k = {text.len, (char *)text.data};
        MDB_val v = {VALUE_BYTES, value};
        check(mdb_put(txn, dbi, &k, &v, MDB_APPEND), "put");
    }
    check(mdb_txn_commit(txn), "commit");
    bench_samples_add(&run->latency, wf_clock_mono_ns() - start);
    run->batches++;
    run->commits++;
}

static void run_bare(struct run *run, const char *directory) {
    char path[4096];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;

    snprintf(path, sizeof(path), "%s/bare.mdb", directory);
    check(mdb_env_create(&env), "create");
    check(mdb_env_set_mapsize(env, (size_t)1 << 40), "map");
    check(mdb_env_set_maxdbs(env, 8), "maxdbs");
    check(mdb_env_open(env, path, MDB_NOSUBDIR |
                       (run->no_sync ? MDB_NOSYNC : 0), 0600), "open");
    check(mdb_txn_begin(env, NULL, 0, &txn), "begin");
    check(mdb_dbi_open(txn, "t4a", MDB_CREATE, &dbi), "table");
    check(mdb_txn_commit(txn), "commit");
    while (wf_clock_mono_ns() < run->end_ns)
        bare_commit(run, env, dbi);
    mdb_env_close(env);
}

/* ---- the store ---- */

struct under_way {
    struct run *run;
    uint64_t start_ns;
};

static void on_durable(void *arg, const struct wf_error *err);

static void apply_one(struct run *run) {
    struct wf_batch *batch = wf_batch_new(1);
    struct under_way *mine = wf_malloc(sizeof(*mine));
    char key[KEY_BYTES];

    *mine = (struct under_way){run, wf_clock_mono_ns()};
    for (unsigned i = 0; i < run->puts; i++)
        wf_batch_put(batch, next_key(run, key),
                     (struct wf_str){value, VALUE_BYTES});
    run->under_way++;
    wf_store_apply(run->store, batch, on_durable, mine);
}

static void on_durable(void *arg, const struct wf_error *err) {
    struct under_way *mine = arg;
    struct run *run = mine->run;
    uint64_t now_ns = wf_clock_mono_ns();

    if (err)
        die("apply", err->message);
    bench_samples_add(&run->latency, now_ns - mine->start_ns);
    free(mine);
    run->batches++;
    run->under_way--;
    if (now_ns < run->end_ns)
        apply_one(run);
}

static void run_store(struct run *run, const char *directory) {
    struct wf_store_options options = {
        .directory = directory, .no_sync = run->no_sync,
    };
    struct wf_store_stats stats;
    struct wf_error err;

    run->loop = ev_loop_new(0);
    if (wf_store_open_lmdb(run->loop, &options, &run->store, &err) != 0)
        die("open", err.message);
    while (run->under_way < run->window)
        apply_one(run);
    ev_run(run->loop, 0);
    wf_store_stats(run->store, &stats);
    run->commits = stats.commits;
    wf_store_close(run->store);
    ev_loop_destroy(run->loop);
}

/* ---- reading, one row at a time, while nothing is written ---- */

enum { READS = 20000 };

static void read_one(struct run *run);

static void on_row(void *arg, const struct wf_row *rows, size_t count,
                   bool more, const struct wf_error *err) {
    struct run *run = arg;
    uint64_t now_ns = wf_clock_mono_ns();
    (void)rows, (void)more;

    if (err || count != 1)
        die("read", err ? err->message : "the row is missing");
    bench_samples_add(&run->latency, now_ns - run->end_ns);
    if (run->latency.count < READS)
        read_one(run);
}

static void read_one(struct run *run) {
    char key[KEY_BYTES];
    run->next_key = run->latency.count * 7919 % run->puts;
    struct wf_str text = next_key(run, key);
    run->end_ns = wf_clock_mono_ns();
    wf_store_get(run->store, text, on_row, run);
}

static void run_reads(struct run *run, const char *directory) {
    struct wf_store_options options = {.directory = directory};
    struct wf_error err;

    run->loop = ev_loop_new(0);
    if (wf_store_open_lmdb(run->loop, &options, &run->store, &err) != 0)
        die("open", err.message);
    run->end_ns = 0; /* one batch */
    apply_one(run);
    ev_run(run->loop, 0);
    bench_samples_free(&run->latency);
    read_one(run);
    ev_run(run->loop, 0);
    wf_store_close(run->store);
    ev_loop_destroy(run->loop);
}

/* ---- report ---- */

static void measure(struct run *run) {
    char *directory = bench_directory_new(run->parent);
    uint64_t before = 0, after = 0;

    if (!directory)
        die("directory", "cannot be made");
    uint64_t start = wf_clock_mono_ns();
    run->end_ns = start + (uint64_t)(run->seconds * 1e9);
    bench_device_written(directory, &before);
    if (run->window)
        run_store(run, directory);
    else
        run_bare(run, directory);
    run->elapsed = (double)(wf_clock_mono_ns() - start) / 1e9;
    if (bench_device_written(directory, &after))
        run->written = after - before;
    bench_directory_free(directory);
}

static void report(struct run run, const char *name) {
    measure(&run);
    printf("%6u  %-17s %9.0f %10.0f %10.0f %12.0f %8.0f %8.0f\n", run.puts,
           name, (double)run.commits / run.elapsed,
           (double)run.batches / run.elapsed,
           (double)(run.batches * run.puts) / run.elapsed,
           (double)run.written / (double)run.commits,
           (double)bench_percentile(&run.latency, 50) / 1e3,
           (double)bench_percentile(&run.latency, 99) / 1e3);
    fflush(stdout);
    bench_samples_free(&run.latency);
}

static void report_flush(const char *parent) {
    char *directory = bench_directory_new(parent);
    struct bench_samples samples = {0};

    if (directory && bench_fdatasync(directory, 500, &samples))
        printf("fdatasync of 4 KiB: p50 %.0f us, p99 %.0f us\n",
               (double)bench_percentile(&samples, 50) / 1e3,
               (double)bench_percentile(&samples, 99) / 1e3);
    bench_samples_free(&samples);
    bench_directory_free(directory);
}

static void report_reads(struct run run) {
    char *directory = bench_directory_new(run.parent);

    if (!directory)
        die("directory", "cannot be made");
    run.puts = 100000; /* rows */
    run_reads(&run, directory);
    bench_directory_free(directory);
    printf("get, one after the other: p50 %.0f us, p99 %.0f us\n",
           (double)bench_percentile(&run.latency, 50) / 1e3,
           (double)bench_percentile(&run.latency, 99) / 1e3);
    bench_samples_free(&run.latency);
}

int main(int argc, char **argv) {
    static const unsigned puts[] = {1, 100, 1000};
    struct run run = {.seconds = 2};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--no-sync") == 0)
            run.no_sync = true;
        else if (i + 1 < argc && strcmp(argv[i], "--dir") == 0)
            run.parent = argv[++i];
        else if (i + 1 < argc && strcmp(argv[i], "--seconds") == 0)
            run.seconds = atof(argv[++i]);
        else
            die(argv[i], "unknown; see the head of bench_store.c");
    }
    memset(value, 'v', sizeof(value));
    report_flush(run.parent);
    printf("%6s  %-17s %9s %10s %10s %12s %8s %8s\n", "puts", "", "commits/s",
           "batches/s", "puts/s", "bytes/commit", "p50 us", "p99 us");
    for (size_t i = 0; i < sizeof(puts) / sizeof(puts[0]); i++) {
        run.puts = puts[i];
        run.window = 0;
        report(run, "bare LMDB");
        run.window = 1;
        report(run, "store, 1 waiting");
        run.window = 8;
        report(run, "store, 8 waiting");
    }
    report_reads(run);
    return 0;
}
