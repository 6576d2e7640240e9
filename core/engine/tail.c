/* tail.c - see tail.h. */
#include "tail.h"

#include <assert.h>

#define SEGMENT_BARE 1
#define SEGMENT_LINKED 2
#define ENTRY_DOC 0xfe
#define ENTRY_PIECES_BARE 0xfd
#define ENTRY_PIECES 0xfc

void wf_tail_reset(struct wf_tail *tail, uint64_t next_event) {
    tail->bytes.len = 0;
    if (tail->bytes.cap > 4096)
        wf_buf_free(&tail->bytes);
    tail->first_event = tail->next_event = next_event;
    tail->docs_since = 0;
}

uint64_t wf_tail_add_doc(struct wf_tail *tail, struct wf_str text) {
    assert(tail->docs_since < 4);
    wf_buf_u8(&tail->bytes, ENTRY_DOC);
    wf_buf_text(&tail->bytes, text);
    return WF_DOC_NUMBER(tail->next_event, tail->docs_since++);
}

uint64_t wf_tail_add_pieces(struct wf_tail *tail, uint64_t length) {
    static const uint8_t none[WF_LINK_BYTES];
    assert(tail->docs_since < 4);
    wf_buf_u8(&tail->bytes, ENTRY_PIECES);
    wf_buf_varint(&tail->bytes, length);
    wf_buf_add(&tail->bytes, none, sizeof(none));
    return WF_DOC_NUMBER(tail->next_event, tail->docs_since++);
}

uint64_t wf_tail_add_hashed(struct wf_tail *tail, uint64_t length,
                            const uint8_t *sha256) {
    assert(tail->docs_since < 4);
    wf_buf_u8(&tail->bytes, sha256 ? ENTRY_PIECES : ENTRY_PIECES_BARE);
    wf_buf_varint(&tail->bytes, length);
    if (sha256)
        wf_buf_add(&tail->bytes, sha256, WF_LINK_BYTES);
    return WF_DOC_NUMBER(tail->next_event, tail->docs_since++);
}

uint64_t wf_tail_add_event(struct wf_tail *tail, struct wf_event *event,
                           int64_t start_ms) {
    event->id = tail->next_event++;
    tail->docs_since = 0;
    wf_event_encode(&tail->bytes, event, start_ms);
    return event->id;
}

int wf_tail_append(struct wf_tail *tail, uint64_t first_event,
                   struct wf_str bytes, int64_t start_ms,
                   struct wf_error *err) {
    struct wf_tail_cursor cursor = {
        .reader = {bytes.data, bytes.data + bytes.len, false},
        .start_ms = start_ms,
        .next_event = first_event,
    };
    struct wf_event event;
    uint64_t number;
    struct wf_str text;
    enum wf_tail_entry entry;

    if (first_event != tail->next_event)
        return wf_error_set(err, WF_E_CORRUPT,
                            "journal: events from %llu on were expected, "
                            "found %llu",
                            (unsigned long long)tail->next_event,
                            (unsigned long long)first_event);
    do {
        entry = wf_tail_next(&cursor, &event, &number, &text);
    } while (entry != WF_TAIL_END && entry != WF_TAIL_BAD);
    if (entry == WF_TAIL_BAD)
        return wf_error_set(err, WF_E_CORRUPT,
                            "journal: event %llu does not decode",
                            (unsigned long long)cursor.next_event);
    wf_buf_addstr(&tail->bytes, bytes);
    tail->next_event = cursor.next_event;
    tail->docs_since = cursor.docs_since;
    return 0;
}

void wf_tail_segment(const struct wf_tail *tail, const uint8_t *link,
                     struct wf_buf *out) {
    wf_buf_reserve(out, tail->bytes.len + 24 + WF_LINK_BYTES);
    wf_buf_u8(out, link ? SEGMENT_LINKED : SEGMENT_BARE);
    wf_buf_varint(out, tail->first_event);
    wf_buf_varint(out, tail->next_event - tail->first_event);
    if (link)
        wf_buf_add(out, link, WF_LINK_BYTES);
    wf_buf_add(out, tail->bytes.data, tail->bytes.len);
}

void wf_segment_add_link(struct wf_str segment, const uint8_t *link,
                         struct wf_buf *out) {
    struct wf_tail_cursor cursor;
    uint64_t events;
    if (!link || !wf_segment_walk(segment, 0, &cursor, &events)) {
        wf_buf_addstr(out, segment);
        return;
    }
    struct wf_tail tail = {
        .bytes = {.data = (char *)cursor.reader.at,
                  .len = (size_t)(cursor.reader.end - cursor.reader.at)},
        .first_event = cursor.next_event,
        .next_event = cursor.next_event + events};
    wf_tail_segment(&tail, link, out);
}

void wf_tail_walk(const struct wf_tail *tail, int64_t start_ms,
                  struct wf_tail_cursor *cursor) {
    *cursor = (struct wf_tail_cursor){
        .reader = {tail->bytes.data, tail->bytes.data + tail->bytes.len,
                   false},
        .start_ms = start_ms,
        .next_event = tail->first_event,
    };
}

bool wf_segment_walk(struct wf_str segment, int64_t start_ms,
                     struct wf_tail_cursor *cursor, uint64_t *events) {
    struct wf_reader in = {segment.data, segment.data + segment.len, false};
    uint8_t version = wf_read_u8(&in);
    uint64_t first = wf_read_varint(&in);
    uint64_t count = wf_read_varint(&in);
    const char *link = NULL;
    if (version == SEGMENT_LINKED)
        link = wf_read_bytes(&in, WF_LINK_BYTES).data;
    if (events)
        *events = count;
    if (in.bad || (version != SEGMENT_BARE && version != SEGMENT_LINKED))
        return false;
    *cursor = (struct wf_tail_cursor){.reader = in,
                                      .start_ms = start_ms,
                                      .next_event = first,
                                      .link = (const uint8_t *)link};
    return true;
}

enum wf_tail_entry wf_tail_next(struct wf_tail_cursor *cursor,
                                struct wf_event *event, uint64_t *number,
                                struct wf_str *text) {
    struct wf_reader *in = &cursor->reader;
    if (in->at == in->end)
        return WF_TAIL_END;
    uint8_t kind = (uint8_t)*in->at;
    cursor->sha256 = NULL;
    if (kind == ENTRY_DOC) {
        in->at++;
        *text = wf_read_text(in);
        *number = WF_DOC_NUMBER(cursor->next_event, cursor->docs_since++);
        return in->bad ? WF_TAIL_BAD : WF_TAIL_DOC;
    }
    if (kind == ENTRY_PIECES || kind == ENTRY_PIECES_BARE) {
        in->at++;
        *text = (struct wf_str){NULL, wf_read_varint(in)};
        if (kind == ENTRY_PIECES)
            cursor->sha256 =
                (const uint8_t *)wf_read_bytes(in, WF_LINK_BYTES).data;
        *number = WF_DOC_NUMBER(cursor->next_event, cursor->docs_since++);
        return in->bad ? WF_TAIL_BAD : WF_TAIL_PIECES;
    }
    event->id = cursor->next_event;
    if (!wf_event_decode(in, event, cursor->start_ms))
        return WF_TAIL_BAD;
    cursor->next_event++;
    cursor->docs_since = 0;
    return WF_TAIL_EVENT;
}

enum wf_tail_entry wf_tail_find_doc(struct wf_tail_cursor cursor,
                                    uint64_t number, struct wf_str *text) {
    struct wf_event event;
    uint64_t found;
    enum wf_tail_entry entry;
    do {
        entry = wf_tail_next(&cursor, &event, &found, text);
        if ((entry == WF_TAIL_DOC || entry == WF_TAIL_PIECES) &&
            found == number)
            return entry;
    } while (entry != WF_TAIL_END && entry != WF_TAIL_BAD);
    return WF_TAIL_END;
}
