/*
 * execution_log.h - lines on their way out: what state machines log
 * (logging.c).
 *
 * Where they go: a file or stdout (log_file.c), a directory with a file for
 * each log group (log_directory.c), an HTTP endpoint (log_http.c). Lines are
 * gathered in memory, and threads write or send them, so that nobody waits
 * for a disk, for a reader of a pipe or for an endpoint. There is room for so
 * many; while they can't get out, the next ones are lost, and counted. What
 * did not get out is tried again.
 *
 * Nothing is flushed to the disk: what is logged is a copy, and executions go
 * on without it.
 */
#ifndef WF_EXECUTION_LOG_H
#define WF_EXECUTION_LOG_H

#include <ev.h>

#include "base.h"

struct wf_execution_log;

/** Something for the operator. */
typedef void wf_execution_log_notice_fn(void *arg, const char *text);

struct wf_execution_log_options {
    struct ev_loop *loop;
    /** A file, made if it is missing (0600), to add to it; "-": stdout; a
     * directory, or a name that ends with "/"; http://… or https://… */
    const char *destination;
    /** HTTP: a private file of headers to send. NULL: none. */
    const char *headers;
    size_t room; /**< Bytes that may wait; 0: 8 MiB. */
    wf_execution_log_notice_fn *notice;
    void *arg;
};

struct wf_execution_log_stats {
    uint64_t lines, lost;
};

/** Whether the destination is an endpoint, and no name of a file. */
bool wf_execution_log_is_url(const char *destination);
/** Blocks. The options' texts are copied. */
int wf_execution_log_open(const struct wf_execution_log_options *options,
                          struct wf_execution_log **log,
                          struct wf_error *err);
/** Writes what is left, for a second where it would block; sends it, for five
 * seconds, running the loop meanwhile. NULL is allowed. */
void wf_execution_log_close(struct wf_execution_log *log);

/** Where to append one line of that log group and its newline, at once; NULL:
 * there is no room, and it has been counted as lost. */
struct wf_buf *wf_execution_log_line(struct wf_execution_log *log,
                                     struct wf_str group);
/** Counts a line that there will not be. */
void wf_execution_log_lose(struct wf_execution_log *log);
/** SIGHUP. A file is opened again, on the thread: it has been moved away; if
 * that fails, the old one is written on. Headers are read again. */
void wf_execution_log_reopen(struct wf_execution_log *log);
struct wf_execution_log_stats wf_execution_log_stats(
    const struct wf_execution_log *log);

#endif
