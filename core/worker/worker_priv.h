/*
 * worker_priv.h - what the files of a worker process share.
 *
 * worker.c is the process: socket, loop, messages. worker_task.c holds the
 * tasks, worker_child.c their children, worker_log.c their output. None of
 * them knows Lua: lua_worker.c holds the Lua state and its limits,
 * lua_coroutine.c runs tasks as coroutines, lua_failure.c says how they failed,
 * lua_bundle.c and lua/worker/ load handlers, lua_handle.c is the `task` that
 * handlers get.
 */
#ifndef WF_WORKER_PRIV_H
#define WF_WORKER_PRIV_H

#include "clock.h"
#include "list.h"
#include "wire.h"
#include "worker.h"

#define WF_NS_PER_MS INT64_C(1000000)

/** Why a task must end although its handler has not. */
enum wf_doom {
    WF_DOOM_NONE,
    WF_DOOM_DEADLINE,
    WF_DOOM_MEMORY,
    WF_DOOM_BLOCKING,
    WF_DOOM_CANCELLED,
};

/** The handlers of one hash. */
struct wf_bundle {
    struct wf_link link;
    char *hash;
    bool loaded;
    size_t tasks;           /**< That use it. */
    struct wf_link waiting; /**< Tasks, until it has been loaded. */
    int functions_ref;      /**< Lua table: name to function. */
    int first_ref;          /**< Lua function for those not in it. */
};

struct wf_task {
    struct wf_worker *worker;
    struct wf_task *hash_next;
    uint64_t id;
    struct wf_bundle *bundle;
    struct wf_link link;  /**< In bundle->waiting, worker->ready or
                            worker->closing. */
    struct wf_buf body;   /**< A copy of its TASK; texts point into it. */
    struct wf_str context, checkpoint;
    uint64_t deadline_ns; /**< Monotonic; 0: none. */
    int64_t virtual_now_ms;
    enum wf_doom doom;
    bool closing;         /**< Over; its children are being ended. */

    /* The operation under way. */
    bool waiting;
    wf_task_push_fn *push;
    void *push_arg;
    wf_task_cancel_fn *cancel;
    void *cancel_arg;
    bool storing;         /**< It is a checkpoint. */

    struct wf_link procs;
    char *key;            /**< MOONSTEP_TASK, once asked for. */
    struct wf_buf report; /**< Closing: what to send in the end. */
    uint64_t closing_ns;
    uint64_t heartbeat_ns;
    int64_t log_bytes;    /**< May still be logged. */
    uint64_t log_ns;      /**< When that was. */
    uint64_t lost_lines, lost_bytes;
    size_t memory_bytes;  /**< Asked for while it ran, in all. */

    /* lua_*.c */
    struct lua_State *co;
    int co_ref;
    unsigned slot;        /**< From 1, see lua_coroutine.c. */
    struct wf_task **handle;
    bool first;           /**< Its function has to be looked up. */
    bool too_large;       /**< Its output. */
    struct wf_link doomed; /**< In worker->doomed. */
    int farewell_ref;      /**< What runs if it is cancelled; 0: nothing. */
    bool leaving;          /**< Cancelled, and that runs. */
    bool deferring;        /**< If it is cancelled, it goes on as it is. */
};

struct wf_worker {
    struct ev_loop *loop;
    struct wf_wire wire;
    struct wf_page *page;
    struct wf_clock clock;
    const struct wf_library *library;
    ev_io readable, writable;
    ev_prepare turn;
    ev_idle more;       /**< Active while tasks are ready. */
    ev_timer closer;    /**< Active while tasks are closing. */
    uint64_t flushed_ns;

    struct wf_task **table;
    size_t table_size, task_count;
    struct wf_task *spare;
    struct wf_link ready, closing, doomed, bundles;
    size_t bundle_count;
    unsigned slots;
    struct wf_task *current;

    /* lua_*.c */
    struct lua_State *L;
    struct wf_lua_vm *vm;
};

/* ---- worker.c ---- */

/** Writes what has been said; ends the process if nobody listens. */
void wf_worker_flush(struct wf_worker *worker);
/** Writes if much is waiting, or nothing has been written for a while:
 * for those who can't wait until the turn of the loop is over. */
void wf_worker_flush_soon(struct wf_worker *worker, uint64_t now_ns);

/* ---- worker_task.c ---- */

struct wf_task *wf_worker_task_find(struct wf_worker *worker, uint64_t id);
void wf_worker_on_task(struct wf_worker *worker, struct wf_reader *body);
void wf_worker_on_cancel(struct wf_worker *worker, uint64_t id);
void wf_worker_on_stored(struct wf_worker *worker, uint64_t id);
void wf_worker_on_bundle(struct wf_worker *worker, struct wf_reader *body);
/** Runs tasks that are ready, a bounded number. */
void wf_worker_run_ready(struct wf_worker *worker);
/** The message of its end stands behind `mark` in the output buffer. The
 * task is freed, at once or when its children have ended. */
void wf_worker_task_end(struct wf_task *task, size_t mark, bool succeeded);
void wf_worker_task_fail(struct wf_task *task, struct wf_str error,
                         struct wf_str cause);
/** What ran after the task was cancelled is over, well or not. */
void wf_worker_task_left(struct wf_task *task);
/** Gives back the memory of a large input that has been decoded. */
void wf_worker_task_trim(struct wf_task *task,
                         const struct wf_wire_task *ask);

/* ---- worker_child.c ---- */

void wf_worker_on_recorded(struct wf_worker *worker, uint64_t id, int pid);
/** Tells all children of a task that it is over; what only lingers in the
 * background is let go if `succeeded`; `hard`: SIGKILL. True if nothing is
 * left. */
bool wf_worker_children_end(struct wf_task *task, bool succeeded, bool hard);

/* ---- worker_log.c ---- */

/** The account of what was not logged, if anything. */
void wf_worker_log_end(struct wf_task *task);

/* ---- lua_worker.c: the Lua state and its limits ---- */

int wf_lua_worker_open(struct wf_worker *worker, struct wf_error *err);
/** The task gets the CPU, and gives it back. */
void wf_lua_worker_enter(struct wf_task *task);
void wf_lua_worker_leave(struct wf_task *task);
struct wf_worker *wf_lua_worker(struct lua_State *L);
/** Dooms a task if those that wait hold too much memory. */
void wf_lua_worker_turn(struct wf_worker *worker);

/* ---- lua_coroutine.c ---- */

void wf_lua_task_start(struct wf_task *task, const struct wf_wire_task *ask);
void wf_lua_task_continue(struct wf_task *task);
/** Drops the coroutine; the handler gets no chance to notice. */
void wf_lua_task_drop(struct wf_task *task);
/** The task is cancelled: what it wants to run in that case starts instead of
 * its coroutine, if there is any. The task ends with that. */
bool wf_lua_task_leave(struct wf_task *task);
/** It has little time from now on: it has been given up. */
void wf_lua_task_hurry(struct wf_task *task);
/** Lets go of what would have run. */
void wf_lua_task_forget(struct wf_task *task);
/** Ends tasks that were doomed while they were waiting. */
void wf_worker_end_doomed(struct wf_worker *worker);
/** The "idempotency_key" of the context, to be freed. */
char *wf_lua_task_key(struct wf_task *task);
/** Opens what the module needs. Inside a protected call. [-0, +0] */
void wf_lua_coroutine_open(struct lua_State *L);

/* ---- lua_bundle.c ---- */

/** Makes a bundle usable; an empty one knows no function. */
void wf_lua_bundle_load(struct wf_worker *worker, struct wf_bundle *bundle,
                        struct wf_reader *files);
void wf_lua_bundle_drop(struct wf_worker *worker, struct wf_bundle *bundle);
void wf_lua_bundle_open(struct lua_State *L);

/* ---- lua_handle.c ---- */

void wf_lua_handle_open(struct lua_State *L);
/** Pushes the `task` of a task. [-0, +1] */
void wf_lua_handle_push(struct lua_State *L, struct wf_task *task);

#endif
