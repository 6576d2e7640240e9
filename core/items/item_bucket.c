/* item_bucket.c - which place has a bucket. See item_bucket.h. */
#include "item_bucket.h"

#include <stdlib.h>

#include "item_s3.h"

static struct wf_item_bucket *
find_directory(const struct wf_item_stores *stores, struct wf_str name,
               struct wf_str path, struct wf_error *err) {
    const char *const *root = stores->roots;
    struct wf_item_bucket *bucket = NULL;

    for (err->code = WF_E_NOT_FOUND;
         !bucket && *root && err->code == WF_E_NOT_FOUND; root++)
        bucket = wf_item_directory(*root, name, path, err);
    return bucket;
}

static bool has_roots(const struct wf_item_stores *stores) {
    return stores && stores->roots && *stores->roots;
}

static struct wf_item_bucket *find(const struct wf_item_stores *stores,
                                   struct wf_str name, struct wf_str path,
                                   struct wf_error *err) {
    struct wf_item_bucket *bucket = NULL;
    struct wf_error why;

    wf_error_set(&why, WF_E_NOT_FOUND, "open bucket %.*s: it has no place",
                 (int)(name.len < 300 ? name.len : 300),
                 name.len ? name.data : "");
    if (has_roots(stores))
        bucket = find_directory(stores, name, path, &why);
    if (!bucket && why.code == WF_E_NOT_FOUND && name.len && stores &&
        stores->s3_endpoint)
        bucket = wf_item_s3(stores, name, &why);
    if (!bucket && err)
        *err = why;
    return bucket;
}

struct wf_item_bucket *wf_item_bucket_find(const struct wf_item_stores *stores,
                                           struct wf_str name,
                                           struct wf_str path,
                                           const atomic_bool *cancelled,
                                           struct wf_error *err) {
    struct wf_item_bucket *bucket = find(stores, name, path, err);

    if (!bucket)
        return NULL;
    bucket->name = wf_item_copy(name);
    bucket->cancelled = cancelled;
    return bucket;
}

void wf_item_bucket_free(struct wf_item_bucket *bucket) {
    if (!bucket)
        return;
    char *name = (char *)bucket->name.data;
    bucket->ops->free(bucket);
    free(name);
}

void wf_item_list_free(struct wf_item_list *list) {
    if (list)
        list->ops->free(list);
}

void wf_item_folder_free(struct wf_item_folder *folder) {
    if (folder)
        folder->ops->free(folder);
}

/* ---- objects ---- */

bool wf_item_ends_with(struct wf_str text, const char *end) {
    size_t len = strlen(end);

    return text.len >= len &&
           memcmp(text.data + text.len - len, end, len) == 0;
}

int wf_item_compare(struct wf_str a, struct wf_str b) {
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* BUCKET/KEY and a NUL. */
static void add_name(const struct wf_item_bucket *bucket, struct wf_str key,
                     struct wf_buf *name) {
    wf_buf_addstr(name, bucket->name);
    wf_buf_adds(name, bucket->name.len ? "/" : "");
    wf_buf_addstr(name, key);
    wf_buf_u8(name, '\0');
}

struct wf_item_source *wf_item_bucket_open(struct wf_item_bucket *bucket,
                                           struct wf_str key,
                                           struct wf_error *err) {
    struct wf_item_source *source = NULL;
    struct wf_buf name = {0};

    add_name(bucket, key, &name);
    if (key.len == 0 || memchr(key.data, '\0', key.len))
        wf_error_set(err, WF_E_NOT_FOUND, "open %.300s: no such object",
                     name.data);
    else if (wf_item_ends_with(key, ".zst") ||
             wf_item_ends_with(key, ".zstd"))
        wf_error_set(err, WF_E_INVALID,
                     "open %.300s: zstd compression is not supported",
                     name.data);
    else
        source = bucket->ops->open(bucket, key, name.data, err);
    wf_buf_free(&name);
    return source && wf_item_ends_with(key, ".gz")
               ? wf_item_source_gunzip(source)
               : source;
}
