/* file_tree.c - directories: making, renaming and removing. See file.h. */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEPTH 256 /* one descriptor a level */

static bool is_directory(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* One component; `path` is cut at it. */
static int make_one(const char *path, unsigned mode, struct wf_error *err) {
    if (mkdir(path, (mode_t)mode) == 0)
        return 0;
    int error = errno;
    if (is_directory(path))
        return 0; /* EEXIST, or EROFS and EACCES on the way down */
    return wf_file_fail(err, error, "mkdir", path);
}

int wf_file_mkdir_p(const char *path, unsigned mode, struct wf_error *err) {
    if (is_directory(path))
        return 0;
    char *copy = wf_strndup(path, strlen(path));
    int error = 0;

    for (char *at = copy + 1; *copy && *at && !error; at++) {
        if (*at != '/' || at[-1] == '/')
            continue;
        *at = '\0';
        error = make_one(copy, 0777, err);
        *at = '/';
    }
    if (!error)
        error = make_one(copy, mode, err);
    free(copy);
    return error;
}

int wf_file_temp_dir(const char *parent, const char *prefix,
                     struct wf_buf *out, struct wf_error *err) {
    size_t start = out->len;

    if (!parent)
        parent = getenv("TMPDIR");
    if (!parent || !*parent)
        parent = "/tmp";
    wf_buf_addf(out, "%s/%sXXXXXX", parent, prefix);
    wf_buf_u8(out, '\0');
    out->len--;
    if (mkdtemp(out->data + start))
        return 0;
    int error = errno;
    out->len = start;
    return wf_file_fail(err, error, "mkdir below", parent);
}

int wf_file_remove(const char *path, struct wf_error *err) {
    if (unlink(path) == 0)
        return 0;
    int error = errno;
    if ((error == EISDIR || error == EPERM) && rmdir(path) == 0)
        return 0;
    if (error == EISDIR || (error == EPERM && is_directory(path)))
        error = errno;
    return wf_file_fail(err, error, "remove", path);
}

int wf_file_rename(const char *from, const char *to, struct wf_error *err) {
    if (rename(from, to) == 0)
        return 0;
    int error = errno;
    wf_file_fail(err, error, "rename", from);
    if (err) {
        size_t used = strlen(err->message);
        snprintf(err->message + used, sizeof(err->message) - used,
                 " (to %s)", to);
    }
    return error;
}

/* A removal on its way down: where it is, for messages. */
struct removal {
    struct wf_buf path;
    dev_t device;
    unsigned depth;
    const atomic_bool *cancelled;
    struct wf_error *err;
};

static int remove_at(struct removal *removal, int dir, const char *name);

static int fail_here(struct removal *removal, int error, const char *verb) {
    wf_buf_u8(&removal->path, '\0');
    removal->path.len--;
    return wf_file_fail(removal->err, error, verb, removal->path.data);
}

static int remove_entries(struct removal *removal, DIR *dir) {
    struct dirent *found;
    int error = 0;

    while (!error && (errno = 0, (found = readdir(dir)) != NULL)) {
        if (strcmp(found->d_name, ".") == 0 ||
            strcmp(found->d_name, "..") == 0)
            continue;
        size_t before = removal->path.len;
        wf_buf_addf(&removal->path, "/%s", found->d_name);
        error = remove_at(removal, dirfd(dir), found->d_name);
        removal->path.len = before;
    }
    if (!error && errno)
        error = fail_here(removal, errno, "list");
    return error;
}

/* Opens a directory of the tree without following a link into another. */
static int open_below(struct removal *removal, int dir, const char *name,
                      DIR **out) {
    struct stat st;

    if (removal->depth >= MAX_DEPTH)
        return fail_here(removal, ELOOP, "remove");
    int fd = openat(dir, name,
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return fail_here(removal, errno, "open");
    int error = fstat(fd, &st) != 0 ? errno : 0;
    if (!error && removal->depth > 0 && st.st_dev != removal->device)
        error = EXDEV;
    removal->device = error ? removal->device : st.st_dev;
    if (!error && !(*out = fdopendir(fd)))
        error = errno;
    if (!error)
        return 0;
    close(fd);
    return fail_here(removal, error, "remove");
}

static int remove_at(struct removal *removal, int dir, const char *name) {
    DIR *below = NULL;

    if (removal->cancelled && atomic_load(removal->cancelled))
        return fail_here(removal, ECANCELED, "remove");
    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return fail_here(removal, errno, "remove");
    int unlink_error = errno;
    int error = open_below(removal, dir, name, &below);
    if (error == ENOTDIR && unlink_error == EPERM)
        error = fail_here(removal, EPERM, "remove"); /* immutable file */
    if (!below)
        return error == ENOENT ? 0 : error;
    removal->depth++;
    error = remove_entries(removal, below);
    removal->depth--;
    closedir(below);
    if (!error && unlinkat(dir, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        error = fail_here(removal, errno, "remove");
    return error;
}

int wf_file_remove_tree(const char *path, const atomic_bool *cancelled,
                        struct wf_error *err) {
    struct removal removal = {.cancelled = cancelled, .err = err};
    size_t len = strlen(path);

    while (len > 1 && path[len - 1] == '/')
        len--;
    char *name = wf_strndup(path, len);
    wf_buf_adds(&removal.path, name);
    int error = remove_at(&removal, AT_FDCWD, name);
    wf_buf_free(&removal.path);
    free(name);
    return error;
}
