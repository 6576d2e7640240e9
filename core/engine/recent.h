/*
 * recent.h - the last pieces of histories that grow fast, kept in memory for
 * a while after they have become segments.
 *
 * The newest page of such a history would otherwise wait for the store: what
 * it shows is durable, but a row of the log's that the database does not have
 * yet is read by the thread that writes, between two commits. At most 2 MiB,
 * for all executions together; whoever does not find a piece reads its rows.
 */
#ifndef WF_RECENT_H
#define WF_RECENT_H

#include "tail.h"

struct wf_recent;

struct wf_recent *wf_recent_new(void);
void wf_recent_free(struct wf_recent *recent); /* NULL is fine */
/** Copies a part of a tail that becomes a segment. */
void wf_recent_keep(struct wf_recent *recent, uint64_t execution,
                    const struct wf_tail *tail);
/** The piece with an event, or NULL. Valid until the next keep. */
const struct wf_tail *wf_recent_find(const struct wf_recent *recent,
                                     uint64_t execution, uint64_t event);

#endif
