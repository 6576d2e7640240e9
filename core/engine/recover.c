/*
 * recover.c - from the store to a running engine.
 *
 * Reads the journal from its first record on and applies each (journal.h):
 * bytes only, no script runs. What then is in memory is what was active; it
 * joins run queue and timers. Parked frames stay rows; a scan of table T
 * loads those whose time has come while the engine runs already. So a start
 * costs what the journal holds, at most its budget, however much is stored.
 */
#include <stdlib.h>

#include "engine_impl.h"
#include "journal.h"

struct recovery {
    struct wf_journal_reader reader;
    struct wf_error *err;
    struct wf_buf resume; /* key to go on from */
    bool failed;
    uint64_t last_seq;
};

static bool corrupt(struct wf_journal_reader *reader, uint64_t seq,
                    const char *what) {
    wf_error_set(reader->err, WF_E_CORRUPT, "journal record %llu: %s",
                 (unsigned long long)seq, what);
    return false;
}

static void is_loose(const struct wf_journal_reader *reader,
                     uint64_t execution, bool is_packed) {
    if (reader->loose)
        reader->loose(reader->arg, execution, is_packed);
}

static struct wf_execution *base_execution(
    struct wf_engine *engine, uint64_t id, uint64_t seq,
    uint64_t first_event, bool stored,
    const struct wf_execution_image *image) {
    struct wf_execution *execution = wf_table_by_id(&engine->table, id);
    if (execution) /* cannot be: a base follows a PACKED or begins */
        wf_execution_drop(engine, execution);
    execution = wf_execution_new();
    execution->id = id;
    wf_execution_set_machine(
        execution, wf_machine_of(engine, image->machine, image->revision));
    wf_execution_apply(execution, image);
    wf_tail_reset(&execution->tail, first_event);
    execution->in_store = execution->listed = stored;
    execution->first_seq = seq;
    execution->last_seq = seq;
    wf_list_append(&engine->unpacked, &execution->unpacked_link);
    wf_list_append(&engine->idle, &execution->idle_link);
    wf_table_add(&engine->table, execution);
    wf_family_join(&engine->families, execution);
    if (id > engine->last_execution)
        engine->last_execution = id;
    return execution;
}

static bool apply_frames(struct wf_reader *in,
                         struct wf_execution *execution) {
    uint64_t count = wf_read_varint(in);
    for (uint64_t i = 0; i < count && !in->bad; i++) {
        struct wf_reader ahead = *in;
        wf_read_u8(&ahead);
        uint32_t number = (uint32_t)wf_read_varint(&ahead);
        struct wf_frame scratch = {0}, *frame = &scratch;
        if (execution) {
            frame = wf_execution_frame(execution, number);
            if (!frame)
                frame = wf_frame_new(execution, number);
        }
        bool good = wf_frame_decode(in, frame);
        if (!execution) {
            free(scratch.children);
            free(scratch.worker);
            free(scratch.retriers);
            wf_fork_free(scratch.fork);
        } else {
            frame->row_stale = true;
        }
        if (!good)
            return false;
    }
    return !in->bad;
}

/* Results of children, which their parent's images don't hold. */
static bool apply_results(struct wf_reader *in,
                          struct wf_execution *execution) {
    uint64_t forks = wf_read_varint(in);
    for (uint64_t i = 0; i < forks && !in->bad; i++) {
        uint32_t number = (uint32_t)wf_read_varint(in);
        struct wf_frame *frame =
            execution ? wf_execution_frame(execution, number) : NULL;
        uint64_t count = wf_read_varint(in);
        for (uint64_t k = 0; k < count && !in->bad; k++) {
            uint32_t index = (uint32_t)wf_read_varint(in);
            uint64_t document = wf_read_varint(in);
            if (frame && frame->fork && index < frame->fork->count)
                wf_fork_put(frame->fork, index, document, NULL, false);
        }
        if (frame && frame->fork)
            frame->fork->fresh_count = 0;
    }
    return !in->bad;
}

static bool apply_gone(struct wf_reader *in, struct wf_execution *execution) {
    uint64_t count = wf_read_varint(in);
    for (uint64_t i = 0; i < count && !in->bad; i++) {
        uint32_t number = (uint32_t)wf_read_varint(in);
        struct wf_frame *frame =
            execution ? wf_execution_frame(execution, number) : NULL;
        if (frame)
            wf_frame_remove(frame);
    }
    return !in->bad;
}

static bool apply_slice(struct wf_journal_reader *reader,
                        struct wf_reader *in, uint64_t seq) {
    struct wf_engine *engine = reader->engine;
    struct wf_execution_image image = {0};
    uint64_t id = wf_read_varint(in);
    uint8_t flags = wf_read_u8(in);
    if ((flags & WF_SLICE_BASE) && !(flags & WF_SLICE_IMAGE))
        return corrupt(reader, seq, "an execution without an image");
    if ((flags & WF_SLICE_IMAGE) && !wf_execution_decode(in, &image))
        return corrupt(reader, seq, "an execution's image");
    uint64_t first_event = wf_read_varint(in);
    struct wf_str bytes = wf_read_text(in);
    struct wf_execution *execution;

    if (flags & WF_SLICE_BASE) {
        execution = base_execution(engine, id, seq, first_event,
                                   flags & WF_SLICE_STORED, &image);
    } else {
        execution = wf_table_by_id(&engine->table, id);
        if (execution && (flags & WF_SLICE_IMAGE))
            wf_execution_apply(execution, &image);
    }
    if (execution) {
        if (wf_tail_append(&execution->tail, first_event, bytes,
                           execution->start_ms, reader->err) != 0)
            return false;
        execution->last_seq = seq;
        execution->journaled = execution->tail.bytes.len;
        execution->journaled_event = execution->tail.next_event;
    } else {
        is_loose(reader, id, false);
    }
    if (!apply_frames(in, execution))
        return corrupt(reader, seq, "a frame's image");
    if (!apply_results(in, execution) || !apply_gone(in, execution))
        return corrupt(reader, seq, "what became of frames");
    return true;
}

/* `in` stands behind the entry's kind. */
static void apply_cut(struct wf_engine *engine, struct wf_reader *in,
                      bool is_chained) {
    struct wf_execution *execution =
        wf_table_by_id(&engine->table, wf_read_varint(in));
    uint64_t first_event = wf_read_varint(in);
    uint64_t from = is_chained ? wf_read_varint(in) : 0;
    struct wf_str head = wf_read_bytes(in, from ? WF_LINK_BYTES : 0);
    if (!execution || in->bad)
        return;
    execution->chain.from = from;
    if (from)
        memcpy(execution->chain.head, head.data, WF_LINK_BYTES);
    wf_tail_reset(&execution->tail, first_event);
    execution->journaled = 0;
    execution->journaled_event = first_event;
}

bool wf_journal_apply(struct wf_journal_reader *reader, uint64_t seq,
                      struct wf_str record) {
    struct wf_engine *engine = reader->engine;
    struct wf_reader in = {record.data, record.data + record.len, false};
    if (wf_read_u8(&in) != WF_JOURNAL_VERSION)
        return corrupt(reader, seq, "unknown version");
    reader->last_ms = (int64_t)wf_read_varint(&in);
    while (in.at < in.end && !in.bad) {
        uint8_t kind = wf_read_u8(&in);
        if (kind == WF_JOURNAL_SLICE) {
            if (!apply_slice(reader, &in, seq))
                return false;
        } else if (kind == WF_JOURNAL_PACKED) {
            uint64_t id = wf_read_varint(&in);
            struct wf_execution *execution =
                wf_table_by_id(&engine->table, id);
            wf_read_u8(&in);
            is_loose(reader, id, true);
            if (execution)
                wf_execution_drop(engine, execution);
        } else if (kind == WF_JOURNAL_CUT ||
                   kind == WF_JOURNAL_CUT_CHAINED) {
            apply_cut(engine, &in, kind == WF_JOURNAL_CUT_CHAINED);
        } else {
            return corrupt(reader, seq, "unknown entry");
        }
    }
    return in.bad ? corrupt(reader, seq, "it ends too early") : true;
}

static void journal_rows(void *arg, const struct wf_row *rows, size_t count,
                         bool more, const struct wf_error *err) {
    struct recovery *recovery = arg;
    recovery->resume.len = 0;
    if (err) {
        if (recovery->err)
            *recovery->err = *err;
        recovery->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t seq = wf_key_u64(rows[i].key, 0);
        wf_journal_note(recovery->reader.engine, seq, rows[i].value.len);
        recovery->last_seq = seq;
        if (!wf_journal_apply(&recovery->reader, seq, rows[i].value)) {
            recovery->failed = true;
            return;
        }
    }
    if (more && count > 0) {
        wf_buf_addstr(&recovery->resume, rows[count - 1].key);
        wf_buf_u8(&recovery->resume, 0);
    }
}

static int read_journal(struct recovery *recovery) {
    struct wf_engine *engine = recovery->reader.engine;
    struct wf_key first = wf_key_table(engine->partition, 'J');
    struct wf_key end = wf_key_table_end(engine->partition, 'J');
    struct wf_range range = {.to = wf_key_str(&end),
                             .max_rows = 4096,
                             .max_bytes = 8 << 20};
    wf_buf_add(&recovery->resume, first.data, first.len);
    while (recovery->resume.len > 0 && !recovery->failed) {
        struct wf_buf from = recovery->resume;
        recovery->resume = (struct wf_buf){0};
        range.from = (struct wf_str){from.data, from.len};
        int rc = wf_store_scan_now(engine->store, &range, journal_rows,
                                   recovery, recovery->err);
        wf_buf_free(&from);
        if (rc != 0)
            return -1;
    }
    return recovery->failed ? -1 : 0;
}

static void last_id(void *arg, const struct wf_row *rows, size_t count,
                    bool more, const struct wf_error *err) {
    uint64_t *last = arg;
    (void)more;
    if (!err && count == 1 && wf_key_u64(rows->key, 0) > *last)
        *last = wf_key_u64(rows->key, 0);
}

/* One that is being removed, or was being copied: its id is not used again. */
static void last_copy(void *arg, const struct wf_row *rows, size_t count,
                      bool more, const struct wf_error *err) {
    struct wf_engine *engine = arg;
    last_id(&engine->last_execution, rows, count, more, err);
    engine->has_remains = !err && count == 1;
}

static void last_machine(void *arg, const struct wf_row *rows, size_t count,
                         bool more, const struct wf_error *err) {
    uint32_t *last = arg;
    (void)more;
    if (!err && count == 1)
        *last = wf_key_u32(rows->key, 0);
}

static int last_row(struct wf_engine *engine, char table, wf_rows_fn *rows,
                    void *arg, struct wf_error *err) {
    struct wf_key first = wf_key_table(engine->partition, table);
    struct wf_key end = wf_key_table_end(engine->partition, table);
    struct wf_range range = {.from = wf_key_str(&first),
                             .to = wf_key_str(&end),
                             .reverse = true,
                             .keys_only = true,
                             .max_rows = 1};
    return wf_store_scan_now(engine->store, &range, rows, arg, err);
}

/* Parents that are rows are loaded when a child of theirs is to run. */
static void resume_frames(struct wf_engine *engine,
                          struct wf_execution *execution) {
    struct wf_frame *f;
    for (f = execution->frames; f; f = f->next) {
        struct wf_frame *parent =
            f->parent == WF_FRAME_NONE
                ? NULL
                : wf_execution_frame(execution, f->parent);
        if (parent && parent->fork)
            wf_frame_set_parent(f, parent);
    }
    for (f = execution->frames; f; f = f->next) {
        wf_frame_measure(f);
        wf_task_end_survivors(engine, f);
        wf_task_beats_again(engine, f);
        wf_timer_update(engine, f);
        if (!wf_frame_is_waiting(f))
            wf_frame_run(engine, f);
    }
}

/* What was active goes on. */
static void resume_all(struct wf_engine *engine) {
    for (size_t i = 0; i < engine->table.size; i++)
        for (struct wf_execution *e = engine->table.by_id[i]; e;
             e = e->id_next) {
            e->touched_ms = wf_clock_now_ms(engine->clock);
            wf_timer_update_execution(engine, e);
            wf_execution_measure(engine, e);
            wf_execution_mark(e, 0);
            resume_frames(engine, e);
            wf_signals_wake(engine, e);
        }
}

int wf_engine_recover(struct wf_engine *engine, struct wf_error *err) {
    struct recovery recovery = {
        .reader = {.engine = engine, .err = err}, .err = err};
    int rc = read_journal(&recovery);
    wf_buf_free(&recovery.resume);
    if (rc != 0 ||
        last_row(engine, 'E', last_id, &engine->last_execution, err) != 0 ||
        last_row(engine, 'Z', last_copy, engine, err) != 0 ||
        last_row(engine, 'R', last_machine, &engine->last_machine, err) != 0)
        return -1;
    engine->durable_seq = recovery.last_seq;
    engine->next_seq = recovery.last_seq + 1;
    if (engine->journal_sizes.len == engine->journal_sizes_at)
        engine->journal_head = engine->next_seq;
    wf_clock_floor(engine->clock, recovery.reader.last_ms);
    resume_all(engine);
    return 0;
}
