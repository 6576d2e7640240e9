/*
 * pause.h - executions, and state machines, that somebody has paused.
 *
 * A paused execution starts nothing: it enters no state, hands no task to a
 * worker, a poller or another execution, starts no iteration, branch or child
 * execution, takes no signal. What had begun goes on to its end: the handlers
 * that run, and tasks that are with somebody who has their token; what they
 * end with is recorded as ever, and the frame then stands before its next
 * state. A frame that ends can be the last one, and so can the execution.
 *
 * Time goes on. A timer that is due while the execution is paused fires when
 * it is resumed: the end of a Wait, a retrier's interval, the time limits of
 * tasks that nobody works at here. A handler that runs is held to its limits,
 * and the execution to its own TimeoutSeconds.
 *
 * The pause is part of the execution's image, so it is durable like all else,
 * and as cheap: a frame that could go on but is held is a row like one that
 * waits (park.c). Its row in table T says "at once"; the next engine finds
 * it held again, or, if the execution was resumed meanwhile, lets it run. A
 * live engine that resumes an execution which has such rows scans table T
 * again from its beginning.
 *
 * A state machine that is paused says so in its head. Executions that start
 * are paused from their first state on, marked `with_machine`. Those that run
 * are paused, if wanted, one by one; and resumed, all that are so marked. Both
 * walks may be cut short by a death: who asks again has them done again.
 *
 * EXPRESS executions are in memory only and can't be paused: one of a paused
 * state machine is refused.
 */
#ifndef WF_PAUSE_H
#define WF_PAUSE_H

#include "engine.h"
#include "execution.h"

struct wf_machine_head;

/** The frame could go on, or will by itself, but its execution is paused. */
bool wf_frame_is_held(const struct wf_frame *frame);
/** Pauses one that runs, unless it is paused; or marks it as paused by
 * itself. `reason` empty: none. */
void wf_execution_pause(struct wf_engine *engine,
                        struct wf_execution *execution, int64_t since_ms,
                        struct wf_str reason, bool with_machine);
/** It goes on. */
void wf_execution_resume(struct wf_engine *engine,
                         struct wf_execution *execution);
/** Forgets the pause: the execution has ended. */
void wf_pause_clear(struct wf_pause *pause);

#endif
