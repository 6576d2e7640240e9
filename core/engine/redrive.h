/*
 * redrive.h - an execution that has failed goes on. Part of engine_impl.h.
 *
 *   find ──▶ image: may it? ──▶ sweep ──▶ history ──▶ rows ──▶ it runs
 *                                       (rebuild.h)
 *
 * 1. What the end has left in rows is swept, children that were left running
 *    are stopped.
 * 2. The history is read, a piece at a time, and tells what is to be done
 *    again.
 * 3. Frames below the root become rows, some in each batch, asleep; and so do
 *    the results of their siblings that have ended well. Of an execution that
 *    has ended nobody looks at such rows. If the engine dies here, the next
 *    one sweeps them: a row of table T says so.
 *    What its tasks have left running is waited for: nothing works beside
 *    what is done again.
 * 4. One batch makes the execution run: ExecutionRedriven, the execution's
 *    image and list row, and its root. Nothing of it is visible before, all
 *    of it after.
 *
 * Memory is what is read and rebuilt meanwhile; after that, what is awake.
 */
#ifndef WF_REDRIVE_H
#define WF_REDRIVE_H

#include "execution.h"
#include "rebuild.h"
#include "redrive_fix.h"

struct wf_engine;
struct wf_forking;
struct wf_redrive;

/** Why an execution can't be redriven, in AWS's words; NULL: it can. The
 * machine's head is that of its name, or NULL. */
const char *wf_redrive_refusal(const struct wf_engine *engine,
                               const struct wf_execution_image *image,
                               const struct wf_machine_head *head);

/** Prepares (1 to 3) the redrive of an execution that has ended. `reason`
 * not NULL: it can't be, and `redrive` is NULL. Else wf_redrive_commit() or
 * wf_redrive_drop() is to follow. `fix` (NULL: nothing is changed) stays until
 * then; one that is dry is ready when all is known, with nothing written. */
typedef void wf_redrive_fn(void *arg, struct wf_redrive *redrive,
                           const char *reason);
void wf_redrive_prepare(struct wf_engine *engine, uint64_t id,
                        struct wf_redrive_fix *fix, wf_redrive_fn *ready,
                        void *arg);
/** It runs (4): joins the open batch. `token`: the client's, or empty. */
struct wf_execution *wf_redrive_commit(struct wf_redrive *redrive,
                                       struct wf_str token);
/** The same for a child of the frame's Map Run, which it does not run before
 * that is in a batch. One of type EXPRESS starts anew. */
struct wf_execution *wf_redrive_commit_child(struct wf_redrive *redrive,
                                             const struct wf_frame *frame);
void wf_redrive_drop(struct wf_redrive *redrive);
/** Whether one is prepared. */
bool wf_redrive_is_on(const struct wf_engine *engine, uint64_t id);
/** Whether one, or a fork, reads that execution's rows. */
bool wf_redrive_reads(const struct wf_engine *engine, uint64_t id);
/** An execution has left memory: one may wait for that. */
void wf_redrive_dropped(struct wf_engine *engine, uint64_t id);

/** Something has ended that tasks of the execution had left running. */
void wf_redrive_look_again(struct wf_engine *engine, uint64_t id);

/** The turn of a frame in phase REDRIVE (redrive_frames.c). */
void wf_frame_redriven(struct wf_engine *engine, struct wf_frame *frame);

/* ---- between redrive.c, redrive_read.c and redrive_fix.c ---- */

struct wf_redrive {
    struct wf_link link;  /**< In the engine's list. */
    struct wf_engine *engine;
    uint64_t id;
    struct wf_machine *machine; /**< That it has run. */
    struct wf_machine *target;  /**< That it is to run: mostly the same. */
    struct wf_past past;  /**< What it has run before, and `machine`. */
    struct wf_redrive_fix *fix; /**< Borrowed; or NULL. */
    struct wf_forking *forking; /**< It is of a copy (fork_execution.h), and
                                   `row` has its image. Owned; or NULL. */
    struct wf_buf row;    /**< The execution's: image, perhaps a history. */
    size_t image_len;
    struct wf_rebuild *rebuild;
    struct wf_map_run **runs; /**< That go on: by frame; NULL: none does. */
    uint32_t runs_read;
    uint32_t frames;      /**< To be made; the first is the root. */
    uint32_t stored;      /**< Those that are rows by now. */
    uint32_t results;     /**< Of frame `stored`, that are. */
    bool is_waiting;      /**< Until the execution leaves memory. */
    bool is_stored;       /**< Waits until its tasks have ended. */
    struct redrive_call *others; /**< Requests that come after it. */
    wf_redrive_fn *ready;
    void *arg;
};

/** One of an execution of that id, of which nothing is known yet. */
struct wf_redrive *wf_redrive_new(struct wf_engine *engine, uint64_t id,
                                  struct wf_redrive_fix *fix,
                                  wf_redrive_fn *ready, void *arg);
/** The execution as it goes on, and its root, which has recorded that; both
 * are still to be joined to all others. */
struct wf_frame *wf_redrive_make(struct wf_redrive *redrive,
                                 struct wf_str token);
/** Then, with its timeout begun anew. */
void wf_redrive_join(struct wf_engine *engine, struct wf_frame *root);
/** Whose history and documents are read. */
uint64_t wf_redrive_source(const struct wf_redrive *redrive);
/** Makes rows of frames and results. */
void wf_redrive_put_rows(struct wf_redrive *redrive);
/** Reads and stores (2 and 3), then calls wf_redrive_stored(). */
void wf_redrive_read(struct wf_redrive *redrive);
void wf_redrive_stored(struct wf_redrive *redrive);
/** Which definition it is to run is known. */
void wf_redrive_with_target(struct wf_redrive *redrive);
/** Ends it, with a reason (copied). */
void wf_redrive_refuse(struct wf_redrive *redrive, const char *reason);
/** Makes the `index`-th frame in `execution`, with its Map Run. */
struct wf_frame *wf_redrive_frame(const struct wf_redrive *redrive,
                                  uint32_t index,
                                  struct wf_execution *execution);
/** What its row says; texts borrowed from it. */
void wf_redrive_image(const struct wf_redrive *redrive,
                      struct wf_execution_image *image);

#endif
