/*
 * request_impl.h - what the engine's files that answer requests call of each
 * other: executions and Map Runs that begin, are looked for, described and
 * waited for. Part of engine_impl.h.
 */
#ifndef WF_REQUEST_IMPL_H
#define WF_REQUEST_IMPL_H

#include "engine.h"
#include "execution.h"
#include "machine.h"

/* ---- begin.c ---- */
/** What a new execution is made of. */
struct wf_birth {
    struct wf_machine *machine;   /**< Ready. */
    uint32_t version;             /**< 0: it was not asked for by one. */
    struct wf_str alias;          /**< Which led to it; empty: none. */
    struct wf_str name;           /**< Empty: a UUID. */
    struct wf_str trace_header;   /**< Empty: none. */
    const char *bundle;           /**< Hex hash, 65 bytes. */
    struct wf_doc *input;
    uint32_t start;               /**< Number of the first state. */
    int64_t timeout_s;            /**< 0: none. */
    bool is_paused;               /**< With its state machine. */
    struct wf_str pause_reason;   /**< Empty: none. */
    struct wf_map_child *map_child; /**< Taken over. It does not run before
                                       its start is in a batch; NULL. */
};
struct wf_execution *wf_execution_begin(struct wf_engine *engine,
                                        const struct wf_birth *birth);

/* ---- start.c ---- */
/** Rows that are in one batch with the start of an execution. */
struct wf_start_rows {
    /** Adds them to the open batch, once: with the execution's part of it; of
     * an EXPRESS execution (0) before it begins. */
    void (*put)(void *arg, uint64_t execution);
    /** The EXPRESS execution begins, after that. */
    void (*express_began)(void *arg, uint64_t execution);
    void *arg;
};
/** StartExecution with such rows, which are borrowed until it answers. They
 * are not put if the name belongs to a running execution of the same input:
 * that is answered with instead. */
void wf_engine_start_joined(struct wf_engine *engine,
                            const struct wf_start_execution *ask,
                            const struct wf_start_rows *rows,
                            wf_execution_fn *reply, void *arg);
/** A task that has an execution started. */
struct wf_called {
    struct wf_caller by;
    bool is_first;      /**< It has not asked before: the name is its own. */
    uint64_t execution; /**< Set before the answer: the one that started. */
};
/** StartExecution for a task. The execution's image names the task, which may
 * ask again after a death: then it gets the one that it has started, even if
 * that has ended. `called` is borrowed until it answers. Besides:
 * StateMachineTypeNotSupported, if the task wants to wait for an EXPRESS
 * execution. */
void wf_engine_start_called(struct wf_engine *engine,
                            const struct wf_start_execution *ask,
                            struct wf_called *called, wf_execution_fn *reply,
                            void *arg);
/** A refusal whose message is `format` with `subject` for its "%s". */
void wf_refuse_execution(wf_execution_fn *reply, void *arg,
                         const char *exception, const char *format,
                         struct wf_str subject);

/* ---- find.c ---- */
/** Decodes; false: there is nothing to decode, or it does not. */
bool wf_image_of(struct wf_str text, struct wf_execution_image *image);
/** Gives the image of an execution, from memory (then it may not be durable
 * yet) or from its row; data NULL: there is none. Borrowed. */
typedef void wf_image_fn(void *arg, struct wf_str image);
void wf_execution_read(struct wf_engine *engine, uint64_t id,
                       wf_image_fn *done, void *arg);
/** Appends the image to `image`, and gives the revision that the execution
 * runs; NULL: one of the two can't be read. */
void wf_execution_identify(struct wf_engine *engine, uint64_t id,
                           struct wf_buf *image, wf_machine_fn *done,
                           void *arg);
/** Keeps a row that was read, if its execution has ended. `forgotten`: that of
 * engine->ended when it was asked for. */
void wf_ended_keep_image(struct wf_engine *engine, uint64_t id,
                         const struct wf_execution_image *image,
                         struct wf_str row, uint64_t forgotten);
/** Append ARNs: the execution's, that of its state machine (with the label if
 * it is a child), and that of the Map Run which a child belongs to (else
 * nothing). */
void wf_image_arn(const struct wf_execution_image *image,
                  const struct wf_machine *machine, struct wf_buf *out);
void wf_image_machine_arn(const struct wf_execution_image *image,
                          const struct wf_machine *machine,
                          struct wf_buf *out);
/** Those of the version and the alias that it was started with; or nothing. */
void wf_image_version_arn(const struct wf_execution_image *image,
                          const struct wf_machine *machine,
                          struct wf_buf *out);
void wf_image_alias_arn(const struct wf_execution_image *image,
                        const struct wf_machine *machine,
                        struct wf_buf *out);
void wf_image_map_run_arn(const struct wf_execution_image *image,
                          const struct wf_machine *machine,
                          struct wf_buf *out);
/** Finds the execution that an ARN names: its id, or 0. */
typedef void wf_found_fn(void *arg, uint64_t id);
void wf_execution_find(struct wf_engine *engine, struct wf_str arn,
                       wf_found_fn *found, void *arg);
/** False: it is no execution's ARN, and `why` says so. AWS's operations know
 * no EXPRESS executions but children of Map Runs: `express` says whether this
 * one does. */
bool wf_execution_arn_read(struct wf_str text, bool express,
                           struct wf_arn *arn, struct wf_buf *why);
/** The same; then it has been refused. */
bool wf_execution_arn_is_good(struct wf_str arn, bool express,
                              wf_execution_fn *reply, void *arg);

/* ---- map_find.c ---- */
/** What an ARN of a Map Run has named; borrowed. */
struct wf_map_run_found {
    const struct wf_map_run *run; /**< As it is now, or as its row says. */
    const struct wf_execution_image *parent;
    struct wf_machine *machine;   /**< Its state machine. */
};
/** `found` is NULL if there is none. */
typedef void wf_map_run_found_fn(void *arg,
                                 const struct wf_map_run_found *found);
/** Calls back when what it has found is durable. False: it is no ARN of a Map
 * Run, `why` says so, and nobody is called. */
bool wf_map_run_find(struct wf_engine *engine, struct wf_str arn,
                     struct wf_buf *why, wf_map_run_found_fn *found,
                     void *arg);
/** Visits the runs of an execution that memory knows better than their rows:
 * those of its frames, and those that have just ended (`frame` NULL). */
typedef void wf_map_run_visit_fn(void *arg, struct wf_map_run *run,
                                 struct wf_frame *frame);
void wf_map_runs_visit(const struct wf_execution *execution,
                       wf_map_run_visit_fn *visit, void *arg);
/** A copy, as it would be read from its row. */
struct wf_map_run *wf_map_run_copy(const struct wf_map_run *run);
#define WF_NO_MAP_RUN "Resource not found: '%s'"

/* ---- read.c ---- */
/** Answers like DescribeExecution. */
void wf_describe(struct wf_engine *engine, uint64_t id,
                 wf_execution_fn *reply, void *arg);

/* ---- wait.c ---- */
struct wf_waiter;
/** The execution has ended: those who wait for it are answered. */
void wf_waiters_ended(struct wf_engine *engine,
                      struct wf_execution *execution);
/** Answers when the EXPRESS execution has ended. */
void wf_wait_sync(struct wf_engine *engine, struct wf_execution *execution,
                  wf_execution_fn *reply, void *arg);

void wf_waiters_free(struct wf_engine *engine);

/* ---- follow.c ---- */
/** The batch being built has events of the execution; there are followers. */
void wf_followers_note(struct wf_engine *engine, uint64_t execution);
/** A batch is durable; there are followers. */
void wf_followers_durable(struct wf_engine *engine);
void wf_followers_free(struct wf_engine *engine);

/* ---- history.c ---- */
/** Fills in what the definition says of the event's state. */
void wf_history_describe(const struct wf_engine *engine,
                         const struct wf_machine *machine,
                         struct wf_history_event *shown);

#endif
