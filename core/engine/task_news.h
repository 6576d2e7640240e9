/*
 * task_news.h - what task.c and task_news.c need of each other.
 */
#ifndef WF_TASK_NEWS_H
#define WF_TASK_NEWS_H

#include "engine_impl.h"

/** True if a task of it waits for a job that it starts (.sync). */
bool wf_resource_is_job(const struct wf_state_info *info);

/** Records an event of a task that has a document; `ref` (or NULL) keeps it. */
void wf_task_record_output(struct wf_engine *engine, struct wf_frame *frame,
                           enum wf_event_type type, struct wf_doc *doc,
                           struct wf_ref *ref);

/* ---- of wf_task_pool_events: pool.h ---- */

void wf_task_checkpoint(void *arg, uint64_t task, struct wf_str cursor);
void wf_task_child_started(void *arg, uint64_t task, struct wf_child child);
void wf_task_child_ended(void *arg, uint64_t task, struct wf_child child);

#endif
