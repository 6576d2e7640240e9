/* item_directory.c - a bucket that is a directory. See item_bucket.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "item_bucket.h"

struct file_source {
    struct wf_item_source base;
    int fd;
};

struct directory {
    struct wf_item_bucket base;
    int fd;
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

/* ---- files ---- */

static uint64_t stamp_of(const struct stat *st) {
    uint64_t stamp = (uint64_t)st->st_size * UINT64_C(0x9e3779b97f4a7c15);

    stamp ^= (uint64_t)st->st_mtim.tv_sec * UINT64_C(0xc2b2ae3d27d4eb4f);
    stamp += (uint64_t)st->st_mtim.tv_nsec;
    stamp *= UINT64_C(0x165667b19e3779f9);
    return stamp ^ stamp >> 32;
}

static ssize_t file_read(struct wf_item_source *source, char *data,
                         size_t cap, struct wf_error *err) {
    struct file_source *file = (struct file_source *)source;
    struct stat st;
    ssize_t got;

    do
        got = read(file->fd, data, cap);
    while (got < 0 && errno == EINTR);
    if (got < 0 || fstat(file->fd, &st) != 0)
        return fail(err, "read", source->name);
    if (stamp_of(&st) != source->stamp)
        return wf_error_set(err, WF_E_INVALID,
                            "%.300s has changed while it was read",
                            source->name);
    return got;
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
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    struct file_source *file = wf_calloc(1, sizeof(*file));
    file->base.ops = &file_ops;
    file->base.name = wf_strndup(name, strlen(name));
    file->base.stamp = stamp_of(&st);
    file->fd = fd;
    return &file->base;
}

/* ---- the bucket ---- */

static struct wf_item_source *open_key(struct wf_item_bucket *bucket,
                                       struct wf_str key, const char *name,
                                       struct wf_error *err) {
    char *path = wf_strndup(key.data, key.len);
    struct wf_item_source *source = wf_item_source_file(
        ((struct directory *)bucket)->fd, path, name, err);

    free(path);
    return source;
}

static struct wf_item_list *list_keys(struct wf_item_bucket *bucket,
                                      struct wf_str prefix,
                                      struct wf_str start_after) {
    return wf_item_directory_list(((struct directory *)bucket)->fd, prefix,
                                  start_after);
}

static struct wf_item_folder *
open_folder(struct wf_item_bucket *bucket,
            const struct wf_item_folder_options *options,
            struct wf_error *err) {
    return wf_item_directory_folder(((struct directory *)bucket)->fd,
                                    bucket->name, options, err);
}

static void free_directory(struct wf_item_bucket *bucket) {
    close(((struct directory *)bucket)->fd);
    free(bucket);
}

static const struct wf_item_bucket_ops directory_ops = {
    open_key, list_keys, open_folder, free_directory};

/* The root itself, if the path is in it. */
static int open_root(int root, struct wf_str path, struct wf_error *err) {
    char *name = wf_strndup(path.data, path.len);
    int fd = path.len ? wf_item_openat(root, name, O_PATH) : root;

    if (fd < 0) {
        fail(err, "open", name);
        close(root);
        root = -1;
    } else if (fd != root) {
        close(fd);
    }
    free(name);
    return root;
}

/* The directory of that name, which replaces the root. */
static int open_named(int root, struct wf_str bucket, struct wf_error *err) {
    char *name = wf_strndup(bucket.data, bucket.len);
    int fd = wf_item_openat(root, name, O_RDONLY | O_DIRECTORY);

    if (fd < 0)
        fail(err, "open bucket", name);
    free(name);
    close(root);
    return fd;
}

struct wf_item_bucket *wf_item_directory(const char *root, struct wf_str name,
                                         struct wf_str path,
                                         struct wf_error *err) {
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        fail(err, "open", root);
    else
        fd = name.len ? open_named(fd, name, err) : open_root(fd, path, err);
    if (fd < 0)
        return NULL;
    struct directory *directory = wf_calloc(1, sizeof(*directory));
    directory->base.ops = &directory_ops;
    directory->fd = fd;
    return &directory->base;
}
