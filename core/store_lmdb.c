/*
 * store_lmdb.c - the LMDB store on the loop's side: opening, handing over to
 * the threads, calling back. See store_lmdb.h.
 */
#include "store_lmdb.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TOOL_PAUSE_NS 20000000 /* the engine needs a second at most */
#define TOOL_PAUSES 250
#define DEFAULT_BALLAST_BYTES ((uint64_t)16 << 20)

static struct store_lmdb *lmdb_of(struct wf_store *store) {
    return (struct store_lmdb *)store;
}

/* ---- the loop stays alive exactly while an answer is due ---- */

static void outstanding_add(struct store_lmdb *store) {
    if (store->outstanding++ == 0)
        ev_ref(store->loop);
}

static void outstanding_drop(struct store_lmdb *store) {
    if (--store->outstanding == 0)
        ev_unref(store->loop);
}

static void job_free(struct store_job *job) {
    wf_batch_free(job->batch);
    free(job);
}

static void jobs_free(struct store_job *job) {
    while (job) {
        struct store_job *next = job->next;
        job_free(job);
        job = next;
    }
}

static void reads_free(struct store_read *read) {
    while (read) {
        struct store_read *next = read->next;
        store_read_free(read);
        read = next;
    }
}

/* ---- calling back ---- */

static void answer_jobs(struct store_lmdb *store, struct store_job *job) {
    while (job) {
        struct store_job *next = job->next;
        struct wf_error err = {.code = WF_OK};
        if (job->conflict)
            wf_error_set(&err, WF_E_CONFLICT,
                         "a precondition of the batch does not hold");
        outstanding_drop(store);
        if (job->done)
            job->done(job->arg, job->conflict ? &err : NULL);
        job_free(job);
        job = next;
    }
}

static void answer_reads(struct store_lmdb *store, struct store_read *read) {
    while (read) {
        struct store_read *next = read->next;
        outstanding_drop(store);
        store_read_answer(read);
        store_read_free(read);
        read = next;
    }
}

static void drop_lost(struct store_lmdb *store, struct store_job *job) {
    for (struct store_job *lost = job; lost; lost = lost->next)
        outstanding_drop(store);
    jobs_free(job);
}

static void on_wake(struct ev_loop *loop, ev_async *wake, int events) {
    struct store_lmdb *store = wake->data;
    (void)loop, (void)events;

    pthread_mutex_lock(&store->mutex);
    struct store_job_list done = store->done, lost = store->lost;
    struct store_read_list answers = store->answers;
    enum wf_store_state state = atomic_load(&store->state);
    struct wf_error err = store->state_err;
    store->done = store->lost = (struct store_job_list){0};
    store->answers = (struct store_read_list){0};
    pthread_mutex_unlock(&store->mutex);

    answer_jobs(store, done.head);
    drop_lost(store, lost.head);
    answer_reads(store, answers.head);
    if (state != store->notified) {
        store->notified = state;
        if (store->base.changed)
            store->base.changed(store->base.changed_arg, state,
                                state == WF_STORE_OK ? NULL : &err);
    }
}

/* ---- operations ---- */

static enum wf_store_state op_state(const struct wf_store *base) {
    const struct store_lmdb *store = (const struct store_lmdb *)base;
    return (enum wf_store_state)atomic_load(&store->state);
}

static void op_apply(struct wf_store *base, struct wf_batch *batch,
                     wf_durable_fn *done, void *arg) {
    struct store_lmdb *store = lmdb_of(base);
    assert(!store->read_only);
    struct store_job *job = wf_malloc(sizeof(*job));

    *job = (struct store_job){.batch = batch, .done = done, .arg = arg};
    outstanding_add(store);
    pthread_mutex_lock(&store->mutex);
    bool idle = !store->queue.head;
    if (idle)
        store->queue.head = job;
    else
        store->queue.tail->next = job;
    store->queue.tail = job;
    store->queued++;
    store->counters.batches++;
    store->counters.bytes_in += wf_batch_bytes(batch);
    pthread_mutex_unlock(&store->mutex);
    if (idle)
        pthread_cond_signal(&store->work);
}

/* `mutex` is held. True: the committer must answer it. */
static bool read_hand_over(struct store_lmdb *store, struct store_read *read) {
    bool late = store_touched_has(store->touched, read->range.from,
                                  read->range.to);
    if (late)
        store_read_append(&store->late, read);
    else if (!read->sync)
        store_read_append(&store->reads, read);
    return late;
}

static void op_scan(struct wf_store *base, const struct wf_range *range,
                    wf_rows_fn *rows, void *arg) {
    struct store_lmdb *store = lmdb_of(base);
    struct store_read *read = store_read_new(range, rows, arg);

    outstanding_add(store);
    pthread_mutex_lock(&store->mutex);
    bool late = read_hand_over(store, read);
    pthread_mutex_unlock(&store->mutex);
    pthread_cond_signal(late ? &store->work : &store->read_work);
}

static int op_scan_now(struct wf_store *base, const struct wf_range *range,
                       wf_rows_fn *rows, void *arg, struct wf_error *err) {
    struct store_lmdb *store = lmdb_of(base);
    struct store_read *read = store_read_new(range, rows, arg);
    int rc = 0;

    read->sync = true;
    pthread_mutex_lock(&store->mutex);
    bool late = read_hand_over(store, read);
    if (late)
        pthread_cond_signal(&store->work);
    while (late && !read->answered)
        pthread_cond_wait(&store->read_done, &store->mutex);
    pthread_mutex_unlock(&store->mutex);
    if (!late)
        store_read_run(store, read, NULL);
    if (read->failed)
        rc = wf_error_set(err, read->err.code, "%s", read->err.message);
    else
        store_read_answer(read);
    store_read_free(read);
    return rc;
}

/* What is in the database now; later the committer keeps count. */
static int rows_count(struct store_lmdb *store, uint64_t *used,
                      uint64_t *entries) {
    struct store_dbis dbis;
    MDB_txn *txn = NULL;

    store_env_dbis(store, &dbis);
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (rc == 0)
        rc = store_env_used(store, txn, &dbis, used, entries);
    if (txn)
        mdb_txn_abort(txn);
    return rc;
}

static void op_stats(struct wf_store *base, struct wf_store_stats *stats) {
    struct store_lmdb *store = lmdb_of(base);
    MDB_envinfo info;

    pthread_mutex_lock(&store->mutex);
    *stats = store->counters;
    stats->queued_batches = store->queued;
    pthread_mutex_unlock(&store->mutex);
    pthread_rwlock_rdlock(&store->env_lock);
    if (store->env && mdb_env_info(store->env, &info) == 0)
        stats->file_bytes = (info.me_last_pgno + 1) * store->page_bytes +
                            atomic_load(&store->wal.filled);
    if (store->env && store->read_only)
        rows_count(store, &stats->used_bytes, &stats->entries);
    pthread_rwlock_unlock(&store->env_lock);
}

/* ---- open, close ---- */

static void threads_stop(struct store_lmdb *store) {
    pthread_mutex_lock(&store->mutex);
    store->closing = true;
    pthread_cond_signal(&store->work);
    pthread_cond_signal(&store->read_work);
    pthread_mutex_unlock(&store->mutex);
    if (!store->read_only)
        pthread_join(store->committer, NULL);
    pthread_join(store->reader, NULL);
    if (store->outstanding == 0)
        ev_ref(store->loop);
    ev_async_stop(store->loop, &store->wake);
}

static void op_close(struct wf_store *base) {
    struct store_lmdb *store = lmdb_of(base);

    if (store->threads_started)
        threads_stop(store);
    jobs_free(store->queue.head);
    jobs_free(store->done.head);
    jobs_free(store->lost.head);
    reads_free(store->reads.head);
    reads_free(store->late.head);
    reads_free(store->answers.head);
    for (int i = 0; i < 256; i++)
        free(store->tables[i]);
    store_wal_close(&store->wal);
    store_env_close(store);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    pthread_rwlock_destroy(&store->env_lock);
    pthread_cond_destroy(&store->work);
    pthread_cond_destroy(&store->read_work);
    pthread_cond_destroy(&store->read_done);
    pthread_mutex_destroy(&store->mutex);
    free(store->touched);
    free(store->directory);
    free(store);
}

static const struct wf_store_ops lmdb_ops = {
    .close = op_close,
    .state = op_state,
    .stats = op_stats,
    .apply = op_apply,
    .scan = op_scan,
    .scan_now = op_scan_now,
};

static struct store_lmdb *lmdb_new(struct ev_loop *loop,
                                   const struct wf_store_options *options) {
    struct store_lmdb *store = wf_calloc(1, sizeof(*store));
    pthread_condattr_t monotonic;

    store->base.ops = &lmdb_ops;
    store->loop = loop;
    store->directory =
        wf_strndup(options->directory, strlen(options->directory));
    store->map_bytes = options->map_bytes;
    store->limit_bytes = options->limit_bytes;
    store->ballast_bytes = options->ballast_bytes ? options->ballast_bytes
                                                  : DEFAULT_BALLAST_BYTES;
    if (store->limit_bytes && store->ballast_bytes > store->limit_bytes / 8)
        store->ballast_bytes = store->limit_bytes / 8;
    store->no_sync = options->no_sync;
    store->read_only = options->read_only;
    store->lock_fd = -1;
    store->wal.fd = -1;
    store->wal.no_sync = store->no_sync;
    store->touched = wf_calloc(1, sizeof(*store->touched));
    pthread_rwlock_init(&store->env_lock, NULL);
    pthread_mutex_init(&store->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&store->work, &monotonic);
    pthread_cond_init(&store->read_work, &monotonic);
    pthread_cond_init(&store->read_done, &monotonic);
    pthread_condattr_destroy(&monotonic);
    ev_async_init(&store->wake, on_wake);
    store->wake.data = store;
    return store;
}

/* Signals belong to the loop's thread. */
static void threads_start(struct store_lmdb *store) {
    sigset_t all, old;

    ev_async_start(store->loop, &store->wake);
    ev_unref(store->loop);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&store->reader, NULL, store_reader_main, store);
    if (rc == 0 && !store->read_only)
        rc = pthread_create(&store->committer, NULL, store_committer_main,
                            store);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc != 0)
        abort(); /* no memory for a thread: base.h says why we stop */
    store->threads_started = true;
}

static int directory_take(struct store_lmdb *store, struct wf_error *err) {
    if (store->read_only)
        return 0;
    if (mkdir(store->directory, 0700) != 0 && errno != EEXIST)
        return wf_error_set(err, WF_E_IO, "cannot create %s: %s",
                            store->directory, strerror(errno));
    store->lock_fd = store_lock(store->directory, err);
    return store->lock_fd < 0 ? -1 : 0;
}

/* What the log has and the database has not, the committer will write. */
static int log_open(struct store_lmdb *store, struct wf_error *err) {
    uint64_t seq;
    int rc = store_env_logged(store, &seq);

    if (rc == 0)
        rc = store_wal_open(&store->wal, store->directory, seq,
                            store->read_only);
    if (rc == 0)
        rc = rows_count(store, &store->counters.used_bytes,
                        &store->counters.entries);
    if (rc == EILSEQ)
        return wf_error_set(err, WF_E_INVALID,
                            "%s/moonstep.wal does not continue moonstep.mdb: "
                            "one of them is from another time",
                            store->directory);
    if (rc != 0)
        return wf_error_set(err, WF_E_IO, "cannot read the log in %s: %s",
                            store->directory, mdb_strerror(rc));
    if (store->wal.at > 0)
        store_touched_all(store->touched);
    return 0;
}

static int store_open(struct ev_loop *loop,
                      const struct wf_store_options *options,
                      struct store_lmdb **opened, struct wf_error *err) {
    struct store_lmdb *store = lmdb_new(loop, options);

    *opened = NULL;
    if (directory_take(store, err) != 0 || store_env_open(store, err) != 0 ||
        log_open(store, err) != 0) {
        op_close(&store->base);
        return -1;
    }
    *opened = store;
    return 0;
}

static void store_begin(struct store_lmdb *store) {
    /* On a full disk reading and clean-up must still be possible. */
    if (!store->read_only && !store_ballast_hold(store)) {
        wf_error_set(&store->state_err, WF_E_BUSY, "%s: no space left",
                     store->directory);
        atomic_store(&store->state, WF_STORE_FULL);
    }
    threads_start(store);
    ev_async_send(store->loop, &store->wake); /* tells the state if FULL */
}

/*
 * A tool finds records in the log that the database will contain soon: it
 * waits for the engine, or, if none runs, does what the engine would do.
 */
static int settle_log(struct ev_loop *loop,
                      const struct wf_store_options *options,
                      struct wf_error *err) {
    struct wf_store_options writer = *options;
    struct store_lmdb *store;

    writer.read_only = false;
    if (store_open(loop, &writer, &store, err) == 0) {
        store_begin(store);
        op_close(&store->base);
        return 0;
    }
    return err && err->code == WF_E_BUSY ? 0 : -1;
}

static int tool_open(struct ev_loop *loop,
                     const struct wf_store_options *options,
                     struct store_lmdb **store, struct wf_error *err) {
    static const struct timespec pause = {.tv_nsec = TOOL_PAUSE_NS};
    uint64_t wanted = 0;

    for (int i = 0; i < TOOL_PAUSES; i++) {
        if (store_open(loop, options, store, err) != 0)
            return -1;
        uint64_t stored = (*store)->wal.at > 0 ? (*store)->wal.stored
                                               : (*store)->wal.seq;
        if (wanted == 0)
            wanted = (*store)->wal.seq;
        if (stored >= wanted)
            return 0;
        op_close(&(*store)->base);
        *store = NULL;
        if (settle_log(loop, options, err) != 0)
            return -1;
        nanosleep(&pause, NULL);
    }
    return wf_error_set(err, WF_E_BUSY, "%s: the log is not being written to "
                        "the database", options->directory);
}

int wf_store_open_lmdb(struct ev_loop *loop,
                       const struct wf_store_options *options,
                       struct wf_store **opened, struct wf_error *err) {
    struct wf_error own;
    struct store_lmdb *store;

    *opened = NULL;
    if (!err)
        err = &own;
    if ((options->read_only ? tool_open : store_open)(loop, options, &store,
                                                      err) != 0)
        return -1;
    store_begin(store);
    *opened = &store->base;
    return 0;
}

#ifdef WF_FAULTS
void wf_store_fault_set(struct wf_store *base,
                        const struct wf_store_fault *fault) {
    struct store_lmdb *store = lmdb_of(base);
    pthread_mutex_lock(&store->mutex);
    store->fault = *fault;
    pthread_mutex_unlock(&store->mutex);
}
#endif
