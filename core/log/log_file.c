/*
 * log_file.c - lines on their way to one file, or to stdout. See
 * execution_log.h.
 *
 * What could not be written is tried again each second, from where it
 * stopped.
 */
#include "log_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "list.h"
#include "offload.h"

enum { LOOK_MS = 100, LAST_LOOKS = 10 };

struct file_log {
    struct wf_execution_log base;
    struct wf_job job; /* the thread's, with what is below */
    struct wf_offload *offload;
    char *path;          /* NULL: stdout */
    struct wf_buf lines; /* not with the thread yet */
    bool is_busy, is_closing, is_failing, wants_reopen;
    ev_timer timer;
    /* The thread's while it is busy: */
    int fd;
    bool is_regular, reopens, reopen_failed;
    struct wf_buf writing;
    size_t at;      /* bytes of them that are written */
    unsigned looks; /* at a full pipe, at most; 0: any number */
    int error;
    struct wf_error reopen_error;
};

static struct file_log *of_job(struct wf_job *job) {
    return WF_ENTRY(job, struct file_log, job);
}

/* ---- on the thread ---- */

/* The file may be a pipe: opening it must not wait for a reader. */
static int open_file(struct file_log *log, struct wf_error *err) {
    int fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
                                 O_NOCTTY | O_NONBLOCK,
                  0600);

    if (fd < 0)
        return wf_error_set(err, WF_E_IO, "%s: %s", log->path,
                            strerror(errno));
    if (log->fd >= 0)
        close(log->fd);
    log->fd = fd;
    return 0;
}

static void look_at_file(struct file_log *log) {
    struct stat info;

    log->is_regular = fstat(log->fd, &info) == 0 && S_ISREG(info.st_mode);
}

/* The new file begins with a whole line. */
static void reopen(struct file_log *log) {
    log->reopen_failed = open_file(log, &log->reopen_error) != 0;
    log->reopens = false;
    if (log->reopen_failed)
        return;
    look_at_file(log);
    while (log->at > 0 && log->writing.data[log->at - 1] != '\n')
        log->at--;
}

/* Whether some can be written without waiting. */
static bool has_room(struct file_log *log) {
    struct pollfd poll_fd = {.fd = log->fd, .events = POLLOUT};
    unsigned looks = log->looks;

    while (!log->is_regular && poll(&poll_fd, 1, LOOK_MS) == 0)
        if (wf_job_is_cancelled(&log->job) || (looks && --looks == 0))
            return false;
    return true;
}

/* A pipe with room takes PIPE_BUF bytes at once. */
static void write_lines(struct file_log *log) {
    log->error = 0;
    while (log->at < log->writing.len && log->error == 0) {
        size_t left = log->writing.len - log->at;
        if (!log->is_regular && left > PIPE_BUF)
            left = PIPE_BUF;
        if (!has_room(log))
            return;
        ssize_t wrote = write(log->fd, log->writing.data + log->at, left);
        if (wrote > 0)
            log->at += (size_t)wrote;
        else if (wrote == 0 || (errno != EINTR && errno != EAGAIN))
            log->error = wrote == 0 ? ENOSPC : errno;
    }
}

static void work(struct wf_job *job) {
    struct file_log *log = of_job(job);

    if (log->reopens)
        reopen(log);
    write_lines(log);
}

/* ---- on the loop ---- */

/* What was written counts, and leaves the buffer. */
static void take_out(struct file_log *log) {
    struct wf_buf *writing = &log->writing;

    if (log->at < writing->len)
        return;
    log->base.stats.lines += wf_log_lines_in(writing->data, writing->len);
    writing->len = log->at = 0;
}

static void done(struct wf_job *job) {
    struct file_log *log = of_job(job);

    log->is_busy = false;
    take_out(log);
    if (log->reopen_failed)
        wf_log_say(&log->base, WF_WARNING, "it stays as it was: ",
                   wf_str(log->reopen_error.message));
    log->reopen_failed = false;
    if (log->error != 0 && !log->is_failing)
        wf_log_say(&log->base, WF_WARNING, "can't be written: ",
                   wf_str(strerror(log->error)));
    if (log->error == 0 && log->is_failing)
        wf_log_say(&log->base, "", "can be written again", WF_STR(""));
    log->is_failing = log->error != 0;
    if (!log->is_failing)
        wf_log_say_lost(&log->base);
    if (!log->is_closing &&
        (log->writing.len + log->lines.len > 0 || log->wants_reopen))
        wf_log_wait(&log->base, &log->timer,
                    log->is_failing ? WF_LOG_RETRY_S : WF_LOG_GATHER_S);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events) {
    struct file_log *log = timer->data;

    (void)loop;
    (void)events;
    if (log->is_busy)
        return; /* done() goes on */
    if (log->writing.len == 0) {
        struct wf_buf empty = log->writing;
        log->writing = log->lines;
        log->lines = empty;
        if (log->lines.cap > log->base.room / 4)
            wf_buf_free(&log->lines);
    }
    log->reopens = log->wants_reopen;
    log->wants_reopen = false;
    log->is_busy = true;
    wf_offload_submit(log->offload, &log->job);
}

/* ---- lines ---- */

static size_t held(struct wf_execution_log *base) {
    return ((struct file_log *)base)->lines.len;
}

static struct wf_buf *line(struct wf_execution_log *base,
                           struct wf_str group) {
    struct file_log *log = (struct file_log *)base;

    (void)group;
    if (!log->is_busy)
        wf_log_wait(base, &log->timer, WF_LOG_GATHER_S);
    return &log->lines;
}

static void ask_reopen(struct wf_execution_log *base) {
    struct file_log *log = (struct file_log *)base;

    if (!log->path)
        return;
    log->wants_reopen = true;
    if (log->is_busy)
        return;
    ev_timer_stop(base->loop, &log->timer);
    wf_log_wait(base, &log->timer, 0.0);
}

/* ---- closing ---- */

/* The last lines, without a thread. */
static void write_rest(struct file_log *log) {
    struct wf_execution_log_stats *stats = &log->base.stats;

    log->looks = LAST_LOOKS;
    atomic_store(&log->job.cancelled, false);
    wf_buf_add(&log->writing, log->lines.data, log->lines.len);
    write_lines(log);
    stats->lines += wf_log_lines_in(log->writing.data, log->at);
    stats->lost += wf_log_lines_in(log->writing.data + log->at,
                                   log->writing.len - log->at);
    wf_log_say_lost(&log->base);
}

static void close_file(struct wf_execution_log *base) {
    struct file_log *log = (struct file_log *)base;

    log->is_closing = true;
    ev_timer_stop(base->loop, &log->timer);
    wf_offload_free(log->offload);
    write_rest(log);
    if (log->path)
        close(log->fd);
    wf_buf_free(&log->lines);
    wf_buf_free(&log->writing);
    free(log->path);
}

static const struct wf_log_kind KIND = {line, held, ask_reopen, close_file};

struct wf_execution_log *wf_log_file_new(
    const struct wf_execution_log_options *options, struct wf_error *err) {
    const char *path = options->destination;
    struct file_log *log = wf_calloc(1, sizeof(*log));
    bool is_stdout = strcmp(path, "-") == 0;

    *log = (struct file_log){
        .base.kind = &KIND,
        .job = {.work = work, .done = done},
        .path = is_stdout ? NULL : wf_strndup(path, strlen(path)),
        .fd = is_stdout ? STDOUT_FILENO : -1,
    };
    if (!is_stdout && open_file(log, err) != 0) {
        free(log->path);
        free(log);
        return NULL;
    }
    look_at_file(log);
    log->offload = wf_offload_new(options->loop, 2);
    ev_timer_init(&log->timer, on_timer, 0.0, 0.0);
    log->timer.data = log;
    return &log->base;
}
