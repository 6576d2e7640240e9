/*
 * store_lmdb.c - the LMDB store on the loop's side: handing over to the
 * threads, calling back, closing. See store_lmdb.h.
 */
#include "store_lmdb.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

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

void store_on_wake(struct ev_loop *loop, ev_async *wake, int events) {
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
        store_env_count(store, &stats->used_bytes, &stats->entries);
    pthread_rwlock_unlock(&store->env_lock);
}

/* ---- close ---- */

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

const struct wf_store_ops store_lmdb_ops = {
    .close = op_close,
    .state = op_state,
    .stats = op_stats,
    .apply = op_apply,
    .scan = op_scan,
    .scan_now = op_scan_now,
};

#ifdef WF_FAULTS
void wf_store_fault_set(struct wf_store *base,
                        const struct wf_store_fault *fault) {
    struct store_lmdb *store = lmdb_of(base);
    pthread_mutex_lock(&store->mutex);
    store->fault = *fault;
    pthread_mutex_unlock(&store->mutex);
}
#endif
