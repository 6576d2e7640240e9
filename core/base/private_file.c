/* private_file.c - see private_file.h. */
#include "private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int wf_private_file_check(int fd, const char *path, unsigned forbidden,
                          struct wf_error *err) {
    struct stat info;

    if (fstat(fd, &info) != 0)
        return wf_error_set(err, WF_E_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return wf_error_set(err, WF_E_INVALID, "%s: not a regular file", path);
    if (info.st_uid != geteuid() && info.st_uid != 0)
        return wf_error_set(err, WF_E_INVALID,
                            "%s belongs to user %u: it has to belong to user "
                            "%u, as who this runs, or to root",
                            path, (unsigned)info.st_uid, (unsigned)geteuid());
    if (info.st_mode & forbidden & 0022)
        return wf_error_set(err, WF_E_INVALID,
                            "%s can be written by others (mode %04o): chmod "
                            "go-w %s",
                            path, (unsigned)info.st_mode & 07777, path);
    if (info.st_mode & forbidden)
        return wf_error_set(err, WF_E_INVALID,
                            "%s holds secrets that others can read (mode "
                            "%04o): chmod o-rwx %s",
                            path, (unsigned)info.st_mode & 07777, path);
    return 0;
}

static int read_all(int fd, const char *path, size_t max, struct wf_buf *out,
                    struct wf_error *err) {
    ssize_t got;

    do {
        wf_buf_reserve(out, 4096);
        got = read(fd, out->data + out->len, 4096);
        if (got > 0)
            out->len += (size_t)got;
        if (out->len > max)
            return wf_error_set(err, WF_E_INVALID,
                                "%s: more than %zu bytes", path, max);
    } while (got > 0 || (got < 0 && errno == EINTR));
    if (got < 0)
        return wf_error_set(err, WF_E_IO, "%s: %s", path, strerror(errno));
    return 0;
}

int wf_private_file_read(const char *path, unsigned forbidden, size_t max,
                         struct wf_buf *out, struct wf_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    int rc;

    if (fd < 0)
        return wf_error_set(err, WF_E_IO, "%s: %s", path, strerror(errno));
    rc = wf_private_file_check(fd, path, forbidden, err);
    if (rc == 0)
        rc = read_all(fd, path, max, out, err);
    close(fd);
    return rc;
}
