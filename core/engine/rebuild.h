/*
 * rebuild.h - what an execution was doing when it ended, out of its history.
 *
 * Nothing is kept of an execution that fails but its history: an end costs
 * what it always has, and a redrive, which is rare, reads all of it. It says
 * for each line of control (the root, a branch, an iteration) which state it
 * was in, with which input and variables, and for each Parallel and Map which
 * children have ended well, and with what. So a redrive can make the frames
 * again that were there, of what is not done.
 *
 *   events ──▶ lines ──▶ settle, fix, finish: what is to be done ──▶ frames
 *
 * An event is told its line by previousEventId: that names an earlier event
 * of the same line, of the line above it, or of a child that has ended; the
 * state tells which of those.
 *
 * Two things are not in a history. Where a line goes on that has left a state
 * and not entered the next: the end of an execution, or of a fork, notes
 * that (wf_fork_between()). And which variables there are after an
 * assignment to some: that document is the first one behind the *StateExited
 * (transition.c).
 *
 * An execution that was redriven with another revision has events of both:
 * from there on lines go by the names of their states (past.h).
 *
 * This module knows neither store nor loop. It takes 4 bytes an event, and
 * about 150 for each line that there was.
 */
#ifndef WF_REBUILD_H
#define WF_REBUILD_H

#include "execution.h"
#include "past.h"
#include "tail.h"

struct wf_rebuild;

/** `input`: number of the execution's input. The machines must be ready;
 * `past` and they stay. */
struct wf_rebuild *wf_rebuild_new(const struct wf_past *past,
                                  uint64_t input);
void wf_rebuild_free(struct wf_rebuild *rebuild); /* NULL is fine */
/** Takes in what a piece of the history has. False: it does not decode, or
 * can't be the history of such a machine. */
bool wf_rebuild_add(struct wf_rebuild *rebuild, struct wf_tail_cursor cursor);
/** The id behind the last event that was taken in. */
uint64_t wf_rebuild_next_event(const struct wf_rebuild *rebuild);

/** There are no more events. `between` is what wf_fork_between() has noted;
 * `error` is the execution's. */
void wf_rebuild_settle(struct wf_rebuild *rebuild, struct wf_str between,
                       struct wf_str error);

/** After that: whether it isn't known of a line where it goes on: it has left
 * a state, and `between` does not say which is next. */
bool wf_rebuild_is_lost(const struct wf_rebuild *rebuild);
/** The id of the event with which the root has left its state; 0: it has
 * not. */
uint64_t wf_rebuild_left_event(const struct wf_rebuild *rebuild);

/** What is to be other than it was (rebuild_fix.c). */
struct wf_rebuild_fix {
    const struct wf_machine *machine; /**< What is to be run: ready. */
    struct wf_str from_state; /**< The root enters that one, and all else is
                                 given up. Empty: it goes on where it was. */
    bool has_input, has_variables; /**< The root gets others: it enters its
                                      state once more. */
};
/** Between settle and finish. False: `why` says why it can't be. */
bool wf_rebuild_fix(struct wf_rebuild *rebuild,
                    const struct wf_rebuild_fix *fix, struct wf_buf *why);
/** Where the root goes on after that. */
struct wf_rebuild_place {
    bool is_entered_anew; /**< Because of a fix. */
    bool is_unknown;      /**< Nobody knows. */
    uint32_t state;
    uint64_t input, variables;
};
void wf_rebuild_place(const struct wf_rebuild *rebuild,
                      struct wf_rebuild_place *place);

/**
 * Frames are numbered from `next_frame` on, the root apart, which is 0 and
 * the first one. Returns how many frames there are; -1: that can't be.
 */
int64_t wf_rebuild_finish(struct wf_rebuild *rebuild, uint32_t next_frame);
/** The first number that no frame has. */
uint32_t wf_rebuild_next_frame(const struct wf_rebuild *rebuild);
/** Makes the `index`-th frame in `execution`, to go on in phase REDRIVE; a
 * parent's index is lower than its children's. Documents are not loaded. Its
 * fork, if it has one, has no results in memory; that of a distributed Map
 * has no run. */
struct wf_frame *wf_rebuild_frame(const struct wf_rebuild *rebuild,
                                  uint32_t index,
                                  struct wf_execution *execution);
/** How many children of the frame's fork have ended well; 0: it has none. */
uint32_t wf_rebuild_results(const struct wf_rebuild *rebuild, uint32_t index);
/** Appends `count` results from the `from`-th on, as a row of table O. */
void wf_rebuild_put_results(const struct wf_rebuild *rebuild, uint32_t index,
                            uint32_t from, uint32_t count,
                            struct wf_buf *out);
/** The number of the Map Run that goes on in the frame; 0: none does. */
uint32_t wf_rebuild_run(const struct wf_rebuild *rebuild, uint32_t index);
/** That can't be: the frame's state begins anew, with another run. */
void wf_rebuild_drop_run(struct wf_rebuild *rebuild, uint32_t index);
/** Which places between two states are of use still, as `between`. */
void wf_rebuild_between(const struct wf_rebuild *rebuild, struct wf_buf *out);

#endif
