/*
 * item_json.c - the elements of an array, or the members of an object, inside
 * a document of any size. See item_reader.h.
 *
 * What the pointer passes by is skipped by its brackets and strings alone;
 * an item is held whole and checked. A position lies behind an item, before
 * the comma or bracket that follows.
 */
#include <stdlib.h>

#include "doc_scan.h"
#include "item_format.h"

/* Bits of the place's mark. */
#define BEGUN 1
#define IN_OBJECT 2 /* the container is an object */
#define BEHIND 4    /* an item has been read: a comma comes first */
#define ROOT 8      /* the container is the whole document */

struct json {
    struct wf_item_parser base;
};

/* A value whose end is looked for. */
struct skim {
    size_t pos; /* behind what has been looked at, from the window's `at` */
    size_t depth;
    bool string;
    bool escape; /* a backslash was the last byte */
    bool scalar;
};

#define TOO_LARGE "an item"

/* Moves behind `len` bytes, counting lines. */
static void take(struct wf_item_parser *parser, size_t len) {
    struct wf_item_window *window = &parser->window;
    const char *at = window->data + window->at, *end = at + len;

    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        parser->place.line++;
        at++;
    }
    window->at += len;
}

static int cut_off(struct wf_item_parser *parser, struct wf_error *err) {
    return wf_item_fault(parser, err, WF_E_INVALID,
                         "the document is not JSON: it is cut off");
}

static int unexpected(struct wf_item_parser *parser, const char *expected,
                      struct wf_error *err) {
    const struct wf_item_window *window = &parser->window;

    return wf_item_fault(
        parser, err, WF_E_INVALID,
        "the document is not JSON: expected %s at offset %llu", expected,
        (unsigned long long)wf_item_window_offset(window));
}

/* The next byte that is no blank, not taken; -1 on an error. */
static int peek(struct wf_item_parser *parser, struct wf_error *err) {
    struct wf_item_window *window = &parser->window;

    for (;;) {
        size_t blanks = 0, left = window->end - window->at;
        while (blanks < left &&
               wf_json_blank(window->data[window->at + blanks]))
            blanks++;
        take(parser, blanks);
        if (blanks < left)
            return (unsigned char)window->data[window->at];
        int more = wf_item_fill(parser, TOO_LARGE, err);
        if (more < 0)
            return -1;
        if (more == 0)
            return cut_off(parser, err);
    }
}

/* Takes one byte if it is `wanted`. */
static int expect(struct wf_item_parser *parser, char wanted,
                  const char *what, struct wf_error *err) {
    int c = peek(parser, err);

    if (c < 0)
        return -1;
    if (c != wanted)
        return unexpected(parser, what, err);
    parser->window.at++;
    return 0;
}

/* Inside a string: true if it has ended and with it the value. */
static bool skim_string(struct skim *skim, const char **at,
                        const char *end) {
    if (skim->escape) {
        skim->escape = false;
        ++*at;
        return false;
    }
    *at = wf_item_string_stop(*at, end);
    if (*at == end)
        return false;
    skim->escape = **at == '\\';
    skim->string = skim->escape;
    ++*at;
    return !skim->string && skim->depth == 0;
}

/* Looks at the bytes up to `end`: true once the value has ended. */
static bool skim_some(struct skim *skim, const char **at, const char *end) {
    while (*at < end) {
        if (skim->string) {
            if (skim_string(skim, at, end))
                return true;
            continue;
        }
        char c = **at;
        bool closes = c == '}' || c == ']';
        if (skim->scalar && (closes || c == ',' || wf_json_blank(c)))
            return true;
        skim->string = c == '"';
        skim->depth += c == '{' || c == '[';
        skim->depth -= closes && skim->depth > 0;
        ++*at;
        if (closes && skim->depth == 0)
            return true;
    }
    return false;
}

/*
 * Finds the end of the value that begins at the window's `at`. `keep`: it
 * stays in the window, `*len` bytes; else it is taken on the way.
 */
static int find_end(struct wf_item_parser *parser, bool keep, size_t *len,
                    struct wf_error *err) {
    struct wf_item_window *window = &parser->window;
    char first = window->data[window->at];
    struct skim skim = {
        .scalar = first != '"' && first != '{' && first != '['};

    for (;;) {
        const char *start = window->data + window->at;
        const char *at = start + skim.pos;
        bool ended = skim_some(&skim, &at, window->data + window->end);
        skim.pos = (size_t)(at - start);
        if (!keep) {
            take(parser, skim.pos);
            skim.pos = 0;
        }
        if (ended) {
            *len = skim.pos;
            return 0;
        }
        int more = wf_item_fill(parser, TOO_LARGE, err);
        if (more < 0)
            return -1;
        if (more == 0 && !(skim.scalar && skim.depth == 0))
            return cut_off(parser, err);
        if (more == 0) { /* a scalar may be all there is */
            *len = skim.pos;
            return 0;
        }
    }
}

/* ---- the pointer ---- */

/* Splits off the next reference token, its escapes undone. */
static bool next_token(struct wf_str *pointer, struct wf_buf *token) {
    token->len = 0;
    if (pointer->len == 0)
        return false;
    pointer->data++;
    pointer->len--;
    while (pointer->len && *pointer->data != '/') {
        char c = *pointer->data;
        if (c == '~' && pointer->len > 1) {
            pointer->data++;
            pointer->len--;
            c = *pointer->data == '1' ? '/' : '~';
        }
        wf_buf_u8(token, (uint8_t)c);
        pointer->data++;
        pointer->len--;
    }
    return true;
}

static int not_found(struct wf_item_parser *parser, struct wf_error *err) {
    struct wf_str pointer = parser->options->pointer;

    return wf_error_set(err, WF_E_INVALID,
                        "%.300s: ItemsPointer %.*s leads nowhere",
                        parser->window.source->name,
                        (int)(pointer.len > 300 ? 300 : pointer.len),
                        pointer.data);
}

/* Skips a value, and the comma behind it. 0 at a comma, 1 at the end. */
static int skip_value(struct wf_item_parser *parser, char closing,
                      struct wf_error *err) {
    size_t len;
    int c = peek(parser, err);

    if (c < 0 || find_end(parser, false, &len, err) != 0)
        return -1;
    c = peek(parser, err);
    if (c < 0)
        return -1;
    if (c != ',' && c != closing)
        return unexpected(parser, closing == '}' ? "',' or '}'"
                                                 : "',' or ']'", err);
    parser->window.at++;
    return c != ',';
}

/* Takes a name and its colon; `*same`: it is the token. */
static int match_name(struct wf_item_parser *parser, struct wf_str token,
                      bool *same, struct wf_error *err) {
    struct wf_item_window *window = &parser->window;
    size_t len;
    int c = peek(parser, err);

    if (c < 0)
        return -1;
    if (c != '"')
        return unexpected(parser, "a name", err);
    if (find_end(parser, true, &len, err) != 0)
        return -1;
    *same = wf_string_is(
        (struct wf_str){window->data + window->at + 1, len - 2}, token);
    take(parser, len);
    return expect(parser, ':', "':'", err);
}

static int enter_member(struct wf_item_parser *parser, struct wf_str token,
                        struct wf_error *err) {
    int c = peek(parser, err);
    bool same = false;

    if (c == '}')
        return not_found(parser, err);
    while (c >= 0) {
        if (match_name(parser, token, &same, err) != 0)
            return -1;
        if (same)
            return 0;
        c = skip_value(parser, '}', err);
        if (c > 0)
            return not_found(parser, err);
    }
    return -1;
}

static int enter_element(struct wf_item_parser *parser, struct wf_str token,
                         struct wf_error *err) {
    uint64_t index = 0;
    int c = peek(parser, err);

    if (c < 0)
        return -1;
    if (c == ']' || token.len == 0 || token.len > 18 ||
        (token.len > 1 && token.data[0] == '0'))
        return not_found(parser, err);
    for (size_t i = 0; i < token.len; i++) {
        if (token.data[i] < '0' || token.data[i] > '9')
            return not_found(parser, err);
        index = index * 10 + (uint64_t)(token.data[i] - '0');
    }
    while (index-- > 0) {
        c = skip_value(parser, ']', err);
        if (c < 0)
            return -1;
        if (c > 0)
            return not_found(parser, err);
    }
    return 0;
}

/* Moves to the value that the pointer leads to. */
static int follow_pointer(struct wf_item_parser *parser,
                          struct wf_error *err) {
    struct wf_str pointer = parser->options->pointer;
    struct wf_buf token = {0};
    int rc = 0;

    if (pointer.len && pointer.data[0] != '/')
        return not_found(parser, err);
    while (rc == 0 && next_token(&pointer, &token)) {
        struct wf_str text = {token.data, token.len};
        int c = peek(parser, err);
        if (c != '{' && c != '[') {
            rc = c < 0 ? -1 : not_found(parser, err);
            break;
        }
        parser->window.at++;
        rc = c == '{' ? enter_member(parser, text, err)
                      : enter_element(parser, text, err);
    }
    wf_buf_free(&token);
    return rc;
}

/* ---- the parser ---- */

static int json_begin(struct wf_item_parser *parser, struct wf_error *err) {
    if (parser->place.mark)
        return wf_item_window_seek(&parser->window, parser->place.offset,
                                   err);
    parser->place.line = 1;
    if (wf_item_skip_mark(parser, err) != 0 ||
        follow_pointer(parser, err) != 0)
        return -1;
    int c = peek(parser, err);
    if (c < 0)
        return -1;
    if (c != '[' && c != '{') /* AWS's words */
        return wf_error_set(err, WF_E_INVALID,
                            "Attempting to map over non-iterable node.");
    parser->window.at++;
    parser->place.offset = wf_item_window_offset(&parser->window);
    parser->place.mark =
        (uint8_t)(BEGUN | (c == '{' ? IN_OBJECT : 0) |
                  (parser->options->pointer.len == 0 ? ROOT : 0));
    return 0;
}

/* Behind the whole document there are blanks only. */
static int expect_nothing(struct wf_item_parser *parser,
                          struct wf_error *err) {
    struct wf_item_window *window = &parser->window;

    for (;;) {
        while (window->at < window->end)
            if (!wf_json_blank(window->data[window->at]))
                return unexpected(parser, "the document's end", err);
            else
                take(parser, 1);
        int more = wf_item_fill(parser, TOO_LARGE, err);
        if (more <= 0)
            return more;
    }
}

/* Before an item: 1; behind the last one: 0. */
static int before_item(struct wf_item_parser *parser, struct wf_error *err) {
    uint8_t mark = parser->place.mark;
    char closing = mark & IN_OBJECT ? '}' : ']';
    int c = peek(parser, err);

    if (c < 0)
        return -1;
    if (c == closing) {
        if (!(mark & ROOT))
            return 0;
        parser->window.at++;
        return expect_nothing(parser, err);
    }
    if (!(mark & BEHIND))
        return 1;
    if (c != ',')
        return unexpected(parser, mark & IN_OBJECT ? "',' or '}'"
                                                   : "',' or ']'", err);
    parser->window.at++;
    return peek(parser, err) < 0 ? -1 : 1;
}

/* Appends a value, checked; what is said about it: `what`. */
static int add_value(struct wf_item_parser *parser, struct wf_buf *out,
                     const char *what, struct wf_error *err) {
    struct wf_item_window *window = &parser->window;
    struct wf_error why = {0};
    size_t len = 0;

    if (find_end(parser, true, &len, err) != 0)
        return -1;
    struct wf_str text = {window->data + window->at, len};
    struct wf_doc *doc = wf_doc_parse(text, NULL, &why);
    if (!doc)
        return wf_item_fault(parser, err, WF_E_INVALID, "%s is not JSON: %s",
                             what, why.message);
    wf_doc_unref(doc);
    wf_item_compact(text, out);
    take(parser, len);
    return 0;
}

/* A member's name and colon. */
static int add_name(struct wf_item_parser *parser, struct wf_buf *out,
                    struct wf_error *err) {
    int c = peek(parser, err);

    if (c < 0)
        return -1;
    if (c != '"')
        return unexpected(parser, "a name", err);
    if (add_value(parser, out, "the name", err) != 0 ||
        expect(parser, ':', "':'", err) != 0)
        return -1;
    return peek(parser, err) < 0 ? -1 : 0;
}

static int json_next(struct wf_item_parser *parser,
                     struct wf_item_batch *batch, struct wf_error *err) {
    size_t name = batch->text.len;
    int there = before_item(parser, err);

    if (there <= 0)
        return there;
    if (parser->place.mark & IN_OBJECT &&
        add_name(parser, &batch->text, err) != 0)
        return -1;
    size_t start = batch->text.len;
    if (add_value(parser, &batch->text, "the item", err) != 0)
        return -1;
    struct wf_item *item = wf_item_batch_add(batch);
    *item = (struct wf_item){.start = start,
                             .len = batch->text.len - start,
                             .key_start = name,
                             .key_len = start - name};
    parser->place.mark |= BEHIND;
    parser->place.offset = wf_item_window_offset(&parser->window);
    return 1;
}

const struct wf_item_parser_ops wf_item_json = {
    sizeof(struct json), json_begin, json_next, NULL};
