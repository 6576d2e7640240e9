/* stop.c - StopExecution: loads what is parked, ends it, describes it. */
#include <stdlib.h>

#include "engine_impl.h"

struct stop_call {
    struct wf_engine *engine;
    uint64_t id;
    char *arn, *error, *cause;
    wf_execution_fn *reply;
    void *arg;
};

static void stop_drop(void *memory) {
    struct stop_call *call = memory;
    free(call->arn);
    free(call->error);
    free(call->cause);
}

static void stop_answer(struct stop_call *call) {
    wf_describe(call->engine, call->id, call->reply, call->arg);
    wf_call_free(call);
}

static void stop_loaded(void *arg, struct wf_execution *execution) {
    struct stop_call *call = arg;
    if (execution && execution->status == WF_EXECUTION_RUNNING) {
        struct wf_failure failure = {wf_str(call->error),
                                     wf_str(call->cause)};
        wf_execution_end(call->engine, execution, WF_EXECUTION_ABORTED,
                         &failure, 0);
    }
    stop_answer(call);
}

static void stop_found(void *arg, uint64_t id) {
    struct stop_call *call = arg;
    call->id = id;
    if (id) {
        wf_execution_load(call->engine, id, stop_loaded, call);
        return;
    }
    wf_refuse_execution(call->reply, call->arg, "ExecutionDoesNotExist",
                        "Execution Does Not Exist: '%s'", wf_str(call->arn));
    wf_call_free(call);
}

static char *copy_if_any(struct wf_str text) {
    return text.len ? wf_strndup(text.data, text.len) : NULL;
}

void wf_engine_stop_execution(struct wf_engine *engine, struct wf_str arn,
                              struct wf_str error, struct wf_str cause,
                              wf_execution_fn *reply, void *arg) {
    struct stop_call *call = wf_call_new(engine, sizeof(*call), stop_drop);
    call->engine = engine;
    call->arn = wf_strndup(arn.data, arn.len);
    call->error = copy_if_any(error);
    call->cause = copy_if_any(cause);
    call->reply = reply;
    call->arg = arg;
    if (wf_execution_arn_is_good(wf_str(call->arn), false, reply, arg))
        wf_execution_find(engine, wf_str(call->arn), stop_found, call);
    else
        wf_call_free(call);
}
