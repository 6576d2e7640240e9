/*
 * store_write.c - one write transaction: several batches, one commit.
 *
 * Keys mostly come in ascending order (journal records, rows of time-ordered
 * names). Each table remembers a key behind which it has none; a greater one
 * is appended, which costs no search and fills pages to the brim. Others go
 * through one cursor for each table, which stays where the last key was.
 */
#include "store_lmdb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store_write.h"

#define READER_CHECK_TXNS 4096

/* ---- tables of the open transaction ---- */

/* Opens (and if need be creates) the database of a key's table. */
static int table_open(struct store_lmdb *store, MDB_txn *txn, uint8_t letter) {
    char name[8];
    MDB_dbi dbi;

    snprintf(name, sizeof(name), "t%02x", letter);
    int rc = mdb_dbi_open(txn, name, MDB_CREATE, &dbi);
    if (rc == 0)
        store->write_dbis.of[letter] = dbi + 1;
    return rc;
}

static MDB_dbi dbi_of(const struct store_lmdb *store, struct wf_str key) {
    return store->write_dbis.of[(uint8_t)key.data[2]] - 1;
}

static int last_find(struct store_table *table) {
    MDB_val key;
    int rc = mdb_cursor_get(table->cursor, &key, NULL, MDB_LAST);
    if (rc != 0 && rc != MDB_NOTFOUND)
        return rc;
    table->last_len = rc == 0 ? key.mv_size : 0;
    if (rc == 0)
        memcpy(table->last, key.mv_data, key.mv_size);
    table->last_known = true;
    return 0;
}

static int table_get(struct store_lmdb *store, MDB_txn *txn, struct wf_str key,
                     struct store_table **found) {
    uint8_t letter = (uint8_t)key.data[2];
    int rc = 0;

    if (!store->write_dbis.of[letter])
        rc = table_open(store, txn, letter);
    struct store_table *table = store->tables[letter];
    if (!table)
        table = store->tables[letter] = wf_calloc(1, sizeof(*table));
    if (rc == 0 && !table->cursor)
        rc = mdb_cursor_open(txn, dbi_of(store, key), &table->cursor);
    if (rc == 0 && !table->last_known)
        rc = last_find(table);
    *found = table;
    return rc;
}

/* LMDB's manual: cursors of a write transaction are closed before its end. */
static void cursors_close(struct store_lmdb *store) {
    for (int i = 0; i < 256; i++) {
        struct store_table *table = store->tables[i];
        if (table && table->cursor)
            mdb_cursor_close(table->cursor);
        if (table)
            table->cursor = NULL;
    }
}

/* What the transaction opened and learnt is void. */
static void tables_revert(struct store_lmdb *store) {
    for (int i = 0; i < 256; i++) {
        store->write_dbis.of[i] = atomic_load(&store->dbis[i]);
        if (store->tables[i])
            store->tables[i]->last_known = false;
    }
}

static void tables_publish(struct store_lmdb *store) {
    for (int i = 0; i < 256; i++)
        if (store->write_dbis.of[i] != atomic_load(&store->dbis[i]))
            atomic_store_explicit(&store->dbis[i], store->write_dbis.of[i],
                                  memory_order_release);
}

/* ---- operations ---- */

static bool is_behind(const struct store_table *table, struct wf_str key) {
    size_t len = key.len < table->last_len ? key.len : table->last_len;
    int order = len ? memcmp(key.data, table->last, len) : 0;
    return order > 0 || (order == 0 && key.len > table->last_len);
}

static int op_put(struct store_lmdb *store, MDB_txn *txn,
                  const struct wf_op *op) {
    MDB_val key = {op->key.len, (char *)op->key.data};
    MDB_val value = {op->value.len, (char *)op->value.data};
    struct store_table *table;
    int rc = table_get(store, txn, op->key, &table);

    if (rc != 0)
        return rc;
    if (!is_behind(table, op->key))
        return mdb_cursor_put(table->cursor, &key, &value, 0);
    rc = mdb_cursor_put(table->cursor, &key, &value, MDB_APPEND);
    if (rc == MDB_KEYEXIST)
        rc = mdb_cursor_put(table->cursor, &key, &value, 0);
    if (rc == 0) {
        memcpy(table->last, op->key.data, op->key.len);
        table->last_len = op->key.len;
    }
    return rc;
}

static int op_delete(struct store_lmdb *store, MDB_txn *txn,
                     const struct wf_op *op) {
    MDB_val key = {op->key.len, (char *)op->key.data};
    if (!store->write_dbis.of[(uint8_t)op->key.data[2]])
        return 0;
    int rc = mdb_del(txn, dbi_of(store, op->key), &key, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int op_delete_range(struct store_lmdb *store, MDB_txn *txn,
                           const struct wf_op *op) {
    struct store_walk walk;
    MDB_val key, value;
    int rc = store_walk_open(&walk, txn, &store->write_dbis, op->key,
                             op->value, false);

    for (unsigned i = 0; rc == 0 && i < op->limit; i++)
        if ((rc = store_walk_next(&walk, &key, &value)) == 0)
            rc = store_walk_delete(&walk);
    store_walk_close(&walk);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* 0: holds; MDB_KEYEXIST: does not. */
static int op_expect(struct store_lmdb *store, MDB_txn *txn,
                     const struct wf_op *op) {
    MDB_val key = {op->key.len, (char *)op->key.data}, value;
    int rc = MDB_NOTFOUND;

    if (store->write_dbis.of[(uint8_t)op->key.data[2]])
        rc = mdb_get(txn, dbi_of(store, op->key), &key, &value);
    if (rc == MDB_NOTFOUND)
        return op->value.data ? MDB_KEYEXIST : 0;
    if (rc != 0)
        return rc;
    struct wf_str found = {value.mv_data, value.mv_size};
    return op->value.data && wf_str_eq(found, op->value) ? 0 : MDB_KEYEXIST;
}

static int batch_expects(struct store_lmdb *store, MDB_txn *txn,
                         const struct wf_batch *batch) {
    size_t count = wf_batch_count(batch);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct wf_op op = wf_batch_op(batch, i);
        if (op.kind == WF_OP_EXPECT)
            rc = op_expect(store, txn, &op);
    }
    return rc;
}

static int batch_write(struct store_lmdb *store, MDB_txn *txn,
                       const struct wf_batch *batch) {
    size_t count = wf_batch_count(batch);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct wf_op op = wf_batch_op(batch, i);
        if (op.kind == WF_OP_PUT)
            rc = op_put(store, txn, &op);
        else if (op.kind == WF_OP_DELETE)
            rc = op_delete(store, txn, &op);
        else if (op.kind == WF_OP_DELETE_RANGE)
            rc = op_delete_range(store, txn, &op);
    }
    return rc;
}

/* ---- the transaction ---- */

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

static int txn_commit(struct store_lmdb *store, MDB_txn *txn) {
    uint64_t id = mdb_txn_id(txn);
#ifdef WF_FAULTS
    int fault = fault_commit(store);
    if (fault) {
        mdb_txn_abort(txn);
        return store_rc(fault, fault);
    }
#endif
    errno = 0;
    int rc = mdb_txn_commit(txn);
    if (rc != 0)
        return store_env_settle(store, id, store_rc(rc, errno));
    /* A tool that was killed in the middle of a read would keep every page
     * that is freed from then on. */
    if (id % READER_CHECK_TXNS == 0)
        mdb_reader_check(store->env, NULL);
    return 0;
}

static int jobs_write(struct store_lmdb *store, MDB_txn *txn,
                      struct store_job *jobs) {
    int rc = 0;
    errno = 0;
    for (struct store_job *job = jobs; job && rc == 0; job = job->next) {
        rc = batch_expects(store, txn, job->batch);
        job->conflict = rc == MDB_KEYEXIST;
        if (rc == 0)
            rc = batch_write(store, txn, job->batch);
        else if (job->conflict)
            rc = 0;
    }
    return store_rc(rc, errno);
}

int store_write(struct store_lmdb *store, struct store_job *jobs,
                const struct store_room *room) {
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);

    if (rc == 0)
        rc = jobs_write(store, txn, jobs);
    if (rc == 0 && !store_write_only_deletes(jobs))
        rc = store_rc(room_check(store, txn, &store->write_dbis, room), 0);
    if (txn)
        cursors_close(store);
    if (rc == 0)
        rc = txn_commit(store, txn);
    else if (txn)
        mdb_txn_abort(txn);
    if (rc == 0)
        tables_publish(store);
    else
        tables_revert(store);
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
