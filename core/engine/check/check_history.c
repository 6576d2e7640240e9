/* check_history.c - events, documents and pieces of one execution. See
 * check_impl.h. */
#include "check_impl.h"

#include <stdlib.h>

#define EVENTS_MOST (UINT64_C(1) << 28)

void check_history_reset(struct check_history *history) {
    if (history->known_used)
        memset(history->known, 0, history->known_used);
    history->known_used = 0;
    history->pieces.len = 0;
    history->next_event = 1;
    history->is_broken = false;
}

static void note_document(struct check_history *history, uint64_t number) {
    size_t at = (size_t)(number / 8);
    if (at >= history->known_bytes) {
        size_t bytes = at * 2 + 64;
        history->known = wf_realloc(history->known, bytes);
        memset(history->known + history->known_bytes, 0,
               bytes - history->known_bytes);
        history->known_bytes = bytes;
    }
    history->known[at] |= (uint8_t)(1u << number % 8);
    if (at >= history->known_used)
        history->known_used = at + 1;
}

bool check_has_document(const struct check *check, uint64_t number) {
    const struct check_history *history = &check->history;
    return number / 8 < history->known_bytes &&
           (history->known[number / 8] >> number % 8 & 1);
}

void check_document(struct check *check, struct wf_str key, uint64_t number,
                    const char *what) {
    if (number && !check->history.is_broken &&
        !check_has_document(check, number))
        check_wrong(check, key, "%s is document %llu, which the history has "
                    "not: the execution fails where it needs that", what,
                    (unsigned long long)number);
}

static void check_event(struct check *check, struct wf_str key,
                        const struct wf_event *event) {
    if ((event->fields & WF_EVENT_HAS_DOC) &&
        !check_has_document(check, event->doc))
        check_wrong(check, key, "event %llu (%s) refers to document %llu, "
                    "which the history has not: its data can't be shown",
                    (unsigned long long)event->id,
                    wf_event_type_name(event->type),
                    (unsigned long long)event->doc);
    if ((event->fields & WF_EVENT_HAS_ASSIGNED) &&
        !check_has_document(check, event->assigned))
        check_wrong(check, key, "event %llu (%s) refers to variables that "
                    "the history has not: they can't be shown",
                    (unsigned long long)event->id,
                    wf_event_type_name(event->type));
    if (event->previous_id >= event->id)
        check_wrong(check, key, "event %llu follows event %llu, which comes "
                    "later", (unsigned long long)event->id,
                    (unsigned long long)event->previous_id);
}

/* False: it does not decode. */
static bool walk(struct check *check, struct wf_str key,
                 struct wf_tail_cursor *cursor) {
    struct check_history *history = &check->history;
    enum wf_tail_entry entry;
    struct wf_event event;
    uint64_t number;
    struct wf_str text;

    while ((entry = wf_tail_next(cursor, &event, &number, &text)) !=
           WF_TAIL_END) {
        if (entry == WF_TAIL_BAD)
            return false;
        if (entry == WF_TAIL_EVENT) {
            check_event(check, key, &event);
            continue;
        }
        note_document(history, number);
        if (entry == WF_TAIL_PIECES) {
            struct check_large large = {number, text.len, cursor->sha256};
            wf_buf_add(&history->pieces, &large, sizeof(large));
        }
    }
    return true;
}

void check_segment(struct check *check, struct wf_str key,
                   struct wf_str segment, int64_t start_ms) {
    struct check_history *history = &check->history;
    struct wf_tail_cursor cursor;
    uint64_t events;

    if (!wf_segment_walk(segment, start_ms, &cursor, &events)) {
        check_wrong(check, key, "the segment does not decode: events from "
                    "%llu on can't be read",
                    (unsigned long long)history->next_event);
        history->is_broken = true;
        check_chain_lost(check);
        return;
    }
    uint64_t first = cursor.next_event;
    if (key.data[2] == 'S' && first != wf_key_u64(key, 8)) {
        check_wrong(check, key, "the segment says that it begins with event "
                    "%llu: its events are not found",
                    (unsigned long long)first);
        history->is_broken = true;
        check_chain_lost(check);
        return;
    }
    if (first != history->next_event && !history->is_broken) {
        check_wrong(check, key, "event %llu was expected, and the segment "
                    "begins with event %llu: events between them are lost",
                    (unsigned long long)history->next_event,
                    (unsigned long long)first);
        history->is_broken = true;
        check_chain_lost(check);
    }
    check_chain_segment(check, key, &cursor, events);
    if (first > history->next_event + EVENTS_MOST)
        return; /* no key of ours: what it needs would be any amount */
    bool good = walk(check, key, &cursor);
    if (!good || cursor.next_event - first != events) {
        check_wrong(check, key, "event %llu of the segment does not decode: "
                    "the history can't be read from there on",
                    (unsigned long long)cursor.next_event);
        history->is_broken = true;
    }
    history->next_event = first + events;
}

void check_tail(struct check *check, struct wf_str key,
                const struct wf_execution *execution) {
    struct check_history *history = &check->history;
    const struct wf_tail *tail = &execution->tail;
    struct wf_tail_cursor cursor;

    if (tail->first_event != history->next_event && !history->is_broken) {
        check_wrong(check, key, "the journal goes on with event %llu, and "
                    "segments end before event %llu: events between them are "
                    "lost", (unsigned long long)tail->first_event,
                    (unsigned long long)history->next_event);
        history->is_broken = true;
    }
    wf_tail_walk(tail, execution->start_ms, &cursor);
    if (!walk(check, key, &cursor))
        check_wrong(check, key, "event %llu in the journal does not decode",
                    (unsigned long long)cursor.next_event);
    history->next_event = tail->next_event;
}
