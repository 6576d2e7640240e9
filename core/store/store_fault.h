/*
 * store_fault.h - faults on demand, for tests of the LMDB store.
 *
 * Compiled only where WF_FAULTS is defined (debug builds); elsewhere the
 * structure is not part of the store and setting one is not possible.
 */
#ifndef WF_STORE_FAULT_H
#define WF_STORE_FAULT_H

#include "store.h"

/** What shall go wrong. All-zero: nothing (any more). */
struct wf_store_fault {
    unsigned nth;      /**< Fails from the Nth commit on, 1 being the next. */
    unsigned times;    /**< So many commits in a row. */
    int error;         /**< With this errno: ENOSPC, EIO … */
    unsigned delay_us; /**< Every commit takes that much longer. */
};

#ifdef WF_FAULTS
/** Replaces the faults of an LMDB store; may be called at any time. */
void wf_store_fault_set(struct wf_store *store,
                        const struct wf_store_fault *fault);
#endif

#endif
