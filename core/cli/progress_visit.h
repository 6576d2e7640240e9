/*
 * progress_visit.h - inside progress: scopes and visits, and the two ways of
 * showing them. Only progress*.c includes it.
 *
 * A scope is a line of control: the execution itself, a branch of a Parallel
 * state, an iteration of a Map. It visits one state after the other; when the
 * one it is in is a Parallel or Map, that visit has scopes below it.
 *
 *     root ── Plan ── Roll (Map) ─┬─ [0] ── Check ── Apply
 *                                 └─ [1] ── Check
 *
 * Events say what they follow (previousEventId). The table of ids finds the
 * scope by that: each scope is known by its last event, and while it is in a
 * fork by the ids that events of the fork and of new children follow.
 *
 * What is kept follows what is unfinished: of an ended iteration nothing but
 * a count, or, of the first that failed, the visit it failed in.
 */
#ifndef WF_PROGRESS_VISIT_H
#define WF_PROGRESS_VISIT_H

#include "list.h"
#include "progress.h"

/** What an event means for its visit. */
enum wf_progress_kind {
    WF_PROGRESS_OTHER = 0,
    WF_PROGRESS_ENTERED,   /**< *StateEntered: a new visit */
    WF_PROGRESS_EXITED,    /**< *StateExited */
    WF_PROGRESS_ABORTED,   /**< *StateAborted */
    WF_PROGRESS_SCHEDULED, /**< the task, an attempt more */
    WF_PROGRESS_STARTED,
    WF_PROGRESS_SUCCEEDED,
    WF_PROGRESS_FAILED,    /**< and timed out */
    WF_PROGRESS_FORKED,    /**< MapStateStarted, ParallelStateStarted */
    WF_PROGRESS_JOINED,    /**< MapStateSucceeded, ParallelStateSucceeded */
    WF_PROGRESS_ITERATION, /**< MapIterationStarted: a new scope */
    WF_PROGRESS_ITERATED,  /**< MapIterationSucceeded, -Failed, -Aborted */
    WF_PROGRESS_RUN,       /**< MapRunStarted */
    WF_PROGRESS_RUN_OVER,  /**< MapRunSucceeded, -Failed, -Aborted */
    WF_PROGRESS_BEGIN,     /**< ExecutionStarted, ExecutionRedriven */
    WF_PROGRESS_END,       /**< the execution's last event */
};

enum wf_visit_phase {
    WF_VISIT_ENTERED = 0,
    WF_VISIT_SCHEDULED, /**< The task has not been taken up yet. */
    WF_VISIT_STARTED,
    WF_VISIT_SUCCEEDED, /**< The task's result is being processed. */
    WF_VISIT_FAILED,    /**< The last attempt has failed. */
    WF_VISIT_WAITING,   /**< Until due_ms: Wait, or before another attempt */
    WF_VISIT_DONE,      /**< Left. */
    WF_VISIT_CAUGHT,    /**< Left through a catcher. */
    WF_VISIT_LOST,      /**< The execution, branch or iteration failed here. */
    WF_VISIT_STOPPED,   /**< Aborted: from outside, or since another failed */
};

enum wf_visit_fork { WF_VISIT_PLAIN = 0, WF_VISIT_PARALLEL, WF_VISIT_MAP };

/** One visit of one state. */
struct wf_visit {
    struct wf_link link; /**< In its scope, in the order of entering. */
    struct wf_scope *scope;
    uint64_t entered;    /**< Id of its *StateEntered. */
    char *name;
    enum wf_visit_phase phase;
    unsigned attempts;
    int64_t start_ms, task_ms, end_ms, due_ms;
    char *error; /**< "Error: cause" of the latest failure, or NULL. */
    char *log;   /**< Latest log line, or NULL. */

    /* a Parallel or Map */
    enum wf_visit_fork fork;
    struct wf_link children; /**< Scopes: branches, running iterations. */
    struct wf_link failures; /**< Some iterations that have failed. */
    uint64_t total;          /**< Items of the Map. */
    uint64_t done, failed, running; /**< Iterations, or items of a Map Run. */
    size_t failures_kept;
    struct wf_visit_run *run; /**< Its Map Run, until the last counts. */
    bool is_run;              /**< It has, or had, one. */
    bool is_uncounted;        /**< Nothing has been told of it. */
    bool is_open;             /**< The total may grow. */
    uint64_t failed_children;
};

/** A Map Run whose counts are wanted. */
struct wf_visit_run {
    struct wf_link link;    /**< In the progress's runs. */
    struct wf_visit *visit; /**< NULL: it is forgotten. */
    char *arn, *path;
    bool is_terse, is_over;
    size_t failures_told;
    int64_t told_ms;
    uint64_t told; /**< Items that were done or had failed then. */
};

/** By what a scope is found. */
enum wf_scope_key {
    WF_SCOPE_LAST = 0, /**< Its latest event. */
    WF_SCOPE_ENTERED,  /**< Its current visit. */
    WF_SCOPE_FORKED,   /**< Children begin after this. */
    WF_SCOPE_INNER,    /**< Last event inside the iteration that ended last;
                          the next iteration may begin after it. */
    WF_SCOPE_ITERATED, /**< MapIterationSucceeded of that. */
    WF_SCOPE_KEYS
};

struct wf_scope_id {
    uint64_t id; /**< 0: not in the table. */
    struct wf_scope *scope;
    struct wf_scope_id *next; /**< In its chain. */
};

struct wf_scope {
    struct wf_link link;   /**< In `up`: children or failures. */
    struct wf_visit *up;   /**< The fork it is in; NULL: the root. */
    struct wf_link visits; /**< The last is the current one. */
    size_t visit_count;
    bool is_iteration;
    uint64_t index;
    int64_t start_ms;
    struct wf_scope_id ids[WF_SCOPE_KEYS];
};

struct wf_progress {
    struct wf_progress_options options;
    struct wf_scope root;
    struct wf_link runs; /**< Those that are over come first. */
    struct wf_scope_id **table; /**< Chains of ids. */
    size_t table_size, table_count;
    uint64_t last_event;
    int64_t start_ms;
    size_t name_columns; /**< Widest name so far, with what is before it. */
    struct wf_buf failed_state;
    enum wf_event_type ended; /**< The last event's type, or NONE. */
    int64_t end_ms;
    bool is_muted;       /**< No plain lines. */
    struct wf_buf held;  /**< Plain lines that are not written yet. */
    size_t holding;      /**< Runs whose last counts come before them. */

    /* the tree */
    struct wf_buf notes; /**< Lines to be written above it. */
    size_t drawn_lines;
    int64_t drawn_ms;
    bool is_dirty;
};

static inline bool wf_visit_is_over(const struct wf_visit *visit) {
    return visit->phase >= WF_VISIT_DONE;
}

enum wf_progress_kind wf_progress_kind(enum wf_event_type type);
/** "Error: cause", the latest failure of the visit. Not every event of a
 * failure says what it was. */
void wf_visit_set_error(struct wf_visit *visit, struct wf_str error,
                        struct wf_str cause);

/* ---- scopes and visits (progress_tree.c) ---- */

void wf_progress_tree_init(struct wf_progress *progress);
void wf_progress_tree_deinit(struct wf_progress *progress);
/** The scope that the event `id` belongs to, or that may go on after it;
 * NULL: none is known. */
struct wf_scope *wf_progress_scope(const struct wf_progress *progress,
                                   uint64_t id);
/** The scope is found by that event from now on; 0: not any more. */
void wf_scope_set_id(struct wf_progress *progress, struct wf_scope *scope,
                     enum wf_scope_key key, uint64_t id);
/** A branch or iteration of `up`. */
struct wf_scope *wf_scope_add(struct wf_progress *progress,
                              struct wf_visit *up, int64_t now_ms);
/** Frees the scope with all below it. */
void wf_scope_remove(struct wf_progress *progress, struct wf_scope *scope);
/** An iteration that failed: kept to be shown, if not too many are. */
void wf_scope_keep_failed(struct wf_progress *progress,
                          struct wf_scope *scope);
/** The visit a scope is in, or was in last; NULL before the first. */
struct wf_visit *wf_scope_current(const struct wf_scope *scope);
/** Enters a state; what the scope has left long ago may be forgotten. */
struct wf_visit *wf_visit_add(struct wf_progress *progress,
                              struct wf_scope *scope,
                              const struct wf_history_event *event);
void wf_visit_remove(struct wf_progress *progress, struct wf_visit *visit);
/** The scope's events inside forks are over: frees its children (of a Map;
 * branches are still shown), and what they were found by. */
void wf_visit_leave_fork(struct wf_progress *progress,
                         struct wf_visit *visit);
/** A visit in that state that has not been left; NULL: there is none. */
struct wf_visit *wf_progress_visit_named(struct wf_progress *progress,
                                         struct wf_str name);
/** "Roll[3]/Patch"; of an iteration "Roll[3]". */
void wf_visit_path(struct wf_buf *out, const struct wf_visit *visit);
void wf_scope_path(struct wf_buf *out, const struct wf_scope *scope);

#define WF_VISIT_OF(at) WF_ENTRY(at, struct wf_visit, link)
#define WF_SCOPE_OF(at) WF_ENTRY(at, struct wf_scope, link)

/* ---- Map Runs (progress_runs.c) ---- */

enum { WF_PROGRESS_FAILURES = 10 /* shown of a Map */ };

/** MapRunStarted. */
void wf_visit_run_begin(struct wf_progress *progress, struct wf_visit *visit,
                        const struct wf_event *event);
/** The run is over; its last counts are still to come. */
void wf_visit_run_over(struct wf_progress *progress, struct wf_visit *visit);
/** The visit goes, or tries again. */
void wf_visit_run_leave(struct wf_visit *visit);
void wf_visit_run_free(struct wf_visit_run *run);
/** ", 3 failed, 2 running": those that there are. */
void wf_progress_add_counts(struct wf_buf *text, uint64_t failed,
                            uint64_t running);

/* ---- plain lines (progress_lines.c) ---- */

/** `visit` may be NULL; `iteration` is set for events of one. */
void wf_progress_line_event(struct wf_progress *progress,
                            const struct wf_history_event *event,
                            const struct wf_visit *visit,
                            const struct wf_scope *iteration);
/** A line with a time, the cell of a name, and text. */
void wf_progress_line(struct wf_progress *progress, int64_t now_ms,
                      struct wf_str name, struct wf_str text);
/** The same, before what is held back. */
void wf_progress_line_first(struct wf_progress *progress, int64_t now_ms,
                            struct wf_str name, struct wf_str text);
/** Writes what was held back. */
void wf_progress_release(struct wf_progress *progress);
/** The line of a failed child execution, whose path that is. */
void wf_progress_line_child(struct wf_progress *progress, struct wf_str path,
                            const struct wf_progress_child *child);
/** In a Map with many items, of which only what goes wrong is told. */
bool wf_progress_is_terse(const struct wf_scope *scope);
/** "Error: first line of the cause", for both. */
void wf_progress_error_text(struct wf_buf *out, struct wf_str error,
                            struct wf_str cause);

#endif
