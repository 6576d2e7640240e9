/*
 * signals.h - signals into an execution: those that have come and were not
 * taken, and the states that wait for one.
 *
 * A Task state of resource "arn:aws:states:::moonstep:waitForSignal" waits in
 * WF_PHASE_TOKEN, as for a token. A signal is always kept first, with the
 * execution, and then taken by the oldest state that waits for its name, in
 * that frame's turn: both are changes of the same execution, so a crash leaves
 * the signal either kept or taken, and exactly one state has it.
 *
 * Signals and waiting states stand in the execution's image, bounded in number
 * and bytes, in the order in which they came. So nothing has to be looked up,
 * and both end with the execution. A waiting frame that is a row is loaded when
 * its signal comes. Should the engine die before it has taken it, the
 * execution's row in table T (due time 1) has the next engine look again.
 *
 * A signal with an id that was seen lately is the same signal once more.
 */
#ifndef WF_SIGNALS_H
#define WF_SIGNALS_H

#include "base.h"

#define WF_SIGNALS_MOST 1000              /**< Kept, of an execution. */
#define WF_SIGNALS_BYTES ((size_t)262144) /**< Of names and payloads. */
#define WF_SIGNALS_WAITERS 10000          /**< States that wait at a time. */
#define WF_SIGNALS_IDS 100                /**< That are remembered. */
#define WF_SIGNAL_NAME 80                 /**< Bytes. */

struct wf_signal {
    char *name;
    struct wf_buf payload; /**< JSON text. */
    int64_t received_ms;
};

/** A state that waits: a visit of it, and an attempt. */
struct wf_signal_waiter {
    char *name; /**< Of the signal. */
    uint32_t frame, attempt;
    uint64_t visit;
};

/** Part of an execution. */
struct wf_signals {
    struct wf_signal *kept; /**< Oldest first. */
    size_t count, cap;
    size_t bytes;
    struct wf_signal_waiter *waiters; /**< Oldest first. */
    size_t waiter_count, waiter_cap;
    char *ids[WF_SIGNALS_IDS]; /**< Newest first; NULL: none. */
};

void wf_signals_free(struct wf_signals *signals); /* NULL is fine */
bool wf_signals_are_empty(const struct wf_signals *signals);
bool wf_signals_know_id(const struct wf_signals *signals, struct wf_str id);
void wf_signals_keep(struct wf_signals *signals, struct wf_str name,
                     struct wf_str payload, struct wf_str id,
                     int64_t now_ms);
/** The oldest one of that name: its place, or SIZE_MAX. */
size_t wf_signals_find(const struct wf_signals *signals, const char *name);
void wf_signals_remove(struct wf_signals *signals, size_t place);
void wf_signals_add_waiter(struct wf_signals *signals, struct wf_str name,
                           uint32_t frame, uint64_t visit, uint32_t attempt);
/** The one of that frame: its place, or SIZE_MAX. */
size_t wf_signals_waiter_of(const struct wf_signals *signals, uint32_t frame);
void wf_signals_remove_waiter(struct wf_signals *signals, size_t place);
/** No older one waits for the same name. */
bool wf_signals_is_first(const struct wf_signals *signals, size_t waiter);

/** The part of an execution's image. */
void wf_signals_encode(const struct wf_signals *signals, struct wf_buf *out);
/** NULL: it does not decode. */
struct wf_signals *wf_signals_decode(struct wf_str text);

#endif
