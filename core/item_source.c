/* item_source.c - files below a root, texts in memory. See item_source.h. */
#include "item_source.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct file_source {
    struct wf_item_source base;
    int fd;
};

struct text_source {
    struct wf_item_source base;
    char *text;
    size_t len, at;
    size_t piece; /* bytes of one read at most */
};

/* ---- opening below a directory ---- */

/* Opens the next component; `*path` moves behind it. */
static int open_component(int directory, const char **path, int flags) {
    const char *start = *path + strspn(*path, "/");
    size_t len = strcspn(start, "/");
    const char *rest = start + len + strspn(start + len, "/");
    char name[256];

    if (len == 0 && *rest == '\0') { /* "dir/": the directory itself */
        start = ".";
        len = 1;
    }
    if (len >= sizeof(name))
        return errno = ENAMETOOLONG, -1;
    memcpy(name, start, len);
    name[len] = '\0';
    *path = rest;
    if (strcmp(name, "..") == 0)
        return errno = EXDEV, -1;
    if (*rest)
        flags = O_PATH | O_DIRECTORY;
    return openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC);
}

/* Without openat2(): component by component, no links, no "..". */
static int open_beneath(int directory, const char *path, int flags) {
    int at = directory;

    if (*path == '/')
        return errno = EXDEV, -1;
    do {
        int next = open_component(at, &path, flags);
        int error = errno;
        if (at != directory)
            close(at);
        if (next < 0)
            return errno = error, -1;
        at = next;
    } while (*path);
    return at;
}

int wf_item_openat(int directory, const char *path, int flags) {
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    long fd;

    do
        fd = syscall(SYS_openat2, directory, path, &how, sizeof(how));
    while (fd < 0 && (errno == EINTR || errno == EAGAIN));
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        return open_beneath(directory, path, flags);
    return (int)fd;
}

static int fail(struct wf_error *err, const char *verb, const char *name) {
    int error = errno;
    char reason[128];

    return wf_error_set(
        err, error == ENOENT || error == ENOTDIR ? WF_E_NOT_FOUND : WF_E_IO,
        "%s %.300s: %s", verb, name,
        error == EXDEV ? "it leads out of its directory"
                       : strerror_r(error, reason, sizeof(reason)));
}

int wf_item_bucket_open(const char *root, struct wf_str bucket,
                        struct wf_error *err) {
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return fail(err, "open", root);
    if (bucket.len == 0)
        return fd;
    char *name = wf_strndup(bucket.data, bucket.len);
    int below = wf_item_openat(fd, name, O_RDONLY | O_DIRECTORY);
    if (below < 0)
        fail(err, "open bucket", name);
    free(name);
    close(fd);
    return below;
}

/* ---- files ---- */

static ssize_t file_read(struct wf_item_source *source, char *data,
                         size_t cap, struct wf_error *err) {
    struct file_source *file = (struct file_source *)source;
    ssize_t got;

    do
        got = read(file->fd, data, cap);
    while (got < 0 && errno == EINTR);
    return got < 0 ? fail(err, "read", source->name) : got;
}

static int file_seek(struct wf_item_source *source, uint64_t offset,
                     struct wf_error *err) {
    struct file_source *file = (struct file_source *)source;

    if (lseek(file->fd, (off_t)offset, SEEK_SET) < 0)
        return fail(err, "seek", source->name);
    return 0;
}

static void file_free(struct wf_item_source *source) {
    close(((struct file_source *)source)->fd);
}

static const struct wf_item_source_ops file_ops = {file_read, file_seek,
                                                   file_free};

static uint64_t stamp_of(const struct stat *st) {
    uint64_t stamp = (uint64_t)st->st_size * UINT64_C(0x9e3779b97f4a7c15);

    stamp ^= (uint64_t)st->st_mtim.tv_sec * UINT64_C(0xc2b2ae3d27d4eb4f);
    stamp += (uint64_t)st->st_mtim.tv_nsec;
    stamp *= UINT64_C(0x165667b19e3779f9);
    return stamp ^ stamp >> 32;
}

static bool ends_with(const char *text, const char *end) {
    size_t len = strlen(text), want = strlen(end);
    return len >= want && strcmp(text + len - want, end) == 0;
}

struct wf_item_source *wf_item_source_file(int directory, const char *key,
                                           const char *name,
                                           struct wf_error *err) {
    struct stat st;
    /* Non-blocking: a FIFO without a writer must not hold a thread. */
    int fd = wf_item_openat(directory, key, O_RDONLY | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        fail(err, "open", name);
        return NULL;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        wf_error_set(err, WF_E_INVALID, "open %.300s: not a regular file",
                     name);
        close(fd);
        return NULL;
    }
    if (ends_with(key, ".zst") || ends_with(key, ".zstd")) {
        wf_error_set(err, WF_E_INVALID,
                     "open %.300s: zstd compression is not supported", name);
        close(fd);
        return NULL;
    }
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    struct file_source *file = wf_calloc(1, sizeof(*file));
    file->base.ops = &file_ops;
    file->base.name = wf_strndup(name, strlen(name));
    file->base.stamp = stamp_of(&st);
    file->fd = fd;
    return ends_with(key, ".gz") ? wf_item_source_gunzip(&file->base)
                                 : &file->base;
}

/* ---- texts ---- */

static ssize_t text_read(struct wf_item_source *source, char *data,
                         size_t cap, struct wf_error *err) {
    struct text_source *text = (struct text_source *)source;
    size_t got = text->len - text->at;

    (void)err;
    if (got > cap)
        got = cap;
    if (got > text->piece)
        got = text->piece;
    memcpy(data, text->text + text->at, got);
    text->at += got;
    return (ssize_t)got;
}

static int text_seek(struct wf_item_source *source, uint64_t offset,
                     struct wf_error *err) {
    struct text_source *text = (struct text_source *)source;

    (void)err;
    text->at = offset < text->len ? (size_t)offset : text->len;
    return 0;
}

static void text_free(struct wf_item_source *source) {
    free(((struct text_source *)source)->text);
}

static const struct wf_item_source_ops text_ops = {text_read, text_seek,
                                                   text_free};

struct wf_item_source *wf_item_source_text(struct wf_str text, size_t piece,
                                           const char *name) {
    struct text_source *source = wf_calloc(1, sizeof(*source));

    source->base.ops = &text_ops;
    source->base.name = wf_strndup(name, strlen(name));
    source->base.stamp = wf_str_hash(text);
    source->text = wf_strndup(text.data, text.len);
    source->len = text.len;
    source->piece = piece ? piece : SIZE_MAX;
    return &source->base;
}

void wf_item_source_free(struct wf_item_source *source) {
    if (!source)
        return;
    source->ops->free(source);
    free(source->name);
    free(source);
}
