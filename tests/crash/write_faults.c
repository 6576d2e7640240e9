/*
 * write_faults.c - preloaded library that lets writes to some files fail, as
 * a broken or a full disk does. See write_faults.h for what and when.
 *
 * Environment: WRITE_FAULTS_DIR is the directory whose files are concerned
 * (an absolute path without symbolic links; those with "lock" in their name
 * are not), WRITE_FAULTS_PLAN the control file. Without both, and while the
 * plan asks for nothing, calls are only passed on.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "write_faults.h"

#define REAL(name) ((__typeof__(&name))real_symbol(#name))
#define EXPORTED __attribute__((visibility("default")))

/* A preloaded library has nobody to pass a context to it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *directory;
static size_t directory_len;
static struct write_faults *plan;

static void *real_symbol(const char *name) {
    void *symbol = dlsym(RTLD_NEXT, name);
    if (!symbol)
        abort();
    return symbol;
}

__attribute__((constructor)) static void faults_start(void) {
    const char *path = getenv("WRITE_FAULTS_PLAN");
    directory = getenv("WRITE_FAULTS_DIR");
    if (!path || !directory)
        return;
    directory_len = strlen(directory);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *map = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED,
                     fd, 0);
    if (fd < 0 || map == MAP_FAILED)
        abort();
    close(fd);
    plan = map;
}

static enum write_faults_kind kind_now(void) {
    return plan ? __atomic_load_n(&plan->kind, __ATOMIC_ACQUIRE)
                : WRITE_FAULTS_NONE;
}

static _Thread_local char file_name[sizeof(plan->file)];

static int fail(int error) {
    memcpy(plan->file, file_name, sizeof(plan->file));
    __atomic_fetch_add(&plan->hits, 1, __ATOMIC_RELEASE);
    errno = error;
    return -1;
}

/* Whether a call of this kind, of which one shall fail, is the one. */
static bool is_its_turn(enum write_faults_kind kind) {
    return kind_now() == kind &&
           __atomic_fetch_sub(&plan->after, 1, __ATOMIC_ACQ_REL) == 1;
}

static bool is_concerned(int fd) {
    char link[64], path[PATH_MAX];
    if (kind_now() == WRITE_FAULTS_NONE)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    if (len < 0)
        return false;
    path[len] = '\0';
    const char *name = strrchr(path, '/');
    snprintf(file_name, sizeof(file_name), "%.63s", name ? name + 1 : path);
    return strncmp(path, directory, directory_len) == 0 &&
           path[directory_len] == '/' && !strstr(path + directory_len, "lock");
}

/* ---- room ---- */

static uint64_t room_used(void) {
    DIR *files = opendir(directory);
    struct dirent *entry;
    struct stat st;
    uint64_t used = 0;
    while (files && (entry = readdir(files)) != NULL)
        if (fstatat(dirfd(files), entry->d_name, &st, 0) == 0 &&
            S_ISREG(st.st_mode))
            used += (uint64_t)st.st_size;
    if (files)
        closedir(files);
    return used;
}

/* How many of `len` bytes can be written at `at`. */
static size_t room_for(int fd, off_t at, size_t len) {
    struct stat st;
    uint64_t end = (uint64_t)at + len, used = room_used();
    if (fstat(fd, &st) != 0 || end <= (uint64_t)st.st_size)
        return len;
    uint64_t grows = end - (uint64_t)st.st_size;
    uint64_t left = plan->room > used ? plan->room - used : 0;
    if (grows <= left)
        return len;
    return grows - left < len ? len - (size_t)(grows - left) : 0;
}

/* ---- writes ---- */

/* What fits on the disk. */
static ssize_t write_fitting(int fd, const void *data, size_t len, off_t at) {
    enum write_faults_kind kind = kind_now();
    if (kind == WRITE_FAULTS_NO_ROOM)
        return fail(ENOSPC);
    if (kind != WRITE_FAULTS_ROOM)
        return REAL(pwrite)(fd, data, len, at);
    pthread_mutex_lock(&lock);
    size_t fits = room_for(fd, at, len);
    ssize_t done = fits ? REAL(pwrite)(fd, data, fits, at) : fail(ENOSPC);
    pthread_mutex_unlock(&lock);
    return done;
}

static ssize_t write_checked(int fd, const void *data, size_t len, off_t at) {
    return is_its_turn(WRITE_FAULTS_WRITE)
               ? fail(EIO)
               : write_fitting(fd, data, len, at);
}

EXPORTED ssize_t pwrite(int fd, const void *data, size_t len, off_t at) {
    return is_concerned(fd) ? write_checked(fd, data, len, at)
                            : REAL(pwrite)(fd, data, len, at);
}

EXPORTED ssize_t write(int fd, const void *data, size_t len) {
    if (!is_concerned(fd))
        return REAL(write)(fd, data, len);
    ssize_t done = write_checked(fd, data, len, lseek(fd, 0, SEEK_CUR));
    if (done > 0)
        lseek(fd, done, SEEK_CUR);
    return done;
}

/* Passed on piece by piece: a short count is allowed. As with the real call,
 * it is no failure: errno stays as it was. */
static ssize_t write_vector(int fd, const struct iovec *parts, int count,
                            off_t at) {
    ssize_t total = 0;
    int saved = errno;
    if (is_its_turn(WRITE_FAULTS_WRITE))
        return fail(EIO);
    for (int i = 0; i < count; i++) {
        ssize_t done = write_fitting(fd, parts[i].iov_base,
                                     parts[i].iov_len, at + total);
        if (done < 0 && total == 0)
            return -1;
        if (done < 0)
            errno = saved;
        else
            total += done;
        if (done < 0 || (size_t)done < parts[i].iov_len)
            break;
    }
    return total;
}

EXPORTED ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (!is_concerned(fd))
        return REAL(writev)(fd, parts, count);
    ssize_t done = write_vector(fd, parts, count, lseek(fd, 0, SEEK_CUR));
    if (done > 0)
        lseek(fd, done, SEEK_CUR);
    return done;
}

EXPORTED ssize_t pwritev(int fd, const struct iovec *parts, int count,
                         off_t at) {
    return is_concerned(fd) ? write_vector(fd, parts, count, at)
                            : REAL(pwritev)(fd, parts, count, at);
}

/* ---- setting room aside, and asking for it ---- */

EXPORTED int fallocate(int fd, int mode, off_t at, off_t len) {
    if (!is_concerned(fd))
        return REAL(fallocate)(fd, mode, at, len);
    if (kind_now() == WRITE_FAULTS_NO_ROOM)
        return fail(ENOSPC);
    pthread_mutex_lock(&lock);
    bool fits = kind_now() != WRITE_FAULTS_ROOM ||
                room_for(fd, at, (size_t)len) == (size_t)len;
    int status = fits ? REAL(fallocate)(fd, mode, at, len) : fail(ENOSPC);
    pthread_mutex_unlock(&lock);
    return status;
}

EXPORTED int statvfs(const char *path, struct statvfs *fs) {
    enum write_faults_kind kind = kind_now();
    int status = REAL(statvfs)(path, fs);
    if (status == 0 && kind == WRITE_FAULTS_NO_ROOM)
        fs->f_bfree = fs->f_bavail = 0;
    if (status != 0 || kind != WRITE_FAULTS_ROOM)
        return status;
    uint64_t used = room_used();
    fs->f_bfree = fs->f_bavail =
        plan->room > used ? (plan->room - used) / fs->f_frsize : 0;
    return 0;
}

/* ---- syncs ---- */

EXPORTED int fdatasync(int fd) {
    if (is_concerned(fd) && is_its_turn(WRITE_FAULTS_SYNC))
        return fail(EIO);
    return REAL(fdatasync)(fd);
}

EXPORTED int fsync(int fd) {
    if (is_concerned(fd) && is_its_turn(WRITE_FAULTS_SYNC))
        return fail(EIO);
    return REAL(fsync)(fd);
}

/* ---- the 64-bit names of the same calls ---- */

EXPORTED ssize_t pwrite64(int fd, const void *data, size_t len, off_t at)
    __attribute__((alias("pwrite")));
EXPORTED ssize_t pwritev64(int fd, const struct iovec *parts, int count,
                           off_t at) __attribute__((alias("pwritev")));
EXPORTED int fallocate64(int fd, int mode, off_t at, off_t len)
    __attribute__((alias("fallocate")));
EXPORTED int statvfs64(const char *path, struct statvfs64 *fs)
    __attribute__((alias("statvfs")));
