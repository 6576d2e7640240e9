/*
 * offload.h - helper threads for what would block a loop.
 *
 * A job is two functions: `work` runs on a helper thread and may block on the
 * disk; `done` runs afterwards on the loop, exactly once for each job. They
 * share one `struct wf_job`, which the caller embeds in its own and which
 * belongs to the helper between wf_offload_submit() and `done`.
 *
 * Long jobs (copying, hashing, removing a tree) never take the last thread,
 * so that a short one (reading a file) waits for a disk access at most and
 * not for somebody else's ten gigabytes.
 *
 * Cancelling is a request: it sets a flag that long work looks at now and
 * then; `done` comes all the same and frees what the job holds.
 *
 * Threads start with the first job. An outstanding job keeps ev_run() going.
 */
#ifndef WF_OFFLOAD_H
#define WF_OFFLOAD_H

#include <ev.h>
#include <stdatomic.h>

#include "base.h"

struct wf_offload;

struct wf_job {
    void (*work)(struct wf_job *job); /**< On a helper thread. */
    void (*done)(struct wf_job *job); /**< On the loop; may free the job. */
    bool is_long;
    atomic_bool cancelled;
    struct wf_job *next; /* ours */
};

/** `threads` at least 2. The loop is borrowed. */
struct wf_offload *wf_offload_new(struct ev_loop *loop, unsigned threads);
/**
 * Cancels what is queued or running, waits for the threads, and calls `done`
 * of every job that is outstanding. Queued jobs do no work any more.
 */
void wf_offload_free(struct wf_offload *offload);
/** Queues a job whose `work` and `done` are set. */
void wf_offload_submit(struct wf_offload *offload, struct wf_job *job);
/** Jobs whose `done` has not been called. */
size_t wf_offload_outstanding(const struct wf_offload *offload);
/** Asks a job to end early. */
void wf_job_cancel(struct wf_job *job);
bool wf_job_is_cancelled(struct wf_job *job);

#endif
