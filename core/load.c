/*
 * load.c - from rows to memory: an execution that somebody needs, those whose
 * parked timers have come, and the documents that a frame's next step needs.
 *
 * Table T is scanned from where the last scan ended; nothing is parked whose
 * timer is closer than HORIZON_MS (park.c), so no row is ever added behind
 * that place. Reads are bounded: so many rows, so many executions at a time.
 */
#include <stdlib.h>

#include "engine_impl.h"

#define LOADS_AT_ONCE 512
#define SCAN_ROWS 512
/* Rows so close are loaded already; less than the horizon of parking. */
#define AHEAD_MS 500

struct load_wait {
    struct load_wait *next;
    wf_load_fn *loaded;
    void *arg;
};

struct wf_load {
    struct wf_load *next;
    struct wf_engine *engine;
    uint64_t id;
    struct load_wait *waits;
};

/* Builds an execution from its rows; NULL if it has ended or is damaged. */
static struct wf_execution *from_rows(struct wf_engine *engine, uint64_t id,
                                      const struct wf_row *rows,
                                      size_t count) {
    struct wf_execution_image image;
    struct wf_reader in = {rows->value.data,
                           rows->value.data + rows->value.len, false};
    if (rows->key.len != 11 || !wf_execution_decode(&in, &image)) {
        wf_engine_notice(engine, "execution %llx: its row does not decode",
                         (unsigned long long)id);
        return NULL;
    }
    if (image.status != WF_EXECUTION_RUNNING)
        return NULL;
    struct wf_execution *execution = wf_execution_new();
    execution->id = id;
    execution->machine = wf_machine_of(engine, image.machine,
                                       image.revision);
    wf_execution_apply(execution, &image);
    wf_tail_reset(&execution->tail, image.next_event);
    execution->journaled_event = image.next_event;
    wf_execution_mark(execution, 0);
    execution->in_store = execution->listed = true;
    for (size_t i = 1; i < count; i++) {
        struct wf_frame *frame =
            wf_frame_new(execution, wf_key_u32(rows[i].key, 8));
        struct wf_reader row = {rows[i].value.data,
                                rows[i].value.data + rows[i].value.len,
                                false};
        if (!wf_frame_decode(&row, frame)) {
            wf_engine_notice(engine, "execution %llx: a frame's row does "
                             "not decode", (unsigned long long)id);
            wf_execution_free(execution);
            return NULL;
        }
    }
    return execution;
}

static void adopt(struct wf_engine *engine, struct wf_execution *execution) {
    wf_table_add(&engine->table, execution);
    wf_execution_measure(engine, execution);
    execution->touched_ms = wf_clock_now_ms(engine->clock);
    wf_list_append(&engine->idle, &execution->idle_link);
    engine->stats.loaded++;
    if (engine->stats.parked > 0)
        engine->stats.parked--;
    wf_timer_update_execution(engine, execution);
    for (struct wf_frame *f = execution->frames; f; f = f->next) {
        wf_task_end_survivors(engine, f);
        if (wf_frame_wake_time(f) == 0)
            wf_frame_run(engine, f);
        else
            wf_timer_update(engine, f);
    }
}

static void load_done(struct wf_load *load, struct wf_execution *execution) {
    struct wf_engine *engine = load->engine;
    struct wf_load **at = &engine->load_list;
    while (*at != load)
        at = &(*at)->next;
    *at = load->next;
    engine->loads--;
    while (load->waits) {
        struct load_wait *wait = load->waits;
        load->waits = wait->next;
        wait->loaded(wait->arg, execution);
        wf_call_free(wait);
    }
    wf_call_free(load);
}

static void load_rows(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct wf_load *load = arg;
    struct wf_engine *engine = load->engine;
    struct wf_execution *execution =
        wf_table_by_id(&engine->table, load->id);
    (void)more;
    if (wf_engine_read_failed(engine, err))
        return;
    if (!execution && count > 0) {
        execution = from_rows(engine, load->id, rows, count);
        if (execution)
            adopt(engine, execution);
    }
    load_done(load, execution);
}

static void add_wait(struct wf_load *load, wf_load_fn *loaded, void *arg) {
    struct load_wait *wait = wf_call_new(load->engine, sizeof(*wait), NULL);
    *wait = (struct load_wait){load->waits, loaded, arg};
    load->waits = wait;
}

void wf_execution_load(struct wf_engine *engine, uint64_t id,
                       wf_load_fn *loaded, void *arg) {
    struct wf_execution *execution = wf_table_by_id(&engine->table, id);
    if (execution) {
        loaded(arg, execution);
        return;
    }
    struct wf_load *load = engine->load_list;
    while (load && load->id != id)
        load = load->next;
    if (load) {
        add_wait(load, loaded, arg);
        return;
    }
    load = wf_call_new(engine, sizeof(*load), NULL);
    *load = (struct wf_load){engine->load_list, engine, id, NULL};
    engine->load_list = load;
    engine->loads++;
    add_wait(load, loaded, arg);
    struct wf_key from = wf_key_execution(engine->partition, id);
    struct wf_key to = wf_key_execution(engine->partition, id + 1);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_rows = 1000,
                             .max_bytes = 64 << 20};
    wf_store_scan(engine->store, &range, load_rows, load);
}

/* ---- parked timers ---- */

static void due_loaded(void *arg, struct wf_execution *execution) {
    /* Loading armed the timers; they fire in this or the next turn. */
    (void)arg;
    (void)execution;
}

static int64_t earlier(int64_t a, int64_t b) {
    return b != 0 && b < a ? b : a;
}

static void due_rows(void *arg, const struct wf_row *rows, size_t count,
                     bool more, const struct wf_error *err) {
    struct wf_engine *engine = arg;
    engine->parked_scanning = false;
    if (wf_engine_read_failed(engine, err))
        return;
    int64_t now = wf_clock_now_ms(engine->clock);
    engine->parked_next = earlier(INT64_MAX, engine->parked_unseen);
    for (size_t i = 0; i < count; i++) {
        int64_t due = (int64_t)wf_key_u64(rows[i].key, 0);
        if (due > now + AHEAD_MS) {
            engine->parked_next = earlier(due, engine->parked_unseen);
            return;
        }
        engine->parked_cursor = due;
        engine->parked_resume.len = 0;
        wf_buf_addstr(&engine->parked_resume, rows[i].key);
        wf_buf_u8(&engine->parked_resume, 0); /* the next possible key */
        wf_execution_load(engine, wf_key_u64(rows[i].key, 8), due_loaded,
                          engine);
    }
    if (more) {
        engine->parked_next = engine->parked_cursor;
        wf_engine_wake(engine);
    }
}

bool wf_engine_can_scan(const struct wf_engine *engine) {
    return !engine->parked_scanning && engine->loads < LOADS_AT_ONCE &&
           !engine->stalled && !wf_engine_is_held_back(engine);
}

void wf_engine_load_due(struct wf_engine *engine) {
    int64_t now = wf_clock_now_ms(engine->clock);
    if (engine->parked_next > now || !wf_engine_can_scan(engine))
        return;
    struct wf_key first = wf_key_table(engine->partition, 'T');
    struct wf_key end = wf_key_table_end(engine->partition, 'T');
    struct wf_range range = {.from = wf_key_str(&first),
                             .to = wf_key_str(&end),
                             .keys_only = true,
                             .max_rows = SCAN_ROWS};
    if (engine->parked_resume.len)
        range.from = (struct wf_str){engine->parked_resume.data,
                                     engine->parked_resume.len};
    engine->parked_scanning = true;
    engine->parked_unseen = wf_commits_first_timer(engine);
    wf_store_scan(engine->store, &range, due_rows, engine);
}

/* ---- documents ---- */

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

static void spread_doc(struct wf_execution *execution, uint64_t number,
                       struct wf_str text) {
    set_doc(&execution->input, number, text);
    for (struct wf_frame *f = execution->frames; f; f = f->next) {
        if (f->input.number == number && execution->input.number == number)
            wf_ref_copy(&f->input, &execution->input);
        set_doc(&f->input, number, text);
        if (f->parameters.number == number && f->input.number == number)
            wf_ref_copy(&f->parameters, &f->input);
        set_doc(&f->parameters, number, text);
    }
}

static void doc_is_lost(struct wf_engine *engine,
                        struct wf_execution *execution, uint64_t number) {
    struct wf_failure failure = {
        WF_STR("States.Runtime"),
        WF_STR("A payload of this execution is missing in the store"),
    };
    wf_engine_notice(engine, "execution %s: document %llu is missing",
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
    if (text.data)
        spread_doc(execution, number, text);
    else
        doc_is_lost(engine, execution, number);
    struct wf_frame *frame = wf_execution_frame(execution, wanted);
    if (--execution->loading > 0)
        return;
    if (execution->status == WF_EXECUTION_RUNNING && frame)
        wf_frame_run(engine, frame);
    else
        wf_execution_release(engine, execution);
}

/* Returns whether the document is there (or there is none). */
static bool need_doc(struct wf_engine *engine, struct wf_frame *frame,
                     const struct wf_ref *ref) {
    struct wf_execution *execution = frame->execution;
    struct wf_tail_cursor cursor;
    struct wf_str text;

    if (ref->number == 0 || ref->doc)
        return true;
    wf_tail_walk(&execution->tail, execution->start_ms, &cursor);
    if (wf_tail_find_doc(cursor, ref->number, &text) == WF_TAIL_DOC) {
        spread_doc(execution, ref->number, text);
        return true;
    }
    struct doc_wait *wait = wf_call_new(engine, sizeof(*wait), NULL);
    *wait = (struct doc_wait){engine, execution->id, ref->number,
                              frame->number};
    execution->loading++;
    wf_doc_read(engine, execution->id, ref->number, 0, doc_there, wait);
    return false;
}

bool wf_frame_load_docs(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_execution *execution = frame->execution;
    if (execution->loading) /* the last of its reads runs the frame */
        return false;
    bool there = need_doc(engine, frame, &execution->input);
    if (frame->input.number != execution->input.number || there)
        there &= need_doc(engine, frame, &frame->input);
    if (frame->phase == WF_PHASE_TASK &&
        frame->parameters.number != frame->input.number)
        there &= need_doc(engine, frame, &frame->parameters);
    return there;
}
