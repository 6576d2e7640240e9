/*
 * store_lmdb.h - inside of the LMDB store; only store_*.c include it.
 *
 * A directory holds
 *
 *   lock           flock()ed by the engine that uses the store; its pid
 *   moonstep.mdb   LMDB: database "meta" (format version, how much of the
 *                  log it contains), and one database "tXX" for each table
 *                  letter XX (hexadecimal) in use
 *   moonstep.wal   log of what LMDB will commit later (store_wal.h)
 *   ballast.bin    room set aside for clean-up on a full disk
 *
 * One database for each table keeps the journal's pages, which come and go
 * at the ends, apart from rows, and lets ascending keys be appended.
 *
 * Threads: the loop's (store_lmdb.c, store_open.c), the committer, the only
 * one that writes (store_committer.c), and the reader (store_reader.c). They
 * meet at `mutex`; jobs and reads are owned by the thread on whose list they
 * are. The reader sees what LMDB has committed. What only the log contains,
 * the committer reads in its open transaction, between two groups.
 * `env_lock` is held for reading by whoever has a read transaction open, for
 * writing while the environment is opened anew.
 */
#ifndef WF_STORE_LMDB_H
#define WF_STORE_LMDB_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store.h"
#include "store_fault.h"
#include "store_touched.h"
#include "store_wal.h"

enum { STORE_FORMAT = 3, STORE_MAX_TABLES = 32, STORE_MAX_KEY = 511 };

/* Result of LMDB calls once store_rc() has looked at it. Others are fatal. */
#define STORE_RC_NO_ROOM (-1)

/** An applied batch on its way: queue, committer, loop. */
struct store_job {
    struct store_job *next;
    struct wf_batch *batch;
    wf_durable_fn *done;
    void *arg;
    bool conflict;
};

/** A read on its way: queue, reader, loop. */
struct store_read {
    struct store_read *next;
    struct wf_range range;  /**< `from` and `to` point into `bounds`. */
    struct wf_buf bounds;
    wf_rows_fn *rows_fn;
    void *arg;
    struct wf_row *rows;    /**< Point into `data` when complete. */
    size_t count, cap;
    struct wf_buf data;
    bool more;
    bool failed;
    bool sync;              /**< Somebody waits for `answered`. */
    bool answered;
    struct wf_error err;
};

struct store_job_list {
    struct store_job *head, *tail;
};

struct store_read_list {
    struct store_read *head, *tail;
};

/** Database handles by table letter, plus 1; 0: no such table yet. */
struct store_dbis {
    uint32_t of[256];
};

/** A table as the committer knows it. */
struct store_table {
    MDB_cursor *cursor;   /**< Of the open write transaction, or NULL. */
    bool last_known;
    size_t last_len;      /**< No key of the table is behind `last`. */
    unsigned char last[STORE_MAX_KEY];
};

struct store_lmdb {
    struct wf_store base; /* first */
    struct ev_loop *loop;
    ev_async wake;
    unsigned outstanding; /* jobs and reads not answered; loop thread only */
    enum wf_store_state notified;

    /* Set at open. */
    char *directory;
    uint64_t map_bytes, limit_bytes, ballast_bytes;
    bool no_sync, read_only;
    int lock_fd;
    bool threads_started;

    /* The environment. */
    pthread_rwlock_t env_lock;
    MDB_env *env;
    MDB_txn *reader_txn;  /* the reader's, reset between reads */
    unsigned page_bytes;
    MDB_dbi meta;
    _Atomic uint32_t dbis[256]; /* as struct store_dbis; only committed ones */

    /* Shared, under `mutex`. */
    pthread_mutex_t mutex;
    pthread_cond_t work;       /* for the committer */
    pthread_cond_t read_work;  /* for the reader */
    pthread_cond_t read_done;  /* for the loop, in scan_now */
    struct store_job_list queue, done, lost;
    struct store_read_list reads, late, answers; /* late: the committer's */
    struct store_touched *touched;
    bool closing;
    struct wf_error state_err;
    struct wf_store_stats counters;
    uint64_t queued;
    struct wf_store_fault fault;

    _Atomic int state; /* enum wf_store_state */

    /* The committer's own. */
    pthread_t committer, reader;
    MDB_txn *txn;                 /* open, or NULL */
    struct store_dbis write_dbis; /* and those of the open transaction */
    struct store_wal wal;
    size_t txn_ops;               /* operations in it */
    bool log_short;               /* it should be larger */
    bool tight;                   /* the disk is nearly full */
    uint64_t behind_since_ns, logged_ns; /* first, last record in the log */
    uint64_t used, entries;       /* of the rows, after the last group */
    uint64_t checkpoints, checkpoint_ns;
    struct store_table *tables[256];
    uint64_t ballast_held; /* size of the file */
    bool wake_due;        /* the loop has something to look at */
};

/* store_lmdb.c */

extern const struct wf_store_ops store_lmdb_ops;
void store_on_wake(struct ev_loop *loop, ev_async *wake, int events);

/* store_open.c */

/** Nothing is open yet; wf_store_close() frees it. */
struct store_lmdb *store_new(struct ev_loop *loop,
                             const struct wf_store_options *options);

/* store_lock.c */

/** Takes the directory's lock; the descriptor, or -1 and `err`. */
int store_lock(const char *directory, struct wf_error *err);
/** Restores the ballast as far as there is room; true: it is complete. */
bool store_ballast_hold(struct store_lmdb *store);
/** Shrinks it to `keep` bytes; true: that made room. */
bool store_ballast_release(struct store_lmdb *store, uint64_t keep);

/* store_env.c */

int store_env_open(struct store_lmdb *store, struct wf_error *err);
/** The last record of the log that the database contains. LMDB's code. */
int store_env_logged(struct store_lmdb *store, uint64_t *seq);
int store_env_log(struct store_lmdb *store, MDB_txn *txn, uint64_t seq);
void store_env_close(struct store_lmdb *store);
/** Joins LMDB's code and errno to what we do about it. */
int store_rc(int rc, int saved_errno);
const char *store_rc_text(int rc);
/**
 * After a commit of transaction `txn_id` failed with `rc`: 0 if it took place
 * after all and is durable, else the error, with the environment usable again
 * if that is STORE_RC_NO_ROOM.
 */
int store_env_settle(struct store_lmdb *store, uint64_t txn_id, int rc);
/** A commit of next to nothing. LMDB's code. */
int store_env_confirm(struct store_lmdb *store, uint64_t txn_id);
/** Bytes of the pages that hold something, as `txn` sees them. */
int store_env_used(const struct store_lmdb *store, MDB_txn *txn,
                   const struct store_dbis *dbis, uint64_t *used,
                   uint64_t *entries);
/** The same of what is committed; later the committer keeps count. */
int store_env_count(struct store_lmdb *store, uint64_t *used,
                    uint64_t *entries);
/**
 * The committed tables. A transaction begun *after* this call knows their
 * handles; an older one may not.
 */
void store_env_dbis(struct store_lmdb *store, struct store_dbis *dbis);

/* store_walk.c: rows of a range, over all tables it touches. */

struct store_walk {
    struct wf_str from, to;
    bool reverse;
    int current; /* the row last given, or -1 */
    int count;
    struct store_walk_at {
        MDB_cursor *cursor;
        MDB_val key, value;
        bool live;
    } at[STORE_MAX_TABLES];
};

/** `from`, `to` and `txn` are borrowed until the walk is closed. */
int store_walk_open(struct store_walk *walk, MDB_txn *txn,
                    const struct store_dbis *dbis, struct wf_str from,
                    struct wf_str to, bool reverse);
/** The next row, borrowed from LMDB; MDB_NOTFOUND at the end. */
int store_walk_next(struct store_walk *walk, MDB_val *key, MDB_val *value);
/** Deletes the row that next() gave. */
int store_walk_delete(struct store_walk *walk);
void store_walk_close(struct store_walk *walk);

/* store_committer.c, store_reader.c: threads; arg is the store. */

void *store_committer_main(void *arg);
void *store_reader_main(void *arg);
/** `txn` is kept for the next read; NULL: one of its own. */
void store_read_run(struct store_lmdb *store, struct store_read *read,
                    MDB_txn **txn);
/** For the committer: in its open transaction. */
void store_read_late(struct store_lmdb *store, struct store_read *read);
/** `mutex` is held: the read goes to whoever waits for it. */
void store_read_done(struct store_lmdb *store, struct store_read *read);
void store_read_append(struct store_read_list *list, struct store_read *read);
struct store_read *store_read_new(const struct wf_range *range,
                                  wf_rows_fn *rows_fn, void *arg);
void store_read_free(struct store_read *read);
/** Calls the read's callback. */
void store_read_answer(const struct store_read *read);

#endif
