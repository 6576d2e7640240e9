/*
 * sweep.c - removes the rows of frames that an ended execution has left
 * behind: a Map of 100,000 waiting iterations can be stopped at once, its
 * rows go some at a time.
 *
 * Children of its Map Runs that still run are stopped then (map_stop.c).
 *
 * An execution that ends with such rows or children keeps a row of table T
 * with due time 0, which is looked at whenever an engine starts; it goes last.
 */
#include <stdlib.h>

#include "activity.h"
#include "engine_impl.h"

#define SWEEP_ROWS 256
#define SWEEP_PAGES 1024

struct wf_sweep {
    struct wf_link link;
    struct wf_engine *engine;
    uint64_t execution;
    struct wf_buf from; /* key to go on from */
    void (*done)(void *arg); /* NULL: nobody waits */
    void *arg;
};

void wf_sweeps_free(struct wf_engine *engine) {
    struct wf_link *link;
    while ((link = wf_list_shift(&engine->sweeps))) {
        struct wf_sweep *sweep = WF_ENTRY(link, struct wf_sweep, link);
        wf_buf_free(&sweep->from);
        free(sweep);
    }
}

/* A frame's row, and what belongs to it. */
static void sweep_frame(struct wf_sweep *sweep, const struct wf_row *row) {
    struct wf_engine *engine = sweep->engine;
    struct wf_batch *rows = wf_engine_rows(engine);
    struct wf_reader in = {row->value.data, row->value.data + row->value.len,
                           false};
    struct wf_execution *nobody = wf_execution_new();
    uint32_t number = wf_key_u32(row->key, 8);
    struct wf_key key;
    nobody->id = sweep->execution;
    struct wf_frame *frame = wf_frame_new(nobody, number);
    if (wf_frame_decode(&in, frame)) {
        key = wf_key_timer(engine->partition, frame->row_due_ms,
                           sweep->execution, number);
        if (frame->row_due_ms >= 0)
            wf_batch_delete(rows, wf_key_str(&key));
        key = wf_key_checkpoint(engine->partition, sweep->execution, number);
        if (frame->has_checkpoint)
            wf_batch_delete(rows, wf_key_str(&key));
        wf_offer_put(engine, frame, true);
        if (frame->fork && frame->fork->run)
            wf_map_run_left(engine, frame->fork->run);
        if (frame->called)
            wf_nested_left(engine, frame->called);
    }
    wf_batch_delete(rows, row->key);
    wf_execution_free(nobody);
}

static void sweep_more(void *arg);

static void swept(void *arg) {
    struct wf_sweep *sweep = arg;
    struct wf_engine *engine = sweep->engine;
    struct wf_key key = wf_key_timer(engine->partition, 0, sweep->execution,
                                     WF_FRAME_NONE);
    struct wf_key from =
        wf_key_results(engine->partition, sweep->execution, 0, 0);
    struct wf_key to =
        wf_key_results(engine->partition, sweep->execution + 1, 0, 0);
    struct wf_batch *rows = wf_engine_rows(engine);
    wf_batch_delete(rows, wf_key_str(&key));
    wf_batch_delete_range(rows, wf_key_str(&from), wf_key_str(&to),
                          UINT32_MAX);
    wf_list_remove(&sweep->link);
    if (sweep->done)
        wf_engine_after(engine, sweep->done, sweep->arg);
    wf_buf_free(&sweep->from);
    free(sweep);
    wf_engine_wake(engine);
}

/* What Map Runs have left running is stopped, and then nothing is left. */
static void finish(struct wf_sweep *sweep) {
    wf_map_stop(sweep->engine, sweep->execution, WF_MAP_RUNS, swept, sweep);
}

static void frame_rows(void *arg, const struct wf_row *rows, size_t count,
                       bool more, const struct wf_error *err) {
    struct wf_sweep *sweep = arg;
    struct wf_engine *engine = sweep->engine;
    engine->loads--;
    if (wf_engine_read_failed(engine, err))
        return;
    for (size_t i = 0; i < count; i++)
        sweep_frame(sweep, &rows[i]);
    if (!more || count == 0) {
        finish(sweep);
        return;
    }
    sweep->from.len = 0;
    wf_buf_addstr(&sweep->from, rows[count - 1].key);
    wf_buf_u8(&sweep->from, 0);
    wf_engine_after(engine, sweep_more, sweep);
    wf_engine_wake(engine);
}

static void sweep_more(void *arg) {
    struct wf_sweep *sweep = arg;
    struct wf_engine *engine = sweep->engine;
    struct wf_key to =
        wf_key_execution(engine->partition, sweep->execution + 1);
    struct wf_range range = {
        .from = {sweep->from.data, sweep->from.len},
        .to = wf_key_str(&to),
        .max_rows = SWEEP_ROWS,
        .max_bytes = 4 << 20,
    };
    engine->loads++;
    wf_store_scan(engine->store, &range, frame_rows, sweep);
}

static struct wf_sweep *begin(struct wf_engine *engine, uint64_t execution) {
    struct wf_key from = wf_key_frame(engine->partition, execution, 0);
    struct wf_sweep *sweep = wf_calloc(1, sizeof(*sweep));
    sweep->engine = engine;
    sweep->execution = execution;
    wf_buf_add(&sweep->from, from.data, from.len);
    wf_list_append(&engine->sweeps, &sweep->link);
    /* What the execution's end has written must be there to be read. */
    wf_engine_after(engine, sweep_more, sweep);
    return sweep;
}

static struct wf_sweep *find(struct wf_engine *engine, uint64_t execution) {
    struct wf_link *link = engine->sweeps.next;
    for (; link != &engine->sweeps; link = link->next) {
        struct wf_sweep *sweep = WF_ENTRY(link, struct wf_sweep, link);
        if (sweep->execution == execution)
            return sweep;
    }
    return NULL;
}

void wf_sweep_start(struct wf_engine *engine, uint64_t execution) {
    if (!find(engine, execution) && !wf_redrive_is_on(engine, execution))
        begin(engine, execution);
}

void wf_sweep_then(struct wf_engine *engine, uint64_t execution,
                   void (*done)(void *arg), void *arg) {
    struct wf_sweep *sweep = find(engine, execution);
    if (!sweep)
        sweep = begin(engine, execution);
    sweep->done = done;
    sweep->arg = arg;
}
