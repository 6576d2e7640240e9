/*
 * task_impl.h - what the engine's files call of those that see to tasks: which
 * frame a task belongs to, its way to the pool and back, tokens, and what is
 * left running of those that were given up. Part of engine_impl.h.
 */
#ifndef WF_TASK_IMPL_H
#define WF_TASK_IMPL_H

#include "engine.h"
#include "execution.h"
#include "machine.h"
#include "pool.h"

struct wf_task_table;

/* ---- task_table.c ---- */
void wf_task_table_put(struct wf_task_table *table, uint64_t task,
                       struct wf_frame *frame);
/** NULL: no such task. */
struct wf_frame *wf_task_table_get(const struct wf_task_table *table,
                                   uint64_t task);
void wf_task_table_remove(struct wf_task_table *table, uint64_t task);
void wf_task_table_free(struct wf_task_table *table);

/* ---- task.c ---- */
extern const struct wf_pool_events wf_task_pool_events;
void wf_task_schedule(struct wf_engine *engine, struct wf_frame *frame);
/** The task's work has begun. */
void wf_task_has_begun(struct wf_engine *engine, struct wf_frame *frame);
/** Hands to the pool what the durable batch scheduled. */
void wf_task_dispatch(struct wf_engine *engine, uint64_t task);
/** States.DataLimitExceeded, in AWS's words. Its cause is in `text`. */
void wf_failure_too_large(struct wf_failure *failure, struct wf_str name,
                          struct wf_buf *text);
/** That there is none who would run such a task. As above. */
void wf_failure_no_worker(struct wf_failure *failure,
                          const struct wf_state_info *info,
                          struct wf_buf *text);
struct wf_str wf_resource_name_in_causes(const struct wf_state_info *info);
/** The frame gives up its task (timeout, stop, end). */
void wf_task_abandon(struct wf_engine *engine, struct wf_frame *frame);
/** The pool still ends tasks of the execution that it has given up. */
bool wf_tasks_are_ending(const struct wf_engine *engine, uint64_t execution);
/** Records TaskStarted if that is still due. */
void wf_task_record_started(struct wf_engine *engine, struct wf_frame *frame);
/** Somebody has the token of the frame's task, so its call was made: records
 * TaskStarted if nothing has done so, be it an engine that died first. */
void wf_task_record_token_seen(struct wf_engine *engine,
                               struct wf_frame *frame);
/** The process groups that the frame's task had started have ended. */
void wf_task_left_nothing(struct wf_engine *engine, struct wf_frame *frame);
void wf_task_recovered(struct wf_engine *engine, struct wf_frame *frame);
void wf_tasks_housekeeping(struct wf_engine *engine);
void wf_tasks_drain_backlog(struct wf_engine *engine);
void wf_tasks_free(struct wf_engine *engine);

/** The types of a task's events. */
struct wf_task_events {
    enum wf_event_type started, succeeded, failed, timed_out;
};
const struct wf_task_events *
wf_task_events_of(const struct wf_frame *frame);
/** What the task had to call has answered; the frame waits for the token. Of
 * whoever does the work: the schedule was durable before it began. */
void wf_task_submitted(struct wf_engine *engine, struct wf_frame *frame,
                       struct wf_doc *output);
/** A task has its result, or has failed: with whatever its family records
 * for that, and the frame goes on. */
void wf_task_succeed(struct wf_engine *engine, struct wf_frame *frame,
                     struct wf_doc *output);
void wf_task_fail(struct wf_engine *engine, struct wf_frame *frame,
                  const struct wf_failure *failure);

/* ---- token.c ---- */
#define WF_TOKEN_SIZE 96
/** The token of the frame's task, NUL-terminated. */
struct wf_str wf_task_token_text(const struct wf_frame *frame,
                                 char out[WF_TOKEN_SIZE]);
/** The frame is about to ask for a task: a new secret. It is durable with the
 * task, and never changes for it. */
void wf_task_new_token(struct wf_engine *engine, struct wf_frame *frame);
/** It has been answered, while the call that hands its token on has not come
 * back. */
bool wf_task_answer_waits(const struct wf_frame *frame, int64_t now_ms);
/** The turn of a frame whose task has been answered: the first answer counts,
 * the others have come too late. */
void wf_task_answered(struct wf_engine *engine, struct wf_frame *frame);
/** The frame has come from the store: heartbeats that a dead engine got are
 * not known, and none can have come since. Its interval begins again. */
void wf_task_beats_again(struct wf_engine *engine, struct wf_frame *frame);
/** What the frame waits for is over: as an answer that came with its token.
 * `output` NULL: it has failed. `done` is told when that is durable, or has
 * come too late. */
void wf_task_answer(struct wf_engine *engine, struct wf_frame *frame,
                    struct wf_doc *output, const struct wf_failure *failure,
                    wf_done_fn *done, void *arg);
/** Refuses what came too late, once the reason is durable. */
void wf_tokens_turn(struct wf_engine *engine);

/* ---- survivors.c ---- */
/** Ends what a dead engine's or worker's task left running; the frame's next
 * dispatch waits for that. */
void wf_task_end_survivors(struct wf_engine *engine, struct wf_frame *frame);
/** The frame gives up its task: what that has started is on record, by rows
 * of the open batch, until it has ended. */
void wf_survivors_put(struct wf_engine *engine, const struct wf_frame *frame);
void wf_survivor_ended(struct wf_engine *engine, struct wf_child child);
/** A backup's: what is on record in it belongs to the engine it is of. */
void wf_survivors_mark_copy(struct wf_engine *engine, struct wf_batch *last);
/** At the start, before all else: whether this store is one. */
int wf_survivors_find_copy(struct wf_engine *engine, struct wf_error *err);
/** Some of the execution's are being ended. */
bool wf_survivors_are_ending(const struct wf_engine *engine,
                             uint64_t execution);
/** At the start: ends those on record. */
int wf_survivors_end(struct wf_engine *engine, struct wf_error *err);
void wf_survivors_free(struct wf_engine *engine);

#endif
