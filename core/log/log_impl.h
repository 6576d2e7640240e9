/*
 * log_impl.h - what the destinations of lines share. See execution_log.h.
 */
#ifndef WF_LOG_IMPL_H
#define WF_LOG_IMPL_H

#include "execution_log.h"
#include "severity.h"

/** Lines are gathered so long before they go to the disk together. */
#define WF_LOG_GATHER_S 0.02
/** After an error of the disk. */
#define WF_LOG_RETRY_S 1.0

struct wf_log_kind {
    /** There is room: where to append the line. */
    struct wf_buf *(*line)(struct wf_execution_log *log,
                           struct wf_str group);
    /** Bytes that wait. */
    size_t (*held)(struct wf_execution_log *log);
    void (*reopen)(struct wf_execution_log *log); /**< NULL: nothing to do */
    /** Gets the rest out, and frees all but the struct. */
    void (*close)(struct wf_execution_log *log);
};

/** The first member of each destination's struct. */
struct wf_execution_log {
    const struct wf_log_kind *kind;
    struct ev_loop *loop;
    wf_execution_log_notice_fn *notice;
    void *arg;
    char *name; /**< For messages. */
    size_t room;
    struct wf_execution_log_stats stats;
    uint64_t lost_before; /**< That the operator knows of. */
};

/* Each makes a struct and sets `kind`; NULL: see `err`. */
struct wf_execution_log *wf_log_file_new(
    const struct wf_execution_log_options *options, struct wf_error *err);
struct wf_execution_log *wf_log_directory_new(
    const struct wf_execution_log_options *options, struct wf_error *err);
struct wf_execution_log *wf_log_http_new(
    const struct wf_execution_log_options *options, struct wf_error *err);

/** Tells the operator: "--logs NAME: WHAT WHY". `severity`: see severity.h. */
void wf_log_say(struct wf_execution_log *log, const char *severity,
                const char *what, struct wf_str why);
/** How many were lost, if any were since it was told. */
void wf_log_say_lost(struct wf_execution_log *log);
uint64_t wf_log_lines_in(const char *data, size_t len);
/** Starts a timer that does not run. */
void wf_log_wait(struct wf_execution_log *log, ev_timer *timer,
                 double seconds);

/* ---- log_headers.c ---- */

/** "Name: value", one a line, NULL-terminated; `*headers` is freed with
 * wf_log_headers_free(). Blocks. WF_E_INVALID: the file is refused. */
int wf_log_headers_read(const char *path, char ***headers,
                        struct wf_error *err);
void wf_log_headers_free(char **headers); /* NULL is allowed */

#endif
