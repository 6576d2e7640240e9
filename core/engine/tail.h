/*
 * tail.h - a run of an execution's history: events, and the documents they
 * refer to, in the order in which they came.
 *
 * The same bytes serve three times: at the end of an execution in memory (its
 * tail: what is not packed yet), in the journal (the part of the tail that a
 * batch adds) and in the store (a segment: a packed tail, never rewritten).
 *
 *   entry     = event (event.h: first byte 1..250)
 *             | 0xFE length:varint text          a document
 *             | 0xFC length:varint sha256:32     a large document: its text
 *                                                is rows of table P (docs.c)
 *             | 0xFD length:varint               the same, of earlier versions
 *   segment   = version:1 (2) first_event:varint events:varint link:32 entry*
 *             | version:1 (1) first_event:varint events:varint entry*
 *
 * Version 1 is what stands inside an execution's row, which has the link
 * itself (chain.h), and what earlier versions have stored.
 *
 * A document's number follows from the event behind it (WF_DOC_NUMBER), so
 * neither ids nor numbers are stored.
 */
#ifndef WF_TAIL_H
#define WF_TAIL_H

#include "base.h"
#include "doc.h"
#include "event.h"

#define WF_LINK_BYTES 32 /* SHA-256 */

struct wf_tail {
    struct wf_buf bytes;
    uint64_t first_event; /**< Id of the first event in `bytes`. */
    uint64_t next_event;  /**< Id the next event gets. */
    unsigned docs_since;  /**< Documents added since the last event. */
};

/** Empties the tail; its next event is `next_event`. */
void wf_tail_reset(struct wf_tail *tail, uint64_t next_event);
/** Adds a document, returns its number. At most 4 before each event. */
uint64_t wf_tail_add_doc(struct wf_tail *tail, struct wf_str text);
/** The same for a document whose text is stored in pieces. The last
 * WF_LINK_BYTES of the tail's bytes are for its SHA-256 then. */
uint64_t wf_tail_add_pieces(struct wf_tail *tail, uint64_t length);
/** The same for one whose SHA-256 is known; NULL: it never was, as with those
 * of earlier versions. */
uint64_t wf_tail_add_hashed(struct wf_tail *tail, uint64_t length,
                            const uint8_t *sha256);
/** Adds an event; sets event->id and returns it. */
uint64_t wf_tail_add_event(struct wf_tail *tail, struct wf_event *event,
                           int64_t start_ms);
/**
 * Appends bytes of a journal slice that begins at `first_event`, counting its
 * events. Returns -1 if they do not decode or do not join (WF_E_CORRUPT).
 */
int wf_tail_append(struct wf_tail *tail, uint64_t first_event,
                   struct wf_str bytes, int64_t start_ms,
                   struct wf_error *err);
/** The tail as a segment's value, appended to `out`. `link`: WF_LINK_BYTES;
 * NULL: without one (version 1). */
void wf_tail_segment(const struct wf_tail *tail, const uint8_t *link,
                     struct wf_buf *out);

/** A segment without a link as one that has it (NULL: it stays as it is),
 * appended to `out`. */
void wf_segment_add_link(struct wf_str segment, const uint8_t *link,
                         struct wf_buf *out);

/** Walks entries. */
struct wf_tail_cursor {
    struct wf_reader reader;
    int64_t start_ms;
    uint64_t next_event;
    unsigned docs_since;
    const uint8_t *link;   /**< Of a segment; NULL: it has none. */
    const uint8_t *sha256; /**< Of the document that wf_tail_next() has given;
                                NULL: not known. */
};

enum wf_tail_entry {
    WF_TAIL_END = 0,
    WF_TAIL_EVENT,
    WF_TAIL_DOC,
    WF_TAIL_PIECES, /**< A document elsewhere: text.data NULL, its length. */
    WF_TAIL_BAD, /**< The bytes do not decode. */
};

void wf_tail_walk(const struct wf_tail *tail, int64_t start_ms,
                  struct wf_tail_cursor *cursor);
/** Starts walking a segment's value; `events` (NULL: not asked) is how many it
 * says it has. Returns false if it is none. */
bool wf_segment_walk(struct wf_str segment, int64_t start_ms,
                     struct wf_tail_cursor *cursor, uint64_t *events);
/** The next entry: fills `event`, or `number` and `text` of a document. */
enum wf_tail_entry wf_tail_next(struct wf_tail_cursor *cursor,
                                struct wf_event *event, uint64_t *number,
                                struct wf_str *text);
/** Finds a document by its number: WF_TAIL_DOC and its text, WF_TAIL_PIECES
 * and its length, or WF_TAIL_END: it is not here. */
enum wf_tail_entry wf_tail_find_doc(struct wf_tail_cursor cursor,
                                    uint64_t number, struct wf_str *text);

#endif
