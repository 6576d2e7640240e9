/*
 * frame_impl.h - what the engine's files call of those that run frames: ask
 * what an event means, apply that, begin and end children. Part of
 * engine_impl.h.
 */
#ifndef WF_FRAME_IMPL_H
#define WF_FRAME_IMPL_H

#include "engine.h"
#include "execution.h"
#include "machine.h"
#include "script.h"

/* ---- transition.c ---- */
const struct wf_state_info *wf_frame_state(const struct wf_frame *frame);
/** The time of the execution's next event: never before its last. */
int64_t wf_execution_now(struct wf_engine *engine,
                         struct wf_execution *execution);
/** Puts a frame into the run queue. */
void wf_frame_run(struct wf_engine *engine, struct wf_frame *frame);
/** Runs one frame from the queue, at most `budget` transitions. Returns how
 * many it made. */
unsigned wf_frame_turn(struct wf_engine *engine, struct wf_frame *frame,
                       unsigned budget);
/** A waiting frame's event has come: asks Lua and applies the answer.
 * `result`: the task's output; `failure`: its failure. */
void wf_frame_resume(struct wf_engine *engine, struct wf_frame *frame,
                     enum wf_script_event event, const struct wf_ref *result,
                     const struct wf_failure *failure);
/** Applies a decision, frees it; the frame may be gone afterwards. */
void wf_frame_apply(struct wf_engine *engine, struct wf_frame *frame,
                    struct wf_decision *decision);
/** Records an event of the execution; EXPRESS keeps none unless observed. If
 * only the end has room, the execution ends in this turn instead. */
uint64_t wf_execution_event(struct wf_engine *engine,
                            struct wf_execution *execution,
                            struct wf_event *event);
/** A thread has decided: goes on as wf_frame_resume(). */
void wf_frame_decided(struct wf_engine *engine, struct wf_frame *frame,
                      struct wf_decision *decision,
                      const struct wf_ref *result);
/** Records an event of a frame; returns its id. */
uint64_t wf_frame_event(struct wf_engine *engine, struct wf_frame *frame,
                        struct wf_event *event);
void wf_frame_changed(struct wf_engine *engine, struct wf_frame *frame);
struct wf_str wf_execution_arn(struct wf_engine *engine,
                               struct wf_execution *execution,
                               struct wf_buf *out);
/** The idempotency key: the same when the task is dispatched again after a
 * death. */
void wf_task_attempt_key(const struct wf_frame *frame, uint32_t attempt,
                         struct wf_buf *out);
/** False for activities and for integrations that are no calls of AWS. */
bool wf_resource_has_worker(const struct wf_state_info *info);
/** What the worker is to run: "module.function", "lambda:arn:aws:lambda:…",
 * "lambda:invoke:NAME" or "aws:sqs:sendMessage"; may be in `text`. */
struct wf_str wf_resource_function(const struct wf_state_info *info,
                                   struct wf_doc *parameters,
                                   struct wf_buf *text);
bool wf_task_has_worker(const struct wf_frame *frame);
/** Gives the task to the pool; `checkpoint` is its last cursor. */
void wf_task_hand_over(struct wf_engine *engine, struct wf_frame *frame,
                       struct wf_str checkpoint);

/* ---- ask.c ---- */
/** Asks Lua what an event means; free the decision unless it is applied. */
void wf_frame_decide(struct wf_engine *engine, struct wf_frame *frame,
                     enum wf_script_event event, struct wf_doc *output,
                     const struct wf_failure *failure,
                     struct wf_decision *decision);
/** Asks for the input of a Map's iteration over `item` (NULL: what the fork
 * has at the index), which comes from `source` (empty: not told). */
void wf_frame_ask_item(struct wf_engine *engine, struct wf_frame *frame,
                       uint32_t index, const struct wf_value *item,
                       struct wf_str source, struct wf_decision *decision);
/** As wf_frame_decide(), and if a thread decides, wf_frame_decided() goes
 * on: the decision is WF_DECISION_TOO_LONG then. */
void wf_frame_put_question(struct wf_engine *engine, struct wf_frame *frame,
                           enum wf_script_event event,
                           const struct wf_ref *result,
                           const struct wf_failure *failure,
                           struct wf_decision *decision);
/** Replaces a decision that can't be accepted by a failure. */
void wf_frame_check(struct wf_engine *engine, struct wf_frame *frame,
                    struct wf_decision *decision);

/* ---- end.c ---- */
/** Adds the deletion of rows that frames have no use for any more. Called
 * with the execution's part of a batch, so both are there or neither. */
void wf_frames_forget_rows(struct wf_engine *engine,
                           struct wf_execution *execution);
/** Ends those that an event was not recorded of: before they can join a
 * batch. */
void wf_executions_end_full(struct wf_engine *engine);
/** Ends an execution that is running: records the event, frees the frames. */
void wf_execution_end(struct wf_engine *engine,
                      struct wf_execution *execution,
                      enum wf_execution_status status,
                      const struct wf_failure *failure, uint64_t previous);

/* ---- children.c ---- */
/** The state runs its branches; or its processor for each item. */
void wf_fork_parallel(struct wf_engine *engine, struct wf_frame *frame,
                      struct wf_decision *decision);
void wf_fork_map(struct wf_engine *engine, struct wf_frame *frame,
                 struct wf_decision *decision);
/** Records MapStateStarted. */
void wf_map_state_started(struct wf_engine *engine, struct wf_frame *frame,
                          uint64_t length);
/** All children have ended well, with these results; or (NULL) those can't be
 * had. The state decides and goes on. False: a thread decides, and the frame
 * runs again. */
bool wf_fork_joined(struct wf_engine *engine, struct wf_frame *frame,
                    struct wf_doc *results,
                    const struct wf_failure *failure);
/** All children have ended, and the state fails, or is being aborted. */
void wf_fork_aborted(struct wf_engine *engine, struct wf_frame *frame);
/** The state fails; its children end first. */
void wf_fork_fail(struct wf_engine *engine, struct wf_frame *frame,
                  const struct wf_failure *failure);
/** The turn of a frame whose children run or are being ended: starts some,
 * joins, ends some. Returns how many transitions that was. */
unsigned wf_fork_turn(struct wf_engine *engine, struct wf_frame *frame,
                      unsigned budget);
/** Finds out what a Map iterates over, if that is not known; its input must
 * be in memory. */
bool wf_fork_know_items(struct wf_engine *engine, struct wf_frame *frame);
/** A child has ended: with its output, or because nothing caught a failure.
 * The child is gone afterwards. */
void wf_child_succeeded(struct wf_engine *engine, struct wf_frame *child,
                        const struct wf_ref *output);
void wf_child_failed(struct wf_engine *engine, struct wf_frame *child,
                     const struct wf_failure *failure);
/** A child has begun to wait: another one may start. */
void wf_child_rests(struct wf_engine *engine, struct wf_frame *child);
/** Some state above the frame is being aborted. */
bool wf_frame_is_doomed(const struct wf_frame *frame);
/** The turn of a doomed frame: it ends if all below it have, and none above
 * it must be told first. Needs no documents. Returns as wf_fork_turn(). */
unsigned wf_child_abort(struct wf_engine *engine, struct wf_frame *child,
                        unsigned budget);

/* ---- results.c ---- */
/** Adds rows of those of the children's results that have none yet. */
void wf_results_put(struct wf_engine *engine, struct wf_frame *frame);
void wf_results_delete(struct wf_engine *engine, struct wf_frame *frame);
/** True: all results are in memory. Else they are being read, and the frame
 * runs when they are there. */
bool wf_fork_gather(struct wf_engine *engine, struct wf_frame *frame);

/* ---- deciding.c ---- */
/** How a frame goes on when a thread has decided. */
enum wf_decide_then {
    WF_DECIDE_APPLY, /**< wf_frame_decided(). */
    WF_DECIDE_AGAIN, /**< The frame runs, and asks the same again. */
};
/**
 * Asks for a decision. What is too much for the loop a thread is asked: then
 * the decision's kind is WF_DECISION_TOO_LONG, and the frame goes on later.
 * Until then nothing else runs it, and of its execution nothing is written:
 * what the transition has recorded so far must not be durable without the
 * rest. A seeded run waits for the answer. `result` is for `then`.
 */
void wf_frame_ask(struct wf_engine *engine, struct wf_frame *frame,
                  const struct wf_script_call *call,
                  enum wf_decide_then then, const struct wf_ref *result,
                  struct wf_decision *decision);
/** Whether the frame waits for a thread. */
bool wf_frame_is_undecided(const struct wf_frame *frame);

#endif
