/*
 * execution_log.h - lines on their way to a file: what state machines log
 * (logging.c).
 *
 * Lines are gathered in memory and written by a thread, so that nobody waits
 * for a disk or a reader of a pipe. There is room for so many; while they
 * can't be written, the next ones are lost, and counted. What could not be
 * written is tried again each second, from where it stopped.
 *
 * Nothing is flushed: what is logged is a copy, and executions go on without
 * it.
 */
#ifndef WF_EXECUTION_LOG_H
#define WF_EXECUTION_LOG_H

#include <ev.h>

#include "base.h"

struct wf_execution_log;

/** Something for the operator. */
typedef void wf_execution_log_notice_fn(void *arg, const char *text);

struct wf_execution_log_stats {
    uint64_t lines, lost;
};

/**
 * Opens the file, made if it is missing (0600), to add to it; "-" is stdout.
 * Blocks. `room`: bytes that may wait; 0: 8 MiB.
 */
int wf_execution_log_open(struct ev_loop *loop, const char *path, size_t room,
                          wf_execution_log_notice_fn *notice, void *arg,
                          struct wf_execution_log **log,
                          struct wf_error *err);
/** Writes what is left, for a second where it would block. NULL is allowed. */
void wf_execution_log_close(struct wf_execution_log *log);

/** Where to append one line and its newline, at once; NULL: there is no room,
 * and it has been counted as lost. */
struct wf_buf *wf_execution_log_line(struct wf_execution_log *log);
/** Counts a line that there will not be. */
void wf_execution_log_lose(struct wf_execution_log *log);
/** Opens the file again, on the thread: it has been moved away (SIGHUP). If
 * that fails, the old one is written on. Nothing for stdout. */
void wf_execution_log_reopen(struct wf_execution_log *log);
struct wf_execution_log_stats wf_execution_log_stats(
    const struct wf_execution_log *log);

#endif
