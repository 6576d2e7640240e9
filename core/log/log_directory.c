/*
 * log_directory.c - lines on their way to a file for each log group. See
 * execution_log.h.
 *
 * A file is opened for what is to be written now, and closed again: there may
 * be any number of groups, and a file that was moved away is simply made
 * anew. A group is in memory only while lines of it wait.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "list.h"
#include "log_impl.h"
#include "offload.h"

enum { BUCKETS = 1024, NAME_BYTES = 200, HASH_BYTES = 16 };

struct group {
    struct wf_link link;   /* of its bucket */
    char *file;            /* its name in the directory */
    struct wf_buf lines;   /* not with the thread yet */
    struct group *next;    /* with the thread */
    /* The thread's: */
    struct wf_buf writing;
    size_t at;             /* bytes of them that are written */
    dev_t device;          /* of the file that has them */
    ino_t inode;
    int error;
};

struct directory_log {
    struct wf_execution_log base;
    struct wf_job job;
    struct wf_offload *offload;
    char *path; /* ends with a slash */
    struct wf_link buckets[BUCKETS];
    size_t held;        /* bytes that wait, without the last line */
    struct group *last; /* which that belongs to; NULL: none */
    size_t last_len;    /* what of its lines is counted */
    struct group *work; /* the thread's while it is busy */
    bool is_busy, is_closing, is_failing;
    ev_timer timer;
};

static struct directory_log *of_job(struct wf_job *job) {
    return WF_ENTRY(job, struct directory_log, job);
}

/* ---- names of files ---- */

static bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || (c && strchr("-_.", c));
}

/* No two groups have the same name, and none leaves the directory: "/" is
 * "+", and what else is no letter, digit, hyphen, dot or underscore %XX, as is
 * a dot in front. A long name ends with its hash. */
static void file_name(struct wf_str group, struct wf_buf *out) {
    unsigned char hash[SHA256_DIGEST_LENGTH];

    for (size_t i = 0; i < group.len; i++) {
        char c = group.data[i];
        if (c == '/')
            wf_buf_u8(out, '+');
        else if (is_plain(c) && (c != '.' || i > 0))
            wf_buf_u8(out, (uint8_t)c);
        else
            wf_buf_addf(out, "%%%02X", (unsigned char)c);
    }
    if (group.len == 0)
        wf_buf_u8(out, '%');
    if (out->len > NAME_BYTES) {
        SHA256((const unsigned char *)group.data, group.len, hash);
        out->len = NAME_BYTES - 2 * HASH_BYTES - 2;
        wf_buf_adds(out, "%-");
        for (size_t i = 0; i < HASH_BYTES; i++)
            wf_buf_addf(out, "%02x", hash[i]);
    }
    wf_buf_adds(out, ".jsonl");
    wf_buf_u8(out, '\0');
}

/* ---- on the thread ---- */

/* A link does not lead out of the directory, and a pipe is none of our
 * files. */
static int open_file(const struct directory_log *log,
                     const struct group *group, struct stat *info) {
    struct wf_buf path = {0};
    int fd;

    wf_buf_addf(&path, "%s%s", log->path, group->file);
    wf_buf_u8(&path, '\0');
    fd = open(path.data, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
                             O_NOCTTY | O_NONBLOCK | O_NOFOLLOW,
              0600);
    wf_buf_free(&path);
    if (fd < 0)
        return -1;
    if (fstat(fd, info) == 0 && S_ISREG(info->st_mode))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

static void write_group(const struct directory_log *log,
                        struct group *group) {
    struct stat info;
    int fd = open_file(log, group, &info);

    group->error = fd < 0 ? errno : 0;
    if (fd < 0)
        return;
    /* A new file begins with a whole line. */
    if (info.st_ino != group->inode || info.st_dev != group->device)
        while (group->at > 0 && group->writing.data[group->at - 1] != '\n')
            group->at--;
    group->inode = info.st_ino;
    group->device = info.st_dev;
    while (group->at < group->writing.len && group->error == 0) {
        ssize_t wrote = write(fd, group->writing.data + group->at,
                              group->writing.len - group->at);
        if (wrote > 0)
            group->at += (size_t)wrote;
        else if (wrote == 0 || errno != EINTR)
            group->error = wrote == 0 ? ENOSPC : errno;
    }
    close(fd);
}

static void work(struct wf_job *job) {
    struct directory_log *log = of_job(job);

    for (struct group *group = log->work; group; group = group->next)
        write_group(log, group);
}

/* ---- on the loop ---- */

/* The line that was appended last counts. */
static void settle(struct directory_log *log) {
    if (log->last)
        log->held += log->last->lines.len - log->last_len;
    log->last = NULL;
}

static void group_free(struct group *group) {
    wf_list_remove(&group->link);
    wf_buf_free(&group->lines);
    wf_buf_free(&group->writing);
    free(group->file);
    free(group);
}

static void say_failure(struct directory_log *log,
                        const struct group *failed) {
    struct wf_buf what = {0};

    if (failed && !log->is_failing) {
        wf_buf_addf(&what, "%s can't be written: ", failed->file);
        wf_buf_u8(&what, '\0');
        wf_log_say(&log->base, WF_WARNING, what.data,
                   wf_str(strerror(failed->error)));
        wf_buf_free(&what);
    }
    if (!failed && log->is_failing)
        wf_log_say(&log->base, "", "can be written again", WF_STR(""));
    log->is_failing = failed != NULL;
    if (!log->is_failing)
        wf_log_say_lost(&log->base);
}

/* What was written counts; a group without more leaves memory. */
static void done(struct wf_job *job) {
    struct directory_log *log = of_job(job);
    const struct group *failed = NULL;
    struct group *next;

    log->is_busy = false;
    settle(log);
    for (struct group *group = log->work; group; group = group->next) {
        if (group->at < group->writing.len) {
            failed = group;
            continue;
        }
        log->base.stats.lines +=
            wf_log_lines_in(group->writing.data, group->writing.len);
        log->held -= group->writing.len;
        wf_buf_free(&group->writing);
        group->at = 0;
    }
    say_failure(log, failed);
    for (struct group *group = log->work; group; group = next) {
        next = group->next;
        if (group->writing.len == 0 && group->lines.len == 0)
            group_free(group);
    }
    log->work = NULL;
    if (log->held > 0 && !log->is_closing)
        wf_log_wait(&log->base, &log->timer,
                    log->is_failing ? WF_LOG_RETRY_S : WF_LOG_GATHER_S);
}

/* Gives all that waits to the thread. */
static void gather(struct directory_log *log) {
    settle(log);
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct wf_link *at = log->buckets[i].next;
             at != &log->buckets[i]; at = at->next) {
            struct group *group = WF_ENTRY(at, struct group, link);
            if (group->writing.len == 0) {
                struct wf_buf empty = group->writing;
                group->writing = group->lines;
                group->lines = empty;
            }
            group->next = log->work;
            log->work = group;
        }
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events) {
    struct directory_log *log = timer->data;

    (void)loop;
    (void)events;
    if (log->is_busy)
        return; /* done() goes on */
    gather(log);
    log->is_busy = true;
    wf_offload_submit(log->offload, &log->job);
}

/* ---- lines ---- */

static size_t held(struct wf_execution_log *base) {
    struct directory_log *log = (struct directory_log *)base;

    settle(log);
    return log->held;
}

static struct group *find(struct directory_log *log, struct wf_str name) {
    struct wf_buf file = {0};
    struct group *group;
    uint64_t hash = 14695981039346656037u;

    file_name(name, &file);
    for (const char *at = file.data; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    struct wf_link *bucket = &log->buckets[hash % BUCKETS];
    for (struct wf_link *at = bucket->next; at != bucket; at = at->next) {
        group = WF_ENTRY(at, struct group, link);
        if (strcmp(group->file, file.data) != 0)
            continue;
        wf_buf_free(&file);
        return group;
    }
    group = wf_calloc(1, sizeof(*group));
    group->file = file.data;
    wf_list_append(bucket, &group->link);
    return group;
}

static struct wf_buf *line(struct wf_execution_log *base,
                           struct wf_str name) {
    struct directory_log *log = (struct directory_log *)base;

    log->last = find(log, name);
    log->last_len = log->last->lines.len;
    if (!log->is_busy)
        wf_log_wait(base, &log->timer, WF_LOG_GATHER_S);
    return &log->last->lines;
}

/* ---- closing and opening ---- */

/* The last lines, without a thread. */
static void write_rest(struct directory_log *log) {
    gather(log);
    for (struct group *group = log->work, *next; group; group = next) {
        next = group->next;
        wf_buf_addstr(&group->writing, (struct wf_str){group->lines.data,
                                                       group->lines.len});
        write_group(log, group);
        log->base.stats.lines +=
            wf_log_lines_in(group->writing.data, group->at);
        log->base.stats.lost +=
            wf_log_lines_in(group->writing.data + group->at,
                            group->writing.len - group->at);
        group_free(group);
    }
    wf_log_say_lost(&log->base);
}

static void close_directory(struct wf_execution_log *base) {
    struct directory_log *log = (struct directory_log *)base;

    log->is_closing = true;
    ev_timer_stop(base->loop, &log->timer);
    wf_offload_free(log->offload);
    write_rest(log);
    free(log->path);
}

static const struct wf_log_kind KIND = {line, held, NULL, close_directory};

static int check(const char *path, struct wf_error *err) {
    if ((mkdir(path, 0700) != 0 && errno != EEXIST) ||
        access(path, W_OK | X_OK) != 0)
        return wf_error_set(err, WF_E_IO, "%s: %s", path, strerror(errno));
    return 0;
}

struct wf_execution_log *wf_log_directory_new(
    const struct wf_execution_log_options *options, struct wf_error *err) {
    const char *path = options->destination;
    size_t len = strlen(path);
    struct directory_log *log;
    struct wf_buf name = {0};

    if (check(path, err) != 0)
        return NULL;
    wf_buf_adds(&name, path);
    wf_buf_adds(&name, path[len - 1] == '/' ? "" : "/");
    wf_buf_u8(&name, '\0');
    log = wf_calloc(1, sizeof(*log));
    log->base.kind = &KIND;
    log->job = (struct wf_job){.work = work, .done = done};
    log->path = name.data;
    for (size_t i = 0; i < BUCKETS; i++)
        wf_list_init(&log->buckets[i]);
    log->offload = wf_offload_new(options->loop, 2);
    ev_timer_init(&log->timer, on_timer, 0.0, 0.0);
    log->timer.data = log;
    return &log->base;
}
