/*
 * decider.h - decisions on evaluator threads (evaluate.h): Lua states of
 * their own, with limits that are much wider than the loop's.
 *
 * A question is a call of script.h, copied; the answer is its decision, or
 * States.Runtime if a limit is exceeded. A thread takes one of the states for
 * a question. A state keeps the machines it compiled last.
 *
 * Seeded, a question brings a seed of its own for ctx:random() and ctx:uuid(),
 * drawn by the loop, so that no thread's pace can be seen in a result.
 */
#ifndef WF_DECIDER_H
#define WF_DECIDER_H

#include "evaluate.h"
#include "script.h"

struct wf_deciders;
struct wf_deciding; /* one question */

struct wf_decider_options {
    /** As the loop's; limits: steps 0: 50 million, bytes 0: 512 MiB each. The
     * clock is not used, and `notice` is called on the loop. */
    struct wf_script_options script;
    bool seeded;
};

/** Borrows the evaluator, which is freed first. An error names a script that
 * does not load. */
int wf_deciders_new(struct wf_evaluator *evaluator,
                    const struct wf_decider_options *options,
                    struct wf_deciders **deciders, struct wf_error *err);
void wf_deciders_free(struct wf_deciders *deciders); /* NULL is allowed */

/** The decision is the receiver's; NULL: cancelled. */
typedef void wf_decided_fn(void *arg, struct wf_decision *decision);

struct wf_question {
    uint64_t machine;         /**< Names the definition. */
    struct wf_str definition; /**< Lives as long as the deciders. */
    uint64_t seed;
    /** Copied, all but its machine and `stop`, which are not looked at. */
    const struct wf_script_call *call;
    wf_decided_fn *done;
    void *arg;
};

/**
 * Asks. `done` is called exactly once, from the loop; in step (evaluate.h)
 * before this returns, and then what it returns is gone.
 */
struct wf_deciding *wf_deciders_ask(struct wf_deciders *deciders,
                                    const struct wf_question *question);
/** Other work that needs a Lua state. */
struct wf_script_job {
    struct wf_job job; /**< Ours, but for wf_job_is_cancelled(). */
    /** On a thread. script NULL: `err` says why there is none. */
    void (*work)(struct wf_script_job *job, struct wf_script *script);
    void (*done)(struct wf_script_job *job); /**< On the loop; may free it. */
    struct wf_error err;
    struct wf_deciders *deciders; /* ours */
};
/** As wf_evaluator_submit(): `work` is left out if it is cancelled. */
void wf_deciders_submit(struct wf_deciders *deciders,
                        struct wf_script_job *job);
/** Nobody wants to know any more. `done` comes all the same, with NULL. */
void wf_deciding_cancel(struct wf_deciding *deciding);

#endif
