/*
 * commit.c - the open batch: everything that happens during some turns of
 * the loop becomes one record of the journal, some rows, and the effects that
 * wait for both to be durable.
 *
 * Transitions only mark executions as dirty (they join the batch complete, or
 * not at all: nothing of a transition is applied before its decision is
 * known). The bytes are made once, when the batch is submitted: a frame that
 * made ten transitions meanwhile has one image in the record.
 */
#include <assert.h>
#include <stdlib.h>

#include "engine_impl.h"
#include "journal.h"

/* Drop the journal's head by so many records at a time, and not before so
 * many can go: deleting one at a time rewrites the same pages again. */
#define DROP_AT_LEAST 64
#define DROP_AT_MOST 256
/* A tail that has grown so far becomes a segment (of at most 64 KiB). */
#define SEGMENT_BYTES ((size_t)48 << 10)
#define CHECKPOINT_PACKS 256
/* With so many frames in memory, their images are not packed with it. */
#define CUT_FRAMES 4
/* A batch grows until a commit takes about this long: whoever comes while one
 * is on its way waits for it and for the next. */
#define COMMIT_TARGET_NS UINT64_C(8000000)
#define LEAST_CHANGES 200
#define MOST_CHANGES 20000
#define OPEN_BYTES ((size_t)8 << 20)

#define PUSH(array, count, cap, value)                                   \
    do {                                                                 \
        if ((count) == (cap)) {                                          \
            (cap) = (cap) ? (cap) * 2 : 16;                              \
            (array) = wf_realloc((array), (cap) * sizeof(*(array)));     \
        }                                                                \
        (array)[(count)++] = (value);                                    \
    } while (0)

static struct wf_commit *open_commit(struct wf_engine *engine) {
    if (!engine->open) {
        engine->open = wf_calloc(1, sizeof(*engine->open));
        engine->open->engine = engine;
    }
    return engine->open;
}

struct wf_batch *wf_engine_rows(struct wf_engine *engine) {
    if (!engine->rows)
        engine->rows = wf_batch_new(engine->partition);
    return engine->rows;
}

void wf_execution_measure(struct wf_engine *engine,
                          struct wf_execution *execution) {
    size_t bytes = wf_execution_bytes(execution);
    engine->active_bytes += bytes - execution->bytes;
    execution->bytes = bytes;
}

void wf_execution_touch(struct wf_engine *engine,
                        struct wf_execution *execution) {
    execution->touched_ms = wf_clock_now_ms(engine->clock);
    execution->wants_drop = false; /* it has something to do again */
    if (execution->express)
        return;
    wf_execution_measure(engine, execution);
    if (!wf_link_is_in(&execution->dirty_link)) {
        wf_list_append(&engine->dirty, &execution->dirty_link);
        engine->open_changes++;
    }
    wf_list_remove(&execution->idle_link);
    wf_list_append(&engine->idle, &execution->idle_link);
    wf_engine_wake(engine);
}

#define COUPLED(link) \
    (WF_ENTRY(link, struct wf_map_child, couple_link)->execution)

void wf_execution_hold(struct wf_engine *engine,
                       struct wf_execution *execution) {
    if (execution->deciding++ > 0 || execution->express)
        return;
    wf_list_remove(&execution->dirty_link);
    wf_list_append(&engine->held, &execution->dirty_link);
    for (struct wf_link *link = execution->coupled.next;
         link != &execution->coupled; link = link->next)
        wf_execution_hold(engine, COUPLED(link));
}

void wf_execution_let_go(struct wf_engine *engine,
                         struct wf_execution *execution) {
    if (--execution->deciding > 0 || execution->express)
        return;
    wf_list_remove(&execution->dirty_link);
    wf_list_append(&engine->dirty, &execution->dirty_link);
    for (struct wf_link *link = execution->coupled.next;
         link != &execution->coupled; link = link->next)
        wf_execution_let_go(engine, COUPLED(link));
    wf_engine_wake(engine);
}

/* What waits for an execution's part of a batch is kept with it: whether that
 * is the batch that is open now may turn out only later. */
void wf_commit_dispatch(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_effects *effects = &frame->execution->held;
    (void)engine;
    PUSH(effects->tasks, effects->task_count, effects->task_cap,
         frame->task);
}

struct wf_buf *wf_commit_observed(struct wf_engine *engine) {
    return &open_commit(engine)->observed;
}

/* The earlier of two due times, of which 0 means none. */
static int64_t first_of(int64_t a, int64_t b) {
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

void wf_commit_timer_row(struct wf_engine *engine, int64_t due_ms) {
    struct wf_commit *commit = open_commit(engine);
    if (due_ms == 0) /* for the next start only */
        return;
    commit->first_timer = first_of(commit->first_timer, due_ms);
    engine->parked_unseen = first_of(engine->parked_unseen, due_ms);
    if (due_ms < engine->parked_next)
        engine->parked_next = due_ms;
}

int64_t wf_commits_first_timer(const struct wf_engine *engine) {
    const struct wf_link *link = engine->in_flight.next;
    int64_t first = engine->open ? engine->open->first_timer : 0;
    for (; link != &engine->in_flight; link = link->next)
        first = first_of(first, WF_ENTRY(link, struct wf_commit, link)
                                    ->first_timer);
    return first;
}

static void add_effect(struct wf_effects *effects, void (*run)(void *arg),
                       void *arg) {
    struct wf_effect effect = {run, arg};
    PUSH(effects->calls, effects->call_count, effects->call_cap, effect);
}

void wf_effects_free(struct wf_effects *effects) {
    free(effects->calls);
    free(effects->tasks);
    *effects = (struct wf_effects){0};
}

/* What was held back joins the open batch. */
void wf_effects_release(struct wf_engine *engine, struct wf_effects *held) {
    struct wf_effects *open = &open_commit(engine)->effects;
    for (size_t i = 0; i < held->task_count; i++)
        PUSH(open->tasks, open->task_count, open->task_cap, held->tasks[i]);
    for (size_t i = 0; i < held->call_count; i++)
        PUSH(open->calls, open->call_count, open->call_cap, held->calls[i]);
    wf_effects_free(held);
}

bool wf_engine_has_open(const struct wf_engine *engine) {
    return !wf_list_is_empty(&engine->dirty) || engine->rows ||
           !wf_list_is_empty(&engine->pieces);
}

void wf_engine_after(struct wf_engine *engine, void (*run)(void *arg),
                     void *arg) {
    struct wf_effects *pieces = wf_pieces_effects(engine);
    if (pieces)
        add_effect(pieces, run, arg);
    else if (wf_engine_has_open(engine))
        add_effect(&open_commit(engine)->effects, run, arg);
    else if (!wf_list_is_empty(&engine->in_flight))
        add_effect(&WF_ENTRY(engine->in_flight.previous, struct wf_commit,
                             link)
                        ->effects,
                   run, arg);
    else
        run(arg);
}

void wf_execution_after(struct wf_engine *engine,
                        struct wf_execution *execution,
                        void (*run)(void *arg), void *arg) {
    if (wf_link_is_in(&execution->dirty_link)) {
        add_effect(&execution->held, run, arg);
        return;
    }
    struct wf_link *link = engine->in_flight.previous;
    for (; link != &engine->in_flight; link = link->previous) {
        struct wf_commit *commit = WF_ENTRY(link, struct wf_commit, link);
        if (commit->seq == execution->last_seq) {
            add_effect(&commit->effects, run, arg);
            return;
        }
    }
    run(arg);
}

/* ---- building ---- */

/* A changed frame of which the slice has an image: it stays in memory. */
static bool is_shown(const struct wf_frame *frame) {
    return frame->phase != WF_PHASE_GONE && !frame->wants_park;
}

#define FOR_CHANGED(execution, f)                                         \
    for (struct wf_link *link_ = (execution)->changed.next;               \
         link_ != &(execution)->changed &&                                \
         ((f) = WF_ENTRY(link_, struct wf_frame, changed_link));          \
         link_ = link_->next)

static void write_frames(struct wf_buf *out,
                         struct wf_execution *execution) {
    struct wf_frame *f;
    uint32_t frames = 0;
    FOR_CHANGED(execution, f)
        frames += is_shown(f);
    wf_buf_varint(out, frames);
    FOR_CHANGED(execution, f)
        if (is_shown(f))
            wf_frame_encode(f, out);
}

static void write_results(struct wf_buf *out,
                          struct wf_execution *execution) {
    struct wf_frame *f;
    uint32_t forks = 0;
    FOR_CHANGED(execution, f)
        forks += is_shown(f) && f->fork && f->fork->fresh_count;
    wf_buf_varint(out, forks);
    FOR_CHANGED(execution, f) {
        const struct wf_fork *fork = f->fork;
        if (!is_shown(f) || !fork || !fork->fresh_count)
            continue;
        wf_buf_varint(out, f->number);
        wf_buf_varint(out, fork->fresh_count);
        wf_fork_encode_results(fork, fork->unstored_count - fork->fresh_count,
                               fork->fresh_count, out);
    }
}

static void write_slice(struct wf_engine *engine,
                        struct wf_execution *execution) {
    struct wf_buf *out = &engine->record;
    bool base = execution->first_seq == 0;
    bool image = base || execution->image_changed;

    wf_buf_u8(out, WF_JOURNAL_SLICE);
    wf_buf_varint(out, execution->id);
    wf_buf_u8(out, (uint8_t)((image ? WF_SLICE_IMAGE : 0) |
                             (base ? WF_SLICE_BASE : 0) |
                             (execution->in_store ? WF_SLICE_STORED : 0)));
    if (image)
        wf_execution_encode(execution, out);
    wf_buf_varint(out, execution->journaled_event);
    wf_buf_text(out,
                (struct wf_str){
                    execution->tail.bytes.data + execution->journaled,
                    execution->tail.bytes.len - execution->journaled});
    write_frames(out, execution);
    write_results(out, execution);
    wf_buf_varint(out, execution->gone_count);
    for (size_t i = 0; i < execution->gone_count; i++)
        wf_buf_varint(out, execution->gone[i]);
}

static void mark_journaled(struct wf_execution *execution) {
    struct wf_link *link;
    while ((link = wf_list_shift(&execution->changed))) {
        struct wf_frame *f = WF_ENTRY(link, struct wf_frame, changed_link);
        if (f->fork)
            f->fork->fresh_count = 0;
    }
    execution->gone_count = 0;
    execution->image_changed = false;
    execution->journaled = execution->tail.bytes.len;
    execution->journaled_event = execution->tail.next_event;
}

/* A tail of many frames becomes a segment; their images stay where they are:
 * most of them will have changed again before they are packed. */
static void cut(struct wf_engine *engine, struct wf_execution *execution) {
    wf_execution_cut(engine, execution);
    if (execution->first_seq == 0)
        return;
    wf_buf_u8(&engine->record, WF_JOURNAL_CUT_CHAINED);
    wf_buf_varint(&engine->record, execution->id);
    wf_buf_varint(&engine->record, execution->tail.next_event);
    wf_buf_varint(&engine->record, execution->chain.from);
    wf_buf_add(&engine->record, execution->chain.head, WF_LINK_BYTES);
}

void wf_commit_drop_frame(struct wf_engine *engine, struct wf_frame *frame) {
    struct wf_commit *commit = open_commit(engine);
    struct wf_frame_drop drop = {frame->execution->id, frame->number};
    frame->drop_seq = engine->next_seq;
    PUSH(commit->frame_drops, commit->frame_drop_count,
         commit->frame_drop_cap, drop);
}

static void pack(struct wf_engine *engine, struct wf_execution *execution) {
    bool ended = execution->status != WF_EXECUTION_RUNNING;
    if (execution->first_seq != 0) {
        wf_buf_u8(&engine->record, WF_JOURNAL_PACKED);
        wf_buf_varint(&engine->record, execution->id);
        wf_buf_u8(&engine->record, ended);
    }
    wf_execution_pack(engine, execution);
    wf_list_remove(&execution->unpacked_link);
    execution->first_seq = 0;
    execution->wants_pack = false;
    if (ended && (execution->frame_rows > 0 || execution->has_orphans))
        wf_sweep_start(engine, execution->id);
    if (ended || execution->wants_drop)
        PUSH(engine->open->drops, engine->open->drop_count,
             engine->open->drop_cap, execution->id);
    execution->wants_drop = false;
}

/* One execution's part of the batch. */
static void build_execution(struct wf_engine *engine,
                            struct wf_execution *execution) {
    struct wf_tail *tail = &execution->tail;
    const struct wf_start_rows *rows = execution->start_rows;
    wf_execution_mark(execution, engine->next_seq);
    execution->start_rows = NULL;
    if (rows)
        rows->put(rows->arg, execution->id);
    if (execution->held.call_count + execution->held.task_count)
        wf_effects_release(engine, &execution->held);
    if (tail->bytes.len > execution->journaled &&
        wf_is_observed(engine, execution))
        wf_observe(engine, execution,
                   (struct wf_str){tail->bytes.data + execution->journaled,
                                   tail->bytes.len - execution->journaled},
                   execution->journaled_event);
    if (execution->news)
        wf_notifications_put(engine, execution);
    if (engine->followers && tail->bytes.len > execution->journaled)
        wf_followers_note(engine, execution->id);
    execution->last_seq = engine->next_seq;
    wf_frames_forget_rows(engine, execution);
    wf_map_runs_put(engine, execution);
    wf_uncouple_all(engine, execution);
    bool is_long = tail->bytes.len > SEGMENT_BYTES;
    if (execution->status == WF_EXECUTION_RUNNING)
        wf_frames_park(engine, execution);
    if (is_long && execution->frame_count >= CUT_FRAMES)
        cut(engine, execution);
    else if (is_long)
        execution->wants_pack = true;
    if (execution->status != WF_EXECUTION_RUNNING || execution->wants_pack) {
        pack(engine, execution);
    } else {
        write_slice(engine, execution);
        if (execution->first_seq == 0) {
            execution->first_seq = engine->next_seq;
            wf_list_append(&engine->unpacked, &execution->unpacked_link);
        }
    }
    mark_journaled(execution);
}

/* Of those that are coupled, the one that all others are coupled to. */
static struct wf_execution *head_of(struct wf_execution *execution) {
    struct wf_execution *head = execution;
    while (head->map_child && head->map_child->coupled_to)
        head = head->map_child->coupled_to;
    return head;
}

/* Those with large documents that are not all written wait for the next
 * batch, and so do those that are coupled with them. */
static void find_held_up(struct wf_engine *engine) {
    for (struct wf_link *link = engine->dirty.next; link != &engine->dirty;
         link = link->next) {
        struct wf_execution *execution =
            WF_ENTRY(link, struct wf_execution, dirty_link);
        if (execution->pieces_due)
            head_of(execution)->is_held_up = true;
    }
}

static void build_executions(struct wf_engine *engine) {
    struct wf_link held, *link;
    wf_list_init(&held);
    find_held_up(engine);
    while ((link = wf_list_shift(&engine->dirty))) {
        struct wf_execution *execution =
            WF_ENTRY(link, struct wf_execution, dirty_link);
        if (head_of(execution)->is_held_up)
            wf_list_append(&held, link);
        else
            build_execution(engine, execution);
    }
    while ((link = wf_list_shift(&held))) {
        WF_ENTRY(link, struct wf_execution, dirty_link)->is_held_up = false;
        wf_list_append(&engine->dirty, link);
    }
}

void wf_journal_note(struct wf_engine *engine, uint64_t seq, size_t bytes) {
    uint32_t size = (uint32_t)bytes;
    if (engine->journal_sizes.len == engine->journal_sizes_at) {
        engine->journal_sizes.len = engine->journal_sizes_at = 0;
        engine->journal_head = seq;
    }
    /* Sequence numbers without a record have size 0. */
    uint64_t next = engine->journal_head +
                    (engine->journal_sizes.len - engine->journal_sizes_at) / 4;
    for (uint32_t none = 0; next < seq; next++)
        wf_buf_add(&engine->journal_sizes, &none, 4);
    wf_buf_add(&engine->journal_sizes, &size, 4);
    engine->journal_bytes += bytes;
}

/* Forgets records that no execution needs, a bounded number at a time. */
static void drop_head(struct wf_engine *engine) {
    uint64_t keep = engine->next_seq;
    if (!wf_list_is_empty(&engine->unpacked)) {
        struct wf_execution *oldest = WF_ENTRY(
            engine->unpacked.next, struct wf_execution, unpacked_link);
        if (oldest->first_seq < keep)
            keep = oldest->first_seq;
    }
    uint64_t end = engine->journal_head +
                   (engine->journal_sizes.len - engine->journal_sizes_at) / 4;
    if (keep > end)
        keep = end;
    if (keep < engine->journal_head + DROP_AT_LEAST)
        return;
    if (keep > engine->journal_head + DROP_AT_MOST)
        keep = engine->journal_head + DROP_AT_MOST;
    struct wf_key from = wf_key_journal(engine->partition,
                                        engine->journal_head);
    struct wf_key to = wf_key_journal(engine->partition, keep);
    wf_batch_delete_range(wf_engine_rows(engine), wf_key_str(&from),
                          wf_key_str(&to), DROP_AT_MOST);
    for (; engine->journal_head < keep; engine->journal_head++) {
        uint32_t size;
        memcpy(&size, engine->journal_sizes.data + engine->journal_sizes_at,
               4);
        engine->journal_sizes_at += 4;
        engine->journal_bytes -= size;
    }
    if (engine->journal_sizes_at > 65536) {
        engine->journal_sizes.len -= engine->journal_sizes_at;
        memmove(engine->journal_sizes.data,
                engine->journal_sizes.data + engine->journal_sizes_at,
                engine->journal_sizes.len);
        engine->journal_sizes_at = 0;
    }
}

void wf_engine_checkpoint(struct wf_engine *engine) {
    struct wf_link *link = engine->unpacked.next;
    if (engine->journal_bytes <= engine->options.journal_bytes)
        return;
    for (int i = 0; i < CHECKPOINT_PACKS && link != &engine->unpacked; i++) {
        struct wf_execution *oldest =
            WF_ENTRY(link, struct wf_execution, unpacked_link);
        link = link->next;
        oldest->wants_pack = true;
        if (!wf_link_is_in(&oldest->dirty_link))
            wf_list_append(&engine->dirty, &oldest->dirty_link);
    }
}

/* ---- durable ---- */

static void commit_free(struct wf_commit *commit) {
    wf_buf_free(&commit->observed);
    wf_effects_free(&commit->effects);
    free(commit->drops);
    free(commit->frame_drops);
    free(commit);
}

static void run_drops(struct wf_engine *engine, struct wf_commit *commit) {
    for (size_t i = 0; i < commit->drop_count; i++) {
        struct wf_execution *execution =
            wf_table_by_id(&engine->table, commit->drops[i]);
        if (!execution || execution->last_seq != commit->seq)
            continue; /* it has changed since */
        wf_execution_release(engine, execution);
    }
}

/* A read that began before the frame's row was what it is now may still bring
 * what it was: the frame in memory is what tells that this is old. */
static bool may_be_read(struct wf_engine *engine,
                        const struct wf_frame *frame) {
    const struct wf_frame *parent =
        wf_execution_frame(frame->execution, frame->parent);
    return (parent && parent->fork && parent->fork->is_reading) ||
           wf_frame_is_loading(engine, frame->execution->id, frame->number);
}

/* Frames that are rows, or nothing, by now; unless they have changed. */
static void run_frame_drops(struct wf_engine *engine,
                            struct wf_commit *commit) {
    for (size_t i = 0; i < commit->frame_drop_count; i++) {
        struct wf_frame_drop *drop = &commit->frame_drops[i];
        struct wf_execution *execution =
            wf_table_by_id(&engine->table, drop->execution);
        struct wf_frame *frame =
            execution ? wf_execution_frame(execution, drop->frame) : NULL;
        if (!frame || frame->drop_seq != commit->seq)
            continue;
        if (may_be_read(engine, frame)) {
            wf_commit_drop_frame(engine, frame); /* with the next batch */
            continue;
        }
        if (frame->phase != WF_PHASE_GONE &&
            !wf_frame_may_park(engine, frame)) {
            frame->drop_seq = 0; /* what it waited for has come meanwhile */
            continue;
        }
        wf_timer_disarm(engine, frame);
        wf_frame_remove(frame);
        wf_execution_measure(engine, execution);
    }
}

bool wf_engine_is_held_back(const struct wf_engine *engine) {
    return engine->open_changes >= engine->batch_limit ||
           engine->open_bytes > OPEN_BYTES ||
           (engine->rows && wf_batch_bytes(engine->rows) > OPEN_BYTES);
}

/* Finds the size of batch whose commit takes COMMIT_TARGET_NS. */
static void adapt_limit(struct wf_engine *engine,
                        const struct wf_commit *commit, uint64_t took) {
    unsigned limit = engine->batch_limit;
    if (!wf_list_is_empty(&engine->in_flight))
        took /= 2; /* half of it, about, it waited for its predecessor */
    if (took > COMMIT_TARGET_NS && commit->changes * 2 > limit)
        limit -= limit / 4;
    else if (took < COMMIT_TARGET_NS / 2 && commit->changes * 2 > limit)
        limit += limit / 2;
    engine->batch_limit = limit < LEAST_CHANGES  ? LEAST_CHANGES
                          : limit > MOST_CHANGES ? MOST_CHANGES
                                                 : limit;
}

static void count_time(struct wf_durable_times *times, uint64_t took) {
    unsigned bucket = 0;
    while (bucket < WF_DURABLE_BUCKETS &&
           took > (WF_DURABLE_LEAST_US << bucket) * 1000)
        bucket++;
    times->counts[bucket]++;
    times->ns += took;
}

static void batch_durable(void *arg, const struct wf_error *err) {
    struct wf_commit *commit = arg;
    struct wf_engine *engine = commit->engine;
    uint64_t took = wf_clock_mono_ns() - commit->submitted_ns;

    if (err) { /* no batch of ours has preconditions */
        wf_engine_notice(engine,
                         WF_ERROR "a batch was refused: %s", err->message);
        abort();
    }
    engine->durable_seq = commit->seq;
    wf_list_remove(&commit->link);
    engine->in_flight_count--;
    count_time(&engine->stats.durable, took);
    if (!engine->options.in_step)
        adapt_limit(engine, commit, took);
    if (commit->observed.len)
        wf_observed_send(engine, &commit->observed);
    if (engine->followers)
        wf_followers_durable(engine);
    wf_notifications_durable(engine, commit->notified);
    for (size_t i = 0; i < commit->effects.task_count; i++)
        wf_task_dispatch(engine, commit->effects.tasks[i]);
    for (size_t i = 0; i < commit->effects.call_count; i++)
        commit->effects.calls[i].run(commit->effects.calls[i].arg);
    run_frame_drops(engine, commit);
    run_drops(engine, commit);
    commit_free(commit);
    wf_engine_wake(engine);
}

void wf_engine_submit(struct wf_engine *engine) {
    wf_engine_checkpoint(engine);
    if (!wf_engine_has_open(engine)) {
        /* What has changed is held back, and must not hold back others. */
        engine->open_changes = 0;
        engine->open_bytes = 0;
        return;
    }
    wf_notifications_settle(engine);
    struct wf_commit *commit = open_commit(engine);
    commit->seq = engine->next_seq;
    commit->submitted_ns = wf_clock_mono_ns();
    commit->changes = engine->open_changes;
    engine->open_changes = 0;
    engine->open_bytes = 0;
    engine->record.len = 0;
    wf_buf_u8(&engine->record, WF_JOURNAL_VERSION);
    wf_buf_varint(&engine->record,
                  (uint64_t)wf_clock_now_ms(engine->clock));
    size_t header = engine->record.len;
    wf_pieces_write(engine);
    build_executions(engine);
    if (engine->record.len > header) {
        struct wf_key key = wf_key_journal(engine->partition, commit->seq);
        wf_journal_note(engine, commit->seq, engine->record.len);
        wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                     (struct wf_str){engine->record.data,
                                     engine->record.len});
    }
    drop_head(engine);
    commit->notified = wf_notifications_seq(engine);
    engine->next_seq++;
    wf_list_append(&engine->in_flight, &commit->link);
    engine->in_flight_count++;
    struct wf_batch *rows = wf_engine_rows(engine);
    engine->rows = NULL;
    engine->open = NULL;
    wf_store_apply(engine->store, rows, batch_durable, commit);
}

void wf_commits_free(struct wf_engine *engine) {
    struct wf_link *link;
    while ((link = wf_list_shift(&engine->in_flight)))
        commit_free(WF_ENTRY(link, struct wf_commit, link));
    if (engine->open)
        commit_free(engine->open);
    engine->open = NULL;
    wf_batch_free(engine->rows);
    engine->rows = NULL;
    wf_buf_free(&engine->record);
    wf_buf_free(&engine->scratch);
    wf_buf_free(&engine->journal_sizes);
}
