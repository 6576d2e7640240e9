/* item_jsonl.c - a JSON value a line. See item_reader.h. */
#include <stdlib.h>

#include "doc_scan.h"
#include "item_format.h"

struct jsonl {
    struct wf_item_parser base;
};

static int jsonl_begin(struct wf_item_parser *parser, struct wf_error *err) {
    if (parser->place.mark)
        return wf_item_window_seek(&parser->window, parser->place.offset,
                                   err);
    if (wf_item_skip_mark(parser, err) != 0)
        return -1;
    parser->place = (struct wf_item_place){
        .offset = wf_item_window_offset(&parser->window),
        .line = 1,
        .mark = 1};
    return 0;
}

/* The next line, without its end: 1; 0 at the end; -1. */
static int find_line(struct wf_item_parser *parser, struct wf_str *line,
                     struct wf_error *err) {
    struct wf_item_window *window = &parser->window;
    size_t looked = 0;

    for (;;) {
        const char *start = window->data + window->at;
        size_t left = window->end - window->at;
        const char *stop =
            left > looked ? memchr(start + looked, '\n', left - looked)
                          : NULL;
        if (stop || (window->eof && left)) {
            *line = (struct wf_str){start, stop ? (size_t)(stop - start)
                                                : left};
            return 1;
        }
        if (window->eof)
            return 0;
        looked = left;
        if (wf_item_fill(parser, "an item", err) < 0)
            return -1;
    }
}

static bool is_empty(struct wf_str line) {
    for (size_t i = 0; i < line.len; i++)
        if (!wf_json_blank(line.data[i]))
            return false;
    return true;
}

static int take_line(struct wf_item_parser *parser, struct wf_str line,
                     struct wf_item_batch *batch, struct wf_error *err) {
    struct wf_error why = {0};
    struct wf_doc *doc = wf_doc_parse(line, NULL, &why);

    if (!doc)
        return wf_item_fault(parser, err, WF_E_INVALID,
                             "the line is not JSON: %s", why.message);
    wf_doc_unref(doc);
    struct wf_item *item = wf_item_batch_add(batch);
    wf_item_compact(line, &batch->text);
    item->len = batch->text.len - item->start;
    return 1;
}

static int jsonl_next(struct wf_item_parser *parser,
                      struct wf_item_batch *batch, struct wf_error *err) {
    struct wf_item_window *window = &parser->window;
    struct wf_str line;
    int there;

    while ((there = find_line(parser, &line, err)) > 0) {
        bool empty = is_empty(line);
        if (!empty && take_line(parser, line, batch, err) < 0)
            return -1;
        window->at += line.len + (window->at + line.len < window->end);
        parser->place.line++;
        parser->place.offset = wf_item_window_offset(window);
        if (!empty)
            break;
    }
    return there;
}

const struct wf_item_parser_ops wf_item_jsonl = {
    sizeof(struct jsonl), jsonl_begin, jsonl_next, NULL};
