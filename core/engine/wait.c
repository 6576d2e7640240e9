/*
 * wait.c - waiting for the end of an execution: WaitForExecution and the
 * callers of StartSyncExecution.
 *
 * A waiter keeps the execution in memory no longer than it is active anyhow:
 * one that waits for a parked execution is found again when that is loaded,
 * because waiters stay in a list of the engine, by id.
 */
#include <stdlib.h>

#include "engine_impl.h"

#define LONGEST_WAIT_MS 60000

struct wait_call;

struct wf_waiter {
    struct wf_waiter *next; /* in its bucket */
    struct wait_call *call; /* Its execution is still being described. */
    struct wf_engine *engine;
    uint64_t execution;
    struct ev_timer timer;
    wf_execution_fn *reply;
    void *arg;
};

struct wait_call {
    struct wf_engine *engine;
    char *arn;
    int64_t timeout_ms;
    struct wf_waiter *waiter; /* NULL: it has been answered. */
    wf_execution_fn *reply;
    void *arg;
};

static struct wf_waiter **bucket(struct wf_engine *engine, uint64_t id) {
    id *= UINT64_C(0x9e3779b97f4a7c15);
    return &engine->waiters[id >> 32 & (WF_WAITER_BUCKETS - 1)];
}

static void unlink_waiter(struct wf_waiter *waiter) {
    struct wf_waiter **at = bucket(waiter->engine, waiter->execution);
    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    ev_timer_stop(waiter->engine->loop, &waiter->timer);
    if (waiter->call)
        waiter->call->waiter = NULL;
    waiter->call = NULL;
}

static void answer(void *arg) {
    struct wf_waiter *waiter = arg;
    wf_describe(waiter->engine, waiter->execution, waiter->reply,
                waiter->arg);
    wf_call_free(waiter);
}

static void timed_out(struct ev_loop *loop, struct ev_timer *timer, int e) {
    struct wf_waiter *waiter = timer->data;
    (void)loop;
    (void)e;
    unlink_waiter(waiter);
    answer(waiter);
}

static struct wf_waiter *add_waiter(struct wf_engine *engine,
                                    uint64_t execution, int64_t timeout_ms,
                                    wf_execution_fn *reply, void *arg) {
    struct wf_waiter *waiter = wf_call_new(engine, sizeof(*waiter), NULL);
    struct wf_waiter **at = bucket(engine, execution);
    *waiter = (struct wf_waiter){
        .next = *at,
        .engine = engine,
        .execution = execution,
        .reply = reply,
        .arg = arg,
    };
    *at = waiter;
    ev_timer_init(&waiter->timer, timed_out, (double)timeout_ms / 1000, 0);
    waiter->timer.data = waiter;
    ev_timer_start(engine->loop, &waiter->timer);
    return waiter;
}

/* EXPRESS: the result leaves at once, and memory with it. */
static void answer_express(struct wf_engine *engine,
                           struct wf_execution *execution,
                           struct wf_waiter *waiter) {
    struct wf_buf arn = {0};
    struct wf_execution_reply reply = {
        .name = {execution->name, strcspn(execution->name, ":")},
        .state_machine_arn = wf_str(execution->machine->arn),
        .status = execution->status,
        .start_ms = execution->start_ms,
        .stop_ms = execution->stop_ms,
        .error = wf_str(execution->error),
        .cause = wf_str(execution->cause),
    };
    reply.arn = wf_execution_arn(engine, execution, &arn);
    if (execution->input.doc)
        reply.input = wf_doc_text(execution->input.doc);
    if (execution->output.doc)
        reply.output = wf_doc_text(execution->output.doc);
    waiter->reply(waiter->arg, NULL, &reply);
    wf_buf_free(&arn);
    wf_call_free(waiter);
}

void wf_waiters_ended(struct wf_engine *engine,
                      struct wf_execution *execution) {
    struct wf_waiter *waiter = *bucket(engine, execution->id), *next;
    for (; waiter; waiter = next) {
        next = waiter->next;
        if (waiter->execution != execution->id)
            continue;
        unlink_waiter(waiter);
        if (execution->express)
            answer_express(engine, execution, waiter);
        else
            wf_execution_after(engine, execution, answer, waiter);
    }
}

void wf_wait_sync(struct wf_engine *engine, struct wf_execution *execution,
                  wf_execution_fn *reply, void *arg) {
    /* EXPRESS executions are bounded by their own timeout. */
    add_waiter(engine, execution->id, 365 * INT64_C(86400000), reply, arg);
}

static void drop(void *memory) {
    struct wait_call *call = memory;
    free(call->arn);
}

/* The waiter was there before the description was asked for, so an end
 * between the two is not missed. */
static void described(void *arg, const struct wf_refusal *refusal,
                      const struct wf_execution_reply *reply) {
    struct wait_call *call = arg;
    struct wf_waiter *waiter = call->waiter;
    if (waiter && (refusal || reply->status != WF_EXECUTION_RUNNING)) {
        unlink_waiter(waiter);
        wf_call_free(waiter);
        call->reply(call->arg, refusal, reply);
    } else if (waiter) {
        waiter->call = NULL;
    }
    wf_call_free(call);
}

static void found(void *arg, uint64_t id) {
    struct wait_call *call = arg;
    if (id == 0) {
        wf_refuse_execution(call->reply, call->arg, "ExecutionDoesNotExist",
                            "Execution Does Not Exist: '%s'",
                            wf_str(call->arn));
        wf_call_free(call);
        return;
    }
    call->waiter = add_waiter(call->engine, id, call->timeout_ms, call->reply,
                              call->arg);
    call->waiter->call = call;
    wf_describe(call->engine, id, described, call);
}

void wf_engine_wait_for_execution(struct wf_engine *engine, struct wf_str arn,
                                  int64_t timeout_ms, wf_execution_fn *reply,
                                  void *arg) {
    if (!wf_execution_arn_is_good(arn, true, reply, arg))
        return;
    struct wait_call *call = wf_call_new(engine, sizeof(*call), drop);
    if (timeout_ms <= 0 || timeout_ms > LONGEST_WAIT_MS)
        timeout_ms = LONGEST_WAIT_MS;
    *call = (struct wait_call){
        .engine = engine,
        .arn = wf_strndup(arn.data, arn.len),
        .timeout_ms = timeout_ms,
        .reply = reply,
        .arg = arg,
    };
    wf_execution_find(engine, wf_str(call->arn), found, call);
}

/* Whoever waits for an execution in memory may ask the next engine again. */
static void dismiss(struct wf_waiter *waiter) {
    static const struct wf_refusal closing = {
        .exception = "ServiceUnavailable",
        .message = {"The engine is closing.", 22},
    };
    unlink_waiter(waiter);
    waiter->reply(waiter->arg, &closing, NULL);
    wf_call_free(waiter);
}

void wf_waiters_free(struct wf_engine *engine) {
    for (size_t i = 0; i < WF_WAITER_BUCKETS; i++)
        while (engine->waiters[i])
            dismiss(engine->waiters[i]);
}
