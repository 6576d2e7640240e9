/* nested.c - starts of executions that tasks ask for. See nested.h. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"

#define PUT_OFF_MS 60000

struct nested_start {
    struct wf_link link; /* in the engine's list of those put off */
    struct wf_engine *engine;
    uint64_t task;
    struct wf_called called;
    bool is_sdk;
    uint64_t asked_ns; /* for the first time; 0: not yet */
    int64_t asked_ms;
};

static const struct wf_state_info *info_of(const struct wf_frame *frame) {
    return &frame->execution->machine->states[frame->state];
}

static bool begins_with(struct wf_str text, struct wf_str part) {
    return text.len >= part.len && memcmp(text.data, part.data, part.len) == 0;
}

bool wf_task_is_nested(const struct wf_frame *frame) {
    const struct wf_state_info *info = info_of(frame);
    struct wf_str action = WF_STR("startExecution");
    if (info->scheduled != WF_EVENT_TASK_SCHEDULED)
        return false;
    if (wf_str_eq(info->resource_type, WF_STR("states")))
        return begins_with(info->resource, action);
    return wf_str_eq(info->resource_type, WF_STR("aws-sdk:sfn")) &&
           begins_with(info->resource, action) &&
           (info->resource.len == action.len || info->waits_for_token);
}

static enum wf_caller_kind kind_of(const struct wf_frame *frame) {
    struct wf_str resource = info_of(frame)->resource;
    if (wf_str_eq(resource, WF_STR("startExecution.sync:2")))
        return WF_CALLER_SYNC_2;
    return wf_str_eq(resource, WF_STR("startExecution.sync"))
               ? WF_CALLER_SYNC
               : WF_CALLER_STARTS;
}

bool wf_task_is_called(const struct wf_frame *frame) {
    if (frame->phase != WF_PHASE_TASK)
        return frame->called != 0;
    return frame->execution->machine->ready && wf_task_is_nested(frame) &&
           kind_of(frame) != WF_CALLER_STARTS;
}

/* ---- what is asked ---- */

/* A text of the parameters; nothing if there is none. */
static void text_member(struct wf_value parameters, const char *name,
                        struct wf_buf *out) {
    struct wf_value value;
    if (wf_value_member(parameters, wf_str(name), &value) &&
        wf_value_type(value) == WF_JSON_STRING)
        wf_value_string(value, out);
}

/* The input's text: a string is one already. */
static void input_member(struct wf_value parameters, struct wf_buf *out) {
    struct wf_value value;
    if (!wf_value_member(parameters, WF_STR("Input"), &value) ||
        wf_value_type(value) == WF_JSON_NULL)
        return;
    if (wf_value_type(value) == WF_JSON_STRING)
        wf_value_string(value, out);
    else
        wf_buf_addstr(out, wf_value_text(value));
}

/* A time-ordered UUID that is always the same for the same attempt, and tells
 * nothing of its secret. */
static void own_name(const struct wf_frame *frame, struct wf_buf *name) {
    struct wf_buf key = {0};
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len;
    uint64_t ms = (uint64_t)frame->entered_ms;
    wf_task_attempt_key(frame, frame->retry_count, &key);
    wf_buf_be64(&key, frame->secret[0]);
    wf_buf_be64(&key, frame->secret[1]);
    EVP_Digest(key.data, key.len, digest, &len, EVP_sha256(), NULL);
    wf_buf_free(&key);
    wf_buf_addf(name, "%08x-%04x-7%03x-%x%03x-",
                (unsigned)(ms >> 16 & UINT32_MAX), (unsigned)(ms & 0xffff),
                (digest[0] << 8 | digest[1]) & 0xfffU, 8U | digest[2] >> 6,
                (digest[3] << 8 | digest[4]) & 0xfffU);
    for (int i = 0; i < 6; i++)
        wf_buf_addf(name, "%02x", digest[5 + i]);
}

static void answered(void *arg, const struct wf_refusal *refusal,
                     const struct wf_execution_reply *reply);

static void ask(struct nested_start *start, struct wf_frame *frame) {
    struct wf_value parameters = {frame->parameters.doc, 0};
    struct wf_buf arn = {0}, name = {0}, trace = {0}, input = {0};
    if (wf_value_type(parameters) == WF_JSON_OBJECT) {
        text_member(parameters, "StateMachineArn", &arn);
        text_member(parameters, "Name", &name);
        text_member(parameters, "TraceHeader", &trace);
        input_member(parameters, &input);
    }
    start->called.is_first = name.len == 0 && frame->restarted == 0;
    if (name.len == 0)
        own_name(frame, &name);
    struct wf_start_execution ask = {
        .state_machine_arn = {arn.data, arn.len},
        .name = {name.data, name.len},
        .trace_header = {trace.data, trace.len},
        .input = {input.data, input.len},
        .input_buf = &input,
    };
    if (!arn.data)
        ask.state_machine_arn = WF_STR("");
    wf_engine_start_called(start->engine, &ask, &start->called, answered,
                           start);
    wf_buf_free(&arn);
    wf_buf_free(&name);
    wf_buf_free(&trace);
    wf_buf_free(&input);
}

/* ---- what is answered ---- */

static bool is_throttled(const struct wf_refusal *refusal) {
    return strcmp(refusal->exception, "ThrottlingException") == 0;
}

static bool may_be_put_off(struct nested_start *start) {
    struct wf_engine *engine = start->engine;
    uint64_t now_ns = wf_clock_mono_ns();
    int64_t now_ms = wf_clock_now_ms(engine->clock);
    if (start->asked_ns == 0) {
        start->asked_ns = now_ns;
        start->asked_ms = now_ms;
    }
    uint64_t passed_ms = (now_ns - start->asked_ns) / 1000000;
    return engine->stalled || (now_ms - start->asked_ms < PUT_OFF_MS &&
                               passed_ms < PUT_OFF_MS);
}

static void fail(struct nested_start *start, struct wf_frame *frame,
                 const struct wf_refusal *refusal) {
    struct wf_failure failure;
    struct wf_buf text = {0};
    wf_nested_refused(start->engine, start->is_sdk, refusal, &text, &failure);
    wf_timer_disarm(start->engine, frame);
    wf_task_fail(start->engine, frame, &failure);
    wf_buf_free(&text);
}

static void succeed(struct nested_start *start, struct wf_frame *frame,
                    const struct wf_execution_reply *reply) {
    struct wf_engine *engine = start->engine;
    bool waits = start->called.by.kind != WF_CALLER_STARTS;
    struct wf_buf text = {0};
    wf_nested_started_text(engine, start->is_sdk, reply, &text);
    struct wf_doc *doc = wf_doc_trusted((struct wf_str){text.data, text.len});
    if (waits) {
        frame->called = start->called.execution;
        frame->heartbeat_ms = frame->heartbeat_due_ms = 0;
    }
    if (waits || info_of(frame)->waits_for_token) {
        wf_task_submitted(engine, frame, doc);
    } else {
        wf_timer_disarm(engine, frame);
        wf_task_succeed(engine, frame, doc);
    }
    wf_doc_unref(doc);
    wf_buf_free(&text);
    if (waits)
        wf_nested_waits(engine, frame);
}

static void answered(void *arg, const struct wf_refusal *refusal,
                     const struct wf_execution_reply *reply) {
    struct nested_start *start = arg;
    struct wf_engine *engine = start->engine;
    struct wf_frame *frame = wf_task_table_get(&engine->tasks, start->task);
    if (frame && wf_frame_is_doomed(frame))
        frame = NULL; /* (the one that ends it gives up the task as well) */
    if (frame && refusal && is_throttled(refusal) && may_be_put_off(start)) {
        wf_list_append(&engine->put_off, &start->link);
        return;
    }
    if (frame && refusal)
        fail(start, frame, refusal);
    else if (frame)
        succeed(start, frame, reply);
    else if (reply && start->called.by.kind != WF_CALLER_STARTS)
        wf_nested_left(engine, start->called.execution);
    wf_call_free(start);
}

/* ---- the task's turn ---- */

void wf_nested_start(struct wf_engine *engine, struct wf_frame *frame) {
    struct nested_start *start = wf_call_new(engine, sizeof(*start), NULL);
    *start = (struct nested_start){
        .engine = engine,
        .task = frame->task,
        .called.by = {.execution = frame->execution->id,
                      .visit = frame->entered_event,
                      .frame = frame->number,
                      .attempt = frame->retry_count,
                      .kind = kind_of(frame)},
        .is_sdk = !wf_str_eq(info_of(frame)->resource_type, WF_STR("states")),
    };
    wf_task_has_begun(engine, frame);
    ask(start, frame);
}

void wf_nested_housekeeping(struct wf_engine *engine) {
    struct wf_link again, *link;
    wf_list_init(&again);
    while ((link = wf_list_shift(&engine->put_off)))
        wf_list_append(&again, link);
    while ((link = wf_list_shift(&again))) {
        struct nested_start *start =
            WF_ENTRY(link, struct nested_start, link);
        struct wf_frame *frame =
            wf_task_table_get(&engine->tasks, start->task);
        if (frame)
            ask(start, frame);
        else
            wf_call_free(start);
    }
}
