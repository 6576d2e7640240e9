/*
 * audit.h - the log of every call that changes something: who, what, when,
 * and how it ended.
 *
 * The file has one JSON object a line:
 *
 *     {"time":"2024-01-31T12:00:00.000Z","key":"ci",
 *      "operation":"StartExecution","resource":"arn:aws:states:...",
 *      "outcome":"OK","requestId":"...","previous":"HEX","hash":"HEX"}
 *
 * `uid` stands instead of `key` where keys are not used. `hash` is the
 * SHA-256 of the line up to and without `,"hash"`, and `previous` that of
 * the line before (zeros in the first): nothing can be altered, taken out or
 * put in between without the next line showing it. Nobody's input or output
 * is in it, nor secrets or tokens.
 *
 * A call is answered when its line is on the disk. Lines are written in the
 * order of the calls' ends, many at a time, by a thread. If they can't be,
 * they are kept and tried again each second, their calls wait, and
 * wf_audit_problem() says so, whereupon new changing calls are refused.
 */
#ifndef WF_AUDIT_H
#define WF_AUDIT_H

#include <ev.h>
#include <sys/types.h>

#include "base.h"

struct wf_audit;

/** What there is to say of a call. Borrowed. */
struct wf_audit_record {
    int64_t time_ms;
    const char *key; /**< NULL: `uid` */
    uid_t uid;
    bool has_uid;
    const char *operation;
    struct wf_str resource; /**< Empty: none. */
    const char *outcome;    /**< "OK", or the exception. */
    const char *request_id;
};

typedef void wf_audit_done_fn(void *arg);
/** Something for the operator. */
typedef void wf_audit_notice_fn(void *arg, const char *text);

/**
 * Opens the log, made if it is missing (0600), for this process alone; blocks.
 * WF_E_INVALID: others can write it, or its last line does not fit;
 * WF_E_BUSY: another process has it. What a crash left of a line that was
 * being written is cut off, and noticed.
 */
int wf_audit_open(struct ev_loop *loop, const char *path,
                  wf_audit_notice_fn *notice, void *arg,
                  struct wf_audit **audit, struct wf_error *err);
/** Writes what is left, blocking, and calls back. NULL is allowed. */
void wf_audit_close(struct wf_audit *audit);

/** NULL: lines can be written; else why not. */
const char *wf_audit_problem(const struct wf_audit *audit);
/** Adds a line; `done` is called from the loop when it is on the disk. */
void wf_audit_add(struct wf_audit *audit,
                  const struct wf_audit_record *record,
                  wf_audit_done_fn *done, void *done_arg);

/* ---- reading (audit_verify.c) ---- */

#define WF_AUDIT_LINE_MAX 8192

/** What a log says of itself. */
struct wf_audit_verdict {
    uint64_t lines;       /**< That fit. */
    char last[65];        /**< The hash of the last one of them. */
    const char *problem;  /**< Of line `lines` + 1; NULL: all is well. */
};

/** Looks at every line. -1: the file can't be read. */
int wf_audit_verify(const char *path, struct wf_audit_verdict *verdict,
                    struct wf_error *err);
/** NULL: the line (without its newline) has the hash it says, which goes to
 * `hash`, and follows `previous` (NULL: any); else what is wrong. */
const char *wf_audit_line_check(struct wf_str line, const char *previous,
                                char hash[65]);
/** The hash that the first line has for its predecessor. */
extern const char wf_audit_first[65];

#endif
