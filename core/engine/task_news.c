/*
 * task_news.c - what the pool tells of tasks under way: checkpoints and
 * children, which are recorded before the worker goes on.
 */
#include <stdlib.h>

#include "engine_impl.h"
#include "task_news.h"

/* Waits for a commit on behalf of the pool. */
struct recorded {
    struct wf_engine *engine;
    uint64_t task;
    struct wf_child child; /* pid 0: a checkpoint */
};

static void recorded_run(void *arg) {
    struct recorded *recorded = arg;
    struct wf_engine *engine = recorded->engine;
    if (recorded->child.pid)
        wf_pool_child_recorded(engine->pool, recorded->task,
                               recorded->child);
    else
        wf_pool_checkpoint_stored(engine->pool, recorded->task);
    free(recorded);
}

static void when_recorded(struct wf_engine *engine, struct wf_frame *frame,
                          uint64_t task, struct wf_child child) {
    struct recorded *recorded = wf_calloc(1, sizeof(*recorded));
    *recorded = (struct recorded){engine, task, child};
    wf_execution_after(engine, frame->execution, recorded_run, recorded);
}

/* A job that a task waits for (.sync) has been started: its worker keeps in
 * its first checkpoint, a text, what the service has answered. */
static void job_started(struct wf_engine *engine, struct wf_frame *frame,
                        struct wf_str cursor) {
    struct wf_doc *text = wf_doc_trusted(cursor);
    struct wf_value value = {text, 0};
    struct wf_buf answer = {0};
    struct wf_error err;

    if (wf_value_type(value) == WF_JSON_STRING) /* a handler's may be any */
        wf_value_string(value, &answer);
    wf_doc_unref(text);
    struct wf_doc *doc = wf_doc_parse_buf(&answer, NULL, &err);
    if (!doc)
        return;
    wf_task_record_started(engine, frame);
    wf_task_record_output(engine, frame, WF_EVENT_TASK_SUBMITTED, doc, NULL);
    wf_frame_changed(engine, frame);
    wf_doc_unref(doc);
}

static bool is_job(const struct wf_frame *frame) {
    return wf_resource_is_job(
        &frame->execution->machine->states[frame->state]);
}

/* It belongs to no execution. */
static bool has_no_record(const struct wf_engine *engine, uint64_t task) {
    return wf_test_has_task(engine, task) ||
           wf_notifications_have_task(engine, task) ||
           wf_schedules_have_task(engine, task);
}

void wf_task_checkpoint(void *arg, uint64_t task, struct wf_str cursor) {
    struct wf_engine *engine = arg;
    struct wf_frame *frame = wf_task_table_get(&engine->tasks, task);
    if (!frame && has_no_record(engine, task))
        wf_pool_checkpoint_stored(engine->pool, task); /* nowhere */
    if (!frame)
        return;
    if (!frame->has_checkpoint && is_job(frame))
        job_started(engine, frame, cursor);
    if (!frame->execution->express) {
        struct wf_key key = wf_key_checkpoint(
            engine->partition, frame->execution->id, frame->number);
        struct wf_buf value = {0};
        wf_buf_varint(&value, frame->state);
        wf_buf_addstr(&value, cursor);
        wf_batch_put_buf(wf_engine_rows(engine), wf_key_str(&key), &value);
        wf_buf_free(&value);
        if (!frame->has_checkpoint)
            wf_frame_changed(engine, frame);
        frame->has_checkpoint = true;
        wf_execution_touch(engine, frame->execution);
    }
    when_recorded(engine, frame, task, (struct wf_child){0});
}

void wf_task_child_started(void *arg, uint64_t task, struct wf_child child) {
    struct wf_engine *engine = arg;
    struct wf_frame *frame = wf_task_table_get(&engine->tasks, task);
    if (!frame && has_no_record(engine, task))
        wf_pool_child_recorded(engine->pool, task, child); /* likewise */
    if (!frame)
        return; /* cancelled: the pool ends it */
    frame->children =
        wf_realloc(frame->children,
                   (frame->child_count + 1) * sizeof(*frame->children));
    frame->children[frame->child_count++] = child;
    wf_frame_changed(engine, frame);
    when_recorded(engine, frame, task, child);
}

/* Not worth a commit: a record of a child that is gone does no harm. */
void wf_task_child_ended(void *arg, uint64_t task, struct wf_child child) {
    struct wf_engine *engine = arg;
    struct wf_frame *frame = wf_task_table_get(&engine->tasks, task);
    for (uint32_t i = 0; frame && i < frame->child_count; i++)
        if (frame->children[i].pid == child.pid) {
            frame->children[i] = frame->children[--frame->child_count];
            wf_frame_mark_changed(frame);
            return;
        }
}
