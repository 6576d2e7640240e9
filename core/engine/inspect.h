/*
 * inspect.h - GetExecutionState: what a running execution is doing, line of
 * control by line of control.
 *
 * A page goes through the frames by number: rows of table E, read by the
 * reader thread and only decoded, overlaid with those in memory. Of the frames
 * above, which the path is made of, only those that a page lacks are read.
 */
#ifndef WF_INSPECT_H
#define WF_INSPECT_H

#include "engine.h"

struct wf_get_state {
    struct wf_str execution_arn;
    unsigned max_results;   /**< 0: 25; at most 100 */
    size_t data_bytes;      /**< Of each document at most; 0: none. */
    struct wf_str next_token;
};

/** A document: its first so many bytes. data NULL: there is none, or none was
 * asked for. */
struct wf_state_data {
    struct wf_str text;
    bool is_cut;
};

struct wf_line_reply {
    uint32_t number;
    struct wf_str path;       /**< "Hosts[17]/Checks[0]"; root: empty */
    struct wf_str state;
    const char *type;         /**< "Task" */
    const char *waits_for;    /**< "TIMER" … */
    struct wf_str signal;     /**< That it waits for; data NULL: none. */
    bool is_held;             /**< By a pause. */
    int64_t entered_ms;       /**< 0: it has not entered it yet. */
    uint32_t attempt;         /**< From 1 on. */
    int64_t due_ms;           /**< Of a timer; 0: none. */
    int64_t timeout_ms, heartbeat_ms; /**< Due times; 0: none. */
    uint64_t children, children_done; /**< Of a Parallel or Map; 0: none. */
    struct wf_state_data input, variables;
};

struct wf_state_reply {
    struct wf_str arn;
    enum wf_execution_status status;
    int64_t start_ms;
    int64_t paused_ms;
    struct wf_str pause_reason;
    size_t signals;           /**< Kept, that nobody has taken. */
    const struct wf_line_reply *lines;
    size_t count;
    struct wf_str next_token;
};
typedef void wf_state_fn(void *arg, const struct wf_refusal *refusal,
                         const struct wf_state_reply *reply);
/** Exceptions: InvalidArn, InvalidToken, ExecutionDoesNotExist,
 * ExecutionNotRunning. */
void wf_engine_get_state(struct wf_engine *engine,
                         const struct wf_get_state *ask, wf_state_fn *reply,
                         void *arg);

#endif
