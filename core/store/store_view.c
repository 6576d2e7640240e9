/* store_view.c - a store that stands still. See store_view.h. */
#include "store_view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_write.h"

struct wf_view {
    struct store_lmdb *store;
    MDB_txn *txn;           /* the store's own, with the log; or a read's */
    struct store_dbis dbis; /* as that sees them */
    struct wf_view_info info;
};

struct wf_view_cursor {
    MDB_cursor *cursor; /* NULL: no such table */
    MDB_cursor_op next;
    size_t last_len;
    char last[STORE_MAX_KEY];
};

static int lmdb_error(const struct wf_view *view, int rc,
                      struct wf_error *err) {
    return wf_error_set(err, WF_E_IO, "cannot read the store in %s: %s",
                        view->store->directory, mdb_strerror(rc));
}

/* Files that root makes in a directory of somebody else are theirs. */
static void give_to_owner(const struct store_lmdb *store, const char *name,
                          const struct stat *owner) {
    char path[4096];
    struct stat st;
    if (geteuid() != 0 ||
        snprintf(path, sizeof(path), "%s/%s", store->directory, name) >=
            (int)sizeof(path) ||
        lstat(path, &st) != 0 || st.st_uid == owner->st_uid)
        return;
    if (lchown(path, owner->st_uid, owner->st_gid) != 0)
        errno = 0;
}

/* Takes the lock if it can: else an engine runs, or nothing can be written
 * here. */
static int take_lock(struct wf_view *view, struct wf_error *err) {
    struct store_lmdb *store = view->store;
    struct wf_error why = {.code = WF_OK};
    char path[4096];
    struct stat st;

    if (snprintf(path, sizeof(path), "%s/moonstep.mdb", store->directory) >=
        (int)sizeof(path))
        return wf_error_set(err, WF_E_INVALID, "the path is too long");
    if (stat(path, &st) != 0)
        return wf_error_set(err, WF_E_NOT_FOUND, "there is no store in %s",
                            store->directory);
    store->lock_fd = store_lock(store->directory, &why);
    if (store->lock_fd >= 0)
        give_to_owner(store, "lock", &st);
    view->info.is_live = why.code == WF_E_BUSY;
    struct wf_str holder = wf_str_clip(wf_str(why.message),
                                       sizeof(view->info.holder) - 1);
    if (view->info.is_live)
        memcpy(view->info.holder, holder.data, holder.len);
    return 0;
}

static int open_log(struct wf_view *view, struct wf_error *err) {
    struct store_lmdb *store = view->store;
    uint64_t seq;
    int rc = store_env_logged(store, &seq);
    if (rc == 0)
        rc = store_wal_open(&store->wal, store->directory, seq, true);
    if (rc == EILSEQ)
        return wf_error_set(err, WF_E_INVALID,
                            "%s/moonstep.wal does not continue moonstep.mdb: "
                            "one of them is from another time",
                            store->directory);
    return rc == 0 ? 0 : lmdb_error(view, rc, err);
}

/* What the log has goes into a transaction that is never committed. */
static int apply_log(struct wf_view *view, struct wf_error *err) {
    struct store_lmdb *store = view->store;

    if (store->lock_fd < 0)
        return wf_error_set(err, WF_E_IO,
                            "the log in %s has rows that the database has "
                            "not: to check them, the files must be writable",
                            store->directory);
    store_env_close(store);
    store->read_only = false;
    if (store_env_open(store, err) != 0)
        return -1;
    int rc = store_txn_open(store);
    if (rc == EILSEQ)
        return wf_error_set(err, WF_E_INVALID, "%s/moonstep.wal: a record "
                            "does not decode", store->directory);
    if (rc != 0)
        return lmdb_error(view, rc, err);
    store_cursors_close(store);
    view->txn = store->txn;
    view->dbis = store->write_dbis;
    view->info.log_records = store->wal.seq - store->wal.stored;
    view->info.log_bytes = store->wal.at;
    return 0;
}

static int begin_read(struct wf_view *view, struct wf_error *err) {
    store_env_dbis(view->store, &view->dbis);
    int rc = mdb_txn_begin(view->store->env, NULL, MDB_RDONLY, &view->txn);
    return rc == 0 ? 0 : lmdb_error(view, rc, err);
}

static int measure(struct wf_view *view, struct wf_error *err) {
    MDB_envinfo info;
    uint64_t used;
    mdb_env_info(view->store->env, &info);
    view->info.format = STORE_FORMAT;
    view->info.file_bytes =
        (uint64_t)(info.me_last_pgno + 1) * view->store->page_bytes;
    int rc = store_env_used(view->store, view->txn, &view->dbis, &used,
                            &view->info.entries);
    return rc == 0 ? 0 : lmdb_error(view, rc, err);
}

static int open_all(struct wf_view *view, struct wf_error *err) {
    struct store_lmdb *store = view->store;
    struct stat st;

    if (take_lock(view, err) != 0 || store_env_open(store, err) != 0)
        return -1;
    if (stat(store->directory, &st) == 0)
        give_to_owner(store, "moonstep.mdb-lock", &st);
    if (!view->info.is_live && open_log(view, err) != 0)
        return -1;
    if ((store->wal.at > 0 ? apply_log : begin_read)(view, err) != 0)
        return -1;
    return measure(view, err);
}

int wf_view_open(const char *directory, struct wf_view **opened,
                 struct wf_error *err) {
    struct wf_store_options options = {.directory = directory,
                                       .read_only = true};
    struct wf_view *view = wf_calloc(1, sizeof(*view));

    view->store = store_new(NULL, &options);
    *opened = view;
    if (open_all(view, err) == 0)
        return 0;
    wf_view_close(view);
    *opened = NULL;
    return -1;
}

void wf_view_close(struct wf_view *view) {
    if (!view)
        return;
    if (view->txn && view->txn != view->store->txn)
        mdb_txn_abort(view->txn);
    store_txn_abort(view->store);
    wf_store_close(&view->store->base);
    free(view);
}

void wf_view_info(const struct wf_view *view, struct wf_view_info *info) {
    *info = view->info;
}

static uint32_t dbi_of(const struct wf_view *view, char table) {
    return view->dbis.of[(uint8_t)table];
}

uint64_t wf_view_rows(const struct wf_view *view, char table) {
    MDB_stat stat;
    uint32_t dbi = dbi_of(view, table);
    return dbi && mdb_stat(view->txn, dbi - 1, &stat) == 0 ? stat.ms_entries
                                                           : 0;
}

bool wf_view_get(struct wf_view *view, struct wf_str key,
                 struct wf_str *value) {
    MDB_val at = {key.len, (char *)key.data}, found = {0, NULL};
    uint32_t dbi = key.len > 2 ? dbi_of(view, key.data[2]) : 0;
    if (!dbi || mdb_get(view->txn, dbi - 1, &at, &found) != 0)
        return false;
    *value = (struct wf_str){found.mv_data, found.mv_size};
    return true;
}

/* ---- scans ---- */

struct wf_view_cursor *wf_view_scan(struct wf_view *view, char table) {
    struct wf_view_cursor *cursor = wf_calloc(1, sizeof(*cursor));
    uint32_t dbi = dbi_of(view, table);
    cursor->next = MDB_FIRST;
    if (dbi && mdb_cursor_open(view->txn, dbi - 1, &cursor->cursor) != 0)
        cursor->cursor = NULL;
    return cursor;
}

/* Keys that don't ascend are those of a damaged page: such a scan might never
 * end. */
static bool ascends(struct wf_view_cursor *cursor, const MDB_val *key) {
    size_t len = key->mv_size < cursor->last_len ? key->mv_size
                                                 : cursor->last_len;
    int order = len ? memcmp(key->mv_data, cursor->last, len) : 0;
    bool good = key->mv_size > 0 && key->mv_size <= STORE_MAX_KEY &&
                (order > 0 || (order == 0 && key->mv_size > cursor->last_len));
    if (good) {
        memcpy(cursor->last, key->mv_data, key->mv_size);
        cursor->last_len = key->mv_size;
    }
    return good;
}

int wf_view_next(struct wf_view_cursor *cursor, struct wf_row *row,
                 struct wf_error *err) {
    MDB_val key, value;
    if (!cursor->cursor)
        return 0;
    int rc = mdb_cursor_get(cursor->cursor, &key, &value, cursor->next);
    cursor->next = MDB_NEXT;
    if (rc == MDB_NOTFOUND)
        return 0;
    if (rc != 0)
        return wf_error_set(err, WF_E_CORRUPT, "%s", mdb_strerror(rc));
    if (!ascends(cursor, &key))
        return wf_error_set(err, WF_E_CORRUPT, "keys are out of order");
    *row = (struct wf_row){{key.mv_data, key.mv_size},
                           {value.mv_data, value.mv_size}};
    return 1;
}

void wf_view_scan_end(struct wf_view_cursor *cursor) {
    if (cursor && cursor->cursor)
        mdb_cursor_close(cursor->cursor);
    free(cursor);
}
