/* item_manifest.c - manifests: lists of the files of a data set. See
 * item_format.h. */
#include <stdio.h>
#include <stdlib.h>

#include "doc.h"
#include "item_format.h"

#define MAX_BYTES ((size_t)64 << 20)

static int bad(const char *name, struct wf_error *err, const char *what) {
    return wf_error_set(err, WF_E_INVALID, "%.300s: %s", name, what);
}

/* The whole of a source, which is freed. */
static int read_all(struct wf_item_source *source, struct wf_buf *out,
                    struct wf_error *err) {
    for (;;) {
        wf_buf_reserve(out, 65536);
        ssize_t got = source->ops->read(source, out->data + out->len,
                                        out->cap - out->len, err);
        if (got <= 0)
            return got < 0 ? -1 : 0;
        out->len += (size_t)got;
        if (out->len > MAX_BYTES)
            return bad(source->name, err,
                       "a manifest is larger than 64 MiB");
    }
}

static void add_file(struct wf_item_manifest *manifest, struct wf_str bucket,
                     struct wf_str key) {
    if (manifest->count == manifest->cap) {
        manifest->cap = manifest->cap ? manifest->cap * 2 : 16;
        manifest->buckets =
            wf_realloc(manifest->buckets,
                       manifest->cap * sizeof(*manifest->buckets));
        manifest->keys = wf_realloc(
            manifest->keys, manifest->cap * sizeof(*manifest->keys));
    }
    manifest->buckets[manifest->count] = bucket;
    manifest->keys[manifest->count++] = key;
}

/* A member's characters, kept in the manifest's text, which has the room: it
 * is reserved once, so that slices stay. */
static bool member(struct wf_item_manifest *manifest, struct wf_value object,
                   const char *name, struct wf_str *found) {
    struct wf_value value;

    if (wf_value_type(object) != WF_JSON_OBJECT ||
        !wf_value_member(object, wf_str(name), &value) ||
        wf_value_type(value) != WF_JSON_STRING)
        return false;
    size_t start = manifest->text.len;
    wf_value_string(value, &manifest->text);
    *found = (struct wf_str){manifest->text.data + start,
                             manifest->text.len - start};
    return true;
}

/* "Bucket, Key, Size" */
static void split_schema(struct wf_item_manifest *manifest,
                         struct wf_str schema) {
    const char *at = schema.data, *end = schema.data + schema.len;

    while (at < end) {
        while (at < end && *at == ' ')
            at++;
        const char *stop = memchr(at, ',', (size_t)(end - at));
        if (!stop)
            stop = end;
        manifest->headers = wf_realloc(
            manifest->headers,
            (manifest->header_count + 1) * sizeof(*manifest->headers));
        manifest->headers[manifest->header_count++] =
            (struct wf_str){at, (size_t)(stop - at)};
        at = stop + 1;
    }
}

static struct wf_str bucket_of(struct wf_str arn) {
    static const char service[] = ":s3:::";

    for (size_t i = 0; i + 6 <= arn.len; i++)
        if (memcmp(arn.data + i, service, 6) == 0)
            return (struct wf_str){arn.data + i + 6, arn.len - i - 6};
    return arn;
}

static int take_files(struct wf_item_manifest *manifest, struct wf_value root,
                      const char *name, struct wf_error *err) {
    struct wf_str bucket, format, schema, key;
    struct wf_value files;

    if (!member(manifest, root, "destinationBucket", &bucket) ||
        !member(manifest, root, "fileFormat", &format) ||
        !member(manifest, root, "fileSchema", &schema) ||
        !wf_value_member(root, WF_STR("files"), &files) ||
        wf_value_type(files) != WF_JSON_ARRAY)
        return bad(name, err,
                   "not an S3 inventory manifest: it needs "
                   "destinationBucket, fileFormat, fileSchema and files");
    if (!wf_str_eq(format, WF_STR("CSV")))
        return bad(name, err, "an S3 inventory report must be CSV");
    split_schema(manifest, schema);
    bucket = bucket_of(bucket);
    const struct wf_node *nodes = wf_doc_nodes(files.doc);
    uint32_t end = nodes[files.node].next;
    for (uint32_t i = files.node + 1; i < end; i = nodes[i].next) {
        if (!member(manifest, (struct wf_value){files.doc, i}, "key", &key))
            return bad(name, err, "a file of the manifest has no key");
        add_file(manifest, bucket, key);
    }
    return 0;
}

int wf_item_manifest_inventory(struct wf_item_manifest *manifest,
                               struct wf_item_source *source,
                               struct wf_error *err) {
    struct wf_error why = {0};
    struct wf_buf text = {0};
    struct wf_doc *doc = NULL;
    int rc = read_all(source, &text, err);

    if (rc == 0) {
        wf_buf_reserve(&manifest->text, text.len + 1);
        doc = wf_doc_parse_buf(&text, NULL, &why);
        rc = doc ? take_files(manifest, (struct wf_value){doc, 0},
                              source->name, err)
                 : wf_error_set(err, WF_E_INVALID, "%.300s: %.600s",
                                source->name, why.message);
    }
    wf_doc_unref(doc);
    wf_buf_free(&text);
    wf_item_source_free(source);
    return rc;
}

/* `s3://bucket/key`, perhaps in quotation marks. */
static int take_uri(struct wf_item_manifest *manifest, struct wf_str line,
                    const char *name, struct wf_error *err) {
    if (line.len > 1 && line.data[0] == '"' &&
        line.data[line.len - 1] == '"')
        line = (struct wf_str){line.data + 1, line.len - 2};
    const char *slash =
        line.len > 5 && memcmp(line.data, "s3://", 5) == 0
            ? memchr(line.data + 5, '/', line.len - 5)
            : NULL;
    if (!slash || slash == line.data + 5 ||
        slash + 1 == line.data + line.len)
        return bad(name, err,
                   "not an Athena manifest: a line is not s3://BUCKET/KEY");
    add_file(manifest,
             (struct wf_str){line.data + 5,
                             (size_t)(slash - line.data - 5)},
             (struct wf_str){slash + 1, (size_t)(line.data + line.len -
                                                 slash - 1)});
    return 0;
}

int wf_item_manifest_athena(struct wf_item_manifest *manifest,
                            struct wf_item_source *source,
                            struct wf_error *err) {
    int rc = read_all(source, &manifest->text, err);
    const char *at = manifest->text.data;
    const char *end = at ? at + manifest->text.len : at;

    while (rc == 0 && at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop)
            stop = end;
        struct wf_str line = {at, (size_t)(stop - at)};
        if (line.len && line.data[line.len - 1] == '\r')
            line.len--;
        if (line.len)
            rc = take_uri(manifest, line, source->name, err);
        at = stop + 1;
    }
    wf_item_source_free(source);
    return rc;
}

void wf_item_manifest_free(struct wf_item_manifest *manifest) {
    wf_buf_free(&manifest->text);
    free(manifest->buckets);
    free(manifest->keys);
    free(manifest->headers);
    *manifest = (struct wf_item_manifest){0};
}
