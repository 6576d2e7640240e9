/*
 * observe_docs.h - the documents that a slice's events refer to.
 *
 * Most stand in the slice itself. The others are in the rest of the tail, with
 * the execution's frames, or in the store: looked for in that order.
 */
#ifndef WF_OBSERVE_DOCS_H
#define WF_OBSERVE_DOCS_H

#include "execution.h"

/** A document: a text, or (data NULL) the length of one in pieces. */
struct wf_observed_doc {
    uint64_t number;
    struct wf_str text;
};
/** Those of one slice, by number. All-zero: none. */
struct wf_observed_docs {
    struct wf_observed_doc *docs; /* owned; texts borrowed */
    size_t count, cap;
};

/** Appends to `out` the documents that the slice does not hold, but memory
 * does: so many times number, text. Of a text, the first `most` bytes. */
void wf_observed_docs_put(const struct wf_execution *execution,
                          struct wf_str slice, uint64_t first_event,
                          size_t most, struct wf_buf *out);
/** Reads what the slice holds, and what was put. */
void wf_observed_docs_read(struct wf_observed_docs *docs,
                           struct wf_tail_cursor slice, struct wf_str put);
/** NULL: it is not there. */
const struct wf_observed_doc *wf_observed_docs_find(
    const struct wf_observed_docs *docs, uint64_t number);
void wf_observed_docs_free(struct wf_observed_docs *docs);

#endif
