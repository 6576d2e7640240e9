/*
 * store_write.h - the write transaction of the LMDB store; for the committer
 * only.
 *
 * The transaction stays open from one commit of the database to the next and
 * contains what the log contains. It ends early when something that must not
 * stay in it was written; it is then made again from the log.
 */
#ifndef WF_STORE_WRITE_H
#define WF_STORE_WRITE_H

#include "store_lmdb.h"

/** What must be left after a transaction that writes rows. */
struct store_room {
    uint64_t limit;   /**< Most bytes in use; only if a limit is set. */
    uint64_t reserve; /**< Least bytes of ballast and free pages together,
                        which deleting needs: LMDB writes new pages first. */
};

/* store_txn.c */

/** How a list of jobs is to become durable. */
enum store_way {
    STORE_WAY_LOG,     /**< By the log, if it has room for them. */
    STORE_WAY_DATABASE /**< By a commit of the database. */
};

/**
 * Makes a list of jobs durable as one piece, sets their `conflict`, and
 * `logged` if it was the log that did it. 0: durable. STORE_RC_NO_ROOM:
 * nothing was written, the same jobs may be tried again; also if less than
 * `room` would be left, unless the jobs only delete. Other codes are fatal.
 */
int store_write(struct store_lmdb *store, struct store_job *jobs,
                const struct store_room *room, enum store_way way,
                bool *logged);

/** Commits what the log contains to the database. Codes as above. */
int store_checkpoint(struct store_lmdb *store);

/** True if the log contains what the database does not. */
bool store_is_behind(const struct store_lmdb *store);

/** Sees to it that there is an open transaction. */
int store_txn_open(struct store_lmdb *store);
/** Gives the open transaction up, if there is one. */
void store_txn_abort(struct store_lmdb *store);

/** True if no job puts a row. */
bool store_write_only_deletes(const struct store_job *jobs);

/** Would a transaction that changes nothing leave `room`? */
bool store_write_has_room(struct store_lmdb *store,
                          const struct store_room *room);

/* store_write.c: operations in the open transaction; LMDB's codes. */

/** MDB_KEYEXIST: a precondition does not hold. */
int store_batch_expects(struct store_lmdb *store,
                        const struct wf_batch *batch);
int store_batch_write(struct store_lmdb *store, const struct wf_batch *batch);
/** LMDB's manual: cursors of a write transaction are closed before its end. */
void store_cursors_close(struct store_lmdb *store);
/** What the transaction opened and learnt is void. */
void store_tables_revert(struct store_lmdb *store);
/** It was committed: others may use its tables. */
void store_tables_publish(struct store_lmdb *store);

#endif
