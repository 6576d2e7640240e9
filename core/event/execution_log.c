/* execution_log.c - see execution_log.h. */
#include "execution_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "offload.h"

#define ROOM ((size_t)8 << 20)
#define GATHER_S 0.02 /* lines of so long go to the thread together */
#define RETRY_S 1.0

enum { LOOK_MS = 100, LAST_LOOKS = 10 };

struct wf_execution_log {
    struct wf_job job; /* first: the thread gets it */
    struct ev_loop *loop;
    struct wf_offload *offload;
    wf_execution_log_notice_fn *notice;
    void *arg;
    char *path;       /* NULL: stdout */
    size_t room;
    struct wf_buf lines; /* not with the thread yet */
    struct wf_execution_log_stats stats;
    uint64_t lost_before; /* that the operator knows of */
    bool is_busy, is_closing, is_failing, wants_reopen;
    ev_timer timer;
    /* The thread's while it is busy: */
    int fd;
    bool is_regular, reopens, reopen_failed;
    struct wf_buf writing;
    size_t at;       /* bytes of them that are written */
    unsigned looks;  /* at a full pipe, at most; 0: any number */
    int error;
    struct wf_error reopen_error;
};

/* ---- on the thread ---- */

/* The file may be a pipe: opening it must not wait for a reader. */
static int open_file(struct wf_execution_log *log, struct wf_error *err) {
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

static void look_at_file(struct wf_execution_log *log) {
    struct stat info;

    log->is_regular = fstat(log->fd, &info) == 0 && S_ISREG(info.st_mode);
}

/* The new file begins with a whole line. */
static void reopen(struct wf_execution_log *log) {
    log->reopen_failed = open_file(log, &log->reopen_error) != 0;
    log->reopens = false;
    if (log->reopen_failed)
        return;
    look_at_file(log);
    while (log->at > 0 && log->writing.data[log->at - 1] != '\n')
        log->at--;
}

/* Whether some can be written without waiting. */
static bool has_room(struct wf_execution_log *log) {
    struct pollfd poll_fd = {.fd = log->fd, .events = POLLOUT};
    unsigned looks = log->looks;

    while (!log->is_regular && poll(&poll_fd, 1, LOOK_MS) == 0)
        if (wf_job_is_cancelled(&log->job) || (looks && --looks == 0))
            return false;
    return true;
}

/* A pipe with room takes PIPE_BUF bytes at once. */
static void write_lines(struct wf_execution_log *log) {
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
    struct wf_execution_log *log = (struct wf_execution_log *)job;

    if (log->reopens)
        reopen(log);
    write_lines(log);
}

/* ---- on the loop ---- */

static void say(struct wf_execution_log *log, const char *what,
                const char *why) {
    struct wf_buf text = {0};

    wf_buf_addf(&text, "--logs %s: %s%s", log->path ? log->path : "-", what,
                why);
    wf_buf_u8(&text, '\0');
    log->notice(log->arg, text.data);
    wf_buf_free(&text);
}

static uint64_t lines_in(const char *data, size_t len) {
    uint64_t count = 0;

    for (const char *at = data, *end = data + len;
         len && (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
        count++;
    return count;
}

static void say_lost(struct wf_execution_log *log) {
    char text[80];
    uint64_t lost = log->stats.lost - log->lost_before;

    if (lost == 0)
        return;
    log->lost_before = log->stats.lost;
    snprintf(text, sizeof(text), "%llu lines were lost",
             (unsigned long long)lost);
    say(log, text, "");
}

static void wait_s(struct wf_execution_log *log, double seconds) {
    if (ev_is_active(&log->timer))
        return;
    ev_timer_set(&log->timer, seconds, 0.0);
    ev_timer_start(log->loop, &log->timer);
}

/* What was written counts, and leaves the buffer. */
static void take_out(struct wf_execution_log *log) {
    struct wf_buf *writing = &log->writing;

    if (log->at < writing->len)
        return;
    log->stats.lines += lines_in(writing->data, writing->len);
    writing->len = log->at = 0;
}

static void done(struct wf_job *job) {
    struct wf_execution_log *log = (struct wf_execution_log *)job;

    log->is_busy = false;
    take_out(log);
    if (log->reopen_failed)
        say(log, "it stays as it was: ", log->reopen_error.message);
    log->reopen_failed = false;
    if (log->error != 0 && !log->is_failing)
        say(log, "can't be written: ", strerror(log->error));
    if (log->error == 0 && log->is_failing)
        say(log, "can be written again", "");
    log->is_failing = log->error != 0;
    if (!log->is_failing)
        say_lost(log);
    if (!log->is_closing &&
        (log->writing.len + log->lines.len > 0 || log->wants_reopen))
        wait_s(log, log->is_failing ? RETRY_S : GATHER_S);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events) {
    struct wf_execution_log *log = timer->data;

    (void)loop;
    (void)events;
    if (log->is_busy)
        return; /* done() goes on */
    if (log->writing.len == 0) {
        struct wf_buf empty = log->writing;
        log->writing = log->lines;
        log->lines = empty;
        if (log->lines.cap > log->room / 4)
            wf_buf_free(&log->lines);
    }
    log->reopens = log->wants_reopen;
    log->wants_reopen = false;
    log->is_busy = true;
    wf_offload_submit(log->offload, &log->job);
}

struct wf_buf *wf_execution_log_line(struct wf_execution_log *log) {
    if (log->lines.len >= log->room) {
        wf_execution_log_lose(log);
        return NULL;
    }
    if (!log->is_busy)
        wait_s(log, GATHER_S);
    return &log->lines;
}

void wf_execution_log_lose(struct wf_execution_log *log) {
    if (log->stats.lost++ == log->lost_before)
        say(log, "lines are being lost", "");
}

void wf_execution_log_reopen(struct wf_execution_log *log) {
    if (!log->path)
        return;
    log->wants_reopen = true;
    if (log->is_busy)
        return;
    ev_timer_stop(log->loop, &log->timer);
    wait_s(log, 0.0);
}

struct wf_execution_log_stats wf_execution_log_stats(
    const struct wf_execution_log *log) {
    return log->stats;
}

int wf_execution_log_open(struct ev_loop *loop, const char *path, size_t room,
                          wf_execution_log_notice_fn *notice, void *arg,
                          struct wf_execution_log **out,
                          struct wf_error *err) {
    struct wf_execution_log *log = wf_calloc(1, sizeof(*log));
    bool is_stdout = strcmp(path, "-") == 0;

    *log = (struct wf_execution_log){
        .job = {.work = work, .done = done},
        .loop = loop,
        .offload = wf_offload_new(loop, 2),
        .notice = notice,
        .arg = arg,
        .path = is_stdout ? NULL : wf_strndup(path, strlen(path)),
        .room = room ? room : ROOM,
        .fd = is_stdout ? STDOUT_FILENO : -1,
    };
    ev_timer_init(&log->timer, on_timer, 0.0, 0.0);
    log->timer.data = log;
    *out = log;
    if (!is_stdout && open_file(log, err) != 0) {
        wf_execution_log_close(log);
        *out = NULL;
        return -1;
    }
    look_at_file(log);
    return 0;
}

/* The last lines, without a thread. */
static void write_rest(struct wf_execution_log *log) {
    uint64_t left;

    log->looks = LAST_LOOKS;
    atomic_store(&log->job.cancelled, false);
    wf_buf_add(&log->writing, log->lines.data, log->lines.len);
    write_lines(log);
    left = lines_in(log->writing.data + log->at, log->writing.len - log->at);
    log->stats.lines += lines_in(log->writing.data, log->at);
    log->stats.lost += left;
    say_lost(log);
}

void wf_execution_log_close(struct wf_execution_log *log) {
    if (!log)
        return;
    log->is_closing = true;
    ev_timer_stop(log->loop, &log->timer);
    wf_offload_free(log->offload);
    if (log->fd >= 0)
        write_rest(log);
    if (log->path && log->fd >= 0)
        close(log->fd);
    wf_buf_free(&log->lines);
    wf_buf_free(&log->writing);
    free(log->path);
    free(log);
}
