/*
 * notifications.h - status changes of executions, told to others: HTTP
 * endpoints and handlers (notification_targets.h), as EventBridge's event
 * "Step Functions Execution Status Change".
 *
 * What a target is to be told is a row of table F, written in the batch of
 * the status change itself, so there is neither a change without its row nor
 * a row without its change, and no flush of its own. It is sent when that is
 * durable, at least once, with an id that is always the same; events of one
 * execution in their order, those of others beside. Memory has a window of
 * each target's queue, however long that is.
 *
 * A queue has so many rows at most: the oldest become dead letters, and so do
 * those that were tried too long or too often, or that the target refuses.
 * Of dead letters there are so many at most, too; the oldest are removed.
 */
#ifndef WF_NOTIFICATIONS_H
#define WF_NOTIFICATIONS_H

#include "engine.h"

/** How a target stands. Borrowed. */
struct wf_notification_stand {
    struct wf_str id;
    struct wf_str url;     /**< Without its query; data NULL: a handler. */
    struct wf_str handler; /**< data NULL: an endpoint. */
    uint64_t queued, dead;           /**< Rows. */
    uint64_t delivered, failures, dead_letters, lost; /**< Since the start. */
    unsigned in_flight;
    int64_t delivered_ms;            /**< The latest; 0: none. */
    int64_t failed_ms;
    struct wf_str error;             /**< Of that one. */
    int64_t paused_ms; /**< Nothing is sent until then; 0: it is. */
};
typedef void wf_notification_stands_fn(
    void *arg, const struct wf_refusal *refusal,
    const struct wf_notification_stand *stands, size_t count);
void wf_engine_list_notification_targets(struct wf_engine *engine,
                                         wf_notification_stands_fn *reply,
                                         void *arg);

/** A dead letter. Borrowed. */
struct wf_dead_letter {
    char id[37];         /**< The event's. */
    struct wf_str execution_arn, name;
    enum wf_execution_status status;
    int64_t time_ms;     /**< Of the status change. */
    unsigned attempts;
    struct wf_str reason;
};
struct wf_dead_letters {
    const struct wf_dead_letter *list; /**< The oldest first. */
    size_t count;
    struct wf_str next_token; /**< Empty: that was all. */
};
typedef void wf_dead_letters_fn(void *arg, const struct wf_refusal *refusal,
                                const struct wf_dead_letters *letters);
/** `most`: 0: 100. */
void wf_engine_list_dead_letters(struct wf_engine *engine,
                                 struct wf_str target, unsigned most,
                                 struct wf_str next_token,
                                 wf_dead_letters_fn *reply, void *arg);

/** How many it were. */
typedef void wf_dead_letters_done_fn(void *arg,
                                     const struct wf_refusal *refusal,
                                     uint64_t count);
/** Puts the dead letters that there are now at the end of the target's queue,
 * as far as that has room; with `discard` removes them instead. One at a time
 * for each target. */
void wf_engine_resend_dead_letters(struct wf_engine *engine,
                                   struct wf_str target, bool discard,
                                   wf_dead_letters_done_fn *reply, void *arg);

#endif
