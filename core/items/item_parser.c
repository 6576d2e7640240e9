/* item_parser.c - what the parsers of items share. See item_format.h. */
#include <stdarg.h>
#include <stdio.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "doc_scan.h"
#include "item_format.h"

#define MAX_ITEM_BYTES ((size_t)8 << 20) /* as AWS */

int wf_item_fault(struct wf_item_parser *parser, struct wf_error *err,
                  enum wf_error_code code, const char *format, ...) {
    char text[600];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return wf_error_set(err, code, "%.300s: line %llu: %s",
                        parser->window.source->name,
                        (unsigned long long)parser->place.line, text);
}

int wf_item_fill(struct wf_item_parser *parser, const char *what,
                 struct wf_error *err) {
    size_t limit = parser->options->max_item_bytes;
    struct wf_error why = {0};

    if (limit == 0)
        limit = MAX_ITEM_BYTES;
    int more = wf_item_window_fill(&parser->window, limit, &why);
    if (more < 0 && why.code == WF_E_LIMIT)
        return wf_item_fault(parser, err, WF_E_LIMIT,
                             "%s is larger than %zu bytes", what, limit);
    if (more < 0 && err)
        *err = why;
    return more;
}

int wf_item_skip_mark(struct wf_item_parser *parser, struct wf_error *err) {
    struct wf_item_window *window = &parser->window;

    while (window->end - window->at < 3 && !window->eof)
        if (wf_item_fill(parser, "an item", err) < 0)
            return -1;
    if (window->end - window->at >= 3 &&
        memcmp(window->data + window->at, "\xef\xbb\xbf", 3) == 0)
        window->at += 3;
    return 0;
}

const char *wf_item_string_stop(const char *at, const char *end) {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    for (; end - at >= 16; at += 16) {
        __m128i chunk = _mm_loadu_si128((const __m128i *)at);
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(
            _mm_cmpeq_epi8(chunk, quote), _mm_cmpeq_epi8(chunk, slash)));
        if (mask)
            return at + __builtin_ctz(mask);
    }
#endif
    while (at < end && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* Behind the string that begins at `at`. */
static const char *string_end(const char *at, const char *end) {
    for (at++; (at = wf_item_string_stop(at, end)) < end; at += 2)
        if (*at == '"')
            return at + 1;
    return end;
}

/* The first byte that may be a blank between tokens. */
static const char *find_blank(const char *at, const char *end) {
#if defined(__SSE2__)
    const __m128i above = _mm_set1_epi8(0x21);
    for (; end - at >= 16; at += 16) {
        __m128i chunk = _mm_loadu_si128((const __m128i *)at);
        /* signed, so what is not ASCII is taken out again */
        __m128i low = _mm_andnot_si128(
            _mm_cmplt_epi8(chunk, _mm_setzero_si128()),
            _mm_cmplt_epi8(chunk, above));
        unsigned mask = (unsigned)_mm_movemask_epi8(low);
        if (mask)
            return at + __builtin_ctz(mask);
    }
#endif
    while (at < end && !wf_json_blank(*at))
        at++;
    return at;
}

void wf_item_compact(struct wf_str json, struct wf_buf *out) {
    const char *at = json.data, *end = json.data + json.len;

    if (find_blank(at, end) == end) { /* none in strings either */
        wf_buf_add(out, at, json.len);
        return;
    }
    wf_buf_reserve(out, json.len);
    while (at < end) {
        const char *run = at;
        while (at < end && !wf_json_blank(*at))
            at = *at == '"' ? string_end(at, end) : at + 1;
        wf_buf_add(out, run, (size_t)(at - run));
        while (at < end && wf_json_blank(*at))
            at++;
    }
}

struct wf_item *wf_item_batch_add(struct wf_item_batch *batch) {
    if (batch->count == batch->cap) {
        batch->cap = batch->cap ? batch->cap * 2 : 64;
        batch->items =
            wf_realloc(batch->items, batch->cap * sizeof(*batch->items));
    }
    struct wf_item *item = &batch->items[batch->count++];
    *item = (struct wf_item){.start = batch->text.len};
    return item;
}
