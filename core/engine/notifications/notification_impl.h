/*
 * notification_impl.h - notifications as the engine holds them.
 *
 *   notifications.c        opening; rows that a batch gets; statistics
 *   notification_queue.c   windows of queues: what is read, buried, sent
 *   notification_entry.c   rows that are written again, or leave a queue
 *   notification_prepare.c from a row to the event's text
 *   notification_send.c    sending; what becomes of it
 *   notification_dead.c    requests about targets and dead letters
 *
 * An entry stands for a row of a queue, from when it is read until it is
 * delivered or dead. A target's entries are in order, and there is no row
 * before the window's last one that is not in it; so an entry whose execution
 * has an earlier one is found by looking at those before it.
 */
#ifndef WF_NOTIFICATION_IMPL_H
#define WF_NOTIFICATION_IMPL_H

#include "engine_impl.h"
#include "notification_event.h"
#include "notification_targets.h"
#include "notifications.h"
#include "sender.h"

#define WF_WINDOW_ENTRIES 256
#define WF_WINDOW_BYTES ((size_t)1 << 20)

struct wf_notification_queue;

struct wf_notification_entry {
    struct wf_link link;
    struct wf_notification_queue *queue;
    uint64_t seq, execution;
    enum wf_entry_state {
        WF_ENTRY_WAITS, /**< For `due_ms`, and for those before it. */
        WF_ENTRY_BUSY,  /**< It is being prepared or sent. */
    } state;
    int64_t due_ms, first_ms;
    unsigned attempts;
    uint64_t task;       /**< Of a handler; 0: none. */
    int64_t limit_ms;    /**< When that has run long enough. */
    struct wf_buf row;   /**< As it is stored. */
};

/** A target and its queue. */
struct wf_notification_queue {
    const struct wf_notification_target *target;
    struct wf_engine *engine;
    struct wf_link window;
    unsigned entries;
    size_t bytes;
    uint64_t cursor;     /**< Rows from here on are not in the window. */
    uint64_t counted_to; /**< Rows up to here were there at the start. */
    uint64_t queued, dead;
    enum { WF_COUNTS_QUEUE, WF_COUNTS_DEAD, WF_COUNTED } counting;
    bool is_reading;     /**< A scan is under way. */
    bool is_moving;      /**< Dead letters are being resent or removed. */
    unsigned in_flight;
    unsigned failures;   /**< In a row, whichever entries they were of. */
    int64_t paused_ms;
    int64_t wake_ms;     /**< Nothing is to be done before. */
    struct wf_notification_stand stand; /**< Counts; texts: of `error`. */
    struct wf_buf error;
};

/** A row that is to be deleted. */
struct wf_notification_gone {
    struct wf_notification_queue *queue;
    uint64_t seq;
};

struct wf_notifications {
    struct wf_notification_targets targets;
    struct wf_notification_queue *queues; /**< One for each. */
    struct wf_sender *sender; /**< NULL: not needed yet. */
    uint64_t last_seq;        /**< Of rows that were put. */
    uint64_t durable_seq;
    struct wf_buf gone;       /**< struct wf_notification_gone. */
    unsigned tasks;           /**< Handlers that run. */
    struct wf_notification_listing *listings; /**< Wait for the counting. */
};

static inline struct wf_str wf_notification_text(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

/* ---- notifications.c ---- */
struct wf_notification_queue *wf_notification_queue_of(
    struct wf_engine *engine, struct wf_str target);
/** Whether the target wants it, from what is known without its data. */
bool wf_notification_is_wanted(const struct wf_notification_target *target,
                               struct wf_value event, bool without_data);

/* ---- notification_dead.c ---- */
/** A queue is counted: answers what waits until all are. */
void wf_notification_counted(struct wf_notifications *all);

/* ---- notification_queue.c ---- */
/** Sends what can be sent, reads what is to be read. */
void wf_notification_pump(struct wf_notification_queue *queue);
void wf_notification_queue_free(struct wf_notification_queue *queue);

/* ---- notification_entry.c ---- */
/** Takes it out of its window; its row stays as it is. */
void wf_notification_entry_free(struct wf_notification_entry *entry);
/** The entry's row is not needed any more: it is deleted soon. */
void wf_notification_forget(struct wf_notification_entry *entry);
/** It becomes a dead letter. */
void wf_notification_bury(struct wf_notification_entry *entry,
                          struct wf_str reason);
/** Writes the row again: attempts, reason. */
void wf_notification_rewrite(struct wf_notification_entry *entry,
                             struct wf_str reason);

/* ---- notification_prepare.c ---- */
/** Makes the event's text; then wf_notification_send() or, if the target does
 * not want it after all, wf_notification_unwanted(). */
void wf_notification_prepare(struct wf_notification_entry *entry);

/* ---- notification_send.c ---- */
void wf_notification_send(struct wf_notification_entry *entry,
                          struct wf_buf *text);
void wf_notification_unwanted(struct wf_notification_entry *entry);
/** It can't be sent at all. */
void wf_notification_fail(struct wf_notification_entry *entry,
                          struct wf_str reason);
/** Ends handlers that have run too long. */
void wf_notification_limit(struct wf_notification_queue *queue, int64_t now);

#endif
