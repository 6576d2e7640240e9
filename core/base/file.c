/* file.c - reading, replacing and listing files. See file.h. */
#include "file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

int wf_file_fail(struct wf_error *err, int error, const char *verb,
                 const char *path) {
    enum wf_error_code code = error == ENOENT   ? WF_E_NOT_FOUND
                              : error == EEXIST ? WF_E_EXISTS
                                                : WF_E_IO;
    char reason[128];

    wf_error_set(err, code, "%s %s: %s", verb, path,
                 strerror_r(error, reason, sizeof(reason)));
    return error;
}

static void fill_info(struct wf_file_info *info, const struct stat *st) {
    *info = (struct wf_file_info){
        .type = S_ISREG(st->st_mode)   ? "file"
                : S_ISDIR(st->st_mode) ? "directory"
                : S_ISLNK(st->st_mode) ? "symlink"
                                       : "other",
        .size = st->st_size,
        .mtime_ms = (int64_t)st->st_mtim.tv_sec * 1000 +
                    st->st_mtim.tv_nsec / 1000000,
        .mode = st->st_mode & 07777,
        .uid = st->st_uid,
        .gid = st->st_gid,
        .inode = st->st_ino,
        .links = st->st_nlink,
    };
}

int wf_file_stat(const char *path, bool follow, struct wf_file_info *info,
                 struct wf_error *err) {
    struct stat st;

    if (fstatat(AT_FDCWD, path, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
        return wf_file_fail(err, errno, "stat", path);
    fill_info(info, &st);
    return 0;
}

/* Reads to the end of the file; no errno value is 0 on success. */
static int read_all(int fd, size_t max, struct wf_buf *out) {
    struct stat st;
    size_t before = out->len;

    if (fstat(fd, &st) != 0)
        return errno;
    if (S_ISDIR(st.st_mode))
        return EISDIR;
    if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > max)
        return EFBIG;
    if (S_ISREG(st.st_mode))
        wf_buf_reserve(out, (size_t)st.st_size + 1);
    for (;;) {
        if (out->cap == out->len)
            wf_buf_reserve(out, 65536);
        ssize_t got = read(fd, out->data + out->len, out->cap - out->len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 ? 0 : errno;
        out->len += (size_t)got;
        if (out->len - before > max)
            return EFBIG;
    }
}

int wf_file_read(const char *path, size_t max, struct wf_buf *out,
                 struct wf_error *err) {
    /* Non-blocking: a FIFO without a writer must not hold a thread. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return wf_file_fail(err, errno, "open", path);
    int error = read_all(fd, max, out);
    close(fd);
    if (error == EFBIG)
        wf_error_set(err, WF_E_LIMIT, "read %s: larger than %zu bytes", path,
                     max);
    else if (error)
        wf_file_fail(err, error, "read", path);
    return error;
}

static int write_all(int fd, struct wf_str data) {
    while (data.len) {
        ssize_t put = write(fd, data.data, data.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        data.data += put;
        data.len -= (size_t)put;
    }
    return 0;
}

int wf_file_sync_parent(const char *path, struct wf_error *err) {
    const char *slash = strrchr(path, '/');
    char *parent = !slash          ? wf_strndup(".", 1)
                   : slash == path ? wf_strndup("/", 1)
                                   : wf_strndup(path, (size_t)(slash - path));
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) != 0 ? errno : 0;

    if (error)
        wf_file_fail(err, error, "fsync", parent);
    if (fd >= 0)
        close(fd);
    free(parent);
    return error;
}

/* "dir/name" to "dir/.name.<16 hex>.tmp"; long names are shortened. */
static char *temp_name(const char *target) {
    const char *slash = strrchr(target, '/');
    const char *name = slash ? slash + 1 : target;
    uint64_t random;
    struct wf_buf path = {0};

    while (getrandom(&random, sizeof(random), 0) != sizeof(random))
        continue;
    wf_buf_add(&path, target, (size_t)(name - target));
    wf_buf_addf(&path, ".%.200s.%016llx.tmp", name,
                (unsigned long long)random);
    wf_buf_u8(&path, '\0');
    return path.data;
}

/* The file a path names, through symbolic links, which may not exist. */
static char *resolve(const char *path) {
    struct stat st;

    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
        char *real = realpath(path, NULL);
        if (real)
            return real;
    }
    return wf_strndup(path, strlen(path));
}

/* The new file takes the place of another: owner (as far as it is allowed)
 * and mode are kept. The mode last: chown clears set-id bits. */
static int dress(int fd, const char *target, int mode) {
    struct stat st;

    if (stat(target, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return EISDIR;
        if (mode < 0)
            mode = (int)(st.st_mode & 07777);
        if (fchown(fd, st.st_uid, st.st_gid) != 0 && errno != EPERM)
            return errno;
    }
    return mode >= 0 && fchmod(fd, (mode_t)mode) != 0 ? errno : 0;
}

int wf_file_temp_open(struct wf_file_temp *temp, const char *path, int mode,
                      struct wf_error *err) {
    temp->target = resolve(path);
    temp->path = temp_name(temp->target);
    temp->fd = open(temp->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (temp->fd < 0) {
        int error = wf_file_fail(err, errno, "create", path);
        free(temp->path);
        temp->path = NULL;
        wf_file_temp_drop(temp);
        return error;
    }
    int error = dress(temp->fd, temp->target, mode);
    if (error) {
        wf_file_fail(err, error, "write", path);
        wf_file_temp_drop(temp);
    }
    return error;
}

int wf_file_temp_commit(struct wf_file_temp *temp, bool sync,
                        struct wf_error *err) {
    int error = 0;

    assert(temp->target && temp->path);
    if (sync && fsync(temp->fd) != 0)
        error = wf_file_fail(err, errno, "fsync", temp->path);
    close(temp->fd);
    temp->fd = -1;
    if (!error && rename(temp->path, temp->target) != 0)
        error = wf_file_fail(err, errno, "rename", temp->target);
    if (!error) {
        free(temp->path);
        temp->path = NULL; /* it has the other name now */
        if (sync)
            error = wf_file_sync_parent(temp->target, err);
    }
    wf_file_temp_drop(temp);
    return error;
}

void wf_file_temp_drop(struct wf_file_temp *temp) {
    if (temp->path) {
        unlink(temp->path);
        if (temp->fd >= 0)
            close(temp->fd);
    }
    free(temp->path);
    free(temp->target);
    *temp = (struct wf_file_temp){.fd = -1};
}

int wf_file_write(const char *path, struct wf_str data,
                  struct wf_file_mode mode, struct wf_error *err) {
    struct wf_file_temp temp;
    int error = wf_file_temp_open(&temp, path, mode.mode, err);

    if (error)
        return error;
    error = write_all(temp.fd, data);
    if (error) {
        wf_file_temp_drop(&temp);
        return wf_file_fail(err, error, "write", path);
    }
    return wf_file_temp_commit(&temp, mode.sync, err);
}

int wf_file_append(const char *path, struct wf_str data,
                   struct wf_file_mode mode, struct wf_error *err) {
    mode_t bits = mode.mode < 0 ? 0666 : (mode_t)mode.mode;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, bits);
    if (fd < 0)
        return wf_file_fail(err, errno, "open", path);
    int error = write_all(fd, data);
    if (!error && mode.sync && fsync(fd) != 0)
        error = errno;
    close(fd);
    if (error)
        return wf_file_fail(err, error, "append", path);
    return mode.sync ? wf_file_sync_parent(path, err) : 0;
}

static int compare_entries(const void *a, const void *b) {
    const struct wf_file_entry *left = a, *right = b;
    return strcmp(left->name, right->name);
}

/* Adds what the entry is now; one that has gone meanwhile is left out. */
static void add_entry(struct wf_file_list *list, size_t *cap, int dir,
                      const char *name) {
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (list->count == *cap) {
        *cap = *cap ? *cap * 2 : 32;
        list->entries =
            wf_realloc(list->entries, *cap * sizeof(*list->entries));
    }
    struct wf_file_entry *entry = &list->entries[list->count++];
    entry->name = wf_strndup(name, strlen(name));
    fill_info(&entry->info, &st);
}

int wf_file_list(const char *path, struct wf_file_list *list,
                 struct wf_error *err) {
    DIR *dir = opendir(path);
    struct dirent *found;
    size_t cap = 0;

    *list = (struct wf_file_list){0};
    if (!dir)
        return wf_file_fail(err, errno, "list", path);
    while (errno = 0, (found = readdir(dir)) != NULL)
        if (strcmp(found->d_name, ".") != 0 &&
            strcmp(found->d_name, "..") != 0)
            add_entry(list, &cap, dirfd(dir), found->d_name);
    int error = errno;
    closedir(dir);
    if (error)
        return wf_file_fail(err, error, "list", path);
    if (list->count)
        qsort(list->entries, list->count, sizeof(*list->entries),
              compare_entries);
    return 0;
}

void wf_file_list_free(struct wf_file_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->entries[i].name);
    free(list->entries);
    *list = (struct wf_file_list){0};
}
