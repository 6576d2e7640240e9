/*
 * store_write.h - one write transaction of the LMDB store; for the committer
 * only.
 */
#ifndef WF_STORE_WRITE_H
#define WF_STORE_WRITE_H

#include "store_lmdb.h"

/**
 * Writes and commits a list of jobs as one transaction and sets their
 * `conflict`. 0: durable. STORE_RC_NO_ROOM: nothing was written, the same
 * jobs may be tried again; also if more than `limit` bytes would be in use
 * (and a limit is set), unless the jobs only delete. Other codes are fatal.
 */
int store_write(struct store_lmdb *store, struct store_job *jobs,
                uint64_t limit);

/** Bytes in use; UINT64_MAX if that can't be told. */
uint64_t store_write_used(struct store_lmdb *store);

#endif
