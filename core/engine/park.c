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
#include "recent.h"

#define HORIZON_MS 1000
#define LOOK_AGAIN 1 /* of an execution: the next engine loads it */
#define INLINE_BYTES 65536 /* a history up to this ends inside its E row */
#define SEGMENT_BYTES 49152
#define PARKS_AT_ONCE 2000
#define TRIM_AFTER 50000
#define TRIM_WHEN_CALM 500
#define MANY_FRAMES 64 /* of an execution, in memory */

/* ---- packing ---- */

int64_t wf_frame_wake_time(const struct wf_frame *frame) {
    if (!wf_frame_is_waiting(frame))
        return 0;
    int64_t due_ms = wf_frame_due(frame);
    return due_ms ? due_ms : -1;
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
        if (due_ms != LOOK_AGAIN)
            wf_commit_timer_row(engine, due_ms);
    }
}

static void put_frame(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_execution *execution = frame->execution;
    struct wf_buf *image = &engine->scratch;
    move_timer_row(engine, execution->id, frame->number, &frame->row_due_ms,
                   wf_frame_wake_time(frame));
    if (frame->fork)
        wf_results_put(engine, frame);
    if (frame->fork && frame->fork->run)
        wf_map_run_put(engine, frame->fork->run);
    if (!frame->has_row)
        execution->frame_rows++;
    frame->has_row = true;
    image->len = 0;
    wf_frame_encode(frame, image);
    struct wf_key key = wf_key_frame(engine->partition, execution->id,
                                     frame->number);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                 (struct wf_str){image->data, image->len});
    frame->row_stale = false;
}

static void put_frames(struct wf_engine *engine,
                       struct wf_execution *execution) {
    for (struct wf_frame *f = execution->frames; f; f = f->next)
        if (f->row_stale && f->phase != WF_PHASE_GONE)
            put_frame(engine, f);
}

void wf_frames_park(struct wf_engine *engine,
                    struct wf_execution *execution) {
    struct wf_link *link, *next;
    for (link = execution->changed.next; link != &execution->changed;
         link = next) {
        struct wf_frame *frame =
            WF_ENTRY(link, struct wf_frame, changed_link);
        next = link->next;
        if (!frame->wants_park)
            continue;
        put_frame(engine, frame);
        execution->image_changed = true; /* of frame_rows */
        wf_frame_mark_gone(frame);
        wf_commit_drop_frame(engine, frame);
    }
}

/* Where lists find it. */
static struct wf_key list_key(const struct wf_engine *engine,
                              const struct wf_execution *execution) {
    const struct wf_map_child *child = execution->map_child;
    if (child)
        return wf_key_child(engine->partition, child->parent, child->run,
                            execution->id);
    return wf_key_list(engine->partition, execution->machine->id,
                       execution->start_ms, execution->id);
}

/* Where lists of a version's or an alias's executions find it. */
static void put_qualified(struct wf_engine *engine,
                          const struct wf_execution *execution,
                          struct wf_str qualifier, struct wf_str value) {
    struct wf_key key = wf_key_qualified(
        engine->partition, execution->machine->id, qualifier,
        execution->start_ms, execution->id);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key), value);
}

static void put_qualified_rows(struct wf_engine *engine,
                               const struct wf_execution *execution,
                               struct wf_str value) {
    char number[16];
    if (!execution->version)
        return;
    snprintf(number, sizeof(number), "%u", (unsigned)execution->version);
    put_qualified(engine, execution, wf_str(number), value);
    if (execution->alias)
        put_qualified(engine, execution, wf_str(execution->alias), value);
}

static void put_index_rows(struct wf_engine *engine,
                           struct wf_execution *execution) {
    uint32_t machine = execution->machine->id;
    struct wf_buf *value = &engine->scratch;
    struct wf_key key;
    bool ended = execution->status != WF_EXECUTION_RUNNING;

    if (!execution->listed && !execution->map_child) {
        value->len = 0;
        wf_buf_be64(value, execution->id);
        key = wf_key_name(engine->partition, machine,
                          wf_str(execution->name));
        wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                     (struct wf_str){value->data, value->len});
    }
    bool is_paused = execution->pause.since_ms != 0;
    if (execution->listed && !ended &&
        is_paused == execution->list_shows_pause)
        return;
    value->len = 0;
    wf_buf_u8(value, (uint8_t)execution->status);
    wf_buf_varint(value, ended ? (uint64_t)(execution->stop_ms -
                                            execution->start_ms)
                               : 0);
    wf_buf_text(value, wf_str(execution->name));
    if (execution->map_child) {
        wf_buf_varint(value, (uint64_t)execution->start_ms);
        wf_buf_varint(value, execution->map_child->items);
    } else if (execution->version || is_paused ||
               wf_execution_redrive_count(execution)) {
        wf_buf_varint(value, execution->version);
        wf_buf_text(value, wf_str(execution->alias));
    }
    if (is_paused || wf_execution_redrive_count(execution)) {
        const struct wf_redrives none = {0}, *redrives = execution->redrives;
        redrives = redrives ? redrives : &none;
        wf_buf_varint(value, redrives->count);
        wf_buf_varint(value, (uint64_t)redrives->last_ms);
    }
    if (is_paused)
        wf_buf_varint(value, (uint64_t)execution->pause.since_ms);
    key = list_key(engine, execution);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                 (struct wf_str){value->data, value->len});
    put_qualified_rows(engine, execution,
                       (struct wf_str){value->data, value->len});
    execution->listed = true;
    execution->list_shows_pause = is_paused;
}

static void put_segment(struct wf_engine *engine,
                        struct wf_execution *execution,
                        const struct wf_tail *part) {
    struct wf_buf segment = {0};
    wf_chain_add(engine->hash, &execution->chain, execution->id,
                 execution->start_ms, part);
    wf_tail_segment(part, execution->chain.head, &segment);
    struct wf_key key = wf_key_segment(engine->partition, execution->id,
                                       part->first_event);
    wf_batch_put_buf(wf_engine_rows(engine), wf_key_str(&key), &segment);
    wf_buf_free(&segment);
    if (execution->status == WF_EXECUTION_RUNNING &&
        execution->tail.bytes.len >= SEGMENT_BYTES)
        wf_recent_keep(engine->recent, execution->id, part);
}

/* The tail as segments, cut behind events. */
static void put_segments(struct wf_engine *engine,
                         struct wf_execution *execution) {
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

/* Rows of frames that an end has left behind are swept later, by the next
 * engine if need be (sweep.c). */
static int64_t own_wake_time(const struct wf_execution *execution) {
    if (execution->status != WF_EXECUTION_RUNNING)
        return execution->frame_rows > 0 || execution->has_orphans ? 0 : -1;
    if (wf_signals_are_due(execution))
        return LOOK_AGAIN;
    return execution->timeout_due_ms ? execution->timeout_due_ms : -1;
}

void wf_execution_cut(struct wf_engine *engine,
                      struct wf_execution *execution) {
    struct wf_tail *tail = &execution->tail;
    put_segments(engine, execution);
    wf_tail_reset(tail, tail->next_event);
    execution->journaled = 0;
    execution->journaled_event = tail->next_event;
}

void wf_execution_pack(struct wf_engine *engine,
                       struct wf_execution *execution) {
    struct wf_tail *tail = &execution->tail;
    bool ended = execution->status != WF_EXECUTION_RUNNING;
    bool is_inline = ended && !execution->in_store &&
                     tail->first_event == 1 &&
                     tail->bytes.len <= INLINE_BYTES;

    if (!ended)
        put_frames(engine, execution);
    if (tail->bytes.len > 0 && !is_inline)
        put_segments(engine, execution);
    move_timer_row(engine, execution->id, WF_FRAME_NONE,
                   &execution->row_due_ms, own_wake_time(execution));
    put_index_rows(engine, execution);
    if (ended && wf_execution_is_awaited(execution))
        wf_nested_put_row(engine, execution->id);
    struct wf_buf *image = &engine->scratch;
    image->len = 0;
    if (is_inline)
        wf_chain_add(engine->hash, &execution->chain, execution->id,
                     execution->start_ms, tail);
    wf_execution_encode(execution, image);
    wf_execution_seal(execution->id, engine->hash, image, 0);
    if (is_inline)
        wf_tail_segment(tail, NULL, image);
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
    wf_family_leave(&engine->families, execution);
    engine->active_bytes -= execution->bytes;
    if (execution->status == WF_EXECUTION_RUNNING)
        engine->stats.parked++;
    uint64_t id = execution->id;
    wf_execution_free(execution);
    engine->dropped++;
    if (!wf_list_is_empty(&engine->redrives))
        wf_redrive_dropped(engine, id);
}

/* Nothing is under way for it. */
static bool is_at_rest(const struct wf_frame *frame) {
    return !frame->cancelling && !frame->reaping && !frame->runnable &&
           !frame->task &&
           !frame->loading && !frame->answers && !frame->taker &&
           !frame->is_beating && !wf_link_is_in(&frame->run_link);
}

/* It waits, and for nothing that comes soon. */
static bool is_parkable(const struct wf_frame *frame, int64_t now) {
    if (!is_at_rest(frame))
        return false;
    if (wf_frame_is_held(frame)) /* whoever resumes it loads it */
        return true;
    if (!wf_frame_is_waiting(frame))
        return false;
    int64_t due_ms = wf_frame_due(frame);
    return due_ms == 0 || due_ms >= now + HORIZON_MS;
}

bool wf_frame_may_park(struct wf_engine *engine,
                       const struct wf_frame *frame) {
    return is_parkable(frame, wf_clock_now_ms(engine->clock));
}

static bool is_idle(const struct wf_execution *execution, int64_t now) {
    if (execution->status != WF_EXECUTION_RUNNING || execution->loading)
        return false;
    if (execution->timeout_due_ms &&
        execution->timeout_due_ms < now + HORIZON_MS)
        return false;
    for (const struct wf_frame *f = execution->frames; f; f = f->next)
        if (f->phase != WF_PHASE_GONE && !is_parkable(f, now))
            return false;
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
    int64_t due_ms = wf_frame_due(frame);
    bool is_long = due_ms == 0 || (due_ms > now + engine->options.idle_ms &&
                                   due_ms > now + HORIZON_MS);
    /* When an answer comes nobody knows: rows at once if many wait. */
    if (frame->phase == WF_PHASE_TOKEN || frame->phase == WF_PHASE_OFFER)
        is_long &= frame->execution->frame_count > MANY_FRAMES;
    if (!is_long || execution->express || engine->clock->is_virtual)
        return;
    if (is_idle(execution, now))
        park(engine, execution);
    else if (frame->up && is_parkable(frame, now))
        frame->wants_park = true;
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

/* In step, only memory counts: this comes at the pace of the real clock. */
static bool is_due(const struct wf_engine *engine,
                   const struct wf_execution *execution, int64_t now) {
    return !engine->options.in_step &&
           now - execution->touched_ms >= engine->options.idle_ms;
}

void wf_engine_park_idle(struct wf_engine *engine) {
    int64_t now = wf_clock_now_ms(engine->clock);
    bool pressed = engine->active_bytes > engine->options.memory_bytes / 2;
    struct wf_link *link = engine->idle.next, *next;
    for (int i = 0; i < PARKS_AT_ONCE && link != &engine->idle; i++) {
        struct wf_execution *e =
            WF_ENTRY(link, struct wf_execution, idle_link);
        next = link->next;
        if (!pressed && !is_due(engine, e, now))
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
