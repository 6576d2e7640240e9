/*
 * map_update.c - UpdateMapRun: changes what limits a run that goes on.
 *
 * The frame of a run has it. One that is parked is loaded, also because it
 * may have something to do then: a higher limit lets children start.
 */
#include <stdlib.h>

#include "engine_impl.h"
#include "refusal.h"

struct update_call {
    struct wf_engine *engine;
    char *arn;
    struct wf_update_map_run ask; /* without texts */
    uint64_t parent;
    uint32_t number, frame;
    struct wf_map_run *run;       /* in memory; NULL: not found */
    struct wf_frame *run_frame;
    wf_done_fn *reply;
    void *arg;
};

static void drop(void *memory) {
    struct update_call *call = memory;
    free(call->arn);
}

static void refuse(struct update_call *call, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    call->reply(call->arg,
                wf_refusal_make(&text, exception, format, subject));
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void refuse_ended(void *arg) {
    struct update_call *call = arg;
    refuse(call, "ValidationException", "Map Run is not running: '%s'",
           wf_str(call->arn));
}

static void updated(void *arg) {
    struct update_call *call = arg;
    call->reply(call->arg, NULL);
    wf_call_free(call);
}

static void take(void *arg, struct wf_map_run *run, struct wf_frame *frame) {
    struct update_call *call = arg;
    if (run->number != call->number)
        return;
    call->run = run;
    call->run_frame = frame;
}

static bool find_in_memory(struct update_call *call,
                           const struct wf_execution *execution) {
    call->run = NULL;
    if (execution)
        wf_map_runs_visit(execution, take, call);
    return call->run && call->run_frame;
}

static void update(struct update_call *call) {
    const struct wf_update_map_run *ask = &call->ask;
    struct wf_map_run *run = call->run;
    struct wf_frame *frame = call->run_frame;
    if (ask->has_max_concurrency)
        run->max_concurrency = ask->max_concurrency;
    if (ask->has_count)
        run->tolerated_count = ask->tolerated_failure_count;
    if (ask->has_percentage)
        run->tolerated_percentage = ask->tolerated_failure_percentage;
    run->row_due = true;
    wf_frame_changed(call->engine, frame);
    wf_frame_run(call->engine, frame);
    wf_execution_after(call->engine, frame->execution, updated, call);
}

static void frame_loaded(void *arg, struct wf_execution *execution) {
    struct update_call *call = arg;
    if (find_in_memory(call, execution))
        update(call);
    else if (execution)
        wf_execution_after(call->engine, execution, refuse_ended, call);
    else
        refuse_ended(call);
}

static void loaded(void *arg, struct wf_execution *execution) {
    struct update_call *call = arg;
    if (find_in_memory(call, execution) || !execution)
        frame_loaded(call, execution);
    else
        wf_frame_load_then(call->engine, call->parent, call->frame,
                           frame_loaded, call);
}

static void found(void *arg, const struct wf_map_run_found *found) {
    struct update_call *call = arg;
    if (!found) {
        refuse(call, "ResourceNotFound", WF_NO_MAP_RUN, wf_str(call->arn));
    } else if (found->run->status != WF_MAP_RUN_RUNNING) {
        refuse_ended(call);
    } else {
        call->parent = found->run->parent;
        call->number = found->run->number;
        call->frame = found->run->frame;
        wf_execution_load(call->engine, call->parent, loaded, call);
    }
}

void wf_engine_update_map_run(struct wf_engine *engine,
                              const struct wf_update_map_run *ask,
                              wf_done_fn *reply, void *arg) {
    struct update_call *call = wf_call_new(engine, sizeof(*call), drop);
    struct wf_buf why = {0};
    *call = (struct update_call){
        .engine = engine,
        .arn = wf_strndup(ask->map_run_arn.data, ask->map_run_arn.len),
        .ask = *ask,
        .reply = reply,
        .arg = arg,
    };
    if (!wf_map_run_find(engine, wf_str(call->arn), &why, found, call))
        refuse(call, "InvalidArn", "%s", (struct wf_str){why.data, why.len});
    wf_buf_free(&why);
}
