/*
 * fuzz_items.c - readers of items: whatever the bytes are, they are refused
 * with a cause, or each item is JSON, and reading one item at a time, from
 * pieces, by a new reader at each position, gives the same ones.
 *
 * The first byte chooses input and options, the rest is the text.
 */
#include <stdio.h>
#include <stdlib.h>

#include "doc.h"
#include "item_reader.h"

static void require(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static void take(const struct wf_item_batch *batch, struct wf_buf *out) {
    struct wf_doc_limits limits = {.max_depth = 1000};

    for (size_t i = 0; i < batch->count; i++) {
        struct wf_str text = wf_item_text(batch, i);
        struct wf_doc *doc = wf_doc_parse(text, &limits, NULL);
        require(doc, "an item is JSON");
        wf_doc_unref(doc);
        wf_buf_addstr(out, text);
        wf_buf_u8(out, '\n');
        const struct wf_item *item = &batch->items[i];
        if (item->key_len) {
            text = (struct wf_str){batch->text.data + item->key_start,
                                   item->key_len};
            doc = wf_doc_parse(text, NULL, NULL);
            require(doc && doc->text[0] == '"', "a name is a string");
            wf_doc_unref(doc);
        }
    }
}

static int read_at_once(const struct wf_item_options *options,
                        struct wf_buf *out, struct wf_error *err) {
    struct wf_item_reader *reader = wf_item_reader_new(options);
    struct wf_item_batch batch = {0};
    int rc = wf_item_reader_next(reader, SIZE_MAX, SIZE_MAX, &batch, err);

    take(&batch, out);
    require(rc != 0 || batch.end, "all is read");
    require(rc == 0 || err->message[0], "a fault has a cause");
    wf_item_batch_free(&batch);
    wf_item_reader_free(reader);
    return rc;
}

static int read_by_one(const struct wf_item_options *options,
                       struct wf_buf *out, struct wf_error *err) {
    struct wf_item_batch batch = {0};
    int rc = 0;

    for (unsigned turn = 0; rc == 0 && !batch.end; turn++) {
        struct wf_item_reader *reader = wf_item_reader_new(options);
        struct wf_str position = {batch.position.data, batch.position.len};
        if (turn)
            require(wf_item_reader_seek(reader, position, err) == 0,
                    "a position is one");
        rc = wf_item_reader_next(reader, 1 + turn / 64, SIZE_MAX, &batch,
                                 err);
        take(&batch, out);
        wf_item_reader_free(reader);
    }
    wf_item_batch_free(&batch);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct wf_str headers[] = {{"a", 1}, {"b\"", 2}, {"", 0}};
    static const struct wf_str pointers[] = {{"", 0}, {"/a", 2}, {"/a/1", 4}};
    struct wf_buf whole = {0}, parts = {0};
    struct wf_error err = {0}, other = {0};

    if (size == 0 || size > 20000)
        return 0;
    struct wf_item_options options = {
        .dataset = WF_ITEM_TEXT,
        .input = (enum wf_item_input)(data[0] % 3),
        .text = {(const char *)data + 1, size - 1},
        .max_item_bytes = 4096,
        .delimiter = ",|; \t"[data[0] / 3 % 5],
        .headers = data[0] & 64 ? headers : NULL,
        .header_count = 3,
        .pointer = pointers[data[0] / 3 % 3],
        .replace_invalid = data[0] & 128,
    };
    int rc = read_at_once(&options, &whole, &err);
    options.text_piece = 1 + data[0] % 7;
    int again = read_by_one(&options, &parts, &other);
    /* How much of a too large item is read at once is not said. */
    if (err.code != WF_E_LIMIT && other.code != WF_E_LIMIT) {
        require(rc == again, "the same end");
        require(whole.len == parts.len &&
                    (whole.len == 0 ||
                     memcmp(whole.data, parts.data, whole.len) == 0),
                "the same items");
        require(strcmp(err.message, other.message) == 0, "the same cause");
    }
    wf_buf_free(&whole);
    wf_buf_free(&parts);
    return 0;
}
