/*
 * item_folder.c - a folder for results in a directory. See item_bucket.h.
 *
 * A file has a temporary name as file.h makes them, which listings pass over,
 * until it is published by a rename.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "item_bucket.h"

struct folder {
    struct wf_item_folder base;
    int fd;
    unsigned long long tag;
    bool sync;
    char *name; /* BUCKET/PATH, for messages */
};

struct file {
    struct wf_item_file base;
    int fd;
    char name[64];
};

struct name {
    char text[96];
};

static struct name temporary(const struct folder *folder, const char *final) {
    struct name name;

    snprintf(name.text, sizeof(name.text), ".%.60s.%016llx.tmp", final,
             folder->tag);
    return name;
}

static int fail(const struct folder *folder, const char *verb,
                const char *name, struct wf_error *err) {
    char reason[128];

    return wf_error_set(err, WF_E_IO, "%s %s%s: %s", verb, folder->name, name,
                        strerror_r(errno, reason, sizeof(reason)));
}

/* ---- files ---- */

/* Cuts what is there, under one of its names, to `size` bytes. */
static int resume(struct folder *folder, const char *final, uint64_t size) {
    struct name name = temporary(folder, final);
    struct stat st;

    if (faccessat(folder->fd, name.text, F_OK, 0) != 0)
        renameat(folder->fd, final, folder->fd, name.text);
    int fd = openat(folder->fd, name.text, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) == 0 && (uint64_t)st.st_size < size)
        errno = ENODATA;
    else if (ftruncate(fd, (off_t)size) == 0 && lseek(fd, 0, SEEK_END) >= 0)
        return fd;
    int error = errno;
    close(fd);
    return errno = error, -1;
}

static struct wf_item_file *file_open(struct wf_item_folder *base,
                                      const char *final, uint64_t size,
                                      struct wf_error *err) {
    struct folder *folder = (struct folder *)base;
    struct name name = temporary(folder, final);
    int fd = size ? resume(folder, final, size)
                  : openat(folder->fd, name.text,
                           O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
                               O_NOFOLLOW,
                           0666);

    if (fd < 0) {
        fail(folder, size ? "resume" : "create", final, err);
        return NULL;
    }
    struct file *file = wf_calloc(1, sizeof(*file));
    file->base.folder = base;
    file->fd = fd;
    snprintf(file->name, sizeof(file->name), "%s", final);
    return &file->base;
}

static int file_write(struct wf_item_file *base, struct wf_str text,
                      struct wf_error *err) {
    struct file *file = (struct file *)base;

    while (text.len) {
        ssize_t put = write(file->fd, text.data, text.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return fail((struct folder *)base->folder, "write", file->name,
                        err);
        text.data += put;
        text.len -= (size_t)put;
    }
    return 0;
}

static int file_flush(struct wf_item_file *base, struct wf_error *err) {
    struct file *file = (struct file *)base;
    struct folder *folder = (struct folder *)base->folder;

    if (folder->sync && fdatasync(file->fd) != 0)
        return fail(folder, "fdatasync", file->name, err);
    return 0;
}

static void file_close(struct wf_item_file *base) {
    close(((struct file *)base)->fd);
    free(base);
}

/* ---- the folder ---- */

static int publish(struct wf_item_folder *base, const char *final,
                   uint64_t *size, struct wf_error *err) {
    struct folder *folder = (struct folder *)base;
    struct name name = temporary(folder, final);
    struct stat st;

    if (renameat(folder->fd, name.text, folder->fd, final) != 0 &&
        errno != ENOENT)
        return fail(folder, "rename", final, err);
    if (fstatat(folder->fd, final, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return fail(folder, "stat", final, err);
    *size = (uint64_t)st.st_size;
    return 0;
}

static int sync_names(struct wf_item_folder *base, struct wf_error *err) {
    struct folder *folder = (struct folder *)base;

    if (folder->sync && fsync(folder->fd) != 0)
        return fail(folder, "fsync", "", err);
    return 0;
}

static bool remove_file(struct wf_item_folder *base, const char *final,
                        bool published) {
    struct folder *folder = (struct folder *)base;
    struct name name = temporary(folder, final);
    bool found = unlinkat(folder->fd, name.text, 0) == 0;

    if (published)
        found |= unlinkat(folder->fd, final, 0) == 0;
    return found;
}

static void free_folder(struct wf_item_folder *base) {
    struct folder *folder = (struct folder *)base;

    if (folder->fd >= 0)
        close(folder->fd);
    free(folder->name);
    free(folder);
}

static const struct wf_item_folder_ops folder_ops = {
    file_open,  file_write,  file_flush, file_close,
    publish,    sync_names,  remove_file, free_folder};

/* Makes the directories of a path below the bucket, opens the last one. */
static int make_directories(struct folder *folder, int bucket, char *path,
                            struct wf_error *err) {
    int at = bucket;

    for (char *part = path, *slash; (slash = strchr(part, '/')) != NULL;
         part = slash + 1) {
        *slash = '\0';
        bool made = mkdirat(at, part, 0777) == 0 || errno == EEXIST;
        int next = made ? wf_item_openat(bucket, path, O_RDONLY | O_DIRECTORY)
                        : -1;
        if (next < 0)
            fail(folder, made ? "open" : "make", "", err);
        if (at != bucket)
            close(at);
        at = next;
        *slash = '/';
        if (at < 0)
            break;
    }
    folder->fd = at;
    return at < 0 ? -1 : 0;
}

struct wf_item_folder *
wf_item_directory_folder(int directory, struct wf_str bucket,
                         const struct wf_item_folder_options *options,
                         struct wf_error *err) {
    struct folder *folder = wf_calloc(1, sizeof(*folder));
    struct wf_buf name = {0};
    char *path = wf_strndup(options->path.data, options->path.len);

    folder->base.ops = &folder_ops;
    folder->tag = options->tag;
    folder->sync = options->sync;
    wf_buf_addstr(&name, bucket);
    wf_buf_adds(&name, bucket.len ? "/" : "");
    wf_buf_addstr(&name, options->path);
    wf_buf_u8(&name, '\0');
    folder->name = name.data;
    int rc = make_directories(folder, directory, path, err);
    free(path);
    if (rc == 0)
        return &folder->base;
    free_folder(&folder->base);
    return NULL;
}
