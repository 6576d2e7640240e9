/*
 * past.h - the revisions that an execution has run, by event.
 *
 * An event names its state by a number of the definition that was run then.
 * A redrive can give an execution another revision of its state machine
 * (redrive_fix.h); from then on it runs that one, and its image lists those
 * before: for each, the id behind its last event, and its number.
 *
 *   earlier = (until_event:varint revision:varint)*   in order
 */
#ifndef WF_PAST_H
#define WF_PAST_H

#include "base.h"
#include "machine.h"

struct wf_era {
    uint64_t until; /**< The id behind its last event; UINT64_MAX: none. */
    struct wf_machine *machine; /**< Not necessarily ready. */
};
/** In order; the last one is what the execution runs. All-zero: none. */
struct wf_past {
    struct wf_era *eras; /**< Owned. */
    size_t count;
};

/** Of an image. Whoever keeps it from one turn to the next has a call under
 * way. */
void wf_past_read(struct wf_engine *engine, struct wf_str earlier,
                  struct wf_machine *latest, struct wf_past *past);
void wf_past_free(struct wf_past *past);
/** What was run when the event was recorded. */
struct wf_machine *wf_past_machine(const struct wf_past *past,
                                   uint64_t event);
/** Calls back when all that can be ready is: at once, if it is. `past` stays
 * until then. */
void wf_past_need(struct wf_engine *engine, const struct wf_past *past,
                  void (*done)(void *arg), void *arg);
/** Whether all are ready. */
bool wf_past_is_ready(const struct wf_past *past);
/** Adds a revision that ends before the event. */
void wf_past_add(struct wf_buf *earlier, uint64_t until, uint32_t revision);

#endif
