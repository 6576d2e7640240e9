/*
 * event_scopes.h - which branch or iteration an event of a history belongs to.
 *
 * The API's events say what they follow (previousEventId), not where they
 * are. Fed with all events of an execution in order, this finds the scope of
 * each: the execution itself, a branch of a Parallel state, an iteration of a
 * Map; and what is known of the state that the scope is in. It takes 4 bytes
 * an event, and some for each scope.
 */
#ifndef WF_EVENT_SCOPES_H
#define WF_EVENT_SCOPES_H

#include "base.h"

enum wf_scope_kind {
    WF_SCOPE_ROOT = 0,
    WF_SCOPE_BRANCH,
    WF_SCOPE_ITERATION,
};

struct wf_event_scope {
    enum wf_scope_kind kind;
    uint32_t parent;     /**< Of the root: itself. */
    unsigned depth;      /**< Of the root 0. */
    uint64_t index;      /**< Of an iteration. */
    int64_t start_ms;
    char *state;         /**< The state it is in, or NULL. */
    char fork;           /**< 'P' or 'M': that is a Parallel or Map; or 0. */
    bool is_over;        /**< It has been left. */
    int64_t entered_ms;  /**< When that was entered. */
    int64_t task_ms;     /**< When its task was scheduled or started last. */
    unsigned attempts;   /**< Of its task, or of the Parallel or Map. */
};

/** One event, as far as this module looks at it. */
struct wf_scope_event {
    uint64_t id, previous;
    int64_t ms;
    struct wf_str type;  /**< "TaskStateEntered" */
    struct wf_str name;  /**< details.name; data NULL: there is none */
    uint64_t index;      /**< details.index */
};

struct wf_event_scopes;

struct wf_event_scopes *wf_event_scopes_new(void);
void wf_event_scopes_free(struct wf_event_scopes *scopes); /* NULL is fine */
/** The scope of the next event. Borrowed until the next call. What the event
 * says about the state has been taken in. */
const struct wf_event_scope *
wf_event_scopes_add(struct wf_event_scopes *scopes,
                    const struct wf_scope_event *event);

/** "TaskStateEntered" ends with "StateEntered" … */
bool wf_type_ends(struct wf_str type, const char *end);
bool wf_type_begins(struct wf_str type, const char *begin);

#endif
