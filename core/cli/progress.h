/*
 * progress.h - what an execution is doing, for people.
 *
 * Fed with the history events and log lines of one execution, it shows one
 * line for each visit of a state: as a live tree that is redrawn in place on
 * a terminal, or as plain lines, one for each event of interest, elsewhere.
 *
 *     ✓ Inventory     0.52s
 *     ⠼ Roll          9.04s  ████░░░░░░ 41/100, 2 running
 *       ⠼ [41] Check  0.31s
 *       ↻ [43] Patch  3.10s  attempt 3 in 4s: DpkgError: lock is held
 *
 * In the tree, visits that are over and have nothing unfinished above them
 * are written once and forgotten; only what follows them is redrawn. So the
 * scrollback holds the whole story and memory stays small, however long the
 * execution. To which visit an event belongs is found by previousEventId
 * (the visit whose last event that was), so branches and iterations nest. Of
 * a Map only the iterations that run or have failed are shown, as many as the
 * screen has room for; of a Parallel its branches.
 *
 * Plain lines name the iteration, "Roll[43]/Patch". Of a Map with many items
 * they tell of failures and of each tenth that is done.
 *
 * Child executions of a distributed Map have histories of their own, which
 * nobody shows here. How far its Map Run is, the caller asks and tells; of
 * children that have failed the first few are shown, with their causes.
 *
 * It reads no clock and writes to no file: time and sink are the caller's.
 */
#ifndef WF_PROGRESS_H
#define WF_PROGRESS_H

#include "base.h"
#include "event.h"

struct wf_progress;

struct wf_progress_options {
    bool live;    /**< The tree, with ANSI sequences; else plain lines. */
    bool color;   /**< Only in the tree. */
    bool unicode; /**< Glyphs beyond ASCII. */
    /** Takes the output, in pieces that belong together. */
    void (*write)(void *arg, struct wf_str text);
    /** The tree: the terminal's size, asked at each redraw. */
    void (*size)(void *arg, size_t *columns, size_t *lines);
    void *arg;
};

struct wf_progress *
wf_progress_new(const struct wf_progress_options *options);
void wf_progress_free(struct wf_progress *progress); /* NULL is allowed */

/** Events come in the order of their ids; one that was seen is ignored. */
void wf_progress_event(struct wf_progress *progress,
                       const struct wf_history_event *event);
/** Events that follow are history: no plain lines are written of them. */
void wf_progress_mute(struct wf_progress *progress, bool is_muted);
/** The state waits until `due_ms`: a Wait, or (`is_retry`) a retrier's
 * interval. `entered` is the id of the *StateEntered event of that visit (0:
 * not known). */
void wf_progress_timer(struct wf_progress *progress, struct wf_str state,
                       uint64_t entered, bool is_retry, int64_t due_ms,
                       int64_t now_ms);
/** A line that the handler of a state logged or printed. */
void wf_progress_log(struct wf_progress *progress, struct wf_str state,
                     uint64_t entered, const char *stream, struct wf_str line,
                     int64_t now_ms);
/** A line of its own, not about a state. */
void wf_progress_note(struct wf_progress *progress, const char *text,
                      int64_t now_ms);

/** A Map Run as it is now. Counts are of items. */
struct wf_progress_map_run {
    struct wf_str arn;
    uint64_t done, failed, running, total;
    uint64_t failed_children;
    bool is_over;
};

/** The ARN of a Map Run that should be told of: a few times a second, and
 * once more when it is over. `index` counts from 0, those that are over come
 * first; data NULL: there are no more. Borrowed until the next call. */
struct wf_str wf_progress_map_run_at(const struct wf_progress *progress,
                                     size_t index);
void wf_progress_map_run(struct wf_progress *progress,
                         const struct wf_progress_map_run *run,
                         int64_t now_ms);

/** A child execution that has failed. */
struct wf_progress_child {
    struct wf_str map_run_arn, name, error, cause;
    bool timed_out;
    int64_t start_ms, stop_ms;
};

/** Whether another failed child would be shown. */
bool wf_progress_wants_child(const struct wf_progress *progress);
void wf_progress_child_failed(struct wf_progress *progress,
                              const struct wf_progress_child *child);

/** Redraws the tree if something changed or 100 ms have passed: call it up
 * to 20 times a second. Does nothing for plain lines. */
void wf_progress_draw(struct wf_progress *progress, int64_t now_ms);
/** Draws a last time; what is unfinished stays as it is shown. */
void wf_progress_finish(struct wf_progress *progress, int64_t now_ms);

/** Id of the last event seen. */
uint64_t wf_progress_last_event(const struct wf_progress *progress);
/** The state in which the execution failed, "Roll[43]/Patch" if it was in an
 * iteration; empty: not known. */
struct wf_str wf_progress_failed_state(const struct wf_progress *progress);

#endif
