/*
 * observe.c - the observer of an engine (the live tree of `moonstep run`,
 * logs): sees every event once it is durable.
 *
 * A commit carries copies of the slices it made, of documents of earlier ones
 * that their events refer to, as far as memory has them, and the timers its
 * frames wait for then. A log reads the other documents; the observer does
 * without.
 *
 * EXPRESS executions, which record nothing, are shown event by event.
 */
#include "engine_impl.h"

#include <stdlib.h>

#include "observe_docs.h"

#define EXPRESS_TAIL_BYTES ((size_t)64 << 10)

/* What a slice belongs to. Borrowed. */
struct observed {
    struct wf_log_subject subject;
    uint64_t first_event;
    struct wf_str slice, docs, timers;
    uint32_t version; /* that the execution was started with; 0: none */
    struct wf_str alias;
};

bool wf_is_observed(const struct wf_engine *engine,
                    const struct wf_execution *execution) {
    return engine->events.event ||
           execution->machine->log.level != WF_LOG_OFF;
}

bool wf_docs_are_observed(const struct wf_engine *engine,
                          const struct wf_execution *execution) {
    return engine->events.event ||
           (execution->machine->log.level != WF_LOG_OFF &&
            execution->machine->log.with_data);
}

/* So much, and whether there is more, is what a log shows. */
size_t wf_observed_doc_bytes(const struct wf_engine *engine) {
    return engine->events.event ? SIZE_MAX : WF_LOG_PAYLOAD_BYTES + 8;
}

/* ---- showing ---- */

static void show(struct wf_engine *engine, const struct observed *observed,
                 const struct wf_observed_docs *docs,
                 struct wf_history_event *shown) {
    const struct wf_log_subject *subject = &observed->subject;
    const struct wf_event *event = &shown->event;
    const struct wf_observed_doc *doc = NULL, *assigned = NULL;
    uint64_t lacks = 0;

    wf_history_describe(engine, subject->machine, shown);
    shown->role_arn = wf_str(subject->machine->role_arn);
    if (event->fields & WF_EVENT_HAS_ASSIGNED)
        assigned = wf_observed_docs_find(docs, event->assigned);
    if (event->fields & WF_EVENT_HAS_DOC)
        doc = wf_observed_docs_find(docs, event->doc);
    if (assigned)
        shown->assigned = (struct wf_str){
            assigned->text.data, assigned->text.data ? assigned->text.len : 0};
    if (doc && doc->text.data)
        shown->doc = doc->text;
    else if (event->fields & WF_EVENT_HAS_DOC)
        lacks = event->doc;
    if (engine->events.event)
        engine->events.event(engine->events_arg, subject->arn, shown);
    wf_log_event(engine, subject, shown, lacks, doc ? doc->text.len : 0);
}

/* ExecutionStarted says by which names it was started. */
static void show_start(struct wf_engine *engine,
                       const struct observed *observed,
                       const struct wf_observed_docs *docs,
                       struct wf_history_event *shown) {
    const char *arn = observed->subject.machine->arn;
    struct wf_buf version = {0}, alias = {0};

    if (observed->version)
        wf_buf_addf(&version, "%s:%u", arn, (unsigned)observed->version);
    if (observed->alias.len) {
        wf_buf_addf(&alias, "%s:", arn);
        wf_buf_addstr(&alias, observed->alias);
    }
    shown->version_arn = (struct wf_str){version.data, version.len};
    shown->alias_arn = (struct wf_str){alias.data, alias.len};
    show(engine, observed, docs, shown);
    wf_buf_free(&version);
    wf_buf_free(&alias);
}

static void send_slice(struct wf_engine *engine,
                       const struct observed *observed) {
    struct wf_str slice = observed->slice;
    struct wf_tail_cursor cursor = {
        .reader = {slice.data, slice.data + slice.len, false},
        .start_ms = observed->subject.start_ms,
        .next_event = observed->first_event,
    };
    struct wf_observed_docs docs = {0};
    enum wf_tail_entry entry;
    struct wf_event event;
    uint64_t number;
    struct wf_str text;

    wf_observed_docs_read(&docs, cursor, observed->docs);
    while ((entry = wf_tail_next(&cursor, &event, &number, &text)) !=
               WF_TAIL_END &&
           entry != WF_TAIL_BAD) {
        struct wf_history_event shown = {.event = event};
        if (entry == WF_TAIL_EVENT &&
            event.type == WF_EVENT_EXECUTION_STARTED)
            show_start(engine, observed, &docs, &shown);
        else if (entry == WF_TAIL_EVENT)
            show(engine, observed, &docs, &shown);
    }
    wf_observed_docs_free(&docs);
}

/* ---- timers ---- */

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

static void send_timers(struct wf_engine *engine,
                        const struct observed *observed) {
    const struct wf_machine *machine = observed->subject.machine;
    struct wf_str arn = observed->subject.arn, timers = observed->timers;
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

/* ---- slices ---- */

static void put_slice(struct wf_buf *out, const struct observed *observed) {
    const struct wf_log_subject *subject = &observed->subject;

    wf_buf_varint(out, subject->machine->id);
    wf_buf_varint(out, subject->machine->revision);
    wf_buf_varint(out, subject->execution);
    wf_buf_text(out, subject->arn);
    wf_buf_varint(out, (uint64_t)subject->start_ms);
    wf_buf_varint(out, subject->redrive_count);
    wf_buf_varint(out, observed->version);
    wf_buf_text(out, observed->alias);
    wf_buf_varint(out, observed->first_event);
    wf_buf_text(out, observed->slice);
    wf_buf_text(out, observed->docs);
    wf_buf_text(out, observed->timers);
}

void wf_observe(struct wf_engine *engine, struct wf_execution *execution,
                struct wf_str slice, uint64_t first_event) {
    struct wf_machine *machine = execution->machine;
    struct wf_buf arn = {0}, timers = {0}, docs = {0};
    if (!machine->execution_prefix)
        return; /* (ended before its machine was read) */
    struct wf_str name = wf_execution_arn(engine, execution, &arn);
    put_timers(engine, execution, &timers);
    if (wf_docs_are_observed(engine, execution))
        wf_observed_docs_put(execution, slice, first_event,
                             wf_observed_doc_bytes(engine), &docs);
    struct observed observed = {
        .subject = {machine, execution->id, name, execution->start_ms,
                    wf_execution_redrive_count(execution)},
        .first_event = first_event,
        .slice = slice,
        .docs = {docs.data, docs.len},
        .timers = {timers.data, timers.len},
        .version = execution->version,
        .alias = wf_str(execution->alias),
    };
    if (execution->express) {
        send_slice(engine, &observed);
        send_timers(engine, &observed);
    } else {
        put_slice(wf_commit_observed(engine), &observed);
    }
    wf_buf_free(&docs);
    wf_buf_free(&timers);
    wf_buf_free(&arn);
}

void wf_observed_send(struct wf_engine *engine, struct wf_buf *buf) {
    struct wf_reader in = {buf->data, buf->data + buf->len, false};
    while (in.at < in.end && !in.bad) {
        struct observed observed;
        struct wf_log_subject *subject = &observed.subject;
        uint32_t id = (uint32_t)wf_read_varint(&in);
        uint32_t revision = (uint32_t)wf_read_varint(&in);
        subject->machine = wf_machine_of(engine, id, revision);
        subject->execution = wf_read_varint(&in);
        subject->arn = wf_read_text(&in);
        subject->start_ms = (int64_t)wf_read_varint(&in);
        subject->redrive_count = (uint32_t)wf_read_varint(&in);
        observed.version = (uint32_t)wf_read_varint(&in);
        observed.alias = wf_read_text(&in);
        observed.first_event = wf_read_varint(&in);
        observed.slice = wf_read_text(&in);
        observed.docs = wf_read_text(&in);
        observed.timers = wf_read_text(&in);
        if (!subject->machine->ready)
            continue;
        send_slice(engine, &observed);
        send_timers(engine, &observed);
    }
}

/* ---- EXPRESS ---- */

/* Documents of earlier events may be asked for: the latest ones stay. */
static void let_go(struct wf_execution *execution) {
    struct wf_tail *tail = &execution->tail;
    uint64_t next = tail->next_event;

    execution->journaled = tail->bytes.len;
    execution->journaled_event = next;
    if (tail->bytes.len <= EXPRESS_TAIL_BYTES)
        return;
    if (!execution->older_tail)
        execution->older_tail = wf_calloc(1, sizeof(*tail));
    wf_buf_free(&execution->older_tail->bytes);
    *execution->older_tail = *tail;
    *tail = (struct wf_tail){.first_event = next, .next_event = next};
    execution->journaled = 0;
}

void wf_observe_express(struct wf_engine *engine,
                        struct wf_execution *execution) {
    struct wf_tail *tail = &execution->tail;
    size_t from = execution->journaled;

    wf_observe(engine, execution,
               (struct wf_str){tail->bytes.data + from,
                               tail->bytes.len - from},
               tail->next_event - 1);
    if (wf_docs_are_observed(engine, execution)) {
        let_go(execution);
    } else {
        wf_tail_reset(tail, tail->next_event);
        execution->journaled = 0;
    }
}
