/* watch_jobs.c - what is done with the file system for watched directories,
 * by threads. See watch_impl.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watch_impl.h"

/* Links are not followed: whoever may write here must not choose files
 * elsewhere. */
static bool read_version(const char *path, struct wf_file_version *version) {
    struct stat info;

    if (lstat(path, &info) != 0 || !S_ISREG(info.st_mode))
        return false;
    *version = (struct wf_file_version){
        .size = (uint64_t)info.st_size,
        .inode = info.st_ino,
        .mtime_ns =
            (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec,
    };
    return true;
}

static bool is_equal(const struct wf_file_version *a,
                     const struct wf_file_version *b) {
    return a->size == b->size && a->inode == b->inode &&
           a->mtime_ns == b->mtime_ns;
}

/* The kernel gives a read lease on a file that nobody has open for writing.
 * Where it can't be had for other reasons (another user's file, a file system
 * without leases), nothing is known. The signal that would tell of the
 * lease's end is one that does nothing. */
static bool is_written(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW |
                            O_NOCTTY);
    bool is_busy;

    if (fd < 0)
        return false;
    is_busy = fcntl(fd, F_SETSIG, SIGURG) == 0 &&
              fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
    close(fd); /* the lease with it */
    return is_busy;
}

void wf_watch_look_work(struct wf_job *job) {
    struct wf_look_job *self = (struct wf_look_job *)job;

    for (size_t i = 0; i < self->count && !wf_job_is_cancelled(job); i++) {
        struct wf_look *look = &self->looks[i];
        look->is_there = read_version(look->path, &look->version);
        look->is_written =
            look->is_there && look->is_asked_free && is_written(look->path);
    }
}

void wf_watch_open_work(struct wf_job *job) {
    struct wf_open_job *self = (struct wf_open_job *)job;

    self->wd = inotify_add_watch(self->watch->fd,
                                 self->watch->rule->directory,
                                 IN_CLOSE_WRITE | IN_MOVED_TO |
                                     IN_DELETE_SELF | IN_MOVE_SELF |
                                     IN_ONLYDIR);
    self->error = self->wd < 0 ? errno : 0;
}

void wf_watch_scan_work(struct wf_job *job) {
    struct wf_scan_job *self = (struct wf_scan_job *)job;
    const struct wf_watch_rule *rule = self->watch->rule;
    struct dirent *entry = NULL;

    if (!self->directory)
        self->directory = opendir(rule->directory);
    self->error = self->directory ? 0 : errno;
    while (self->directory && self->count < WF_WATCH_SLICE &&
           !wf_job_is_cancelled(job) &&
           (entry = readdir(self->directory)) != NULL)
        if ((entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN) &&
            wf_watch_wants(rule, entry->d_name))
            self->names[self->count++] =
                wf_strndup(entry->d_name, strlen(entry->d_name));
    if (self->directory && (!entry || wf_job_is_cancelled(job))) {
        closedir(self->directory);
        self->directory = NULL;
    }
}

/* Never over another file. */
void wf_watch_move_work(struct wf_job *job) {
    struct wf_move_job *self = (struct wf_move_job *)job;
    struct wf_file_version version;

    if (!read_version(self->from, &version) ||
        !is_equal(&version, &self->version)) {
        self->is_gone = true;
        return;
    }
    if (renameat2(AT_FDCWD, self->from, AT_FDCWD, self->to,
                  RENAME_NOREPLACE) == 0 ||
        (errno == EEXIST && renameat2(AT_FDCWD, self->from, AT_FDCWD,
                                      self->to_other, RENAME_NOREPLACE) == 0))
        return;
    self->error = errno;
}
