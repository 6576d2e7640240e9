/* item_writer.c - result files and their manifest. See item_writer.h. */
#include "item_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doc.h"
#include "item_format.h"

#define POSITION_VERSION 1
#define MAX_FILE_BYTES (UINT64_C(5) << 30)
#define BUFFER (64 * 1024)

static const char *const kinds[WF_RESULT_KINDS] = {"SUCCEEDED", "FAILED",
                                                   "PENDING"};

/* The files of one kind: those before `index` are complete. */
struct stream {
    uint32_t index;
    uint64_t size; /* of the current one, without `pending` */
    struct wf_buf pending;
    int fd; /* -1: not made yet */
};

struct wf_item_writer {
    struct wf_item_writer_options options; /* texts owned */
    struct wf_buf folder; /* PREFIX/ID/, the beginning of each key */
    int directory;
    unsigned long long tag; /* of temporary names */
    struct stream streams[WF_RESULT_KINDS];
    struct wf_buf text;
    struct wf_error failure; /* code WF_OK: none so far */
};

static int fail(struct wf_item_writer *writer, const char *verb,
                const char *name) {
    char reason[128];

    return wf_error_set(&writer->failure, WF_E_IO, "%s %.*s/%.*s%s: %s", verb,
                        (int)writer->options.bucket.len,
                        writer->options.bucket.data,
                        (int)writer->folder.len, writer->folder.data, name,
                        strerror_r(errno, reason, sizeof(reason)));
}

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

/* As file.h names what a crash may leave; listings pass it over. */
static struct name temporary_name(const struct wf_item_writer *writer,
                                  const char *target) {
    struct name name;

    snprintf(name.text, sizeof(name.text), ".%.60s.%016llx.tmp", target,
             writer->tag);
    return name;
}

static struct name stream_name(const struct wf_item_writer *writer, int kind,
                               uint32_t index) {
    struct name name = final_name(writer, kind, index);
    return temporary_name(writer, name.text);
}

/* ---- opening ---- */

static struct wf_str copy(struct wf_str text) {
    return (struct wf_str){wf_strndup(text.data, text.len), text.len};
}

/* PREFIX/ID/; false: no path. */
static bool make_folder(struct wf_item_writer *writer) {
    struct wf_str prefix = writer->options.prefix;
    struct wf_str id = writer->options.map_run;

    for (size_t i = id.len; i > 0; i--)
        if (id.data[i - 1] == ':' || id.data[i - 1] == '/') {
            id = (struct wf_str){id.data + i, id.len - i};
            break;
        }
    wf_buf_addstr(&writer->folder, prefix);
    if (prefix.len && prefix.data[prefix.len - 1] != '/')
        wf_buf_u8(&writer->folder, '/');
    wf_buf_addstr(&writer->folder, id);
    wf_buf_u8(&writer->folder, '/');
    const char *at = writer->folder.data, *end = at + writer->folder.len;
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

/* Makes the folder's directories below the bucket, opens the last one. */
static int open_folder(struct wf_item_writer *writer, int bucket) {
    char *path = wf_strndup(writer->folder.data, writer->folder.len);
    int at = bucket;

    for (char *part = path, *slash; (slash = strchr(part, '/')) != NULL;
         part = slash + 1) {
        *slash = '\0';
        if (mkdirat(at, part, 0777) != 0 && errno != EEXIST) {
            fail(writer, "make", "");
            break;
        }
        int next = wf_item_openat(bucket, path, O_RDONLY | O_DIRECTORY);
        if (next < 0)
            fail(writer, "open", "");
        if (at != bucket)
            close(at);
        at = next;
        *slash = '/';
        if (at < 0)
            break;
    }
    free(path);
    if (writer->failure.code != WF_OK && at >= 0 && at != bucket) {
        close(at);
        at = -1;
    }
    writer->directory = at;
    return writer->failure.code == WF_OK ? 0 : -1;
}

/* Goes on in a file that has at least `size` bytes under one of its names. */
static int resume_stream(struct wf_item_writer *writer, int kind) {
    struct stream *stream = &writer->streams[kind];
    struct name final = final_name(writer, kind, stream->index);
    struct name name = stream_name(writer, kind, stream->index);
    struct stat st;

    if (faccessat(writer->directory, name.text, F_OK, 0) != 0)
        renameat(writer->directory, final.text, writer->directory, name.text);
    stream->fd = openat(writer->directory, name.text,
                        O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (stream->fd < 0)
        return fail(writer, "resume", final.text);
    if (fstat(stream->fd, &st) != 0 || (uint64_t)st.st_size < stream->size) {
        errno = ENODATA;
        return fail(writer, "resume", final.text);
    }
    if (ftruncate(stream->fd, (off_t)stream->size) != 0 ||
        lseek(stream->fd, 0, SEEK_END) < 0)
        return fail(writer, "resume", final.text);
    return 0;
}

/* Files that were made behind the position. */
static void remove_later(struct wf_item_writer *writer, int kind) {
    struct stream *stream = &writer->streams[kind];
    bool found = true;

    for (uint32_t i = stream->index + (stream->size > 0); found; i++) {
        struct name final = final_name(writer, kind, i);
        struct name name = stream_name(writer, kind, i);
        found = unlinkat(writer->directory, final.text, 0) == 0;
        found |= unlinkat(writer->directory, name.text, 0) == 0;
    }
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
        if (stream->size && resume_stream(writer, kind) != 0)
            return -1;
    }
    return 0;
}

static int open_writer(struct wf_item_writer *writer,
                       struct wf_str position) {
    int bucket = wf_item_bucket_open(writer->options.root,
                                     writer->options.bucket,
                                     &writer->failure);
    if (bucket < 0)
        return -1;
    int rc = make_folder(writer) ? open_folder(writer, bucket)
                                 : wf_error_set(&writer->failure,
                                                WF_E_INVALID,
                                                "the prefix is not a path");
    close(bucket);
    return rc == 0 ? take_position(writer, position) : -1;
}

struct wf_item_writer *
wf_item_writer_open(const struct wf_item_writer_options *options,
                    struct wf_str position, struct wf_error *err) {
    struct wf_item_writer *writer = wf_calloc(1, sizeof(*writer));
    struct wf_item_writer_options *own = &writer->options;

    *own = *options;
    own->root = wf_strndup(own->root, strlen(own->root));
    own->bucket = copy(own->bucket);
    own->prefix = copy(own->prefix);
    own->map_run = copy(own->map_run);
    if (own->max_file_bytes == 0)
        own->max_file_bytes = MAX_FILE_BYTES;
    writer->directory = -1;
    writer->tag = wf_str_hash(own->map_run);
    for (int kind = 0; kind < WF_RESULT_KINDS; kind++)
        writer->streams[kind].fd = -1;
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
        if (writer->streams[kind].fd >= 0)
            close(writer->streams[kind].fd);
        wf_buf_free(&writer->streams[kind].pending);
    }
    if (writer->directory >= 0)
        close(writer->directory);
    wf_buf_free(&writer->folder);
    wf_buf_free(&writer->text);
    free((char *)writer->options.root);
    free((char *)writer->options.bucket.data);
    free((char *)writer->options.prefix.data);
    free((char *)writer->options.map_run.data);
    free(writer);
}

/* ---- results ---- */

static int write_all(struct wf_item_writer *writer, int fd,
                     const struct wf_buf *text, const char *name) {
    size_t at = 0;

    while (at < text->len) {
        ssize_t put = write(fd, text->data + at, text->len - at);
        if (put < 0 && errno != EINTR)
            return fail(writer, "write", name);
        at += put > 0 ? (size_t)put : 0;
    }
    return 0;
}

static int flush_stream(struct wf_item_writer *writer, int kind) {
    struct stream *stream = &writer->streams[kind];
    struct name name = final_name(writer, kind, stream->index);

    if (stream->pending.len == 0)
        return 0;
    if (stream->fd < 0) {
        struct name temporary = stream_name(writer, kind, stream->index);
        stream->fd = openat(writer->directory, temporary.text,
                            O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
                                O_NOFOLLOW,
                            0666);
        if (stream->fd < 0)
            return fail(writer, "create", name.text);
    }
    if (write_all(writer, stream->fd, &stream->pending, name.text) != 0)
        return -1;
    stream->size += stream->pending.len;
    stream->pending.len = 0;
    return 0;
}

/* Ends the current file: the array's bracket, and everything on disk. */
static int complete(struct wf_item_writer *writer, int kind) {
    struct stream *stream = &writer->streams[kind];
    struct name name = final_name(writer, kind, stream->index);

    if (stream->size == 0 && stream->pending.len == 0)
        return 0;
    if (!writer->options.jsonl)
        wf_buf_u8(&stream->pending, ']');
    if (flush_stream(writer, kind) != 0)
        return -1;
    if (writer->options.sync && fsync(stream->fd) != 0)
        return fail(writer, "fsync", name.text);
    close(stream->fd);
    stream->fd = -1;
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
    if (report(writer, err) != 0)
        return -1;
    wf_buf_u8(position, POSITION_VERSION);
    for (int kind = 0; kind < WF_RESULT_KINDS; kind++) {
        struct stream *stream = &writer->streams[kind];
        struct name name = final_name(writer, kind, stream->index);
        if (flush_stream(writer, kind) != 0)
            break;
        if (writer->options.sync && stream->fd >= 0 &&
            fdatasync(stream->fd) != 0) {
            fail(writer, "fdatasync", name.text);
            break;
        }
        wf_buf_be32(position, stream->index);
        wf_buf_be64(position, stream->size);
    }
    /* The files' names, too, have to be there after a power loss. */
    if (writer->failure.code == WF_OK && writer->options.sync &&
        fsync(writer->directory) != 0)
        fail(writer, "fsync", "");
    return report(writer, err);
}

/* ---- the end ---- */

/* Gives a complete file its name, unless it has it, and lists it. */
static int publish(struct wf_item_writer *writer, int kind, uint32_t index,
                   struct wf_buf *manifest) {
    struct name final = final_name(writer, kind, index);
    struct name name = stream_name(writer, kind, index);
    struct stat st;

    if (renameat(writer->directory, name.text, writer->directory,
                 final.text) != 0 &&
        errno != ENOENT)
        return fail(writer, "rename", final.text);
    if (fstatat(writer->directory, final.text, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return fail(writer, "stat", final.text);
    writer->text.len = 0;
    wf_buf_add(&writer->text, writer->folder.data, writer->folder.len);
    wf_buf_adds(&writer->text, final.text);
    wf_buf_adds(manifest, index ? ",{\"Key\":" : "{\"Key\":");
    wf_buf_json(manifest,
                (struct wf_str){writer->text.data, writer->text.len});
    wf_buf_addf(manifest, ",\"Size\":%lld}", (long long)st.st_size);
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
                          const struct wf_buf *manifest) {
    static const char final[] = "manifest.json";
    struct name name = temporary_name(writer, final);
    int fd = openat(writer->directory, name.text,
                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                    0666);

    if (fd < 0)
        return fail(writer, "create", final);
    int rc = write_all(writer, fd, manifest, final);
    if (rc == 0 && writer->options.sync && fsync(fd) != 0)
        rc = fail(writer, "fsync", final);
    close(fd);
    if (rc == 0 && renameat(writer->directory, name.text, writer->directory,
                            final) != 0)
        rc = fail(writer, "rename", final);
    if (rc == 0 && writer->options.sync && fsync(writer->directory) != 0)
        rc = fail(writer, "fsync", final);
    return rc;
}

int wf_item_writer_finish(struct wf_item_writer *writer, struct wf_buf *key,
                          struct wf_error *err) {
    struct wf_buf manifest = {0};

    if (report(writer, err) != 0)
        return -1;
    if (publish_all(writer, &manifest) == 0 &&
        write_manifest(writer, &manifest) == 0) {
        wf_buf_add(key, writer->folder.data, writer->folder.len);
        wf_buf_adds(key, "manifest.json");
    }
    wf_buf_free(&manifest);
    return report(writer, err);
}

void wf_item_writer_drop(struct wf_item_writer *writer) {
    for (int kind = 0; kind < WF_RESULT_KINDS; kind++)
        for (uint32_t i = 0; i <= writer->streams[kind].index; i++) {
            struct name name = stream_name(writer, kind, i);
            unlinkat(writer->directory, name.text, 0);
        }
}
