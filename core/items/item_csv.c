/*
 * item_csv.c - rows of delimited text as JSON objects. See item_reader.h.
 *
 * A row is read and written in one pass: 16 bytes are copied to the output
 * at once, and only then looked at; what is neither delimiter nor special
 * stays. A row that the window does not hold whole is begun again with more.
 */
#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "doc_scan.h"
#include "item_format.h"

#define HEADER_MAX ((size_t)10 * 1024) /* as AWS */
#define ROOM 64                /* what one step may append, with a margin */

enum row { ROW_END, ROW_DONE, ROW_MORE, ROW_BAD };

/* A name ready to write: `{"A":"` or `","B":"`. */
struct column {
    size_t start, len;
};

struct csv {
    struct wf_item_parser base;
    char delimiter;
    struct wf_buf names;
    struct column *columns;
    size_t count;
    bool naming; /* the row is the header: fields as JSON strings */
};

/* A row on its way. */
struct scan {
    const char *at;
    const char *end;
    struct wf_buf *out;
    size_t field;     /* number of the current one */
    size_t kept;      /* output up to where fields count */
    bool quoted;      /* between quotation marks */
    bool started;     /* the field has had a character */
    uint64_t lines;   /* newlines inside the row */
    const char *open; /* the mark that opened the quotation */
};

static inline struct csv *csv_of(struct wf_item_parser *parser) {
    return (struct csv *)parser;
}

/* ---- characters ---- */

static void add_escaped(struct wf_buf *out, unsigned char c) {
    static const char hex[] = "0123456789abcdef";
    static const char names[32] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n',
                                   ['\r'] = 'r', ['\t'] = 't'};
    char *to = out->data + out->len;

    if (c >= 0x20 && c != '"' && c != '\\') {
        to[0] = (char)c;
        out->len += 1;
        return;
    }
    to[0] = '\\';
    to[1] = c >= 0x20 ? (char)c : names[c];
    out->len += 2;
    if (to[1] == '\0') {
        memcpy(to + 1, "u00", 3);
        to[4] = hex[c >> 4];
        to[5] = hex[c & 15];
        out->len += 4;
    }
}

/* Copies up to the first delimiter, quotation mark, backslash, control or
 * byte that is not ASCII. May copy, but not count, bytes behind it. */
static inline void copy_plain(struct scan *scan, char delimiter) {
    struct wf_buf *out = scan->out;
#if defined(__SSE2__)
    const __m128i comma = _mm_set1_epi8(delimiter);
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(0x20);
    for (;;) {
        if (out->cap - out->len < ROOM)
            wf_buf_reserve(out, ROOM);
        __m128i chunk = _mm_loadu_si128((const __m128i *)scan->at);
        _mm_storeu_si128((__m128i *)(out->data + out->len), chunk);
        /* signed: bytes from 0x80 on are below the space, too */
        __m128i stop = _mm_cmplt_epi8(chunk, space);
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(chunk, comma));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(chunk, quote));
        stop = _mm_or_si128(stop, _mm_cmpeq_epi8(chunk, slash));
        unsigned mask = (unsigned)_mm_movemask_epi8(stop);
        size_t plain = mask ? (size_t)__builtin_ctz(mask) : 16;
        scan->at += plain;
        out->len += plain;
        if (mask)
            return;
    }
#else
    for (;;) {
        unsigned char c = (unsigned char)*scan->at;
        if (out->cap - out->len < ROOM)
            wf_buf_reserve(out, ROOM);
        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\' ||
            c == (unsigned char)delimiter)
            return;
        out->data[out->len++] = (char)c;
        scan->at++;
    }
#endif
}

/* A field's end is next: delimiter, line end or the end of the file. */
static bool at_field_end(const struct scan *scan, const char *at,
                         char delimiter) {
    return at >= scan->end || *at == delimiter || *at == '\n' ||
           (*at == '\r' && at + 1 < scan->end && at[1] == '\n');
}

/* A quotation mark: doubled it is one character, else it opens or closes; in
 * the middle of a field's text it is kept as well. */
static void take_quote(struct scan *scan, char delimiter) {
    const char *at = scan->at;

    if ((scan->quoted || scan->started) && at + 1 < scan->end &&
        at[1] == '"') {
        add_escaped(scan->out, '"');
        scan->at += 2;
        scan->started = true;
        return;
    }
    scan->quoted = !scan->quoted;
    if (scan->quoted)
        scan->open = at;
    if (scan->started && !at_field_end(scan, at + 1, delimiter))
        add_escaped(scan->out, '"');
    scan->started = true;
    scan->at++;
}

static void take_backslash(struct scan *scan, char delimiter) {
    const char *next = scan->at + 1;

    scan->started = true;
    if (next < scan->end &&
        (*next == '\\' || *next == '"' || *next == delimiter)) {
        add_escaped(scan->out, (unsigned char)*next);
        scan->at++;
    }
    scan->at++;
}

/* Not ASCII. False: not UTF-8. */
static bool take_wide(struct csv *csv, struct scan *scan) {
    size_t len = wf_utf8_length(scan->at, scan->end);

    scan->started = true;
    if (len == 0 && !csv->base.options->replace_invalid)
        return false;
    wf_buf_add(scan->out, len ? scan->at : "\xef\xbf\xbd", len ? len : 3);
    scan->at += len ? len : 1;
    return true;
}

/* ---- rows ---- */

static inline void begin_field(const struct csv *csv, struct scan *scan) {
    struct wf_buf *out = scan->out;

    scan->started = false;
    if (scan->field >= csv->count) {
        if (csv->naming)
            wf_buf_adds(out, scan->field ? "\",\"" : "\"");
        return;
    }
    const struct column *column = &csv->columns[scan->field];
    if (out->cap - out->len < column->len + ROOM)
        wf_buf_reserve(out, column->len + ROOM);
    memcpy(out->data + out->len, csv->names.data + column->start,
           column->len);
    out->len += column->len;
}

/* What the header does not name is not kept. */
static inline void end_field(const struct csv *csv, struct scan *scan) {
    if (scan->field < csv->count || csv->naming)
        scan->kept = scan->out->len;
    else
        scan->out->len = scan->kept;
    scan->field++;
}

static void end_row(const struct csv *csv, struct scan *scan) {
    end_field(csv, scan);
    while (scan->field < csv->count) {
        begin_field(csv, scan);
        end_field(csv, scan);
    }
    wf_buf_adds(scan->out, csv->naming ? "\"" : "\"}");
}

/* Takes a character other than delimiter and line end. */
static enum row take_special(struct csv *csv, struct scan *scan) {
    unsigned char c = (unsigned char)*scan->at;

    /* The longest character, or a mark and what follows it. */
    if (scan->end - scan->at < 4 && !csv->base.window.eof)
        return ROW_MORE;
    if (c == '"') {
        take_quote(scan, csv->delimiter);
    } else if (c == '\\') {
        take_backslash(scan, csv->delimiter);
    } else if (c >= 0x80) {
        return take_wide(csv, scan) ? ROW_DONE : ROW_BAD;
    } else {
        scan->lines += c == '\n';
        scan->started = true;
        add_escaped(scan->out, c);
        scan->at++;
    }
    return ROW_DONE;
}

/* Whether an unquoted line end is next; moves to its newline. */
static inline bool at_line_end(struct scan *scan) {
    if (*scan->at == '\r' && scan->at + 1 < scan->end &&
        scan->at[1] == '\n') /* else it is a character, or unread */
        scan->at++;
    return *scan->at == '\n';
}

/* The fields of a row, up to its line end. */
static enum row scan_fields(struct csv *csv, struct scan *scan) {
    char delimiter = csv->delimiter;
    enum row row = ROW_DONE;

    begin_field(csv, scan);
    while (row == ROW_DONE) {
        const char *from = scan->at;
        copy_plain(scan, delimiter);
        scan->started |= scan->at != from;
        if (scan->at >= scan->end)
            return !csv->base.window.eof ? ROW_MORE
                   : scan->quoted        ? ROW_BAD
                                         : ROW_DONE;
        if (!scan->quoted && *scan->at == delimiter) {
            end_field(csv, scan);
            begin_field(csv, scan);
            scan->at++;
        } else if (!scan->quoted && at_line_end(scan)) {
            return ROW_DONE;
        } else {
            row = take_special(csv, scan);
        }
    }
    return row;
}

/* One row; `scan->at` is behind its line end. */
static enum row scan_row(struct csv *csv, struct scan *scan) {
    enum row row = scan_fields(csv, scan);

    if (row != ROW_DONE)
        return row;
    end_row(csv, scan);
    scan->lines++;
    if (scan->at < scan->end)
        scan->at++;
    return ROW_DONE;
}

/* Skips lines without a character: 1 at a row, 0 at the end, -1. */
static int skip_empty(struct csv *csv, struct wf_error *err) {
    struct wf_item_window *window = &csv->base.window;

    for (;;) {
        const char *at = window->data + window->at;
        size_t left = window->end - window->at;
        if (left < 2 && !window->eof) {
            if (wf_item_fill(&csv->base, "a row", err) < 0)
                return -1;
            continue;
        }
        if (left == 0)
            return 0;
        size_t len = *at == '\n'                                ? 1
                     : left > 1 && *at == '\r' && at[1] == '\n' ? 2
                                                                : 0;
        if (len == 0)
            return 1;
        window->at += len;
        csv->base.place.line++;
    }
}

static int fault(struct csv *csv, const struct scan *scan,
                 struct wf_error *err) {
    const struct wf_item_window *window = &csv->base.window;
    const char *start = window->data + window->at, *stop = scan->at;
    bool open = scan->at >= scan->end;

    if (open)
        stop = scan->open;
    for (const char *at = start; at < stop; at++)
        csv->base.place.line += *at == '\n';
    return wf_item_fault(
        &csv->base, err, WF_E_INVALID,
        open ? "the quotation mark at byte %llu is not followed by another "
               "one"
             : "the byte at offset %llu is not UTF-8",
        (unsigned long long)wf_item_window_offset(window) +
            (unsigned long long)(stop - start));
}

/* Appends a row's JSON to `out`: 1; 0 at the end; -1. */
static int read_row(struct csv *csv, struct wf_buf *out,
                    struct wf_error *err) {
    struct wf_item_window *window = &csv->base.window;
    int there = skip_empty(csv, err);
    size_t before = out->len;

    if (there <= 0)
        return there;
    for (;;) {
        struct scan scan = {.at = window->data + window->at,
                            .end = window->data + window->end,
                            .out = out};
        enum row row = scan_row(csv, &scan);
        if (row == ROW_DONE) {
            window->at = (size_t)(scan.at - window->data);
            csv->base.place.line += scan.lines;
            csv->base.place.offset = wf_item_window_offset(window);
            return 1;
        }
        out->len = before;
        if (row == ROW_BAD)
            return fault(csv, &scan, err);
        if (wf_item_fill(&csv->base, "a row", err) < 0)
            return -1;
    }
}

/* ---- headers ---- */

static bool is_known(const struct csv *csv, struct wf_str name) {
    for (size_t i = 0; i < csv->count; i++) {
        const struct column *column = &csv->columns[i];
        size_t lead = i ? 3 : 2; /* `","` or `{"`, and `":"` behind */
        struct wf_str other = {csv->names.data + column->start + lead,
                               column->len - lead - 3};
        if (wf_str_eq(other, name))
            return true;
    }
    return false;
}

/* `quoted`: the name as JSON. */
static int add_column(struct csv *csv, struct wf_str quoted,
                      struct wf_error *err) {
    struct wf_str name = {quoted.data + 1, quoted.len - 2};
    struct column column = {.start = csv->names.len};

    if (is_known(csv, name)) /* AWS's words */
        return wf_error_set(err, WF_E_INVALID,
                            "CSV headers cannot contain duplicates.");
    wf_buf_adds(&csv->names, csv->count ? "\"," : "{");
    wf_buf_addstr(&csv->names, quoted);
    wf_buf_adds(&csv->names, ":\"");
    column.len = csv->names.len - column.start;
    csv->columns = wf_realloc(csv->columns,
                              (csv->count + 1) * sizeof(*csv->columns));
    csv->columns[csv->count++] = column;
    return 0;
}

/* Names from `"A","B"`. */
static int take_names(struct csv *csv, struct wf_str row,
                      struct wf_error *err) {
    const char *at = row.data, *end = row.data + row.len;

    while (at < end) { /* "…","…" */
        const char *stop = at + 1;
        while (*stop != '"')
            stop += *stop == '\\' ? 2 : 1;
        if (add_column(csv, (struct wf_str){at, (size_t)(stop + 1 - at)},
                       err) != 0)
            return -1;
        at = stop + 2;
    }
    return 0;
}

static int read_header(struct csv *csv, struct wf_error *err) {
    struct wf_buf row = {0};

    csv->naming = true;
    int there = read_row(csv, &row, err);
    csv->naming = false;
    if (there > 0 && csv->base.place.offset > HEADER_MAX)
        there = wf_error_set(err, WF_E_LIMIT,
                             "CSV headers cannot be larger than 10 KiB.");
    if (there > 0)
        there = take_names(csv, (struct wf_str){row.data, row.len}, err);
    wf_buf_free(&row);
    return there < 0 ? -1 : 0;
}

static int give_header(struct csv *csv, struct wf_error *err) {
    const struct wf_item_options *options = csv->base.options;
    size_t bytes = 0;

    for (size_t i = 0; i < options->header_count; i++) {
        struct wf_buf name = {0};
        bytes += options->headers[i].len;
        wf_buf_json(&name, options->headers[i]);
        int added =
            bytes > HEADER_MAX
                ? wf_error_set(err, WF_E_LIMIT,
                               "CSV headers cannot be larger than 10 KiB.")
                : add_column(csv, (struct wf_str){name.data, name.len}, err);
        wf_buf_free(&name);
        if (added != 0)
            return -1;
    }
    return 0;
}

/* ---- the parser ---- */

static int csv_begin(struct wf_item_parser *parser, struct wf_error *err) {
    struct csv *csv = csv_of(parser);
    struct wf_item_place place = parser->place;
    char delimiter = parser->options->delimiter;

    csv->delimiter = delimiter ? delimiter : ',';
    parser->place = (struct wf_item_place){.line = 1};
    if (wf_item_skip_mark(parser, err) != 0)
        return -1;
    if ((parser->options->headers ? give_header(csv, err)
                                  : read_header(csv, err)) != 0)
        return -1;
    if (place.mark) { /* the header is in the file's first bytes */
        parser->place = place;
        return wf_item_window_seek(&parser->window, place.offset, err);
    }
    parser->place.mark = 1;
    parser->place.offset = wf_item_window_offset(&parser->window);
    return 0;
}

static int csv_next(struct wf_item_parser *parser,
                    struct wf_item_batch *batch, struct wf_error *err) {
    struct csv *csv = csv_of(parser);
    size_t start = batch->text.len;
    int there = csv->count ? read_row(csv, &batch->text, err) : 0;

    if (there > 0) {
        struct wf_item *item = wf_item_batch_add(batch);
        item->start = start;
        item->len = batch->text.len - start;
    }
    return there;
}

static void csv_free(struct wf_item_parser *parser) {
    struct csv *csv = csv_of(parser);

    wf_buf_free(&csv->names);
    free(csv->columns);
}

const struct wf_item_parser_ops wf_item_csv = {sizeof(struct csv), csv_begin,
                                               csv_next, csv_free};
