/* store_lock.c - what lies beside the database: lock and ballast. */
#include "store_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
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

static int lock_failed(int fd, const char *path, struct wf_error *err) {
    return wf_error_set(err, WF_E_IO, "cannot %s %s: %s",
                        fd < 0 ? "open" : "lock", path, strerror(errno));
}

int store_lock(const char *directory, struct wf_error *err) {
    char *path = path_in(directory, "lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int rc = -1;

    if (fd < 0) {
        lock_failed(fd, path, err);
    } else if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        rc = 0;
    } else if (errno == EWOULDBLOCK) {
        refuse_busy(fd, directory, err);
    } else {
        lock_failed(fd, path, err);
    }
    free(path);
    if (rc != 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    char text[32];
    int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    /* Only a courtesy to people: on a full disk the old pid stays. */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len)
        errno = 0;
    return fd;
}

/* The ballast must not take the room that made the last commit possible. */
static bool has_room(const struct store_lmdb *store) {
    struct statvfs fs;
    if (statvfs(store->directory, &fs) != 0)
        return true;
    return (uint64_t)fs.f_bavail * fs.f_frsize >= 2 * store->ballast_bytes;
}

bool store_ballast_hold(struct store_lmdb *store) {
    if (store->ballast_held)
        return true;
    char *path = path_in(store->directory, "ballast.bin");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    off_t size = (off_t)store->ballast_bytes;

    if (fd >= 0 && lseek(fd, 0, SEEK_END) == size) {
        store->ballast_held = true;
    } else if (fd >= 0 && has_room(store)) {
        /* Not posix_fallocate(): it writes each block where the file system
         * can't set room aside; there we do without. */
        store->ballast_held = ftruncate(fd, 0) == 0 &&
                              (fallocate(fd, 0, 0, size) == 0 ||
                               errno == EOPNOTSUPP);
    }
    if (fd >= 0)
        close(fd);
    if (!store->ballast_held)
        unlink(path);
    free(path);
    return store->ballast_held;
}

bool store_ballast_release(struct store_lmdb *store) {
    if (!store->ballast_held)
        return false;
    char *path = path_in(store->directory, "ballast.bin");
    store->ballast_held = false;
    unlink(path);
    free(path);
    return true;
}
