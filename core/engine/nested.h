/*
 * nested.h - executions that tasks start: states:startExecution, .sync,
 * .sync:2, .waitForTaskToken, and aws-sdk:sfn:startExecution.
 *
 * Parent and child are executions of their own, in batches of their own:
 *
 *   parent: TaskScheduled ──durable──▶ child begins; its image names the task
 *   parent: TaskStarted and TaskSucceeded, or TaskSubmitted ◀──durable──┘
 *   child:  ends, and leaves a row ──durable──▶ parent: TaskSucceeded
 *   child:  the row goes ◀──────────────────────durable──┘
 *
 * What is on the left of an arrow is the message of which the right side is
 * the effect, and stays until that is durable; so either side may die between
 * any two steps.
 *
 * A parent's frame in WF_PHASE_TASK asks for the start. After a death it asks
 * again, by the same name: one that the user gave, or one made of the task's
 * secret. The child's image says that it is this task's (struct wf_caller),
 * so the task gets it though it may have ended by then.
 *
 * With .sync the frame waits as for a token (WF_PHASE_TOKEN) and knows the
 * child (`called`); it parks like any other. The child's image names the frame,
 * so its end finds it by one read: the answer is noted there as one that came
 * with a token, and the first one counts. Row T(0, child, WF_FRAME_CALLERS)
 * is there from the child's start until the frame has recorded that it waits,
 * and from the end until all who wait have recorded that. A task that is given
 * up leaves the same row, and stops the child. The next engine looks at what
 * has such a row: if the child runs and nobody waits for it, it is stopped; if
 * it has ended, those who wait are told. While both sides just wait there is
 * no such row, so an engine's start costs the same for a million of them.
 *
 * A start that the engine has no room for is put off for a minute, then it
 * fails: executions that start each other for ever end so, and nothing else.
 */
#ifndef WF_NESTED_H
#define WF_NESTED_H

#include "engine.h"
#include "execution.h"

/** The frame's task is the start of an execution. */
bool wf_task_is_nested(const struct wf_frame *frame);
/** It is, and its answer is the end of that execution. */
bool wf_task_is_called(const struct wf_frame *frame);

/* ---- nested.c ---- */
/** Starts what the frame's schedule asks for, which is durable. */
void wf_nested_start(struct wf_engine *engine, struct wf_frame *frame);
/** Asks again for starts that were put off. */
void wf_nested_housekeeping(struct wf_engine *engine);

/* ---- nested_end.c ---- */
/** The frame's task is being given up: what it waits for is stopped. */
void wf_nested_abandon(struct wf_engine *engine, struct wf_frame *frame);
/** A frame that waited for the execution is gone: the same. */
void wf_nested_left(struct wf_engine *engine, uint64_t child);
/** The execution has ended: whoever waits for it is told. */
void wf_nested_ended(struct wf_engine *engine,
                     struct wf_execution *execution);
/** Adds the row of an execution that must be looked at by the next engine,
 * unless this one settles things: it may have been started for nothing, or
 * its end is still to be told. */
void wf_nested_put_row(struct wf_engine *engine, uint64_t child);
/** If the execution has ended, those who wait are told. */
void wf_nested_look(struct wf_engine *engine, uint64_t child);
/** The same at the start of an engine; and if the execution runs and nobody
 * waits for it any more, it is stopped. */
void wf_nested_look_again(struct wf_engine *engine, uint64_t child);
/** The frame waits for the execution; once that is durable, the row that the
 * start has left goes. */
void wf_nested_waits(struct wf_engine *engine, struct wf_frame *frame);
/** Looks again at those whose tasks were about to ask for them. */
void wf_nested_ends_housekeeping(struct wf_engine *engine);

/* ---- nested_text.c ---- */
/** The answer to StartExecution, as its integration shows it; as an AWS SDK
 * does if `is_sdk`. */
void wf_nested_started_text(struct wf_engine *engine, bool is_sdk,
                            const struct wf_execution_reply *reply,
                            struct wf_buf *out);
/** The answer to DescribeExecution. `is_parsed`: payloads are JSON and not
 * texts with JSON in them. */
void wf_nested_described_text(const struct wf_execution_reply *reply,
                              bool is_parsed, struct wf_buf *out);
/** A refusal as the task's failure; the texts are kept in `text`. */
void wf_nested_refused(struct wf_engine *engine, bool is_sdk,
                       const struct wf_refusal *refusal, struct wf_buf *text,
                       struct wf_failure *failure);

#endif
