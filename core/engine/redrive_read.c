/*
 * redrive_read.c - what a redrive needs of an execution that has ended: reads
 * its history, and makes rows of what is to be done again. See redrive.h.
 */
#include <stdlib.h>

#include "engine_impl.h"

#define FRAMES_AT_ONCE 256
#define RESULTS_AT_ONCE 4096

static const char UNREADABLE[] = "Execution history can't be read";

/* ---- rows ---- */

struct wf_frame *wf_redrive_frame(const struct wf_redrive *redrive,
                                  uint32_t index,
                                  struct wf_execution *execution) {
    struct wf_frame *frame =
        wf_rebuild_frame(redrive->rebuild, index, execution);
    struct wf_map_run *run = redrive->runs ? redrive->runs[index] : NULL;
    if (run) {
        frame->fork->run = wf_map_run_copy(run);
        frame->fork->run->frame = frame->number;
    }
    return frame;
}

static void put_frame(struct wf_redrive *redrive, uint32_t index) {
    struct wf_engine *engine = redrive->engine;
    struct wf_execution *nobody = wf_execution_new();
    struct wf_buf image = {0};
    nobody->id = redrive->id;
    struct wf_frame *frame = wf_redrive_frame(redrive, index, nobody);
    frame->has_row = true;
    wf_frame_encode(frame, &image);
    struct wf_key key =
        wf_key_frame(engine->partition, redrive->id, frame->number);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                 (struct wf_str){image.data, image.len});
    wf_buf_free(&image);
    wf_execution_free(nobody);
}

/* Some of its children's results; true: no more are left. */
static bool put_results(struct wf_redrive *redrive, uint32_t index) {
    struct wf_engine *engine = redrive->engine;
    uint32_t count = wf_rebuild_results(redrive->rebuild, index);
    struct wf_buf row = {0};
    if (redrive->results < count) {
        struct wf_execution *nobody = wf_execution_new();
        struct wf_key key = wf_key_results(
            engine->partition, redrive->id,
            wf_redrive_frame(redrive, index, nobody)->number,
            redrive->results);
        wf_rebuild_put_results(redrive->rebuild, index, redrive->results,
                               RESULTS_AT_ONCE, &row);
        wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                     (struct wf_str){row.data, row.len});
        wf_buf_free(&row);
        wf_execution_free(nobody);
        redrive->results += RESULTS_AT_ONCE;
    }
    return redrive->results >= count;
}

/* A short history stood inside the execution's row, which will not have it
 * any more. */
static void put_history(struct wf_redrive *redrive) {
    struct wf_engine *engine = redrive->engine;
    struct wf_str history = {redrive->row.data + redrive->image_len,
                             redrive->row.len - redrive->image_len};
    struct wf_key key = wf_key_segment(engine->partition, redrive->id, 1);
    struct wf_execution_image image;
    struct wf_buf segment = {0};
    wf_redrive_image(redrive, &image);
    if (!history.len)
        return;
    wf_segment_add_link(history, (const uint8_t *)image.chain_head.data,
                        &segment);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                 (struct wf_str){segment.data, segment.len});
    wf_buf_free(&segment);
}

/* The next engine sweeps the rows, if this one dies. */
static void put_mark(struct wf_redrive *redrive) {
    struct wf_engine *engine = redrive->engine;
    struct wf_key key =
        wf_key_timer(engine->partition, 0, redrive->id, WF_FRAME_NONE);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key), WF_STR(""));
}

static void stored(void *arg) {
    wf_redrive_stored(arg);
}

/* Goes on when the rows are durable: which may be at once, and the last thing
 * that is done with the redrive. */
static void put_more(void *arg) {
    struct wf_redrive *redrive = arg;
    wf_engine_wake(redrive->engine);
    for (unsigned i = 0; i < FRAMES_AT_ONCE; i++) {
        if (redrive->stored == redrive->frames) {
            wf_engine_after(redrive->engine, stored, redrive);
            return;
        }
        if (!put_results(redrive, redrive->stored))
            continue;
        if (redrive->stored > 0) /* the root is not parked */
            put_frame(redrive, redrive->stored);
        redrive->stored++;
        redrive->results = 0;
    }
    wf_engine_after(redrive->engine, put_more, redrive);
}

static bool has_rows(const struct wf_redrive *redrive) {
    return redrive->frames > 1 || wf_rebuild_results(redrive->rebuild, 0) > 0;
}

void wf_redrive_put_rows(struct wf_redrive *redrive) {
    put_more(redrive);
}

static void begin_rows(struct wf_redrive *redrive) {
    if (redrive->forking) {
        wf_fork_copy(redrive);
        return;
    }
    put_history(redrive);
    if (has_rows(redrive))
        put_mark(redrive);
    put_more(redrive);
}

/* ---- Map Runs ---- */

static void read_runs(struct wf_redrive *redrive);

/* Without its row, a run can't go on. */
static void run_row(void *arg, const struct wf_row *rows, size_t count,
                    bool more, const struct wf_error *err) {
    struct wf_redrive *redrive = arg;
    uint32_t index = redrive->runs_read++;
    uint32_t number = wf_rebuild_run(redrive->rebuild, index);
    (void)more;
    redrive->engine->loads--;
    if (wf_engine_read_failed(redrive->engine, err))
        return;
    if (count == 1) {
        struct wf_reader in = {rows->value.data,
                               rows->value.data + rows->value.len, false};
        redrive->runs[index] = wf_map_run_decode(&in, redrive->id, number);
    }
    if (!redrive->runs[index])
        wf_rebuild_drop_run(redrive->rebuild, index);
    read_runs(redrive);
}

static void read_runs(struct wf_redrive *redrive) {
    struct wf_engine *engine = redrive->engine;
    while (redrive->runs_read < redrive->frames &&
           !wf_rebuild_run(redrive->rebuild, redrive->runs_read))
        redrive->runs_read++;
    if (redrive->runs_read == redrive->frames) {
        begin_rows(redrive);
        return;
    }
    struct wf_key key = wf_key_map_run(
        engine->partition, redrive->id,
        wf_rebuild_run(redrive->rebuild, redrive->runs_read));
    engine->loads++;
    wf_store_get(engine->store, wf_key_str(&key), run_row, redrive);
}

/* ---- the history ---- */

/* All that is to be done is known. */
static void with_fix(struct wf_redrive *redrive) {
    struct wf_execution_image image;
    wf_redrive_image(redrive, &image);
    int64_t frames =
        wf_rebuild_finish(redrive->rebuild, image.next_frame);
    if (redrive->forking && wf_fork_is_refused(redrive, frames))
        return;
    if (frames < 0) {
        wf_redrive_refuse(redrive, UNREADABLE);
        return;
    }
    redrive->frames = (uint32_t)frames;
    if (redrive->fix && redrive->fix->is_dry) {
        redrive->ready(redrive->arg, redrive, NULL);
        return;
    }
    redrive->runs = wf_calloc(redrive->frames, sizeof(*redrive->runs));
    read_runs(redrive);
}

static void finish(struct wf_redrive *redrive) {
    struct wf_execution_image image;
    wf_redrive_image(redrive, &image);
    if (redrive->forking)
        image.between = wf_fork_lines(redrive);
    wf_rebuild_settle(redrive->rebuild, image.between, image.error);
    if (wf_rebuild_next_event(redrive->rebuild) != image.next_event)
        wf_redrive_refuse(redrive, UNREADABLE);
    else if (!redrive->forking || !wf_fork_is_lost(redrive))
        wf_redrive_apply_fix(redrive, with_fix);
}

static void read_segments(struct wf_redrive *redrive);

static bool add_segment(struct wf_redrive *redrive, struct wf_str segment) {
    struct wf_execution_image image;
    struct wf_tail_cursor cursor;
    wf_redrive_image(redrive, &image);
    int64_t start_ms = redrive->forking ? redrive->forking->origin_start_ms
                                        : image.start_ms;
    if (!wf_segment_walk(segment, start_ms, &cursor, NULL))
        return false;
    if (redrive->forking)
        wf_fork_look(redrive, &cursor);
    return wf_rebuild_add(redrive->rebuild, cursor);
}

static void segment_rows(void *arg, const struct wf_row *rows, size_t count,
                         bool more, const struct wf_error *err) {
    struct wf_redrive *redrive = arg;
    redrive->engine->loads--;
    if (wf_engine_read_failed(redrive->engine, err))
        return;
    for (size_t i = 0; i < count; i++)
        if (!add_segment(redrive, rows[i].value)) {
            wf_redrive_refuse(redrive, UNREADABLE);
            return;
        }
    if (more && count > 0)
        read_segments(redrive);
    else
        finish(redrive);
}

static void read_segments(struct wf_redrive *redrive) {
    struct wf_engine *engine = redrive->engine;
    struct wf_key from = wf_key_segment(
        engine->partition, wf_redrive_source(redrive),
        redrive->forking ? redrive->forking->next
                         : wf_rebuild_next_event(redrive->rebuild));
    struct wf_key to = wf_key_segment(
        engine->partition, wf_redrive_source(redrive), UINT64_MAX);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_rows = 4,
                             .max_bytes = 256 << 10};
    engine->loads++;
    wf_store_scan(engine->store, &range, segment_rows, redrive);
}

/* A short one stands in the execution's row. */
static struct wf_str inline_history(const struct wf_redrive *redrive) {
    const struct wf_forking *forking = redrive->forking;
    const struct wf_buf *row = forking ? &forking->row : &redrive->row;
    size_t from = forking ? forking->image_len : redrive->image_len;
    return (struct wf_str){row->data + from, row->len - from};
}

void wf_redrive_read(struct wf_redrive *redrive) {
    struct wf_execution_image image;
    wf_redrive_image(redrive, &image);
    if (image.is_child && image.child_express) { /* it starts anew */
        put_history(redrive);
        wf_engine_wake(redrive->engine);
        wf_engine_after(redrive->engine, stored, redrive);
        return;
    }
    redrive->rebuild = wf_rebuild_new(&redrive->past, image.input);
    struct wf_str history = inline_history(redrive);
    if (!history.len)
        read_segments(redrive);
    else if (add_segment(redrive, history))
        finish(redrive);
    else
        wf_redrive_refuse(redrive, UNREADABLE);
}
