/* service_models.c - finds, unpacks and keeps models. See service_models.h. */
#include "service_models.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "embedded.h"

#define KEPT 8
#define MAX_BYTES ((size_t)64 << 20)
#define ANY_GZIP (15 + 16) /* zlib's largest window, gzip's header */
#define BUILT_IN "models/"
#define SUFFIX ".json.gz"

struct model {
    char *name; /* as asked for; NULL: free */
    struct wf_doc *doc;
    uint64_t used;
};

struct wf_service_models {
    char *directory;
    uint64_t clock;
    struct model kept[KEPT];
};

struct wf_service_models *wf_service_models_new(const char *directory) {
    struct wf_service_models *models = wf_calloc(1, sizeof(*models));

    if (directory && *directory)
        models->directory = wf_strndup(directory, strlen(directory));
    return models;
}

void wf_service_models_free(struct wf_service_models *models) {
    if (!models)
        return;
    for (int i = 0; i < KEPT; i++) {
        free(models->kept[i].name);
        wf_doc_unref(models->kept[i].doc);
    }
    free(models->directory);
    free(models);
}

/* Equal but for hyphens. */
static bool same_name(struct wf_str a, struct wf_str b) {
    size_t i = 0, j = 0;

    for (;;) {
        while (i < a.len && a.data[i] == '-')
            i++;
        while (j < b.len && b.data[j] == '-')
            j++;
        if (i == a.len || j == b.len)
            return i == a.len && j == b.len;
        if (a.data[i++] != b.data[j++])
            return false;
    }
}

static int unpack(struct wf_str packed, struct wf_buf *text,
                  struct wf_error *err) {
    z_stream stream = {
        .next_in = (unsigned char *)packed.data,
        .avail_in = (unsigned)packed.len,
    };
    int status = inflateInit2(&stream, ANY_GZIP);

    while (status == Z_OK && text->len < MAX_BYTES) {
        size_t room = packed.len * 4 + 65536;
        wf_buf_reserve(text, room);
        stream.next_out = (unsigned char *)text->data + text->len;
        stream.avail_out = (unsigned)room;
        status = inflate(&stream, Z_NO_FLUSH);
        text->len += room - stream.avail_out;
        if (status == Z_BUF_ERROR || (status == Z_OK && !stream.avail_in &&
                                      stream.avail_out))
            status = Z_DATA_ERROR; /* it is cut off */
    }
    inflateEnd(&stream);
    return status == Z_STREAM_END
               ? 0
               : wf_error_set(err, WF_E_INVALID, "not what gzip writes");
}

/* ---- built in ---- */

static int read_built_in(struct wf_str service, struct wf_buf *text,
                         struct wf_error *err) {
    const struct wf_embedded *file = NULL;

    while ((file = wf_embedded_below(BUILT_IN, file)) != NULL) {
        struct wf_str name = wf_str(file->path + sizeof(BUILT_IN) - 1);
        name.len -= sizeof(SUFFIX) - 1;
        if (same_name(name, service))
            return unpack((struct wf_str){file->bytes, file->length}, text,
                          err);
    }
    return wf_error_set(err, WF_E_NOT_FOUND, "there is no model of %.*s",
                        (int)service.len, service.data);
}

/* ---- a directory in botocore's layout ---- */

static int read_file(const char *path, struct wf_buf *out,
                     struct wf_error *err) {
    FILE *file = fopen(path, "rbe");
    int rc = 0;

    if (!file)
        return wf_error_set(err, errno == ENOENT ? WF_E_NOT_FOUND : WF_E_IO,
                            "%.600s: %s", path, strerror(errno));
    for (size_t got = 1; got > 0 && out->len < MAX_BYTES; out->len += got) {
        wf_buf_reserve(out, 65536);
        got = fread(out->data + out->len, 1, 65536, file);
    }
    if (ferror(file))
        rc = wf_error_set(err, WF_E_IO, "%.600s: %s", path, strerror(errno));
    fclose(file);
    return rc;
}

/* "folder/name", ended by a NUL. Owned. */
static char *path_of(const char *folder, const char *name) {
    struct wf_buf path = {0};

    wf_buf_addf(&path, "%s/%s", folder, name);
    wf_buf_u8(&path, 0);
    return path.data;
}

static int read_named(const char *folder, const char *name,
                      struct wf_buf *text, struct wf_error *err) {
    char *path = path_of(folder, name);
    int rc = read_file(path, text, err);

    free(path);
    return rc;
}

/* The model in one folder SERVICE/VERSION. */
static int read_version(const char *folder, struct wf_buf *text,
                        struct wf_error *err) {
    struct wf_buf packed = {0};
    int rc = read_named(folder, "service-2.json", text, err);

    if (rc == 0 || err->code != WF_E_NOT_FOUND)
        return rc;
    rc = read_named(folder, "service-2.json.gz", &packed, err);
    if (rc == 0)
        rc = unpack((struct wf_str){packed.data, packed.len}, text, err);
    wf_buf_free(&packed);
    return rc;
}

static int not_hidden(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

/* The latest version that has a model. */
static int read_versions(const char *folder, struct wf_buf *text,
                         struct wf_error *err) {
    struct dirent **versions = NULL;
    int count = scandir(folder, &versions, not_hidden, alphasort);
    int rc = wf_error_set(err, WF_E_NOT_FOUND, "%.600s: no model", folder);

    for (int i = count; i-- > 0; free(versions[i])) {
        char *path = path_of(folder, versions[i]->d_name);
        if (rc != 0 && err->code == WF_E_NOT_FOUND)
            rc = read_version(path, text, err);
        free(path);
    }
    free(versions);
    return rc;
}

static int read_directory(const char *directory, struct wf_str service,
                          struct wf_buf *text, struct wf_error *err) {
    struct dirent *entry;
    DIR *folder = opendir(directory);
    int rc;

    if (!folder)
        return wf_error_set(err, WF_E_IO, "service models: %.600s: %s",
                            directory, strerror(errno));
    rc = wf_error_set(err, WF_E_NOT_FOUND, "no model there");
    while (rc != 0 && (entry = readdir(folder)) != NULL) {
        if (!not_hidden(entry) || !same_name(wf_str(entry->d_name), service))
            continue;
        char *path = path_of(directory, entry->d_name);
        rc = read_versions(path, text, err);
        free(path);
        break;
    }
    closedir(folder);
    return rc;
}

/* ---- what is kept ---- */

static struct wf_doc *read_model(const struct wf_service_models *models,
                                 struct wf_str service,
                                 struct wf_error *err) {
    struct wf_buf text = {0};
    struct wf_doc_limits limits = {.max_bytes = MAX_BYTES};
    struct wf_error own;
    int rc = -1;

    if (!err)
        err = &own;
    err->code = WF_E_NOT_FOUND;
    if (models->directory)
        rc = read_directory(models->directory, service, &text, err);
    if (rc != 0 && err->code == WF_E_NOT_FOUND)
        rc = read_built_in(service, &text, err);
    if (rc == 0)
        return wf_doc_parse_buf(&text, &limits, err);
    wf_buf_free(&text);
    return NULL;
}

struct wf_doc *wf_service_models_get(struct wf_service_models *models,
                                     struct wf_str service,
                                     struct wf_error *err) {
    struct model *oldest = &models->kept[0];

    for (int i = 0; i < KEPT; i++) {
        struct model *model = &models->kept[i];
        if (model->name && wf_str_eq(wf_str(model->name), service)) {
            model->used = ++models->clock;
            return model->doc;
        }
        if (model->used < oldest->used)
            oldest = model;
    }
    struct wf_doc *doc = read_model(models, service, err);
    if (!doc)
        return NULL;
    free(oldest->name);
    wf_doc_unref(oldest->doc);
    *oldest = (struct model){wf_strndup(service.data, service.len), doc,
                             ++models->clock};
    return doc;
}
