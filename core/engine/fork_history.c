/*
 * fork_history.c - a history up to an event: what was going on then, and a
 * copy of it. See fork_execution.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine_impl.h"

#define SLICE_ROWS 4
#define SLICE_BYTES (256 << 10)
#define PIECE_BYTES ((size_t)1 << 20)

void wf_forking_free(struct wf_forking *forking) {
    if (!forking)
        return;
    wf_buf_free(&forking->row);
    wf_buf_free(&forking->assigned);
    wf_buf_free(&forking->between);
    wf_buf_free(&forking->tail.bytes);
    wf_buf_free(&forking->piece);
    free(forking);
}

static struct wf_str text_of(const struct wf_buf *buf) {
    return (struct wf_str){buf->data, buf->len};
}

/* ---- where an execution can be forked ---- */

static bool ends_with(const char *text, const char *end) {
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static bool is_entry(const struct wf_event *event) {
    return event->type == WF_EVENT_EXECUTION_STARTED ||
           ends_with(wf_event_type_name(event->type), "StateEntered");
}

static bool is_exit(enum wf_event_type type) {
    return ends_with(wf_event_type_name(type), "StateExited");
}

static void refuse_event(struct wf_redrive *redrive, const char *why) {
    const struct wf_forking *forking = redrive->forking;
    struct wf_buf text = {0};
    wf_buf_addf(&text, "Event %llu %s; it can be forked at event %llu",
                (unsigned long long)forking->event, why,
                (unsigned long long)forking->before);
    if (forking->behind)
        wf_buf_addf(&text, " or event %llu",
                    (unsigned long long)forking->behind);
    wf_buf_u8(&text, 0);
    wf_redrive_refuse(redrive, text.data);
    wf_buf_free(&text);
}

/* ---- what stands in the history ---- */

/* Which state a line has entered that had left another one by then. */
static void look_behind(struct wf_redrive *redrive,
                        const struct wf_event *event) {
    struct wf_forking *forking = redrive->forking;
    const struct wf_machine *machine = redrive->machine;
    if (forking->behind == 0 && is_entry(event))
        forking->behind = event->id;
    if (event->id >= forking->same_until)
        return;
    if (event->type == WF_EVENT_EXECUTION_REDRIVEN && !forking->redriven)
        forking->redriven = event->id;
    if (!(event->fields & WF_EVENT_HAS_STATE) ||
        event->state >= machine->state_count ||
        machine->states[event->state].entered != event->type)
        return;
    if (event->previous_id <= forking->event) {
        wf_fork_between(&forking->between, event->previous_id, event->state);
    } else if (forking->redriven && !forking->root_is_known &&
               event->previous_id == forking->redriven) {
        forking->root_is_known = true;
        forking->root_state = event->state;
    }
}

static void look_at_event(struct wf_redrive *redrive,
                          const struct wf_event *event) {
    struct wf_forking *forking = redrive->forking;
    if (event->id > forking->event) {
        look_behind(redrive, event);
        return;
    }
    if (is_entry(event))
        forking->before = event->id;
    if (event->id < forking->event)
        return;
    forking->type = event->type;
    forking->has_assigned =
        is_exit(event->type) && event->fields & WF_EVENT_HAS_ASSIGNED;
}

static void look_at_doc(struct wf_forking *forking,
                        const struct wf_tail_cursor *cursor,
                        enum wf_tail_entry entry, uint64_t number,
                        struct wf_str text) {
    if (!forking->has_assigned ||
        number != WF_DOC_NUMBER(forking->event + 1, 0))
        return;
    forking->assigned_as = entry;
    forking->assigned_len = text.len;
    forking->assigned.len = 0;
    if (entry == WF_TAIL_DOC)
        wf_buf_addstr(&forking->assigned, text);
    else if (cursor->sha256)
        wf_buf_add(&forking->assigned, cursor->sha256, WF_LINK_BYTES);
}

void wf_fork_look(struct wf_redrive *redrive, struct wf_tail_cursor *cursor) {
    struct wf_forking *forking = redrive->forking;
    struct wf_tail_cursor ahead = *cursor;
    const char *end = cursor->reader.at;
    enum wf_tail_entry entry;
    struct wf_event event;
    uint64_t number;
    struct wf_str text;
    while ((entry = wf_tail_next(&ahead, &event, &number, &text)) !=
               WF_TAIL_END &&
           entry != WF_TAIL_BAD) {
        if (entry != WF_TAIL_EVENT) {
            look_at_doc(forking, &ahead, entry, number, text);
            continue;
        }
        look_at_event(redrive, &event);
        if (event.id <= forking->event)
            end = ahead.reader.at;
    }
    cursor->reader.end = end;
    forking->next = ahead.next_event;
}

/* What the root had left is known by what it entered after a redrive; and
 * where lines stood that had entered nothing more, by how it ended. */
struct wf_str wf_fork_lines(struct wf_redrive *redrive) {
    struct wf_forking *forking = redrive->forking;
    struct wf_execution_image image;
    if (forking->root_is_known)
        wf_fork_between(&forking->between,
                        wf_rebuild_left_event(redrive->rebuild),
                        forking->root_state);
    wf_image_of(text_of(&forking->row), &image);
    if (forking->same_until == UINT64_MAX)
        wf_buf_addstr(&forking->between, image.between);
    return text_of(&forking->between);
}

bool wf_fork_is_lost(struct wf_redrive *redrive) {
    const struct wf_forking *forking = redrive->forking;
    const char *why = NULL;
    if (forking->type != WF_EVENT_EXECUTION_STARTED &&
        !ends_with(wf_event_type_name(forking->type), "StateEntered") &&
        !is_exit(forking->type))
        why = "is inside of a step, not where a state is entered or left";
    else if (wf_rebuild_is_lost(redrive->rebuild))
        why = "is followed by what the history does not say, or does not say "
              "yet";
    if (why)
        refuse_event(redrive, why);
    return why != NULL;
}

bool wf_fork_is_refused(struct wf_redrive *redrive, int64_t frames) {
    const struct wf_forking *forking = redrive->forking;
    char text[96];
    for (int64_t i = 0; i < frames; i++)
        if (wf_rebuild_run(redrive->rebuild, (uint32_t)i)) {
            refuse_event(redrive, "is inside of a Map Run, whose child "
                                  "executions belong to the original");
            return true;
        }
    if (frames >= 0)
        return false;
    snprintf(text, sizeof(text),
             "Nothing is left to be done after event %llu; say from which "
             "state it is to go on",
             (unsigned long long)forking->event);
    wf_redrive_refuse(redrive, text);
    return true;
}

/* ---- the copy ---- */

/* What has been copied is to go. */
static void give_up(struct wf_redrive *redrive) {
    wf_retention_clear(redrive->engine);
    wf_redrive_refuse(redrive, "Execution history can't be read");
}

static void copy_entry(struct wf_forking *forking,
                       const struct wf_tail_cursor *cursor,
                       enum wf_tail_entry entry, struct wf_event *event,
                       uint64_t number, struct wf_str text) {
    struct wf_tail *tail = &forking->tail;
    uint64_t of = entry == WF_TAIL_EVENT ? event->id : WF_DOC_EVENT(number);
    if (of > forking->event)
        return;
    if (entry == WF_TAIL_EVENT)
        wf_tail_add_event(tail, event, forking->start_ms);
    else if (entry == WF_TAIL_DOC)
        wf_tail_add_doc(tail, text);
    else
        wf_tail_add_hashed(tail, text.len, cursor->sha256);
}

/* False: it does not decode. */
static bool copy_segment(struct wf_redrive *redrive, struct wf_str row) {
    struct wf_forking *forking = redrive->forking;
    struct wf_tail *tail = &forking->tail;
    struct wf_tail_cursor cursor;
    enum wf_tail_entry entry;
    struct wf_event event;
    uint64_t number;
    struct wf_str text;
    if (!wf_segment_walk(row, forking->origin_start_ms, &cursor, NULL) ||
        cursor.next_event != tail->next_event)
        return false;
    while ((entry = wf_tail_next(&cursor, &event, &number, &text)) !=
           WF_TAIL_END) {
        if (entry == WF_TAIL_BAD)
            return false;
        copy_entry(forking, &cursor, entry, &event, number, text);
    }
    struct wf_buf segment = {0};
    struct wf_engine *engine = redrive->engine;
    struct wf_key key = wf_key_segment(engine->partition, redrive->id,
                                       tail->first_event);
    wf_chain_add(engine->hash, &forking->chain, redrive->id,
                 forking->start_ms, tail);
    wf_tail_segment(tail, forking->chain.head, &segment);
    wf_batch_put_buf(wf_engine_rows(engine), wf_key_str(&key), &segment);
    wf_buf_free(&segment);
    wf_tail_reset(tail, tail->next_event);
    return true;
}

static void copy_pieces(void *arg);

/* Some rows, some pieces, are on their way: the next ones. */
static void go_on(struct wf_redrive *redrive, void (*next)(void *arg)) {
    wf_engine_after(redrive->engine, next, redrive);
    wf_engine_wake(redrive->engine);
}

static void copy_more(void *arg);

static void segments_read(void *arg, const struct wf_row *rows, size_t count,
                          bool more, const struct wf_error *err) {
    struct wf_redrive *redrive = arg;
    struct wf_forking *forking = redrive->forking;
    bool good = count > 0;
    (void)more;
    redrive->engine->loads--;
    if (wf_engine_read_failed(redrive->engine, err))
        return;
    for (size_t i = 0; good && i < count; i++)
        if (forking->tail.next_event <= forking->event)
            good = copy_segment(redrive, rows[i].value);
    if (!good)
        give_up(redrive);
    else if (forking->tail.next_event > forking->event)
        go_on(redrive, copy_pieces);
    else
        go_on(redrive, copy_more);
}

static void copy_more(void *arg) {
    struct wf_redrive *redrive = arg;
    struct wf_engine *engine = redrive->engine;
    const struct wf_forking *forking = redrive->forking;
    struct wf_key from = wf_key_segment(engine->partition, forking->origin,
                                        forking->tail.next_event);
    struct wf_key to =
        wf_key_segment(engine->partition, forking->origin, UINT64_MAX);
    struct wf_range range = {.from = wf_key_str(&from),
                             .to = wf_key_str(&to),
                             .max_rows = SLICE_ROWS,
                             .max_bytes = SLICE_BYTES};
    engine->loads++;
    wf_store_scan(engine->store, &range, segments_read, redrive);
}

static void pieces_read(void *arg, const struct wf_row *rows, size_t count,
                        bool more, const struct wf_error *err) {
    struct wf_redrive *redrive = arg;
    struct wf_engine *engine = redrive->engine;
    struct wf_buf *place = &redrive->forking->piece;
    engine->loads--;
    if (wf_engine_read_failed(engine, err))
        return;
    for (size_t i = 0; i < count; i++) {
        struct wf_key key = wf_key_piece(
            engine->partition, redrive->id, wf_key_u64(rows[i].key, 8),
            wf_key_u32(rows[i].key, 16));
        wf_batch_put(wf_engine_rows(engine), wf_key_str(&key),
                     rows[i].value);
    }
    if (!more || count == 0) {
        wf_redrive_put_rows(redrive);
        return;
    }
    place->len = 0;
    wf_buf_addstr(place, rows[count - 1].key);
    wf_buf_u8(place, 0); /* goes on behind it */
    go_on(redrive, copy_pieces);
}

static void copy_pieces(void *arg) {
    struct wf_redrive *redrive = arg;
    struct wf_engine *engine = redrive->engine;
    const struct wf_forking *forking = redrive->forking;
    unsigned more = forking->assigned_as == WF_TAIL_PIECES;
    struct wf_key from =
        wf_key_piece(engine->partition, forking->origin, 0, 0);
    struct wf_key to =
        wf_key_piece(engine->partition, forking->origin,
                     WF_DOC_NUMBER(forking->event + 1, more), 0);
    struct wf_range range = {
        .from = forking->piece.len ? text_of(&forking->piece)
                                   : wf_key_str(&from),
        .to = wf_key_str(&to),
        .max_bytes = PIECE_BYTES,
    };
    engine->loads++;
    wf_store_scan(engine->store, &range, pieces_read, redrive);
}

/* A short history that has ended stands in the execution's row. */
void wf_fork_copy(struct wf_redrive *redrive) {
    struct wf_engine *engine = redrive->engine;
    struct wf_forking *forking = redrive->forking;
    struct wf_str history = text_of(&forking->row);
    struct wf_key mark = wf_key_removal(engine->partition, redrive->id);
    wf_batch_put(wf_engine_rows(engine), wf_key_str(&mark), WF_STR(""));
    wf_tail_reset(&forking->tail, 1);
    history.data += forking->image_len;
    history.len -= forking->image_len;
    if (!history.len)
        go_on(redrive, copy_more);
    else if (copy_segment(redrive, history))
        go_on(redrive, copy_pieces);
    else
        give_up(redrive);
}

void wf_fork_begin(const struct wf_forking *forking,
                   struct wf_execution *execution) {
    struct wf_tail *tail = &execution->tail;
    execution->chain = forking->chain;
    execution->row_due_ms = -1;
    if (forking->assigned_as == WF_TAIL_DOC)
        wf_tail_add_doc(tail, text_of(&forking->assigned));
    else if (forking->assigned_as == WF_TAIL_PIECES)
        wf_tail_add_hashed(tail, forking->assigned_len,
                           forking->assigned.len
                               ? (const uint8_t *)forking->assigned.data
                               : NULL);
}
