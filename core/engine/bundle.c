/* bundle.c - reads handler directories. See bundle.h. */
#include "bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORED_VERSION 1
#define MAX_DEPTH 16
#define MAX_BYTES ((size_t)64 << 20)

struct file {
    char *path; /* below its directory */
    struct wf_buf content;
};

struct collection {
    struct file *files;
    size_t count, bytes;
    struct wf_error *err;
};

void wf_bundle_deinit(struct wf_bundle *bundle) {
    wf_buf_free(&bundle->stored);
    *bundle = (struct wf_bundle){0};
}

static int read_all(int fd, struct wf_buf *out) {
    for (;;) {
        wf_buf_reserve(out, 16384);
        ssize_t n = read(fd, out->data + out->len, out->cap - out->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return (int)n;
        out->len += (size_t)n;
    }
}

static bool is_safe(const struct stat *st) {
    bool ours = st->st_uid == geteuid() || st->st_uid == 0;
    return ours && (st->st_mode & 022) == 0;
}

static bool is_known(const struct collection *all, const char *path) {
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->files[i].path, path) == 0)
            return true;
    return false;
}

static int add_file(struct collection *all, const char *full,
                    const char *path) {
    struct wf_buf content = {0};
    struct stat st;
    int rc = -1, fd = open(full, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) != 0 || read_all(fd, &content) != 0) {
        wf_error_set(all->err, WF_E_IO, "%s: %s", full, strerror(errno));
        goto out;
    }
    if (!is_safe(&st)) {
        wf_error_set(all->err, WF_E_INVALID,
                     "%s: refused: others can write to it, or it belongs to "
                     "somebody else (chmod go-w, chown)",
                     full);
        goto out;
    }
    all->bytes += content.len;
    if (all->bytes > MAX_BYTES) {
        wf_error_set(all->err, WF_E_LIMIT, "handlers have more than %zu bytes",
                     MAX_BYTES);
        goto out;
    }
    if (wf_lua_check((struct wf_str){content.data, content.len}, path,
                     all->err) != 0)
        goto out;
    all->files = wf_realloc(all->files,
                            (all->count + 1) * sizeof(*all->files));
    all->files[all->count++] =
        (struct file){wf_strndup(path, strlen(path)), content};
    content = (struct wf_buf){0};
    rc = 0;
out:
    if (fd >= 0)
        close(fd);
    wf_buf_free(&content);
    return rc;
}

static bool is_lua(const char *name) {
    size_t len = strlen(name);
    return len > 4 && strcmp(name + len - 4, ".lua") == 0;
}

/* Walks `base`/`below`; `below` is "" or ends with a slash. */
static int add_directory(struct collection *all, const char *base,
                         const char *below, int depth) {
    char full[PATH_MAX], path[PATH_MAX];
    int rc = 0;
    snprintf(full, sizeof(full), "%s/%s", base, below);
    DIR *directory = opendir(full);
    if (!directory)
        return wf_error_set(all->err, WF_E_IO, "%s: %s", full,
                            strerror(errno));
    struct dirent *entry;
    while (rc == 0 && (entry = readdir(directory))) {
        struct stat st;
        if (entry->d_name[0] == '.')
            continue;
        if ((size_t)snprintf(path, sizeof(path), "%s%s", below,
                             entry->d_name) >= sizeof(path) - 1 ||
            (size_t)snprintf(full, sizeof(full), "%s/%s", base, path) >=
                sizeof(full))
            continue;
        if (stat(full, &st) != 0)
            continue; /* gone between the two calls */
        if (S_ISDIR(st.st_mode) && depth < MAX_DEPTH) {
            size_t len = strlen(path);
            memcpy(path + len, "/", 2); /* the check above left room */
            rc = add_directory(all, base, path, depth + 1);
        } else if (S_ISREG(st.st_mode) && is_lua(entry->d_name) &&
                   !is_known(all, path)) {
            rc = add_file(all, full, path);
        }
    }
    closedir(directory);
    return rc;
}

/* A file that is named itself, a workflow: by its last name. */
static int add_alone(struct collection *all, const char *full) {
    const char *slash = strrchr(full, '/');
    const char *path = slash ? slash + 1 : full;

    return is_known(all, path) ? 0 : add_file(all, full, path);
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct file *)a)->path,
                  ((const struct file *)b)->path);
}

static void name_of(struct wf_str stored, char hash[65]) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EVP_Digest(stored.data, stored.len, digest, &len, EVP_sha256(), NULL);
    for (size_t i = 0; i < 32; i++)
        snprintf(hash + 2 * i, 3, "%02x", digest[i]);
}

bool wf_bundle_is_whole(struct wf_str stored, struct wf_str hash) {
    char name[65];
    name_of(stored, name);
    return wf_str_eq(wf_str(name), hash);
}

int wf_bundle_read(const char *const *directories, struct wf_bundle *bundle,
                   struct wf_error *err) {
    struct collection all = {.err = err};
    int rc = 0;

    *bundle = (struct wf_bundle){0};
    for (; rc == 0 && directories && *directories; directories++)
        rc = is_lua(*directories) ? add_alone(&all, *directories)
                                  : add_directory(&all, *directories, "", 0);
    if (rc == 0 && all.count > 0) {
        qsort(all.files, all.count, sizeof(*all.files), by_path);
        wf_buf_u8(&bundle->stored, STORED_VERSION);
        wf_buf_varint(&bundle->stored, all.count);
        for (size_t i = 0; i < all.count; i++) {
            wf_buf_text(&bundle->stored, wf_str(all.files[i].path));
            wf_buf_text(&bundle->stored,
                        (struct wf_str){all.files[i].content.data,
                                        all.files[i].content.len});
        }
        bundle->files = all.count;
        name_of((struct wf_str){bundle->stored.data, bundle->stored.len},
                bundle->hash);
    }
    for (size_t i = 0; i < all.count; i++) {
        free(all.files[i].path);
        wf_buf_free(&all.files[i].content);
    }
    free(all.files);
    return rc;
}
