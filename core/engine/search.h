/*
 * search.h - SearchExecutions: executions of one state machine, or of all,
 * newest first, by what is asked for; and Lua's condition on them.
 *
 * A page costs a bounded amount of work, so it may be short, or empty, and
 * have a token all the same: scanned_until_ms says how far it has come.
 */
#ifndef WF_SEARCH_H
#define WF_SEARCH_H

#include "engine.h"

/** Texts with data NULL, times and numbers of 0: not asked for. */
struct wf_search_executions {
    struct wf_str state_machine_arn; /**< Or of a version or an alias. */
    unsigned statuses;               /**< 1 << wf_execution_status, or'ed. */
    enum wf_redrive_filter redriven;
    int64_t started_from_ms, started_until_ms; /**< Not that itself. */
    int64_t stopped_from_ms, stopped_until_ms;
    struct wf_str name_prefix;
    struct wf_str tag_key, tag_value; /**< Of the state machine. */
    /** "{% JSONata %}" over {name, status, startDate, stopDate, input,
     * output, error, cause}, or a rule of a Choice state without Next. */
    struct wf_str where;
    unsigned max_results; /**< 0: 100; at most 1,000 */
    struct wf_str next_token;
};

struct wf_search_reply {
    const struct wf_execution_reply *executions;
    size_t count;
    struct wf_str next_token;
    int64_t scanned_until_ms; /**< With a token: start of the last one that
                                 was looked at. */
    uint64_t condition_errors; /**< Executions on which it has failed, */
    struct wf_str condition_cause; /**< and why on the first of them. */
};

/** Exceptions: those of ListExecutions, ValidationException (`where`). */
typedef void wf_search_fn(void *arg, const struct wf_refusal *refusal,
                          const struct wf_search_reply *reply);
void wf_engine_search_executions(struct wf_engine *engine,
                                 const struct wf_search_executions *ask,
                                 wf_search_fn *reply, void *arg);

#endif
