/*
 * notifying.h - what the engine's other files call of notifications. Part of
 * engine_impl.h.
 */
#ifndef WF_NOTIFYING_H
#define WF_NOTIFYING_H

#include "execution.h"
#include "pool.h"

struct wf_engine;
struct wf_engine_stats;

int wf_notifications_open(struct wf_engine *engine, struct wf_error *err);
void wf_notifications_close(struct wf_engine *engine);
/** Adds rows for the execution's status changes that its part of the batch
 * being built has. */
void wf_notifications_put(struct wf_engine *engine,
                          struct wf_execution *execution);
/** The number of the latest such row, and that those up to one are durable. */
uint64_t wf_notifications_seq(const struct wf_engine *engine);
void wf_notifications_durable(struct wf_engine *engine, uint64_t seq);
/** Rows of what was delivered leave with the open batch. */
void wf_notifications_settle(struct wf_engine *engine);
void wf_notifications_housekeeping(struct wf_engine *engine);
/** The pool's news of handlers that are told. False: it is none of them. */
bool wf_notifications_task_ended(struct wf_engine *engine, uint64_t task,
                                 enum wf_task_end how,
                                 const struct wf_failure *failure);
bool wf_notifications_have_task(const struct wf_engine *engine,
                                uint64_t task);
void wf_notifications_count(const struct wf_engine *engine,
                            struct wf_engine_stats *stats);

#endif
