/* fault_io.c - see fault_io.h. */
#include "fault_io.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* LMDB writes pages of 4,096 bytes; of a meta page only a small part. */
#define META_BYTES 512

_Atomic int fault_io_kind, fault_io_errno, fault_io_hits;
_Atomic long fault_io_room;

void fault_io_set(enum fault_io_kind kind, int error) {
    atomic_store(&fault_io_errno, error);
    atomic_store(&fault_io_hits, 0);
    atomic_store(&fault_io_kind, kind);
}

static void *next_of(const char *name) {
    void *next = dlsym(RTLD_NEXT, name);
    if (!next)
        abort();
    return next;
}

static int fail(void) {
    atomic_fetch_add(&fault_io_hits, 1);
    errno = atomic_load(&fault_io_errno);
    return -1;
}

/* Is there no room for a write that ends at `end`? */
static int no_room(int fd, off_t end) {
    struct stat st;
    if (atomic_load(&fault_io_kind) != FAULT_IO_GROW || fstat(fd, &st) != 0 ||
        end <= st.st_size)
        return 0;
    if (end - st.st_size > atomic_load(&fault_io_room))
        return 1;
    atomic_fetch_sub(&fault_io_room, end - st.st_size);
    return 0;
}

static ssize_t real_pwrite(int fd, const void *data, size_t len, off_t at) {
    static ssize_t (*next)(int, const void *, size_t, off_t);
    if (!next)
        next = (ssize_t(*)(int, const void *, size_t, off_t))next_of("pwrite");
    return next(fd, data, len, at);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at) {
    int kind = atomic_load(&fault_io_kind);

    if (len < META_BYTES) {
        if (kind == FAULT_IO_META && atomic_load(&fault_io_hits) == 0)
            return fail();
        if (kind == FAULT_IO_META_WRITTEN && atomic_load(&fault_io_hits) < 2) {
            if (atomic_load(&fault_io_hits) == 0)
                real_pwrite(fd, data, len, at);
            return fail();
        }
    } else if (kind == FAULT_IO_DATA || no_room(fd, at + (off_t)len)) {
        return fail();
    } else if (kind == FAULT_IO_SHORT) {
        atomic_fetch_add(&fault_io_hits, 1);
        return real_pwrite(fd, data, len / 2, at);
    }
    return real_pwrite(fd, data, len, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    static ssize_t (*next)(int, const struct iovec *, int);
    int kind = atomic_load(&fault_io_kind);
    off_t end = lseek(fd, 0, SEEK_CUR);

    for (int i = 0; i < count; i++)
        end += (off_t)parts[i].iov_len;
    if (kind == FAULT_IO_DATA || no_room(fd, end))
        return fail();
    if (!next)
        next = (ssize_t(*)(int, const struct iovec *, int))next_of("writev");
    if (kind == FAULT_IO_SHORT) {
        atomic_fetch_add(&fault_io_hits, 1);
        return next(fd, parts, 1);
    }
    return next(fd, parts, count);
}

int fdatasync(int fd) {
    static int (*next)(int);
    if (atomic_load(&fault_io_kind) == FAULT_IO_SYNC)
        return fail();
    if (!next)
        next = (int (*)(int))next_of("fdatasync");
    return next(fd);
}

int fallocate(int fd, int mode, off_t at, off_t len) {
    static int (*next)(int, int, off_t, off_t);
    if (atomic_load(&fault_io_kind) == FAULT_IO_GROW)
        return fail();
    if (!next)
        next = (int (*)(int, int, off_t, off_t))next_of("fallocate");
    return next(fd, mode, at, len);
}
