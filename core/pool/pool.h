/*
 * pool.h - the engine's side of the worker processes that run task handlers.
 *
 * A worker is this very binary, started by exec as `moonstep --worker-process`
 * with one end of a socket pair as descriptor 3 and nothing else inherited; it
 * dies with the engine (PR_SET_PDEATHSIG, and end of file on the socket). The
 * wire format is wire.h. Handlers run there as coroutines (worker.h), many at
 * a time; modules with `isolate = true` get a process each.
 *
 * The pool does not decide anything about executions: it hands a task to a
 * worker and reports, once for each task, how it ended. It keeps no durable
 * state. A worker that dies takes no innocent task with it: the pool reads
 * from the page shared with the worker which task was running; that one has
 * CRASHED, the others are LOST and the engine dispatches them again.
 *
 * Children that `exec` starts are announced before they run: the worker forks
 * the child, which waits; the pool calls `child_started`; when the engine has
 * made the record durable it calls wf_pool_child_recorded() and the child
 * goes on to exec. If any of the three processes dies before that, the child
 * ends without having executed anything.
 *
 * All calls and callbacks are on the loop thread.
 */
#ifndef WF_POOL_H
#define WF_POOL_H

#include <ev.h>

#include "base.h"

#define WF_POOL_ENDPOINTS 8192

struct wf_pool;

/** One piece of work. Everything is borrowed during the call. */
struct wf_pool_task {
    uint64_t id;            /**< Chosen by the engine, unique while it lives,
                              never 0. */
    struct wf_str bundle;   /**< Hash (hex) of the handlers it is pinned to. */
    struct wf_str function; /**< "module.function", from "lua:…"; a Lambda
                              function: "lambda:ARN", or "lambda:invoke:NAME"
                              with the parameters of that as input; a call of
                              an AWS service: "aws:sqs:sendMessage",
                              "aws:aws-sdk:s3:getObject". */
    struct wf_str input;    /**< JSON text */
    struct wf_str context;  /**< JSON text: {"token","attempt","restarted",
                              "deadline_ms","execution","execution_name",
                              "state","idempotency_key"} as handlers see it
                              in `task`. deadline_ms: epoch, 0 if none. */
    struct wf_str checkpoint; /**< JSON of the last cursor; empty: none. */
    int64_t timeout_ms;     /**< From now; 0: none. The worker enforces it in
                              endless loops; the engine's timer decides. */
    int64_t virtual_now_ms; /**< 0: real time; else the virtual clock's, which
                              stands still while the handler runs. */
    unsigned priority;      /**< 0 is normal; higher ones (at most 3) are
                              handed out first. */
};

enum wf_task_end {
    WF_TASK_SUCCEEDED, /**< output: JSON text */
    WF_TASK_FAILED,    /**< error, cause */
    WF_TASK_CRASHED,   /**< The handler killed its worker; error, cause. */
    WF_TASK_LOST,      /**< Its worker died, not by its doing: run it again. */
};

struct wf_child {
    int32_t pid;         /**< Also its process group. */
    uint64_t start_time; /**< Field 22 of /proc/PID/stat: clock ticks. */
};

struct wf_pool_events {
    /** Exactly once for each dispatched task that was not cancelled. */
    void (*ended)(void *arg, uint64_t task, enum wf_task_end how,
                  struct wf_str output, const struct wf_failure *failure);
    /** The task has been handed to a worker. */
    void (*started)(void *arg, uint64_t task);
    void (*heartbeat)(void *arg, uint64_t task);
    /** One line of the handler: task:log(), or what its children printed.
     * stream: "log", "stdout" or "stderr". */
    void (*log)(void *arg, uint64_t task, const char *stream,
                struct wf_str line);
    /** Store the cursor, then call wf_pool_checkpoint_stored(). */
    void (*checkpoint)(void *arg, uint64_t task, struct wf_str cursor);
    /** Record durably, then call wf_pool_child_recorded(). */
    void (*child_started)(void *arg, uint64_t task, struct wf_child child);
    void (*child_ended)(void *arg, uint64_t task, struct wf_child child);
    /** A file of a bundle is wanted: answer with wf_pool_bundle_files(). */
    void (*bundle_wanted)(void *arg, struct wf_str bundle);
    /** Something for the log of the server. */
    void (*notice)(void *arg, const char *text);
};

struct wf_pool_options {
    unsigned workers;        /**< Processes; 0: one for each core. */
    unsigned tasks_per_worker; /**< Handlers at a time; 0: 1,000. */
    const char *program;     /**< Path of the binary; NULL: /proc/self/exe. */
    const char *lua_directory; /**< Development: instead of embedded files. */
    const char *lambda_endpoint; /**< URL of Lambda's Invoke API; or NULL. */
    const char *service_endpoints; /**< "SERVICE=URL" or "URL" a line; or
                               NULL. At most WF_POOL_ENDPOINTS bytes. */
    const char *service_models; /**< Directory (service_models.h); or NULL. */
    const char *api_endpoint; /**< URL of this engine's own API; or NULL. */
    const char *connections; /**< Path of the file of HTTP Tasks' connections;
                               or NULL. */
    const char *http_allow;  /**< Networks that they may call, a line each; or
                               NULL. */
    const char *region;      /**< That calls of services are signed for. */
    size_t memory_bytes;     /**< Lua memory of a worker; 0: 256 MiB. */
    size_t output_bytes;     /**< Largest output of a handler; 0: 64 MiB. */
    int64_t block_ms;        /**< A handler that does not yield for so long
                               while others wait for its worker is ended;
                               0: 60,000. */
};

struct wf_pool *wf_pool_new(struct ev_loop *loop,
                            const struct wf_pool_options *options,
                            const struct wf_pool_events *events, void *arg);
/** Says where this engine's own API is, before the first task. */
void wf_pool_set_api_endpoint(struct wf_pool *pool, const char *url);
/** Ends all workers and waits for them. */
void wf_pool_free(struct wf_pool *pool);

/**
 * Queues a task; workers are started when there is something to do. Copies
 * what it needs. The pool batches: everything dispatched during one turn of
 * the loop goes out with one write for each worker.
 */
void wf_pool_dispatch(struct wf_pool *pool, const struct wf_pool_task *task);
/**
 * Ends a task that is queued or running: its coroutine gets no chance to
 * catch this, its children get SIGTERM and after 2 s SIGKILL as groups.
 * `ended` is not called for it any more; `done` (may be NULL) is, when
 * nothing of it runs any longer.
 */
/**
 * While `ended` reports a success: takes the memory that the output stands
 * in, from `from` to the end, which saves copying a large one. False: there
 * is none to take.
 */
bool wf_pool_take_output(struct wf_pool *pool, struct wf_buf *text,
                         size_t *from);
void wf_pool_cancel(struct wf_pool *pool, uint64_t task,
                    void (*done)(void *arg, uint64_t task), void *arg);
void wf_pool_checkpoint_stored(struct wf_pool *pool, uint64_t task);
void wf_pool_child_recorded(struct wf_pool *pool, uint64_t task,
                            struct wf_child child);

/** A handler file: path below its directory ("patch.lua", "aws/sqs.lua"). */
struct wf_bundle_file {
    struct wf_str path;
    struct wf_str content;
};
/** Answers bundle_wanted. `count` 0: there is no such bundle; its tasks fail
 * with States.TaskFailed saying so. */
void wf_pool_bundle_files(struct wf_pool *pool, struct wf_str bundle,
                          const struct wf_bundle_file *files, size_t count);

/** Room for so many more tasks before dispatching is only queueing. */
size_t wf_pool_room(const struct wf_pool *pool);
size_t wf_pool_busy(const struct wf_pool *pool); /* queued or running */
/** Process ids of the workers, for statistics; returns how many there are. */
size_t wf_pool_pids(const struct wf_pool *pool, int32_t *pids, size_t max);

/**
 * Ends the process group of a child that a dead engine or worker recorded,
 * with SIGKILL (reaper.h). `done` is called on the loop, later, when nothing
 * of it is alive; not after wf_pool_free().
 */
void wf_pool_child_end(struct wf_pool *pool, struct wf_child child,
                       struct wf_str task_key,
                       void (*done)(void *arg, struct wf_child child),
                       void *arg);

/* ---- not on the loop of an engine: these read /proc ---- */

/**
 * Sends SIGKILL to the process group of a child, if it is still that one: the
 * leader's start time agrees, or a member's environment holds
 * MOONSTEP_TASK=`task_key`. Returns true while anything of it is alive.
 */
bool wf_child_reap(struct wf_child child, struct wf_str task_key);
/** The same with any signal; 0 only looks. */
bool wf_child_signal(struct wf_child child, struct wf_str task_key,
                     int signal);

#endif
