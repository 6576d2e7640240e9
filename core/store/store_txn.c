/*
 * store_txn.c - the open transaction: how batches become durable.
 *
 * Usually by a record in the log, while their pages stay in memory; LMDB
 * commits them later, with those of many other batches. A group that is too
 * large for the log, and all while there is no room on the disk, are
 * committed by LMDB at once, with everything that was open.
 *
 * If LMDB refuses a batch or the commit fails, the transaction is gone. What
 * it contained and had been acknowledged is in the log, and is applied again
 * before anything else is written.
 */
#include "store_lmdb.h"

#include <errno.h>
#include <unistd.h>

#include "clock.h"
#include "store_write.h"

#define READER_CHECK_TXNS 4096

bool store_is_behind(const struct store_lmdb *store) {
    return store->wal.at > 0;
}

/* ---- room ---- */

bool store_write_only_deletes(const struct store_job *jobs) {
    for (; jobs; jobs = jobs->next) {
        if (jobs->conflict)
            continue;
        size_t count = wf_batch_count(jobs->batch);
        for (size_t i = 0; i < count; i++)
            if (wf_batch_op(jobs->batch, i).kind == WF_OP_PUT)
                return false;
    }
    return true;
}

static int room_check(struct store_lmdb *store, MDB_txn *txn,
                      const struct store_dbis *dbis,
                      const struct store_room *room) {
    uint64_t used, entries;
    MDB_envinfo info;

    if (store->limit_bytes == 0 && store->ballast_held == store->ballast_bytes)
        return 0;
    int rc = store_env_used(store, txn, dbis, &used, &entries);
    if (rc != 0)
        return rc;
    if (store->limit_bytes && used > room->limit)
        return MDB_MAP_FULL;
    mdb_env_info(store->env, &info);
    uint64_t file = (info.me_last_pgno + 1) * store->page_bytes;
    uint64_t free_bytes = file > used ? file - used : 0;
    if (store->ballast_held < store->ballast_bytes &&
        store->ballast_held + free_bytes < room->reserve)
        return MDB_MAP_FULL;
    return 0;
}

#ifdef WF_FAULTS
static int fault_commit(struct store_lmdb *store) {
    pthread_mutex_lock(&store->mutex);
    struct wf_store_fault *fault = &store->fault;
    unsigned delay_us = fault->delay_us;
    int rc = 0;
    if (fault->nth > 1) {
        fault->nth--;
    } else if (fault->nth == 1 && fault->times > 0) {
        fault->times--;
        rc = fault->error;
    }
    pthread_mutex_unlock(&store->mutex);
    if (delay_us)
        usleep(delay_us);
    return rc;
}
#endif

/* ---- begin, end ---- */

static int replay_batch(void *arg, struct wf_batch *batch) {
    struct store_lmdb *store = arg;
    int rc = store_batch_write(store, batch);
    store->txn_ops += wf_batch_count(batch);
    wf_batch_free(batch);
    return rc;
}

/*
 * LMDB uses a freed page again in the next transaction but one. Where the
 * file can't grow, a small one comes between two that are not.
 */
static int step(struct store_lmdb *store) {
    MDB_envinfo info;

    mdb_env_info(store->env, &info);
    errno = 0;
    int rc = store_env_confirm(store, info.me_last_txnid + 1);
    if (rc != 0)
        rc = store_env_settle(store, info.me_last_txnid + 1,
                              store_rc(rc, errno));
    if (rc == 0)
        store->tight = false;
    return rc == STORE_RC_NO_ROOM ? 0 : rc;
}

int store_txn_open(struct store_lmdb *store) {
    int rc = 0;

    if (store->txn)
        return 0;
    if (store->tight)
        rc = step(store);
    if (rc != 0)
        return rc;
    errno = 0;
    rc = mdb_txn_begin(store->env, NULL, 0, &store->txn);
    store->txn_ops = 0;
    if (rc == 0)
        rc = store_wal_replay(&store->wal, replay_batch, store);
    rc = store_rc(rc, errno);
    if (rc != 0)
        store_txn_abort(store);
    return rc;
}

void store_txn_abort(struct store_lmdb *store) {
    if (!store->txn)
        return;
    store_cursors_close(store);
    mdb_txn_abort(store->txn);
    store->txn = NULL;
    store_tables_revert(store);
}

/* The database contains everything now. */
static void committed(struct store_lmdb *store, uint64_t id, uint64_t ns) {
    store_tables_publish(store);
    store_wal_reset(&store->wal);
    store->tight = store->ballast_held < store->ballast_bytes;
    store->checkpoints++;
    store->checkpoint_ns += ns;
    pthread_mutex_lock(&store->mutex);
    store_touched_clear(store->touched);
    pthread_mutex_unlock(&store->mutex);
    /* A tool that was killed in the middle of a read would keep every page
     * that is freed from then on. */
    if (id % READER_CHECK_TXNS == 0)
        mdb_reader_check(store->env, NULL);
}

/* What there will be, for whoever asks for figures. */
static int rows_measure(struct store_lmdb *store) {
    return store_rc(store_env_used(store, store->txn, &store->write_dbis,
                                   &store->used, &store->entries), 0);
}

static int txn_commit(struct store_lmdb *store) {
    uint64_t id = mdb_txn_id(store->txn), start_ns = wf_clock_mono_ns();

    errno = 0;
    int rc = store_env_log(store, store->txn, store->wal.seq);
    if (rc != 0) {
        rc = store_rc(rc, errno);
        store_txn_abort(store);
        return rc;
    }
    store_cursors_close(store);
    errno = 0;
    rc = mdb_txn_commit(store->txn);
    store->txn = NULL;
    if (rc != 0)
        rc = store_env_settle(store, id, store_rc(rc, errno));
    if (rc == 0)
        committed(store, id, wf_clock_mono_ns() - start_ns);
    else
        store_tables_revert(store);
    store->tight = store->tight || rc != 0;
    return rc;
}

int store_checkpoint(struct store_lmdb *store) {
    if (!store_is_behind(store))
        return 0;
    int rc = store_txn_open(store);
    if (rc == 0)
        rc = rows_measure(store);
    if (rc == 0)
        rc = txn_commit(store);
    else
        store_txn_abort(store);
    return rc;
}

/* ---- a group ---- */

static int jobs_write(struct store_lmdb *store, struct store_job *jobs) {
    int rc = 0;
    errno = 0;
    for (struct store_job *job = jobs; job && rc == 0; job = job->next) {
        rc = store_batch_expects(store, job->batch);
        job->conflict = rc == MDB_KEYEXIST;
        if (rc == 0)
            rc = store_batch_write(store, job->batch);
        else if (job->conflict)
            rc = 0;
        store->txn_ops += wf_batch_count(job->batch);
    }
    return store_rc(rc, errno);
}

/* 0: durable. MDB_NOTFOUND: the log can't do it. */
static int jobs_log(struct store_lmdb *store, const struct store_job *jobs) {
    store_wal_begin(&store->wal);
    for (; jobs; jobs = jobs->next)
        if (!jobs->conflict)
            store_wal_add(&store->wal, jobs->batch);
    if (!store_wal_fits(&store->wal)) {
        store->log_short = true;
        return MDB_NOTFOUND;
    }
    errno = 0;
    int rc = store_wal_append(&store->wal);
    rc = store_rc(rc, errno);
    return rc == STORE_RC_NO_ROOM ? MDB_NOTFOUND : rc;
}

static int jobs_durable(struct store_lmdb *store, const struct store_job *jobs,
                        enum store_way way, bool *logged) {
    int rc = 0;
#ifdef WF_FAULTS
    if ((rc = fault_commit(store)) != 0)
        rc = store_rc(rc, rc);
#endif
    if (rc == 0 && way == STORE_WAY_LOG)
        rc = jobs_log(store, jobs);
    *logged = rc == 0 && way == STORE_WAY_LOG;
    if (rc == MDB_NOTFOUND || (rc == 0 && !*logged))
        return txn_commit(store);
    return rc;
}

int store_write(struct store_lmdb *store, struct store_job *jobs,
                const struct store_room *room, enum store_way way,
                bool *logged) {
    int rc = store_txn_open(store);

    *logged = false;
    if (rc == 0)
        rc = jobs_write(store, jobs);
    if (rc == 0 && !store_write_only_deletes(jobs))
        rc = store_rc(room_check(store, store->txn, &store->write_dbis, room),
                      0);
    if (rc == 0)
        rc = rows_measure(store);
    if (rc == 0)
        rc = jobs_durable(store, jobs, way, logged);
    if (rc != 0)
        store_txn_abort(store);
    return rc;
}

bool store_write_has_room(struct store_lmdb *store,
                          const struct store_room *room) {
    struct store_dbis dbis;
    MDB_txn *txn = NULL;

    store_env_dbis(store, &dbis);
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (rc == 0)
        rc = room_check(store, txn, &dbis, room);
    if (txn)
        mdb_txn_abort(txn);
    return rc == 0;
}
