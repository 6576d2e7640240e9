/*
 * store_write.h - one write transaction of the LMDB store; for the committer
 * only.
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

/**
 * Writes and commits a list of jobs as one transaction and sets their
 * `conflict`. 0: durable. STORE_RC_NO_ROOM: nothing was written, the same
 * jobs may be tried again; also if less than `room` would be left, unless the
 * jobs only delete. Other codes are fatal.
 */
int store_write(struct store_lmdb *store, struct store_job *jobs,
                const struct store_room *room);

/** True if no job puts a row. */
bool store_write_only_deletes(const struct store_job *jobs);

/** Would a transaction that changes nothing leave `room`? */
bool store_write_has_room(struct store_lmdb *store,
                          const struct store_room *room);

#endif
