/*
 * random_doc.h - random JSON text for tests: every kind of value, escape,
 * number and blank, duplicate and empty names. The same seed gives the same
 * text.
 */
#ifndef RANDOM_DOC_H
#define RANDOM_DOC_H

#include "base.h"

struct random_doc {
    uint64_t seed;
    struct wf_buf out;
};

static inline unsigned random_below(struct random_doc *r, unsigned n) {
    r->seed ^= r->seed << 13;
    r->seed ^= r->seed >> 7;
    r->seed ^= r->seed << 17;
    return (unsigned)(r->seed >> 11) % n;
}

static inline void random_pick(struct random_doc *r, const char *const *list,
                               unsigned count) {
    wf_buf_adds(&r->out, list[random_below(r, count)]);
}

static inline void random_blanks(struct random_doc *r) {
    static const char *const blanks[] = {"",  "",     "",   " ",
                                         "\n", "\r\n", "\t", "   \n  "};
    random_pick(r, blanks, 8);
}

static inline void random_string(struct random_doc *r) {
    static const char *const pieces[] = {
        "a", "bc", "name", "0", " ", "\xc3\xa9", "\xe2\x82\xac",
        "\xf0\x9f\x98\x80", "\\n", "\\\"", "\\\\", "\\/", "\\u0000",
        "\\u00e9", "\\uD83D\\uDE00", "\\ud800", "\\udc00x",
        "a long piece of text, longer than sixteen bytes"};
    wf_buf_u8(&r->out, '"');
    for (unsigned n = random_below(r, 4); n; n--)
        random_pick(r, pieces, sizeof(pieces) / sizeof(*pieces));
    wf_buf_u8(&r->out, '"');
}

static inline void random_scalar(struct random_doc *r) {
    static const char *const scalars[] = {
        "null", "true", "false", "0", "-0", "1.0", "-0.0", "1e400", "-1E+5",
        "12345678901234567", "9223372036854775807", "1e-7", "0.1",
        "1234567890123456789012345678901234567890", "\"\"", "[]", "{}",
        "[ ]", "{\n}"};
    if (random_below(r, 3) == 0)
        random_string(r);
    else
        random_pick(r, scalars, sizeof(scalars) / sizeof(*scalars));
}

static inline void random_value(struct random_doc *r, unsigned depth) {
    unsigned kind = depth ? random_below(r, 4) : 0;
    bool object = kind == 1;

    if (kind != 1 && kind != 2) {
        random_scalar(r);
        return;
    }
    wf_buf_u8(&r->out, object ? '{' : '[');
    for (unsigned n = random_below(r, random_below(r, 12) ? 5 : 40); n; n--) {
        random_blanks(r);
        if (object) {
            random_string(r);
            random_blanks(r);
            wf_buf_u8(&r->out, ':');
            random_blanks(r);
        }
        random_value(r, depth - 1);
        random_blanks(r);
        if (n > 1)
            wf_buf_u8(&r->out, ',');
    }
    wf_buf_u8(&r->out, object ? '}' : ']');
}

/** Replaces `out` by the text of document number `seed`. */
static inline struct wf_str random_doc(struct random_doc *r, uint64_t seed) {
    r->seed = seed * 0x9e3779b97f4a7c15u + 1;
    r->out.len = 0;
    random_value(r, 5);
    return (struct wf_str){r->out.data, r->out.len};
}

#endif
