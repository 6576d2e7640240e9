/* pause.c - PauseExecution, ResumeExecution, and what a pause is. See
 * pause.h. */
#include "pause.h"

#include <stdlib.h>

#include "engine_impl.h"

/* ---- what is held ---- */

/* It has something to do, or will have, beyond what has begun. */
static bool would_begin(const struct wf_frame *frame) {
    const struct wf_fork *fork = frame->fork;
    switch (frame->phase) {
    case WF_PHASE_ENTER:
    case WF_PHASE_WAIT:
    case WF_PHASE_RETRY:
    case WF_PHASE_REDRIVE:
    case WF_PHASE_TOKEN:
        return true;
    case WF_PHASE_TASK:
        return frame->task == 0 || frame->dispatch_wanted;
    case WF_PHASE_OFFER:
        return !frame->taker;
    case WF_PHASE_FORK: /* (a Map Run's turn also counts what has ended) */
        return !fork->run && fork->done < fork->count;
    default:
        return false;
    }
}

bool wf_frame_is_held(const struct wf_frame *frame) {
    const struct wf_execution *execution = frame->execution;
    return execution->pause.since_ms != 0 &&
           execution->status == WF_EXECUTION_RUNNING && !frame->deciding &&
           !frame->answers && would_begin(frame) &&
           !wf_frame_is_doomed(frame);
}

void wf_pause_clear(struct wf_pause *pause) {
    free(pause->reason);
    *pause = (struct wf_pause){0};
}

void wf_execution_pause(struct wf_engine *engine,
                        struct wf_execution *execution, int64_t since_ms,
                        struct wf_str reason, bool with_machine) {
    struct wf_pause *pause = &execution->pause;
    if (pause->since_ms && (with_machine || !pause->with_machine))
        return;
    if (!pause->since_ms)
        pause->since_ms = since_ms;
    pause->with_machine = with_machine;
    free(pause->reason);
    pause->reason =
        reason.len ? wf_strndup(reason.data, reason.len) : NULL;
    execution->image_changed = true;
    wf_execution_touch(engine, execution);
}

/* ---- going on ---- */

static void shift(int64_t *due_ms, int64_t ms) {
    if (*due_ms)
        *due_ms += ms;
}

/* Nobody could begin the task meanwhile: its limits begin as much later. */
static void shift_limits(struct wf_engine *engine, struct wf_frame *frame,
                         int64_t since_ms) {
    int64_t now = wf_clock_now_ms(engine->clock);
    int64_t from = frame->entered_ms > since_ms ? frame->entered_ms
                                                : since_ms;
    if (now <= from)
        return;
    shift(&frame->timeout_due_ms, now - from);
    shift(&frame->heartbeat_due_ms, now - from);
    wf_timer_update(engine, frame);
    wf_frame_changed(engine, frame);
}

static void wake(struct wf_engine *engine, struct wf_frame *frame,
                 int64_t since_ms) {
    int64_t due_ms = wf_frame_due(frame);
    bool has_begun = frame->has_started || frame->started_ms;
    if (frame->phase == WF_PHASE_GONE)
        return;
    if (frame->phase == WF_PHASE_TASK && !has_begun)
        shift_limits(engine, frame, since_ms);
    if (frame->dispatch_wanted && !frame->cancelling && !frame->reaping) {
        frame->dispatch_wanted = false;
        wf_commit_dispatch(engine, frame);
    }
    if (!wf_frame_is_waiting(frame) ||
             (due_ms && due_ms <= wf_clock_now_ms(engine->clock)))
        wf_frame_run(engine, frame);
    else
        wf_timer_update(engine, frame);
}

void wf_execution_resume(struct wf_engine *engine,
                         struct wf_execution *execution) {
    int64_t since_ms = execution->pause.since_ms;
    uint32_t rows = 0;
    if (!since_ms)
        return;
    wf_pause_clear(&execution->pause);
    execution->image_changed = true;
    wf_execution_touch(engine, execution);
    for (struct wf_frame *f = execution->frames; f; f = f->next) {
        rows += f->has_row;
        wake(engine, f, since_ms);
    }
    if (execution->frame_rows > rows)
        wf_engine_scan_again(engine);
    wf_signals_wake(engine, execution);
    wf_polls_look_again(engine);
}

/* ---- the operations ---- */

struct pause_call {
    struct wf_engine *engine;
    uint64_t id;
    bool resumes;
    char *arn, *reason;
    wf_execution_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct pause_call *call = memory;
    free(call->arn);
    free(call->reason);
}

static void refuse(struct pause_call *call, const char *exception,
                   const char *format) {
    wf_refuse_execution(call->reply, call->arg, exception, format,
                        wf_str(call->arn));
    wf_call_free(call);
}

static void is_over(void *arg) {
    refuse(arg, "ExecutionNotRunning", "Execution Not Running: '%s'");
}

static void loaded(void *arg, struct wf_execution *execution) {
    struct pause_call *call = arg;
    struct wf_engine *engine = call->engine;
    if (!execution || execution->status != WF_EXECUTION_RUNNING) {
        wf_engine_after(engine, is_over, call);
        return;
    }
    if (call->resumes)
        wf_execution_resume(engine, execution);
    else
        wf_execution_pause(engine, execution,
                           wf_clock_now_ms(engine->clock),
                           wf_str(call->reason), false);
    wf_describe(engine, call->id, call->reply, call->arg);
    wf_call_free(call);
}

static void found(void *arg, uint64_t id) {
    struct pause_call *call = arg;
    call->id = id;
    if (id)
        wf_execution_load(call->engine, id, loaded, call);
    else
        refuse(call, "ExecutionDoesNotExist",
               "Execution Does Not Exist: '%s'");
}

static void ask(struct wf_engine *engine, struct wf_str arn,
                struct wf_str reason, bool resumes, wf_execution_fn *reply,
                void *arg) {
    if (!wf_execution_arn_is_good(arn, false, reply, arg))
        return;
    struct pause_call *call = wf_call_new(engine, sizeof(*call), drop);
    *call = (struct pause_call){.engine = engine,
                                .resumes = resumes,
                                .arn = wf_strndup(arn.data, arn.len),
                                .reply = reply,
                                .arg = arg};
    if (reason.len)
        call->reason = wf_strndup(reason.data, reason.len);
    wf_execution_find(engine, wf_str(call->arn), found, call);
}

void wf_engine_pause_execution(struct wf_engine *engine, struct wf_str arn,
                               struct wf_str reason, wf_execution_fn *reply,
                               void *arg) {
    ask(engine, arn, reason, false, reply, arg);
}

void wf_engine_resume_execution(struct wf_engine *engine, struct wf_str arn,
                                wf_execution_fn *reply, void *arg) {
    ask(engine, arn, WF_STR_NULL, true, reply, arg);
}
