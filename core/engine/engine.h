/*
 * engine.h - the engine as the API, the CLI and the benchmarks use it.
 *
 * One struct, one loop thread, one partition. Every operation answers through
 * a callback on the loop, and only when everything the answer was computed
 * from is durable (EXPRESS executions apart). Replies and the texts in them
 * are borrowed until the callback returns; requests during the call.
 *
 * An error reply carries AWS's exception name ("ExecutionDoesNotExist") in
 * `exception` and its message; the API maps it to HTTP, the CLI to an exit
 * status.
 */
#ifndef WF_ENGINE_H
#define WF_ENGINE_H

#include <ev.h>

#include "base.h"
#include "clock.h"
#include "diagnostic.h"
#include "engine_redrive.h"
#include "event.h"
#include "profile.h"
#include "store.h"

struct wf_engine;
struct wf_item_stores;
struct wf_execution_log;

struct wf_engine_options {
    const struct wf_profile *profile; /**< NULL: native. */
    const char *const *handlers; /**< Directories, NULL-terminated; or NULL. */
    const char *const *states;   /**< User state types, as above. */
    const char *lua_directory;   /**< Development: lua/ and states/ from here
                                   instead of the embedded ones. */
    const char *const *service_endpoints; /**< Of AWS services: "SERVICE=URL",
                                   or "URL" of all others; NULL-terminated;
                                   or NULL. */
    const char *service_models;  /**< Directory of models of AWS services
                                   (service_models.h); or NULL. */
    const char *lambda_endpoint; /**< URL that invokes Lambda functions; or
                                   NULL. */
    const char *connections;     /**< File of the connections of HTTP Tasks
                                   (docs/http-tasks.md); or NULL. */
    const char *const *http_allow; /**< Private networks that HTTP Tasks may
                                   call; NULL-terminated; or NULL. */
    const char *region;          /**< NULL: "us-east-1" */
    const char *account;         /**< NULL: "000000000000" */
    unsigned workers;            /**< Worker processes; 0: one per core. */
    size_t journal_bytes;        /**< Journal budget; 0: 48 MiB. */
    size_t memory_bytes;         /**< Budget for active executions; 0: 256
                                   MiB. Above it, idle ones park at once and
                                   new starts are refused while none can. */
    int64_t idle_ms;             /**< Park what is idle that long; 0: 3,000. */
    int64_t retention_ms;        /**< Executions that ended so long ago are
                                   removed, unless their state machine's tag
                                   moonstep:retention-days (0: never) says
                                   otherwise. INT64_MAX: only by such tags;
                                   0: never, whatever tags say. */
    size_t payload_bytes;        /**< Largest payload; 0: 64 MiB. The profile's
                                   limit is one besides. */
    /** Where the data sets of distributed Maps are (item_bucket.h); NULL:
     * nowhere. Borrowed while the engine is open. */
    const struct wf_item_stores *stores;
    /** Where state machines log, as their loggingConfiguration says; NULL:
     * nowhere. Borrowed while the engine is open. */
    struct wf_execution_log *log;
    const char *notifications;   /**< File of who is told of status changes
                                   (notification_targets.h); or NULL. */
    /** With virtual time and a seed: everything in the same order each time.
     * Frames run when no commit and no read is on its way, and a handler when
     * nothing else does. */
    bool in_step;
};

/** What observers (the live tree, logs) may be told; any may be NULL. */
struct wf_engine_events {
    /** Every history event, in order, once it is durable (EXPRESS: at once).
     * `name` is the execution's. */
    void (*event)(void *arg, struct wf_str execution_arn,
                  const struct wf_history_event *event);
    /** A line of a handler's output or log; stream "log|stdout|stderr".
     * `entered` is the id of the event that entered the state: the state's
     * name is not enough where iterations are in the same one. */
    void (*log)(void *arg, struct wf_str execution_arn, struct wf_str state,
                uint64_t entered, const char *stream, struct wf_str line);
    /** A state waits until `due_ms`, durably: a Wait state, or (`is_retry`)
     * the interval before another attempt. For countdowns. */
    void (*timer)(void *arg, struct wf_str execution_arn, struct wf_str state,
                  uint64_t entered, bool is_retry, int64_t due_ms);
    /** The handlers have been read again, changed or not, and are those that
     * new executions get. */
    void (*handlers_read)(void *arg);
    /** For the server's log: broken edits of handlers, tracebacks, stalls. */
    void (*notice)(void *arg, const char *text);
};

/**
 * Opens an engine over a store: recovers the journal, arms timers, ends what
 * a dead engine's handlers left running, dispatches what is due. Takes
 * neither loop, clock nor store. A broken built-in or user state script is
 * an error; a broken handler directory is a notice.
 */
int wf_engine_open(struct ev_loop *loop, struct wf_clock *clock,
                   struct wf_store *store,
                   const struct wf_engine_options *options,
                   const struct wf_engine_events *events, void *arg,
                   struct wf_engine **engine, struct wf_error *err);
/** Says where the engine's own API is, which tasks may call (aws-sdk:sfn).
 * Before the loop runs. */
void wf_engine_set_api_endpoint(struct wf_engine *engine, const char *url);
/** Stops the workers and drops memory; what is not durable yet is lost, as
 * in a crash, so close after wf_engine_flush(). */
void wf_engine_close(struct wf_engine *engine);
/** Calls `done` once all that was asked for so far is durable. */
void wf_engine_flush(struct wf_engine *engine, void (*done)(void *arg),
                     void *arg);

/** The engine watches its store; who else wants to know asks here. */
void wf_engine_watch_store(struct wf_engine *engine,
                           void (*changed)(void *arg,
                                           enum wf_store_state state,
                                           const struct wf_error *err),
                           void *arg);

/** The failure part of every reply: NULL means success. */
struct wf_refusal {
    const char *exception; /**< "StateMachineDoesNotExist" … */
    struct wf_str message;
    struct wf_str resource; /**< What ResourceNotFound, TooManyTags name. */
    const char *reason;     /**< Of a ValidationException; NULL: none. */
};
/** The reply of what has nothing to say but that it was done. */
typedef void wf_done_fn(void *arg, const struct wf_refusal *refusal);

/* ---- state machines ---- */

enum wf_state_machine_status {
    WF_STATE_MACHINE_ACTIVE = 1, /* On disk: add, never renumber. */
    WF_STATE_MACHINE_DELETING = 2, /**< Until no execution runs any more. */
    WF_STATE_MACHINE_DELETED = 3, /**< Its executions can still be read. */
};

/** Configurations as JSON objects, as the API shows them: kept with the
 * revision and shown. data NULL: not given. */
struct wf_state_machine_settings {
    struct wf_str logging, tracing, encryption;
};

struct wf_tag {
    struct wf_str key, value;
};
#define WF_TAGS_MAX 50

struct wf_create_state_machine {
    struct wf_str name;
    struct wf_str definition;
    struct wf_str role_arn; /**< Kept and shown; nothing is assumed. */
    bool express;
    struct wf_state_machine_settings settings;
    const struct wf_tag *tags;
    size_t tag_count;
    bool publish; /**< As a version, too, with this description. */
    struct wf_str version_description;
};
struct wf_state_machine_reply {
    struct wf_str arn;
    struct wf_str name;
    struct wf_str definition;
    struct wf_str role_arn;
    bool express;
    enum wf_state_machine_status status;
    int64_t creation_ms;
    int64_t update_ms;         /**< When this revision was made. */
    struct wf_str revision_id; /**< data NULL: the first revision. */
    struct wf_state_machine_settings settings;
    /** Which states refer to which variables, as JSON; data NULL: none. */
    struct wf_str variable_references;
    /** Of a child execution: its Map Run, and the Map state's label. Else
     * empty. */
    struct wf_str map_run_arn, label;
    struct wf_str description; /**< Of a version; data NULL: none. */
    int64_t paused_ms;         /**< Since then; 0: it is not paused. */
    struct wf_str pause_reason; /**< data NULL: none. Not in lists. */
    struct wf_str version_arn; /**< What was published with it; data NULL:
                                 nothing. */
};
typedef void wf_state_machine_fn(void *arg, const struct wf_refusal *refusal,
                                 const struct wf_state_machine_reply *reply);

/** Idempotent for the same name, definition, type and settings, as AWS's.
 * Exceptions: InvalidName, InvalidDefinition, StateMachineAlreadyExists,
 * StateMachineDeleting, TooManyTags, ThrottlingException (no room). Also the
 * same version has to be asked for. */
void wf_engine_create_state_machine(struct wf_engine *engine,
                                    const struct wf_create_state_machine *ask,
                                    wf_state_machine_fn *reply, void *arg);

/** What has data NULL stays as it is. */
struct wf_update_state_machine {
    struct wf_str arn, definition, role_arn;
    struct wf_state_machine_settings settings;
    bool publish; /**< The revision as a version, unless it is one. */
    struct wf_str version_description;
};
/** Makes a new revision, unless nothing would change. Executions that run
 * keep theirs. Answers with the latest revision. ThrottlingException: no
 * room. */
void wf_engine_update_state_machine(struct wf_engine *engine,
                                    const struct wf_update_state_machine *ask,
                                    wf_state_machine_fn *reply, void *arg);
void wf_engine_describe_state_machine(struct wf_engine *engine,
                                      struct wf_str arn,
                                      wf_state_machine_fn *reply, void *arg);
/** The revision that an execution runs, or ran. */
void wf_engine_describe_state_machine_for_execution(
    struct wf_engine *engine, struct wf_str execution_arn,
    wf_state_machine_fn *reply, void *arg);
/** No execution starts any more; it is gone when none runs, its versions and
 * aliases at once. Deleting what is not there succeeds. */
void wf_engine_delete_state_machine(struct wf_engine *engine,
                                    struct wf_str arn, wf_done_fn *reply,
                                    void *arg);

struct wf_list_state_machines {
    unsigned max_results; /**< 0: 100; at most 1,000 */
    struct wf_str next_token;
};
/** Of each: arn, name, express, status, creation_ms. */
typedef void wf_state_machine_list_fn(
    void *arg, const struct wf_refusal *refusal,
    const struct wf_state_machine_reply *machines, size_t count,
    struct wf_str next_token);
/** In the order of their names. */
void wf_engine_list_state_machines(struct wf_engine *engine,
                                   const struct wf_list_state_machines *ask,
                                   wf_state_machine_list_fn *reply,
                                   void *arg);

/** What is wrong with a definition; calls back at once, or when a thread has
 * looked at a large one. */
void wf_engine_validate_definition(struct wf_engine *engine,
                                   struct wf_str definition, bool express,
                                   wf_diagnostics_fn *reply, void *arg);

/** What to lay out: one of the two, the other's data is NULL. */
struct wf_layout_graph {
    struct wf_str definition;
    struct wf_str arn; /**< Of a state machine. */
};
/** The layout is JSON (graph.h). Exceptions: InvalidDefinition, and those of
 * DescribeStateMachine. */
typedef void wf_layout_fn(void *arg, const struct wf_refusal *refusal,
                          struct wf_str layout);
void wf_engine_layout_graph(struct wf_engine *engine,
                            const struct wf_layout_graph *ask,
                            wf_layout_fn *reply, void *arg);

/** Exceptions of all three: InvalidArn, ResourceNotFound. */
typedef void wf_tags_fn(void *arg, const struct wf_refusal *refusal,
                        const struct wf_tag *tags, size_t count);
/** Adds tags, or changes their values. TooManyTags beyond WF_TAGS_MAX;
 * ThrottlingException: no room. */
void wf_engine_tag_resource(struct wf_engine *engine, struct wf_str arn,
                            const struct wf_tag *tags, size_t count,
                            wf_done_fn *reply, void *arg);
void wf_engine_untag_resource(struct wf_engine *engine, struct wf_str arn,
                              const struct wf_str *keys, size_t count,
                              wf_done_fn *reply, void *arg);
void wf_engine_list_tags(struct wf_engine *engine, struct wf_str arn,
                         wf_tags_fn *reply, void *arg);

/* ---- executions ---- */

enum wf_execution_status {
    WF_EXECUTION_RUNNING = 1, /* On disk: add, never renumber. */
    WF_EXECUTION_SUCCEEDED = 2,
    WF_EXECUTION_FAILED = 3,
    WF_EXECUTION_TIMED_OUT = 4,
    WF_EXECUTION_ABORTED = 5,
    WF_EXECUTION_PENDING_REDRIVE = 6,
};

enum wf_redrive_status {
    WF_REDRIVE_UNKNOWN = 0,
    WF_REDRIVE_REDRIVABLE,
    WF_REDRIVE_NOT_REDRIVABLE,
    WF_REDRIVE_BY_MAP_RUN, /**< A child execution, with its parent. */
};
const char *wf_execution_status_name(enum wf_execution_status status);

struct wf_start_execution {
    struct wf_str state_machine_arn;
    struct wf_str name;  /**< Empty: a time-ordered UUID. */
    struct wf_str input; /**< JSON text; empty: {} */
    struct wf_str trace_header;
    /** NULL, or a buffer that holds `input` and nothing else: a large one is
     * taken, which saves copying it. */
    struct wf_buf *input_buf;
    /** Nothing but a new execution will do: one of that name is refused
     * (ExecutionAlreadyExists), even if it runs with the same input, and so
     * is EXPRESS (StateMachineTypeNotSupported), where names tell nothing. */
    bool is_exclusive;
};
/** What DescribeExecution, ListExecutions and waiting answer with. Texts not
 * known (no output yet; in lists: no payloads) have data NULL. */
struct wf_execution_reply {
    struct wf_str arn, name, state_machine_arn;
    /** How it was started, in descriptions and lists; else data NULL. */
    struct wf_str state_machine_version_arn, state_machine_alias_arn;
    struct wf_str map_run_arn; /**< Of a child execution; else empty. */
    uint64_t item_count;       /**< Of a child; in lists of a Map Run. */
    enum wf_execution_status status;
    int64_t start_ms;
    int64_t stop_ms; /**< 0: still running */
    struct wf_str input, output;
    struct wf_str error, cause;
    struct wf_str trace_header;
    uint32_t redrive_count;
    int64_t redrive_ms;           /**< Of the last one; 0: none. */
    enum wf_redrive_status redrive_status; /**< Not in lists. */
    const char *redrive_reason;   /**< Why it is NOT_REDRIVABLE. */
    int64_t paused_ms;            /**< Since then; 0: it is not paused. */
    struct wf_str pause_reason;   /**< data NULL: none. Not in lists. */
    bool paused_with_machine;     /**< Not in lists. */
    struct wf_str revision_id;    /**< In descriptions: what it runs, if that
                                     is not what it began with. Else empty. */
    struct wf_str forked_from;    /**< In descriptions: the ARN of what it was
                                     forked from; data NULL: nothing. */
    uint64_t forked_event;        /**< The last one that both share. */
};
typedef void wf_execution_fn(void *arg, const struct wf_refusal *refusal,
                             const struct wf_execution_reply *reply);

/** Exceptions: StateMachineDoesNotExist, ExecutionAlreadyExists,
 * InvalidExecutionInput, InvalidName, ThrottlingException (no room, or memory
 * at its budget). Idempotent while running, as AWS's. */
void wf_engine_start_execution(struct wf_engine *engine,
                               const struct wf_start_execution *ask,
                               wf_execution_fn *reply, void *arg);
/** EXPRESS: answers when the execution has ended, with its result. */
void wf_engine_start_sync_execution(struct wf_engine *engine,
                                    const struct wf_start_execution *ask,
                                    wf_execution_fn *reply, void *arg);
void wf_engine_describe_execution(struct wf_engine *engine, struct wf_str arn,
                                  wf_execution_fn *reply, void *arg);
/** Answers when the execution has ended, or after `timeout_ms` (at most
 * 60,000) with status RUNNING: ask again. Not parked in memory per waiter
 * beyond the waiter itself. */
void wf_engine_wait_for_execution(struct wf_engine *engine, struct wf_str arn,
                                  int64_t timeout_ms, wf_execution_fn *reply,
                                  void *arg);
/** ABORTED, with error and cause (both may be empty). A stopped execution
 * stays as it ended: no exception. Answers with the execution. */
void wf_engine_stop_execution(struct wf_engine *engine, struct wf_str arn,
                              struct wf_str error, struct wf_str cause,
                              wf_execution_fn *reply, void *arg);

/** The execution starts nothing more until it is resumed (pause.h); both are
 * idempotent, and answer with its description. `reason` may be empty.
 * Exceptions: ExecutionDoesNotExist; ExecutionNotRunning: it has ended. */
void wf_engine_pause_execution(struct wf_engine *engine, struct wf_str arn,
                               struct wf_str reason, wf_execution_fn *reply,
                               void *arg);
void wf_engine_resume_execution(struct wf_engine *engine, struct wf_str arn,
                                wf_execution_fn *reply, void *arg);

/** The state machine is paused: executions start paused, of an EXPRESS one
 * none starts (StateMachinePaused). With `running` those that run are paused,
 * too. Resuming it resumes those that were paused so, and no others. Both
 * answer when all is durable; if they are cut short, ask again. Exceptions:
 * InvalidArn, StateMachineDoesNotExist. */
struct wf_pause_state_machine {
    struct wf_str arn;
    struct wf_str reason; /**< Empty: none. */
    bool running;
};
struct wf_machine_pause_reply {
    struct wf_str arn;
    int64_t paused_ms;    /**< 0: it is not paused any more. */
    struct wf_str reason; /**< data NULL: none. */
    uint64_t executions;  /**< So many were paused or resumed with it. */
};
typedef void wf_machine_pause_fn(void *arg, const struct wf_refusal *refusal,
                                 const struct wf_machine_pause_reply *reply);
void wf_engine_pause_state_machine(struct wf_engine *engine,
                                   const struct wf_pause_state_machine *ask,
                                   wf_machine_pause_fn *reply, void *arg);
void wf_engine_resume_state_machine(struct wf_engine *engine,
                                    struct wf_str arn,
                                    wf_machine_pause_fn *reply, void *arg);

enum wf_redrive_filter {
    WF_REDRIVE_ANY = 0,
    WF_REDRIVEN,
    WF_NOT_REDRIVEN,
};

struct wf_list_executions {
    struct wf_str state_machine_arn; /**< Or of a version or an alias; or: */
    struct wf_str map_run_arn;       /**< Its child executions. */
    enum wf_execution_status status; /**< 0: all */
    enum wf_redrive_filter redriven;
    unsigned max_results;            /**< 0: 100; at most 1,000 */
    struct wf_str next_token;
};
typedef void wf_execution_list_fn(void *arg, const struct wf_refusal *refusal,
                                  const struct wf_execution_reply *executions,
                                  size_t count, struct wf_str next_token);
/** Newest first. */
void wf_engine_list_executions(struct wf_engine *engine,
                               const struct wf_list_executions *ask,
                               wf_execution_list_fn *reply, void *arg);

struct wf_get_history {
    struct wf_str execution_arn;
    unsigned max_results; /**< 0: 100; at most 1,000 */
    bool reverse;
    struct wf_str next_token;
    bool is_behind; /**< Instead of a token: the events behind `after`, which
                      may be none. Not with `reverse`. */
    uint64_t after; /**< An event's id; 0: from the beginning. */
};
typedef void wf_history_fn(void *arg, const struct wf_refusal *refusal,
                           const struct wf_history_event *events, size_t count,
                           struct wf_str next_token);
void wf_engine_get_history(struct wf_engine *engine,
                           const struct wf_get_history *ask,
                           wf_history_fn *reply, void *arg);

struct wf_wait_for_events {
    struct wf_str execution_arn;
    uint64_t after;       /**< The last event that is known; 0: none. */
    unsigned max_results; /**< 0: 100; at most 1,000 */
    int64_t timeout_ms;   /**< At most 60,000 (also for 0). */
};
/** `status` is the execution's after these events. */
typedef void wf_events_fn(void *arg, const struct wf_refusal *refusal,
                          const struct wf_history_event *events, size_t count,
                          enum wf_execution_status status);
/** Answers once there are durable events behind `after`; with none when the
 * execution had ended before, or after `timeout_ms` (then it is RUNNING: ask
 * again). Event ids being contiguous, whoever goes on from the last id it got
 * misses none and sees none twice, across restarts of the engine. */
void wf_engine_wait_for_events(struct wf_engine *engine,
                               const struct wf_wait_for_events *ask,
                               wf_events_fn *reply, void *arg);

/* ---- Map Runs ---- */

/** How many items, or child executions. */
struct wf_map_run_counts {
    uint64_t pending, running, succeeded, failed, timed_out, aborted, total;
    uint64_t written; /**< Their results are. */
    uint64_t pending_redrive, not_redrivable;
};
struct wf_map_run_reply {
    struct wf_str arn, execution_arn;
    struct wf_str state_machine_arn; /**< "…:stateMachine:NAME/LABEL" */
    enum wf_execution_status status; /**< Never TIMED_OUT. */
    int64_t start_ms, stop_ms;       /**< stop_ms 0: it is RUNNING. */
    uint32_t max_concurrency;        /**< 0: none was given. */
    uint64_t tolerated_failure_count;
    double tolerated_failure_percentage;
    struct wf_map_run_counts items, executions;
    uint32_t redrive_count;          /**< 0: and what follows is not shown. */
    int64_t redrive_ms;
};
typedef void wf_map_run_fn(void *arg, const struct wf_refusal *refusal,
                           const struct wf_map_run_reply *reply);
/** Exceptions: InvalidArn, ResourceNotFound. */
void wf_engine_describe_map_run(struct wf_engine *engine, struct wf_str arn,
                                wf_map_run_fn *reply, void *arg);

struct wf_list_map_runs {
    struct wf_str execution_arn;
    unsigned max_results; /**< 0: 100; at most 1,000 */
    struct wf_str next_token;
};
typedef void wf_map_run_list_fn(void *arg, const struct wf_refusal *refusal,
                                const struct wf_map_run_reply *runs,
                                size_t count, struct wf_str next_token);
/** Newest first. */
void wf_engine_list_map_runs(struct wf_engine *engine,
                             const struct wf_list_map_runs *ask,
                             wf_map_run_list_fn *reply, void *arg);

/** What is not given stays as it is. */
struct wf_update_map_run {
    struct wf_str map_run_arn;
    bool has_max_concurrency, has_count, has_percentage;
    uint32_t max_concurrency; /**< 0: as if none were given. */
    uint64_t tolerated_failure_count;
    double tolerated_failure_percentage;
};
/** ValidationException: it has ended. */
void wf_engine_update_map_run(struct wf_engine *engine,
                              const struct wf_update_map_run *ask,
                              wf_done_fn *reply, void *arg);

/* ---- activities ---- */

struct wf_create_activity {
    struct wf_str name;
    struct wf_str encryption; /**< A JSON object; data NULL: not given. */
    const struct wf_tag *tags;
    size_t tag_count;
};
struct wf_activity_reply {
    struct wf_str arn, name;
    int64_t creation_ms;
    struct wf_str encryption; /**< data NULL: not given. */
};
typedef void wf_activity_reply_fn(void *arg, const struct wf_refusal *refusal,
                                  const struct wf_activity_reply *reply);
/** Idempotent for the same name and encryption, as AWS's. Exceptions:
 * InvalidName, ActivityAlreadyExists, TooManyTags, ThrottlingException (no
 * room). */
void wf_engine_create_activity(struct wf_engine *engine,
                               const struct wf_create_activity *ask,
                               wf_activity_reply_fn *reply, void *arg);
/** Exceptions: InvalidArn, ActivityDoesNotExist. */
void wf_engine_describe_activity(struct wf_engine *engine, struct wf_str arn,
                                 wf_activity_reply_fn *reply, void *arg);
/** Tasks that it has handed over can still be answered; those that wait are
 * there again if it is made again. Deleting what is not there succeeds. */
void wf_engine_delete_activity(struct wf_engine *engine, struct wf_str arn,
                               wf_done_fn *reply, void *arg);

struct wf_list_activities {
    unsigned max_results; /**< 0: 100; at most 1,000 */
    struct wf_str next_token;
};
typedef void wf_activity_list_fn(void *arg, const struct wf_refusal *refusal,
                                 const struct wf_activity_reply *activities,
                                 size_t count, struct wf_str next_token);
/** In the order of their names. */
void wf_engine_list_activities(struct wf_engine *engine,
                               const struct wf_list_activities *ask,
                               wf_activity_list_fn *reply, void *arg);

struct wf_get_activity_task {
    struct wf_str arn;
    struct wf_str worker_name; /**< data NULL: not given. */
    /** Whether who asks (`arg`) can still be answered; NULL: yes. If not, the
     * task goes to somebody else, until the answer has been given. */
    bool (*is_there)(void *arg);
};
/** A task, or after a minute none: then the texts have data NULL. */
struct wf_activity_task {
    struct wf_str token, input;
};
typedef void wf_activity_task_fn(void *arg, const struct wf_refusal *refusal,
                                 const struct wf_activity_task *task);
/** Waits for a task of the activity. Exceptions: InvalidArn,
 * ActivityDoesNotExist, ActivityWorkerLimitExceeded. */
void wf_engine_get_activity_task(struct wf_engine *engine,
                                 const struct wf_get_activity_task *ask,
                                 wf_activity_task_fn *reply, void *arg);
/** Answers all who wait so now, as if their time was over; who is about to get
 * a task gets it. */
void wf_engine_end_polls(struct wf_engine *engine);

/* ---- tasks that are answered by token ---- */

struct wf_send_task {
    struct wf_str token;
    struct wf_str output;         /**< JSON text; of a success. */
    struct wf_buf *output_buf;    /**< As wf_start_execution.input_buf. */
    struct wf_str error, cause;   /**< Of a failure; data NULL: not given. */
};
/** Exceptions of all three: InvalidToken; TaskDoesNotExist: there is no such
 * execution; TaskTimedOut: the task is over, however it has ended. Of an
 * answer also InvalidOutput. Once an answer has been acknowledged it is what
 * the task ended with, and every later one is refused. */
void wf_engine_send_task_success(struct wf_engine *engine,
                                 const struct wf_send_task *ask,
                                 wf_done_fn *reply, void *arg);
void wf_engine_send_task_failure(struct wf_engine *engine,
                                 const struct wf_send_task *ask,
                                 wf_done_fn *reply, void *arg);
/** HeartbeatSeconds begin again. Not durable: they also do when an engine
 * starts. */
void wf_engine_send_task_heartbeat(struct wf_engine *engine,
                                   struct wf_str token, wf_done_fn *reply,
                                   void *arg);

/* ---- signals ---- */

struct wf_send_signal {
    struct wf_str execution_arn;
    struct wf_str name;    /**< 1 to 80 bytes. */
    struct wf_str payload; /**< JSON text; data NULL: {} */
    struct wf_str id;      /**< The same once more does nothing; empty: none. */
};
/** Keeps a signal until a state takes it (signals.h); answers when that is
 * durable. Exceptions: InvalidArn, InvalidName, InvalidSignalPayload,
 * ExecutionDoesNotExist, ExecutionNotRunning, SignalLimitExceeded,
 * ThrottlingException (no room). */
void wf_engine_send_signal(struct wf_engine *engine,
                           const struct wf_send_signal *ask,
                           wf_done_fn *reply, void *arg);

/* ---- backups ---- */

struct wf_backup_reply {
    struct wf_str directory;
    const char *status;      /**< RUNNING, SUCCEEDED or FAILED. */
    int64_t start_ms;
    int64_t stop_ms;         /**< 0: it is RUNNING. */
    uint64_t rows, bytes;    /**< Copied so far. */
    struct wf_str error;     /**< FAILED: why. Else data NULL. */
};
typedef void wf_backup_fn(void *arg, const struct wf_refusal *refusal,
                          const struct wf_backup_reply *reply);
/** Begins a copy of the store in a new directory (an absolute path), while the
 * engine goes on (backup.h). ConflictException: one is being made;
 * ValidationException: not there. */
void wf_engine_start_backup(struct wf_engine *engine, struct wf_str directory,
                            wf_done_fn *reply, void *arg);
/** The latest one; ResourceNotFound: there was none since the engine was
 * opened. */
void wf_engine_describe_backup(struct wf_engine *engine, wf_backup_fn *reply,
                               void *arg);

/** What the definition's first state, a Pass state, makes of an input; a thread
 * computes it. InvalidDefinition: it does not compile;
 * InvalidExecutionInput: an expression failed, and why. */
typedef void wf_shaped_fn(void *arg, const struct wf_refusal *refusal,
                          struct wf_str output);
void wf_engine_shape_input(struct wf_engine *engine, struct wf_str definition,
                           struct wf_str input, wf_shaped_fn *reply,
                           void *arg);

struct wf_job;
/** Runs a job (offload.h) on the engine's evaluator threads, which are for
 * parsing and the like. It is cancelled when the engine is closed. */
void wf_engine_offload(struct wf_engine *engine, struct wf_job *job);

/* ---- looking inside ---- */

/** How long batches took to become durable: bucket i counts those of up to
 * WF_DURABLE_LEAST_US << i microseconds, the last one all others. */
#define WF_DURABLE_LEAST_US UINT64_C(250)
#define WF_DURABLE_BUCKETS 14
struct wf_durable_times {
    uint64_t counts[WF_DURABLE_BUCKETS + 1];
    uint64_t ns; /**< All together. */
};

struct wf_engine_stats {
    uint64_t transitions, events, executions_started, executions_ended;
    uint64_t ended[WF_EXECUTION_PENDING_REDRIVE]; /**< By status. */
    uint64_t executions_removed; /**< Their retention was over. */
    uint64_t active_executions, active_frames, active_bytes;
    uint64_t timers, parked, loaded;
    uint64_t journal_bytes, journal_records, durable_seq;
    uint64_t tasks_dispatched, tasks_in_flight;
    uint64_t tasks_queued; /**< Those that wait for room in a worker. */
    uint64_t revisions; /**< Of state machines, in memory. */
    uint64_t log_lines, log_lines_lost; /**< Of the log (execution_log.h). */
    uint64_t notifications_queued, dead_letters; /**< Rows. */
    uint64_t notifications_delivered, notifications_failed;
    uint64_t notifications_died; /**< Became dead letters. */
    uint64_t notifications_lost; /**< Dead letters removed for want of room. */
    struct wf_durable_times durable;
};
void wf_engine_stats(const struct wf_engine *engine,
                     struct wf_engine_stats *stats);
/** True if nothing at all is under way but timers: virtual time moves then. */
bool wf_engine_is_quiet(const struct wf_engine *engine);
/** The store's own. */
void wf_engine_store_stats(const struct wf_engine *engine,
                           struct wf_store_stats *stats);

#endif
