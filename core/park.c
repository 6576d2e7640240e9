/*
 * park.c - from memory to rows, and back.
 *
 * Packing makes the journal unnecessary for an execution: its tail becomes a
 * segment, its image and those of its changed frames become rows. Each frame
 * that lives has a row in table T while it is packed: the moment of its next
 * timer, or 0 if the next start of the engine must look at it at once (it was
 * about to run, or a worker has its task). What is idle besides is dropped
 * from memory when the packing is durable.
 *
 * Nothing is parked whose timer is closer than HORIZON_MS, so rows of T are
 * only ever added beyond the part that has been scanned already.
 */
#include <assert.h>
#include <malloc.h>
#include <stdlib.h>

#include "engine_impl.h"

#define HORIZON_MS 1000
#define INLINE_BYTES 65536 /* a history up to this ends inside its E row */
#define SEGMENT_BYTES 49152
#define PARKS_AT_ONCE 2000
#define LOADS_AT_ONCE 512
#define SCAN_ROWS 512
#define TRIM_AFTER 50000
#define TRIM_WHEN_CALM 500

/* ---- packing ---- */

static int64_t wake_time(const struct wf_frame *frame) {
    if (frame->phase == WF_PHASE_WAIT || frame->phase == WF_PHASE_RETRY)
        return frame->due_ms;
    return 0;
}

static void move_timer_row(struct wf_engine *engine, uint64_t execution,
                           uint32_t frame, int64_t *row_due_ms,
                           int64_t due_ms) {
    struct wf_key key;
    if (*row_due_ms == due_ms)
        return;
    if (*row_due_ms >= 0) {
        key = wf_key_timer(engine->partition, *row_due_ms, execution, frame);
        wf_batch_delete(wf_engine_rows(engine), wf_key_str(&key));
    }
    *row_due_ms = due_ms;
    if (due_ms >= 0) {
        key = wf_key_timer(engine->partition, due_ms, execution, frame);
        wf_batch_put(wf_engine_rows(engine), wf_key_str(&key), WF_STR(""));
        wf_commit_timer_row(engine, due_ms);
    }
}

static void put_frames(struct wf_engine *engine,
                       struct wf_execution *execution) {
    struct wf_buf *image = &engine->scratch;
    for (struct wf_frame *f = execution->frames; f; f = f->next) {
        if (!f->row_stale)
            continue;
        move_timer_row(engine, execution->id, f->number, &f->row_due_ms,
                       wake_time(f));
        image->len = 0;
        wf_frame_encode(f, image);
        struct wf_key key = wf_key_frame(engine->partition, execution->id,
                                         f->number);
        wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                     (struct wf_str){image->data, image->len});
        f->row_stale = false;
    }
}

static void put_index_rows(struct wf_engine *engine,
                           struct wf_execution *execution) {
    uint32_t machine = execution->machine->id;
    struct wf_buf *value = &engine->scratch;
    struct wf_key key;
    bool ended = execution->status != WF_EXECUTION_RUNNING;

    if (!execution->listed) {
        value->len = 0;
        wf_buf_be64(value, execution->id);
        key = wf_key_name(engine->partition, machine,
                          wf_str(execution->name));
        wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                     (struct wf_str){value->data, value->len});
    }
    if (execution->listed && !ended)
        return;
    value->len = 0;
    wf_buf_u8(value, (uint8_t)execution->status);
    wf_buf_varint(value, ended ? (uint64_t)(execution->stop_ms -
                                            execution->start_ms)
                               : 0);
    wf_buf_text(value, wf_str(execution->name));
    key = wf_key_list(engine->partition, machine, execution->start_ms,
                      execution->id);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                 (struct wf_str){value->data, value->len});
    execution->listed = true;
}

static void put_segment(struct wf_engine *engine,
                        const struct wf_execution *execution,
                        const struct wf_tail *part) {
    struct wf_buf segment = {0};
    wf_tail_segment(part, &segment);
    struct wf_key key = wf_key_segment(engine->partition, execution->id,
                                       part->first_event);
    wf_batch_put_buf(wf_engine_rows(engine), wf_key_str(&key), &segment);
    wf_buf_free(&segment);
}

/* The tail as segments, cut behind events. */
static void put_segments(struct wf_engine *engine,
                         const struct wf_execution *execution) {
    const struct wf_tail *tail = &execution->tail;
    struct wf_tail part = *tail;
    struct wf_tail_cursor cursor;
    struct wf_event event;
    uint64_t number;
    struct wf_str text;

    wf_tail_walk(tail, execution->start_ms, &cursor);
    while (wf_tail_next(&cursor, &event, &number, &text) != WF_TAIL_END &&
           !cursor.reader.bad) {
        part.bytes.len = (size_t)(cursor.reader.at - part.bytes.data);
        part.next_event = cursor.next_event;
        if (part.bytes.len < SEGMENT_BYTES || cursor.docs_since > 0)
            continue;
        put_segment(engine, execution, &part);
        part.bytes.data += part.bytes.len;
        part.bytes.len = 0;
        part.first_event = part.next_event;
    }
    if (part.bytes.len > 0)
        put_segment(engine, execution, &part);
}

void wf_execution_pack(struct wf_engine *engine,
                       struct wf_execution *execution) {
    struct wf_tail *tail = &execution->tail;
    bool ended = execution->status != WF_EXECUTION_RUNNING;
    bool is_inline = ended && !execution->in_store &&
                     tail->bytes.len <= INLINE_BYTES;

    if (!ended)
        put_frames(engine, execution);
    if (tail->bytes.len > 0 && !is_inline)
        put_segments(engine, execution);
    move_timer_row(engine, execution->id, WF_FRAME_NONE,
                   &execution->row_due_ms,
                   ended || execution->timeout_due_ms == 0
                       ? -1
                       : execution->timeout_due_ms);
    put_index_rows(engine, execution);
    struct wf_buf *image = &engine->scratch;
    image->len = 0;
    wf_execution_encode(execution, image);
    if (is_inline)
        wf_tail_segment(tail, image);
    struct wf_key key = wf_key_execution(engine->partition, execution->id);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                 (struct wf_str){image->data, image->len});
    execution->in_store = true;
    wf_tail_reset(tail, tail->next_event);
}

/* ---- dropping ---- */


void wf_execution_drop(struct wf_engine *engine,
                       struct wf_execution *execution) {
    for (struct wf_frame *f = execution->frames; f; f = f->next)
        wf_timer_disarm(engine, f);
    wf_timer_disarm_execution(engine, execution);
    wf_list_remove(&execution->dirty_link);
    wf_list_remove(&execution->unpacked_link);
    wf_list_remove(&execution->idle_link);
    wf_table_remove(&engine->table, execution);
    engine->active_bytes -= execution->bytes;
    if (execution->status == WF_EXECUTION_RUNNING)
        engine->stats.parked++;
    wf_execution_free(execution);
    engine->dropped++;
}

static bool is_idle(const struct wf_execution *execution, int64_t now) {
    if (execution->status != WF_EXECUTION_RUNNING || execution->loading)
        return false;
    if (execution->timeout_due_ms &&
        execution->timeout_due_ms < now + HORIZON_MS)
        return false;
    for (const struct wf_frame *f = execution->frames; f; f = f->next) {
        bool waits = f->phase == WF_PHASE_WAIT || f->phase == WF_PHASE_RETRY;
        if (!waits || f->due_ms < now + HORIZON_MS || f->cancelling ||
            f->reaping ||
            f->runnable || wf_link_is_in(&f->run_link))
            return false;
    }
    return true;
}

void wf_execution_release(struct wf_engine *engine,
                          struct wf_execution *execution) {
    bool ended = execution->status != WF_EXECUTION_RUNNING;
    bool is_free = !wf_link_is_in(&execution->dirty_link) &&
                   execution->pins == 0 && execution->loading == 0 &&
                   execution->last_seq <= engine->durable_seq;
    if (is_free && ended)
        wf_execution_drop(engine, execution);
    else if (is_free && execution->first_seq == 0 && execution->in_store &&
             is_idle(execution, wf_clock_now_ms(engine->clock)))
        wf_execution_drop(engine, execution);
    else if (!ended && !wf_link_is_in(&execution->idle_link))
        wf_list_append(&engine->idle, &execution->idle_link);
}

static void park(struct wf_engine *engine, struct wf_execution *execution) {
    execution->wants_pack = execution->wants_drop = true;
    if (!wf_link_is_in(&execution->dirty_link))
        wf_list_append(&engine->dirty, &execution->dirty_link);
    wf_list_remove(&execution->idle_link);
}

void wf_frame_park_if_long(struct wf_engine *engine,
                           struct wf_frame *frame) {
    struct wf_execution *execution = frame->execution;
    int64_t now = wf_clock_now_ms(engine->clock);
    bool is_long = frame->due_ms > now + engine->options.idle_ms &&
                   frame->due_ms > now + HORIZON_MS;
    if (is_long && !execution->express && !engine->clock->is_virtual &&
        is_idle(execution, now))
        park(engine, execution);
}

/* Gives freed memory back to the system: after many executions have gone, or
 * some, and nothing has happened since the last look. */
static void trim_memory(struct wf_engine *engine) {
    bool is_calm = engine->stats.events == engine->events_seen;
    engine->events_seen = engine->stats.events;
    if (engine->dropped < (is_calm ? TRIM_WHEN_CALM : TRIM_AFTER) ||
        !wf_list_is_empty(&engine->run_queue))
        return;
    engine->dropped = 0;
    wf_table_shrink(&engine->table);
    malloc_trim(0);
}

void wf_engine_park_idle(struct wf_engine *engine) {
    int64_t now = wf_clock_now_ms(engine->clock);
    bool pressed = engine->active_bytes > engine->options.memory_bytes / 2;
    struct wf_link *link = engine->idle.next, *next;
    for (int i = 0; i < PARKS_AT_ONCE && link != &engine->idle; i++) {
        struct wf_execution *e =
            WF_ENTRY(link, struct wf_execution, idle_link);
        next = link->next;
        if (!pressed && now - e->touched_ms < engine->options.idle_ms)
            break;
        if (is_idle(e, now)) {
            park(engine, e);
        } else {
            /* Busy: look again after the next interval. */
            e->touched_ms = now;
            wf_list_remove(&e->idle_link);
            wf_list_append(&engine->idle, &e->idle_link);
        }
        link = next;
    }
    trim_memory(engine);
}

/* ---- loading ---- */

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
        if (wake_time(f) == 0)
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
        free(wait);
    }
    free(load);
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
    struct load_wait *wait = wf_calloc(1, sizeof(*wait));
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
    load = wf_calloc(1, sizeof(*load));
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
        if (due > now + HORIZON_MS / 2) {
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
    free(wait);
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
    struct doc_wait *wait = wf_calloc(1, sizeof(*wait));
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
