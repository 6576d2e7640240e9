/* store_lock.c - what lies beside the database: lock and ballast. */
#include "store_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static char *path_in(const char *directory, const char *name) {
    struct wf_buf path = {0};
    wf_buf_addf(&path, "%s/%s", directory, name);
    wf_buf_u8(&path, '\0');
    return path.data;
}

static int refuse_busy(int fd, const char *directory, struct wf_error *err) {
    char text[32] = "";
    ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return wf_error_set(err, WF_E_BUSY, "%s is in use by process %s",
                        directory, text[0] ? text : "(unknown)");
}

/* Opens and locks; a descriptor, or -1 and `err`. */
static int open_locked(const char *directory, const char *path,
                       struct wf_error *err) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return wf_error_set(err, WF_E_IO, "cannot open %s: %s", path,
                            strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (errno == EWOULDBLOCK)
        refuse_busy(fd, directory, err);
    else
        wf_error_set(err, WF_E_IO, "cannot lock %s: %s", path,
                     strerror(errno));
    close(fd);
    return -1;
}

int store_lock(const char *directory, struct wf_error *err) {
    char *path = path_in(directory, "lock");
    int fd = open_locked(directory, path, err);

    free(path);
    if (fd < 0)
        return -1;
    char text[32];
    int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    /* Only a courtesy to people: on a full disk the old pid stays. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
        errno = 0;
    return fd;
}

/* The ballast must not take the room that made the last commit possible. */
static bool has_room(const struct store_lmdb *store, uint64_t missing) {
    struct statvfs fs;
    if (statvfs(store->directory, &fs) != 0)
        return true;
    return (uint64_t)fs.f_bavail * fs.f_frsize >=
           missing + store->ballast_bytes;
}

/* Makes the file as large as it should be, or leaves it as it is. */
static void ballast_grow(struct store_lmdb *store, int fd) {
    uint64_t full = store->ballast_bytes;

    if (!has_room(store, full - store->ballast_held))
        return;
    /* Not posix_fallocate(): it writes each block where the file system
     * can't set room aside; there we do without. */
    if (fallocate(fd, 0, 0, (off_t)full) == 0)
        store->ballast_held = full;
    else if (errno == EOPNOTSUPP)
        store->ballast_bytes = store->ballast_held = 0;
    else if (ftruncate(fd, (off_t)store->ballast_held) != 0)
        store->ballast_held = 0;
}

bool store_ballast_hold(struct store_lmdb *store) {
    if (store->ballast_held == store->ballast_bytes)
        return true;
    char *path = path_in(store->directory, "ballast.bin");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0) {
        uint64_t size = (uint64_t)st.st_size;
        if (size > store->ballast_bytes &&
            ftruncate(fd, (off_t)store->ballast_bytes) == 0)
            size = store->ballast_bytes;
        store->ballast_held = size;
        if (size < store->ballast_bytes)
            ballast_grow(store, fd);
    }
    if (fd >= 0)
        close(fd);
    free(path);
    return store->ballast_held >= store->ballast_bytes;
}

bool store_ballast_release(struct store_lmdb *store, uint64_t keep) {
    if (store->ballast_held <= keep)
        return false;
    char *path = path_in(store->directory, "ballast.bin");
    bool released = truncate(path, (off_t)keep) == 0;
    if (released)
        store->ballast_held = keep;
    free(path);
    return released;
}
