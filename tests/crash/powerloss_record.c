/*
 * powerloss_record.c - preloaded library that writes the log of powerloss.h.
 *
 * Environment: POWERLOSS_DIR is the directory that is watched (an absolute
 * path without symbolic links), POWERLOSS_LOG the file to append to. Without
 * both it only passes calls on. Several processes may share a log. With
 * POWERLOSS_NO_SYNC nothing counts as flushed: to show that the suite notices.
 *
 * A write and its record happen under one lock, so the order of the log is
 * the order of the writes. An fsync has a record when it begins and one when
 * it has returned. Changes made through mmap are not seen; the checker finds
 * out, since it compares the log's result with the real files.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "powerloss.h"

#define REAL(name) ((__typeof__(&name))real_symbol(#name))
#define EXPORTED __attribute__((visibility("default")))

/* A preloaded library has nobody to pass a context to it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *directory;
static size_t directory_len;
static int log_fd = -1;
static uint64_t sync_count;
static bool no_sync;

static void *real_symbol(const char *name) {
    void *symbol = dlsym(RTLD_NEXT, name);
    if (!symbol)
        abort();
    return symbol;
}

__attribute__((constructor)) static void record_start(void) {
    const char *path = getenv("POWERLOSS_LOG");
    directory = getenv("POWERLOSS_DIR");
    if (!path || !directory)
        return;
    directory_len = strlen(directory);
    no_sync = getenv("POWERLOSS_NO_SYNC") != NULL;
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, path,
                          O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0)
        abort();
}

/* The part of a path below the directory; NULL if it is elsewhere. */
static const char *path_below(const char *path) {
    if (log_fd < 0 || strncmp(path, directory, directory_len) != 0)
        return NULL;
    if (path[directory_len] == '\0')
        return path + directory_len;
    return path[directory_len] == '/' ? path + directory_len + 1 : NULL;
}

/* Which watched file a descriptor is open on; NULL for any other. */
static const char *fd_path(int fd, char buffer[PATH_MAX]) {
    char link[64];
    if (log_fd < 0)
        return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = syscall(SYS_readlinkat, AT_FDCWD, link, buffer,
                          PATH_MAX - 1);
    if (len < 0)
        return NULL;
    buffer[len] = '\0';
    return path_below(buffer);
}

/* The same for a name, which may not exist yet. */
static const char *name_path(int dirfd, const char *name,
                             char buffer[PATH_MAX]) {
    char parent[PATH_MAX], full[PATH_MAX], base[64] = "";
    const char *slash = strrchr(name, '/');
    if (log_fd < 0)
        return NULL;
    if (dirfd != AT_FDCWD && name[0] != '/')
        snprintf(base, sizeof base, "/proc/self/fd/%d/", dirfd);
    if (snprintf(parent, sizeof parent, "%s%.*s", base,
                 slash ? (int)(slash - name + 1) : 1,
                 slash ? name : ".") >= PATH_MAX)
        return NULL;
    if (!realpath(parent, full))
        return NULL;
    if (snprintf(buffer, PATH_MAX, "%s/%s", full,
                 slash ? slash + 1 : name) >= PATH_MAX)
        return NULL;
    return path_below(buffer);
}

static void append_all(struct iovec *parts, int count) {
    ssize_t want = 0;
    for (int i = 0; i < count; i++)
        want += (ssize_t)parts[i].iov_len;
    if (syscall(SYS_writev, log_fd, parts, count) != want)
        abort(); /* a log with a hole would prove nothing */
}

static void record(struct powerloss_head head, const char *path,
                   const void *data, size_t len) {
    head.path_len = (uint32_t)strlen(path);
    head.data_len = len;
    struct iovec parts[] = {
        {&head, sizeof head},
        {(void *)path, head.path_len},
        {(void *)data, len},
    };
    append_all(parts, len ? 3 : 2);
}

static void record_write(int fd, const char *path, const void *data,
                         size_t len, off_t offset) {
    bool synced = !no_sync && fcntl(fd, F_GETFL) & O_DSYNC;
    record((struct powerloss_head){.kind = POWERLOSS_WRITE,
                                   .synced = synced,
                                   .at = (uint64_t)offset},
           path, data, len);
}

EXPORTED void powerloss_mark(const char *text) {
    if (log_fd < 0)
        return;
    pthread_mutex_lock(&lock);
    record((struct powerloss_head){.kind = POWERLOSS_MARK}, "", text,
           strlen(text));
    pthread_mutex_unlock(&lock);
}

/* ---- writes ---- */

EXPORTED ssize_t pwrite(int fd, const void *data, size_t len, off_t offset) {
    char buffer[PATH_MAX];
    const char *path = fd_path(fd, buffer);
    if (!path)
        return REAL(pwrite)(fd, data, len, offset);
    pthread_mutex_lock(&lock);
    ssize_t done = REAL(pwrite)(fd, data, len, offset);
    int saved = errno;
    if (done > 0)
        record_write(fd, path, data, (size_t)done, offset);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return done;
}

EXPORTED ssize_t write(int fd, const void *data, size_t len) {
    char buffer[PATH_MAX];
    const char *path = fd_path(fd, buffer);
    if (!path)
        return REAL(write)(fd, data, len);
    pthread_mutex_lock(&lock);
    ssize_t done = REAL(write)(fd, data, len);
    int saved = errno;
    if (done > 0) /* the position has moved; with O_APPEND, to the end */
        record_write(fd, path, data, (size_t)done,
                     lseek(fd, 0, SEEK_CUR) - done);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return done;
}

/* Vectors are passed on piece by piece: a short count is allowed. */
EXPORTED ssize_t pwritev(int fd, const struct iovec *parts, int count,
                         off_t offset) {
    char buffer[PATH_MAX];
    if (!fd_path(fd, buffer))
        return REAL(pwritev)(fd, parts, count, offset);
    ssize_t total = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = pwrite(fd, parts[i].iov_base, parts[i].iov_len,
                              offset + total);
        if (done < 0)
            return total ? total : -1;
        total += done;
        if ((size_t)done < parts[i].iov_len)
            break;
    }
    return total;
}

EXPORTED ssize_t writev(int fd, const struct iovec *parts, int count) {
    char buffer[PATH_MAX];
    if (!fd_path(fd, buffer))
        return REAL(writev)(fd, parts, count);
    ssize_t total = 0;
    for (int i = 0; i < count; i++) {
        ssize_t done = write(fd, parts[i].iov_base, parts[i].iov_len);
        if (done < 0)
            return total ? total : -1;
        total += done;
        if ((size_t)done < parts[i].iov_len)
            break;
    }
    return total;
}

/* ---- sizes ---- */

EXPORTED int ftruncate(int fd, off_t size) {
    char buffer[PATH_MAX];
    const char *path = fd_path(fd, buffer);
    if (!path)
        return REAL(ftruncate)(fd, size);
    pthread_mutex_lock(&lock);
    int status = REAL(ftruncate)(fd, size);
    if (status == 0)
        record((struct powerloss_head){.kind = POWERLOSS_TRUNCATE,
                                       .at = (uint64_t)size},
               path, NULL, 0);
    pthread_mutex_unlock(&lock);
    return status;
}

EXPORTED int fallocate(int fd, int mode, off_t offset, off_t len) {
    char buffer[PATH_MAX];
    const char *path = fd_path(fd, buffer);
    if (!path || mode & FALLOC_FL_KEEP_SIZE)
        return REAL(fallocate)(fd, mode, offset, len);
    pthread_mutex_lock(&lock);
    int status = REAL(fallocate)(fd, mode, offset, len);
    if (status == 0)
        record((struct powerloss_head){.kind = POWERLOSS_EXTEND,
                                       .at = (uint64_t)(offset + len)},
               path, NULL, 0);
    pthread_mutex_unlock(&lock);
    return status;
}

EXPORTED int posix_fallocate(int fd, off_t offset, off_t len) {
    char buffer[PATH_MAX];
    if (!fd_path(fd, buffer))
        return REAL(posix_fallocate)(fd, offset, len);
    return fallocate(fd, 0, offset, len) == 0 ? 0 : errno;
}

/* ---- names ---- */

EXPORTED int openat(int dirfd, const char *name, int flags, ...) {
    char buffer[PATH_MAX];
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list more;
        va_start(more, flags);
        mode = va_arg(more, mode_t);
        va_end(more);
    }
    const char *path = flags & (O_CREAT | O_TRUNC)
                           ? name_path(dirfd, name, buffer)
                           : NULL;
    if (!path)
        return (int)syscall(SYS_openat, dirfd, name, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat old;
    bool existed = stat(buffer, &old) == 0;
    int fd = (int)syscall(SYS_openat, dirfd, name, flags, mode);
    int saved = errno;
    if (fd >= 0 && !existed)
        record((struct powerloss_head){.kind = POWERLOSS_CREATE}, path, NULL,
               0);
    else if (fd >= 0 && flags & O_TRUNC)
        record((struct powerloss_head){.kind = POWERLOSS_TRUNCATE}, path,
               NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return fd;
}

EXPORTED int open(const char *name, int flags, ...) {
    mode_t mode = 0;
    if (flags & (O_CREAT | O_TMPFILE)) {
        va_list more;
        va_start(more, flags);
        mode = va_arg(more, mode_t);
        va_end(more);
    }
    return openat(AT_FDCWD, name, flags, mode);
}

EXPORTED int creat(const char *name, mode_t mode) {
    return openat(AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

EXPORTED int renameat(int old_dirfd, const char *old_name, int new_dirfd,
                      const char *new_name) {
    char old_buffer[PATH_MAX], new_buffer[PATH_MAX];
    const char *from = name_path(old_dirfd, old_name, old_buffer);
    const char *to = name_path(new_dirfd, new_name, new_buffer);
    pthread_mutex_lock(&lock);
    int status = REAL(renameat)(old_dirfd, old_name, new_dirfd, new_name);
    if (status == 0 && from && to)
        record((struct powerloss_head){.kind = POWERLOSS_RENAME}, from, to,
               strlen(to));
    pthread_mutex_unlock(&lock);
    return status;
}

EXPORTED int rename(const char *old_name, const char *new_name) {
    return renameat(AT_FDCWD, old_name, AT_FDCWD, new_name);
}

EXPORTED int unlinkat(int dirfd, const char *name, int flags) {
    char buffer[PATH_MAX];
    const char *path = name_path(dirfd, name, buffer);
    pthread_mutex_lock(&lock);
    int status = REAL(unlinkat)(dirfd, name, flags);
    if (status == 0 && path && !(flags & AT_REMOVEDIR))
        record((struct powerloss_head){.kind = POWERLOSS_UNLINK}, path, NULL,
               0);
    pthread_mutex_unlock(&lock);
    return status;
}

EXPORTED int unlink(const char *name) {
    return unlinkat(AT_FDCWD, name, 0);
}

/* ---- syncs ---- */

static int sync_recorded(int fd, int (*sync_file)(int fd)) {
    char buffer[PATH_MAX];
    const char *path = fd_path(fd, buffer);
    if (!path || no_sync)
        return sync_file(fd);
    pthread_mutex_lock(&lock);
    uint64_t number = ++sync_count;
    record((struct powerloss_head){.kind = POWERLOSS_SYNC_BEGIN, .at = number},
           path, NULL, 0);
    pthread_mutex_unlock(&lock);
    int status = sync_file(fd);
    int saved = errno;
    pthread_mutex_lock(&lock);
    if (status == 0)
        record((struct powerloss_head){.kind = POWERLOSS_SYNC_END,
                                       .at = number},
               path, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = saved;
    return status;
}

EXPORTED int fsync(int fd) {
    return sync_recorded(fd, REAL(fsync));
}

EXPORTED int fdatasync(int fd) {
    return sync_recorded(fd, REAL(fdatasync));
}

/* ---- the 64-bit names of the same calls ---- */

EXPORTED ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset)
    __attribute__((alias("pwrite")));
EXPORTED ssize_t pwritev64(int fd, const struct iovec *parts, int count,
                           off_t offset) __attribute__((alias("pwritev")));
EXPORTED int ftruncate64(int fd, off_t size)
    __attribute__((alias("ftruncate")));
EXPORTED int fallocate64(int fd, int mode, off_t offset, off_t len)
    __attribute__((alias("fallocate")));
EXPORTED int posix_fallocate64(int fd, off_t offset, off_t len)
    __attribute__((alias("posix_fallocate")));
EXPORTED int openat64(int dirfd, const char *name, int flags, ...)
    __attribute__((alias("openat")));
EXPORTED int open64(const char *name, int flags, ...)
    __attribute__((alias("open")));
