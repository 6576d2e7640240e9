/*
 * end.c - the ends of frames and executions: what they leave behind goes.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "activity.h"
#include "engine_impl.h"

/* The rows of a frame that has ended. */
static void forget_frame(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_execution *execution = frame->execution;
    struct wf_key key;
    if (frame->row_due_ms >= 0) {
        key = wf_key_timer(engine->partition, frame->row_due_ms,
                           execution->id, frame->number);
        wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
        frame->row_due_ms = -1;
    }
    if (frame->has_row) {
        key = wf_key_frame(engine->partition, execution->id, frame->number);
        wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
        frame->has_row = false;
        execution->frame_rows--;
        execution->image_changed = true;
    }
}

/* Rows beside the frame's own that it has no use for any more. */
static void forget_parts(struct wf_engine *engine, struct wf_frame *frame,
                         bool ended) {
    if (frame->checkpoint_over || (ended && frame->has_checkpoint)) {
        struct wf_key key = wf_key_checkpoint(
            engine->partition, frame->execution->id, frame->number);
        wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
        frame->checkpoint_over = false;
    }
    wf_offer_put(engine, frame, ended);
    if (frame->pages_over || (ended && frame->fork && frame->fork->has_rows))
        wf_results_delete(engine, frame);
    frame->pages_over = false;
}

/* One that ended while its row could be read stays until that is durable. */
static void bury_frame(struct wf_engine *engine, struct wf_frame *frame) {
    bool had_row = frame->has_row;
    forget_parts(engine, frame, true);
    forget_frame(engine, frame);
    wf_frame_mark_gone(frame);
    if (had_row)
        wf_commit_drop_frame(engine, frame);
    else
        wf_frame_remove(frame);
}

void wf_frames_forget_rows(struct wf_engine *engine,
                           struct wf_execution *execution) {
    struct wf_link *link, *next;
    if (execution->status != WF_EXECUTION_RUNNING) {
        for (struct wf_frame *f = execution->frames; f; f = f->next) {
            forget_parts(engine, f, true);
            forget_frame(engine, f);
        }
        wf_execution_free_frames(execution);
        return;
    }
    for (link = execution->changed.next; link != &execution->changed;
         link = next) {
        struct wf_frame *frame =
            WF_ENTRY(link, struct wf_frame, changed_link);
        next = link->next;
        if (frame->phase == WF_PHASE_GONE)
            bury_frame(engine, frame);
        else
            forget_parts(engine, frame, false);
    }
}

/* Where the frame would have gone on: a redrive goes on there. */
static void note_place(struct wf_execution *execution,
                       const struct wf_frame *frame) {
    const struct wf_fork *fork = frame->fork;
    wf_frame_note_between(frame, &execution->between);
    if (fork && fork->between.len)
        wf_buf_add(&execution->between, fork->between.data,
                   fork->between.len);
}

/* A frame of an execution that ends: nothing happens in it any more. Its
 * struct stays until the end is in a batch. */
static void still_frame(struct wf_engine *engine, struct wf_frame *frame) {
    wf_frame_undecide(frame);
    wf_task_abandon(engine, frame);
    wf_timer_disarm(engine, frame);
    wf_list_remove(&frame->run_link);
    frame->runnable = false;
    wf_ref_clear(&frame->input);
    wf_ref_clear(&frame->parameters);
}

static char *copy_text(struct wf_str text) {
    return text.data ? wf_strndup(text.data, text.len) : NULL;
}

static const enum wf_event_type END_EVENTS[] = {
    [WF_EXECUTION_SUCCEEDED] = WF_EVENT_EXECUTION_SUCCEEDED,
    [WF_EXECUTION_FAILED] = WF_EVENT_EXECUTION_FAILED,
    [WF_EXECUTION_TIMED_OUT] = WF_EVENT_EXECUTION_TIMED_OUT,
    [WF_EXECUTION_ABORTED] = WF_EVENT_EXECUTION_ABORTED,
};

static void end(struct wf_engine *engine, struct wf_execution *execution,
                enum wf_execution_status status,
                const struct wf_failure *failure, uint64_t previous) {
    struct wf_event event = {.type = END_EVENTS[status],
                             .previous_id = previous};
    if (status == WF_EXECUTION_SUCCEEDED) {
        event.fields = WF_EVENT_HAS_DOC;
        event.doc = execution->output.number;
    }
    wf_event_fail(&event, failure);
    if (failure) {
        execution->error = copy_text(failure->error);
        execution->cause = copy_text(failure->cause);
    }
    execution->status = status;
    wf_pause_clear(&execution->pause);
    execution->news |= WF_NEWS_ENDED;
    wf_execution_event(engine, execution, &event);
    execution->stop_ms = execution->last_ms;
    execution->image_changed = true;
    wf_map_runs_end(engine, execution);
    for (struct wf_frame *f = execution->frames; f; f = f->next) {
        if (status != WF_EXECUTION_SUCCEEDED && !execution->express)
            note_place(execution, f);
        still_frame(engine, f);
    }
    wf_signals_free(execution->signals);
    execution->signals = NULL;
    wf_timer_disarm_execution(engine, execution);
    engine->stats.executions_ended++;
    engine->stats.ended[status]++;
    wf_execution_touch(engine, execution);
    if (execution->map_child)
        wf_map_child_has_ended(engine, execution);
    wf_nested_ended(engine, execution);
    wf_waiters_ended(engine, execution);
    wf_schedules_ended(engine, execution);
    wf_execution_release(engine, execution);
}

/* In AWS's words. */
static void end_full(struct wf_engine *engine,
                     struct wf_execution *execution) {
    char cause[96];
    snprintf(cause, sizeof(cause),
             "The execution reached the maximum number of history events "
             "(%llu).",
             (unsigned long long)engine->options.profile->events);
    struct wf_failure failure = {WF_STR("States.Runtime"), wf_str(cause)};
    wf_list_remove(&execution->full_link);
    wf_ref_clear(&execution->output); /* it may just have succeeded */
    end(engine, execution, WF_EXECUTION_FAILED, &failure,
        execution->tail.next_event - 1);
}

void wf_execution_end(struct wf_engine *engine,
                      struct wf_execution *execution,
                      enum wf_execution_status status,
                      const struct wf_failure *failure, uint64_t previous) {
    assert(execution->status == WF_EXECUTION_RUNNING);
    for (struct wf_frame *f = execution->frames; f; f = f->next)
        wf_task_record_started(engine, f);
    if (wf_link_is_in(&execution->full_link))
        end_full(engine, execution);
    else
        end(engine, execution, status, failure, previous);
}

void wf_executions_end_full(struct wf_engine *engine) {
    while (!wf_list_is_empty(&engine->full))
        end_full(engine, WF_ENTRY(engine->full.next, struct wf_execution,
                                  full_link));
}
