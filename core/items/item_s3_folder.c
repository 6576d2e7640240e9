/*
 * item_s3_folder.c - files for results behind an S3 endpoint. See item_s3.h.
 *
 * Nothing can be appended to an object. So a file is written as pieces, the
 * objects PATH.NAME.TAG.tmp/000000 and so on, each of PIECE bytes but the
 * last, which is put again with each flush. Publishing copies them together
 * behind the endpoint's back (a multipart upload whose parts are copies) and
 * removes them, the first one first: where it is missing, the others are
 * what was left by that.
 */
#include <stdio.h>
#include <stdlib.h>

#include "item_s3.h"

#define PIECE ((size_t)8 << 20) /* a part has at least 5 MiB */

struct folder {
    struct wf_item_folder base;
    struct wf_s3 *s3; /* borrowed */
    struct wf_buf path;
    unsigned long long tag;
};

struct file {
    struct wf_item_file base;
    char name[64];
    unsigned pieces;    /* that are whole */
    struct wf_buf tail; /* of the next one */
    bool dirty;         /* the tail has not been put */
};

/* ---- keys ---- */

static void set_final(const struct folder *folder, const char *name,
                      struct wf_buf *key) {
    key->len = 0;
    wf_buf_add(key, folder->path.data, folder->path.len);
    wf_buf_adds(key, name);
}

/* What the keys of a file's pieces begin with. */
static void set_prefix(const struct folder *folder, const char *name,
                       struct wf_buf *key) {
    key->len = 0;
    wf_buf_add(key, folder->path.data, folder->path.len);
    wf_buf_addf(key, ".%s.%016llx.tmp/", name, folder->tag);
}

static void set_piece(const struct folder *folder, const char *name,
                      unsigned piece, struct wf_buf *key) {
    set_prefix(folder, name, key);
    wf_buf_addf(key, "%06u", piece);
}

/* ---- requests ---- */

/* A request whose answer has nothing to tell. */
static int ask_for(struct folder *folder,
                   const struct wf_s3_request *request,
                   struct wf_error *err) {
    struct wf_s3_answer answer = {0};
    int rc = wf_s3_send(folder->s3, request, &answer, err);

    wf_buf_free(&answer.body);
    return rc;
}

static int put_piece(struct folder *folder, const char *name, unsigned piece,
                     struct wf_str text, struct wf_error *err) {
    struct wf_buf key = {0};

    set_piece(folder, name, piece, &key);
    struct wf_s3_request request = {
        .method = "PUT", .key = wf_item_str(&key), .body = text};
    int rc = ask_for(folder, &request, err);
    wf_buf_free(&key);
    return rc;
}

/* Replaces `out` by `len` bytes of an object. */
static int get(struct folder *folder, struct wf_str key, uint64_t at,
               size_t len, struct wf_buf *out, struct wf_error *err) {
    struct wf_s3_answer answer = {.body = *out};
    char range[64];
    struct wf_s3_request request = {
        .method = "GET", .key = key, .range = range, .max_bytes = len};

    snprintf(range, sizeof(range), "bytes=%llu-%llu", (unsigned long long)at,
             (unsigned long long)at + len - 1);
    int rc = wf_s3_send(folder->s3, &request, &answer, err);
    if (rc == 0 && answer.body.len != len)
        rc = wf_error_set(err, WF_E_IO,
                          "resume s3://%.*s/%.*s: it has fewer bytes",
                          (int)folder->s3->base.name.len,
                          folder->s3->base.name.data, (int)key.len,
                          key.data);
    *out = answer.body;
    return rc;
}

/* How many pieces there are; 0 also when the first one is missing. */
static int count_pieces(struct folder *folder, const char *name,
                        unsigned *count, struct wf_error *err) {
    struct wf_buf prefix = {0};
    struct wf_str key;
    int there;

    *count = 0;
    set_prefix(folder, name, &prefix);
    struct wf_item_list *list =
        wf_s3_list(folder->s3, wf_item_str(&prefix), WF_STR(""));
    while ((there = list->ops->next(list, &key, err)) > 0) {
        char number[16];
        snprintf(number, sizeof(number), "%06u", *count);
        if (key.len != prefix.len + 6 ||
            memcmp(key.data + prefix.len, number, 6) != 0)
            break;
        (*count)++;
    }
    wf_item_list_free(list);
    wf_buf_free(&prefix);
    return there < 0 ? -1 : 0;
}

static int remove_key(struct folder *folder, struct wf_str key,
                      struct wf_error *err) {
    struct wf_s3_request request = {.method = "DELETE", .key = key};

    return ask_for(folder, &request, err);
}

/* Removes the pieces from `first` on, in that order. */
static int remove_pieces(struct folder *folder, const char *name,
                         unsigned first, bool *found, struct wf_error *err) {
    struct wf_buf prefix = {0}, after = {0};
    struct wf_str key;
    int there;

    set_prefix(folder, name, &prefix);
    if (first)
        set_piece(folder, name, first - 1, &after);
    struct wf_item_list *list =
        wf_s3_list(folder->s3, wf_item_str(&prefix), wf_item_str(&after));
    while ((there = list->ops->next(list, &key, err)) > 0) {
        if (found)
            *found = true;
        if (remove_key(folder, key, err) != 0) {
            there = -1;
            break;
        }
    }
    wf_item_list_free(list);
    wf_buf_free(&prefix);
    wf_buf_free(&after);
    return there < 0 ? -1 : 0;
}

/* ---- files ---- */

/* Takes a published file apart again, the first piece at last. */
static int restore(struct folder *folder, const char *name, uint64_t size,
                   struct wf_error *err) {
    struct wf_buf key = {0}, text = {0};
    int rc = 0;

    set_final(folder, name, &key);
    for (uint64_t at = (size - 1) / PIECE + 1; rc == 0 && at-- > 0;) {
        uint64_t left = size - at * PIECE;
        rc = get(folder, wf_item_str(&key), at * PIECE,
                 left < PIECE ? (size_t)left : PIECE, &text, err);
        if (rc == 0)
            rc = put_piece(folder, name, (unsigned)at, wf_item_str(&text), err);
    }
    wf_buf_free(&text);
    wf_buf_free(&key);
    return rc;
}

/* Reads the tail of what is to be `size` bytes. */
static int resume(struct folder *folder, struct file *file, uint64_t size,
                  struct wf_error *err) {
    struct wf_buf key = {0};
    unsigned count;

    file->pieces = (unsigned)((size - 1) / PIECE);
    if (count_pieces(folder, file->name, &count, err) != 0 ||
        (count <= file->pieces &&
         restore(folder, file->name, size, err) != 0))
        return -1;
    set_piece(folder, file->name, file->pieces, &key);
    int rc = get(folder, wf_item_str(&key), 0,
                 (size_t)(size - (uint64_t)file->pieces * PIECE),
                 &file->tail, err);
    wf_buf_free(&key);
    file->dirty = true; /* there may be more bytes than it had */
    return rc != 0 ? -1
                   : remove_pieces(folder, file->name, file->pieces + 1, NULL,
                                   err);
}

static void file_close(struct wf_item_file *base) {
    wf_buf_free(&((struct file *)base)->tail);
    free(base);
}

static struct wf_item_file *file_open(struct wf_item_folder *base,
                                      const char *name, uint64_t size,
                                      struct wf_error *err) {
    struct folder *folder = (struct folder *)base;
    struct file *file = wf_calloc(1, sizeof(*file));

    file->base.folder = base;
    snprintf(file->name, sizeof(file->name), "%s", name);
    int rc = size ? resume(folder, file, size, err)
                  : remove_pieces(folder, name, 0, NULL, err);
    if (rc == 0)
        return &file->base;
    file_close(&file->base);
    return NULL;
}

static int file_write(struct wf_item_file *base, struct wf_str text,
                      struct wf_error *err) {
    struct file *file = (struct file *)base;

    while (text.len) {
        size_t room = PIECE - file->tail.len;
        struct wf_str part = {text.data, text.len < room ? text.len : room};
        wf_buf_addstr(&file->tail, part);
        text.data += part.len;
        text.len -= part.len;
        file->dirty = true;
        if (file->tail.len < PIECE)
            continue;
        if (put_piece((struct folder *)base->folder, file->name,
                      file->pieces, wf_item_str(&file->tail), err) != 0)
            return -1;
        file->pieces++;
        file->tail.len = 0;
        file->dirty = false;
    }
    return 0;
}

static int file_flush(struct wf_item_file *base, struct wf_error *err) {
    struct file *file = (struct file *)base;

    if (!file->dirty)
        return 0;
    if (put_piece((struct folder *)base->folder, file->name, file->pieces,
                  wf_item_str(&file->tail), err) != 0)
        return -1;
    file->dirty = false;
    return 0;
}

/* ---- publishing ---- */

/* An upload under way. */
struct upload {
    struct folder *folder;
    const char *name;
    struct wf_buf key;
    struct wf_buf query;
    struct wf_buf parts; /* XML */
};

static int no_answer(const struct upload *upload, const char *what,
                     struct wf_error *err) {
    return wf_error_set(err, WF_E_IO, "POST s3://%.*s/%.*s: no %s was given",
                        (int)upload->folder->s3->base.name.len,
                        upload->folder->s3->base.name.data,
                        (int)upload->key.len, upload->key.data, what);
}

/* One request of it; `element` of the answer goes to `out`. */
static int ask(struct upload *upload, struct wf_s3_request *request,
               const char *element, char *out, size_t size,
               struct wf_error *err) {
    struct wf_s3_answer answer = {0};

    request->key = wf_item_str(&upload->key);
    int rc = wf_s3_send(upload->folder->s3, request, &answer, err);
    if (rc == 0 &&
        !wf_s3_xml_text(wf_item_str(&answer.body), element, 1, out, size))
        rc = no_answer(upload, element, err);
    wf_buf_free(&answer.body);
    return rc;
}

static int copy_part(struct upload *upload, const char *id, unsigned part,
                     struct wf_error *err) {
    char etag[256];
    struct wf_buf source = {0};

    set_piece(upload->folder, upload->name, part - 1, &source);
    upload->query.len = 0;
    wf_buf_addf(&upload->query, "partNumber=%u&uploadId=%s", part, id);
    wf_buf_u8(&upload->query, '\0');
    struct wf_s3_request request = {.method = "PUT",
                                    .query = upload->query.data,
                                    .body = WF_STR(""),
                                    .source = wf_item_str(&source)};
    int rc = ask(upload, &request, "ETag", etag, sizeof(etag), err);
    if (rc == 0) /* a tag is quoted hexadecimal digits, and a hyphen */
        wf_buf_addf(&upload->parts,
                    "<Part><ETag>%s</ETag><PartNumber>%u</PartNumber></Part>",
                    etag, part);
    wf_buf_free(&source);
    return rc;
}

static int complete(struct upload *upload, const char *id,
                    struct wf_error *err) {
    char etag[256];

    upload->query.len = 0;
    wf_buf_addf(&upload->query, "uploadId=%s", id);
    wf_buf_u8(&upload->query, '\0');
    wf_buf_adds(&upload->parts, "</CompleteMultipartUpload>");
    struct wf_s3_request request = {.method = "POST",
                                    .query = upload->query.data,
                                    .body = wf_item_str(&upload->parts)};
    return ask(upload, &request, "ETag", etag, sizeof(etag), err);
}

static int copy_parts(struct upload *upload, unsigned count,
                      struct wf_error *err) {
    char id[1024];
    struct wf_buf escaped = {0};
    struct wf_s3_request request = {
        .method = "POST", .query = "uploads=", .body = WF_STR("")};

    if (ask(upload, &request, "UploadId", id, sizeof(id), err) != 0)
        return -1;
    wf_s3_escape(&escaped, wf_str(id), false);
    wf_buf_u8(&escaped, '\0');
    wf_buf_adds(&upload->parts, "<CompleteMultipartUpload>");
    int rc = 0;
    for (unsigned part = 1; rc == 0 && part <= count; part++)
        rc = copy_part(upload, escaped.data, part, err);
    if (rc == 0)
        rc = complete(upload, escaped.data, err);
    wf_buf_free(&escaped);
    return rc;
}

static int copy_whole(struct upload *upload, struct wf_error *err) {
    struct wf_buf source = {0};

    set_piece(upload->folder, upload->name, 0, &source);
    struct wf_s3_request request = {.method = "PUT",
                                    .key = wf_item_str(&upload->key),
                                    .body = WF_STR(""),
                                    .source = wf_item_str(&source)};
    int rc = ask_for(upload->folder, &request, err);
    wf_buf_free(&source);
    return rc;
}

static int publish(struct wf_item_folder *base, const char *name,
                   uint64_t *size, struct wf_error *err) {
    struct upload upload = {.folder = (struct folder *)base, .name = name};
    unsigned count;

    set_final(upload.folder, name, &upload.key);
    int rc = count_pieces(upload.folder, name, &count, err);
    if (rc == 0 && count)
        rc = count == 1 ? copy_whole(&upload, err)
                        : copy_parts(&upload, count, err);
    if (rc == 0)
        rc = wf_s3_size(upload.folder->s3, wf_item_str(&upload.key), size, err);
    if (rc == 0)
        rc = remove_pieces(upload.folder, name, 0, NULL, err);
    wf_buf_free(&upload.key);
    wf_buf_free(&upload.query);
    wf_buf_free(&upload.parts);
    return rc;
}

/* ---- the folder ---- */

static int sync_names(struct wf_item_folder *base, struct wf_error *err) {
    (void)base;
    (void)err;
    return 0; /* what S3 has answered, it keeps */
}

/* Failures are found by what is done next. */
static bool remove_file(struct wf_item_folder *base, const char *name,
                        bool published) {
    struct folder *folder = (struct folder *)base;
    struct wf_buf key = {0};
    uint64_t size;
    bool found = false;

    remove_pieces(folder, name, 0, &found, NULL);
    set_final(folder, name, &key);
    if (published &&
        wf_s3_size(folder->s3, wf_item_str(&key), &size, NULL) == 0) {
        remove_key(folder, wf_item_str(&key), NULL);
        found = true;
    }
    wf_buf_free(&key);
    return found;
}

static void free_folder(struct wf_item_folder *base) {
    wf_buf_free(&((struct folder *)base)->path);
    free(base);
}

static const struct wf_item_folder_ops folder_ops = {
    file_open, file_write, file_flush,  file_close,
    publish,   sync_names, remove_file, free_folder};

struct wf_item_folder *
wf_s3_folder(struct wf_s3 *s3,
             const struct wf_item_folder_options *options) {
    struct folder *folder = wf_calloc(1, sizeof(*folder));

    folder->base.ops = &folder_ops;
    folder->s3 = s3;
    folder->tag = options->tag;
    wf_buf_addstr(&folder->path, options->path);
    return &folder->base;
}
