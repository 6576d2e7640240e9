/* item_reader.c - parts after each other, batches, positions. See
 * item_reader.h. */
#include "item_reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "doc_scan.h"
#include "item_format.h"

#define POSITION_VERSION 1

struct wf_item_reader {
    struct wf_item_options options; /* its texts: owned */
    struct wf_str *headers;         /* copies; a part of options */
    const atomic_bool *cancelled;

    bool begun;
    bool ended;
    struct wf_error failure; /* code WF_OK: none so far */

    struct wf_item_bucket *bucket; /* of the last object; or NULL */
    struct wf_item_list *list;
    struct wf_item_manifest manifest;
    struct wf_item_options part_options; /* what the parser is given */
    struct wf_item_parser *parser;       /* of the current part, or NULL */
    struct wf_buf source;                /* of its items */

    /* What a position holds. */
    uint64_t items; /* handed out */
    uint32_t part;  /* number of the current part, or of the next one */
    struct wf_buf key; /* listings: of the current or the last part */
    struct wf_item_place place; /* in the current part */
};

/* ---- options ---- */

struct wf_item_reader *
wf_item_reader_new(const struct wf_item_options *options) {
    struct wf_item_reader *reader = wf_calloc(1, sizeof(*reader));
    struct wf_item_options *own = &reader->options;

    *own = *options;
    own->bucket = wf_item_copy(own->bucket);
    own->key = wf_item_copy(own->key);
    own->prefix = wf_item_copy(own->prefix);
    own->start_after = wf_item_copy(own->start_after);
    own->text = wf_item_copy(own->text);
    own->pointer = wf_item_copy(own->pointer);
    if (own->headers) {
        reader->headers =
            wf_calloc(own->header_count, sizeof(*reader->headers));
        for (size_t i = 0; i < own->header_count; i++)
            reader->headers[i] = wf_item_copy(own->headers[i]);
        own->headers = reader->headers;
    }
    reader->part_options = *own;
    return reader;
}

static void drop_parser(struct wf_item_reader *reader) {
    struct wf_item_parser *parser = reader->parser;

    reader->parser = NULL;
    if (!parser)
        return;
    if (parser->ops->free)
        parser->ops->free(parser);
    wf_item_window_deinit(&parser->window);
    free(parser);
}

void wf_item_reader_free(struct wf_item_reader *reader) {
    if (!reader)
        return;
    drop_parser(reader);
    wf_item_list_free(reader->list);
    wf_item_manifest_free(&reader->manifest);
    wf_item_bucket_free(reader->bucket);
    struct wf_item_options *own = &reader->options;
    for (size_t i = 0; reader->headers && i < own->header_count; i++)
        free((char *)reader->headers[i].data);
    free(reader->headers);
    free((char *)own->bucket.data);
    free((char *)own->key.data);
    free((char *)own->prefix.data);
    free((char *)own->start_after.data);
    free((char *)own->text.data);
    free((char *)own->pointer.data);
    wf_buf_free(&reader->source);
    wf_buf_free(&reader->key);
    free(reader);
}

void wf_item_reader_cancel_on(struct wf_item_reader *reader,
                              const atomic_bool *cancelled) {
    reader->cancelled = cancelled;
}

static bool is_listing(const struct wf_item_reader *reader) {
    return reader->options.dataset == WF_ITEM_LIST ||
           reader->options.dataset == WF_ITEM_LIST_FLATTEN;
}

/* ---- positions ---- */

/* Low 24 bits: enough to notice another content. */
static uint32_t stamp_of(const struct wf_item_reader *reader) {
    return reader->parser
               ? (uint32_t)reader->parser->window.source->stamp & 0xffffff
               : 0;
}

/*
 * A position: version, mark (0: no part is open), stamp (2 + 1 bytes), part,
 * items, line and offset, big-endian; of a listing the key behind it.
 */
static void put_position(const struct wf_item_reader *reader,
                         struct wf_buf *out) {
    uint32_t stamp = stamp_of(reader);

    out->len = 0;
    wf_buf_u8(out, POSITION_VERSION);
    wf_buf_u8(out, reader->place.mark);
    wf_buf_u8(out, (uint8_t)(stamp >> 16));
    wf_buf_be16(out, (uint16_t)stamp);
    wf_buf_u8(out, 0);
    wf_buf_be16(out, 0);
    wf_buf_be32(out, reader->part);
    wf_buf_be32(out, (uint32_t)(reader->place.line < UINT32_MAX
                                    ? reader->place.line
                                    : UINT32_MAX));
    wf_buf_be64(out, reader->items);
    wf_buf_be64(out, reader->place.offset);
    if (is_listing(reader))
        wf_buf_add(out, reader->key.data, reader->key.len);
}

/* ---- parts ---- */

/* Names of files and what a manifest says may be any bytes. */
static void add_name(struct wf_buf *out, struct wf_str name) {
    for (size_t at = 0, len; at < name.len; at += len ? len : 1) {
        len = wf_utf8_length(name.data + at, name.data + name.len);
        wf_buf_add(out, len ? name.data + at : "\xef\xbf\xbd",
                   len ? len : 3);
    }
}

/* Where items come from: the object, or without a key the bucket. */
static void set_source(struct wf_item_reader *reader, struct wf_str bucket,
                       struct wf_str key) {
    reader->source.len = 0;
    wf_buf_adds(&reader->source, bucket.len ? "S3://" : "file:");
    add_name(&reader->source, bucket);
    wf_buf_adds(&reader->source, bucket.len && key.len ? "/" : "");
    add_name(&reader->source, key);
}

static void set_list_source(struct wf_item_reader *reader) {
    struct wf_str bucket = reader->options.bucket;
    struct wf_str directory = reader->options.prefix;

    if (bucket.len)
        set_source(reader, bucket, WF_STR(""));
    else if (directory.len == 0)
        set_source(reader, bucket, WF_STR("."));
    else /* without its slash */
        set_source(reader, bucket,
                   (struct wf_str){directory.data, directory.len - 1});
}

/* Makes a bucket the current one; `path` is where to look for plain files. */
static int use_bucket(struct wf_item_reader *reader, struct wf_str name,
                      struct wf_str path, struct wf_error *err) {
    if (reader->bucket && wf_str_eq(reader->bucket->name, name))
        return 0;
    wf_item_bucket_free(reader->bucket);
    reader->bucket = wf_item_bucket_find(reader->options.stores, name, path,
                                         reader->cancelled, err);
    return reader->bucket ? 0 : -1;
}

static struct wf_item_source *open_object(struct wf_item_reader *reader,
                                          struct wf_str bucket,
                                          struct wf_str key,
                                          struct wf_error *err) {
    return use_bucket(reader, bucket, key, err) == 0
               ? wf_item_bucket_open(reader->bucket, key, err)
               : NULL;
}

/* The file of a manifest that is the current part: 1; 0: no more; -1. */
static int manifest_part(struct wf_item_reader *reader,
                         struct wf_item_source **source,
                         struct wf_error *err) {
    const struct wf_item_manifest *manifest = &reader->manifest;

    if (reader->part >= manifest->count)
        return 0;
    struct wf_str bucket = manifest->buckets[reader->part];
    struct wf_str key = manifest->keys[reader->part];
    set_source(reader, bucket, key);
    *source = open_object(reader, bucket, key, err);
    return *source ? 1 : -1;
}

/* The object that is the current part of a listing. */
static int listed_part(struct wf_item_reader *reader,
                       struct wf_item_source **source,
                       struct wf_error *err) {
    struct wf_str key = {reader->key.data, reader->key.len};

    if (!reader->place.mark) { /* else the one a position was in */
        struct wf_item_list *list = reader->list;
        int there;
        do /* a key that ends with a slash stands for a directory */
            there = list->ops->next(list, &key, err);
        while (there > 0 && key.data[key.len - 1] == '/');
        if (there <= 0)
            return there;
        reader->key.len = 0;
        wf_buf_addstr(&reader->key, key);
    }
    set_source(reader, reader->options.bucket, key);
    *source = open_object(reader, reader->options.bucket, key, err);
    return *source ? 1 : -1;
}

static int only_part(struct wf_item_reader *reader,
                     struct wf_item_source **source, struct wf_error *err) {
    const struct wf_item_options *options = &reader->options;

    if (options->bucket.len || options->key.len)
        set_source(reader, options->bucket, options->key);
    if (options->dataset == WF_ITEM_TEXT)
        *source = wf_item_source_text(options->text, options->text_piece,
                                      "the data");
    else
        *source = open_object(reader, options->bucket, options->key, err);
    return *source ? 1 : -1;
}

static int open_part(struct wf_item_reader *reader,
                     struct wf_item_source **source, struct wf_error *err) {
    const struct wf_item_options *options = &reader->options;

    switch (options->dataset) {
    case WF_ITEM_LIST_FLATTEN:
        return listed_part(reader, source, err);
    case WF_ITEM_S3_INVENTORY:
    case WF_ITEM_ATHENA_DATA:
        return manifest_part(reader, source, err);
    default:
        return reader->part > 0 ? 0 : only_part(reader, source, err);
    }
}

static const struct wf_item_parser_ops *
parser_of(const struct wf_item_reader *reader) {
    switch (reader->part_options.input) {
    case WF_ITEM_INPUT_JSON:
        return &wf_item_json;
    case WF_ITEM_INPUT_JSONL:
        return &wf_item_jsonl;
    default:
        return &wf_item_csv;
    }
}

/* Opens the current part with a parser: 1; 0: no part is left; -1. */
static int next_part(struct wf_item_reader *reader, uint32_t stamp,
                     struct wf_error *err) {
    const struct wf_item_parser_ops *ops = parser_of(reader);
    struct wf_item_source *source = NULL;
    int there = open_part(reader, &source, err);

    if (there <= 0)
        return there;
    struct wf_item_parser *parser = wf_calloc(1, ops->size);
    parser->ops = ops;
    parser->options = &reader->part_options;
    parser->place = reader->place;
    wf_item_window_init(&parser->window, source, reader->cancelled);
    reader->parser = parser;
    if (reader->place.mark && stamp != stamp_of(reader))
        return wf_error_set(err, WF_E_INVALID,
                            "%.300s has changed since it was begun",
                            source->name);
    if (ops->begin(parser, err) != 0)
        return -1;
    reader->place = parser->place;
    return 1;
}

static void end_part(struct wf_item_reader *reader) {
    drop_parser(reader);
    reader->place = (struct wf_item_place){0};
    reader->part++;
}

/* ---- beginning ---- */

static int begin_listing(struct wf_item_reader *reader,
                         struct wf_error *err) {
    const struct wf_item_options *options = &reader->options;
    struct wf_str after = options->start_after;

    if (use_bucket(reader, options->bucket, options->prefix, err) != 0)
        return -1;
    set_list_source(reader);
    if (reader->key.len)
        after = (struct wf_str){reader->key.data, reader->key.len};
    reader->list =
        reader->bucket->ops->list(reader->bucket, options->prefix, after);
    return 0;
}

static int begin_manifest(struct wf_item_reader *reader,
                          struct wf_error *err) {
    const struct wf_item_options *options = &reader->options;
    struct wf_item_manifest *manifest = &reader->manifest;
    struct wf_item_source *source =
        open_object(reader, options->bucket, options->key, err);

    if (!source)
        return -1;
    if (options->dataset == WF_ITEM_ATHENA_DATA)
        return wf_item_manifest_athena(manifest, source, err);
    if (wf_item_manifest_inventory(manifest, source, err) != 0)
        return -1;
    reader->part_options.input = WF_ITEM_INPUT_CSV;
    reader->part_options.delimiter = ',';
    reader->part_options.headers = manifest->headers;
    reader->part_options.header_count = manifest->header_count;
    return 0;
}

static int begin(struct wf_item_reader *reader, struct wf_error *err) {
    reader->begun = true;
    if (is_listing(reader))
        return begin_listing(reader, err);
    if (reader->options.dataset == WF_ITEM_S3_INVENTORY ||
        reader->options.dataset == WF_ITEM_ATHENA_DATA)
        return begin_manifest(reader, err);
    return 0;
}

static int take_position(struct wf_item_reader *reader, struct wf_str text,
                         uint32_t *stamp) {
    struct wf_reader in = {text.data, text.data + text.len, false};
    bool known = wf_read_u8(&in) == POSITION_VERSION;

    reader->place.mark = wf_read_u8(&in);
    *stamp = (uint32_t)wf_read_u8(&in) << 16;
    *stamp |= wf_read_be16(&in);
    wf_read_bytes(&in, 3);
    reader->part = wf_read_be32(&in);
    reader->place.line = wf_read_be32(&in);
    reader->items = wf_read_be64(&in);
    reader->place.offset = wf_read_be64(&in);
    if (in.bad || !known || text.len > WF_ITEM_POSITION_MAX ||
        (!is_listing(reader) && in.at != in.end))
        return -1;
    wf_buf_add(&reader->key, in.at, (size_t)(in.end - in.at));
    return 0;
}

int wf_item_reader_seek(struct wf_item_reader *reader, struct wf_str position,
                        struct wf_error *err) {
    uint32_t stamp;

    if (reader->begun || take_position(reader, position, &stamp) != 0)
        return wf_error_set(err, WF_E_CORRUPT,
                            "not the position of this data set");
    if (begin(reader, err) != 0)
        return -1;
    int there = reader->place.mark ? next_part(reader, stamp, err) : 1;
    if (there == 0)
        wf_error_set(err, WF_E_INVALID,
                     "the manifest has changed since it was begun");
    return there > 0 ? 0 : -1;
}

/* ---- items ---- */

/* Metadata of the next object: 1; 0 at the end; -1. */
static int next_object(struct wf_item_reader *reader,
                       struct wf_item_batch *batch, struct wf_error *err) {
    struct wf_item_list *list = reader->list;
    size_t start = batch->text.len;
    struct wf_str key;
    int there;

    while ((there = list->ops->next(list, &key, err)) > 0) {
        int described = list->ops->describe(list, &batch->text, err);
        if (described < 0)
            return -1;
        if (described == 0)
            continue;
        reader->key.len = 0;
        wf_buf_addstr(&reader->key, key);
        struct wf_item *item = wf_item_batch_add(batch);
        item->start = start;
        item->len = batch->text.len - start;
        break;
    }
    return there;
}

/* An item: 1; 0 at the end; -1; OTHER_PART: the next one is in another part,
 * whose stamp no position of this batch has. */
#define OTHER_PART 2
static int next_item(struct wf_item_reader *reader,
                     struct wf_item_batch *batch, struct wf_error *err) {
    if (reader->options.dataset == WF_ITEM_LIST)
        return next_object(reader, batch, err);
    for (;;) {
        bool is_open = reader->parser != NULL;
        int there = is_open ? 1 : next_part(reader, 0, err);
        if (there <= 0)
            return there;
        if (batch->count == 0)
            put_position(reader, &batch->start);
        else if (!is_open)
            return OTHER_PART;
        there = reader->parser->ops->next(reader->parser, batch, err);
        if (there > 0)
            reader->place = reader->parser->place;
        if (there != 0)
            return there;
        end_part(reader);
    }
}

void wf_item_batch_clear(struct wf_item_batch *batch) {
    batch->text.len = batch->source.len = 0;
    batch->start.len = batch->position.len = 0;
    batch->count = 0;
    batch->end = false;
}

void wf_item_batch_free(struct wf_item_batch *batch) {
    wf_buf_free(&batch->text);
    wf_buf_free(&batch->source);
    wf_buf_free(&batch->start);
    wf_buf_free(&batch->position);
    free(batch->items);
    *batch = (struct wf_item_batch){0};
}

/* Adds an item unless there is none: as next_item(). */
static int add_item(struct wf_item_reader *reader,
                    struct wf_item_batch *batch) {
    size_t text = batch->text.len;
    uint64_t max = reader->options.max_items;

    if (reader->failure.code != WF_OK)
        return -1;
    if (reader->ended || (max && reader->items >= max))
        return 0;
    if (!reader->begun && begin(reader, &reader->failure) != 0)
        return -1;
    int there = next_item(reader, batch, &reader->failure);
    if (there != 1) {
        batch->text.len = text;
        return there;
    }
    reader->items++;
    if (batch->count == 1) /* it is that of all */
        wf_buf_add(&batch->source, reader->source.data, reader->source.len);
    return there;
}

int wf_item_reader_next(struct wf_item_reader *reader, size_t max_items,
                        size_t max_bytes, struct wf_item_batch *batch,
                        struct wf_error *err) {
    int there = 1;

    wf_item_batch_clear(batch);
    batch->first = reader->items;
    put_position(reader, &batch->start);
    while (there == 1 && batch->count < max_items &&
           (batch->count == 0 || batch->text.len < max_bytes))
        there = add_item(reader, batch);
    reader->ended |= there == 0;
    batch->end = there == 0;
    put_position(reader, &batch->position);
    if (there < 0 && err)
        *err = reader->failure;
    return there < 0 ? -1 : 0;
}
