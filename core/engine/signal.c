/* signal.c - states that wait for a signal, and SendSignal. See signals.h. */
#include <stdlib.h>

#include "engine_impl.h"
#include "json_complaint.h"
#include "refusal.h"

bool wf_state_waits_for_signal(const struct wf_state_info *info) {
    return info->scheduled == WF_EVENT_TASK_SCHEDULED &&
           wf_str_eq(info->resource_type, WF_STR("moonstep")) &&
           wf_str_eq(info->resource, WF_STR("waitForSignal"));
}

bool wf_frame_waits_for_signal(const struct wf_frame *frame) {
    return frame->phase == WF_PHASE_TOKEN &&
           wf_signals_waiter_of(frame->execution->signals, frame->number) !=
               SIZE_MAX;
}

static struct wf_signals *signals_of(struct wf_execution *execution) {
    if (!execution->signals)
        execution->signals = wf_calloc(1, sizeof(*execution->signals));
    return execution->signals;
}

static void changed(struct wf_engine *engine,
                    struct wf_execution *execution) {
    execution->image_changed = true;
    wf_execution_touch(engine, execution);
}

/* ---- a state waits ---- */

static void fail(struct wf_engine *engine, struct wf_frame *frame,
                 struct wf_str error, const char *cause) {
    struct wf_failure failure = {error, wf_str(cause)};
    wf_timer_disarm(engine, frame);
    wf_task_fail(engine, frame, &failure);
}

static void record_started(struct wf_engine *engine,
                           struct wf_frame *frame) {
    struct wf_event event = {.type = WF_EVENT_TASK_STARTED,
                             .fields = WF_EVENT_HAS_STATE};
    wf_frame_event(engine, frame, &event);
    frame->has_started = true;
}

static void begin(struct wf_engine *engine, struct wf_frame *frame,
                  struct wf_str name) {
    struct wf_signals *signals = signals_of(frame->execution);
    record_started(engine, frame);
    frame->phase = WF_PHASE_TOKEN;
    frame->restarted = 0;
    wf_signals_add_waiter(signals, name, frame->number, frame->entered_event,
                          frame->retry_count);
    wf_timer_update(engine, frame);
    wf_frame_changed(engine, frame);
    changed(engine, frame->execution);
    size_t place = signals->waiter_count - 1;
    if (wf_signals_find(signals, signals->waiters[place].name) != SIZE_MAX)
        wf_frame_run(engine, frame);
    else
        wf_frame_park_if_long(engine, frame);
}

void wf_signal_wait(struct wf_engine *engine, struct wf_frame *frame) {
    const struct wf_execution *execution = frame->execution;
    struct wf_value parameters = {frame->parameters.doc, 0}, value;
    struct wf_buf name = {0};
    if (wf_value_member(parameters, WF_STR("Name"), &value) &&
        wf_value_type(value) == WF_JSON_STRING)
        wf_value_string(value, &name);
    if (execution->express)
        fail(engine, frame, WF_STR("Moonstep.SignalNotSupported"),
             "EXPRESS executions can't wait for signals");
    else if (name.len == 0 || name.len > WF_SIGNAL_NAME ||
             memchr(name.data, 0, name.len))
        fail(engine, frame, WF_STR("Moonstep.InvalidSignalName"),
             "The name of a signal has 1 to 80 bytes");
    else if (execution->signals &&
             execution->signals->waiter_count >= WF_SIGNALS_WAITERS)
        fail(engine, frame, WF_STR("Moonstep.TooManySignalWaiters"),
             "10,000 states of this execution wait for signals");
    else
        begin(engine, frame, (struct wf_str){name.data, name.len});
    wf_buf_free(&name);
}

/* ---- it takes one ---- */

bool wf_signal_take(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_execution *execution = frame->execution;
    struct wf_signals *signals = execution->signals;
    size_t waiter = wf_signals_waiter_of(signals, frame->number);
    if (waiter == SIZE_MAX || !wf_signals_is_first(signals, waiter))
        return false;
    size_t place = wf_signals_find(signals, signals->waiters[waiter].name);
    if (place == SIZE_MAX)
        return false;
    const struct wf_buf *payload = &signals->kept[place].payload;
    struct wf_doc *doc =
        wf_doc_trusted((struct wf_str){payload->data, payload->len});
    wf_signals_remove(signals, place);
    wf_signals_remove_waiter(signals, waiter);
    changed(engine, execution);
    wf_signals_wake(engine, execution);
    wf_timer_disarm(engine, frame);
    wf_task_succeed(engine, frame, doc);
    wf_doc_unref(doc);
    return true;
}

void wf_signal_abandon(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_execution *execution = frame->execution;
    size_t waiter =
        wf_signals_waiter_of(execution->signals, frame->number);
    if (waiter == SIZE_MAX)
        return;
    wf_signals_remove_waiter(execution->signals, waiter);
    changed(engine, execution);
    if (execution->status == WF_EXECUTION_RUNNING)
        wf_signals_wake(engine, execution);
}

/* ---- who is next is woken ---- */

struct wake_call {
    struct wf_engine *engine;
    struct wf_signal_waiter waiter; /* its name is not set */
};

static bool is_it(const struct wf_frame *frame,
                  const struct wf_signal_waiter *waiter) {
    return frame->phase == WF_PHASE_TOKEN &&
           frame->entered_event == waiter->visit &&
           frame->retry_count == waiter->attempt;
}

static void frame_there(void *arg, struct wf_execution *execution) {
    struct wake_call *call = arg;
    struct wf_engine *engine = call->engine;
    struct wf_signal_waiter waiter = call->waiter;
    wf_call_free(call);
    if (!execution || execution->status != WF_EXECUTION_RUNNING)
        return;
    struct wf_frame *frame = wf_execution_frame(execution, waiter.frame);
    if (frame && is_it(frame, &waiter))
        wf_frame_run(engine, frame);
}

static void wake(struct wf_engine *engine, struct wf_execution *execution,
                 const struct wf_signal_waiter *waiter) {
    struct wf_frame *frame = wf_execution_frame(execution, waiter->frame);
    if (frame) {
        if (is_it(frame, waiter))
            wf_frame_run(engine, frame);
        return;
    }
    struct wake_call *call = wf_call_new(engine, sizeof(*call), NULL);
    *call = (struct wake_call){engine, *waiter};
    call->waiter.name = NULL;
    wf_frame_load_then(engine, execution->id, waiter->frame, frame_there,
                       call);
}

/* The first of each name that has come; NULL: none. `from`: where to look. */
static const struct wf_signal_waiter *
next_due(const struct wf_signals *signals, size_t *from) {
    while (signals && signals->count > 0 && *from < signals->waiter_count) {
        size_t place = (*from)++;
        if (wf_signals_find(signals, signals->waiters[place].name) !=
                SIZE_MAX &&
            wf_signals_is_first(signals, place))
            return &signals->waiters[place];
    }
    return NULL;
}

bool wf_signals_are_due(const struct wf_execution *execution) {
    size_t from = 0;
    return next_due(execution->signals, &from) != NULL;
}

void wf_signals_wake(struct wf_engine *engine,
                     struct wf_execution *execution) {
    const struct wf_signal_waiter *waiter;
    size_t from = 0;
    while (!execution->pause.since_ms &&
           (waiter = next_due(execution->signals, &from)))
        wake(engine, execution, waiter);
}

/* ---- SendSignal ---- */

struct send_call {
    struct wf_engine *engine;
    char *arn;
    struct wf_buf name, payload, id;
    wf_done_fn *reply;
    void *arg;
};

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

static void drop(void *memory) {
    struct send_call *call = memory;
    wf_buf_free(&call->name);
    wf_buf_free(&call->payload);
    wf_buf_free(&call->id);
    free(call->arn);
}

static void refuse(struct send_call *call, const char *exception,
                   const char *format, struct wf_str subject) {
    struct wf_refusal_text text = {0};
    call->reply(call->arg,
                wf_refusal_make(&text, exception, format, subject));
    wf_refusal_free(&text);
    wf_call_free(call);
}

static void is_over(void *arg) {
    struct send_call *call = arg;
    refuse(call, "ExecutionNotRunning", "Execution Not Running: '%s'",
           wf_str(call->arn));
}

static void is_full(void *arg) {
    struct send_call *call = arg;
    refuse(call, "SignalLimitExceeded",
           "The execution keeps 1,000 signals, or 256 KiB of them, that "
           "no state has taken: '%s'", wf_str(call->arn));
}

static void is_kept(void *arg) {
    struct send_call *call = arg;
    call->reply(call->arg, NULL);
    wf_call_free(call);
}

static bool has_room(const struct send_call *call,
                     const struct wf_signals *signals) {
    return signals->count < WF_SIGNALS_MOST &&
           signals->bytes + call->name.len + call->payload.len <=
               WF_SIGNALS_BYTES;
}

static void loaded(void *arg, struct wf_execution *execution) {
    struct send_call *call = arg;
    struct wf_engine *engine = call->engine;
    if (!execution || execution->status != WF_EXECUTION_RUNNING) {
        wf_engine_after(engine, is_over, call);
        return;
    }
    struct wf_signals *signals = signals_of(execution);
    bool is_known = call->id.len &&
                    wf_signals_know_id(signals, text_of(&call->id));
    if (!is_known && !has_room(call, signals)) {
        wf_execution_after(engine, execution, is_full, call);
        return;
    }
    if (!is_known) {
        wf_signals_keep(signals, text_of(&call->name),
                        text_of(&call->payload), text_of(&call->id),
                        wf_clock_now_ms(engine->clock));
        changed(engine, execution);
        wf_signals_wake(engine, execution);
    }
    wf_execution_after(engine, execution, is_kept, call);
}

static void found(void *arg, uint64_t id) {
    struct send_call *call = arg;
    if (id)
        wf_execution_load(call->engine, id, loaded, call);
    else
        refuse(call, "ExecutionDoesNotExist",
               "Execution Does Not Exist: '%s'", wf_str(call->arn));
}

/* The payload's text, checked. False: it was refused. */
static bool take_payload(struct send_call *call, struct wf_str text) {
    struct wf_doc_limits limits = {.max_bytes = WF_SIGNALS_BYTES};
    struct wf_json_complaint complaint = {0};
    struct wf_error err;
    struct wf_doc *doc =
        wf_doc_parse(text.data ? text : WF_STR("{}"), &limits, &err);
    if (doc) {
        wf_buf_addstr(&call->payload, wf_doc_text(doc));
        wf_doc_unref(doc);
        return true;
    }
    struct wf_str why = wf_str(err.message);
    if (text.data && wf_json_complain(text, &complaint))
        why = (struct wf_str){complaint.message.data, complaint.message.len};
    refuse(call, "InvalidSignalPayload", "Invalid Payload: '%s'", why);
    wf_json_complaint_free(&complaint);
    return false;
}

void wf_engine_send_signal(struct wf_engine *engine,
                           const struct wf_send_signal *ask,
                           wf_done_fn *reply, void *arg) {
    struct wf_buf why = {0};
    struct wf_arn arn;
    struct send_call *call = wf_call_new(engine, sizeof(*call), drop);
    *call = (struct send_call){
        .engine = engine,
        .arn = wf_strndup(ask->execution_arn.data, ask->execution_arn.len),
        .reply = reply,
        .arg = arg,
    };
    if (!wf_execution_arn_read(ask->execution_arn, false, &arn, &why)) {
        refuse(call, "InvalidArn", "%s", text_of(&why));
    } else if (ask->name.len == 0 || ask->name.len > WF_SIGNAL_NAME ||
               memchr(ask->name.data, 0, ask->name.len)) {
        refuse(call, "InvalidName", "Invalid Name: '%s'", ask->name);
    } else if (engine->stalled) {
        refuse(call, "ThrottlingException", WF_NO_ROOM, WF_STR_NULL);
    } else if (take_payload(call, ask->payload)) {
        wf_buf_addstr(&call->name, ask->name);
        wf_buf_addstr(&call->id, ask->id);
        wf_execution_find(engine, wf_str(call->arn), found, call);
    }
    wf_buf_free(&why);
}
