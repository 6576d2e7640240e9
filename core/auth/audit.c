/* audit.c - writes the log. See audit.h. */
#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "offload.h"
#include "private_file.h"
#include "severity.h"
#include "sigv4.h"

#define RETRY_S 1.0

enum { RESOURCE_MAX = 2048, TAIL_MAX = 2 * WF_AUDIT_LINE_MAX };

/* Who waits for a line. */
struct waiter {
    struct waiter *next;
    wf_audit_done_fn *done;
    void *arg;
};

struct waiters {
    struct waiter *first, **end;
};

/* Lines on their way to the disk: the thread's while it writes. */
struct writing {
    struct wf_job job;
    struct wf_audit *audit;
    struct wf_buf lines;
    struct waiters waiters;
    int64_t at; /* of the file */
    bool is_done;
    struct wf_error err;
};

struct wf_audit {
    struct ev_loop *loop;
    struct wf_offload *offload;
    wf_audit_notice_fn *notice;
    void *arg;
    char *path;
    int fd;
    char last[65];          /* hash of the last line */
    struct wf_buf lines;    /* not with the thread yet */
    struct waiters waiters; /* for them */
    struct writing writing;
    bool is_writing, is_closing;
    struct wf_buf problem; /* empty: none */
    ev_timer retry;
};

static void waiters_init(struct waiters *waiters) {
    waiters->first = NULL;
    waiters->end = &waiters->first;
}

static void waiters_call(struct waiters *waiters) {
    struct waiter *at = waiters->first;

    waiters_init(waiters);
    while (at) {
        struct waiter *next = at->next;
        at->done(at->arg);
        free(at);
        at = next;
    }
}

/* ---- writing ---- */

static int write_all(struct writing *writing) {
    int fd = writing->audit->fd;
    size_t done = 0;

    while (done < writing->lines.len) {
        ssize_t wrote = pwrite(fd, writing->lines.data + done,
                               writing->lines.len - done,
                               writing->at + (int64_t)done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return wrote == 0 ? ENOSPC : errno;
        done += (size_t)wrote;
    }
    return fdatasync(fd) == 0 ? 0 : errno;
}

static void write_lines(struct wf_job *job) {
    struct writing *writing = (struct writing *)job;
    int error = write_all(writing);

    writing->is_done = error == 0;
    if (writing->is_done)
        return;
    wf_error_set(&writing->err, WF_E_IO, "the audit log %s can't be written: "
                 "%s", writing->audit->path, strerror(error));
    if (ftruncate(writing->audit->fd, writing->at) != 0)
        return; /* what stands there is written over */
}

static void say_failed(struct wf_audit *audit) {
    bool is_new = audit->problem.len == 0;

    audit->problem.len = 0;
    wf_buf_adds(&audit->problem, WF_ERROR);
    wf_buf_adds(&audit->problem, audit->writing.err.message);
    wf_buf_u8(&audit->problem, '\0');
    if (is_new)
        audit->notice(audit->arg, audit->problem.data);
}

static void lines_are_written(struct wf_audit *audit) {
    struct writing *writing = &audit->writing;

    writing->at += (int64_t)writing->lines.len;
    writing->lines.len = 0;
    if (audit->problem.len > 0)
        audit->notice(audit->arg, "the audit log can be written again");
    audit->problem.len = 0;
    waiters_call(&writing->waiters);
}

static void submit(struct wf_audit *audit);

/* Lines that came meanwhile are next. */
static void write_on(struct wf_audit *audit) {
    struct writing *writing = &audit->writing;

    if (audit->is_writing || audit->is_closing || audit->lines.len == 0)
        return;
    struct wf_buf empty = writing->lines;
    writing->lines = audit->lines;
    audit->lines = empty;
    writing->waiters = audit->waiters;
    waiters_init(&audit->waiters);
    submit(audit);
}

static void lines_done(struct wf_job *job) {
    struct wf_audit *audit = ((struct writing *)job)->audit;

    if (!audit->writing.is_done) {
        if (audit->is_closing)
            return; /* wf_audit_close() tries once more */
        say_failed(audit);
        ev_timer_set(&audit->retry, RETRY_S, 0.0);
        ev_timer_start(audit->loop, &audit->retry);
        return; /* still writing, after a while */
    }
    lines_are_written(audit);
    audit->is_writing = false;
    write_on(audit);
}

static void submit(struct wf_audit *audit) {
    struct writing *writing = &audit->writing;

    audit->is_writing = true;
    writing->is_done = false;
    writing->job = (struct wf_job){.work = write_lines, .done = lines_done};
    wf_offload_submit(audit->offload, &writing->job);
}

static void on_retry(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop;
    (void)events;
    submit(timer->data);
}

/* ---- lines ---- */

static void add_text(struct wf_buf *out, const char *name,
                     struct wf_str text) {
    wf_buf_addf(out, ",\"%s\":", name);
    wf_buf_json(out, text);
}

static void add_who(struct wf_buf *out,
                    const struct wf_audit_record *record) {
    if (record->key)
        add_text(out, "key", wf_str(record->key));
    else if (record->has_uid)
        wf_buf_addf(out, ",\"uid\":%u", (unsigned)record->uid);
    else
        wf_buf_adds(out, ",\"uid\":null");
}

static void add_line(struct wf_audit *audit,
                     const struct wf_audit_record *record) {
    struct wf_buf *out = &audit->lines;
    size_t begin = out->len;
    unsigned char digest[WF_SIGV4_HASH];
    char time[25];

    wf_clock_iso(record->time_ms, time);
    wf_buf_addf(out, "{\"time\":\"%s\"", time);
    add_who(out, record);
    add_text(out, "operation", wf_str(record->operation));
    if (record->resource.len)
        add_text(out, "resource", wf_str_clip(record->resource, RESOURCE_MAX));
    else
        wf_buf_adds(out, ",\"resource\":null");
    add_text(out, "outcome", wf_str(record->outcome));
    add_text(out, "requestId", wf_str(record->request_id));
    wf_buf_addf(out, ",\"previous\":\"%s\"", audit->last);
    wf_sigv4_hash((struct wf_str){out->data + begin, out->len - begin},
                  digest);
    wf_sigv4_hex(digest, audit->last);
    wf_buf_addf(out, ",\"hash\":\"%s\"}\n", audit->last);
}

void wf_audit_add(struct wf_audit *audit,
                  const struct wf_audit_record *record,
                  wf_audit_done_fn *done, void *done_arg) {
    struct waiter *waiter = wf_malloc(sizeof(*waiter));

    *waiter = (struct waiter){NULL, done, done_arg};
    *audit->waiters.end = waiter;
    audit->waiters.end = &waiter->next;
    add_line(audit, record);
    write_on(audit);
}

const char *wf_audit_problem(const struct wf_audit *audit) {
    const char *text = audit->problem.data;
    if (audit->problem.len == 0)
        return NULL;
    wf_severity_take(&text);
    return text;
}

/* ---- opening ---- */

/* The log's end, from which the chain goes on. */
static int read_tail(struct wf_audit *audit, struct wf_buf *tail,
                     struct wf_error *err) {
    struct stat info;
    ssize_t got;

    if (fstat(audit->fd, &info) != 0)
        return wf_error_set(err, WF_E_IO, "%s: %s", audit->path,
                            strerror(errno));
    audit->writing.at = info.st_size;
    size_t len = info.st_size < TAIL_MAX ? (size_t)info.st_size : TAIL_MAX;
    wf_buf_reserve(tail, len + 1);
    got = pread(audit->fd, tail->data, len, info.st_size - (off_t)len);
    if (got < 0 || (size_t)got != len)
        return wf_error_set(err, WF_E_IO, "%s: %s", audit->path,
                            got < 0 ? strerror(errno) : "it is being cut");
    tail->len = len;
    return 0;
}

/* What a crash left of a line, which nobody was told of. */
static int cut_torn(struct wf_audit *audit, struct wf_buf *tail,
                    struct wf_error *err) {
    size_t keep = tail->len;

    while (keep > 0 && tail->data[keep - 1] != '\n')
        keep--;
    if (keep == tail->len)
        return 0;
    if (keep == 0 && audit->writing.at > (int64_t)tail->len)
        return wf_error_set(err, WF_E_INVALID, "%s is no audit log",
                            audit->path);
    audit->writing.at -= (int64_t)(tail->len - keep);
    if (ftruncate(audit->fd, audit->writing.at) != 0)
        return wf_error_set(err, WF_E_IO, "%s: %s", audit->path,
                            strerror(errno));
    tail->len = keep;
    audit->notice(audit->arg,
                  WF_WARNING "the audit log ended within a line, which "
                             "belonged to no answered call and was cut off");
    return 0;
}

static int continue_chain(struct wf_audit *audit, struct wf_error *err) {
    struct wf_buf tail = {0};
    int rc = read_tail(audit, &tail, err);

    memcpy(audit->last, wf_audit_first, sizeof(audit->last));
    if (rc == 0)
        rc = cut_torn(audit, &tail, err);
    if (rc == 0 && tail.len > 0) {
        size_t at = tail.len - 1;
        while (at > 0 && tail.data[at - 1] != '\n')
            at--;
        const char *problem = wf_audit_line_check(
            (struct wf_str){tail.data + at, tail.len - 1 - at}, NULL,
            audit->last);
        if (problem)
            rc = wf_error_set(err, WF_E_INVALID,
                              "the last line of %s: %s; `moonstep verify "
                              "--audit` tells more, another name begins "
                              "another log",
                              audit->path, problem);
    }
    wf_buf_free(&tail);
    return rc;
}

static int open_file(struct wf_audit *audit, struct wf_error *err) {
    audit->fd = open(audit->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY,
                     0600);
    if (audit->fd < 0)
        return wf_error_set(err, WF_E_IO, "%s: %s", audit->path,
                            strerror(errno));
    if (wf_private_file_check(audit->fd, audit->path, WF_FILE_OTHERS_WRITE,
                              err) != 0)
        return -1;
    if (flock(audit->fd, LOCK_EX | LOCK_NB) != 0)
        return wf_error_set(err, WF_E_BUSY,
                            "%s: another process writes this audit log",
                            audit->path);
    return continue_chain(audit, err);
}

int wf_audit_open(struct ev_loop *loop, const char *path,
                  wf_audit_notice_fn *notice, void *arg,
                  struct wf_audit **out, struct wf_error *err) {
    struct wf_audit *audit = wf_calloc(1, sizeof(*audit));

    *out = NULL;
    audit->loop = loop;
    audit->notice = notice;
    audit->arg = arg;
    audit->path = wf_strndup(path, strlen(path));
    audit->writing.audit = audit;
    waiters_init(&audit->waiters);
    waiters_init(&audit->writing.waiters);
    ev_timer_init(&audit->retry, on_retry, RETRY_S, 0.0);
    audit->retry.data = audit;
    audit->offload = wf_offload_new(loop, 2);
    if (open_file(audit, err) != 0 || wf_file_sync_parent(path, err) != 0) {
        wf_audit_close(audit);
        return -1;
    }
    *out = audit;
    return 0;
}

/* The last lines, without a thread. */
static void write_rest(struct wf_audit *audit) {
    struct writing *writing = &audit->writing;

    wf_buf_add(&writing->lines, audit->lines.data, audit->lines.len);
    if (writing->lines.len > 0) {
        write_lines(&writing->job);
        if (!writing->is_done)
            say_failed(audit);
    }
    waiters_call(&writing->waiters);
    waiters_call(&audit->waiters);
}

void wf_audit_close(struct wf_audit *audit) {
    if (!audit)
        return;
    audit->is_closing = true;
    ev_timer_stop(audit->loop, &audit->retry);
    wf_offload_free(audit->offload);
    if (audit->fd >= 0)
        write_rest(audit);
    if (audit->fd >= 0)
        close(audit->fd);
    wf_buf_free(&audit->lines);
    wf_buf_free(&audit->writing.lines);
    wf_buf_free(&audit->problem);
    free(audit->path);
    free(audit);
}
