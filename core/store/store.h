/*
 * store.h - the only door to storage: an ordered key-value store that is
 * asynchronous both ways.
 *
 * Writes: a batch of puts and deletes, with optional preconditions, becomes
 * durable as one piece. Batches complete in the order they were applied; one
 * that fails for want of room is kept and tried again, and nothing overtakes
 * it. Reads: answered from a reader, on the loop of the caller, never
 * blocking it. A read sees every batch whose on_durable has been called (and
 * may see later ones).
 *
 * Keys: 1..500 bytes, the first two being the partition (big-endian), the
 * third the table (a letter; see keys.h). No batch spans two partitions.
 * Values: 0..2^31-1 bytes. Order: memcmp.
 *
 * Every callback runs on the loop thread, from inside ev_run(), never from
 * inside the call that asked for it.
 *
 * Implementations: store_lmdb.c; tests/support/store_memory.c.
 */
#ifndef WF_STORE_H
#define WF_STORE_H

#include <ev.h>

#include "base.h"

struct wf_store;
struct wf_batch;

/** What a store is told when it is opened. */
struct wf_store_options {
    const char *directory;   /**< Created if missing. */
    uint64_t map_bytes;      /**< Reserved address space; 0: 1 TiB. */
    uint64_t limit_bytes;    /**< Refuse to use more, ballast included (which
                               is an eighth of it at most); 0: none. */
    uint64_t ballast_bytes;  /**< Released when the disk is full; 0: 16 MiB. */
    bool no_sync;            /**< Tests only: skip fsync. */
    bool read_only;          /**< For `moonstep check`: no lock, no writer. */
};

enum wf_store_state {
    WF_STORE_OK = 0,
    WF_STORE_FULL,  /**< No room, or only the ballast's: refuse new work;
                      what was applied is tried until it can be written. */
    WF_STORE_DEAD,  /**< EIO or fsync failed: the process must stop. */
};

struct wf_store_stats {
    uint64_t commits, commit_ns, commit_max_ns; /**< since open; what callers
                                                  wait for */
    uint64_t checkpoints, checkpoint_ns; /**< of a log, part of them too */
    uint64_t batches, bytes_in;                 /**< applied, key+value bytes */
    uint64_t file_bytes, used_bytes, entries;
    uint64_t reads, queued_batches;
};

/**
 * Opens a store, takes the exclusive lock of its directory and checks the
 * format version (writes it into a new store). WF_E_BUSY names the pid that
 * holds the lock; WF_E_INVALID an unknown format. The loop is borrowed.
 */
int wf_store_open_lmdb(struct ev_loop *loop,
                       const struct wf_store_options *options,
                       struct wf_store **store, struct wf_error *err);

/**
 * Waits until all applied batches are durable (or the store is dead or full),
 * then closes. Callbacks not called yet are dropped. NULL is allowed. Not from
 * inside a callback of the store.
 */
void wf_store_close(struct wf_store *store);

/** The library underneath: "LMDB 0.9.24: (July 24, 2019)". */
const char *wf_store_version(void);

enum wf_store_state wf_store_state(const struct wf_store *store);
/** `changed` runs on the loop whenever the state changes. */
void wf_store_watch(struct wf_store *store,
                    void (*changed)(void *arg, enum wf_store_state state,
                                    const struct wf_error *err),
                    void *arg);
void wf_store_stats(struct wf_store *store, struct wf_store_stats *stats);

/* ---- writing ---- */

struct wf_batch *wf_batch_new(uint16_t partition);
void wf_batch_free(struct wf_batch *batch); /* not after apply; NULL is fine */
/** Copies key and value. Later operations on a key win. */
void wf_batch_put(struct wf_batch *batch, struct wf_str key,
                  struct wf_str value);
/** As put, but takes `value`'s memory (leaves it empty): for large values. */
void wf_batch_put_buf(struct wf_batch *batch, struct wf_str key,
                      struct wf_buf *value);
/** Deleting what is not there is no error. */
void wf_batch_delete(struct wf_batch *batch, struct wf_str key);
/** Deletes up to `limit` keys in [from, to) in key order. */
void wf_batch_delete_range(struct wf_batch *batch, struct wf_str from,
                           struct wf_str to, unsigned limit);
/** The batch applies only if `key` has this value (WF_STR_NULL: is absent). */
void wf_batch_expect(struct wf_batch *batch, struct wf_str key,
                     struct wf_str value);
size_t wf_batch_bytes(const struct wf_batch *batch); /* keys + values */
bool wf_batch_is_empty(const struct wf_batch *batch);

/**
 * Called once for each batch, in order of apply. `err` is NULL when the batch
 * is durable; otherwise WF_E_CONFLICT (a precondition; nothing was written).
 * Other failures never arrive here: the store waits (WF_STORE_FULL) or dies.
 */
typedef void wf_durable_fn(void *arg, const struct wf_error *err);

/** Takes `batch`. Returns at once; `done` runs later on the loop. */
void wf_store_apply(struct wf_store *store, struct wf_batch *batch,
                    wf_durable_fn *done, void *arg);

/* ---- reading ---- */

struct wf_row {
    struct wf_str key;
    struct wf_str value;
};

/**
 * Rows in key order (or reverse), borrowed until the callback returns. `more`
 * says that the limit, not the end of the range, ended the scan: continue
 * from the last key. `err` non-NULL: the read failed (rows is NULL).
 */
typedef void wf_rows_fn(void *arg, const struct wf_row *rows, size_t count,
                        bool more, const struct wf_error *err);

struct wf_range {
    struct wf_str from; /**< Inclusive; copied. */
    struct wf_str to;   /**< Exclusive; copied. */
    bool reverse;       /**< From the last key below `to` downwards. */
    bool keys_only;     /**< Values come empty. */
    unsigned max_rows;  /**< 0: 1,000. */
    size_t max_bytes;   /**< Stop after the row that reaches it; 0: 1 MiB. */
};

/** One key: 0 or 1 rows. */
void wf_store_get(struct wf_store *store, struct wf_str key, wf_rows_fn *rows,
                  void *arg);
void wf_store_scan(struct wf_store *store, const struct wf_range *range,
                   wf_rows_fn *rows, void *arg);
/**
 * The same, blocking, for start-up and tools that have no loop running yet.
 * Returns 0, or -1 and fills `err`.
 */
int wf_store_scan_now(struct wf_store *store, const struct wf_range *range,
                      wf_rows_fn *rows, void *arg, struct wf_error *err);

/* ---- for implementations ---- */

struct wf_store_ops {
    void (*close)(struct wf_store *store);
    enum wf_store_state (*state)(const struct wf_store *store);
    void (*stats)(struct wf_store *store, struct wf_store_stats *stats);
    void (*apply)(struct wf_store *store, struct wf_batch *batch,
                  wf_durable_fn *done, void *arg);
    void (*scan)(struct wf_store *store, const struct wf_range *range,
                 wf_rows_fn *rows, void *arg);
    int (*scan_now)(struct wf_store *store, const struct wf_range *range,
                    wf_rows_fn *rows, void *arg, struct wf_error *err);
};

/** Sees every batch before the store does, on the loop. */
struct wf_store_tee {
    void (*applied)(struct wf_store_tee *tee, const struct wf_batch *batch);
};

/** First member of every implementation. */
struct wf_store {
    const struct wf_store_ops *ops;
    struct wf_store_tee *tee; /**< NULL: none. */
    void (*changed)(void *arg, enum wf_store_state state,
                    const struct wf_error *err);
    void *changed_arg;
};

/** A batch's operations, for implementations to walk. */
enum wf_op_kind { WF_OP_PUT, WF_OP_DELETE, WF_OP_DELETE_RANGE, WF_OP_EXPECT };

struct wf_op {
    enum wf_op_kind kind;
    unsigned limit;      /**< DELETE_RANGE */
    struct wf_str key;   /**< or the range's start */
    struct wf_str value; /**< or the range's end */
};

size_t wf_batch_count(const struct wf_batch *batch);
struct wf_op wf_batch_op(const struct wf_batch *batch, size_t index);
uint16_t wf_batch_partition(const struct wf_batch *batch);

#endif
