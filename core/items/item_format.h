/*
 * item_format.h - what the readers of item_reader.h are made of. Used by
 * item_*.c only.
 *
 * A parser turns the bytes of one part into items; parts tell which sources
 * follow each other. Both append to a batch and keep what a position needs.
 */
#ifndef WF_ITEM_FORMAT_H
#define WF_ITEM_FORMAT_H

#include "item_bucket.h"
#include "item_reader.h"
#include "item_window.h"

/* ---- parsers ---- */

/** Where a parser is, for a position. All-zero: at the start. */
struct wf_item_place {
    uint64_t offset; /**< In the part. */
    uint64_t line;   /**< The next record's, from 1. */
    uint8_t mark;    /**< The parser's own; not 0 once it has begun. */
};

struct wf_item_parser;

struct wf_item_parser_ops {
    size_t size; /**< Of the parser's own struct. */
    /** Begins at the start, or (mark not 0) goes on at parser->place. */
    int (*begin)(struct wf_item_parser *parser, struct wf_error *err);
    /** Appends an item: 1; 0 at the end; -1. Updates the place. */
    int (*next)(struct wf_item_parser *parser, struct wf_item_batch *batch,
                struct wf_error *err);
    void (*free)(struct wf_item_parser *parser); /* NULL: nothing */
};

struct wf_item_parser {
    const struct wf_item_parser_ops *ops;
    const struct wf_item_options *options; /* borrowed */
    struct wf_item_window window;
    struct wf_item_place place;
};

extern const struct wf_item_parser_ops wf_item_csv, wf_item_json,
    wf_item_jsonl;

/** "NAME: line N: ..." about the record at the parser's place; -1. */
int wf_item_fault(struct wf_item_parser *parser, struct wf_error *err,
                  enum wf_error_code code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** wf_item_window_fill(); a limit names the line and `what` is too large. */
int wf_item_fill(struct wf_item_parser *parser, const char *what,
                 struct wf_error *err);
/** Skips a byte order mark at the start. */
int wf_item_skip_mark(struct wf_item_parser *parser, struct wf_error *err);
/** Appends JSON without the blanks between tokens. */
void wf_item_compact(struct wf_str json, struct wf_buf *out);
/** The first quotation mark or backslash from `at` on, or `end`. */
const char *wf_item_string_stop(const char *at, const char *end);
/** A new item of the batch whose text begins at the end of what there is. */
struct wf_item *wf_item_batch_add(struct wf_item_batch *batch);

/* ---- parts ---- */

/** The files that a manifest names. */
struct wf_item_manifest {
    struct wf_str *buckets; /**< Slices of `text`; absent: the manifest's. */
    struct wf_str *keys;
    size_t count, cap;
    struct wf_str *headers; /**< Of an inventory; slices of `text`. */
    size_t header_count;
    struct wf_buf text;
};
int wf_item_manifest_inventory(struct wf_item_manifest *manifest,
                               struct wf_item_source *source,
                               struct wf_error *err);
int wf_item_manifest_athena(struct wf_item_manifest *manifest,
                            struct wf_item_source *source,
                            struct wf_error *err);
void wf_item_manifest_free(struct wf_item_manifest *manifest);

#endif
