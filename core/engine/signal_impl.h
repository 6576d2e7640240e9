/*
 * signal_impl.h - what the engine's files call of signal.c: states that wait
 * for a signal, and how they get it. Part of engine_impl.h; see signals.h.
 */
#ifndef WF_SIGNAL_IMPL_H
#define WF_SIGNAL_IMPL_H

#include "engine.h"
#include "execution.h"
#include "machine.h"

/** The state's task is to wait for a signal. */
bool wf_state_waits_for_signal(const struct wf_state_info *info);
/** It is in such a state, and waits. */
bool wf_frame_waits_for_signal(const struct wf_frame *frame);
/** The frame's task, just scheduled, is that: it waits. */
void wf_signal_wait(struct wf_engine *engine, struct wf_frame *frame);
/** The turn of a frame that may wait for a signal: takes it if it has come.
 * False: it has not. Else the frame may be gone. */
bool wf_signal_take(struct wf_engine *engine, struct wf_frame *frame);
/** It waits no more. */
void wf_signal_abandon(struct wf_engine *engine, struct wf_frame *frame);
/** Those run that wait for what has come, being loaded if need be. */
void wf_signals_wake(struct wf_engine *engine,
                     struct wf_execution *execution);
bool wf_signals_are_due(const struct wf_execution *execution);

#endif
