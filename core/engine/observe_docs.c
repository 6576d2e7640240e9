/* observe_docs.c - see observe_docs.h. */
#include "observe_docs.h"

#include <stdlib.h>

enum { FIRST_FRAMES = 8, MOST_FRAMES = 1024 };

/* ---- in memory ---- */

static bool is_it(const struct wf_ref *ref, uint64_t number,
                  struct wf_str *text) {
    if (ref->number != number || !ref->doc)
        return false;
    *text = wf_doc_text(ref->doc);
    return true;
}

static bool find_with_frames(const struct wf_execution *execution,
                             uint64_t number, unsigned most,
                             struct wf_str *text) {
    const struct wf_frame *frame = execution->frames;

    if (is_it(&execution->input, number, text) ||
        is_it(&execution->output, number, text))
        return true;
    for (unsigned i = 0; frame && i < most; i++, frame = frame->next)
        if (is_it(&frame->input, number, text) ||
            is_it(&frame->parameters, number, text) ||
            is_it(&frame->variables, number, text))
            return true;
    return false;
}

static bool find_in_tail(const struct wf_tail *tail, int64_t start_ms,
                         uint64_t number, struct wf_str *text) {
    struct wf_tail_cursor cursor;

    if (!tail || WF_DOC_EVENT(number) < tail->first_event)
        return false;
    wf_tail_walk(tail, start_ms, &cursor);
    return wf_tail_find_doc(cursor, number, text) == WF_TAIL_DOC;
}

static bool find(const struct wf_execution *execution, uint64_t number,
                 struct wf_str *text) {
    return find_with_frames(execution, number, FIRST_FRAMES, text) ||
           find_in_tail(&execution->tail, execution->start_ms, number,
                        text) ||
           find_in_tail(execution->older_tail, execution->start_ms, number,
                        text) ||
           find_with_frames(execution, number, MOST_FRAMES, text);
}

/* ---- lists ---- */

static void add(struct wf_observed_docs *docs, uint64_t number,
                struct wf_str text) {
    if (docs->count == docs->cap) {
        docs->cap = docs->cap ? 2 * docs->cap : 16;
        docs->docs = wf_realloc(docs->docs, docs->cap * sizeof(*docs->docs));
    }
    docs->docs[docs->count++] = (struct wf_observed_doc){number, text};
}

static int by_number(const void *a, const void *b) {
    const struct wf_observed_doc *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static void add_slice(struct wf_observed_docs *docs,
                      struct wf_tail_cursor slice) {
    enum wf_tail_entry entry;
    struct wf_event event;
    uint64_t number;
    struct wf_str text;

    while ((entry = wf_tail_next(&slice, &event, &number, &text)) !=
               WF_TAIL_END &&
           entry != WF_TAIL_BAD)
        if (entry != WF_TAIL_EVENT)
            add(docs, number, text);
}

void wf_observed_docs_read(struct wf_observed_docs *docs,
                           struct wf_tail_cursor slice, struct wf_str put) {
    struct wf_reader in = {put.data, put.data + put.len, false};

    while (in.at < in.end && !in.bad) {
        uint64_t number = wf_read_varint(&in);
        struct wf_str text = wf_read_text(&in);
        if (!in.bad)
            add(docs, number, text);
    }
    add_slice(docs, slice);
    if (docs->count > 1)
        qsort(docs->docs, docs->count, sizeof(*docs->docs), by_number);
}

/* Of one in pieces there may be the text besides: that is wanted. */
const struct wf_observed_doc *wf_observed_docs_find(
    const struct wf_observed_docs *docs, uint64_t number) {
    struct wf_observed_doc wanted = {.number = number};
    const struct wf_observed_doc *found =
        docs->count ? bsearch(&wanted, docs->docs, docs->count,
                              sizeof(wanted), by_number)
                    : NULL;

    if (!found || found->text.data)
        return found;
    if (found > docs->docs && found[-1].number == number)
        return found - 1;
    if (found + 1 < docs->docs + docs->count && found[1].number == number)
        return found + 1;
    return found;
}

void wf_observed_docs_free(struct wf_observed_docs *docs) {
    free(docs->docs);
    *docs = (struct wf_observed_docs){0};
}

/* ---- what a slice lacks ---- */

/* At its place. */
static void insert(struct wf_observed_docs *docs, uint64_t number,
                   struct wf_str text) {
    size_t at = docs->count;

    add(docs, number, text);
    for (; at > 0 && docs->docs[at - 1].number > number; at--)
        docs->docs[at] = docs->docs[at - 1];
    docs->docs[at] = (struct wf_observed_doc){number, text};
}

static void put_missing(const struct wf_execution *execution,
                        struct wf_observed_docs *known, uint64_t number,
                        size_t most, struct wf_buf *out) {
    const struct wf_observed_doc *doc = wf_observed_docs_find(known, number);
    struct wf_str text = WF_STR_NULL;

    if (number == 0 || (doc && doc->text.data) ||
        !find(execution, number, &text))
        return;
    wf_buf_varint(out, number);
    wf_buf_text(out, (struct wf_str){text.data,
                                     text.len < most ? text.len : most});
    insert(known, number, text);
}

void wf_observed_docs_put(const struct wf_execution *execution,
                          struct wf_str slice, uint64_t first_event,
                          size_t most, struct wf_buf *out) {
    struct wf_tail_cursor cursor = {
        .reader = {slice.data, slice.data + slice.len, false},
        .start_ms = execution->start_ms,
        .next_event = first_event,
    };
    struct wf_observed_docs known = {0};
    enum wf_tail_entry entry;
    struct wf_event event;
    uint64_t number;
    struct wf_str text;

    wf_observed_docs_read(&known, cursor, WF_STR_NULL);
    while ((entry = wf_tail_next(&cursor, &event, &number, &text)) !=
               WF_TAIL_END &&
           entry != WF_TAIL_BAD) {
        if (entry != WF_TAIL_EVENT)
            continue;
        if (event.fields & WF_EVENT_HAS_DOC)
            put_missing(execution, &known, event.doc, most, out);
        if (event.fields & WF_EVENT_HAS_ASSIGNED)
            put_missing(execution, &known, event.assigned, most, out);
    }
    wf_observed_docs_free(&known);
}
