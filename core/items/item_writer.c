/* item_writer.c - result files and their manifest. See item_writer.h. */
#include "item_writer.h"

#include <stdio.h>
#include <stdlib.h>

#include "doc.h"
#include "item_format.h"

#define POSITION_VERSION 1
#define MAX_FILE_BYTES (UINT64_C(5) << 30)
#define BUFFER 65536

static const char *const kinds[WF_RESULT_KINDS] = {"SUCCEEDED", "FAILED",
                                                   "PENDING"};

/* The files of one kind: those before `index` are complete. */
struct stream {
    uint32_t index;
    uint64_t size; /* of the current one, without `pending` */
    struct wf_buf pending;
    struct wf_item_file *file; /* NULL: not made yet */
};

struct wf_item_writer {
    struct wf_item_writer_options options; /* texts owned */
    struct wf_buf path; /* PREFIX/ID/, the beginning of each key */
    struct wf_item_bucket *bucket;
    struct wf_item_folder *folder;
    struct stream streams[WF_RESULT_KINDS];
    struct wf_buf text;
    struct wf_error failure; /* code WF_OK: none so far */
};

static int report(const struct wf_item_writer *writer,
                  struct wf_error *err) {
    if (writer->failure.code == WF_OK)
        return 0;
    if (err)
        *err = writer->failure;
    return -1;
}

/* ---- names ---- */

struct name {
    char text[96];
};

static struct name final_name(const struct wf_item_writer *writer, int kind,
                              uint32_t index) {
    struct name name;

    snprintf(name.text, sizeof(name.text), "%s_%u.%s", kinds[kind],
             (unsigned)index, writer->options.jsonl ? "jsonl" : "json");
    return name;
}

/* ---- opening ---- */

/* PREFIX/ID/; false: no path. */
static bool make_path(struct wf_item_writer *writer) {
    struct wf_str prefix = writer->options.prefix;
    struct wf_str id = writer->options.map_run;

    for (size_t i = id.len; i > 0; i--)
        if (id.data[i - 1] == ':' || id.data[i - 1] == '/') {
            id = (struct wf_str){id.data + i, id.len - i};
            break;
        }
    wf_buf_addstr(&writer->path, prefix);
    if (prefix.len && prefix.data[prefix.len - 1] != '/')
        wf_buf_u8(&writer->path, '/');
    wf_buf_addstr(&writer->path, id);
    wf_buf_u8(&writer->path, '/');
    const char *at = writer->path.data, *end = at + writer->path.len;
    while (at < end) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        size_t len = (size_t)(slash - at);
        if (len == 0 || memchr(at, '\0', len) ||
            (len <= 2 && memcmp(at, "..", len) == 0))
            return false;
        at = slash + 1;
    }
    return true;
}

/* Files that were made behind the position. */
static void remove_later(struct wf_item_writer *writer, int kind) {
    struct stream *stream = &writer->streams[kind];
    bool found = true;

    for (uint32_t i = stream->index + (stream->size > 0); found; i++)
        found = writer->folder->ops->remove(
            writer->folder, final_name(writer, kind, i).text, true);
}

/* Goes on in the current file of a kind, or makes it. */
static int open_stream(struct wf_item_writer *writer, int kind) {
    struct stream *stream = &writer->streams[kind];

    stream->file = writer->folder->ops->open(
        writer->folder, final_name(writer, kind, stream->index).text,
        stream->size, &writer->failure);
    return stream->file ? 0 : -1;
}

static int take_position(struct wf_item_writer *writer,
                         struct wf_str position) {
    struct wf_reader in = {position.data, position.data + position.len,
                           false};

    if (position.len && wf_read_u8(&in) != POSITION_VERSION)
        in.bad = true;
    for (int kind = 0; kind < WF_RESULT_KINDS; kind++) {
        struct stream *stream = &writer->streams[kind];
        if (position.len) {
            stream->index = wf_read_be32(&in);
            stream->size = wf_read_be64(&in);
        }
        if (in.bad)
            return wf_error_set(&writer->failure, WF_E_CORRUPT,
                                "not the position of a result writer");
        remove_later(writer, kind);
        if (stream->size && open_stream(writer, kind) != 0)
            return -1;
    }
    return 0;
}

static int open_writer(struct wf_item_writer *writer,
                       struct wf_str position) {
    const struct wf_item_writer_options *options = &writer->options;

    if (!make_path(writer))
        return wf_error_set(&writer->failure, WF_E_INVALID,
                            "the prefix is not a path");
    writer->bucket = wf_item_bucket_find(options->stores, options->bucket,
                                         WF_STR(""), options->cancelled,
                                         &writer->failure);
    if (!writer->bucket)
        return -1;
    struct wf_item_folder_options folder = {
        .path = {writer->path.data, writer->path.len},
        .tag = wf_str_hash(options->map_run),
        .sync = options->sync,
    };
    writer->folder = writer->bucket->ops->folder(writer->bucket, &folder,
                                                 &writer->failure);
    return writer->folder ? take_position(writer, position) : -1;
}

struct wf_item_writer *
wf_item_writer_open(const struct wf_item_writer_options *options,
                    struct wf_str position, struct wf_error *err) {
    struct wf_item_writer *writer = wf_calloc(1, sizeof(*writer));
    struct wf_item_writer_options *own = &writer->options;

    *own = *options;
    own->bucket = wf_item_copy(own->bucket);
    own->prefix = wf_item_copy(own->prefix);
    own->map_run = wf_item_copy(own->map_run);
    if (own->max_file_bytes == 0)
        own->max_file_bytes = MAX_FILE_BYTES;
    if (open_writer(writer, position) != 0) {
        report(writer, err);
        wf_item_writer_free(writer);
        return NULL;
    }
    return writer;
}

void wf_item_writer_free(struct wf_item_writer *writer) {
    if (!writer)
        return;
    for (int kind = 0; kind < WF_RESULT_KINDS; kind++) {
        if (writer->streams[kind].file)
            writer->folder->ops->close(writer->streams[kind].file);
        wf_buf_free(&writer->streams[kind].pending);
    }
    wf_item_folder_free(writer->folder);
    wf_item_bucket_free(writer->bucket);
    wf_buf_free(&writer->path);
    wf_buf_free(&writer->text);
    free((char *)writer->options.bucket.data);
    free((char *)writer->options.prefix.data);
    free((char *)writer->options.map_run.data);
    free(writer);
}

/* ---- results ---- */

static int flush_stream(struct wf_item_writer *writer, int kind) {
    struct stream *stream = &writer->streams[kind];
    struct wf_str text = {stream->pending.data, stream->pending.len};

    if (text.len == 0)
        return 0;
    if (!stream->file && open_stream(writer, kind) != 0)
        return -1;
    if (writer->folder->ops->write(stream->file, text, &writer->failure) != 0)
        return -1;
    stream->size += text.len;
    stream->pending.len = 0;
    return 0;
}

/* Ends the current file: the array's bracket, and everything on disk. */
static int complete(struct wf_item_writer *writer, int kind) {
    struct stream *stream = &writer->streams[kind];

    if (stream->size == 0 && stream->pending.len == 0)
        return 0;
    if (!writer->options.jsonl)
        wf_buf_u8(&stream->pending, ']');
    if (flush_stream(writer, kind) != 0 ||
        writer->folder->ops->flush(stream->file, &writer->failure) != 0)
        return -1;
    writer->folder->ops->close(stream->file);
    stream->file = NULL;
    stream->size = 0;
    stream->index++;
    return 0;
}

/* Appends one value to the files of a kind. */
static int put_value(struct wf_item_writer *writer, int kind,
                     struct wf_str json) {
    struct stream *stream = &writer->streams[kind];
    bool jsonl = writer->options.jsonl;
    uint64_t size = stream->size + stream->pending.len;

    if (size > 1 && size + json.len + 2 > writer->options.max_file_bytes) {
        if (complete(writer, kind) != 0)
            return -1;
        size = 0;
    }
    if (!jsonl)
        wf_buf_adds(&stream->pending, size == 0 ? "[" : size > 1 ? "," : "");
    if (jsonl)
        wf_item_compact(json, &stream->pending);
    else
        wf_buf_addstr(&stream->pending, json);
    wf_buf_adds(&stream->pending, jsonl ? "\n" : "");
    return stream->pending.len < BUFFER ? 0 : flush_stream(writer, kind);
}

/* The elements of an array, or another value as it is. */
static int put_flat(struct wf_item_writer *writer, int kind,
                    struct wf_str json) {
    struct wf_doc *doc = wf_doc_trusted(json);
    const struct wf_node *nodes = wf_doc_nodes(doc);
    int rc = 0;

    if (nodes[0].type != WF_JSON_ARRAY)
        rc = put_value(writer, kind, json);
    else
        for (uint32_t i = 1; rc == 0 && i < nodes[0].next; i = nodes[i].next)
            rc = put_value(writer, kind,
                           wf_value_text((struct wf_value){doc, i}));
    wf_doc_unref(doc);
    return rc;
}

int wf_item_writer_add(struct wf_item_writer *writer,
                       enum wf_result_kind kind,
                       const struct wf_item_result *result,
                       struct wf_error *err) {
    enum wf_result_transformation transformation =
        kind == WF_RESULT_SUCCEEDED && result->output.data
            ? writer->options.transformation
            : WF_RESULT_NONE;

    if (report(writer, err) != 0)
        return -1;
    if (transformation == WF_RESULT_FLATTEN) {
        put_flat(writer, kind, result->output);
    } else if (transformation == WF_RESULT_COMPACT) {
        put_value(writer, kind, result->output);
    } else {
        writer->text.len = 0;
        wf_item_result_json(result, &writer->text);
        put_value(writer, kind,
                  (struct wf_str){writer->text.data, writer->text.len});
    }
    return report(writer, err);
}

int wf_item_writer_flush(struct wf_item_writer *writer,
                         struct wf_buf *position, struct wf_error *err) {
    struct wf_item_folder *folder = writer->folder;

    if (report(writer, err) != 0)
        return -1;
    wf_buf_u8(position, POSITION_VERSION);
    for (int kind = 0; kind < WF_RESULT_KINDS; kind++) {
        struct stream *stream = &writer->streams[kind];
        if (flush_stream(writer, kind) != 0)
            break;
        if (stream->file &&
            folder->ops->flush(stream->file, &writer->failure) != 0)
            break;
        wf_buf_be32(position, stream->index);
        wf_buf_be64(position, stream->size);
    }
    /* The files' names, too, have to be there after a power loss. */
    if (writer->failure.code == WF_OK)
        folder->ops->sync(folder, &writer->failure);
    return report(writer, err);
}

/* ---- the end ---- */

/* Gives a complete file its name, unless it has it, and lists it. */
static int publish(struct wf_item_writer *writer, int kind, uint32_t index,
                   struct wf_buf *manifest) {
    struct name final = final_name(writer, kind, index);
    uint64_t size = 0;

    if (writer->folder->ops->publish(writer->folder, final.text, &size,
                                     &writer->failure) != 0)
        return -1;
    writer->text.len = 0;
    wf_buf_add(&writer->text, writer->path.data, writer->path.len);
    wf_buf_adds(&writer->text, final.text);
    wf_buf_adds(manifest, index ? ",{\"Key\":" : "{\"Key\":");
    wf_buf_json(manifest,
                (struct wf_str){writer->text.data, writer->text.len});
    wf_buf_addf(manifest, ",\"Size\":%llu}", (unsigned long long)size);
    return 0;
}

static int publish_all(struct wf_item_writer *writer,
                       struct wf_buf *manifest) {
    static const int order[] = {WF_RESULT_FAILED, WF_RESULT_PENDING,
                                WF_RESULT_SUCCEEDED};

    wf_buf_adds(manifest, "{\"DestinationBucket\":");
    wf_buf_json(manifest, writer->options.bucket);
    wf_buf_adds(manifest, ",\"MapRunArn\":");
    wf_buf_json(manifest, writer->options.map_run);
    wf_buf_adds(manifest, ",\"ResultFiles\":{");
    for (int i = 0; i < WF_RESULT_KINDS; i++) {
        int kind = order[i];
        wf_buf_addf(manifest, "%s\"%s\":[", i ? "," : "", kinds[kind]);
        if (complete(writer, kind) != 0)
            return -1;
        for (uint32_t k = 0; k < writer->streams[kind].index; k++)
            if (publish(writer, kind, k, manifest) != 0)
                return -1;
        wf_buf_u8(manifest, ']');
    }
    wf_buf_adds(manifest, "}}");
    return 0;
}

static int write_manifest(struct wf_item_writer *writer,
                          const struct wf_buf *text) {
    static const char name[] = "manifest.json";
    struct wf_item_folder *folder = writer->folder;
    struct wf_error *err = &writer->failure;
    struct wf_item_file *file = folder->ops->open(folder, name, 0, err);
    uint64_t size;

    if (!file)
        return -1;
    int rc = folder->ops->write(file, (struct wf_str){text->data, text->len},
                                err);
    if (rc == 0)
        rc = folder->ops->flush(file, err);
    folder->ops->close(file);
    if (rc == 0)
        rc = folder->ops->publish(folder, name, &size, err);
    return rc == 0 ? folder->ops->sync(folder, err) : -1;
}

int wf_item_writer_finish(struct wf_item_writer *writer, struct wf_buf *key,
                          struct wf_error *err) {
    struct wf_buf manifest = {0};

    if (report(writer, err) != 0)
        return -1;
    if (publish_all(writer, &manifest) == 0 &&
        write_manifest(writer, &manifest) == 0) {
        wf_buf_add(key, writer->path.data, writer->path.len);
        wf_buf_adds(key, "manifest.json");
    }
    wf_buf_free(&manifest);
    return report(writer, err);
}

void wf_item_writer_drop(struct wf_item_writer *writer) {
    for (int kind = 0; kind < WF_RESULT_KINDS; kind++)
        for (uint32_t i = 0; i <= writer->streams[kind].index; i++)
            writer->folder->ops->remove(
                writer->folder, final_name(writer, kind, i).text, false);
}
