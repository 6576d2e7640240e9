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
#define BYTES_A_NODE 6  /* what larger ones mostly have, at the least */
#define INLINE static inline __attribute__((always_inline))

struct scan {
    const byte *base;
    const byte *end;
    struct wf_node *nodes;
    struct wf_node *first; /* the array on the stack, or NULL */
    uint32_t cap;
    unsigned depth;
    unsigned max_depth;
    bool escaped; /* the string of scan_rest() has escapes */
    struct wf_doc_fault *fault;
};

/* Where scanning is; in registers, so only what is inlined gets it. */
struct here {
    const byte *at;
    const byte *base;
    uint32_t count; /* nodes */
    uint32_t open;  /* the innermost open container, or NONE */
    uint32_t items; /* of it */
    uint32_t name;  /* a guess: the node that the next name is like */
    uint32_t value; /* a guess: the node that the next value is like */
};

enum found {
    FAILED,
    SCALAR, /* or an empty container */
    IN_OBJECT, /* before a member */
    IN_ARRAY,
    BACK_IN_OBJECT, /* behind a member that is a container */
    BACK_IN_ARRAY,
    ENDED,
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
    while (__builtin_expect(*at <= ' ', 0) && wf_json_blank((char)*at))
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
static const byte *scan_special(struct scan *s, const byte *at) {
    if (*at == '\\') {
        s->escaped = true;
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

/* A string from its first character on that is not plain: the closing quote,
 * or NULL. */
static __attribute__((noinline)) const byte *scan_rest(struct scan *s,
                                                       const byte *at) {
    s->escaped = false;
    while (*at != '"') {
        at = scan_special(s, at);
        if (!at)
            return NULL;
        at = skip_plain(at);
    }
    return at;
}

/* Room for two nodes more. */
static __attribute__((noinline)) bool grow(struct scan *s, const byte *at,
                                           uint32_t count) {
    uint32_t cap = s->cap * 2;
    size_t guess = (size_t)(s->end - s->base) / BYTES_A_NODE;

    if (cap > WF_DOC_MOST_NODES)
        return fail(s, at, "fewer values");
    if (cap < guess)
        cap = (uint32_t)guess;
    if (s->nodes == s->first) {
        s->nodes = wf_malloc(cap * sizeof(*s->nodes));
        memcpy(s->nodes, s->first, count * sizeof(*s->nodes));
    } else {
        s->nodes = wf_realloc(s->nodes, cap * sizeof(*s->nodes));
    }
    s->cap = cap;
    return true;
}

INLINE bool has_room(struct scan *s, const struct here *h) {
    return __builtin_expect(h->count + 2 <= s->cap, 1) ||
           grow(s, h->at, h->count);
}

/* Adds a node of what stands between h->at and `end`, and goes there. */
INLINE void add_node(struct scan *s, struct here *h, const byte *end,
                     enum wf_json_type type, uint32_t count) {
    struct wf_node *node = &s->nodes[h->count++];
    node->start = (uint32_t)(h->at - h->base);
    node->end = (uint32_t)(end - h->base);
    node->next = h->count;
    node->count = count & WF_DOC_MOST_NODES;
    node->type = type;
    h->at = end;
}

INLINE enum found scan_string(struct scan *s, struct here *h) {
    const byte *to = skip_plain(h->at + 1);
    bool escaped = false;

    if (__builtin_expect(*to != '"', 0)) {
        to = scan_rest(s, to);
        if (!to)
            return FAILED;
        escaped = s->escaped;
    }
    add_node(s, h, to + 1, WF_JSON_STRING, escaped);
    return SCALAR;
}

/* What is behind an integer; behind the number, or NULL. */
static const byte *scan_fraction(struct scan *s, const byte *at) {
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
    return at;
}

INLINE enum found scan_number(struct scan *s, struct here *h) {
    const byte *at = h->at;

    at += *at == '-';
    if (*at == '0')
        at++;
    else if (is_digit(*at))
        at = skip_digits(at);
    else
        return fail(s, at, "a digit"), FAILED;
    if (*at == '.' || (*at | 0x20) == 'e') {
        at = scan_fraction(s, at);
        if (!at)
            return FAILED;
    }
    add_node(s, h, at, WF_JSON_NUMBER, 0);
    return SCALAR;
}

INLINE enum found scan_word(struct scan *s, struct here *h) {
    const char *at = (const char *)h->at;

    if (memcmp(at, "true", 4) == 0)
        add_node(s, h, h->at + 4, WF_JSON_TRUE, 0);
    else if (memcmp(at, "false", 5) == 0)
        add_node(s, h, h->at + 5, WF_JSON_FALSE, 0);
    else if (memcmp(at, "null", 4) == 0)
        add_node(s, h, h->at + 4, WF_JSON_NULL, 0);
    else
        return fail(s, h->at, h->open != NONE && h->items == 0 &&
                                      s->nodes[h->open].type == WF_JSON_ARRAY
                                  ? "a value or ']'"
                                  : "a value"), FAILED;
    return SCALAR;
}

/* A container, up to its first item. */
INLINE enum found open_container(struct scan *s, struct here *h,
                                 enum wf_json_type type) {
    bool object = type == WF_JSON_OBJECT;
    uint32_t self = h->count;

    if (s->depth == s->max_depth)
        return fail(s, h->at, NULL), FAILED;
    const byte *at = skip_blanks(h->at + 1);
    if (*at == (object ? '}' : ']')) {
        add_node(s, h, at + 1, type, 0);
        return SCALAR;
    }
    add_node(s, h, at, type, 0);
    s->nodes[self].next = h->open;
    s->nodes[self].end = h->name;
    if (h->open != NONE)
        s->nodes[h->open].count = h->items & WF_DOC_MOST_NODES;
    s->depth++;
    h->open = self;
    h->items = 0;
    h->name = ++h->value;
    return object ? IN_OBJECT : IN_ARRAY;
}

/* The innermost container ends at h->at. */
INLINE enum found close_container(struct scan *s, struct here *h) {
    struct wf_node *node = &s->nodes[h->open];

    h->name = node->end;
    h->value = h->open;
    h->open = node->next;
    node->next = h->count;
    node->end = (uint32_t)(++h->at - s->base);
    node->count = h->items & WF_DOC_MOST_NODES;
    s->depth--;
    if (h->open == NONE)
        return ENDED;
    node = &s->nodes[h->open];
    h->items = node->count;
    return node->type == WF_JSON_OBJECT ? BACK_IN_OBJECT : BACK_IN_ARRAY;
}

INLINE enum found scan_value(struct scan *s, struct here *h) {
    h->at = skip_blanks(h->at);
    if (*h->at == '"')
        return scan_string(s, h);
    if (is_digit(*h->at) || *h->at == '-')
        return scan_number(s, h);
    if (*h->at == '{')
        return open_container(s, h, WF_JSON_OBJECT);
    if (*h->at == '[')
        return open_container(s, h, WF_JSON_ARRAY);
    return scan_word(s, h);
}

/* True if `len` bytes at `at` are those at `known`, which has no NUL. */
INLINE bool same_bytes(const struct scan *s, const byte *at,
                       const byte *known, size_t len) {
#if defined(__SSE2__)
    (void)s; /* a NUL ends the text, so it stops the loop */
    for (;; at += 16, known += 16, len -= 16) {
        __m128i a = _mm_loadu_si128((const __m128i *)at);
        __m128i b = _mm_loadu_si128((const __m128i *)known);
        unsigned other =
            ~(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));
        if (__builtin_expect(len <= 16, 1))
            return (other & ((1U << len) - 1)) == 0;
        if (other & 0xffff)
            return false;
    }
#else
    return (size_t)(s->end - at) >= len && memcmp(at, known, len) == 0;
#endif
}

/* The name at h->at and its colon, if they are those that were guessed. */
INLINE bool scan_known_name(struct scan *s, struct here *h) {
    if (h->name + 1 >= h->count)
        return false;
    const struct wf_node *known = &s->nodes[h->name];
    const byte *text = s->base + known->start;
    size_t len = known->end - known->start;
    if (known->type != WF_JSON_STRING || text[len] != ':' ||
        !same_bytes(s, h->at, text, len + 1))
        return false;
    h->value = h->name + 1;
    h->name = known[1].next;
    add_node(s, h, h->at + len, WF_JSON_STRING, known->count);
    h->at++;
    return true;
}

/* A member's name and the colon. */
INLINE bool scan_name(struct scan *s, struct here *h) {
    if (*h->at != '"')
        h->at = skip_blanks(h->at);
    if (scan_known_name(s, h))
        return true;
    h->value = 0;
    if (*h->at != '"')
        return fail(s, h->at, h->items
                                  ? "a string (a member's name)"
                                  : "a string (a member's name) or '}'");
    if (scan_string(s, h) == FAILED)
        return false;
    h->at = skip_blanks(h->at);
    if (*h->at != ':')
        return fail(s, h->at, "':' behind a member's name");
    h->at++;
    return true;
}

/* What follows an item. `end`: what ends its container. */
INLINE enum found scan_behind(struct scan *s, struct here *h, byte end) {
    h->items++;
    if (*h->at != ',')
        h->at = skip_blanks(h->at);
    if (*h->at == ',') {
        h->at++;
        return end == '}' ? IN_OBJECT : IN_ARRAY;
    }
    if (*h->at == end)
        return close_container(s, h);
    fail(s, h->at, end == '}' ? "',' or '}'" : "',' or ']'");
    return FAILED;
}

/* Members up to a container, or to the end of this one. */
INLINE enum found scan_members(struct scan *s, struct here *h) {
    enum found found;
    do {
        if (!has_room(s, h) || !scan_name(s, h))
            return FAILED;
        found = scan_value(s, h);
        if (found == SCALAR)
            found = scan_behind(s, h, '}');
    } while (found == IN_OBJECT);
    return found;
}

INLINE enum found scan_elements(struct scan *s, struct here *h) {
    enum found found;
    do {
        if (!has_room(s, h))
            return FAILED;
        found = scan_value(s, h);
        if (found == SCALAR)
            found = scan_behind(s, h, ']');
    } while (found == IN_ARRAY);
    return found;
}

/* The value that the text is; behind it, or NULL. */
static const byte *scan_all(struct scan *s, uint32_t *count) {
    struct here h = {.at = s->base, .base = s->base, .open = NONE};
    enum found found = scan_value(s, &h);

    if (found == SCALAR)
        found = ENDED;
    while (found != ENDED && found != FAILED) {
        if (found == BACK_IN_OBJECT)
            found = scan_behind(s, &h, '}');
        else if (found == BACK_IN_ARRAY)
            found = scan_behind(s, &h, ']');
        else
            found = found == IN_OBJECT ? scan_members(s, &h)
                                       : scan_elements(s, &h);
    }
    *count = h.count;
    return found == ENDED ? h.at : NULL;
}

/* The document is not shared yet. */
static void set_nodes(struct wf_doc *doc, struct wf_node *nodes,
                      uint32_t count) {
    atomic_store_explicit(&doc->nodes, nodes, memory_order_relaxed);
    atomic_store_explicit(&doc->node_count, count, memory_order_relaxed);
}

static void keep_nodes(struct scan *s, uint32_t count,
                       struct wf_doc *doc) {
    if (s->nodes == s->first) {
        s->nodes = wf_malloc(count * sizeof(*s->nodes));
        memcpy(s->nodes, s->first, count * sizeof(*s->nodes));
    } else if (s->cap - count > count / 8) {
        s->nodes = wf_realloc(s->nodes, count * sizeof(*s->nodes));
    }
    set_nodes(doc, s->nodes, count);
}

/* The whole text. Returns how many nodes that are, or 0. */
static uint32_t scan_text(struct scan *s) {
    uint32_t count = 0;
    const byte *at = scan_all(s, &count);

    if (!at)
        return 0;
    at = skip_blanks(at);
    if (at != s->end) {
        fail(s, at, "the end of the text");
        return 0;
    }
    return count;
}

int wf_doc_scan(struct wf_doc *doc, unsigned max_depth,
                struct wf_doc_fault *fault) {
    struct wf_node first[FIRST_NODES];
    struct scan s = {
        .base = (const byte *)doc->text,
        .end = (const byte *)doc->text + doc->len,
        .nodes = first, .first = first, .cap = FIRST_NODES,
        .max_depth = max_depth, .fault = fault,
    };
    uint32_t count = scan_text(&s);

    if (count)
        keep_nodes(&s, count, doc);
    else if (s.nodes != first)
        free(s.nodes);
    return count ? 0 : -1;
}

int wf_doc_scan_in(struct wf_doc *doc, struct wf_doc_room *room,
                   unsigned max_depth, struct wf_doc_fault *fault) {
    if (room->cap == 0) {
        room->nodes = wf_malloc(FIRST_NODES * sizeof(*room->nodes));
        room->cap = FIRST_NODES;
    }
    struct scan s = {
        .base = (const byte *)doc->text,
        .end = (const byte *)doc->text + doc->len,
        .nodes = room->nodes, .cap = room->cap,
        .max_depth = max_depth, .fault = fault,
    };
    uint32_t count = scan_text(&s);

    *room = (struct wf_doc_room){s.nodes, s.cap};
    if (count)
        set_nodes(doc, s.nodes, count);
    return count ? 0 : -1;
}
