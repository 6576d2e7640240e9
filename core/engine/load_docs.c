/*
 * load_docs.c - the documents that a frame's next step needs, from the tail,
 * a segment or pieces.
 */
#include <stdlib.h>

#include "engine_impl.h"

struct doc_wait {
    struct wf_engine *engine;
    uint64_t execution, number;
    uint32_t frame;
};

static void set_doc(struct wf_ref *ref, uint64_t number, struct wf_str text) {
    if (ref->number != number || ref->doc)
        return;
    struct wf_doc *doc = wf_doc_trusted(text);
    wf_ref_set(ref, number, doc);
    wf_doc_unref(doc);
}

static void share_doc(struct wf_ref *ref, const struct wf_ref *with) {
    if (ref->number == with->number && !ref->doc)
        wf_ref_copy(ref, with);
}

/* To the frame, those above it, and the execution: what has that number. */
static void spread_doc(struct wf_execution *execution, struct wf_frame *frame,
                       uint64_t number, struct wf_str text) {
    set_doc(&execution->input, number, text);
    for (struct wf_frame *f = frame; f; f = f->up) {
        share_doc(&f->input, &execution->input);
        set_doc(&f->input, number, text);
        share_doc(&f->parameters, &f->input);
        set_doc(&f->parameters, number, text);
        set_doc(&f->variables, number, text);
    }
}

void wf_doc_is_lost(struct wf_engine *engine, struct wf_execution *execution,
                    uint64_t number) {
    struct wf_failure failure = {
        WF_STR("States.Runtime"),
        WF_STR("A payload of this execution is missing in the store"),
    };
    wf_engine_notice(engine, WF_ERROR "execution %s: document %llu is missing",
                     execution->name, (unsigned long long)number);
    if (execution->status == WF_EXECUTION_RUNNING)
        wf_execution_end(engine, execution, WF_EXECUTION_FAILED, &failure,
                         execution->tail.next_event - 1);
}

static void doc_there(void *arg, struct wf_str text) {
    struct doc_wait *wait = arg;
    struct wf_engine *engine = wait->engine;
    struct wf_execution *execution =
        wf_table_by_id(&engine->table, wait->execution);
    uint64_t number = wait->number;
    uint32_t wanted = wait->frame;
    wf_call_free(wait);
    if (!execution)
        return;
    struct wf_frame *frame = wf_execution_frame(execution, wanted);
    if (text.data)
        spread_doc(execution, frame, number, text);
    else
        wf_doc_is_lost(engine, execution, number);
    if (--execution->loading == 0 &&
        execution->status != WF_EXECUTION_RUNNING)
        wf_execution_release(engine, execution);
    if (frame && --frame->loading == 0 &&
        execution->status == WF_EXECUTION_RUNNING)
        wf_frame_run(engine, frame);
}

/* Returns whether the document is there (or there is none). */
static bool need_doc(struct wf_engine *engine, struct wf_frame *frame,
                     const struct wf_ref *ref) {
    struct wf_execution *execution = frame->execution;
    struct wf_tail_cursor cursor;
    struct wf_str text;

    if (ref->number == 0 || ref->doc)
        return true;
    if (WF_DOC_EVENT(ref->number) >= execution->tail.first_event) {
        wf_tail_walk(&execution->tail, execution->start_ms, &cursor);
        if (wf_tail_find_doc(cursor, ref->number, &text) == WF_TAIL_DOC) {
            spread_doc(execution, frame, ref->number, text);
            return true;
        }
    }
    struct doc_wait *wait = wf_call_new(engine, sizeof(*wait), NULL);
    *wait = (struct doc_wait){engine, execution->id, ref->number,
                              frame->number};
    execution->loading++;
    frame->loading++;
    wf_doc_read(engine, execution->id, ref->number, 0, doc_there, wait);
    return false;
}

/* If a thread has to say what they are, `frame` runs after that. */
static bool know_items(struct wf_engine *engine, struct wf_frame *frame,
                       struct wf_frame *map) {
    bool known = wf_fork_know_items(engine, map);
    if (!known && wf_frame_is_undecided(map))
        frame->runnable = true;
    return known;
}

/* What a context object shows as Map.Item, if the definition may ask. */
static bool need_items(struct wf_engine *engine, struct wf_frame *frame) {
    bool there = true;
    if (!frame->execution->machine->shows_items)
        return true;
    for (struct wf_frame *f = frame->up; f; f = f->up)
        if (f->fork->is_map && !f->fork->items)
            there &= need_doc(engine, frame, &f->input) &&
                     know_items(engine, frame, f);
    return there;
}

bool wf_frame_load_docs(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_execution *execution = frame->execution;
    if (frame->loading) /* the last of its reads runs it */
        return false;
    bool there = need_doc(engine, frame, &execution->input);
    if (frame->input.number != execution->input.number || there)
        there &= need_doc(engine, frame, &frame->input);
    bool has_settings = frame->fork && frame->fork->run;
    bool is_asked = frame->phase == WF_PHASE_TASK ||
                    frame->phase == WF_PHASE_OFFER;
    if ((is_asked || has_settings) &&
        frame->parameters.number != frame->input.number)
        there &= need_doc(engine, frame, &frame->parameters);
    if (frame->up) /* the same, unless it has assigned some */
        share_doc(&frame->variables, &frame->up->variables);
    there &= need_doc(engine, frame, &frame->variables);
    return there && need_items(engine, frame);
}
