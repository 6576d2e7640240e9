/*
 * log_http.c - lines on their way to an HTTP endpoint: JSON lines, POSTed in
 * batches. See execution_log.h.
 *
 * A batch is sent when it is large enough or its first line a second old, one
 * at a time, so that lines arrive in order. What is not taken is tried again,
 * after longer and longer pauses: unless the answer says that it is these
 * lines that are not wanted (400, 415, 422), which are lost then. Of a batch
 * that is too large (413) the halves are sent.
 *
 * An endpoint may get a batch twice, when its answer gets lost: each has an
 * Idempotency-Key of its own.
 */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "list.h"
#include "log_impl.h"
#include "offload.h"
#include "sender.h"

enum { BATCH_BYTES = 512 << 10, LEAST_BYTES = 1 << 10, WHY_BYTES = 200 };
#define BATCH_S 1.0
#define TIMEOUT_S 30.0
#define FIRST_PAUSE_S 0.5
#define LONGEST_PAUSE_S 30.0
#define LONGEST_ASKED_S 300.0
#define LAST_S 5.0 /* for what is left, when closing */

struct batch {
    struct wf_link link;
    struct wf_buf lines;
    ev_tstamp opened;
    char key[37]; /* once it was sent */
};

struct http_log {
    struct wf_execution_log base;
    char *url, *headers_file;
    char **headers; /* NULL: none */
    struct wf_clock clock;
    struct wf_sender *sender;
    struct wf_link batches; /* oldest first; the last one is being filled */
    size_t held;            /* bytes of all batches but the last */
    struct batch *sent;     /* on its way: not in the list */
    size_t sent_bytes;
    uint64_t sent_lines;
    size_t batch_bytes;
    unsigned failures; /* in a row */
    bool is_refused, is_closing;
    ev_timer timer, deadline;
    double until;      /* by ev_now(): when closing has to be over */
    /* Headers are read again: */
    struct wf_offload *offload; /* NULL: never yet */
    struct wf_job job;
    bool is_reading, reads_again;
    char **new_headers;
    struct wf_error reading_error;
};

static struct batch *batch_of(struct wf_link *link) {
    return WF_ENTRY(link, struct batch, link);
}

/* The one that is being filled, if there is one. */
static struct batch *last_of(const struct http_log *log) {
    return batch_of(log->batches.previous);
}

static size_t last_bytes(const struct http_log *log) {
    return wf_list_is_empty(&log->batches) ? 0 : last_of(log)->lines.len;
}

/* Before all others. */
static void put_first(struct http_log *log, struct batch *batch) {
    if (!wf_list_is_empty(&log->batches))
        log->held += batch->lines.len;
    wf_list_append(log->batches.next, &batch->link);
}

static struct batch *take_first(struct http_log *log) {
    struct batch *batch = batch_of(wf_list_shift(&log->batches));

    if (!wf_list_is_empty(&log->batches))
        log->held -= batch->lines.len;
    return batch;
}

static void batch_free(struct batch *batch) {
    wf_buf_free(&batch->lines);
    free(batch);
}

static uint64_t lines_of(const struct batch *batch) {
    return wf_log_lines_in(batch->lines.data, batch->lines.len);
}

/* ---- sending ---- */

static void is_sent(void *arg, const struct wf_sent *sent);

static void send_first(struct http_log *log) {
    struct batch *batch = take_first(log);
    const char *headers[64] = {"Content-Type: application/x-ndjson"};
    size_t count = 2;
    char key[64];

    if (!batch->key[0])
        wf_clock_uuid4(&log->clock, batch->key);
    snprintf(key, sizeof(key), "Idempotency-Key: %s", batch->key);
    headers[1] = key;
    for (char **at = log->headers; at && *at; at++)
        headers[count++] = *at;
    double left = log->until - ev_now(log->base.loop);
    if (left < 0.1)
        left = 0.1;
    struct wf_sending sending = {
        .url = log->url,
        .headers = headers,
        .body = &batch->lines,
        .timeout_s = log->is_closing && left < TIMEOUT_S ? left : TIMEOUT_S,
    };
    log->sent = batch;
    log->sent_bytes = batch->lines.len;
    log->sent_lines = lines_of(batch);
    wf_sender_post(log->sender, &sending, is_sent, log);
}

/* Sends the oldest batch if it is time to; else that time is waited for. */
static void go_on(struct http_log *log) {
    double wait;

    if (log->sent || wf_list_is_empty(&log->batches))
        return;
    struct batch *first = batch_of(log->batches.next);
    wait = first->opened + BATCH_S - ev_now(log->base.loop);
    ev_timer_stop(log->base.loop, &log->timer);
    if (wait <= 0 || log->is_closing || first != last_of(log) ||
        first->lines.len >= log->batch_bytes)
        send_first(log);
    else
        wf_log_wait(&log->base, &log->timer, wait);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events) {
    struct http_log *log = timer->data;

    (void)loop;
    (void)events;
    if (!log->sent && !wf_list_is_empty(&log->batches))
        send_first(log);
}

/* ---- answers ---- */

static void say_why(struct http_log *log, const char *what,
                    const struct wf_sent *sent) {
    struct wf_buf why = {0};

    if (sent->status)
        wf_buf_addf(&why, "HTTP status %u%s", sent->status,
                    sent->why.len ? ": " : "");
    wf_buf_addstr(&why, wf_str_clip(sent->why, WHY_BYTES));
    for (size_t i = 0; i < why.len; i++)
        if ((unsigned char)why.data[i] < ' ')
            why.data[i] = ' ';
    wf_log_say(&log->base, WF_WARNING, what,
               (struct wf_str){why.data, why.len});
    wf_buf_free(&why);
}

static void is_taken(struct http_log *log, struct batch *batch) {
    log->base.stats.lines += log->sent_lines;
    batch_free(batch);
    if (log->failures || log->is_refused)
        wf_log_say(&log->base, "", "can be sent again", WF_STR(""));
    log->failures = 0;
    log->is_refused = false;
    wf_log_say_lost(&log->base);
}

static void is_refused(struct http_log *log, struct batch *batch,
                       const struct wf_sent *sent) {
    log->base.stats.lost += log->sent_lines;
    batch_free(batch);
    log->failures = 0;
    if (!log->is_refused)
        say_why(log, "lines are refused, and lost: ", sent);
    log->is_refused = true;
}

/* Where its second half begins; 0: it is one line. */
static size_t middle_of(const struct batch *batch) {
    const char *data = batch->lines.data;
    size_t len = batch->lines.len;
    const char *end = memrchr(data, '\n', len / 2);

    if (!end)
        end = memchr(data, '\n', len);
    return end && end + 1 < data + len ? (size_t)(end + 1 - data) : 0;
}

static void halve(struct http_log *log, struct batch *batch, size_t middle) {
    struct batch *rest = wf_calloc(1, sizeof(*rest));

    wf_buf_add(&rest->lines, batch->lines.data + middle,
               batch->lines.len - middle);
    rest->opened = batch->opened;
    batch->lines.len = middle;
    batch->key[0] = '\0'; /* another body, another batch */
    put_first(log, rest);
    put_first(log, batch);
    if (middle < log->batch_bytes)
        log->batch_bytes = middle > LEAST_BYTES ? middle : LEAST_BYTES;
}

static void try_again(struct http_log *log, struct batch *batch,
                      const struct wf_sent *sent) {
    double pause = FIRST_PAUSE_S;

    put_first(log, batch);
    if (log->failures++ == 0)
        say_why(log, "can't be sent, is tried again: ", sent);
    for (unsigned i = 1; i < log->failures && pause < LONGEST_PAUSE_S; i++)
        pause *= 2;
    if (pause > LONGEST_PAUSE_S)
        pause = LONGEST_PAUSE_S;
    if (pause < (double)sent->retry_after_s)
        pause = sent->retry_after_s < (int64_t)LONGEST_ASKED_S
                    ? (double)sent->retry_after_s
                    : LONGEST_ASKED_S;
    ev_timer_stop(log->base.loop, &log->timer);
    wf_log_wait(&log->base, &log->timer, pause);
}

static void is_sent(void *arg, const struct wf_sent *sent) {
    struct http_log *log = arg;
    struct batch *batch = log->sent;
    size_t middle;

    batch->lines = *sent->body;
    *sent->body = (struct wf_buf){0};
    log->sent = NULL;
    log->sent_bytes = 0;
    if (sent->status / 100 == 2)
        is_taken(log, batch);
    else if (sent->status == 413 && (middle = middle_of(batch)) > 0)
        halve(log, batch, middle);
    else if (sent->status == 400 || sent->status == 413 ||
             sent->status == 415 || sent->status == 422)
        is_refused(log, batch, sent);
    else {
        try_again(log, batch, sent);
        return;
    }
    go_on(log);
}

/* ---- lines ---- */

static size_t held(struct wf_execution_log *base) {
    struct http_log *log = (struct http_log *)base;

    return log->held + log->sent_bytes + last_bytes(log);
}

/* One that was sent stays as it was: it has its key. */
static bool is_full(const struct http_log *log) {
    const struct batch *last = last_of(log);

    return last->lines.len >= log->batch_bytes || last->key[0];
}

/* A batch that is full is noticed with the line after it. */
static struct wf_buf *line(struct wf_execution_log *base,
                           struct wf_str group) {
    struct http_log *log = (struct http_log *)base;

    (void)group;
    if (!wf_list_is_empty(&log->batches) && is_full(log) &&
        log->failures == 0)
        go_on(log);
    if (wf_list_is_empty(&log->batches) || is_full(log)) {
        struct batch *batch = wf_calloc(1, sizeof(*batch));
        batch->opened = ev_now(base->loop);
        log->held += last_bytes(log);
        wf_list_append(&log->batches, &batch->link);
    }
    if (!log->sent)
        wf_log_wait(base, &log->timer, BATCH_S);
    return &last_of(log)->lines;
}

/* ---- headers ---- */

static void read_headers(struct wf_job *job) {
    struct http_log *log = WF_ENTRY(job, struct http_log, job);

    wf_log_headers_read(log->headers_file, &log->new_headers,
                        &log->reading_error);
}

static void ask_reopen(struct wf_execution_log *base);

/* A new token may be what was missing: what waits is sent at once. */
static void are_read(struct wf_job *job) {
    struct http_log *log = WF_ENTRY(job, struct http_log, job);

    log->is_reading = false;
    if (!log->new_headers) {
        if (!log->is_closing)
            wf_log_say(&log->base, WF_WARNING, "its headers stay as they "
                       "were: ", wf_str(log->reading_error.message));
    } else {
        wf_log_headers_free(log->headers);
        log->headers = log->new_headers;
        log->new_headers = NULL;
        if (log->failures && !log->sent && !log->is_closing) {
            ev_timer_stop(log->base.loop, &log->timer);
            wf_log_wait(&log->base, &log->timer, 0.0);
        }
    }
    if (log->reads_again && !log->is_closing)
        ask_reopen(&log->base);
}

static void ask_reopen(struct wf_execution_log *base) {
    struct http_log *log = (struct http_log *)base;

    log->reads_again = log->is_reading;
    if (!log->headers_file || log->is_reading)
        return;
    if (!log->offload)
        log->offload = wf_offload_new(base->loop, 2);
    log->is_reading = true;
    wf_offload_submit(log->offload, &log->job);
}

/* ---- closing ---- */

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop;
    (void)events;
    *(bool *)timer->data = true;
}

/* What waits is sent at once, as long as there is time. */
static void send_rest(struct http_log *log) {
    struct ev_loop *loop = log->base.loop;
    bool is_late = false;

    ev_now_update(loop);
    log->until = ev_now(loop) + LAST_S;
    ev_timer_init(&log->deadline, on_deadline, LAST_S, 0.0);
    log->deadline.data = &is_late;
    ev_timer_start(loop, &log->deadline);
    if (log->failures)
        log->failures = 1; /* short pauses, not told again */
    go_on(log);
    while (!is_late && (log->sent || !wf_list_is_empty(&log->batches)))
        ev_run(loop, EVRUN_ONCE);
    ev_timer_stop(loop, &log->deadline);
}

static void lose_rest(struct http_log *log) {
    if (log->sent) { /* its lines are the sender's */
        log->base.stats.lost += log->sent_lines;
        batch_free(log->sent);
    }
    while (!wf_list_is_empty(&log->batches)) {
        struct batch *batch = take_first(log);
        log->base.stats.lost += lines_of(batch);
        batch_free(batch);
    }
    wf_log_say_lost(&log->base);
}

static void close_http(struct wf_execution_log *base) {
    struct http_log *log = (struct http_log *)base;

    log->is_closing = true;
    wf_offload_free(log->offload);
    log->offload = NULL;
    send_rest(log);
    ev_timer_stop(base->loop, &log->timer);
    wf_sender_free(log->sender);
    lose_rest(log);
    wf_log_headers_free(log->headers);
    free(log->headers_file);
    free(log->url);
}

/* ---- opening ---- */

/* Without its query, which may hold a key. */
static char *shown(const char *url) {
    struct wf_buf name = {0};
    size_t len = strcspn(url, "?#");

    wf_buf_add(&name, url, len);
    wf_buf_adds(&name, url[len] ? "?..." : "");
    wf_buf_u8(&name, '\0');
    return name.data;
}

static int check_url(const char *url, struct wf_error *err) {
    const char *host = strstr(url, "://") + 3;
    size_t len = strcspn(host, "/?#");

    if (len == 0 || strpbrk(url, " \t\r\n"))
        return wf_error_set(err, WF_E_INVALID, "--logs %.200s: no URL", url);
    if (memchr(host, '@', len))
        return wf_error_set(err, WF_E_INVALID,
                            "--logs: user and password do not belong into "
                            "the URL: give an Authorization header in a file "
                            "of --logs-headers");
    return 0;
}

static const struct wf_log_kind KIND = {line, held, ask_reopen, close_http};

struct wf_execution_log *wf_log_http_new(
    const struct wf_execution_log_options *options, struct wf_error *err) {
    const char *url = options->destination, *file = options->headers;
    char **headers = NULL;
    struct http_log *log;

    if (check_url(url, err) != 0 ||
        (file && wf_log_headers_read(file, &headers, err) != 0))
        return NULL;
    log = wf_calloc(1, sizeof(*log));
    log->base.kind = &KIND;
    log->base.name = shown(url);
    log->url = wf_strndup(url, strlen(url));
    log->headers_file = file ? wf_strndup(file, strlen(file)) : NULL;
    log->headers = headers;
    log->batch_bytes = BATCH_BYTES;
    log->job = (struct wf_job){.work = read_headers, .done = are_read};
    wf_clock_init_real(&log->clock);
    wf_list_init(&log->batches);
    log->sender = wf_sender_new(options->loop);
    ev_timer_init(&log->timer, on_timer, 0.0, 0.0);
    log->timer.data = log;
    return &log->base;
}
