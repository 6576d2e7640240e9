/*
 * embedded.c - looks up built-in Lua sources, or reads them from a directory.
 */
#include "embedded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int compare_path(const void *key, const void *row) {
    return strcmp(key, ((const struct wf_embedded *)row)->path);
}

const struct wf_embedded *wf_embedded_find(const char *path) {
    return bsearch(path, wf_embedded_files, wf_embedded_count,
                   sizeof(wf_embedded_files[0]), compare_path);
}

const struct wf_embedded *wf_embedded_next(const struct wf_embedded *last) {
    size_t index = last == NULL ? 0 : (size_t)(last - wf_embedded_files) + 1;

    return index < wf_embedded_count ? &wf_embedded_files[index] : NULL;
}

const struct wf_embedded *wf_embedded_below(const char *prefix,
                                            const struct wf_embedded *last) {
    size_t len = strlen(prefix);

    do {
        last = wf_embedded_next(last);
    } while (last != NULL && strncmp(last->path, prefix, len) != 0);
    return last;
}

static int source_from_file(const char *path, const char *directory,
                            struct wf_buf *source, struct wf_error *err) {
    struct wf_buf name = {0};
    FILE *file;
    int rc = 0;

    wf_buf_addf(&name, "%s/%s", directory, path);
    wf_buf_u8(&name, 0);
    file = fopen(name.data, "rbe");
    if (file == NULL) {
        rc = wf_error_set(err, errno == ENOENT ? WF_E_NOT_FOUND : WF_E_IO,
                          "%s: %s", name.data, strerror(errno));
        goto out;
    }
    for (size_t got = 1; got > 0; source->len += got) {
        wf_buf_reserve(source, 65536);
        got = fread(source->data + source->len, 1, 65536, file);
    }
    if (ferror(file))
        rc = wf_error_set(err, WF_E_IO, "%s: %s", name.data, strerror(errno));
    fclose(file);
out:
    wf_buf_free(&name);
    return rc;
}

int wf_lua_source(const char *path, const char *directory,
                  struct wf_buf *source, struct wf_error *err) {
    const struct wf_embedded *file;

    if (directory != NULL)
        return source_from_file(path, directory, source, err);
    file = wf_embedded_find(path);
    if (file == NULL)
        return wf_error_set(err, WF_E_NOT_FOUND,
                            "%s: no such built-in Lua file", path);
    wf_buf_add(source, file->bytes, file->length);
    return 0;
}
