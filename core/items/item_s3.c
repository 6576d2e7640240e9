/* item_s3.c - a bucket behind an endpoint: its objects. See item_s3.h. */
#include "item_s3.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_RANGE ((size_t)1 << 20) /* holds most objects as a whole */
#define RANGE ((size_t)8 << 20)

struct object {
    struct wf_item_source base;
    struct wf_s3 *s3; /* borrowed */
    struct wf_str key;
    uint64_t size;
    uint64_t start; /* of what the answer's body holds */
    uint64_t at;    /* of the next read */
    char etag[256]; /* of the first answer; "": none was given */
    struct wf_s3_answer answer;
};

/* ---- objects ---- */

/* Gets `len` bytes from `at` on, or fewer at the end. */
static int get_range(struct object *object, uint64_t at, size_t len,
                     struct wf_error *err) {
    char range[64];
    struct wf_s3_request request = {
        .method = "GET",
        .key = object->key,
        .range = range,
        .if_match = object->etag[0] ? object->etag : NULL,
        .max_bytes = len,
    };

    snprintf(range, sizeof(range), "bytes=%llu-%llu", (unsigned long long)at,
             (unsigned long long)at + len - 1);
    if (wf_s3_send(object->s3, &request, &object->answer, err) != 0)
        return -1;
    if (object->answer.status != 206 && at > 0)
        return wf_error_set(err, WF_E_IO,
                            "GET s3://%.400s: the endpoint does not know "
                            "ranges", object->base.name);
    object->start = at;
    return 0;
}

static ssize_t object_read(struct wf_item_source *source, char *data,
                           size_t cap, struct wf_error *err) {
    struct object *object = (struct object *)source;
    struct wf_buf *body = &object->answer.body;

    if (object->at >= object->size)
        return 0;
    if (object->at < object->start || object->at >= object->start + body->len)
        if (get_range(object, object->at, RANGE, err) != 0)
            return -1;
    size_t skip = (size_t)(object->at - object->start);
    if (skip >= body->len)
        return wf_error_set(err, WF_E_IO,
                            "GET s3://%.400s: the endpoint sent nothing",
                            source->name);
    size_t got = body->len - skip < cap ? body->len - skip : cap;
    memcpy(data, body->data + skip, got);
    object->at += got;
    return (ssize_t)got;
}

static int object_seek(struct wf_item_source *source, uint64_t offset,
                       struct wf_error *err) {
    (void)err;
    ((struct object *)source)->at = offset;
    return 0;
}

static void object_free(struct wf_item_source *source) {
    struct object *object = (struct object *)source;

    wf_buf_free(&object->answer.body);
    free((char *)object->key.data);
}

static const struct wf_item_source_ops object_ops = {object_read, object_seek,
                                                     object_free};

/* The size of the whole, of which the answer is the beginning. */
static int take_size(struct object *object, struct wf_error *err) {
    const struct wf_s3_answer *answer = &object->answer;

    object->size = answer->status == 206 ? answer->size : answer->body.len;
    if (answer->status != 206 || (answer->size && /* 0: "*", or none */
                                  answer->size >= answer->body.len))
        return 0;
    return wf_error_set(err, WF_E_IO,
                        "GET s3://%.400s: the endpoint does not tell the "
                        "object's size", object->base.name);
}

/* The beginning of the object, which tells its size and entity tag. */
static int begin(struct object *object, struct wf_error *err) {
    struct wf_s3_answer *answer = &object->answer;
    struct wf_error why;

    if (get_range(object, 0, FIRST_RANGE, &why) == 0) {
        if (take_size(object, err) != 0)
            return -1;
    } else if (answer->status == 416) { /* nothing is in it */
        answer->body.len = 0;
    } else {
        if (err)
            *err = why;
        return -1;
    }
    memcpy(object->etag, answer->etag, sizeof(object->etag));
    object->base.stamp = wf_str_hash(wf_str(object->etag));
    return 0;
}

static struct wf_item_source *open_object(struct wf_item_bucket *bucket,
                                          struct wf_str key, const char *name,
                                          struct wf_error *err) {
    struct object *object = wf_calloc(1, sizeof(*object));

    object->base.ops = &object_ops;
    object->base.name = wf_strndup(name, strlen(name));
    object->s3 = (struct wf_s3 *)bucket;
    object->key = (struct wf_str){wf_strndup(key.data, key.len), key.len};
    if (begin(object, err) == 0)
        return &object->base;
    wf_item_source_free(&object->base);
    return NULL;
}

/* ---- the bucket ---- */

static struct wf_item_list *list_keys(struct wf_item_bucket *bucket,
                                      struct wf_str prefix,
                                      struct wf_str start_after) {
    return wf_s3_list((struct wf_s3 *)bucket, prefix, start_after);
}

static struct wf_item_folder *
open_folder(struct wf_item_bucket *bucket,
            const struct wf_item_folder_options *options,
            struct wf_error *err) {
    (void)err; /* a folder is but the beginning of keys */
    return wf_s3_folder((struct wf_s3 *)bucket, options);
}

static void free_bucket(struct wf_item_bucket *bucket) {
    curl_easy_cleanup(((struct wf_s3 *)bucket)->curl);
    free(bucket);
}

static const struct wf_item_bucket_ops s3_ops = {open_object, list_keys,
                                                 open_folder, free_bucket};

/* Letters, digits, "-", "_", and dots that are no part of a path. */
static bool is_bucket_name(struct wf_str name) {
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        bool is_plain = isalnum((unsigned char)c) || c == '-' || c == '_';
        if (!is_plain && (c != '.' || i == 0))
            return false;
    }
    return name.len > 0;
}

struct wf_item_bucket *wf_item_s3(const struct wf_item_stores *stores,
                                  struct wf_str name, struct wf_error *err) {
    if (!is_bucket_name(name)) {
        wf_error_set(err, WF_E_INVALID, "open bucket %.*s: not a bucket's name",
                     (int)(name.len > 300 ? 300 : name.len), name.data);
        return NULL;
    }
    struct wf_s3 *s3 = wf_calloc(1, sizeof(*s3));
    s3->base.ops = &s3_ops;
    s3->stores = stores;
    s3->curl = curl_easy_init();
    if (s3->curl)
        return &s3->base;
    wf_error_set(err, WF_E_INTERNAL, "libcurl can't be set up");
    free(s3);
    return NULL;
}
