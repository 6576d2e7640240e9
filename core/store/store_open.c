/*
 * store_open.c - opening the LMDB store: lock, database, log, threads. See
 * store_lmdb.h.
 */
#include "store_lmdb.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TOOL_PAUSE_NS 20000000 /* the engine needs a second at most */
#define TOOL_PAUSES 250
#define DEFAULT_BALLAST_BYTES ((uint64_t)16 << 20)

struct store_lmdb *store_new(struct ev_loop *loop,
                             const struct wf_store_options *options) {
    struct store_lmdb *store = wf_calloc(1, sizeof(*store));
    pthread_condattr_t monotonic;

    store->base.ops = &store_lmdb_ops;
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
    ev_async_init(&store->wake, store_on_wake);
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
        rc = store_env_count(store, &store->used, &store->entries);
    if (rc == EILSEQ)
        return wf_error_set(err, WF_E_INVALID,
                            "%s/moonstep.wal does not continue moonstep.mdb: "
                            "one of them is from another time",
                            store->directory);
    if (rc != 0)
        return wf_error_set(err, WF_E_IO, "cannot read the log in %s: %s",
                            store->directory, mdb_strerror(rc));
    store->counters.used_bytes = store->used;
    store->counters.entries = store->entries;
    if (store->wal.at > 0 && !store->read_only)
        store_touched_all(store->touched);
    return 0;
}

static int store_open(struct ev_loop *loop,
                      const struct wf_store_options *options,
                      struct store_lmdb **opened, struct wf_error *err) {
    struct store_lmdb *store = store_new(loop, options);

    *opened = NULL;
    if (directory_take(store, err) != 0 || store_env_open(store, err) != 0 ||
        log_open(store, err) != 0) {
        wf_store_close(&store->base);
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
        wf_store_close(&store->base);
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
        wf_store_close(&(*store)->base);
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
