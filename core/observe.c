/*
 * observe.c - the observer of an engine (the live tree of `moonstep run`,
 * logs): sees every event once it is durable.
 *
 * A commit carries copies of the slices it made: execution id, its input's
 * number and text (events of later slices may refer to documents of earlier
 * ones; an observer gets those only while the frame still holds them), first
 * event, bytes; and the timers its frames wait for then.
 */
#include "engine_impl.h"

#include <stdlib.h>

/* The documents before an event: at most four. */
struct held_docs {
    uint64_t number[4];
    struct wf_str text[4];
    size_t at;
};

static void hold_doc(struct held_docs *held, uint64_t number,
                     struct wf_str text) {
    held->number[held->at % 4] = number;
    held->text[held->at++ % 4] = text;
}

static struct wf_str doc_of(const struct held_docs *held, uint64_t number,
                            struct wf_str otherwise) {
    for (size_t i = 0; i < 4; i++)
        if (held->number[i] == number)
            otherwise = held->text[i];
    return otherwise;
}

static void send_slice(struct wf_engine *engine, struct wf_machine *machine,
                       struct wf_str arn, int64_t start_ms,
                       uint64_t first_event, struct wf_str bytes,
                       struct wf_str input) {
    struct wf_tail_cursor cursor = {
        .reader = {bytes.data, bytes.data + bytes.len, false},
        .start_ms = start_ms,
        .next_event = first_event,
    };
    struct held_docs held = {0};
    enum wf_tail_entry entry;
    struct wf_event event;
    uint64_t number;
    struct wf_str text;

    while ((entry = wf_tail_next(&cursor, &event, &number, &text)) !=
               WF_TAIL_END &&
           entry != WF_TAIL_BAD) {
        if (entry != WF_TAIL_EVENT) {
            hold_doc(&held, number, text);
            continue;
        }
        struct wf_history_event shown = {.event = event};
        wf_history_describe(engine, machine, &shown);
        if (event.fields & WF_EVENT_HAS_DOC)
            shown.doc = doc_of(&held, event.doc, input);
        shown.role_arn = wf_str(machine->role_arn);
        engine->events.event(engine->events_arg, arn, &shown);
    }
}

/* What the frames wait for that this slice shows: state, the event that
 * entered it, retry or not, due. */
static void put_timers(const struct wf_engine *engine,
                       const struct wf_execution *execution,
                       struct wf_buf *out) {
    const struct wf_link *list = &execution->changed;

    if (!engine->events.timer || execution->status != WF_EXECUTION_RUNNING)
        return;
    for (const struct wf_link *at = list->next; at != list; at = at->next) {
        const struct wf_frame *frame =
            WF_ENTRY(at, struct wf_frame, changed_link);
        bool is_retry = frame->phase == WF_PHASE_RETRY;
        if (!is_retry && frame->phase != WF_PHASE_WAIT)
            continue;
        wf_buf_varint(out, frame->state);
        wf_buf_varint(out, frame->entered_event);
        wf_buf_u8(out, is_retry);
        wf_buf_varint(out, (uint64_t)frame->due_ms);
    }
}

static void send_timers(struct wf_engine *engine, struct wf_machine *machine,
                        struct wf_str arn, struct wf_str timers) {
    struct wf_reader in = {timers.data, timers.data + timers.len, false};

    while (in.at < in.end) {
        uint64_t state = wf_read_varint(&in);
        uint64_t entered = wf_read_varint(&in);
        bool is_retry = wf_read_u8(&in);
        int64_t due_ms = (int64_t)wf_read_varint(&in);
        if (in.bad || state >= machine->state_count)
            return;
        engine->events.timer(engine->events_arg, arn,
                             machine->states[state].name, entered, is_retry,
                             due_ms);
    }
}

void wf_observe(struct wf_engine *engine, struct wf_execution *execution,
                struct wf_str slice, uint64_t first_event) {
    struct wf_buf arn = {0}, timers = {0};
    struct wf_str input = WF_STR_NULL, name;
    struct wf_machine *machine = execution->machine;
    if (!engine->events.event || !machine->execution_prefix)
        return; /* (ended before its machine was read) */
    if (execution->frames && execution->frames->input.doc)
        input = wf_doc_text(execution->frames->input.doc);
    name = wf_execution_arn(engine, execution, &arn);
    put_timers(engine, execution, &timers);
    if (execution->express) {
        send_slice(engine, machine, name, execution->start_ms, first_event,
                   slice, input);
        send_timers(engine, machine, name,
                    (struct wf_str){timers.data, timers.len});
    } else {
        struct wf_buf *out = wf_commit_observed(engine);
        wf_buf_varint(out, machine->id);
        wf_buf_varint(out, machine->revision);
        wf_buf_text(out, name);
        wf_buf_varint(out, (uint64_t)execution->start_ms);
        wf_buf_varint(out, first_event);
        wf_buf_text(out, slice);
        wf_buf_text(out, input);
        wf_buf_text(out, (struct wf_str){timers.data, timers.len});
    }
    wf_buf_free(&timers);
    wf_buf_free(&arn);
}

void wf_observed_send(struct wf_engine *engine, struct wf_buf *observed) {
    struct wf_reader in = {observed->data, observed->data + observed->len,
                           false};
    while (in.at < in.end && !in.bad) {
        uint32_t id = (uint32_t)wf_read_varint(&in);
        uint32_t revision = (uint32_t)wf_read_varint(&in);
        struct wf_str arn = wf_read_text(&in);
        int64_t start_ms = (int64_t)wf_read_varint(&in);
        uint64_t first_event = wf_read_varint(&in);
        struct wf_str slice = wf_read_text(&in);
        struct wf_str input = wf_read_text(&in);
        struct wf_str timers = wf_read_text(&in);
        struct wf_machine *machine = wf_machine_of(engine, id, revision);
        if (!machine->ready)
            continue;
        send_slice(engine, machine, arn, start_ms, first_event, slice, input);
        send_timers(engine, machine, arn, timers);
    }
}
