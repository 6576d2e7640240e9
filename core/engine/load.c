/*
 * load.c - from rows to memory: an execution or a frame that somebody needs,
 * and those whose parked timers have come.
 *
 * Table T is scanned from where the last scan ended; nothing is parked whose
 * timer is closer than HORIZON_MS (park.c), so no row is ever added behind
 * that place. Reads are bounded: so many rows, so many executions at a time.
 */
#include <stdlib.h>

#include "engine_impl.h"

#define LOADS_AT_ONCE 512
#define SCAN_ROWS 512
/* An execution of fewer frames is loaded as a whole. */
#define FRAMES_AT_ONCE 64
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

static struct wf_frame *decode_frame(struct wf_engine *engine,
                                     struct wf_execution *execution,
                                     uint32_t number, struct wf_str row) {
    struct wf_frame *frame = wf_frame_new(execution, number);
    struct wf_reader in = {row.data, row.data + row.len, false};
    if (wf_frame_decode(&in, frame))
        return frame;
    wf_engine_notice(engine,
                     WF_ERROR "execution %llx: the row of frame %u does not "
                     "decode", (unsigned long long)execution->id, number);
    wf_frame_remove(frame);
    return NULL;
}

/* Builds an execution from its rows; NULL if it has ended or is damaged. If
 * there are more of its frames than these, it has none in memory yet. */
static struct wf_execution *from_rows(struct wf_engine *engine, uint64_t id,
                                      const struct wf_row *rows,
                                      size_t count) {
    struct wf_execution_image image;
    struct wf_reader in = {rows->value.data,
                           rows->value.data + rows->value.len, false};
    if (rows->key.len != 11 || !wf_execution_decode(&in, &image)) {
        wf_engine_notice(engine,
                         WF_ERROR "execution %llx: its row does not decode",
                         (unsigned long long)id);
        return NULL;
    }
    if (image.status != WF_EXECUTION_RUNNING)
        return NULL;
    struct wf_execution *execution = wf_execution_new();
    execution->id = id;
    wf_execution_set_machine(
        execution, wf_machine_of(engine, image.machine, image.revision));
    wf_execution_apply(execution, &image);
    wf_tail_reset(&execution->tail, image.next_event);
    execution->journaled_event = image.next_event;
    wf_execution_mark(execution, 0);
    execution->in_store = execution->listed = true;
    for (size_t i = 1; i < count; i++)
        if (!decode_frame(engine, execution, wf_key_u32(rows[i].key, 8),
                          rows[i].value)) {
            wf_execution_free(execution);
            return NULL;
        }
    return execution;
}

static bool is_below(const struct wf_frame *frame,
                     const struct wf_frame *above) {
    while (frame->up && frame->up != above)
        frame = frame->up;
    return frame->up != NULL;
}

/* Joins a loaded frame to its parent and to children in memory. What waits
 * for its parents may be any number of levels below. */
static void link_frame(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_execution *execution = frame->execution;
    struct wf_frame *parent =
        frame->parent == WF_FRAME_NONE
            ? NULL
            : wf_execution_frame(execution, frame->parent);
    if (parent && parent->fork && !frame->up)
        wf_frame_set_parent(frame, parent);
    if (!frame->fork)
        return;
    for (struct wf_frame *f = execution->frames; f; f = f->next)
        if (f->parent == frame->number && !f->up &&
            f->phase != WF_PHASE_GONE) {
            wf_frame_set_parent(f, frame);
            wf_frame_measure(f);
        }
    for (struct wf_frame *f = execution->frames; f; f = f->next)
        if (f->phase != WF_PHASE_GONE && is_below(f, frame))
            wf_frame_run(engine, f); /* it may wait for this */
}

/* A loaded frame goes on with what it was doing. */
static void resume_frame(struct wf_engine *engine, struct wf_frame *frame) {
    wf_frame_measure(frame);
    wf_task_end_survivors(engine, frame);
    wf_task_beats_again(engine, frame);
    bool has_run = frame->fork && frame->fork->run; /* loaded to count */
    if (wf_frame_wake_time(frame) == 0 || has_run ||
        wf_frame_is_doomed(frame))
        wf_frame_run(engine, frame);
    else
        wf_timer_update(engine, frame);
}

void wf_frame_adopt(struct wf_engine *engine, struct wf_execution *execution,
                    uint32_t number, struct wf_str row) {
    struct wf_frame *frame = decode_frame(engine, execution, number, row);
    if (!frame)
        return;
    link_frame(engine, frame);
    resume_frame(engine, frame);
}

static void adopt(struct wf_engine *engine, struct wf_execution *execution) {
    struct wf_frame *f;
    wf_table_add(&engine->table, execution);
    wf_family_join(&engine->families, execution);
    execution->touched_ms = wf_clock_now_ms(engine->clock);
    wf_list_append(&engine->idle, &execution->idle_link);
    engine->stats.loaded++;
    if (engine->stats.parked > 0)
        engine->stats.parked--;
    wf_timer_update_execution(engine, execution);
    for (f = execution->frames; f; f = f->next)
        link_frame(engine, f);
    for (f = execution->frames; f; f = f->next)
        resume_frame(engine, f);
    wf_signals_wake(engine, execution);
    wf_execution_measure(engine, execution);
}

static void tell(struct load_wait **waits, struct wf_execution *execution) {
    while (*waits) {
        struct load_wait *wait = *waits;
        *waits = wait->next;
        wait->loaded(wait->arg, execution);
        wf_call_free(wait);
    }
}

static void load_done(struct wf_load *load, struct wf_execution *execution) {
    struct wf_engine *engine = load->engine;
    struct wf_load **at = &engine->load_list;
    while (*at != load)
        at = &(*at)->next;
    *at = load->next;
    engine->loads--;
    tell(&load->waits, execution);
    wf_call_free(load);
}

static void load_rows(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct wf_load *load = arg;
    struct wf_engine *engine = load->engine;
    struct wf_execution *execution =
        wf_table_by_id(&engine->table, load->id);
    if (wf_engine_read_failed(engine, err))
        return;
    if (!execution && count > 0) {
        execution = from_rows(engine, load->id, rows, more ? 1 : count);
        if (execution)
            adopt(engine, execution);
    }
    load_done(load, execution);
}

static void add_wait(struct wf_engine *engine, struct load_wait **waits,
                     wf_load_fn *loaded, void *arg) {
    struct load_wait *wait = wf_call_new(engine, sizeof(*wait), NULL);
    *wait = (struct load_wait){*waits, loaded, arg};
    *waits = wait;
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
        add_wait(engine, &load->waits, loaded, arg);
        return;
    }
    load = wf_call_new(engine, sizeof(*load), NULL);
    *load = (struct wf_load){engine->load_list, engine, id, NULL};
    engine->load_list = load;
    engine->loads++;
    add_wait(engine, &load->waits, loaded, arg);
    struct wf_key from = wf_key_execution(engine->partition, id);
    struct wf_key to = wf_key_execution(engine->partition, id + 1);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_rows = FRAMES_AT_ONCE,
                             .max_bytes = 64 << 20};
    wf_store_scan(engine->store, &range, load_rows, load);
}

/* ---- single frames ---- */

struct frame_load {
    struct wf_engine *engine;
    struct frame_load *next; /* in the engine's list */
    uint64_t execution;
    uint32_t frame;
    struct load_wait *waits;
};

static void frame_load_done(struct frame_load *load) {
    struct frame_load **at = &load->engine->frame_loads;
    while (*at != load)
        at = &(*at)->next;
    *at = load->next;
    load->engine->loads--;
    tell(&load->waits,
         wf_table_by_id(&load->engine->table, load->execution));
    wf_call_free(load);
}

static void frame_rows(void *arg, const struct wf_row *rows, size_t count,
                       bool more, const struct wf_error *err) {
    struct frame_load *load = arg;
    struct wf_engine *engine = load->engine;
    struct wf_execution *execution =
        wf_table_by_id(&engine->table, load->execution);
    (void)more;
    if (wf_engine_read_failed(engine, err))
        return;
    if (execution) {
        execution->pins--;
        if (count == 1 && execution->status == WF_EXECUTION_RUNNING &&
            !wf_execution_frame(execution, load->frame))
            wf_frame_adopt(engine, execution, load->frame, rows->value);
        else
            wf_execution_release(engine, execution);
    }
    frame_load_done(load);
}

static void frame_execution_there(void *arg,
                                  struct wf_execution *execution) {
    struct frame_load *load = arg;
    struct wf_engine *engine = load->engine;
    if (!execution || execution->status != WF_EXECUTION_RUNNING ||
        wf_execution_frame(execution, load->frame)) {
        frame_load_done(load);
        return;
    }
    execution->pins++;
    struct wf_key key = wf_key_frame(engine->partition, load->execution,
                                     load->frame);
    wf_store_get(engine->store, wf_key_str(&key), frame_rows, load);
}

static struct frame_load *frame_load_of(const struct wf_engine *engine,
                                        uint64_t execution, uint32_t frame) {
    struct frame_load *load = engine->frame_loads;
    while (load && (load->execution != execution || load->frame != frame))
        load = load->next;
    return load;
}

bool wf_frame_is_loading(const struct wf_engine *engine, uint64_t execution,
                         uint32_t frame) {
    return frame_load_of(engine, execution, frame);
}

void wf_frame_load_then(struct wf_engine *engine, uint64_t execution,
                        uint32_t frame, wf_load_fn *loaded, void *arg) {
    struct frame_load *load = frame_load_of(engine, execution, frame);
    if (load) {
        add_wait(engine, &load->waits, loaded, arg);
        return;
    }
    load = wf_call_new(engine, sizeof(*load), NULL);
    *load = (struct frame_load){engine, engine->frame_loads, execution,
                                frame, NULL};
    if (loaded)
        add_wait(engine, &load->waits, loaded, arg);
    engine->frame_loads = load;
    engine->loads++;
    wf_execution_load(engine, execution, frame_execution_there, load);
}

void wf_frame_load(struct wf_engine *engine, uint64_t execution,
                   uint32_t frame) {
    if (!wf_frame_is_loading(engine, execution, frame))
        wf_frame_load_then(engine, execution, frame, NULL, NULL);
}

bool wf_frame_has_parents(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_frame *f = frame;
    while (f->up)
        f = f->up;
    if (f->parent == WF_FRAME_NONE)
        return true;
    wf_frame_load(engine, f->execution->id, f->parent);
    return false;
}

/* ---- parked timers ---- */

/* Loading armed the timer; it fires in this or the next turn. */
static void due_loaded(void *arg, struct wf_execution *execution) {
    (void)arg;
    (void)execution;
}

/* An execution's own row without a time: it has ended, and left rows behind
 * (park.c). */
static void load_due(struct wf_engine *engine, struct wf_str key) {
    uint64_t execution = wf_key_u64(key, 8);
    uint32_t frame = wf_key_u32(key, 16);
    if (frame == WF_FRAME_CALLERS)
        wf_nested_look_again(engine, execution);
    else if (frame != WF_FRAME_NONE)
        wf_frame_load(engine, execution, frame);
    else if (wf_key_u64(key, 0) == 0)
        wf_sweep_start(engine, execution);
    else
        wf_execution_load(engine, execution, due_loaded, NULL);
}

static int64_t earlier(int64_t a, int64_t b) {
    return b != 0 && b < a ? b : a;
}

static void take_due(struct wf_engine *engine, const struct wf_row *rows,
                     size_t count, bool more) {
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
        load_due(engine, rows[i].key);
    }
    if (more) {
        engine->parked_next = engine->parked_cursor;
        wf_engine_wake(engine);
    }
}

static void due_rows(void *arg, const struct wf_row *rows, size_t count,
                     bool more, const struct wf_error *err) {
    struct wf_engine *engine = arg;
    engine->parked_scanning = false;
    if (wf_engine_read_failed(engine, err))
        return;
    take_due(engine, rows, count, more);
    if (engine->parked_again)
        wf_engine_scan_again(engine);
}

void wf_engine_scan_again(struct wf_engine *engine) {
    engine->parked_again = true;
    engine->parked_next = 0;
    wf_engine_wake(engine);
}

bool wf_engine_can_scan(const struct wf_engine *engine) {
    return !engine->parked_scanning && engine->loads < LOADS_AT_ONCE &&
           !engine->stalled && !wf_engine_is_held_back(engine);
}

void wf_engine_load_due(struct wf_engine *engine) {
    int64_t now = wf_clock_now_ms(engine->clock);
    if (engine->parked_next > now || !wf_engine_can_scan(engine))
        return;
    if (engine->parked_again) {
        engine->parked_resume.len = 0;
        engine->parked_cursor = 0;
    }
    engine->parked_again = false;
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
