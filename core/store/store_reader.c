/*
 * store_reader.c - the thread that answers reads.
 *
 * One read, one short transaction; rows are copied, so that nothing of the
 * map is held while the loop works on them. A read transaction keeps every
 * page that is freed meanwhile from being used again, so a read that has
 * taken SLICE_NS ends early and says that there is more. The committer answers
 * some reads itself: store_read_late().
 */
#include "store_lmdb.h"

#include <errno.h>
#include <stdlib.h>

#include "clock.h"
#include "store_write.h"

#define SLICE_NS UINT64_C(50000000)
#define SLICE_CHECK_ROWS 64

struct store_read *store_read_new(const struct wf_range *range,
                                  wf_rows_fn *rows_fn, void *arg) {
    struct store_read *read = wf_calloc(1, sizeof(*read));
    read->range = *range;
    read->rows_fn = rows_fn;
    read->arg = arg;
    if (read->range.max_rows == 0)
        read->range.max_rows = 1000;
    if (read->range.max_bytes == 0)
        read->range.max_bytes = (size_t)1 << 20;
    wf_buf_reserve(&read->bounds, range->from.len + range->to.len + 1);
    wf_buf_addstr(&read->bounds, range->from);
    wf_buf_addstr(&read->bounds, range->to);
    read->range.from.data = read->bounds.data;
    read->range.to.data = read->bounds.data + range->from.len;
    return read;
}

void store_read_free(struct store_read *read) {
    wf_buf_free(&read->bounds);
    wf_buf_free(&read->data);
    free(read->rows);
    free(read);
}

void store_read_answer(const struct store_read *read) {
    if (read->failed)
        read->rows_fn(read->arg, NULL, 0, false, &read->err);
    else
        read->rows_fn(read->arg, read->rows, read->count, read->more, NULL);
}

static void row_add(struct store_read *read, const MDB_val *key,
                    const MDB_val *value) {
    if (read->count == read->cap) {
        read->cap = read->cap ? read->cap * 2 : 4;
        read->rows = wf_realloc(read->rows, read->cap * sizeof(*read->rows));
    }
    read->rows[read->count++] = (struct wf_row){
        .key = {NULL, key->mv_size},
        .value = {NULL, read->range.keys_only ? 0 : value->mv_size},
    };
    wf_buf_add(&read->data, key->mv_data, key->mv_size);
    if (!read->range.keys_only)
        wf_buf_add(&read->data, value->mv_data, value->mv_size);
}

/* The buffer has stopped moving: rows get their addresses. */
static void rows_place(struct store_read *read) {
    const char *at = read->data.data;
    for (size_t i = 0; i < read->count; i++) {
        struct wf_row *row = &read->rows[i];
        row->key.data = at;
        row->value.data = at + row->key.len;
        at = row->value.data + row->value.len;
    }
}

static int rows_collect(struct store_read *read, struct store_walk *walk) {
    uint64_t start = wf_clock_mono_ns();
    MDB_val key, value;
    int rc;

    while ((rc = store_walk_next(walk, &key, &value)) == 0) {
        bool late = read->count % SLICE_CHECK_ROWS == SLICE_CHECK_ROWS - 1 &&
                    wf_clock_mono_ns() - start > SLICE_NS;
        read->more = late || read->count >= read->range.max_rows ||
                     read->data.len >= read->range.max_bytes;
        if (read->more)
            break;
        row_add(read, &key, &value);
    }
    rows_place(read);
    return rc;
}

static void read_failed(struct store_read *read, const char *why) {
    read->failed = true;
    wf_error_set(&read->err, WF_E_IO, "reading from the store failed: %s",
                 why);
}

static int walk_rows(struct store_read *read, MDB_txn *txn,
                     const struct store_dbis *dbis) {
    struct store_walk walk;
    int rc = store_walk_open(&walk, txn, dbis, read->range.from,
                             read->range.to, read->range.reverse);
    if (rc == 0)
        rc = rows_collect(read, &walk);
    store_walk_close(&walk);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Needs env_lock. `txn` is begun, or renewed if there was one, and reset. */
static int run_locked(struct store_lmdb *store, struct store_read *read,
                      MDB_txn **txn) {
    struct store_dbis dbis;

    store_env_dbis(store, &dbis); /* before the transaction begins */
    int rc = *txn ? mdb_txn_renew(*txn)
                  : mdb_txn_begin(store->env, NULL, MDB_RDONLY, txn);
    if (rc != 0)
        return rc;
    rc = walk_rows(read, *txn, &dbis);
    mdb_txn_reset(*txn);
    return rc;
}

void store_read_run(struct store_lmdb *store, struct store_read *read,
                    MDB_txn **txn) {
    MDB_txn *own = NULL;
    int rc = EIO;

    pthread_rwlock_rdlock(&store->env_lock);
    if (atomic_load(&store->state) != WF_STORE_DEAD)
        rc = run_locked(store, read, txn ? txn : &own);
    if (own)
        mdb_txn_abort(own);
    pthread_rwlock_unlock(&store->env_lock);
    if (rc != 0)
        read_failed(read, mdb_strerror(rc));
}

void store_read_late(struct store_lmdb *store, struct store_read *read) {
    int rc = EIO;

    if (atomic_load(&store->state) != WF_STORE_DEAD)
        rc = store_txn_open(store);
    if (rc == 0)
        rc = walk_rows(read, store->txn, &store->write_dbis);
    if (rc != 0)
        read_failed(read, store_rc_text(rc));
}

void store_read_append(struct store_read_list *list, struct store_read *read) {
    if (list->tail)
        list->tail->next = read;
    else
        list->head = read;
    list->tail = read;
}

void store_read_done(struct store_lmdb *store, struct store_read *read) {
    store->counters.reads++;
    read->answered = true;
    if (read->sync)
        pthread_cond_signal(&store->read_done);
    else
        store_read_append(&store->answers, read);
}

void *store_reader_main(void *arg) {
    struct store_lmdb *store = arg;

    pthread_mutex_lock(&store->mutex);
    while (!store->closing) {
        struct store_read *read = store->reads.head;
        if (!read) {
            pthread_cond_wait(&store->read_work, &store->mutex);
            continue;
        }
        store->reads.head = read->next;
        if (!read->next)
            store->reads.tail = NULL;
        read->next = NULL;
        pthread_mutex_unlock(&store->mutex);
        store_read_run(store, read, &store->reader_txn);
        pthread_mutex_lock(&store->mutex);
        store_read_done(store, read);
        pthread_mutex_unlock(&store->mutex);
        ev_async_send(store->loop, &store->wake);
        pthread_mutex_lock(&store->mutex);
    }
    pthread_mutex_unlock(&store->mutex);
    return NULL;
}
