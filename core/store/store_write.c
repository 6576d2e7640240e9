/*
 * store_write.c - what batches do to the open transaction.
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

#include "store_write.h"

/* ---- tables of the open transaction ---- */

/* Opens (and if need be creates) the database of a key's table. */
static int table_open(struct store_lmdb *store, uint8_t letter) {
    char name[8];
    MDB_dbi dbi;

    snprintf(name, sizeof(name), "t%02x", letter);
    int rc = mdb_dbi_open(store->txn, name, MDB_CREATE, &dbi);
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

static int table_get(struct store_lmdb *store, struct wf_str key,
                     struct store_table **found) {
    uint8_t letter = (uint8_t)key.data[2];
    int rc = 0;

    if (!store->write_dbis.of[letter])
        rc = table_open(store, letter);
    struct store_table *table = store->tables[letter];
    if (!table)
        table = store->tables[letter] = wf_calloc(1, sizeof(*table));
    if (rc == 0 && !table->cursor)
        rc = mdb_cursor_open(store->txn, dbi_of(store, key), &table->cursor);
    if (rc == 0 && !table->last_known)
        rc = last_find(table);
    *found = table;
    return rc;
}

void store_cursors_close(struct store_lmdb *store) {
    for (int i = 0; i < 256; i++) {
        struct store_table *table = store->tables[i];
        if (table && table->cursor)
            mdb_cursor_close(table->cursor);
        if (table)
            table->cursor = NULL;
    }
}

void store_tables_revert(struct store_lmdb *store) {
    for (int i = 0; i < 256; i++) {
        store->write_dbis.of[i] = atomic_load(&store->dbis[i]);
        if (store->tables[i])
            store->tables[i]->last_known = false;
    }
}

void store_tables_publish(struct store_lmdb *store) {
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

static int op_put(struct store_lmdb *store, const struct wf_op *op) {
    MDB_val key = {op->key.len, (char *)op->key.data};
    MDB_val value = {op->value.len, (char *)op->value.data};
    struct store_table *table;
    int rc = table_get(store, op->key, &table);

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

static int op_delete(struct store_lmdb *store, const struct wf_op *op) {
    MDB_val key = {op->key.len, (char *)op->key.data};
    if (!store->write_dbis.of[(uint8_t)op->key.data[2]])
        return 0;
    int rc = mdb_del(store->txn, dbi_of(store, op->key), &key, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int op_delete_range(struct store_lmdb *store, const struct wf_op *op) {
    struct store_walk walk;
    MDB_val key, value;
    int rc = store_walk_open(&walk, store->txn, &store->write_dbis, op->key,
                             op->value, false);

    for (unsigned i = 0; rc == 0 && i < op->limit; i++)
        if ((rc = store_walk_next(&walk, &key, &value)) == 0)
            rc = store_walk_delete(&walk);
    store_walk_close(&walk);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* 0: holds; MDB_KEYEXIST: does not. */
static int op_expect(struct store_lmdb *store, const struct wf_op *op) {
    MDB_val key = {op->key.len, (char *)op->key.data}, value;
    int rc = MDB_NOTFOUND;

    if (store->write_dbis.of[(uint8_t)op->key.data[2]])
        rc = mdb_get(store->txn, dbi_of(store, op->key), &key, &value);
    if (rc == MDB_NOTFOUND)
        return op->value.data ? MDB_KEYEXIST : 0;
    if (rc != 0)
        return rc;
    struct wf_str found = {value.mv_data, value.mv_size};
    return op->value.data && wf_str_eq(found, op->value) ? 0 : MDB_KEYEXIST;
}

int store_batch_expects(struct store_lmdb *store,
                        const struct wf_batch *batch) {
    size_t count = wf_batch_count(batch);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct wf_op op = wf_batch_op(batch, i);
        if (op.kind == WF_OP_EXPECT)
            rc = op_expect(store, &op);
    }
    return rc;
}

int store_batch_write(struct store_lmdb *store, const struct wf_batch *batch) {
    size_t count = wf_batch_count(batch);
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        struct wf_op op = wf_batch_op(batch, i);
        if (op.kind == WF_OP_PUT)
            rc = op_put(store, &op);
        else if (op.kind == WF_OP_DELETE)
            rc = op_delete(store, &op);
        else if (op.kind == WF_OP_DELETE_RANGE)
            rc = op_delete_range(store, &op);
    }
    return rc;
}
