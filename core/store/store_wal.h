/*
 * store_wal.h - the log in front of the LMDB store: a file that is written
 * in sequence, so that a small commit costs one write and one flush.
 *
 * A record holds the batches of one group. Records lie one behind the other,
 * each on a sector of its own (512 bytes), so that writing one never touches
 * bytes of an earlier one:
 *
 *   magic:4 crc32c:4 seq:8 length:4 payload zeros
 *
 * all big-endian; the checksum covers what comes behind it. The payload is
 * the batches, each `operations:4`, `partition:2` and then for each operation
 *
 *   kind:1 key_length:2 limit:4 value_length:4 key value
 *
 * in the order of apply; those with a failed precondition are left out, and
 * so are preconditions. A range that is deleted is logged as a range: what it
 * deletes depends only on the rows before it, and replay starts from the same
 * rows and applies the same batches in the same order.
 *
 * Numbers ascend by one for each record and never start again. The database
 * holds, in "meta" under "log", the number of the last record it contains.
 * Whenever LMDB commits it contains all of them, so the next record goes to
 * the start of the file. Reading ends at the first record that is torn or
 * does not continue the numbers; what stands behind is from earlier rounds.
 *
 * The file is filled with real zeros before it is used: a flush of blocks
 * that only were allocated would write the journal of the file system, too.
 */
#ifndef WF_STORE_WAL_H
#define WF_STORE_WAL_H

#include <stdatomic.h>

#include "store.h"

enum {
    STORE_WAL_FIRST = 256 << 10, /**< Size of a new file. */
    STORE_WAL_MOST = 4 << 20,    /**< It is doubled up to this. */
    STORE_WAL_LARGE = 512 << 10, /**< No group beyond this is logged. */
};

struct store_wal {
    int fd;                  /**< -1: there is no log (yet). */
    bool no_sync;
    _Atomic uint64_t filled; /**< Size of the file. */
    uint64_t at;             /**< End of the records that are in use; 0: the
                               database contains everything. */
    uint64_t seq;            /**< The last number that was given. */
    uint64_t stored;         /**< The database's, when it was opened. */
    struct wf_buf buffer;
};

/**
 * Opens the log of a directory, if there is one, and looks for records above
 * `stored`, the last that the database contains. Returns 0 or errno; EILSEQ:
 * records between those of the database and of the log are missing.
 */
int store_wal_open(struct store_wal *wal, const char *directory,
                   uint64_t stored, bool read_only);
void store_wal_close(struct store_wal *wal);
/** Removes the log, for a new database. 0 or errno. */
int store_wal_remove(const char *directory);

/** Makes names in a directory durable. 0 or errno. */
int store_sync_directory(const char *directory);

/** Creates the file, or doubles it; not while there are records in use.
 * 0 or errno; EIO with errno 0 is a short write. */
int store_wal_grow(struct store_wal *wal, const char *directory);

/** Begins a record; store_wal_add() what belongs to it, then append. */
void store_wal_begin(struct store_wal *wal);
void store_wal_add(struct store_wal *wal, const struct wf_batch *batch);
/** False if the file has no room for the record that was begun. */
bool store_wal_fits(const struct store_wal *wal);
/**
 * Makes the record durable. 0 or errno; EIO with errno 0 is a short write.
 * After an error nobody knows whether the record is on the disk; its number
 * is not used again, and the next commit of the database covers it.
 */
int store_wal_append(struct store_wal *wal);

/** The database contains everything: the file is free. */
void store_wal_reset(struct store_wal *wal);

/** Takes the batch. Not 0: replay ends with that. */
typedef int store_wal_fn(void *arg, struct wf_batch *batch);
/**
 * Reads all batches of the records in use. 0, errno or what `fn` said;
 * EILSEQ: they have changed since they were written.
 */
int store_wal_replay(struct store_wal *wal, store_wal_fn *fn, void *arg);

#endif
