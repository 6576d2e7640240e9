/*
 * bulk.h - stops, redrives, pauses or resumes what a search finds, a page of
 * it at a time.
 *
 * Nothing is kept between pages but the token, which is that of the search: a
 * place in time. So whoever has it goes on, also after a restart of either
 * side. A page goes through the search a few executions at a time, and ends
 * early, with a token, when it has taken long.
 */
#ifndef WF_BULK_H
#define WF_BULK_H

#include "search.h"

enum wf_bulk_action { WF_BULK_STOP, WF_BULK_REDRIVE, WF_BULK_PAUSE,
                      WF_BULK_RESUME };

struct wf_bulk {
    enum wf_bulk_action action;
    /** statuses 0: those that the action is about. */
    struct wf_search_executions search;
    struct wf_str error, cause; /**< Of stopping; may be empty. */
    struct wf_str reason;       /**< Of pausing; may be empty. */
    struct wf_str client_token; /**< Of redriving: of each; may be empty. */
    const struct wf_fix *fix;   /**< The same; NULL: none. */
    bool is_dry;                /**< Only to know what would be done. */
};

/** An execution that was found. */
struct wf_bulk_item {
    struct wf_str arn;
    const char *exception;  /**< NULL: it was done. */
    struct wf_str message;  /**< Of the exception. */
    enum wf_execution_status status;
    int64_t stop_ms, redrive_ms, paused_ms; /**< 0: not. */
    struct wf_str state, revision_id; /**< Of a redrive with a fix, or dry;
                                         may be empty. */
};

struct wf_bulk_reply {
    const struct wf_bulk_item *items; /**< Newest first. */
    size_t count, refused;            /**< So many have an exception. */
    struct wf_str next_token;
    int64_t scanned_until_ms;         /**< As a search's. */
    uint64_t condition_errors;
    struct wf_str condition_cause;
};

/** Exceptions: those of a search. What is said of single executions is in the
 * items; of one that has ended ExecutionNotRunning. */
typedef void wf_bulk_fn(void *arg, const struct wf_refusal *refusal,
                        const struct wf_bulk_reply *reply);
void wf_engine_bulk(struct wf_engine *engine, const struct wf_bulk *ask,
                    wf_bulk_fn *reply, void *arg);

#endif
