/*
 * store_env.c - the LMDB environment: opening, format, what errors mean.
 *
 * Flags. MDB_NOTLS: read transactions belong to objects, not to threads.
 * MDB_NORDAHEAD: rows of parked frames are read one at a time; read-ahead
 * would fetch 128 KiB for each. Not MDB_NOMEMINIT: pages would carry stale
 * memory of the process, secrets among it, to disk. Not MDB_NOMETASYNC (a
 * crash could undo the last commit), not MDB_WRITEMAP (more bytes, slower).
 *
 * Failed commits. LMDB writes the data pages, flushes them, then writes the
 * meta page through an O_DSYNC descriptor; until the last step nothing refers
 * to the new pages, so a commit that failed before it is simply written again
 * from the batches. LMDB reports a short write, which is how a disk fills up
 * in the middle of a page run, as EIO without setting errno. If writing the
 * meta page fails, the outcome is unknown and LMDB refuses to go on until the
 * environment is opened anew: store_env_settle().
 */
#include "store_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_MAP_BYTES (UINT64_C(1) << 40)
#define SMALLEST_MAP_BYTES (UINT64_C(1) << 26)

int store_rc(int rc, int saved_errno) {
    switch (rc) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case MDB_MAP_FULL:
        return STORE_RC_NO_ROOM;
    case EIO:
        return saved_errno == 0 ? STORE_RC_NO_ROOM : EIO;
    default:
        return rc;
    }
}

const char *store_rc_text(int rc) {
    return rc == STORE_RC_NO_ROOM ? "no space left" : mdb_strerror(rc);
}

static unsigned env_flags(const struct store_lmdb *store) {
    return MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD |
           (store->no_sync ? MDB_NOSYNC : 0) |
           (store->read_only ? MDB_RDONLY : 0);
}

static int try_open(struct store_lmdb *store, const char *path) {
    int rc = mdb_env_create(&store->env);
    if (rc != 0)
        return rc;
    if ((rc = mdb_env_set_maxdbs(store->env, STORE_MAX_TABLES + 1)) == 0 &&
        (rc = mdb_env_set_mapsize(store->env, store->map_bytes)) == 0)
        rc = mdb_env_open(store->env, path, env_flags(store), 0600);
    if (rc != 0) {
        mdb_env_close(store->env);
        store->env = NULL;
    }
    return rc;
}

/* Reserves less address space where that much is not to be had. */
static int open_env(struct store_lmdb *store, const char *path) {
    if (store->map_bytes == 0)
        store->map_bytes = DEFAULT_MAP_BYTES;
    int rc = try_open(store, path);
    while (rc == ENOMEM && store->map_bytes > SMALLEST_MAP_BYTES) {
        store->map_bytes /= 2;
        rc = try_open(store, path);
    }
    return rc;
}

/* ---- tables ---- */

static int table_letter(const MDB_val *name) {
    unsigned letter;
    char text[4];
    if (name->mv_size != 3 || *(char *)name->mv_data != 't')
        return -1;
    memcpy(text, name->mv_data, 3);
    text[3] = '\0';
    return sscanf(text + 1, "%2x", &letter) == 1 ? (int)letter : -1;
}

static int open_tables(struct store_lmdb *store, MDB_txn *txn, int *count) {
    MDB_cursor *cursor = NULL;
    MDB_dbi names;
    MDB_val name;
    int rc = mdb_dbi_open(txn, NULL, 0, &names);

    if (rc == 0)
        rc = mdb_cursor_open(txn, names, &cursor);
    while (rc == 0 && (rc = mdb_cursor_get(cursor, &name, NULL,
                                           MDB_NEXT)) == 0) {
        int letter = table_letter(&name);
        MDB_dbi dbi;
        char text[4] = "";
        if (letter < 0)
            continue;
        memcpy(text, name.mv_data, 3);
        if ((rc = mdb_dbi_open(txn, text, 0, &dbi)) == 0) {
            atomic_store(&store->dbis[letter], dbi + 1);
            store->write_dbis.of[letter] = dbi + 1;
            ++*count;
        }
    }
    if (cursor)
        mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- format ---- */

static int format_write(struct store_lmdb *store, MDB_txn *txn) {
    unsigned char be[4] = {0, 0, 0, STORE_FORMAT};
    MDB_val key = {6, (char *)"format"}, value = {sizeof(be), be};
    int rc = mdb_dbi_open(txn, "meta", MDB_CREATE, &store->meta);
    return rc ? rc : mdb_put(txn, store->meta, &key, &value, 0);
}

static int format_check(struct store_lmdb *store, MDB_txn *txn,
                        struct wf_error *err) {
    MDB_val key = {6, (char *)"format"}, value;
    int rc = mdb_get(txn, store->meta, &key, &value);

    if (rc != 0 || value.mv_size != 4)
        return wf_error_set(err, WF_E_INVALID,
                            "%s/moonstep.mdb has no format version",
                            store->directory);
    struct wf_reader reader = {value.mv_data, (char *)value.mv_data + 4, false};
    uint32_t format = wf_read_be32(&reader);
    if (format != STORE_FORMAT)
        return wf_error_set(err, WF_E_INVALID,
                            "%s has store format %u; this version of "
                            "Moonstep reads and writes format %d",
                            store->directory, format, STORE_FORMAT);
    return 0;
}

static int io_error(struct store_lmdb *store, int rc, struct wf_error *err) {
    if (rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH)
        return wf_error_set(err, WF_E_INVALID,
                            "%s/moonstep.mdb is not a Moonstep store: %s",
                            store->directory, mdb_strerror(rc));
    if (rc == ENOENT)
        return wf_error_set(err, WF_E_NOT_FOUND, "there is no store in %s",
                            store->directory);
    return wf_error_set(err, WF_E_IO, "cannot open the store in %s: %s",
                        store->directory, mdb_strerror(rc));
}

/* Opens the databases, in a transaction of their own. */
static int open_databases(struct store_lmdb *store, struct wf_error *err) {
    MDB_txn *txn = NULL;
    int tables = 0;
    int rc = mdb_txn_begin(store->env, NULL,
                           store->read_only ? MDB_RDONLY : 0, &txn);
    if (rc == 0)
        rc = open_tables(store, txn, &tables);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "meta", 0, &store->meta);
    bool is_new = rc == MDB_NOTFOUND && tables == 0 && !store->read_only;
    if (is_new)
        rc = format_write(store, txn);
    else if (rc == 0 && format_check(store, txn, err) != 0)
        rc = -1;
    if (rc == 0) {
        rc = mdb_txn_commit(txn);
        txn = NULL;
    }
    if (txn)
        mdb_txn_abort(txn);
    if (rc == MDB_NOTFOUND)
        rc = MDB_INVALID;
    return rc == 0 ? 0 : rc == -1 ? -1 : io_error(store, rc, err);
}

/*
 * A new database is made under another name and gets its own once it and its
 * format are durable. LMDB writes the first two pages without flushing them,
 * and only one of them after a power cut would be no database at all.
 */
static int make_new(struct store_lmdb *store, const char *path,
                    struct wf_error *err) {
    char fresh[4096 + 16];

    snprintf(fresh, sizeof(fresh), "%s.new", path);
    if (unlink(fresh) != 0 && errno != ENOENT) /* an earlier attempt's */
        return errno;
    int rc = store_wal_remove(store->directory);
    if (rc == 0)
        rc = open_env(store, fresh);
    if (rc == 0 && open_databases(store, err) != 0)
        rc = -1;
    if (rc == 0)
        rc = mdb_env_sync(store->env, !store->no_sync);
    store_env_close(store);
    if (rc == 0 && rename(fresh, path) != 0)
        rc = errno;
    if (rc == 0 && !store->no_sync)
        rc = store_sync_directory(store->directory);
    snprintf(fresh, sizeof(fresh), "%s.new-lock", path);
    unlink(fresh);
    return rc;
}

int store_env_open(struct store_lmdb *store, struct wf_error *err) {
    char path[4096];
    MDB_stat stat;

    int len = snprintf(path, sizeof(path), "%s/moonstep.mdb",
                       store->directory);
    if (len >= (int)sizeof(path))
        return wf_error_set(err, WF_E_INVALID, "the path is too long");
    int rc = 0;
    if (!store->read_only && access(path, F_OK) != 0 && errno == ENOENT)
        rc = make_new(store, path, err);
    if (rc == 0)
        rc = open_env(store, path);
    if (rc != 0)
        return rc == -1 ? -1 : io_error(store, rc, err);
    int fd;
    if (mdb_env_get_fd(store->env, &fd) == 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    mdb_env_stat(store->env, &stat);
    store->page_bytes = stat.ms_psize;
    mdb_reader_check(store->env, NULL); /* of tools that were killed */
    return open_databases(store, err);
}

void store_env_close(struct store_lmdb *store) {
    if (store->reader_txn)
        mdb_txn_abort(store->reader_txn);
    store->reader_txn = NULL;
    if (store->env)
        mdb_env_close(store->env);
    store->env = NULL;
}

/* ---- after a failed commit ---- */

static bool env_panicked(struct store_lmdb *store) {
    MDB_txn *txn = NULL;
    if (mdb_txn_begin(store->env, NULL, 0, &txn) != 0)
        return true;
    mdb_txn_abort(txn);
    return false;
}

/*
 * One more commit, of a row nobody reads. It writes the other meta page, so
 * once it is durable, so is all before it, whatever became of the page whose
 * writing had failed.
 */
int store_env_confirm(struct store_lmdb *store, uint64_t txn_id) {
    MDB_val key = {7, (char *)"confirm"};
    MDB_val value = {sizeof(txn_id), &txn_id};
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (rc != 0)
        return rc;
    rc = mdb_put(txn, store->meta, &key, &value, 0);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return rc;
    }
    return mdb_txn_commit(txn);
}

static void forget_tables(struct store_lmdb *store) {
    for (int i = 0; i < 256; i++) {
        atomic_store(&store->dbis[i], 0);
        store->write_dbis.of[i] = 0;
        free(store->tables[i]);
        store->tables[i] = NULL;
    }
}

/*
 * Opens the environment anew. Opening reads the newest meta page; whichever
 * that is, it is flushed before anything overwrites pages of the other one.
 * Whatever fails here is fatal: the process recovers from disk.
 */
static int settle_anew(struct store_lmdb *store, uint64_t txn_id, int rc) {
    MDB_envinfo info;
    forget_tables(store);
    store_env_close(store);
    if (store_env_open(store, NULL) != 0)
        return EIO;
    if (mdb_env_sync(store->env, 1) != 0)
        return EIO;
    mdb_env_info(store->env, &info);
    if (info.me_last_txnid < txn_id)
        return rc;
    return store_env_confirm(store, txn_id) == 0 ? 0 : EIO;
}

int store_env_settle(struct store_lmdb *store, uint64_t txn_id, int rc) {
    if (rc != STORE_RC_NO_ROOM || !env_panicked(store))
        return rc;
    pthread_rwlock_wrlock(&store->env_lock);
    rc = settle_anew(store, txn_id, rc);
    pthread_rwlock_unlock(&store->env_lock);
    return rc;
}

void store_env_dbis(struct store_lmdb *store, struct store_dbis *dbis) {
    for (int i = 0; i < 256; i++)
        dbis->of[i] = atomic_load_explicit(&store->dbis[i],
                                           memory_order_acquire);
}

int store_env_logged(struct store_lmdb *store, uint64_t *seq) {
    MDB_val key = {3, (char *)"log"}, value;
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);

    *seq = 0;
    if (rc == 0)
        rc = mdb_get(txn, store->meta, &key, &value);
    if (rc == 0) {
        struct wf_reader reader = {
            value.mv_data, (char *)value.mv_data + value.mv_size, false,
        };
        *seq = wf_read_be64(&reader);
    }
    if (txn)
        mdb_txn_abort(txn);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

int store_env_log(struct store_lmdb *store, MDB_txn *txn, uint64_t seq) {
    unsigned char be[8];
    MDB_val key = {3, (char *)"log"}, value = {sizeof(be), be};

    for (int i = 0; i < 8; i++)
        be[i] = (unsigned char)(seq >> (56 - 8 * i));
    return mdb_put(txn, store->meta, &key, &value, 0);
}

static int add_used(MDB_txn *txn, MDB_dbi dbi, uint64_t *pages,
                    uint64_t *entries) {
    MDB_stat stat;
    int rc = mdb_stat(txn, dbi, &stat);
    if (rc != 0)
        return rc;
    *pages += stat.ms_branch_pages + stat.ms_leaf_pages +
              stat.ms_overflow_pages;
    *entries += stat.ms_entries;
    return 0;
}

int store_env_used(const struct store_lmdb *store, MDB_txn *txn,
                   const struct store_dbis *dbis, uint64_t *used,
                   uint64_t *entries) {
    uint64_t pages = 2, ignored = 0; /* two meta pages */
    int rc = add_used(txn, 0, &pages, &ignored); /* list of free pages */

    *entries = 0;
    if (rc == 0)
        rc = add_used(txn, 1, &pages, &ignored); /* names of databases */
    if (rc == 0)
        rc = add_used(txn, store->meta, &pages, &ignored);
    for (int i = 0; i < 256 && rc == 0; i++)
        if (dbis->of[i])
            rc = add_used(txn, dbis->of[i] - 1, &pages, entries);
    *used = pages * store->page_bytes;
    return rc;
}

int store_env_count(struct store_lmdb *store, uint64_t *used,
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
