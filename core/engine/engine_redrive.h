/*
 * engine_redrive.h - executions that go on, or from which others do. A part of
 * engine.h.
 */
#ifndef WF_ENGINE_REDRIVE_H
#define WF_ENGINE_REDRIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base.h"

struct wf_engine;
struct wf_refusal;

/** What is to be other than it was when an execution goes on. */
struct wf_fix {
    struct wf_str version_arn; /**< Of a version of its state machine; or: */
    struct wf_str revision;    /**< The id of a revision, or "latest". */
    struct wf_str from_state;  /**< Not inside of another one: all that was
                                  going on is given up. Empty: where it was. */
    struct wf_str input;       /**< JSON, of that state; data NULL: as it
                                  was. */
    struct wf_str variables;   /**< A JSON object: these are assigned. */
    bool is_dry;               /**< Only to know whether it could be. */
};
struct wf_redrive_execution {
    struct wf_str execution_arn;
    struct wf_str client_token; /**< Empty: none. */
    const struct wf_fix *fix;   /**< NULL: it goes on as it was. */
};
struct wf_redriven_reply {
    bool is_redrivable;   /**< False only if it was asked for dry, */
    struct wf_str reason; /**< and then this is why. */
    int64_t redrive_ms;   /**< 0: it was asked for dry. */
    struct wf_str state;       /**< With a fix: where it goes on, and what it */
    struct wf_str revision_id; /**< runs; data NULL if that is not known. */
};
/** The execution goes on where it had failed, or was stopped: answers with the
 * time of that. What is asked for with the same token within 15 minutes is
 * done once. Exceptions: ExecutionDoesNotExist, ExecutionNotRedrivable,
 * InvalidExecutionInput (of a fix), ThrottlingException (no room). */
typedef void wf_redriven_fn(void *arg, const struct wf_refusal *refusal,
                            const struct wf_redriven_reply *reply);
void wf_engine_redrive_execution(struct wf_engine *engine,
                                 const struct wf_redrive_execution *ask,
                                 wf_redriven_fn *reply, void *arg);

struct wf_fork_execution {
    struct wf_str execution_arn;
    uint64_t event;            /**< The last one that is shared. */
    struct wf_str name;        /**< Empty: a time-ordered UUID. */
    const struct wf_fix *fix;
};
struct wf_forked_reply {
    bool is_forkable;     /**< False only if it was asked for dry, */
    struct wf_str reason; /**< and then this is why. */
    struct wf_str arn;    /**< data NULL: it was asked for dry. */
    int64_t start_ms;     /**< 0: the same. */
    struct wf_str state;       /**< Where it goes on, and what it runs; data */
    struct wf_str revision_id; /**< NULL if that is not known. */
};
/** A new execution shares what another one, which may run, has done up to an
 * event, and goes on from there (fork_execution.h). Exceptions: InvalidArn,
 * InvalidName, ExecutionDoesNotExist, ExecutionAlreadyExists,
 * ExecutionNotForkable (with the reason), InvalidExecutionInput (of a fix),
 * ThrottlingException (no room). */
typedef void wf_forked_fn(void *arg, const struct wf_refusal *refusal,
                          const struct wf_forked_reply *reply);
void wf_engine_fork_execution(struct wf_engine *engine,
                              const struct wf_fork_execution *ask,
                              wf_forked_fn *reply, void *arg);

#endif
