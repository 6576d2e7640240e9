/*
 * progress_visit.h - inside progress: the visits, and the two ways of showing
 * them. Only progress*.c includes it.
 */
#ifndef WF_PROGRESS_VISIT_H
#define WF_PROGRESS_VISIT_H

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
    WF_VISIT_LOST,      /**< The execution failed here. */
    WF_VISIT_STOPPED,   /**< Aborted from outside. */
};

/** One visit of one state. */
struct wf_visit {
    uint64_t last_id; /**< Of its latest event. */
    char *name;
    unsigned depth;
    bool is_fork; /**< Parallel or Map: visits that follow are inside. */
    enum wf_visit_phase phase;
    unsigned attempts;
    int64_t start_ms, task_ms, end_ms, due_ms;
    char *error; /**< "Error: cause" of the latest failure, or NULL. */
    char *log;   /**< Latest log line, or NULL. */
};

struct wf_progress {
    struct wf_progress_options options;
    struct wf_visit *visits; /**< In the order of entering. */
    size_t count, cap;
    uint64_t last_event;
    int64_t start_ms;
    size_t name_columns; /**< Widest name so far. */
    char *failed_state;
    enum wf_event_type ended; /**< The last event's type, or NONE. */
    int64_t end_ms;

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
/** Takes the first `count` visits out of the list. */
void wf_progress_forget(struct wf_progress *progress, size_t count);

/** Plain lines (progress_lines.c). `visit` may be NULL. */
void wf_progress_line_event(struct wf_progress *progress,
                            const struct wf_history_event *event,
                            const struct wf_visit *visit);
/** A line with a time, the cell of a name, and text. */
void wf_progress_line(struct wf_progress *progress, int64_t now_ms,
                      struct wf_str name, struct wf_str text);
/** "Error: first line of the cause", for both. */
void wf_progress_error_text(struct wf_buf *out, struct wf_str error,
                            struct wf_str cause);

#endif
