/*
 * start_impl.h - what the files of StartExecution know of a request: start.c,
 * which checks it and answers, and start_name.c, which finds out whether the
 * execution's name is free.
 */
#ifndef WF_START_IMPL_H
#define WF_START_IMPL_H

#include "engine_impl.h"

struct wf_start_call {
    struct wf_start_call *next;   /* in its list of lookups, or of joined */
    struct wf_start_call *joined; /* wait for what comes of this one's name */
    struct wf_engine *engine;
    struct wf_machine *machine;
    struct wf_execution *execution; /* pinned while the reply waits */
    struct wf_buf arn, name, trace_header;
    uint32_t version;    /* that the ARN names, or its alias leads to; or 0 */
    struct wf_str alias; /* a part of `arn`; empty: none */
    struct wf_doc *input;
    size_t parsing_bytes; /* of the engine's */
    const struct wf_start_rows *rows; /* not put yet; or NULL */
    const struct wf_start_rows *express_rows; /* they are, and it has not
                                                 begun; or NULL */
    struct wf_called *called; /* a task asks; or NULL */
    struct wf_redrive *fork;  /* it is made of that; or NULL */
    uint64_t ended;           /* of that name, and not in memory */
    bool sync, is_exclusive;
    wf_execution_fn *reply;
    void *arg;
};

/* ---- start.c ---- */
void wf_start_refuse(struct wf_start_call *call, const char *exception,
                     const char *format, struct wf_str subject);
/** The ARN of an execution of that name, which is added to `out`. Its own
 * revision may not have been read yet. */
struct wf_str wf_start_arn(const struct wf_start_call *call,
                           struct wf_str name, struct wf_buf *out);
/** The execution's image names the task that has started it, and those that
 * wait for it. False: there are too many. */
bool wf_start_join(struct wf_start_call *call, struct wf_execution *execution,
                   bool is_new);
/** Answers when all that the execution was made of is durable. */
void wf_start_reply(struct wf_start_call *call,
                    struct wf_execution *execution);
/** A forked execution gets its name, unless that is taken: as
 * StartExecution. The ARN of its machine is not in the call. */
void wf_start_fork(struct wf_redrive *redrive, struct wf_str name,
                   bool is_given, wf_execution_fn *reply, void *arg);
/** Nothing is in the way of a new execution. `arg` is the call. */
void wf_start_now(void *arg);

/* ---- start_name.c ---- */
/** Begins the execution if nothing has its name; else it answers. */
void wf_start_with_name(struct wf_start_call *call);

#endif
