/* doc_scan.c - checks JSON text and builds its tape. See doc_scan.h. */
#include "doc_scan.h"

#include <stdatomic.h>
#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

typedef unsigned char byte;

#define NONE UINT32_MAX
#define FIRST_NODES 160 /* on the stack: most documents need no more */

struct scan {
    const byte *base;
    const byte *end;
    struct wf_node *nodes;
    struct wf_node *first; /* the array on the stack */
    uint32_t count;
    uint32_t cap;
    uint32_t open; /* the innermost open container, or NONE */
    unsigned depth;
    unsigned max_depth;
    struct wf_doc_fault *fault;
};

/* What may follow a backslash, 'u' apart. */
static const bool escapes[256] = {
    ['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
    ['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true,
};

static const byte *fail(struct scan *s, const byte *at, const char *expected) {
    s->fault->offset = (size_t)(at - s->base);
    s->fault->expected = expected;
    return NULL;
}

static inline const byte *skip_blanks(const byte *at) {
    while (*at <= ' ' && wf_json_blank((char)*at))
        at++;
    return at;
}

static inline bool is_digit(byte c) {
    return (byte)(c - '0') < 10;
}

static inline const byte *skip_digits(const byte *at) {
    while (is_digit(*at))
        at++;
    return at;
}

/* The first byte that is a quote, a backslash, a control or not ASCII. */
static inline const byte *skip_plain(const byte *at) {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(0x20);
    for (;; at += 16) {
        __m128i chunk = _mm_loadu_si128((const __m128i *)at);
        /* signed: bytes from 0x80 on are below the space, too */
        __m128i stop = _mm_cmplt_epi8(chunk, space);
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(chunk, quote));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(chunk, slash));
        unsigned mask = (unsigned)_mm_movemask_epi8(stop);
        if (mask)
            return at + __builtin_ctz(mask);
    }
#else
    while (*at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return at;
#endif
}

size_t wf_utf8_length(const char *text, const char *text_end) {
    const byte *at = (const byte *)text;
    size_t left = (size_t)(text_end - text);
    byte low = 0x80, high = 0xbf; /* bounds of the second byte */

    if (left == 0)
        return 0;
    if (at[0] < 0x80)
        return 1;
    if (at[0] < 0xc2 || at[0] > 0xf4)
        return 0;
    size_t len = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (left < len)
        return 0;
    if (at[0] == 0xe0)
        low = 0xa0; /* shorter forms exist below */
    else if (at[0] == 0xed)
        high = 0x9f; /* surrogates */
    else if (at[0] == 0xf0)
        low = 0x90;
    else if (at[0] == 0xf4)
        high = 0x8f; /* beyond U+10FFFF */
    if (at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

static bool is_hex(byte c) {
    return is_digit(c) || (byte)((c | 0x20) - 'a') < 6;
}

/* Returns behind the escape whose backslash is at `at`, or NULL. */
static const byte *scan_escape(struct scan *s, const byte *at) {
    if (escapes[at[1]])
        return at + 2;
    if (at[1] != 'u')
        return fail(s, at + 1, "one of \" \\ / b f n r t u behind '\\'");
    for (int i = 2; i < 6; i++)
        if (!is_hex(at[i]))
            return fail(s, at + i, "four hexadecimal digits behind '\\u'");
    return at + 6;
}

/* What is neither plain nor the closing quote; behind it, or NULL. */
static const byte *scan_special(struct scan *s, const byte *at,
                                uint32_t *escaped) {
    if (*at == '\\') {
        *escaped = 1;
        return scan_escape(s, at);
    }
    if (*at >= 0x80) {
        size_t len = wf_utf8_length((const char *)at, (const char *)s->end);
        return len ? at + len : fail(s, at, "well-formed UTF-8");
    }
    if (at == s->end)
        return fail(s, at, "'\"' that ends the string");
    return fail(s, at, "an escape such as \\n instead of a control character");
}

static void grow(struct scan *s) {
    uint32_t cap = s->cap * 2;
    size_t guess = (size_t)(s->end - s->base) / 8;

    if (cap < guess)
        cap = (uint32_t)guess;
    if (s->nodes == s->first) {
        s->nodes = wf_malloc(cap * sizeof(*s->nodes));
        memcpy(s->nodes, s->first, s->count * sizeof(*s->nodes));
    } else {
        s->nodes = wf_realloc(s->nodes, cap * sizeof(*s->nodes));
    }
    s->cap = cap;
}

static inline struct wf_node *add_node(struct scan *s, const byte *at,
                                       enum wf_json_type type) {
    if (__builtin_expect(s->count == s->cap, 0))
        grow(s);
    struct wf_node *node = &s->nodes[s->count++];
    node->start = (uint32_t)(at - s->base);
    node->next = s->count;
    node->count = 0;
    node->type = type;
    return node;
}

static inline const byte *scan_string(struct scan *s, const byte *at) {
    struct wf_node *node = add_node(s, at, WF_JSON_STRING);

    at = skip_plain(at + 1);
    while (__builtin_expect(*at != '"', 0)) {
        at = scan_special(s, at, &node->count);
        if (!at)
            return NULL;
        at = skip_plain(at);
    }
    node->end = (uint32_t)(at + 1 - s->base);
    return at + 1;
}

static inline const byte *scan_number(struct scan *s, const byte *at) {
    struct wf_node *node = add_node(s, at, WF_JSON_NUMBER);

    at += *at == '-';
    if (*at == '0')
        at++;
    else if (is_digit(*at))
        at = skip_digits(at);
    else
        return fail(s, at, "a digit");
    if (*at == '.') {
        if (!is_digit(at[1]))
            return fail(s, at + 1, "a digit behind the '.'");
        at = skip_digits(at + 1);
    }
    if ((*at | 0x20) == 'e') {
        at += at[1] == '+' || at[1] == '-' ? 2 : 1;
        if (!is_digit(*at))
            return fail(s, at, "a digit in the exponent");
        at = skip_digits(at);
    }
    node->end = (uint32_t)(at - s->base);
    return at;
}

static const byte *scan_word(struct scan *s, const byte *at) {
    static const struct {
        const char *text;
        size_t len;
        enum wf_json_type type;
    } words[] = {
        {"null", 4, WF_JSON_NULL},
        {"true", 4, WF_JSON_TRUE},
        {"false", 5, WF_JSON_FALSE},
    };
    for (size_t i = 0; i < 3; i++) {
        if (strncmp((const char *)at, words[i].text, words[i].len) != 0)
            continue;
        struct wf_node *node = add_node(s, at, words[i].type);
        at += words[i].len;
        node->end = (uint32_t)(at - s->base);
        return at;
    }
    struct wf_node *around = s->open == NONE ? NULL : &s->nodes[s->open];
    if (around && around->type == WF_JSON_ARRAY && around->count == 0)
        return fail(s, at, "a value or ']'");
    return fail(s, at, "a value");
}

static inline const byte *scan_scalar(struct scan *s, const byte *at) {
    if (*at == '"')
        return scan_string(s, at);
    if (is_digit(*at) || *at == '-')
        return scan_number(s, at);
    return scan_word(s, at);
}

static inline bool open_container(struct scan *s, const byte *at,
                                  enum wf_json_type type) {
    if (s->depth == s->max_depth)
        return fail(s, at, NULL);
    s->depth++;
    struct wf_node *node = add_node(s, at, type);
    node->next = s->open;
    s->open = (uint32_t)(node - s->nodes);
    return true;
}

static inline void close_container(struct scan *s, const byte *at) {
    struct wf_node *node = &s->nodes[s->open];
    s->open = node->next;
    node->next = s->count;
    node->end = (uint32_t)(at + 1 - s->base);
    s->depth--;
}

/* A member's name and the colon; behind them, or NULL. */
static inline const byte *scan_name(struct scan *s, const byte *at) {
    at = skip_blanks(at);
    if (*at != '"')
        return fail(s, at, s->nodes[s->open].count
                               ? "a string (a member's name)"
                               : "a string (a member's name) or '}'");
    at = scan_string(s, at);
    if (!at)
        return NULL;
    at = skip_blanks(at);
    return *at == ':' ? at + 1 : fail(s, at, "':' behind a member's name");
}

/* One value and all in it; behind it, or NULL. */
static const byte *scan_value(struct scan *s, const byte *at) {
    bool object;
value:
    at = skip_blanks(at);
    object = *at == '{';
    if (object || *at == '[') {
        if (!open_container(s, at, object ? WF_JSON_OBJECT : WF_JSON_ARRAY))
            return NULL;
        at = skip_blanks(at + 1);
        if (*at == (object ? '}' : ']'))
            goto close;
        goto item;
    }
    at = scan_scalar(s, at);
    if (!at)
        return NULL;
behind:
    if (s->open == NONE)
        return at;
    s->nodes[s->open].count++;
    object = s->nodes[s->open].type == WF_JSON_OBJECT;
    at = skip_blanks(at);
    if (*at != ',') {
        if (*at == (object ? '}' : ']'))
            goto close;
        return fail(s, at, object ? "',' or '}'" : "',' or ']'");
    }
    at++;
item:
    if (object && !(at = scan_name(s, at)))
        return NULL;
    goto value;
close:
    close_container(s, at);
    at++;
    goto behind;
}

static void keep_nodes(struct scan *s, struct wf_doc *doc) {
    size_t size = s->count * sizeof(*s->nodes);
    if (s->nodes == s->first) {
        struct wf_node *nodes = wf_malloc(size);
        memcpy(nodes, s->first, size);
        s->nodes = nodes;
    } else {
        s->nodes = wf_realloc(s->nodes, size);
    }
    /* The document is not shared yet. */
    atomic_store_explicit(&doc->nodes, s->nodes, memory_order_relaxed);
    atomic_store_explicit(&doc->node_count, s->count, memory_order_relaxed);
}

int wf_doc_scan(struct wf_doc *doc, unsigned max_depth,
                struct wf_doc_fault *fault) {
    struct wf_node first[FIRST_NODES];
    struct scan s = {
        .base = (const byte *)doc->text,
        .end = (const byte *)doc->text + doc->len,
        .nodes = first, .first = first, .cap = FIRST_NODES,
        .open = NONE, .max_depth = max_depth, .fault = fault,
    };
    const byte *at = scan_value(&s, s.base);

    if (at) {
        at = skip_blanks(at);
        if (at != s.end)
            at = fail(&s, at, "the end of the text");
    }
    if (at)
        keep_nodes(&s, doc);
    else if (s.nodes != first)
        free(s.nodes);
    return at ? 0 : -1;
}
