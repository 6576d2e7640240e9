/*
 * schedules.h - the schedules of an engine, as the engine's own files see
 * them. What clients ask of them is in schedule.h.
 */
#ifndef WF_SCHEDULES_H
#define WF_SCHEDULES_H

#include "engine.h"
#include "pool.h"

struct wf_execution;

void wf_schedules_open(struct wf_engine *engine);
void wf_schedules_close(struct wf_engine *engine);
/** Starts what is due, some at a time. */
void wf_schedules_fire(struct wf_engine *engine);
/** When something is due next; INT64_MAX: nothing is, or the rows can't be
 * read now. */
int64_t wf_schedules_wake(const struct wf_engine *engine);
int64_t wf_schedules_next(const struct wf_engine *engine);
/** Those that wait for its end go on. */
void wf_schedules_ended(struct wf_engine *engine,
                        const struct wf_execution *execution);
/** The pool's news of dead letters that are sent. False: it is none. */
bool wf_schedules_task_ended(struct wf_engine *engine, uint64_t task,
                             enum wf_task_end how,
                             const struct wf_failure *failure);
bool wf_schedules_have_task(const struct wf_engine *engine, uint64_t task);
void wf_schedules_housekeeping(struct wf_engine *engine);

#endif
