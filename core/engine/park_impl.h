/*
 * park_impl.h - what the engine's files call of those that see to frames that
 * wait: timers, leaving memory, coming back. Part of engine_impl.h.
 */
#ifndef WF_PARK_IMPL_H
#define WF_PARK_IMPL_H

#include "engine.h"
#include "execution.h"

/* ---- timer.c ---- */
/** (Re)arms or disarms a frame's timer from its due times. */
void wf_timer_update(struct wf_engine *engine, struct wf_frame *frame);
void wf_timer_update_execution(struct wf_engine *engine,
                               struct wf_execution *execution);
void wf_timer_disarm(struct wf_engine *engine, struct wf_frame *frame);
void wf_timer_disarm_execution(struct wf_engine *engine,
                               struct wf_execution *execution);
/** Fires what is due, at most `budget`; returns whether more is due. */
bool wf_timers_fire(struct wf_engine *engine, unsigned budget);
/** The earliest timer in memory or parked; INT64_MAX: none. */
int64_t wf_timers_next(const struct wf_engine *engine);
/** When the loop must turn for a timer: parked ones don't count while their
 * rows can't be read anyhow (what ends that turns the loop). */
int64_t wf_timers_wake(const struct wf_engine *engine);
/** Whether a scan of the parked timers could begin now. */
bool wf_engine_can_scan(const struct wf_engine *engine);

/* ---- park.c ---- */
/** Adds the rows that make the journal unnecessary for the execution. */
void wf_execution_pack(struct wf_engine *engine,
                       struct wf_execution *execution);
/** Drops the execution if nothing needs it in memory: it has ended and that
 * is durable, or it is packed and idle. To be asked when a reason has gone. */
void wf_execution_release(struct wf_engine *engine,
                          struct wf_execution *execution);
/** Its tail becomes a segment; all else stays in the journal. */
void wf_execution_cut(struct wf_engine *engine,
                      struct wf_execution *execution);
/** Adds the rows of frames that leave memory by themselves. */
void wf_frames_park(struct wf_engine *engine,
                    struct wf_execution *execution);
/** When a packed frame must be loaded: its timer, 0: at once, or -1: when a
 * child needs it. */
int64_t wf_frame_wake_time(const struct wf_frame *frame);
/** Parks the idle, packs the oldest when the journal is over its budget. */
void wf_engine_park_idle(struct wf_engine *engine);
/** It waits, and for nothing that comes soon. */
bool wf_frame_may_park(struct wf_engine *engine,
                       const struct wf_frame *frame);
/** A wait begins that is long enough to leave memory at once. */
void wf_frame_park_if_long(struct wf_engine *engine, struct wf_frame *frame);
void wf_engine_checkpoint(struct wf_engine *engine);
void wf_execution_drop(struct wf_engine *engine,
                       struct wf_execution *execution);

/* ---- load.c ---- */
/** Loads an execution with its frames (NULL in the callback: there is no
 * such execution, or it has ended). Calls back at once if in memory. */
typedef void wf_load_fn(void *arg, struct wf_execution *execution);
void wf_execution_load(struct wf_engine *engine, uint64_t id,
                       wf_load_fn *loaded, void *arg);
/** Loads one frame, which then goes on with what it was doing. */
void wf_frame_load(struct wf_engine *engine, uint64_t execution,
                   uint32_t frame);
/** The same; calls back (as wf_execution_load()) when that is done. */
void wf_frame_load_then(struct wf_engine *engine, uint64_t execution,
                        uint32_t frame, wf_load_fn *loaded, void *arg);
bool wf_frame_is_loading(const struct wf_engine *engine, uint64_t execution,
                         uint32_t frame);
/** The same from its row, into an execution in memory. */
void wf_frame_adopt(struct wf_engine *engine, struct wf_execution *execution,
                    uint32_t number, struct wf_str row);
/** True if all frames above are in memory; else they are being loaded, and
 * the frame runs when they are there. */
bool wf_frame_has_parents(struct wf_engine *engine, struct wf_frame *frame);

/* ---- load_docs.c ---- */
/** A document is not in the store: the execution fails. */
void wf_doc_is_lost(struct wf_engine *engine, struct wf_execution *execution,
                    uint64_t number);
/** Makes the documents that the frame's next step needs available; true if
 * they are, false if a read is under way (the frame runs after it). */
bool wf_frame_load_docs(struct wf_engine *engine, struct wf_frame *frame);
/** Scans table T again from its beginning: frames whose rows were passed over
 * may run now. */
void wf_engine_scan_again(struct wf_engine *engine);
/** Loads parked frames whose timers have come. */
void wf_engine_load_due(struct wf_engine *engine);

#endif
