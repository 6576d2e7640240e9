/*
 * ended.h - rows of executions that have ended and were asked for lately.
 *
 * Such a row does not change any more (but by a redrive), so whoever polls for
 * an execution, or looks at it once more, need not wait for the store.
 * Bounded: one small row for each place, and the one that came last takes it.
 */
#ifndef WF_ENDED_H
#define WF_ENDED_H

#include "base.h"

#define WF_ENDED_SLOTS 1024
#define WF_ENDED_ROW_BYTES 4096 /* larger rows are not kept */

struct wf_ended_row;

/** All-zero: empty. */
struct wf_ended {
    struct wf_ended_row *by_id[WF_ENDED_SLOTS];   /**< Owned. */
    struct wf_ended_row *by_name[WF_ENDED_SLOTS]; /**< Of those. */
    uint64_t forgotten; /**< Calls of wf_ended_forget(): a row that was asked
                           for before the last one may be an old one. */
};

/** Keeps a copy of the row (of table E) of an execution that has ended. */
void wf_ended_keep(struct wf_ended *ended, uint64_t id, uint32_t machine,
                   struct wf_str name, struct wf_str row);
/** data NULL: it is not kept. Valid until the next keep. */
struct wf_str wf_ended_row(const struct wf_ended *ended, uint64_t id);
/** The id of the execution; 0: it is not kept. */
uint64_t wf_ended_find(const struct wf_ended *ended, uint32_t machine,
                       struct wf_str name);
/** It runs again, or is removed. */
void wf_ended_forget(struct wf_ended *ended, uint64_t id);
void wf_ended_free(struct wf_ended *ended);

#endif
