/*
 * backup.h - a copy of a store that is in use, as a directory that an engine
 * can be started on.
 *
 * The rows are copied in slices, in key order, each by a short read, so the
 * store's file does not grow for the sake of the copy. Batches that are
 * applied meanwhile go into the copy as well: what they do to keys that have
 * been copied at once, what they do to keys of the slice under way behind
 * it, and the rest is seen by the slices to come. So the copy is the store as
 * it is at the end, all batches in it whole.
 *
 *       copied              slice            to come
 *   ────────────────────┬──────────────┬────────────────▶ keys
 *   written at once     │ kept, until  │ seen by later reads
 *                       │ it is there  │
 *
 * The copy is made as DIRECTORY.partial and renamed when it is complete and
 * durable. A thread of its own writes it; reading and choosing is done on the
 * store's loop, a slice at a time.
 */
#ifndef WF_BACKUP_H
#define WF_BACKUP_H

#include "store.h"

struct wf_backup;

struct wf_backup_status {
    uint64_t rows, bytes; /**< Copied so far: bytes of keys and values. */
    bool is_over;
    struct wf_error err;  /**< Over, and code not WF_OK: it failed. */
};

/** Both run on the loop, once. */
struct wf_backup_events {
    /** May add rows that only the copy has; or NULL. */
    void (*finishing)(void *arg, struct wf_batch *last);
    void (*over)(void *arg);
};

/** Begins one; a store takes one at a time (WF_E_BUSY). The directory must not
 * exist yet (WF_E_EXISTS), its parent must. The events are borrowed. */
int wf_backup_new(struct ev_loop *loop, struct wf_store *store,
                  uint16_t partition, const char *directory,
                  const struct wf_backup_events *events, void *arg,
                  struct wf_backup **backup, struct wf_error *err);
/** Gives it up if it is not over, which removes what was copied: then the
 * loop does not run any more before the store is closed. NULL is fine. */
void wf_backup_free(struct wf_backup *backup);
void wf_backup_status(const struct wf_backup *backup,
                      struct wf_backup_status *status);

#endif
